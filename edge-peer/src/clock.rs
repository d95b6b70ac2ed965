//! The agent's clock as the state machine reads it: microseconds since the agent started.

use std::time::{Duration, Instant};

use swarm::time::{self, Micros};

/// Counts from the moment it was made; copies agree.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> time::Instant {
        time::Instant(micros(self.start.elapsed()).0)
    }

    /// The moment after this length of time from now.
    #[must_use]
    pub fn after(&self, wait: Duration) -> time::Instant {
        self.now() + micros(wait)
    }

    /// How long until a moment; zero when it has passed.
    #[must_use]
    pub fn until(&self, moment: time::Instant) -> Duration {
        Duration::from_micros(moment.since(self.now()).0)
    }
}

/// A length of time in whole microseconds.
#[must_use]
pub fn micros(length: Duration) -> Micros {
    Micros(u64::try_from(length.as_micros()).unwrap_or(u64::MAX))
}
