//! Puts the cap of each hour into effect as it comes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::state::App;

/// The longest sleep: so late at most it is noticed that the system's clock was put right.
const LOOK: Duration = Duration::from_secs(30);
/// After a failure.
const RETRY: Duration = Duration::from_secs(5);
/// What stands for "never".
const NEVER: i64 = i64::MAX;

/// When another cap will hold somewhere.
#[derive(Debug)]
pub struct NextChange {
    at_ms: AtomicI64,
    changed: Notify,
}

impl Default for NextChange {
    fn default() -> Self {
        Self {
            at_ms: AtomicI64::new(NEVER),
            changed: Notify::new(),
        }
    }
}

impl NextChange {
    /// Notes when, milliseconds since the Unix epoch; none: never.
    pub fn set(&self, at_ms: Option<i64>) {
        self.at_ms.store(at_ms.unwrap_or(NEVER), Ordering::Relaxed);
        self.wake();
    }

    /// Looks at the clock again; a test that moved it says so.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// So many milliseconds until then; 0: it is due.
    fn left_ms(&self, now_ms: i64) -> u64 {
        let at_ms = self.at_ms.load(Ordering::Relaxed);
        at_ms.saturating_sub(now_ms).max(0).unsigned_abs()
    }
}

/// Follows the hours until the server stops.
pub async fn run(app: App) {
    let next = &app.ledgers.hours;
    loop {
        let left = Duration::from_millis(next.left_ms(app.clock.now_ms()));
        let mut wait = left.min(LOOK);
        if left.is_zero() {
            match crate::site::reload(&app).await {
                Ok(()) => {
                    tracing::info!("the WAN caps of another hour hold");
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "the sites cannot be read");
                    wait = RETRY;
                }
            }
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = next.changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}
