//! `GET /api/v1/titles/{title}/breaks/{break}/assets`, for pages and for devices.

use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderMap, header};
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Asked, assets};
use crate::auth::Viewer;
use crate::device::caller::Device;
use crate::extract::{Path, Query};
use crate::license;
use crate::net::Remote;
use crate::problem::{ProblemBody, Result};
use crate::rights::{self, require_audience};
use crate::state::App;

/// The longest name of a player that is kept, bytes.
const AGENT_MAX: usize = 300;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(break_assets))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(device_break_assets))
}

/// Which break.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct BreakPath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
    /// The break's number; 0 is the place before everything where emergencies come.
    r#break: u32,
}

/// Of which playback.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionQuery {
    /// A UUID that the player draws once a playback.
    session: Uuid,
}

/// What fills a break of a playback: an HLS asset list (RFC 8216bis). Asked again, it is the same. Nothing to show is an
/// empty list.
#[utoipa::path(get, path = "/api/v1/titles/{title}/breaks/{break}/assets", tag = "ads",
    params(BreakPath, SessionQuery), security(("token" = ["watch"])),
    responses((status = 200, content_type = "application/json"), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn break_assets(
    Viewer(caller): Viewer,
    State(app): State<App>,
    remote: Option<Extension<Remote>>,
    Path(path): Path<BreakPath>,
    Query(query): Query<SessionQuery>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    require_audience(&app, &caller, path.title).await?;
    let address = remote.map(|remote| remote.addr.ip());
    let asked = Asked {
        session: query.session,
        title: path.title,
        break_id: path.r#break,
        person: rights::viewer(&app, &caller).await?,
        device: None,
        from: rights::From::Address(address),
        agent: agent(&headers),
    };
    Ok(answer(assets(&app, &asked).await?))
}

/// The same for the calling device. A person at it is named by their token in `Authorization`.
#[utoipa::path(get, path = "/v1/titles/{title}/breaks/{break}/assets", tag = "device listener",
    params(BreakPath, SessionQuery),
    responses((status = 200, content_type = "application/json"), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn device_break_assets(
    device: Device,
    State(app): State<App>,
    Path(path): Path<BreakPath>,
    Query(query): Query<SessionQuery>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    let secret = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let secret = secret
        .and_then(|text| text.split_once(' '))
        .map(|(_, secret)| secret);
    let person = match secret {
        Some(secret) => {
            let caller = license::routes::signed_in(&app, secret).await?;
            require_audience(&app, &caller, path.title).await?;
            rights::viewer(&app, &caller).await?
        }
        None => None,
    };
    let asked = Asked {
        session: query.session,
        title: path.title,
        break_id: path.r#break,
        person,
        device: Some(device.id),
        from: rights::From::Device(device.id, device.remote.ip()),
        agent: agent(&headers),
    };
    Ok(answer(assets(&app, &asked).await?))
}

fn agent(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(agent.chars().take(AGENT_MAX).collect())
}

fn answer(list: String) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, list)
}
