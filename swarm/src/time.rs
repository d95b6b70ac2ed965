//! The swarm's own clock reading: microseconds since an origin the shell chooses.
//!
//! Unlike `std::time::Instant` it can be built, printed, stored in a trace and replayed.

use std::ops::{Add, Sub};

/// A length of time in whole microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Micros(pub u64);

impl Micros {
    /// `ms` milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000))
    }

    /// `s` seconds.
    #[must_use]
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(1_000_000))
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }
}

/// A moment, in microseconds since the shell's origin (process start, or simulation start).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// How long `self` is after `earlier`; zero when it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Micros {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Add<Micros> for Instant {
    type Output = Self;
    fn add(self, d: Micros) -> Self {
        Self(self.0.saturating_add(d.0))
    }
}

impl Sub<Micros> for Instant {
    type Output = Self;
    fn sub(self, d: Micros) -> Self {
        Self(self.0.saturating_sub(d.0))
    }
}
