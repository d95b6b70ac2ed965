//! Chunks that the site is to hold: campaigns, and whatever else is pinned.
//!
//! Every peer of the site is told the same chunks. Each looks at those of which it is a home: home 1 fetches
//! its own over the WAN, once and behind everybody who watches; the other homes copy from home 1. A tour goes
//! through all of them, a few at a time, and begins anew when the roster changed: a peer that thereby became a
//! home copies from a home that is left, and only when nobody at the site has the chunk from the origin.

use std::{collections::BTreeMap, ops::Bound};

use super::{
    MAX_JOBS, Timer,
    job::Job,
    machine::{Peer, Wake},
};
use crate::{
    content::{ChunkId, ChunkRef, DeviceId},
    time::{Instant, Micros},
    wire::MAX_COPIES,
};

/// The most chunks kept: 256 GiB of the largest.
const MAX_KEPT: usize = 1 << 18;
/// The most of them sought at once.
const AT_ONCE: usize = 16;
/// How many are looked at in one go; ranking a chunk costs one pass over the roster.
const LOOKS: usize = 64;
/// The pause between two goes.
const PAUSE: Micros = Micros::from_millis(20);
/// How long after a roster change a tour begins, so that a morning full of changes is one tour.
const SETTLE: Micros = Micros::from_secs(1);
/// How long after a failure or an eviction it begins.
const RETRY: Micros = Micros::from_secs(30);

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Keep {
    chunks: BTreeMap<ChunkId, Kept>,
    /// Where the tour stands: this chunk was looked at last.
    at: Option<ChunkId>,
    /// When it goes on; none: everything was looked at.
    wake: Option<Instant>,
    /// Something that was passed is lacking: another tour follows.
    lacks: bool,
    seeking: usize,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    len: u32,
    /// How many homes keep it.
    copies: u8,
    /// This peer was one of them when the tour came by.
    ours: bool,
}

impl Keep {
    pub(super) fn new() -> Self {
        Self {
            chunks: BTreeMap::new(),
            at: None,
            wake: None,
            lacks: false,
            seeking: 0,
        }
    }

    pub(super) fn contains(&self, chunk: ChunkId) -> bool {
        self.chunks.contains_key(&chunk)
    }

    /// How many copies of the chunk the site is to hold.
    pub(super) fn copies(&self, chunk: ChunkId) -> usize {
        self.chunks.get(&chunk).map_or(0, |kept| kept.copies.into())
    }

    pub(super) fn is_ours(&self, chunk: ChunkId) -> bool {
        self.chunks.get(&chunk).is_some_and(|kept| kept.ours)
    }

    fn set_ours(&mut self, chunk: ChunkId, ours: bool) {
        if let Some(kept) = self.chunks.get_mut(&chunk) {
            kept.ours = ours;
        }
    }

    fn next(&mut self) -> Option<(ChunkId, Kept)> {
        let from = self.at.map_or(Bound::Unbounded, Bound::Excluded);
        let (chunk, kept) = self.chunks.range((from, Bound::Unbounded)).next()?;
        self.at = Some(*chunk);
        Some((*chunk, *kept))
    }
}

impl Peer {
    /// The site is to hold these.
    pub(super) fn hold(&mut self, chunks: &[ChunkRef], copies: u8, now: Instant) {
        let copies = copies.clamp(1, MAX_COPIES);
        for chunk in chunks {
            if self.keep.chunks.len() >= MAX_KEPT && !self.keep.contains(chunk.id) {
                continue;
            }
            let kept = Kept {
                len: chunk.len,
                copies,
                ours: false,
            };
            let entry = self.keep.chunks.entry(chunk.id).or_insert(kept);
            (entry.len, entry.copies) = (chunk.len, copies);
        }
        // Whoever is a home of what is sought already may be another one now.
        self.epoch += 1;
        self.tour_again(now, Micros(0));
    }

    /// Whether this peer is one of those that keep the chunk's copies.
    pub(super) fn is_to_keep(&self, chunk: ChunkId, homes: &[DeviceId]) -> bool {
        let mut keepers = homes.iter().take(self.keep.copies(chunk));
        keepers.any(|home| *home == self.me)
    }

    /// The site need not hold these any more. What is here stays until the cache needs the room.
    pub(super) fn let_go(&mut self, chunks: &[ChunkId], now: Instant) {
        for chunk in chunks {
            self.keep.chunks.remove(chunk);
            if let Some(job) = self.jobs.get_mut(chunk) {
                self.keep.seeking -= usize::from(std::mem::take(&mut job.keep));
                self.drive(*chunk, now);
            }
        }
    }

    /// The homes may be others than before.
    pub(super) fn tour_after_change(&mut self, now: Instant) {
        if self.keep.wake.is_none() || self.keep.at.is_some() {
            self.tour_again(now, SETTLE);
        }
    }

    /// A chunk that is kept is not here any more, or did not come.
    pub(super) fn lacks_kept(&mut self, chunk: ChunkId, now: Instant) {
        if !self.keep.contains(chunk) {
            return;
        }
        if self.keep.wake.is_none() && self.keep.at.is_none() {
            self.tour_again(now, RETRY);
        } else {
            self.keep.lacks = true;
        }
    }

    /// A job that was begun here is over, or somebody else's by now.
    pub(super) fn kept_job_over(&mut self, job: &mut Job, now: Instant) {
        if std::mem::take(&mut job.keep) {
            self.keep.seeking -= 1;
            if self.keep.wake.is_none() && self.keep.at.is_some() {
                self.wake_tour(now + PAUSE);
            }
        }
    }

    fn tour_again(&mut self, now: Instant, wait: Micros) {
        if self.keep.chunks.is_empty() {
            return;
        }
        self.keep.at = None;
        self.wake_tour(now + wait);
    }

    fn wake_tour(&mut self, at: Instant) {
        if let Some(before) = self.keep.wake.replace(at) {
            self.clear_timer(before, Wake::Keep);
        }
        self.set_timer(at, Wake::Keep, Timer::Keep);
    }

    /// Goes on with the tour.
    pub(super) fn tour(&mut self, now: Instant) {
        self.keep.wake = None;
        for _ in 0..LOOKS {
            if self.keep.seeking >= AT_ONCE || self.jobs.len() >= MAX_JOBS {
                // It goes on when a job is over.
                return;
            }
            let Some((chunk, kept)) = self.keep.next() else {
                self.keep.at = None;
                if std::mem::take(&mut self.keep.lacks) {
                    self.tour_again(now, RETRY);
                }
                return;
            };
            let homes = self.homes_of(chunk, now);
            let ours = self.is_to_keep(chunk, &homes);
            self.keep.set_ours(chunk, ours);
            let known = self.held.contains(&chunk) || self.jobs.contains_key(&chunk);
            if ours && !known {
                self.keep.seeking += 1;
                let job = self.job(chunk, now);
                job.len = Some(kept.len);
                job.keep = true;
                self.drive(chunk, now);
            }
        }
        self.wake_tour(now + PAUSE);
    }
}
