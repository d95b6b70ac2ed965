//! Chunks on both listeners; playlists, segments and manifests on the public one.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{chunks, hls};
use crate::auth::Viewer;
use crate::device::caller::Device;
use crate::extract::Path;
use crate::net::Remote;
use crate::problem::{ProblemBody, Result};
use crate::publish;
use crate::rights::require_audience;
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(chunk))
        .routes(routes!(manifest))
        .routes(routes!(master))
        .routes(routes!(media))
        .routes(routes!(segment))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(device_chunk))
}

/// Which chunk.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ChunkPath {
    /// 64 lower-case hex digits: the SHA-256 of the chunk.
    chunk: String,
}

/// A chunk of a published title, as ciphertext.
#[utoipa::path(get, path = "/v1/chunks/{chunk}", tag = "origin", params(ChunkPath),
    security(("token" = ["watch"])),
    responses((status = 200), (status = 206), (status = 304), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 416, body = ProblemBody)))]
async fn chunk(
    _: Viewer,
    State(app): State<App>,
    Extension(remote): Extension<Remote>,
    Path(path): Path<ChunkPath>,
    headers: HeaderMap,
) -> Result<Response> {
    chunks::answer(&app, remote.addr.ip(), &path.chunk, &headers).await
}

/// A chunk of a published title, as ciphertext.
#[utoipa::path(get, path = "/v1/chunks/{chunk}", tag = "device listener", params(ChunkPath),
    responses((status = 200), (status = 206), (status = 304), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 416, body = ProblemBody)))]
async fn device_chunk(
    device: Device,
    State(app): State<App>,
    Path(path): Path<ChunkPath>,
    headers: HeaderMap,
) -> Result<Response> {
    chunks::answer(&app, device.remote.ip(), &path.chunk, &headers).await
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

/// The signed manifest of a title's newest version.
#[utoipa::path(get, path = "/api/v1/titles/{title}/manifest", tag = "origin", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 200), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn manifest(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<impl IntoResponse> {
    require_audience(&app, &caller, path.title).await?;
    let published = publish::require_published(&app, path.title).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/cose"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, published.signed.clone()))
}

/// The master playlist.
#[utoipa::path(get, path = "/hls/{title}/master.m3u8", tag = "origin", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 200), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn master(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<Response> {
    require_audience(&app, &caller, path.title).await?;
    hls::master(&app, path.title).await
}

/// Which track.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TrackPath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
    /// The title's version.
    version: u64,
    /// The track.
    track: u16,
}

/// A track's playlist.
#[utoipa::path(get, path = "/hls/{title}/{version}/{track}/index.m3u8", tag = "origin",
    params(TrackPath), security(("token" = ["watch"])),
    responses((status = 200), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn media(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TrackPath>,
) -> Result<Response> {
    require_audience(&app, &caller, path.title).await?;
    hls::media(&app, path.title, path.version, path.track).await
}

/// Which segment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SegmentPath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
    /// The title's version.
    version: u64,
    /// The track.
    track: u16,
    /// The segment's number and `.m4s`.
    segment: String,
}

/// A segment, as its sealed message.
#[utoipa::path(get, path = "/hls/{title}/{version}/{track}/{segment}", tag = "origin",
    params(SegmentPath), security(("token" = ["watch"])),
    responses((status = 200), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn segment(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Extension(remote): Extension<Remote>,
    Path(path): Path<SegmentPath>,
) -> Result<Response> {
    require_audience(&app, &caller, path.title).await?;
    let SegmentPath {
        title,
        version,
        track,
        segment,
    } = path;
    hls::segment(&app, remote.addr.ip(), title, version, track, &segment).await
}
