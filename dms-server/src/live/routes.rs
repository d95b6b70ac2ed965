//! `/api/v1/events`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Full;
use super::stream::Stream;
use crate::auth::Viewer;
use crate::auth::extract::Credentials;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// How often a comment shows that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

/// What happens, while it happens, of what the caller sees: `title.changed`, `title.deleted`,
/// `upload.changed`, `peers`, `campaign.progress`, and of lists that something in them changed: `devices.changed`,
/// `sites.changed`, `campaigns.changed`; `missed` says that something was not told, and that it is time to read again. The stream
/// ends with the session or token.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", security(("token" = ["watch"])),
    params(("last-event-id" = Option<String>, Header, description = "The `id` of the last event that came")),
    responses((status = 200, content_type = "text/event-stream", body = String),
              (status = 429, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn events(
    Viewer(caller): Viewer,
    State(app): State<App>,
    credentials: Credentials,
    headers: HeaderMap,
) -> Result<Response> {
    let place = app.live.take(caller.owner()).map_err(full)?;
    let last_id = headers.get("last-event-id");
    let last_id = last_id.map(|value| value.to_str().unwrap_or_default());
    let cursor = app.live.begin(last_id);
    let open = Stream::new(app, credentials, caller, place, cursor);
    let events = stream::unfold(open, |mut open| async {
        let event = open.next().await?;
        Some((Ok::<_, Infallible>(event), open))
    });
    let alive = KeepAlive::new().interval(HEARTBEAT);
    // Proxies that gather answers would hold events back.
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(alive)).into_response())
}

fn full(full: Full) -> Problem {
    let status = match full {
        Full::Server => StatusCode::SERVICE_UNAVAILABLE,
        Full::Caller => StatusCode::TOO_MANY_REQUESTS,
    };
    Problem::new(status, "too_many_streams", full.to_string())
}
