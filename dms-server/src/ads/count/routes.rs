//! What players tell, on both listeners.

use axum::Extension;
use axum::extract::{DefaultBodyLimit, State};
use http::{HeaderMap, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{AdEvents, AdOutcomes, BODY_MAX, Teller, take};
use crate::auth::Viewer;
use crate::device::{caller::Device, row_id};
use crate::extract::Json;
use crate::net::Remote;
use crate::problem::{ProblemBody, Result};
use crate::state::App;

/// The longest name of a player that is kept, bytes.
const AGENT_MAX: usize = 512;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tell_ad_events))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(device_ad_events))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// Counts what a page tells of ads it showed. Each event counts once an instance.
#[utoipa::path(post, path = "/api/v1/ads/events", tag = "ads", request_body = AdEvents,
    security(("token" = ["watch"])),
    responses((status = 200, body = AdOutcomes), (status = 400, body = ProblemBody)))]
async fn tell_ad_events(
    Viewer(caller): Viewer,
    State(app): State<App>,
    remote: Option<Extension<Remote>>,
    headers: HeaderMap,
    Json(body): Json<AdEvents>,
) -> Result<Json<AdOutcomes>> {
    let teller = Teller {
        person: caller.person,
        device: remote.as_ref().and_then(|r| r.device).map(row_id),
        address: remote.as_ref().map(|r| r.addr.ip().to_string()),
        agent: agent(&headers),
    };
    Ok(Json(take(&app, &teller, &body).await?))
}

/// Counts what the calling device tells of ads that were shown at it, also a while ago.
#[utoipa::path(post, path = "/v1/ads/events", tag = "device listener", request_body = AdEvents,
    responses((status = 200, body = AdOutcomes), (status = 400, body = ProblemBody)))]
async fn device_ad_events(
    device: Device,
    State(app): State<App>,
    headers: HeaderMap,
    Json(body): Json<AdEvents>,
) -> Result<Json<AdOutcomes>> {
    let teller = Teller {
        person: None,
        device: Some(row_id(device.id)),
        address: Some(device.remote.ip().to_string()),
        agent: agent(&headers),
    };
    Ok(Json(take(&app, &teller, &body).await?))
}

fn agent(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(agent.chars().take(AGENT_MAX).collect())
}
