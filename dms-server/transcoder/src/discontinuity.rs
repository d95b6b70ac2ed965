//! Joining recordings whose clock starts anew on the way.
//!
//! In transport and program streams (captured broadcasts, files joined end to end) times may
//! jump. A jump is taken out: what follows it goes on where the stream was.

use ffmpeg::{Packet, Rational, Rescale};
use ffmpeg_next as ffmpeg;

/// A step forward by more than this is a jump, microseconds.
const FORWARD: i64 = 10_000_000;

/// A step back by more than this is a jump, microseconds.
const BACK: i64 = 100_000;

const MICROSECONDS: Rational = Rational(1, 1_000_000);

/// The containers in which it happens.
const CONTAINERS: [&str; 2] = ["mpegts", "mpeg"];

/// Watches the times of all streams; a jump in one moves them all.
#[derive(Debug, Default)]
pub struct Joiner {
    /// Added to every time, microseconds.
    offset: i64,
    /// For each stream, when its next packet is to be decoded.
    expected: Vec<Option<i64>>,
}

impl Joiner {
    /// A joiner, if the container needs one.
    pub fn for_container(name: &str) -> Option<Self> {
        CONTAINERS.contains(&name).then(Self::default)
    }

    /// Moves a packet to where it belongs.
    pub fn join(&mut self, packet: &mut Packet, time_base: Rational) {
        let micros = |ts: i64| ts.rescale(time_base, MICROSECONDS);
        // Display times step back all the time; only decode times tell a jump.
        let offset = match packet.dts() {
            Some(dts) => self.place(packet.stream(), micros(dts), micros(packet.duration())),
            None => self.offset,
        };
        if offset != 0 {
            let offset = offset.rescale(MICROSECONDS, time_base);
            packet.set_pts(packet.pts().map(|pts| pts.saturating_add(offset)));
            packet.set_dts(packet.dts().map(|dts| dts.saturating_add(offset)));
        }
    }

    /// The offset for a packet of a stream; times in microseconds.
    fn place(&mut self, stream: usize, dts: i64, duration: i64) -> i64 {
        if self.expected.len() <= stream {
            self.expected.resize(stream + 1, None);
        }
        let Some(expected) = self.expected.get_mut(stream) else {
            return self.offset;
        };
        if let Some(expected) = *expected {
            let step = dts.saturating_add(self.offset).saturating_sub(expected);
            if !(-BACK..=FORWARD).contains(&step) {
                self.offset = self.offset.saturating_sub(step);
            }
        }
        *expected = Some(
            dts.saturating_add(self.offset)
                .saturating_add(duration.max(0)),
        );
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_starts_anew_goes_on() {
        let mut joiner = Joiner::default();
        assert_eq!(joiner.place(0, 1_400_000, 40_000), 0);
        assert_eq!(joiner.place(1, 1_380_000, 20_000), 0);
        assert_eq!(joiner.place(0, 3_360_000, 40_000), 0);
        // The second recording starts at 1.4 s again, and later jumps ahead by an hour.
        assert_eq!(joiner.place(0, 1_400_000, 40_000), 2_000_000);
        assert_eq!(joiner.place(1, 1_400_000, 20_000), 2_000_000);
        assert_eq!(
            joiner.place(0, 3_601_440_000, 40_000),
            2_000_000 - 3_600_000_000
        );
    }

    #[test]
    fn gaps_and_small_steps_back_are_left_alone() {
        let mut joiner = Joiner::default();
        assert_eq!(joiner.place(0, 0, 40_000), 0);
        assert_eq!(joiner.place(0, 9_000_000, 40_000), 0);
        assert_eq!(joiner.place(0, 8_990_000, 40_000), 0);
    }

    #[test]
    fn absurd_times_do_not_overflow() {
        let mut joiner = Joiner::default();
        for dts in [i64::MIN, i64::MAX, 0, i64::MIN, i64::MAX] {
            joiner.place(3, dts, i64::MAX);
        }
    }
}
