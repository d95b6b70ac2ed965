//! Fetching ahead of a player: while one segment plays, the next ones come.
//!
//! The window is a length of playing time; what is in it already, or on its way, is not asked for
//! twice. Where a chunk came from is remembered until the player takes it: what was fetched for
//! this very playing did not come from the cache.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use swarm::{
    content::{ChunkId, ChunkRef, TrackId},
    peer::{Priority, Via},
};

use crate::{cache::Cache, driver::Handle, titles::Edition};

/// The most chunks on their way ahead of players at the same time.
const MAX_ON_THE_WAY: usize = 64;
/// The most chunks whose source is remembered; those that nobody took are forgotten first.
const MAX_REMEMBERED: usize = 4_096;
/// What a player needs next is needed within this time even if the segment before is short.
const LEAST_WAIT: Duration = Duration::from_secs(4);
/// A cache that kept nothing of what came makes fetching ahead a waste for this long.
const REST: Duration = Duration::from_secs(60);

/// Fetches ahead; clones share what is on the way.
#[derive(Clone)]
pub struct Ahead {
    driver: Handle,
    cache: Cache,
    window: Duration,
    /// Guards the books only.
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    on_the_way: HashSet<ChunkId>,
    came_from: HashMap<ChunkId, Via>,
    /// The order in which sources were learnt; may name chunks that were taken since.
    learnt: VecDeque<ChunkId>,
    resting_until: Option<Instant>,
}

impl Ahead {
    /// Fetches at most `window` of playing time ahead.
    #[must_use]
    pub fn new(driver: Handle, cache: Cache, window: Duration) -> Self {
        Self {
            driver,
            cache,
            window,
            books: Arc::default(),
        }
    }

    /// A player is at this segment: starts what is missing of the window behind it.
    pub fn from(&self, edition: &Arc<Edition>, track: TrackId, segment: u32) {
        for (chunk, wait) in due(edition, track, segment, self.window) {
            if self.cache.contains(chunk.id).is_some() || !self.set_out(chunk.id) {
                continue;
            }
            let (ahead, title) = (self.clone(), edition.title());
            tokio::spawn(async move {
                let came = ahead
                    .driver
                    .want(chunk, Some(title), wait, Priority::Playing)
                    .await;
                ahead.arrived(chunk.id, came.ok().map(|(_, via)| via));
            });
        }
    }

    fn set_out(&self, chunk: ChunkId) -> bool {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = books
            .resting_until
            .is_some_and(|until| Instant::now() < until);
        let room = books.on_the_way.len() < MAX_ON_THE_WAY;
        !resting && room && books.on_the_way.insert(chunk)
    }

    fn arrived(&self, chunk: ChunkId, came: Option<Via>) {
        let kept = self.cache.contains(chunk).is_some();
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        // A player that took the chunk while it came knows where it came from.
        let awaited = books.on_the_way.remove(&chunk);
        let Some(via) = came.filter(|_| awaited) else {
            return;
        };
        if !kept {
            books.resting_until = Some(Instant::now() + REST);
        }
        if books.learnt.len() >= MAX_REMEMBERED
            && let Some(oldest) = books.learnt.pop_front()
        {
            books.came_from.remove(&oldest);
        }
        books.learnt.push_back(chunk);
        books.came_from.insert(chunk, via);
    }

    /// Where a chunk that a player takes now came from.
    #[must_use]
    pub fn source(&self, chunk: ChunkId, via: Via) -> Via {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.on_the_way.remove(&chunk);
        let fetched = books.came_from.remove(&chunk);
        fetched.filter(|_| via == Via::Cache).unwrap_or(via)
    }
}

/// The chunks of the window behind a segment, each with the time until it plays.
fn due(
    edition: &Edition,
    track: TrackId,
    segment: u32,
    window: Duration,
) -> Vec<(ChunkRef, Duration)> {
    let Some(track) = edition.manifest.track(track).filter(|t| t.timescale > 0) else {
        return Vec::new();
    };
    let length = |ticks: u64| {
        Duration::from_millis(ticks.saturating_mul(1_000) / u64::from(track.timescale))
    };
    let mut at = Duration::ZERO;
    let mut due = Vec::new();
    for (index, content) in track.media() {
        if index < segment {
            continue;
        }
        if index > segment {
            if at > window {
                break;
            }
            let wait = at.max(LEAST_WAIT);
            due.extend(content.chunks.iter().map(|chunk| (*chunk, wait)));
        }
        at += length(content.duration);
    }
    due
}

#[cfg(test)]
mod tests;
