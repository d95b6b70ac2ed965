//! A title wanted whole, as soon as there is room: hundreds of its chunks are sought at once, so that
//! each home has its own to fetch and the WAN never waits for a reader. The asker gets them on one
//! answer in the order in which they come.
//!
//! The answer is a row of records ([`names::CHUNK_ROW`]). It breaks off when a chunk cannot be had.

use std::{io, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream, stream::FuturesUnordered};
use swarm::{
    content::{ChunkId, ChunkRef, TitleId},
    peer::{FailReason, Priority, Source, Via},
    wire::http as names,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, sleep, timeout},
};

use super::{Shared, hls::title_id, problem::Problem};
use crate::{chunk::VerifiedChunk, driver::WantError};

/// The most chunks sought at once, or come and not yet taken by the asker.
const WINDOW: usize = 1_024;
/// The most chunks kept in memory for the asker; it gets the others from the cache.
const IN_MEMORY: usize = 8;
/// Nobody waits at a screen: sources are asked one after the other, never one beside the other.
const WAIT: Duration = Duration::from_secs(3_600);
/// How often one chunk is sought again, and the pause before.
const MAX_AGAIN: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// How often an asker hears something at least.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// A chunk that came.
struct Came {
    chunk: ChunkRef,
    /// Its bytes, while there is memory for them.
    held: Option<(VerifiedChunk, OwnedSemaphorePermit)>,
    via: Via,
    waited: Duration,
    _window: OwnedSemaphorePermit,
}

/// Seeks every chunk of the newest version, and sends them as they come.
pub(super) async fn fetch(
    State(api): State<Shared>,
    Path(title): Path<String>,
) -> Result<Response, Problem> {
    let edition = api.parts.titles.newest(title_id(&title)?).await?;
    let title = edition.title();
    let chunks: Vec<ChunkRef> = edition
        .manifest
        .chunks()
        .map(|(_, _, chunk)| chunk)
        .collect();
    // One more than the window: what the seekers say about a failure always has room.
    let (told, hears) = mpsc::channel(WINDOW + 1);
    tokio::spawn(seek(api.clone(), title, chunks, told));
    let head = [
        (header::CONTENT_TYPE, names::CHUNK_ROW),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((head, Body::from_stream(records(api, title, hears))).into_response())
}

/// Seeks the chunks until all came, one cannot be had, or the asker is gone.
async fn seek(
    api: Shared,
    title: TitleId,
    chunks: Vec<ChunkRef>,
    told: mpsc::Sender<Result<Came, WantError>>,
) {
    let window = Arc::new(Semaphore::new(WINDOW));
    let memory = Arc::new(Semaphore::new(IN_MEMORY));
    let mut left = chunks.into_iter().peekable();
    let mut sought = FuturesUnordered::new();
    while left.peek().is_some() || !sought.is_empty() {
        tokio::select! {
            biased;
            () = told.closed() => return,
            Some(came) = sought.next(), if !sought.is_empty() => {
                if told.send(came).await.is_err() {
                    return;
                }
            }
            room = window.clone().acquire_owned(), if left.peek().is_some() => {
                let (Ok(room), Some(chunk)) = (room, left.next()) else { return };
                sought.push(one(&api, title, chunk, room, memory.clone()));
            }
        }
    }
}

async fn one(
    api: &Shared,
    title: TitleId,
    chunk: ChunkRef,
    window: OwnedSemaphorePermit,
    memory: Arc<Semaphore>,
) -> Result<Came, WantError> {
    let began = Instant::now();
    let mut came = Came {
        chunk,
        held: None,
        via: Via::Cache,
        waited: Duration::ZERO,
        _window: window,
    };
    // What is here is read when the asker takes it, not a thousand chunks at once.
    if api.parts.cache.contains(chunk.id).is_none() {
        let (bytes, via) = obtain(api, title, chunk).await?;
        came.held = memory.try_acquire_owned().ok().map(|room| (bytes, room));
        came.via = api.ahead.source(chunk.id, via);
        came.waited = began.elapsed();
    }
    Ok(came)
}

async fn obtain(
    api: &Shared,
    title: TitleId,
    chunk: ChunkRef,
) -> Result<(VerifiedChunk, Via), WantError> {
    let mut again = 0;
    loop {
        let wanted = api
            .parts
            .driver
            .want(chunk, Some(title), WAIT, Priority::File);
        match wanted.await {
            Err(WantError::Failed(reason)) if again < MAX_AGAIN => {
                tracing::debug!(chunk = ?chunk.id, %reason, "a chunk is sought again");
                again += u32::from(reason != FailReason::TooLate);
                sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}

fn records(
    api: Shared,
    title: TitleId,
    hears: mpsc::Receiver<Result<Came, WantError>>,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    let rows = stream::unfold((api, hears), move |(api, mut hears)| async move {
        let heard = timeout(SIGN_OF_LIFE, hears.recv()).await;
        let row = match heard {
            Err(_) => Ok(still_sought()),
            Ok(None) => return None,
            Ok(Some(Ok(came))) => row(&api, title, came).await,
            Ok(Some(Err(error))) => Err(error),
        };
        let row = row.map_err(|error| {
            tracing::warn!(%error, "a title that is wanted whole cannot be had whole");
            io::Error::other(error)
        });
        let pieces = match row {
            Ok(pieces) => pieces.map(Ok).into(),
            Err(error) => vec![Err(error)],
        };
        Some((stream::iter(pieces), (api, hears)))
    });
    rows.flatten()
}

async fn row(api: &Shared, title: TitleId, came: Came) -> Result<[Bytes; 2], WantError> {
    let (chunk, _room) = match came.held {
        Some((chunk, room)) => (chunk, Some(room)),
        None => (obtain(api, title, came.chunk).await?.0, None),
    };
    let bytes = u64::from(chunk.len());
    api.parts.metrics.delivered(came.via, bytes, came.waited);
    Ok([
        head(chunk.id(), chunk.len(), came.via),
        chunk.bytes().clone(),
    ])
}

fn still_sought() -> [Bytes; 2] {
    [head(ChunkId([0; 32]), 0, Via::Cache), Bytes::new()]
}

fn head(id: ChunkId, len: u32, via: Via) -> Bytes {
    let from = match via {
        Via::Cache => 0,
        Via::Fetched(Source::Peer(_)) => 1,
        Via::Fetched(Source::Origin) => 2,
    };
    let mut head = Vec::with_capacity(names::CHUNK_ROW_HEAD);
    head.extend_from_slice(&id.0);
    head.extend_from_slice(&len.to_be_bytes());
    head.push(from);
    head.into()
}
