//! The playhead, shared by the feeds, the decoders and whoever shows the frames.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::playhead::{Lane, Playhead};

/// The time a chunk of the first segment is given before the first frame, on top of where its
/// segment starts: hurrying every first chunk to the origin would cost the site's link more than
/// a moment's wait costs the viewer.
const FIRST_DEADLINE: Duration = Duration::from_secs(6);
/// The least time a chunk is given while playing.
const LEAST_DEADLINE: Duration = Duration::from_secs(2);
/// How long a waiting decoder sleeps at most before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How the decoders run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// In real time: decoding stays a bounded time ahead of the playhead.
    RealTime,
    /// As fast as possible; the playhead only judges.
    Fast,
}

/// See the module.
#[derive(Debug)]
pub struct Transport {
    pace: Pace,
    /// Locked for single calls of the playhead only; no lock is taken under it.
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    playhead: Playhead,
    stopped: bool,
}

impl Transport {
    /// A transport around a playhead.
    #[must_use]
    pub fn new(playhead: Playhead, pace: Pace) -> Self {
        let state = Mutex::new(State {
            playhead,
            stopped: false,
        });
        Self {
            pace,
            state,
            changed: Condvar::new(),
        }
    }

    /// Reads or moves the playhead.
    pub fn playhead<T>(&self, act: impl FnOnce(&mut Playhead, Instant) -> T) -> T {
        let result = act(&mut self.lock().playhead, Instant::now());
        self.changed.notify_all();
        result
    }

    /// Ends every wait; the decoders stop at the next frame.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Whether [`Self::stop`] was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Lets the playhead go on at `to` until it waits at `hold`: see [`Playhead::release`].
    pub fn release(&self, to: Duration, hold: Option<Duration>) {
        self.playhead(|playhead, now| playhead.release(to, hold, now));
    }

    /// Whether everything waits for [`Self::release`]: the playhead, or, when decoding is not paced, the decoders.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let mut state = self.lock();
        let playhead = &mut state.playhead;
        match self.pace {
            Pace::RealTime => playhead.is_held(Instant::now()),
            Pace::Fast => {
                let decoded = playhead.decoded_until();
                playhead.hold().is_some_and(|hold| decoded >= hold)
            }
        }
    }

    /// Blocks a decoder that is not paced where the playhead is to wait; false when stopped.
    #[must_use]
    pub fn pass(&self, from: Duration) -> bool {
        let mut state = self.lock();
        while !state.stopped && state.playhead.hold().is_some_and(|hold| from >= hold) {
            let woken = self.changed.wait_timeout(state, LOOK_AGAIN);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        !state.stopped
    }

    /// What of the media is consumed: up to the playhead, or, when decoding is not paced, what is decoded.
    #[must_use]
    pub fn consumed(&self) -> Duration {
        let state = self.lock();
        let position = state.playhead.position(Instant::now());
        match self.pace {
            Pace::RealTime => position,
            Pace::Fast => position.max(state.playhead.decoded_until()),
        }
    }

    /// Whether the first frame was presented.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.lock().playhead.started().is_some()
    }

    /// How much media lies between what is being consumed and `start`. What is consumed is the
    /// playhead's position, or, when decoding is not paced, what is decoded.
    #[must_use]
    pub fn ahead(&self, start: Duration) -> Duration {
        start.saturating_sub(self.consumed())
    }

    /// How long the bytes of a segment that starts at `start` may take.
    #[must_use]
    pub fn deadline(&self, start: Duration) -> Duration {
        let state = self.lock();
        let ahead = start.saturating_sub(state.playhead.position(Instant::now()));
        match state.playhead.started() {
            None => ahead + FIRST_DEADLINE,
            Some(_) => ahead.max(LEAST_DEADLINE),
        }
    }

    /// Tells that a lane is decoded up to `until`.
    pub fn decoded(&self, lane: Lane, until: Duration) {
        self.playhead(|playhead, now| playhead.decoded(lane, until, now));
    }

    /// Blocks until the playhead is at most `lead` before `from`; false when stopped.
    #[must_use]
    pub fn wait_for(&self, from: Duration, lead: Duration) -> bool {
        let mut state = self.lock();
        while !state.stopped {
            let position = state.playhead.position(Instant::now());
            let wait = from.saturating_sub(lead).saturating_sub(position);
            if wait.is_zero() {
                return true;
            }
            let wait = if state.playhead.is_running() {
                wait
            } else {
                LOOK_AGAIN
            };
            let woken = self.changed.wait_timeout(state, wait.min(LOOK_AGAIN));
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    /// Blocks until everything was played; false when stopped.
    #[must_use]
    pub fn wait_for_end(&self) -> bool {
        let mut state = self.lock();
        while !state.stopped {
            let now = Instant::now();
            if state.playhead.is_finished(now) {
                return true;
            }
            let left = state
                .playhead
                .end()
                .saturating_sub(state.playhead.position(now));
            let wait = left.clamp(Duration::from_millis(1), LOOK_AGAIN);
            let woken = self.changed.wait_timeout(state, wait);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
