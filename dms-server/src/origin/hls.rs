//! `/hls/{title}/...`: playlists drawn from the manifest, segments streamed from their chunks.

use std::net::IpAddr;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header;
use swarm::content::hls::{self, Breaks, HlsError, Sealing};
use swarm::content::{ChunkRef, Manifest, TitleId, TrackId};

use super::chunks;
use super::delivery::Delivery;
use crate::problem::{Problem, Result};
use crate::publish;
use crate::state::App;

/// Media type of playlists.
const PLAYLIST: &str = "application/vnd.apple.mpegurl";

/// Chunks read ahead of the connection.
const AHEAD: usize = 2;

/// The tree's root: the master playlist of the newest version.
///
/// # Errors
/// 404 or 409 when the title is not published or not to be played.
pub async fn master(app: &App, title: TitleId) -> Result<Response> {
    let published = publish::require_published(app, title).await?;
    let text = hls::master_playlist(published.manifest.manifest(), Sealing::Floe1);
    let text = text.map_err(hls_problem)?;
    // A republished title has a new tree below the same root.
    Ok((
        [
            (header::CONTENT_TYPE, PLAYLIST),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        text,
    )
        .into_response())
}

/// A track's playlist.
///
/// # Errors
/// 404 when the version is not the newest or has no such track.
pub async fn media(app: &App, title: TitleId, version: u64, track: u16) -> Result<Response> {
    let published = publish::require_published(app, title).await?;
    if published.version != version {
        return Err(gone());
    }
    let asked_at = format!("/api/v1/titles/{title}/breaks");
    let manifest = published.manifest.manifest();
    let text = hls::media_playlist(manifest, TrackId(track), Breaks::At(&asked_at));
    let text = text.map_err(hls_problem)?;
    // The segments of a version stay; its breaks may change.
    let cache = (header::CACHE_CONTROL, "private, max-age=60");
    Ok(([(header::CONTENT_TYPE, PLAYLIST), cache], text).into_response())
}

/// A segment: its sealed message, as it is in the chunks.
///
/// # Errors
/// 404 when there is no such segment.
pub async fn segment(
    app: &App,
    remote: IpAddr,
    title: TitleId,
    version: u64,
    track: u16,
    file: &str,
) -> Result<Response> {
    let published = publish::require_published(app, title).await?;
    if published.version != version {
        return Err(gone());
    }
    let index = file
        .strip_suffix(".m4s")
        .filter(|digits| !digits.starts_with('+'));
    let refs = index
        .and_then(|digits| digits.parse().ok())
        .and_then(|index| refs(published.manifest.manifest(), TrackId(track), index))
        .ok_or_else(|| Problem::not_found("segment_not_found", "There is no such segment."))?;
    let len: u64 = refs.iter().map(|chunk| u64::from(chunk.len)).sum();
    let delivery = Delivery::to(app, remote);
    let reader = app.clone();
    let body = stream::iter(refs)
        .map(move |chunk| {
            let app = reader.clone();
            async move { Ok((chunk, chunks::load(&app, chunk.id, chunk.len).await?)) }
        })
        .buffered(AHEAD)
        .map_err(|problem: Problem| {
            tracing::error!(%problem, cause = ?problem.cause, "a segment breaks off");
            std::io::Error::other(problem)
        })
        .map_ok(move |(chunk, bytes)| {
            delivery
                .clone()
                .pieces(chunk.id, u64::from(chunk.len), bytes)
        })
        .try_flatten();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable".to_owned(),
        ),
        (header::CONTENT_LENGTH, len.to_string()),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

fn refs(manifest: &Manifest, track: TrackId, segment: usize) -> Option<Vec<ChunkRef>> {
    Some(manifest.track(track)?.segments.get(segment)?.chunks.clone())
}

fn gone() -> Problem {
    Problem::not_found(
        "version_not_found",
        "This version is not the newest any more: load the title again.",
    )
}

fn hls_problem(error: HlsError) -> Problem {
    match error {
        HlsError::NotPlayable => Problem::conflict("not_playable", error.to_string()),
        HlsError::NoTrack(_) => Problem::not_found("track_not_found", error.to_string()),
    }
}
