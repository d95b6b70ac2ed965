//! What is odd about an event. It counts all the same: nothing is lost, and a report says how much was odd.

use dms_ads::decision::Event;

use super::AdEvent;
use super::name;

/// How much of what an event claims must have been played, percent.
const PLAYED_MIN: i64 = 90;

/// How far a player's clock may be ahead, milliseconds.
const AHEAD_MAX_MS: i64 = 5 * 60_000;

/// How many quarters of the duration an event claims; none: it claims nothing of the kind.
#[must_use]
pub const fn quarters(event: Event) -> Option<i64> {
    match event {
        Event::FirstQuartile => Some(1),
        Event::Midpoint => Some(2),
        Event::ThirdQuartile => Some(3),
        Event::Complete => Some(4),
        _ => None,
    }
}

/// The event that comes before another.
const fn before(event: Event) -> Option<Event> {
    match event {
        Event::Midpoint => Some(Event::FirstQuartile),
        Event::ThirdQuartile => Some(Event::Midpoint),
        Event::Complete => Some(Event::ThirdQuartile),
        Event::Resume => Some(Event::Pause),
        _ => None,
    }
}

/// Words for what is odd, apart by spaces: `no_start`, `unordered`, `implausible`, `clock`. `seen` is what was counted
/// of the instance before.
#[must_use]
pub fn flags(event: &AdEvent, duration_ms: i64, seen: &[String], now_ms: i64) -> String {
    let has = |wanted: Event| seen.iter().any(|seen| seen == name(wanted));
    let mut flags = Vec::new();
    if let Some(quarters) = quarters(event.event) {
        if !has(Event::Start) {
            flags.push("no_start");
        }
        if event.media_ms * 400 < duration_ms * quarters * PLAYED_MIN {
            flags.push("implausible");
        }
    }
    if before(event.event).is_some_and(|before| !has(before)) {
        flags.push("unordered");
    }
    if event.at_ms > now_ms + AHEAD_MAX_MS {
        flags.push("clock");
    }
    flags.join(" ")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn event(event: Event, media_ms: i64, at_ms: i64) -> AdEvent {
        AdEvent {
            instance: Uuid::nil(),
            event,
            media_ms,
            at_ms,
            code: None,
            receipt: None,
        }
    }

    #[test]
    fn what_cannot_be_is_flagged() {
        let all = ["start", "first_quartile", "midpoint", "third_quartile"];
        let all = all.map(str::to_owned);
        let table: [(Event, i64, &[String], &str); 9] = [
            (Event::Start, 0, &[], ""),
            (Event::Complete, 9_000, &all, ""),
            (Event::Complete, 8_999, &all, "implausible"),
            (Event::Complete, 10_000, &all[1..], "no_start"),
            (Event::Complete, 10_000, &all[..3], "unordered"),
            (Event::Complete, 10_000, &[], "no_start unordered"),
            (Event::Midpoint, 4_500, &all, ""),
            (Event::Midpoint, 4_499, &all, "implausible"),
            (Event::FirstQuartile, 2_500, &all[..1], ""),
        ];
        for (kind, media_ms, seen, expected) in table {
            assert_eq!(
                flags(&event(kind, media_ms, 0), 10_000, seen, 0),
                expected,
                "{kind:?}"
            );
        }
        let ahead = event(Event::Click, 0, 10 * 60_000);
        assert_eq!(flags(&ahead, 10_000, &[], 0), "clock");
    }
}
