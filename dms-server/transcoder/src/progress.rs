//! How far a job is, told at most four times a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dms_transcoder_protocol::{Message, Progress};

use crate::error::JobError;
use crate::outlet::Outlet;

/// The shortest time between two messages.
const INTERVAL: Duration = Duration::from_millis(250);

/// An estimate is given once so much of the job is done, thousandths.
const EARLIEST_ESTIMATE: u64 = 20;

/// A complete job says so with `Done`, not with progress.
const MOST: u64 = 999;

/// The progress of the tracks that decide when the job is done.
pub struct Tracker {
    /// Playing time, milliseconds; 0 when unknown.
    total_ms: u64,
    /// Length of the source and how far it was read, bytes: what is left when the playing time
    /// is unknown.
    length: u64,
    position: Arc<AtomicU64>,
    started: Instant,
    state: Mutex<State>,
}

struct State {
    /// Media time done by each track, milliseconds.
    done_ms: Vec<u64>,
    told: Instant,
    permille: u64,
}

impl Tracker {
    /// A tracker of so many tracks.
    pub fn new(tracks: usize, total_ms: u64, length: u64, position: Arc<AtomicU64>) -> Self {
        let now = Instant::now();
        let state = State {
            done_ms: vec![0; tracks],
            told: now,
            permille: 0,
        };
        Self {
            total_ms,
            length,
            position,
            started: now,
            state: Mutex::new(state),
        }
    }

    /// A track has come so far. The slowest one counts.
    ///
    /// # Errors
    /// The message cannot be sent.
    pub fn advance(&self, track: usize, ms: u64, outlet: &Outlet) -> Result<(), JobError> {
        let message = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(done) = state.done_ms.get_mut(track) {
                *done = ms;
            }
            if state.told.elapsed() < INTERVAL {
                return Ok(());
            }
            state.told = Instant::now();
            let slowest = state.done_ms.iter().copied().min().unwrap_or(0);
            state.permille = state.permille.max(self.permille(slowest)).min(MOST);
            self.message(state.permille, slowest)
        };
        outlet.send(&message)
    }

    fn permille(&self, done_ms: u64) -> u64 {
        match self.total_ms {
            0 => self.position.load(Ordering::Relaxed).saturating_mul(1_000) / self.length.max(1),
            total => done_ms.saturating_mul(1_000) / total,
        }
    }

    fn message(&self, permille: u64, done_ms: u64) -> Message {
        let elapsed_ms = (self.started.elapsed().as_millis() as u64).max(1);
        let left = elapsed_ms.saturating_mul(1_000 - permille) / permille.max(1);
        Message::Progress(Progress {
            permille: permille as u16,
            out_time_ms: done_ms,
            eta_ms: (permille >= EARLIEST_ESTIMATE).then_some(left),
            speed_milli: u32::try_from(done_ms.saturating_mul(1_000) / elapsed_ms)
                .unwrap_or(u32::MAX),
        })
    }
}
