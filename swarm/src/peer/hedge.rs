//! When to ask a second source beside the first.

use crate::time::{Instant, Micros};

/// What an estimate may be wrong by on top of its own spread.
const SLACK: Micros = Micros::from_millis(100);
/// The longest a running source is given beyond the moment the deadline calls for another one,
/// unless the other one would take longer still: then asking it early gains nothing, and where this
/// machine's own link is the narrow one it costs the running source its bytes.
const MAX_PATIENCE: Micros = Micros::from_secs(2);
/// So much of it a source may have used up by the time its bytes begin to come.
pub(super) const MOST_OF_THE_PATIENCE: Micros = Micros::from_millis(1500);
/// How long home 1 waits for another home to say whether it has the chunk, before it asks the
/// origin beside it. A peer that has not got it says so in a few milliseconds.
const PROBE_PATIENCE: Micros = Micros::from_millis(150);
/// The same for somebody without a deadline: one that has it may have no free slot just now.
const BULK_PROBE_PATIENCE: Micros = Micros::from_secs(2);

/// The most time that is left for the next source, whatever it is expected to take. On a congested link every
/// estimate grows; without this bound hedges would fire earlier for it, and congest the link further.
const MAX_ROOM: Micros = Micros::from_secs(8);
/// How long a peer may say nothing to somebody who watches. A living one says "come again" in half of that.
const SILENCE: Micros = Micros::from_secs(4);
/// The same to somebody without a deadline, and how long one whose bytes do not end is waited for. A living
/// one says "come again" after [`BULK_ASK`] and the asker's grace at the latest.
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

/// When home 1 asks the origin beside another home that was asked then and has not answered.
pub(super) fn ask_beside_probe_at(started: Instant, is_bulk: bool) -> Instant {
    let patience = if is_bulk {
        BULK_PROBE_PATIENCE
    } else {
        PROBE_PATIENCE
    };
    started + patience
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
/// Where the WAN is thin, a home that is fetching takes long, and with it everybody at the site: if all
/// went to the origin then, all would be later still.
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

/// How long a living peer is silent at most, with room for a busy machine.
pub(super) fn silence(is_bulk: bool) -> Micros {
    if is_bulk { BULK_PATIENCE } else { SILENCE }
}

/// A peer that is alive and seeks the chunk, though its bytes do not come yet, gets so many times what the
/// origin usually takes here: over the same WAN a second copy is no sooner here than the first, and makes
/// all others later. But a peer that takes much longer than this one would is the narrow place itself.
const TIMES_THE_ORIGIN: u64 = 2;
/// How long after the deadline it is waited for at most.
const OVERDUE: Micros = Micros::from_secs(4);
/// Both are up to twice as long, another time at each peer: peers that wait for one another are helped by
/// the first.
const SPREAD: u64 = 1000;

/// Until when a peer that was asked then may take for a chunk that it has to get from the origin first.
pub(super) fn fair_until(since: Instant, origin: Micros) -> Instant {
    since + Micros(origin.0.saturating_mul(TIMES_THE_ORIGIN))
}

/// When the origin is asked beside a peer that is alive and seeks the chunk. `at` is when the deadline
/// calls for it, `since` when somebody was asked first, `origin` what the origin takes, `draw` differs from
/// peer to peer.
pub(super) fn overdue_at(
    deadline: Instant,
    at: Instant,
    since: Instant,
    origin: Micros,
    draw: u64,
) -> Instant {
    let spread = |time: u64| Micros(time.saturating_add(time / SPREAD * (draw % SPREAD)));
    let fair = since + spread(origin.0.saturating_mul(TIMES_THE_ORIGIN));
    at.max(fair).min(deadline + spread(OVERDUE.0))
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
    fn a_living_peer_gets_twice_the_time_of_the_origin_or_until_well_after_the_deadline() {
        let ms = Micros::from_millis;
        // deadline, when it calls for the origin, first asked, what the origin takes, draw -> when;
        // milliseconds.
        for (deadline, at, since, origin, draw, when) in [
            // The origin is fast: the deadline decides.
            (10_000, 8000, 0, 300, 0, 8000),
            // There is little time, and the origin is slow for everybody.
            (3000, 1000, 0, 2000, 0, 4000),
            (3000, 1000, 0, 2000, 500, 6000),
            // It is much too late for everybody: somebody has to go, each at another time.
            (3000, 1000, 0, 20_000, 0, 7000),
            (3000, 1000, 0, 20_000, 999, 10_996),
        ] {
            let t = |millis: u64| Instant(0) + ms(millis);
            let is = overdue_at(t(deadline), t(at), t(since), ms(origin), draw);
            assert_eq!(is.0 / 1000, when, "{deadline} {at} {origin} {draw}");
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
