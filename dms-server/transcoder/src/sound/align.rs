//! Keeping sound at its place: gaps become silence, overlaps are cut.

/// Differences up to this many samples are how containers round, not gaps (100 ms at 48 kHz).
const TOLERANCE: i64 = 4_800;

/// What to do before a piece of sound.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Correction {
    /// Samples of silence to insert.
    pub silence: i64,
    /// Samples to skip at the start of the piece.
    pub skip: usize,
}

/// The policy. Times are in samples.
#[derive(Debug, Default)]
pub struct Aligner {
    next: i64,
    started: bool,
}

impl Aligner {
    /// A piece of `length` samples comes, which belongs at `at`.
    pub fn place(&mut self, at: i64, length: usize) -> Correction {
        let off = at.saturating_sub(self.next);
        // The start is exact: it decides how sound and picture lie together.
        let ignored = self.started && off.abs() <= TOLERANCE;
        self.started = true;
        let correction = match off {
            _ if ignored => Correction::default(),
            0.. => Correction {
                silence: off,
                skip: 0,
            },
            _ => {
                let skip = usize::try_from(off.unsigned_abs())
                    .unwrap_or(usize::MAX)
                    .min(length);
                Correction { silence: 0, skip }
            }
        };
        // A piece from before the start is skipped whole and the start is still to come.
        self.started = correction.skip < length || self.next > 0;
        self.next += correction.silence + (length - correction.skip) as i64;
        correction
    }

    /// Where the next sample will lie.
    pub fn next(&self) -> i64 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correction(silence: i64, skip: usize) -> Correction {
        Correction { silence, skip }
    }

    #[test]
    fn the_start_is_exact_and_small_differences_later_are_ignored() {
        let mut aligner = Aligner::default();
        assert_eq!(aligner.place(300, 1_000), correction(300, 0));
        assert_eq!(aligner.place(1_340, 1_000), correction(0, 0));
        assert_eq!(aligner.place(2_200, 1_000), correction(0, 0));
        assert_eq!(aligner.next(), 3_300);
    }

    #[test]
    fn what_lies_before_the_start_is_cut() {
        let mut aligner = Aligner::default();
        assert_eq!(aligner.place(-2_500, 1_000), correction(0, 1_000));
        assert_eq!(aligner.place(-1_500, 1_000), correction(0, 1_000));
        assert_eq!(aligner.place(-500, 1_000), correction(0, 500));
        assert_eq!(aligner.place(500, 1_000), correction(0, 0));
        assert_eq!(aligner.next(), 1_500);
    }

    #[test]
    fn gaps_are_filled_and_overlaps_cut() {
        let mut aligner = Aligner::default();
        aligner.place(0, 48_000);
        assert_eq!(aligner.place(96_000, 1_000), correction(48_000, 0));
        assert_eq!(aligner.place(90_000, 10_000), correction(0, 7_000));
        assert_eq!(aligner.next(), 100_000);
    }

    #[test]
    fn absurd_times_do_not_overflow() {
        let mut aligner = Aligner::default();
        aligner.place(i64::MIN, 10);
        assert_eq!(aligner.next(), 0);
    }
}
