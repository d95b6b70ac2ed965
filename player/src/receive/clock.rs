//! Whether what comes would play: the play position of a file that is watched while it comes.
//!
//! Playing begins once enough is held, and goes on at one bit rate. When the position reaches what has
//! not come, it stands there until it comes: a stall.

use std::time::{Duration, Instant};

use serde::Serialize;

/// How playing went.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Played {
    /// From the beginning to the first picture, milliseconds.
    pub startup_ms: f64,
    /// How long the position stood still after that, seconds.
    pub stall_s: f64,
    /// How often.
    pub stalls: u32,
}

/// See the module.
#[derive(Debug)]
pub struct PlayClock {
    began: Instant,
    bytes_per_second: f64,
    preroll: Duration,
    held: u64,
    whole: u64,
    /// When the first byte would have played, had there been no stall since.
    origin: Option<Instant>,
    startup: Duration,
    stalled: Duration,
    stalls: u32,
}

impl PlayClock {
    /// Nothing has come. `bits` a second, `whole` bytes in all.
    #[must_use]
    pub fn new(began: Instant, bits: f64, preroll: Duration, whole: u64) -> Self {
        Self {
            began,
            bytes_per_second: bits / 8.0,
            preroll,
            held: 0,
            whole,
            origin: None,
            startup: Duration::ZERO,
            stalled: Duration::ZERO,
            stalls: 0,
        }
    }

    /// More bytes came, right behind those held.
    pub fn came(&mut self, bytes: u64, now: Instant) {
        let until = self.time_of(self.held);
        self.held += bytes;
        match self.origin {
            Some(origin) => {
                let late = now.saturating_duration_since(origin + until);
                if !late.is_zero() {
                    self.origin = Some(origin + late);
                    self.stalled += late;
                    self.stalls += 1;
                }
            }
            None => {
                let enough = self.time_of(self.held) >= self.preroll || self.held >= self.whole;
                if enough {
                    self.origin = Some(now);
                    self.startup = now.saturating_duration_since(self.began);
                }
            }
        }
    }

    /// Whether playing has begun.
    #[must_use]
    pub fn plays(&self) -> bool {
        self.origin.is_some()
    }

    /// How long it is until the byte at `offset` plays, if playing begins after `start`.
    #[must_use]
    pub fn until(&self, offset: u64, now: Instant, start: Duration) -> Duration {
        let origin = self.origin.unwrap_or(now + start);
        (origin + self.time_of(offset)).saturating_duration_since(now)
    }

    /// How much playing time is held beyond the play position.
    #[must_use]
    pub fn ahead(&self, now: Instant) -> Duration {
        self.until(self.held, now, Duration::ZERO)
    }

    /// How it went.
    #[must_use]
    pub fn played(&self) -> Played {
        Played {
            startup_ms: self.startup.as_secs_f64() * 1e3,
            stall_s: self.stalled.as_secs_f64(),
            stalls: self.stalls,
        }
    }

    fn time_of(&self, bytes: u64) -> Duration {
        Duration::try_from_secs_f64(bytes as f64 / self.bytes_per_second)
            .unwrap_or(Duration::from_secs(u32::MAX.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playing_begins_with_the_preroll_and_stalls_when_the_next_byte_is_late() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        // 1000 bytes a second, 2 s of preroll.
        let mut clock = PlayClock::new(began, 8000.0, Duration::from_secs(2), 10_000);
        clock.came(1000, at(100));
        assert!(!clock.plays());
        clock.came(1000, at(500));
        assert!(clock.plays());
        assert_eq!(
            clock.until(3000, at(1500), Duration::ZERO),
            Duration::from_secs(2)
        );
        // In time: byte 2000 plays at 2.5 s.
        clock.came(1000, at(2400));
        // Late by 1 s: byte 3000 was to play at 3.5 s.
        clock.came(1000, at(4500));
        // The position stood still: byte 4000 plays at 5.5 s now.
        clock.came(6000, at(5500));
        let played = clock.played();
        assert_eq!((played.startup_ms, played.stalls), (500.0, 1));
        assert!((played.stall_s - 1.0).abs() < 1e-6, "{played:?}");
    }

    #[test]
    fn a_file_shorter_than_the_preroll_plays_when_it_is_whole() {
        let began = Instant::now();
        let mut clock = PlayClock::new(began, 8000.0, Duration::from_secs(2), 10);
        clock.came(10, began);
        assert!(clock.plays());
        assert_eq!(clock.played().stalls, 0);
    }
}
