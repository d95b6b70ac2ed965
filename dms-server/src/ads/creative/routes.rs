//! `/api/v1/ads/creatives`.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use swarm::content::TitleId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, CreativeRow, Removed};
use super::key;
use super::standing::{Standing, standing};
use crate::ads::campaign::check::{self, NAME_MAX};
use crate::audit::{act, object};
use crate::auth::AdOperator;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish;
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_creatives, create_creative))
        .routes(routes!(get_creative, remove_creative))
}

/// A creative to be made of a title of the library.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreativeBody {
    /// The title.
    pub title: Uuid,
    /// What people call it; null: as the title.
    #[serde(default)]
    pub name: Option<String>,
    /// Where a click leads.
    #[serde(default)]
    pub click: Option<String>,
    /// Whether viewers still find the title in lists. Who may not change the title does not hide it.
    #[serde(default)]
    pub listed: bool,
}

/// A creative.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreativeView {
    /// Its id.
    pub id: Uuid,
    /// Its title; null until it is fetched.
    pub title: Option<Uuid>,
    /// What people call it.
    pub name: String,
    /// Where a click leads.
    pub click: Option<String>,
    /// `ready`, `preparing` or `failed`.
    pub state: String,
    /// The code of VAST for why it failed.
    pub error_code: Option<u16>,
    /// The same in words.
    pub reason: Option<String>,
    /// Playing time, milliseconds; null until it is ready.
    pub duration_ms: Option<u64>,
    /// Where it was fetched from; null: it was made of a title of the library.
    pub source_url: Option<String>,
    /// Registry and value of its universal ad id.
    pub universal_id: Option<(String, String)>,
    /// Whether viewers find its title in lists.
    pub listed: bool,
    /// Who made it.
    pub created_by: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

impl CreativeView {
    fn of(row: CreativeRow) -> Self {
        let stands = standing(&row, row.promised_ms.map(i64::unsigned_abs));
        let (error_code, reason) = match &stands {
            Standing::Failed { code, reason } => (Some(*code), Some(reason.clone())),
            _ => (None, None),
        };
        let duration_ms = match stands {
            Standing::Ready { duration_ms } => Some(duration_ms),
            _ => None,
        };
        let universal_id = row.universal_id.as_deref();
        Self {
            id: row.id,
            title: row.title,
            state: stands.name().to_owned(),
            error_code,
            reason,
            duration_ms,
            universal_id: universal_id.and_then(|json| serde_json::from_str(json).ok()),
            name: row.name,
            click: row.click,
            source_url: row.source_url,
            listed: row.hidden == 0,
            created_by: row.created_by,
            created_ms: row.created_ms,
        }
    }
}

/// Which creative.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CreativePath {
    /// The creative's id.
    creative: Uuid,
}

/// Lists the creatives, newest first.
#[utoipa::path(get, path = "/api/v1/ads/creatives", tag = "ads", params(PageQuery),
    security(("token" = ["ads"])), responses((status = 200, body = Page<CreativeView>)))]
async fn list_creatives(
    _: AdOperator,
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<CreativeView>>> {
    let rows = db::list(&app.db, query.cursor, query.fetch()).await?;
    Ok(Json(query.page(rows, |row| row.id, CreativeView::of)))
}

/// One creative.
#[utoipa::path(get, path = "/api/v1/ads/creatives/{creative}", tag = "ads", params(CreativePath),
    security(("token" = ["ads"])),
    responses((status = 200, body = CreativeView), (status = 404, body = ProblemBody)))]
async fn get_creative(
    _: AdOperator,
    State(app): State<App>,
    Path(path): Path<CreativePath>,
) -> Result<Json<CreativeView>> {
    let row = db::one(&app.db, path.creative).await?;
    Ok(Json(CreativeView::of(row.ok_or_else(no_creative)?)))
}

/// Makes a creative of a title of the library. The same title is the same creative: asked again, it is answered as it is.
#[utoipa::path(post, path = "/api/v1/ads/creatives", tag = "ads", security(("token" = ["ads"])),
    responses((status = 201, body = CreativeView), (status = 200, body = CreativeView),
              (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn create_creative(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    Json(body): Json<CreativeBody>,
) -> Result<impl IntoResponse> {
    let title = TitleId(body.title.into_bytes());
    let seen = publish::require_seen(&app, &caller, title).await?;
    let invalid = Problem::invalid("invalid_creative", "The creative cannot be made like this.");
    let mut problem = check::click(invalid, "/click", body.click.as_deref());
    if let Some(name) = &body.name {
        problem = check::text(problem, "/name", name, NAME_MAX);
    }
    if seen.kind != "video" {
        let fix = "Name a title of kind video: a file cannot be played in a break.";
        problem = problem.at("/title", "not_playable", fix);
    }
    if !problem.errors.is_empty() {
        return Err(problem);
    }
    let changeable = publish::require_changeable(&app, &caller, title)
        .await
        .is_ok();
    let row = CreativeRow {
        id: Uuid::now_v7(),
        title: Some(body.title),
        name: body.name.unwrap_or(seen.name),
        click: body.click,
        key: key::of_title(body.title),
        hidden: i64::from(changeable && !body.listed),
        created_by: caller.subject.clone(),
        created_ms: app.clock.now_ms(),
        ..CreativeRow::default()
    };
    let note = app
        .note(
            &caller,
            act::AD_CREATIVE_MADE,
            object("ad_creative", row.id),
        )
        .with("title", title.to_string())
        .with("hidden", row.hidden == 1);
    let status = match db::add(&app.db, &row, &note).await? {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let row = db::with_key(&app.db, &row.key).await?;
    let view = CreativeView::of(row.ok_or_else(no_creative)?);
    Ok((status, Json(view)))
}

/// Forgets a creative; its title stays in the library. While an ad campaign shows it, it stays.
#[utoipa::path(delete, path = "/api/v1/ads/creatives/{creative}", tag = "ads", params(CreativePath),
    security(("token" = ["ads"])),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn remove_creative(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    Path(path): Path<CreativePath>,
) -> Result<StatusCode> {
    let note = app.note(
        &caller,
        act::AD_CREATIVE_REMOVED,
        object("ad_creative", path.creative),
    );
    match db::remove(&app.db, path.creative, &note).await? {
        Removed::Yes => Ok(StatusCode::NO_CONTENT),
        Removed::Unknown => Err(no_creative()),
        Removed::Needed => Err(Problem::conflict(
            "creative_needed",
            "An ad campaign shows it. End the campaign first.",
        )),
    }
}

/// 404.
#[must_use]
pub fn no_creative() -> Problem {
    Problem::not_found("creative_not_found", "There is no such creative.")
}
