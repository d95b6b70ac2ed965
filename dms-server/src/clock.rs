//! Wall time as the server sees it: an input, so that tests can move it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, from the system or from a test.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Added to the system's time, milliseconds.
    skew_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Now, milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        let system = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        system.saturating_add(self.skew_ms.load(Ordering::Relaxed))
    }

    /// Moves this clock and its clones by `ms` milliseconds; tests use it to reach an expiry.
    pub fn advance_ms(&self, ms: i64) {
        self.skew_ms.fetch_add(ms, Ordering::Relaxed);
    }
}
