//! `/api/v1/ads/settings`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, SettingsRow};
use crate::ads::creative::{self, Standing, standing::standing};
use crate::ads::decide::CAMPAIGNS;
use crate::ads::decide::servers;
use crate::audit::act;
use crate::auth::AdOperator;
use crate::etag;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_ad_settings, replace_ad_settings))
}

/// Who calls the URLs of decision servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// This server: viewers' addresses stay in the house.
    Server,
    /// The player.
    Player,
}

/// What fills breaks, and in which order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdSettings {
    /// `campaigns` and ids of decision servers, in the order in which they are asked. Servers that are not named are asked
    /// after those, in their own order; emergencies come before all.
    pub hooks: Vec<String>,
    /// The creative that is shown when nothing else is; null: the content plays on.
    #[serde(default)]
    pub slate: Option<Uuid>,
    /// Who calls the URLs of decision servers.
    pub report: Report,
}

fn answer(row: SettingsRow) -> Result<Response> {
    let etag = [(header::ETAG, etag::of(row.edition))];
    let view = AdSettings {
        hooks: serde_json::from_str(&row.hooks).map_err(Problem::internal)?,
        slate: row.slate,
        report: match row.report.as_str() {
            "player" => Report::Player,
            _ => Report::Server,
        },
    };
    Ok((etag, Json(view)).into_response())
}

/// What fills breaks, and in which order.
#[utoipa::path(get, path = "/api/v1/ads/settings", tag = "ads", security(("token" = ["ads"])),
    responses((status = 200, body = AdSettings)))]
async fn read_ad_settings(_: AdOperator, State(app): State<App>) -> Result<Response> {
    answer(db::read(&app.db).await?)
}

/// Replaces the settings, if they are of the edition in `If-Match` still.
#[utoipa::path(put, path = "/api/v1/ads/settings", tag = "ads", security(("token" = ["ads"])),
    responses((status = 200, body = AdSettings), (status = 400, body = ProblemBody),
              (status = 412, body = ProblemBody)))]
async fn replace_ad_settings(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    headers: HeaderMap,
    Json(body): Json<AdSettings>,
) -> Result<Response> {
    let before = db::read(&app.db).await?;
    etag::require_match(&headers, before.edition)?;
    let mut problem = Problem::invalid(
        "invalid_ad_settings",
        "The settings cannot be saved like this.",
    );
    let known: Vec<String> = servers::db::all(&app.db)
        .await?
        .into_iter()
        .map(|server| server.id.to_string())
        .collect();
    for (index, hook) in body.hooks.iter().enumerate().take(2 * servers::SERVERS_MAX) {
        let pointer = format!("/hooks/{index}");
        if body.hooks.iter().take(index).any(|other| other == hook) {
            problem = problem.at(pointer, "repeated", "Name each once.");
        } else if hook != CAMPAIGNS && !known.contains(hook) {
            let fix = "Give `campaigns` or the id of a decision server.";
            problem = problem.at(pointer, "unknown", fix);
        }
    }
    if body.hooks.len() > servers::SERVERS_MAX + 1 {
        problem = problem.at("/hooks", "length", "Name each once.");
    }
    if let Some(slate) = body.slate {
        let row = creative::db::one(&app.db, slate).await?;
        let shows = row.map(|row| standing(&row, None));
        if !matches!(shows, Some(Standing::Ready { .. })) {
            let fix = "Choose a creative that is ready: it is shown when nothing else can be.";
            problem = problem.at("/slate", "not_ready", fix);
        }
    }
    if !problem.errors.is_empty() {
        return Err(problem);
    }
    let row = SettingsRow {
        hooks: serde_json::to_string(&body.hooks).map_err(Problem::internal)?,
        slate: body.slate,
        report: match body.report {
            Report::Server => "server",
            Report::Player => "player",
        }
        .to_owned(),
        edition: before.edition,
    };
    let note = app
        .note(&caller, act::AD_SETTINGS_CHANGED, ("ad_settings", "1"))
        .with("hooks", row.hooks.as_str())
        .with("report", row.report.as_str());
    if !db::write(&app.db, &row, &note).await? {
        return Err(etag::changed());
    }
    answer(db::read(&app.db).await?)
}
