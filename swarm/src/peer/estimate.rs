//! How long a source takes, from what it did before; and which peers not to bother for a while.

use super::{Source, bounded::Bounded};
use crate::{
    content::{DeviceId, MAX_CHUNK_LEN},
    time::{Instant, Micros},
};

/// The most sources remembered.
const MAX_SOURCES: usize = 1024;
/// What is assumed of a peer before it delivered anything.
const NEW_PEER: Estimate = Estimate::assume(20_000, 10_000_000);
/// What is assumed of the origin: a thin WAN link, shared.
const NEW_ORIGIN: Estimate = Estimate::assume(200_000, 1_000_000);
/// Shorter transfers say nothing about the rate, bytes.
const RATE_SAMPLE_MIN: u32 = 32 << 10;
/// Being late this often in a row counts as a failure.
const LATES_TO_FAIL: u8 = 3;
/// Being named as a holder in vain this often in a row makes a peer doubtful.
const BROKEN_TO_DOUBT: u8 = 3;
/// Naming others in vain this often in a row counts as a failure: a home that has a chunk knows who took
/// it, and one that has not gets it.
const MISLED_TO_FAIL: u8 = 6;
/// So does taking longer than this for a chunk of the greatest length.
const SLOW_CHUNK: Micros = Micros::from_secs(2);
/// How long a peer that failed is left alone; doubles with every failure in a row.
const SUSPECT_FIRST: Micros = Micros::from_secs(2);
const SUSPECT_DOUBLINGS: u8 = 5;

/// The estimates of every source.
#[derive(Clone, Debug)]
pub(super) struct Estimates {
    sources: Bounded<Source, Estimate>,
}

#[derive(Clone, Copy, Debug)]
struct Estimate {
    /// To the first byte, microseconds, moving average.
    wait: u64,
    /// Bytes per second, moving average.
    rate: u64,
    /// How far the total was from the estimate, microseconds, moving average.
    spread: u64,
    failures: u8,
    lates: u8,
    /// How often in a row it had not what others said it had.
    broken: u8,
    /// How often in a row it named others who had not what was asked for.
    misled: u8,
    suspect_until: Instant,
}

impl Estimate {
    const fn assume(wait: u64, rate: u64) -> Self {
        let suspect_until = Instant(0);
        Self {
            wait,
            rate,
            spread: wait / 2,
            failures: 0,
            lates: 0,
            broken: 0,
            misled: 0,
            suspect_until,
        }
    }

    fn total(&self, len: u32) -> u64 {
        self.wait + u64::from(len).saturating_mul(1_000_000) / self.rate.max(1)
    }

    fn fail(&mut self, now: Instant) {
        let wait = SUSPECT_FIRST.0 << self.failures.min(SUSPECT_DOUBLINGS);
        self.failures = self.failures.saturating_add(1);
        self.lates = 0;
        self.suspect_until = now + Micros(wait);
    }
}

impl Estimates {
    pub(super) fn new() -> Self {
        Self {
            sources: Bounded::new(MAX_SOURCES),
        }
    }

    /// How long a chunk of this length will take from this source, with some room.
    pub(super) fn expected(&self, source: Source, len: u32) -> Micros {
        let estimate = self
            .sources
            .peek(&source)
            .copied()
            .unwrap_or(assumed(source));
        Micros(estimate.total(len) + 2 * estimate.spread)
    }

    /// How many chunks of the greatest length the link to the origin carries while one waits for its first
    /// byte.
    pub(super) fn origin_waits(&self) -> usize {
        let origin = self.sources.peek(&Source::Origin);
        let e = origin.copied().unwrap_or(NEW_ORIGIN);
        let carrying = e.total(MAX_CHUNK_LEN).saturating_sub(e.wait).max(1);
        usize::try_from(e.wait.div_ceil(carrying)).unwrap_or(usize::MAX)
    }

    /// The source delivered.
    pub(super) fn delivered(&mut self, source: Source, len: u32, waited: Micros, took: Micros) {
        let e = self.sources.entry(source, || assumed(source));
        e.spread = toward(e.spread, e.total(len).abs_diff(took.0));
        e.wait = toward(e.wait, waited.0);
        if len >= RATE_SAMPLE_MIN {
            let transfer = took.0.saturating_sub(waited.0).max(1);
            e.rate = toward(e.rate, u64::from(len).saturating_mul(1_000_000) / transfer);
        }
        (e.failures, e.lates, e.broken, e.misled) = (0, 0, 0, 0);
        e.suspect_until = Instant(0);
    }

    /// The source was overtaken by another one after this long. Answers whether that makes it
    /// suspect.
    pub(super) fn late(&mut self, source: Source, after: Micros, now: Instant) -> bool {
        let e = self.sources.entry(source, || assumed(source));
        e.wait = toward(e.wait, after.0.max(e.wait));
        e.lates += 1;
        let failed = e.lates >= LATES_TO_FAIL;
        if failed {
            e.fail(now);
        }
        failed
    }

    /// The source could not be reached or broke off.
    pub(super) fn failed(&mut self, source: Source, now: Instant) {
        self.sources.entry(source, || assumed(source)).fail(now);
    }

    /// A peer that was named as a holder has not got the chunk.
    pub(super) fn broke_word(&mut self, device: DeviceId) {
        let source = Source::Peer(device);
        let e = self.sources.entry(source, || assumed(source));
        e.broken = e.broken.saturating_add(1);
    }

    /// A peer named another one in vain. Answers whether that makes it suspect.
    pub(super) fn misled(&mut self, by: DeviceId, now: Instant) -> bool {
        let source = Source::Peer(by);
        let e = self.sources.entry(source, || assumed(source));
        e.misled += 1;
        let failed = e.misled >= MISLED_TO_FAIL;
        if failed {
            e.misled = 0;
            e.fail(now);
        }
        failed
    }

    /// A peer named another one that had the chunk.
    pub(super) fn led(&mut self, by: DeviceId) {
        let source = Source::Peer(by);
        self.sources.entry(source, || assumed(source)).misled = 0;
    }

    /// Whether others are asked before this peer, and are named before it: it is slow, or it often has not
    /// got what it is said to have. As a home it is asked all the same: every peer must rank alike.
    pub(super) fn doubtful(&self, device: DeviceId) -> bool {
        let source = Source::Peer(device);
        self.sources
            .peek(&source)
            .is_some_and(|e| e.broken >= BROKEN_TO_DOUBT || e.total(MAX_CHUNK_LEN) > SLOW_CHUNK.0)
    }

    /// Whether this peer failed so recently that others rank before it.
    pub(super) fn suspect(&self, device: DeviceId, now: Instant) -> bool {
        self.sources
            .peek(&Source::Peer(device))
            .is_some_and(|e| now < e.suspect_until)
    }
}

fn assumed(source: Source) -> Estimate {
    match source {
        Source::Peer(_) => NEW_PEER,
        Source::Origin => NEW_ORIGIN,
    }
}

/// A moving average that gives a new sample a quarter of the weight.
fn toward(average: u64, sample: u64) -> u64 {
    if sample >= average {
        average + (sample - average) / 4
    } else {
        average - (average - sample) / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u32 = 1 << 20;
    const A: Source = Source::Peer(DeviceId([1; 16]));

    #[test]
    fn estimates_follow_what_a_source_does() {
        let mut e = Estimates::new();
        let unknown = e.expected(A, MIB);
        for _ in 0..30 {
            e.delivered(A, MIB, Micros::from_millis(2), Micros::from_millis(11));
        }
        let fast = e.expected(A, MIB);
        assert!(
            fast < unknown && (10_000..15_000).contains(&fast.0),
            "{fast:?}"
        );
        for _ in 0..30 {
            e.delivered(A, MIB, Micros::from_millis(100), Micros::from_millis(1100));
        }
        let slow = e.expected(A, MIB);
        assert!((1_050_000..1_300_000).contains(&slow.0), "{slow:?}");
        assert!(
            e.expected(Source::Origin, MIB) > Micros::from_secs(1),
            "untouched"
        );
    }

    #[test]
    fn an_erratic_source_gets_more_room_than_a_steady_one() {
        let (mut steady, mut erratic) = (Estimates::new(), Estimates::new());
        for n in 0..40 {
            steady.delivered(A, MIB, Micros::from_millis(50), Micros::from_millis(100));
            let took = if n % 2 == 0 { 20 } else { 180 };
            erratic.delivered(
                A,
                MIB,
                Micros::from_millis(took / 2),
                Micros::from_millis(took),
            );
        }
        assert!(erratic.expected(A, MIB) > steady.expected(A, MIB));
    }

    #[test]
    fn failures_make_a_peer_suspect_for_longer_and_longer() {
        let mut e = Estimates::new();
        let device = DeviceId([1; 16]);
        let mut now = Instant(0);
        for seconds in [2, 4, 8, 16, 32, 64, 64] {
            e.failed(A, now);
            let until = now + Micros::from_secs(seconds);
            assert!(e.suspect(device, until - Micros(1)) && !e.suspect(device, until));
            now = until;
        }
        e.delivered(A, MIB, Micros(1), Micros(2));
        e.failed(A, now);
        assert!(
            !e.suspect(device, now + Micros::from_secs(2)),
            "a success starts over"
        );
    }

    #[test]
    fn only_repeated_lateness_makes_suspect() {
        let mut e = Estimates::new();
        let after = Micros::from_secs(1);
        assert!(!e.late(A, after, Instant(0)) && !e.late(A, after, Instant(0)));
        assert!(e.late(A, after, Instant(0)));
        assert!(e.suspect(DeviceId([1; 16]), Instant(1)));
    }

    #[test]
    fn slow_peers_and_broken_words_make_doubtful_until_it_delivers() {
        let mut e = Estimates::new();
        let device = DeviceId([1; 16]);
        assert!(!e.doubtful(device), "nothing is known");
        (0..BROKEN_TO_DOUBT).for_each(|_| e.broke_word(device));
        assert!(e.doubtful(device));
        e.delivered(A, MIB, Micros(1), Micros::from_millis(20));
        assert!(!e.doubtful(device));
        for _ in 0..20 {
            e.delivered(A, MIB, Micros(1), Micros::from_secs(4));
        }
        assert!(e.doubtful(device), "slow");
    }

    #[test]
    fn a_wait_is_reckoned_in_chunks() {
        // wait and carrying time of a MiB, milliseconds -> chunks carried meanwhile.
        for (wait, carry, chunks) in [(20, 168, 1), (20, 1000, 1), (200, 84, 3), (200, 9, 23)] {
            let mut e = Estimates::new();
            for _ in 0..60 {
                let waited = Micros::from_millis(wait);
                let took = waited + Micros::from_millis(carry);
                e.delivered(Source::Origin, MIB, waited, took);
            }
            assert_eq!(e.origin_waits(), chunks, "{wait} {carry}");
        }
        assert_eq!(Estimates::new().origin_waits(), 1);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut e = Estimates::new();
        for n in 0..5000u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            e.failed(Source::Peer(DeviceId(id)), Instant(0));
        }
        assert_eq!(e.sources.len(), MAX_SOURCES);
    }
}
