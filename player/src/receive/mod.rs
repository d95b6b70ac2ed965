//! Receiving a file title as a clear file: whole as soon as possible, or in reading order while it is
//! watched.
//!
//! - `plan` knows where each chunk belongs.
//! - `assembly` opens chunks as they come and writes them at their places.
//! - `clock` knows where somebody who watches would be.

mod assembly;
mod clock;
mod plan;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream, stream::FuturesOrdered};
use swarm::content::{ChunkId, ChunkRef, TrackId, TrackKind};
use tokio::sync::{mpsc, oneshot};

pub use clock::Played;

use crate::{engine::session::Session, error::PlayError};
use assembly::Assembly;
use clock::PlayClock;
use plan::Plan;

/// The most chunks between the network and the file.
const MAX_TO_WRITE: usize = 4;
/// The most chunks asked for at once when the agent does not send the whole.
const AT_ONCE: usize = 8;
/// How long such a chunk may take.
const WAIT: Duration = Duration::from_secs(30);
/// When somebody who watches from the beginning hopes to see the first picture.
const HOPED_START: Duration = Duration::from_secs(2);

/// What plays within this time is asked for side by side.
const NEAR: Duration = Duration::from_secs(30);

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the file is to be.
    pub target: PathBuf,
    /// Set when it is watched while it comes.
    pub watch: Option<Watch>,
}

/// Watching a file while it comes.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// Bits that play in a second.
    pub bitrate: f64,
    /// How much must be there before playing begins.
    pub preroll: Duration,
    /// No chunk is asked for further ahead of the play position than this, as by a player with so small a
    /// buffer. None: the file is never waited with; what is further ahead than [`NEAR`] comes one chunk at
    /// a time.
    pub look_ahead: Option<Duration>,
    /// When the viewer began to wait.
    pub began: Instant,
}

/// How far it is; shown while it goes on.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    whole: AtomicU64,
}

impl Progress {
    /// Bytes that are in the file, and its length.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        let relaxed = Ordering::Relaxed;
        (self.done.load(relaxed), self.whole.load(relaxed))
    }
}

/// Receives the session's file.
///
/// # Errors
/// [`PlayError`]; then there is no file, and none that was there before is touched.
pub async fn receive(
    session: &Arc<Session>,
    options: Options,
    progress: Arc<Progress>,
) -> Result<(u64, Option<Played>), PlayError> {
    let (track, plan) = plan(session)?;
    progress.whole.store(plan.len, Ordering::Relaxed);
    let (chunks, to_write) = mpsc::channel(MAX_TO_WRITE);
    let writing = {
        let (session, plan) = (session.clone(), plan.clone());
        let target = options.target.clone();
        tokio::task::spawn_blocking(move || {
            write(session, track, &plan, &target, to_write, &progress)
        })
    };
    let fetched = match options.watch {
        None => fetch_whole(session, &plan, &chunks).await.map(|()| None),
        Some(watch) => fetch_watching(session, &plan, watch, &chunks)
            .await
            .map(Some),
    };
    // The writer ends when nothing more can come; it keeps the file only if all of it came.
    drop(chunks);
    let written = writing
        .await
        .unwrap_or_else(|_| Err(stopped(&options.target)));
    match (fetched, written) {
        (Ok(played), Ok(true)) => Ok((plan.len, played)),
        (_, Err(error)) | (Err(error), _) => Err(error),
        (Ok(_), Ok(false)) => Err(stopped(&options.target)),
    }
}

fn plan(session: &Session) -> Result<(TrackId, Arc<Plan>), PlayError> {
    let tracks = session.tracks(|kind| matches!(kind, TrackKind::File { .. }));
    let title = session.manifest().title;
    let track = tracks.first().ok_or(PlayError::NothingToPlay(title))?;
    Ok((track.id, Arc::new(Plan::new(track)?)))
}

/// What the writer does next.
enum ToWrite {
    /// A chunk; `hashed` when its bytes are known to be those of its id.
    Chunk {
        id: ChunkId,
        bytes: Bytes,
        hashed: bool,
    },
    /// Say which chunks came with wrong bytes since this was asked last.
    Wrong(oneshot::Sender<Vec<ChunkId>>),
}

fn write(
    session: Arc<Session>,
    track: TrackId,
    plan: &Arc<Plan>,
    target: &Path,
    mut chunks: mpsc::Receiver<ToWrite>,
    progress: &Progress,
) -> Result<bool, PlayError> {
    let mut assembly = Assembly::begin(session, track, plan.clone(), target)?;
    let mut wrong = Vec::new();
    while let Some(work) = chunks.blocking_recv() {
        match work {
            ToWrite::Chunk { id, bytes, hashed } if assembly.take(id, &bytes, hashed)? => {
                let len = plan.spots.get(&id).map_or(0, |spot| spot.len as u64);
                progress.done.fetch_add(len, Ordering::Relaxed);
            }
            ToWrite::Chunk { id, .. } => wrong.push(id),
            // Who asked is gone: then nobody fetches them again either, and the file stays incomplete.
            ToWrite::Wrong(reply) => _ = reply.send(std::mem::take(&mut wrong)),
        }
    }
    assembly.finish()
}

fn stopped(target: &Path) -> PlayError {
    PlayError::Output {
        path: target.display().to_string(),
        reason: "writing stopped".into(),
    }
}

/// All of it, in the order in which the agent gets it; what that leaves out, chunk by chunk.
async fn fetch_whole(
    session: &Session,
    plan: &Plan,
    chunks: &mpsc::Sender<ToWrite>,
) -> Result<(), PlayError> {
    let mut missing: HashSet<ChunkId> = plan.chunks.iter().map(|chunk| chunk.id).collect();
    if let Err(error) = follow_row(session, &mut missing, chunks).await {
        session.source().note(&error);
    }
    let (reply, wrong) = oneshot::channel();
    give(chunks, ToWrite::Wrong(reply)).await?;
    for id in wrong.await.map_err(|_| PlayError::Interrupted)? {
        session.source().note(&PlayError::CorruptChunk(id));
        missing.insert(id);
    }
    let left: Vec<ChunkRef> = plan
        .chunks
        .iter()
        .filter(|chunk| missing.contains(&chunk.id))
        .copied()
        .collect();
    let title = session.manifest().title;
    let fetch = |chunk: ChunkRef| async move {
        let bytes = session.source().chunk(title, chunk, WAIT).await?;
        Ok::<_, PlayError>((chunk.id, bytes))
    };
    stream::iter(left.into_iter().map(fetch))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|(id, bytes)| {
            give(
                chunks,
                ToWrite::Chunk {
                    id,
                    bytes,
                    hashed: true,
                },
            )
        })
        .await
}

async fn follow_row(
    session: &Session,
    missing: &mut HashSet<ChunkId>,
    chunks: &mpsc::Sender<ToWrite>,
) -> Result<(), PlayError> {
    let source = session.source();
    let Some(mut row) = source.whole(session.manifest().title).await? else {
        return Ok(());
    };
    while !missing.is_empty() {
        let Some((id, bytes)) = source.next(&mut row).await? else {
            break;
        };
        if missing.remove(&id) {
            // Opening shows wrong bytes as surely as their hash, and is done anyway.
            give(
                chunks,
                ToWrite::Chunk {
                    id,
                    bytes,
                    hashed: false,
                },
            )
            .await?;
        }
    }
    Ok(())
}

/// In reading order, each chunk with the time at which it plays.
async fn fetch_watching(
    session: &Session,
    plan: &Plan,
    watch: Watch,
    chunks: &mpsc::Sender<ToWrite>,
) -> Result<Played, PlayError> {
    let title = session.manifest().title;
    let mut clock = PlayClock::new(watch.began, watch.bitrate, watch.preroll, plan.len);
    let mut left = plan.chunks.iter().copied().peekable();
    let mut asked = FuturesOrdered::new();
    loop {
        while let Some(chunk) = left.peek().copied() {
            let offset = plan.spots.get(&chunk.id).map_or(0, |spot| spot.offset);
            let until = clock.until(offset, Instant::now(), HOPED_START);
            let near = match clock.plays() {
                true => until <= watch.look_ahead.unwrap_or(NEAR),
                false => until < HOPED_START + watch.preroll,
            };
            let room = near && asked.len() < at_once(clock.ahead(Instant::now()));
            if !room && !asked.is_empty() {
                break;
            }
            let early = watch.look_ahead.filter(|_| clock.plays());
            let early = early.map_or(Duration::ZERO, |most| until.saturating_sub(most));
            tokio::time::sleep(early).await;
            let until = until - early;
            left.next();
            asked.push_back(async move {
                let bytes = session.source().chunk(title, chunk, until).await?;
                Ok::<_, PlayError>((chunk.id, bytes))
            });
        }
        let Some(came) = asked.next().await else {
            return Ok(clock.played());
        };
        let (id, bytes) = came?;
        let len = plan.spots.get(&id).map_or(0, |spot| spot.len as u64);
        clock.came(len, Instant::now());
        give(
            chunks,
            ToWrite::Chunk {
                id,
                bytes,
                hashed: true,
            },
        )
        .await?;
    }
}

/// How many chunks are asked for at once with so much of playing time in hand: what plays next does not share
/// a thin link with what plays later, and the link is never idle.
fn at_once(ahead: Duration) -> usize {
    match ahead.as_secs() {
        0..8 => 2,
        8..20 => 4,
        _ => AT_ONCE,
    }
}

async fn give(chunks: &mpsc::Sender<ToWrite>, work: ToWrite) -> Result<(), PlayError> {
    // The writer has ended early: its own error says why.
    chunks.send(work).await.map_err(|_| PlayError::Interrupted)
}
