//! `/api/v1/me/handoff` for the watch page, and on the device listener what its agent asks.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::any;
use http::{Request, StatusCode, header};
use serde::{Deserialize, Serialize};
use swarm::wire::page::{MAX_PAGE_ASK, PAGE_PATH};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, NewCode, PageSession};
use super::{CODE_MS, CODE_PREFIX, Pages, SESSION_PREFIX};
use crate::audit::{Actor, act};
use crate::auth::{Secret, Viewer};
use crate::device::caller::Device;
use crate::device::row_id;
use crate::extract::{Json, Path};
use crate::net::Remote;
use crate::portal::person;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(hand_over))
        .routes(routes!(handed_over))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(trade))
        .route(&format!("{PAGE_PATH}/{{*path}}"), any(page))
        .layer(axum::extract::DefaultBodyLimit::max(MAX_PAGE_ASK))
}

/// A code with which the player of a PC goes on.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Handoff {
    /// Its id.
    pub id: Uuid,
    /// The code; it works once.
    pub code: String,
    /// When it ends, milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

const NO_STORE: AppendHeaders<[(header::HeaderName, &str); 1]> =
    AppendHeaders([(header::CACHE_CONTROL, "no-store")]);

/// Gives a code with which the player of the caller's PC goes on: its agent trades it once, within a minute, for a
/// session that is good for watching on that PC only.
#[utoipa::path(post, path = "/api/v1/me/handoff", tag = "portal", security(("token" = ["watch"])),
    responses((status = 201, body = Handoff), (status = 409, body = ProblemBody)))]
async fn hand_over(Viewer(caller): Viewer, State(app): State<App>) -> Result<impl IntoResponse> {
    let code = Secret::draw(CODE_PREFIX);
    let now = app.clock.now_ms();
    let new = NewCode {
        id: Uuid::now_v7(),
        hash: code.hash(),
        person: person(&caller)?,
        session: caller.session,
        token: caller.token,
        created_ms: now,
        expires_ms: now + CODE_MS,
    };
    db::add(&app.db, new).await?;
    let handoff = Handoff {
        id: new.id,
        code: code.reveal().to_owned(),
        expires_ms: new.expires_ms,
    };
    Ok((StatusCode::CREATED, NO_STORE, Json(handoff)))
}

/// Which code.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct HandoffPath {
    /// The code's id.
    handoff: Uuid,
}

/// What became of a code.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct HandoffState {
    /// Whether an agent traded it.
    pub used: bool,
}

/// Whether the player of the PC went on with a code: the page stops then. Forgotten a minute after it was given.
#[utoipa::path(get, path = "/api/v1/me/handoff/{handoff}", tag = "portal", params(HandoffPath),
    security(("token" = ["watch"])),
    responses((status = 200, body = HandoffState), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn handed_over(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<HandoffPath>,
) -> Result<Json<HandoffState>> {
    let used = db::used(&app.db, path.handoff, person(&caller)?).await?;
    let none = || Problem::not_found("handoff_not_found", "There is no such code of yours.");
    Ok(Json(HandoffState {
        used: used.ok_or_else(none)?,
    }))
}

/// A code to be traded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trade {
    /// The code that the person's click brought.
    code: String,
}

/// The session of a page.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct PageGrant {
    /// Its secret, for the agent alone.
    pub token: String,
    /// When it ends, milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// Trades a code for a session of its person on the calling device, once.
#[utoipa::path(post, path = "/v1/handoff", tag = "device listener",
    responses((status = 200, body = PageGrant), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody)))]
async fn trade(
    device: Device,
    State(app): State<App>,
    Json(body): Json<Trade>,
) -> Result<impl IntoResponse> {
    let over = || {
        let detail = "This code was used already, or is older than a minute. Open the player anew from the video's page.";
        Problem::new(StatusCode::FORBIDDEN, "handoff_over", detail)
    };
    let code = Secret::presented(body.code.trim()).ok_or_else(over)?;
    let now = app.clock.now_ms();
    let waiting = db::waiting(&app.db, code.hash(), now).await?;
    let waiting = waiting.ok_or_else(over)?;
    let secret = Secret::draw(SESSION_PREFIX);
    let session = PageSession {
        id: Uuid::now_v7(),
        hash: secret.hash(),
        device: row_id(device.id),
        until_ms: waiting.session_until(now),
    };
    let actor = Actor::person(waiting.person_id, &waiting.person);
    let note = app
        .note(actor, act::HANDED_OVER, ("session", session.id))
        .with("device", device.id.to_string())
        .with("device_name", device.name.as_ref())
        .with("address", device.remote.ip().to_string());
    if !db::trade(&app.db, &waiting, session, &note).await? {
        return Err(over());
    }
    let grant = PageGrant {
        token: secret.reveal().to_owned(),
        expires_ms: session.until_ms,
    };
    Ok((NO_STORE, Json(grant)))
}

/// What the page that the calling device's agent serves asks.
async fn page(
    device: Device,
    Extension(remote): Extension<Remote>,
    Extension(pages): Extension<Pages>,
    asked: Request<Body>,
) -> Result<Response> {
    tracing::trace!(device.id = %device.id, "a page asks");
    let target = asked.uri().path_and_query().map(|target| target.as_str());
    let target = target.and_then(|target| target.strip_prefix(PAGE_PATH));
    let target = target.unwrap_or_default().to_owned();
    pages.answer(remote, &target, asked).await
}
