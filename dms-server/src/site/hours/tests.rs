//! Which cap holds when, and hours as text.

use super::*;

const HOUR_MS: i64 = 60 * MINUTE_MS;
/// 2026-11-23 is a Monday; its midnight in UTC.
const MONDAY_MS: i64 = 20_780 * 24 * HOUR_MS;

fn at(day: i64, hour: i64, minute: i64) -> i64 {
    MONDAY_MS + day * 24 * HOUR_MS + hour * HOUR_MS + minute * MINUTE_MS
}

fn hours(text: &str) -> Hours {
    text.parse().expect("hours")
}

const MBIT: u64 = 125_000;

#[test]
fn the_cap_of_a_window_holds_in_it_and_no_longer() {
    let office = hours("utc mon-fri 8:00-18:00 10");
    let cap = |ms: i64| office.cap_at(ms, 50 * MBIT) / MBIT;
    assert_eq!([cap(at(0, 8, 0) - 1), cap(at(0, 8, 0))], [50, 10]);
    assert_eq!([cap(at(4, 18, 0) - 1), cap(at(4, 18, 0))], [10, 50]);
    assert_eq!(cap(at(5, 12, 0)), 50, "on Saturday");
    assert_eq!(office.next_change(at(0, 7, 59)), Some(at(0, 8, 0)));
    assert_eq!(
        office.next_change(at(0, 8, 0)),
        Some(at(0, 18, 0)),
        "not now itself"
    );
    assert_eq!(office.next_change(at(0, 8, 0) + 30_000), Some(at(0, 18, 0)));
    assert_eq!(
        office.next_change(at(4, 18, 0)),
        Some(at(7, 8, 0)),
        "after the week-end"
    );
    assert_eq!(Hours::default().next_change(0), None);
    assert_eq!(Hours::default().cap_at(0, 7), 7);
}

#[test]
fn hours_are_the_place_s_own_and_may_last_over_midnight_and_the_end_of_the_week() {
    let night = hours("UTC-5 sun 22:00-06:00 0; mon 9:00-24:00 1");
    // 22:00 at UTC-5 is 3:00 of the next day in UTC.
    let cap = |ms: i64| night.cap_at(ms, 50 * MBIT) / MBIT;
    assert_eq!([cap(at(0, 3, 0) - 1), cap(at(0, 3, 0))], [50, 0]);
    assert_eq!([cap(at(0, 11, 0) - 1), cap(at(0, 11, 0))], [0, 50]);
    assert_eq!(
        [cap(at(0, 14, 0)), cap(at(1, 5, 0) - 1), cap(at(1, 5, 0))],
        [1, 1, 50]
    );
    assert_eq!(night.next_change(at(0, 3, 0)), Some(at(0, 11, 0)));
    let east = hours("utc+05:45 mon-sun 00:00-24:00 3");
    assert_eq!(east.cap_at(at(2, 18, 15), 0) / MBIT, 3);
}

#[test]
fn every_minute_of_a_week_has_the_cap_that_its_next_change_says() {
    let hours = hours("utc+2 mon-fri 8:00-12:00 10; mon-fri 12:00-13:30 20; fri-sat 23:00-2:00 5");
    let mut now = at(0, 0, 0);
    let end = at(7, 0, 0);
    let mut steps = 0;
    while now < end {
        let next = hours.next_change(now).expect("there are windows");
        assert!(next > now);
        let cap = hours.cap_at(now, 50);
        for moment in (now..next).step_by(60_000).chain([next - 1]) {
            assert_eq!(hours.cap_at(moment, 50), cap, "{moment}");
        }
        now = next;
        steps += 1;
    }
    assert_eq!(steps, 5 * 3 + 2 * 2 + 1);
}

#[test]
fn a_text_is_the_same_after_it_was_read_and_written() {
    for (text, one) in [
        ("", ""),
        ("none", ""),
        (
            "mon-fri 8:00-18:00 10",
            "UTC+00:00 mon,tue,wed,thu,fri 08:00-18:00 10",
        ),
        (
            "UTC+5:30 SAT-mon 0:00-24:00 2.5",
            "UTC+05:30 mon,sat,sun 00:00-24:00 2.5",
        ),
        (
            "utc-3 mon 1:00-2:00 0|tue 1:00-2:00 1,5",
            "UTC-03:00 mon 01:00-02:00 0; tue 01:00-02:00 1.5",
        ),
    ] {
        let read: Hours = text.parse().expect(text);
        assert_eq!(read.to_string(), one);
        assert_eq!(one.parse::<Hours>().expect("again"), read);
    }
}

#[test]
fn what_cannot_be_is_named() {
    let word = |word: &str| TextFault::Word(word.to_owned());
    for (text, fault) in [
        ("monday 8:00-18:00 10", word("monday")),
        ("mon 8-18 10", word("8-18")),
        ("mon 8:00-25:00 10", word("8:00-25:00")),
        ("mon 8:00-24:01 10", word("8:00-24:01")),
        ("mon 8:00-18:00", word("mon 8:00-18:00")),
        ("mon 8:00-18:00 fast", word("fast")),
        ("mon 8:00-18:00 -1", word("-1")),
        ("mon 8:00-18:00 10 20", word("20")),
        ("utc+15 mon 8:00-18:00 10", word("utc+15")),
        ("utc*1 mon 8:00-18:00 10", word("utc*1")),
        ("utc+1", word("utc+1")),
        (
            "mon,mon 8:00-18:00 1",
            TextFault::Hours(HoursError::Window(0)),
        ),
        ("mon 8:00-8:00 1", TextFault::Hours(HoursError::Window(0))),
        ("mon 24:00-8:00 1", TextFault::Hours(HoursError::Window(0))),
        (
            "mon 8:00-18:00 1; sun-tue 17:59-18:30 2",
            TextFault::Hours(HoursError::Overlap(1)),
        ),
        (
            "sun 23:00-1:00 1; mon 0:30-2:00 2",
            TextFault::Hours(HoursError::Overlap(1)),
        ),
        (
            "mon-tue 12:00-11:59 1; wed 11:00-12:00 2",
            TextFault::Hours(HoursError::Overlap(1)),
        ),
    ] {
        assert_eq!(text.parse::<Hours>().expect_err(text), fault, "{text}");
    }
    let window = |from, until| Window {
        days: vec![Day::Mon],
        from,
        until,
        cap: 1,
    };
    assert_eq!(Hours::new(841, vec![]), Err(HoursError::Offset));
    assert_eq!(
        Hours::new(0, vec![window(0, 1); 51]),
        Err(HoursError::TooMany)
    );
    assert_eq!(
        Hours::new(60, vec![]),
        Ok(Hours::default()),
        "no windows, no place"
    );
}
