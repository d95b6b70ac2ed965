//! How slow a far end may be.

use std::time::Duration;

/// A least rate, with some patience for pauses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Bytes a second that must move on average.
    pub(super) bytes_per_s: u32,
    /// How long it may be slower.
    pub(super) grace: Duration,
}

/// What is left of the patience with one far end. Waiting spends it, bytes that move earn it back, up to
/// the grace: what was quick long ago excuses nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pace: Pace,
    left: Duration,
}

impl Patience {
    pub(super) fn new(pace: Pace) -> Self {
        let left = pace.grace;
        Self { pace, left }
    }

    /// How long the next wait may last.
    pub(super) fn left(&self) -> Duration {
        self.left
    }

    /// It waited.
    pub(super) fn waited(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    /// Bytes moved.
    pub(super) fn moved(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(bytes.into()) / self.pace.bytes_per_s.max(1);
        self.left = self.left.saturating_add(earned).min(self.pace.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_far_end_is_borne_and_a_dripping_one_is_not() {
        let pace = Pace {
            bytes_per_s: 1_000,
            grace: Duration::from_secs(10),
        };
        // Bytes that come after each second of waiting, and the second at which patience ends.
        let cases = [
            (1_000, None),
            (1_001, None),
            (100_000, None),
            (0, Some(10)),
            (1, Some(11)),
            (500, Some(19)),
            (900, Some(91)),
        ];
        for (bytes, ends) in cases {
            let mut patience = Patience::new(pace);
            let ended = (1..=1_000).find(|_| {
                patience.waited(Duration::from_secs(1));
                let over = patience.left().is_zero();
                patience.moved(bytes);
                over
            });
            assert_eq!(ended, ends, "{bytes} bytes a second");
        }
    }

    #[test]
    fn what_was_quick_long_ago_excuses_nothing() {
        let mut patience = Patience::new(Pace {
            bytes_per_s: 1,
            grace: Duration::from_secs(2),
        });
        patience.moved(usize::MAX);
        assert_eq!(patience.left(), Duration::from_secs(2));
        patience.waited(Duration::from_secs(3));
        assert!(patience.left().is_zero());
    }
}
