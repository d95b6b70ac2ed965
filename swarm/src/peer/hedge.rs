//! When to ask a second source beside the first.

use crate::time::{Instant, Micros};

/// What an estimate may be wrong by on top of its own spread.
const SLACK: Micros = Micros::from_millis(100);
/// The longest a running source is given beyond the moment the deadline calls for another one,
/// unless the other one would take longer still: then asking it early gains nothing, and where this
/// machine's own link is the narrow one it costs the running source its bytes.
const MAX_PATIENCE: Micros = Micros::from_secs(2);
/// How long home 1 waits for another home to say whether it has the chunk, before it asks the
/// origin beside it. A peer that answers does so in a few milliseconds.
pub(super) const PROBE_PATIENCE: Micros = Micros::from_millis(50);

/// The most time that is left for the next source, whatever it is expected to take. On a congested link every
/// estimate grows; without this bound hedges would fire earlier for it, and congest the link further.
const MAX_ROOM: Micros = Micros::from_secs(8);
/// How long a peer may say nothing to somebody without a deadline before another peer is asked beside it.
/// A living one says "come again" after [`BULK_ASK`] and the asker's grace at the latest.
const BULK_PATIENCE: Micros = Micros::from_secs(12);
/// The same before the origin is asked: a peer that is slow but alive is worth the wait.
const BULK_PATIENCE_ORIGIN: Micros = Micros::from_secs(30);
/// By when a peer is asked to have the chunk for somebody without a deadline. Short, so that asking is
/// also a sign of life; whoever is still seeking the chunk says so, and is asked again.
pub(super) const BULK_ASK: Micros = Micros::from_secs(5);

/// What is known when the question comes up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    /// When the chunk is needed.
    pub(super) deadline: Instant,
    /// When the youngest of the running sources was asked.
    pub(super) started: Instant,
    /// How long that one is expected to take.
    pub(super) expected: Micros,
}

/// When the next source must be asked so that it and each one after it could still be in time;
/// but not before the running source had the time it usually takes. A deadline too short for
/// everybody would otherwise send every peer of a site to the origin at once.
pub(super) fn ask_next_at(running: Running, next: Micros, after: Micros) -> Instant {
    let latest = running.deadline - room(next + after);
    let patience = running.expected.min(MAX_PATIENCE.max(next));
    latest.max(running.started + patience)
}

/// The origin is not asked beside a peer before that had this much time, unless the deadline comes first.
/// Where the WAN is thin, a home that is fetching takes long, and with it everybody at the site: if all went to the
/// origin then, all would be later still.
const LAST_RESORT_PATIENCE: Micros = Micros::from_secs(3);

/// When the origin is asked beside a peer; `at` is when any other source would be.
pub(super) fn last_resort_beside(running: Running, at: Instant) -> Instant {
    let patience = running.started + LAST_RESORT_PATIENCE;
    at.max(patience.min(running.deadline))
}

/// The same for somebody without a deadline: only silence calls for another source.
pub(super) fn ask_next_of_bulk_at(started: Instant, next_is_origin: bool) -> Instant {
    let patience = if next_is_origin {
        BULK_PATIENCE_ORIGIN
    } else {
        BULK_PATIENCE
    };
    started + patience
}

/// When the origin must be asked at the latest, if nothing is running at all.
pub(super) fn last_resort_at(deadline: Instant, origin: Micros) -> Instant {
    deadline - room(origin)
}

fn room(expected: Micros) -> Micros {
    let generous = Micros(expected.0.saturating_add(expected.0 / 4));
    generous.min(MAX_ROOM) + SLACK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(deadline_ms: u64, started_ms: u64, expected_ms: u64, next_ms: u64) -> u64 {
        let ms = Micros::from_millis;
        let running = Running {
            deadline: Instant(0) + ms(deadline_ms),
            started: Instant(0) + ms(started_ms),
            expected: ms(expected_ms),
        };
        ask_next_at(running, ms(next_ms), ms(0)).0 / 1000
    }

    #[test]
    fn the_next_source_is_asked_while_it_can_still_be_in_time() {
        // deadline, started, expected, next -> when; all in milliseconds.
        for (deadline, started, expected, next, when) in [
            // Much room: as late as the next source allows.
            (10_000, 0, 50, 1000, 8650),
            // A source that takes very long is not asked very early for it.
            (60_000, 0, 50, 40_000, 51_900),
            // The running source is slow, the deadline decides all the same.
            (10_000, 0, 9000, 1000, 8650),
            // No room: the running source gets its usual time.
            (1000, 0, 300, 1000, 300),
            // A source that always takes long gets no more than the most.
            (1000, 500, 60_000, 1000, 2500),
            // Nor does it when the next one would take as long.
            (1000, 500, 60_000, 30_000, 30_500),
            (1000, 500, 4000, 30_000, 4500),
            // Past the deadline.
            (0, 5000, 100, 1000, 5100),
        ] {
            assert_eq!(
                at(deadline, started, expected, next),
                when,
                "{deadline} {started}"
            );
        }
    }

    #[test]
    fn nothing_overflows_at_the_ends_of_time() {
        let running = Running {
            deadline: Instant(u64::MAX),
            started: Instant(u64::MAX),
            expected: Micros(u64::MAX),
        };
        assert_eq!(
            ask_next_at(running, Micros(u64::MAX), Micros(u64::MAX)),
            Instant(u64::MAX)
        );
        assert_eq!(last_resort_at(Instant(0), Micros(u64::MAX)), Instant(0));
    }
}
