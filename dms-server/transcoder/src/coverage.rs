//! How much of a source its packets cover: damage in the middle leaves holes.
//!
//! A hole in time alone proves nothing (a slide show has them), and bytes that are in no packet
//! prove nothing either (padding, indexes, attachments). Both together are a part that was lost.

use ffmpeg::{Packet, Rational, Rescale};
use ffmpeg_next as ffmpeg;

/// A span without any packet counts from this length on, microseconds.
const HOLE: i64 = 1_000_000;

/// A source has lost bytes when its packets have less than this share of them, percent.
const COVERED: u64 = 90;

const MICROSECONDS: Rational = Rational(1, 1_000_000);

/// What the packets covered so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage {
    bytes: u64,
    /// Until when the published streams together have packets, microseconds.
    until: Option<i64>,
    holes: u64,
}

impl Coverage {
    /// A packet of any stream has so many bytes.
    pub fn bytes(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// A packet of a stream that is published.
    pub fn packet(&mut self, packet: &Packet, time_base: Rational) {
        if let Some(at) = packet.dts().or(packet.pts()) {
            let micros = |ts: i64| ts.rescale(time_base, MICROSECONDS);
            self.span(micros(at), micros(packet.duration().max(0)));
        }
    }

    /// Something is there from `at` on for so long, microseconds.
    fn span(&mut self, at: i64, duration: i64) {
        let end = at.saturating_add(duration);
        if let Some(until) = self.until {
            let hole = at.saturating_sub(until);
            if hole >= HOLE {
                self.holes = self.holes.saturating_add(hole.unsigned_abs());
            }
        }
        self.until = Some(self.until.map_or(end, |until| until.max(end)));
    }

    /// The time that is missing, milliseconds; 0 where the packets make up a source of this length.
    pub fn lost_ms(&self, length: u64) -> u64 {
        let covered = u128::from(self.bytes) * 100 >= u128::from(length) * u128::from(COVERED);
        if covered { 0 } else { self.holes / 1_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(spans: &[(i64, i64)], bytes: usize) -> Coverage {
        let mut coverage = Coverage::default();
        for &(at, duration) in spans {
            coverage.span(at, duration);
        }
        coverage.bytes(bytes);
        coverage
    }

    #[test]
    fn only_a_hole_with_bytes_missing_is_lost() {
        // Two streams that take turns, with a hole of five seconds in both.
        let damaged = [
            (0, 40_000),
            (0, 20_000),
            (40_000, 40_000),
            (5_080_000, 40_000),
        ];
        assert_eq!(coverage(&damaged, 500).lost_ms(1_000), 5_000);
        assert_eq!(coverage(&damaged, 900).lost_ms(1_000), 0, "a slide show");
        let whole = [(0, 4_000_000), (20_000, 20_000), (4_000_000, 40_000)];
        assert_eq!(coverage(&whole, 1).lost_ms(1_000), 0, "padding");
    }

    #[test]
    fn absurd_times_do_not_overflow() {
        let absurd = [
            (i64::MIN, i64::MAX),
            (i64::MAX, i64::MAX),
            (i64::MIN, 0),
            (0, 0),
        ];
        assert!(coverage(&absurd, usize::MAX).lost_ms(1) == 0);
        assert!(coverage(&absurd, 0).lost_ms(u64::MAX) > 0);
    }
}
