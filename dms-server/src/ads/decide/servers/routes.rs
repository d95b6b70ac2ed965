//! `/api/v1/ads/servers`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::SERVERS_MAX;
use super::db::{self, ServerRow};
use crate::ads::campaign::check::{self, NAME_MAX};
use crate::ads::server::Kind;
use crate::audit::{act, object};
use crate::auth::AdOperator;
use crate::egress::EgressError;
use crate::etag;
use crate::extract::{Json, Path};
use crate::keys::{KekError, rotation::TRIES};
use crate::page::Page;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;
use crate::webhook::{Secret, db::Added};

/// How long a server may take unless somebody says otherwise, and at least and most, milliseconds.
const TIMEOUT_MS: (i64, i64, i64) = (1_000, 100, 2_500);

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_ad_servers, create_ad_server))
        .routes(routes!(get_ad_server, replace_ad_server, remove_ad_server))
}

/// A decision server to be made or to replace one.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdServerBody {
    /// What people call it; viewers are told that it chose what they see.
    pub name: String,
    /// What it speaks: `vast` or `webhook`. It stays as it was made.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Where it is. A VAST server's may have VAST's macros.
    pub url: String,
    /// How long it may take, milliseconds, 100 to 2500.
    #[serde(default = "timeout")]
    pub timeout_ms: i64,
    /// Its place among those that the settings do not put in order.
    #[serde(default)]
    pub order: i32,
    /// Whether it is asked.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether it is told the viewer's address, player and pseudonym.
    #[serde(default)]
    pub forward_viewer: bool,
}

const fn timeout() -> i64 {
    TIMEOUT_MS.0
}

const fn yes() -> bool {
    true
}

/// A decision server.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct AdServerView {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it speaks.
    pub kind: String,
    /// Where it is.
    pub url: String,
    /// How long it may take, milliseconds.
    pub timeout_ms: i64,
    /// Its place among those that the settings do not put in order.
    pub order: i64,
    /// Whether it is asked.
    pub enabled: bool,
    /// Whether it is told who watches.
    pub forward_viewer: bool,
    /// What signs the questions to a webhook: only in the answer that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Failures in a row, as this server of the DMS saw them.
    pub failures: u32,
    /// What to look after; null: nothing.
    pub alert: Option<String>,
    /// When it last failed, milliseconds since the Unix epoch.
    pub last_failure_ms: Option<i64>,
    /// How it last failed.
    pub last_failure: Option<String>,
    /// When it last answered.
    pub last_answer_ms: Option<i64>,
    /// Grows with every change; the `ETag`.
    pub edition: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_ms: i64,
}

fn view(app: &App, row: ServerRow) -> AdServerView {
    let breaker = app.filling.breakers().get(&row.id).cloned();
    let breaker = breaker.unwrap_or_default();
    AdServerView {
        id: row.id,
        name: row.name,
        kind: row.kind,
        url: row.url,
        timeout_ms: row.timeout_ms,
        order: row.place,
        enabled: row.enabled == 1,
        forward_viewer: row.forward_viewer == 1,
        secret: None,
        failures: breaker.failures,
        alert: breaker.alert(),
        last_failure_ms: breaker.last_failure.as_ref().map(|(at_ms, _)| *at_ms),
        last_failure: breaker.last_failure.map(|(_, text)| text),
        last_answer_ms: breaker.last_answer_ms,
        edition: row.edition,
        created_by: row.created_by,
        created_ms: row.created_ms,
    }
}

/// Which decision server.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AdServerPath {
    /// The decision server's id.
    server: Uuid,
}

/// Lists the decision servers in their own order, with how they fare.
#[utoipa::path(get, path = "/api/v1/ads/servers", tag = "ads", security(("token" = ["ads"])),
    responses((status = 200, body = Page<AdServerView>)))]
async fn list_ad_servers(
    _: AdOperator,
    State(app): State<App>,
) -> Result<Json<Page<AdServerView>>> {
    let rows = db::all(&app.db).await?;
    let items = rows.into_iter().map(|row| view(&app, row)).collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// One decision server.
#[utoipa::path(get, path = "/api/v1/ads/servers/{server}", tag = "ads", params(AdServerPath),
    security(("token" = ["ads"])),
    responses((status = 200, body = AdServerView), (status = 404, body = ProblemBody)))]
async fn get_ad_server(
    _: AdOperator,
    State(app): State<App>,
    Path(path): Path<AdServerPath>,
) -> Result<Response> {
    let row = find(&app, path.server).await?;
    Ok(answer(StatusCode::OK, view(&app, row)))
}

fn answer(status: StatusCode, view: AdServerView) -> Response {
    let etag = [(header::ETAG, etag::of(view.edition))];
    (status, etag, Json(view)).into_response()
}

async fn find(app: &App, id: Uuid) -> Result<ServerRow> {
    let row = db::one(&app.db, id).await?;
    row.ok_or_else(|| {
        Problem::not_found("ad_server_not_found", "There is no such decision server.")
    })
}

/// Makes a decision server. The secret of a webhook is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/ads/servers", tag = "ads", security(("token" = ["ads"])),
    responses((status = 201, body = AdServerView), (status = 400, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn create_ad_server(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    Json(body): Json<AdServerBody>,
) -> Result<Response> {
    check(&app, &body, true).await?;
    let (id, secret) = (Uuid::now_v7(), Secret::draw());
    let mut row = ServerRow {
        id,
        secret: Vec::new(),
        secret_kek: String::new(),
        edition: 1,
        created_by: caller.subject.clone(),
        created_ms: app.clock.now_ms(),
        ..row(&body)
    };
    let note = app
        .note(&caller, act::AD_SERVER_MADE, object("ad_server", id))
        .with("url", row.url.as_str())
        .with("forward_viewer", body.forward_viewer);
    let mut added = Added::OtherKek;
    for _ in 0..TRIES {
        let kek = app.current_kek().await?;
        row.secret = secret.seal(&kek, id).map_err(Problem::internal)?;
        row.secret_kek = kek.id().to_string();
        added = db::add(&app.db, &row, &note).await?;
        if added != Added::OtherKek {
            break;
        }
    }
    match added {
        Added::Yes => {}
        Added::OtherKek => return Err(KekError::Unsettled.into()),
        Added::TooMany => {
            let detail =
                format!("There are {SERVERS_MAX} decision servers already. Remove one first.");
            return Err(Problem::conflict("too_many_ad_servers", detail));
        }
    }
    tracing::info!(ad_server.id = %id, "decision server made");
    let shown = (body.kind == Kind::Webhook).then(|| secret.reveal().to_string());
    let made = AdServerView {
        secret: shown,
        ..view(&app, row)
    };
    Ok(answer(StatusCode::CREATED, made))
}

fn row(body: &AdServerBody) -> ServerRow {
    ServerRow {
        id: Uuid::nil(),
        name: body.name.trim().to_owned(),
        kind: match body.kind {
            Kind::Vast => "vast",
            Kind::Webhook => "webhook",
        }
        .to_owned(),
        url: body.url.clone(),
        timeout_ms: body.timeout_ms,
        place: body.order.into(),
        enabled: i64::from(body.enabled),
        forward_viewer: i64::from(body.forward_viewer),
        secret: Vec::new(),
        secret_kek: String::new(),
        edition: 0,
        created_by: String::new(),
        created_ms: 0,
    }
}

/// Replaces what is said of a decision server, if it is of the edition in `If-Match` still; its kind and secret stay.
#[utoipa::path(put, path = "/api/v1/ads/servers/{server}", tag = "ads", params(AdServerPath),
    security(("token" = ["ads"])),
    responses((status = 200, body = AdServerView), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 412, body = ProblemBody)))]
async fn replace_ad_server(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    Path(path): Path<AdServerPath>,
    headers: HeaderMap,
    Json(body): Json<AdServerBody>,
) -> Result<Response> {
    let before = find(&app, path.server).await?;
    etag::require_match(&headers, before.edition)?;
    // One that is only switched off need not be reachable.
    check(&app, &body, body.enabled || body.url != before.url).await?;
    let new = ServerRow {
        id: before.id,
        edition: before.edition,
        ..row(&body)
    };
    if new.kind != before.kind {
        let fix = "A decision server stays what it was made as. Make another one.";
        return Err(invalid().at("/kind", "fixed", fix));
    }
    let note = app
        .note(&caller, act::AD_SERVER_CHANGED, object("ad_server", new.id))
        .with("url", new.url.as_str())
        .with("enabled", body.enabled)
        .with("forward_viewer", body.forward_viewer);
    if !db::replace(&app.db, &new, &note).await? {
        return Err(etag::changed());
    }
    // What was wrong may be put right: it is asked anew.
    app.filling.breakers().remove(&new.id);
    let row = find(&app, path.server).await?;
    Ok(answer(StatusCode::OK, view(&app, row)))
}

/// Removes a decision server.
#[utoipa::path(delete, path = "/api/v1/ads/servers/{server}", tag = "ads", params(AdServerPath),
    security(("token" = ["ads"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn remove_ad_server(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    Path(path): Path<AdServerPath>,
) -> Result<StatusCode> {
    let note = app.note(
        &caller,
        act::AD_SERVER_REMOVED,
        object("ad_server", path.server),
    );
    if !db::remove(&app.db, path.server, &note).await? {
        find(&app, path.server).await?;
    }
    app.filling.breakers().remove(&path.server);
    Ok(StatusCode::NO_CONTENT)
}

fn invalid() -> Problem {
    Problem::invalid(
        "invalid_ad_server",
        "The decision server cannot be saved like this.",
    )
}

async fn check(app: &App, body: &AdServerBody, reachable: bool) -> Result<()> {
    let mut problem = check::text(invalid(), "/name", &body.name, NAME_MAX);
    let (_, least, most) = TIMEOUT_MS;
    if !(least..=most).contains(&body.timeout_ms) {
        problem = problem.at("/timeout_ms", "range", format!("Give {least} to {most}."));
    }
    if reachable {
        problem = check_url(app, problem, &body.url).await;
    }
    if problem.errors.is_empty() {
        Ok(())
    } else {
        Err(problem)
    }
}

/// The URL as it would be called: macros are no part of what is judged, a host must not come of one.
async fn check_url(app: &App, problem: Problem, url: &str) -> Problem {
    if url.len() > check::URL_MAX {
        let fix = format!("Give at most {} bytes.", check::URL_MAX);
        return problem.at("/url", "length", fix);
    }
    let without = url.replace(['[', ']'], "");
    let checked = app.egress.check(&without).await;
    match checked {
        Ok(_) => problem,
        Err(error) => {
            let code = if error.is_refusal() {
                "refused"
            } else {
                "unreachable"
            };
            problem.at("/url", code, EgressError::to_string(&error))
        }
    }
}
