//! How fast all uploads together go, and that they end when this PC stops giving.
//!
//! A piece may leave when those before it had their time: no credit is saved up, so any ten seconds carry what ten
//! seconds may, and one piece.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The pace of all uploads; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// Locked for a few sums only.
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Bytes a second; none: as fast as the network.
    rate: Option<u64>,
    /// When the next piece may leave.
    next: Option<Instant>,
    halted: bool,
}

impl Pace {
    /// Uploads go no faster than this from now on, bytes a second.
    pub fn limit(&self, rate: Option<u64>) {
        let mut inner = self.lock();
        if inner.rate != rate {
            inner.rate = rate.map(|rate| rate.max(1));
            inner.next = None;
        }
    }

    /// Uploads break off, and do so until told otherwise.
    pub fn halt(&self, halted: bool) {
        self.lock().halted = halted;
    }

    /// Whether uploads break off.
    #[must_use]
    pub fn halted(&self) -> bool {
        self.lock().halted
    }

    /// When a piece of so many bytes may leave, and its time is taken; none: now.
    #[must_use]
    pub fn turn(&self, bytes: u64, now: Instant) -> Option<Instant> {
        let mut inner = self.lock();
        let rate = inner.rate?;
        let turn = inner.next.map_or(now, |next| next.max(now));
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate);
        let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        inner.next = turn.checked_add(takes).or(Some(turn));
        Some(turn)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the pieces and however eager their senders, no ten seconds carry over 5 % more than they may.
        #[test]
        fn no_ten_seconds_carry_more_than_the_cap(
            rate in crate::policy::LEAST_UPLOAD..20_000_000,
            pieces in prop::collection::vec((1_u64..=64 << 10, 0_u64..40), 1..600),
        ) {
            let pace = Pace::default();
            pace.limit(Some(rate));
            let mut now = Instant::now();
            let mut left = Vec::new();
            for (bytes, idle_ms) in pieces {
                now += Duration::from_millis(idle_ms);
                left.push((pace.turn(bytes, now).unwrap(), bytes));
            }
            for (from, _) in &left {
                let end = *from + Duration::from_secs(10);
                let carried = left.iter().filter(|(at, _)| at >= from && *at < end);
                let carried: u64 = carried.map(|(_, bytes)| bytes).sum();
                prop_assert!(carried * 100 <= rate * 10 * 105, "{carried} bytes in 10 s at {rate}");
            }
        }
    }

    #[test]
    fn without_a_cap_nobody_waits_and_a_new_one_holds_at_once() {
        let (pace, now) = (Pace::default(), Instant::now());
        assert_eq!(pace.turn(1 << 30, now), None);
        pace.limit(Some(1_000));
        assert_eq!(pace.turn(1_000, now), Some(now));
        assert_eq!(pace.turn(1_000, now), Some(now + Duration::from_secs(1)));
        pace.limit(None);
        assert_eq!(pace.turn(1_000, now), None);
        pace.halt(true);
        assert!(pace.clone().halted());
    }
}
