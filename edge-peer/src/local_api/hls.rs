//! The HLS tree: playlists drawn from the manifest, segments put together from their chunks.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use swarm::{
    content::{
        TitleId, TrackId,
        hls::{Breaks, Sealing, master_playlist, media_playlist, playlist_track},
    },
    peer::Via,
    wire::{self, http as names},
};

use super::{Api, Shared, problem::Problem};
use crate::{chunk::VerifiedChunk, metrics::via_label, net::chunks::deadline, titles::Edition};

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
/// Chunks of one segment asked for at the same time.
const AT_ONCE: usize = 8;
/// The longest sealed segment of a media track, bytes: 4 s at 128 Mbit/s.
const MAX_SEGMENT: u64 = 64 << 20;
const MIB: u64 = 1 << 20;

/// How long the asker waits, when it says so in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Patience {
    deadline_ms: Option<u64>,
}

impl Patience {
    pub(super) fn of(deadline_ms: Option<u64>) -> Self {
        Self { deadline_ms }
    }

    /// What the address says, else the header, else the configuration.
    pub(super) fn or(&self, headers: &HeaderMap, default: Duration) -> Duration {
        let said = self.deadline_ms.map(|ms| ms.min(wire::MAX_DEADLINE_MS));
        said.map(Duration::from_millis)
            .or_else(|| deadline(headers))
            .unwrap_or(default)
    }
}

/// Bytes by where they came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sources {
    cache: u64,
    peer: u64,
    origin: u64,
}

impl Sources {
    fn add(&mut self, via: Via, bytes: u64) {
        match via_label(via) {
            "cache" => self.cache += bytes,
            "peer" => self.peer += bytes,
            _ => self.origin += bytes,
        }
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cache,
            peer,
            origin,
        } = self;
        write!(f, "cache={cache};peer={peer};origin={origin}")
    }
}

/// The master playlist.
pub(super) async fn master(
    State(api): State<Shared>,
    Path(title): Path<String>,
) -> Result<Response, Problem> {
    let edition = api.parts.titles.newest(title_id(&title)?).await?;
    let text = master_playlist(edition.manifest.manifest(), Sealing::Floe1)?;
    Ok(playlist(text, "no-cache"))
}

/// A media playlist or a segment.
pub(super) async fn file(
    State(api): State<Shared>,
    Path((title, version, track, file)): Path<(String, String, String, String)>,
    Query(patience): Query<Patience>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let nothing = || Problem::not_found("no_route", "there is nothing at this path");
    let title = title_id(&title)?;
    let version = version.parse().map_err(|_| nothing())?;
    let track = TrackId(track.parse().map_err(|_| nothing())?);
    let edition = api.parts.titles.edition(title, version).await?;
    if file == "index.m3u8" {
        let asked_at = format!("/api/v1/titles/{title}/breaks");
        let manifest = edition.manifest.manifest();
        let text = media_playlist(manifest, track, Breaks::At(&asked_at))?;
        return Ok(playlist(text, "private, max-age=60"));
    }
    let segment = file.strip_suffix(".m4s").and_then(|n| n.parse().ok());
    let segment = segment.ok_or_else(nothing)?;
    let wait = patience.or(&headers, api.parts.deadline);
    segment_body(&api, &edition, track, segment, wait).await
}

async fn segment_body(
    api: &Api,
    edition: &Arc<Edition>,
    track: TrackId,
    segment: u32,
    wait: Duration,
) -> Result<Response, Problem> {
    // The playlist's own rules decide what the tree has.
    playlist_track(edition.manifest.manifest(), track)?;
    let content = edition
        .manifest
        .track(track)
        .and_then(|t| t.segments.get(segment as usize))
        .ok_or_else(|| Problem::not_found("segment_not_found", "the track has no such segment"))?;
    let len = content.sealed_len();
    if len > MAX_SEGMENT {
        let detail = "the segment is too long to be put together; fetch its chunks";
        return Err(Problem::not_found("segment_too_long", detail));
    }
    let mib = u32::try_from(len.div_ceil(MIB)).unwrap_or(u32::MAX);
    let memory = api.memory.clone().acquire_many_owned(mib).await;
    let memory = memory.map_err(|_| crate::driver::WantError::Stopping)?;
    // Its own chunks first: what is ahead is asked for behind them.
    let wants = content
        .chunks
        .iter()
        .map(|chunk| api.play(edition, *chunk, wait));
    let wants: Vec<_> = wants.collect();
    let mut coming = stream::iter(wants).buffered(AT_ONCE);
    let first = coming.try_next().await?;
    api.ahead.from(edition, track, segment);
    let mut chunks: Vec<(VerifiedChunk, Via)> = first.into_iter().collect();
    chunks.extend(coming.try_collect::<Vec<_>>().await?);
    let mut sources = Sources::default();
    for (chunk, via) in &chunks {
        sources.add(*via, u64::from(chunk.len()));
    }
    let pieces = chunks.into_iter().map(move |(chunk, _)| {
        // The memory is given back when the last piece has left.
        let _held = &memory;
        Ok::<Bytes, std::convert::Infallible>(chunk.bytes().clone())
    });
    let head = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, len.to_string()),
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable".to_owned(),
        ),
        (HeaderName::from_static(names::SOURCE), sources.to_string()),
    ];
    Ok((head, Body::from_stream(stream::iter(pieces))).into_response())
}

/// A title's id from a path.
pub(super) fn title_id(text: &str) -> Result<TitleId, Problem> {
    let parsed = text.parse();
    parsed.map_err(|e| Problem::invalid(format!("{text:?} is not a title's id: {e}")))
}

fn playlist(text: String, cache: &'static str) -> Response {
    let head = [
        (header::CONTENT_TYPE, PLAYLIST),
        (header::CACHE_CONTROL, cache),
    ];
    (head, text).into_response()
}
