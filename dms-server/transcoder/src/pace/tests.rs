//! Tests of the pacing policy.

use super::*;

const SEGMENT: i64 = 4 * TICKS;

/// The shown pictures and the end of a source whose pictures appear at these milliseconds.
fn run(at_ms: impl IntoIterator<Item = i64>, cap: Option<u32>) -> (Vec<Shown<i64>>, i64, u64) {
    let mut pace = Pace::new(SEGMENT, cap);
    let mut shown = Vec::new();
    for ms in at_ms {
        shown.extend(pace.push(ms * 90, 40 * 90, ms));
    }
    let (rest, end) = pace.finish();
    shown.extend(rest);
    (shown, end, pace.dropped())
}

fn cuts(shown: &[Shown<i64>]) -> Vec<i64> {
    shown
        .iter()
        .filter(|s| s.starts_segment)
        .map(|s| s.at / 90)
        .collect()
}

/// Every picture ends where the next starts, and the last at the end.
fn assert_gapless(shown: &[Shown<i64>], end: i64) {
    let mut at = 0;
    for picture in shown {
        assert_eq!(picture.at, at);
        assert!(picture.duration > 0);
        at += picture.duration;
    }
    assert_eq!(at, end);
}

#[test]
fn a_constant_rate_keeps_every_picture_and_cuts_on_time() {
    let (shown, end, dropped) = run((0..250).map(|n| n * 40), None);
    assert_eq!((shown.len(), end, dropped), (250, 10_000 * 90, 0));
    assert_eq!(cuts(&shown), [0, 4_000, 8_000]);
    assert_gapless(&shown, end);
}

#[test]
fn a_rate_that_misses_the_boundaries_cuts_right_after_them() {
    let (shown, end, _) = run((0..300).map(|n| n * 1001 / 30), None);
    assert_eq!(cuts(&shown), [0, 4_004, 8_008]);
    assert_gapless(&shown, end);
}

#[test]
fn a_slide_show_is_cut_on_time_by_repeating_slides() {
    let (shown, end, _) = run([0, 9_500, 9_600, 21_000], None);
    assert_eq!(cuts(&shown), [0, 4_000, 8_000, 12_000, 16_000, 21_000]);
    assert_gapless(&shown, end);
    let again: Vec<i64> = shown.iter().map(|s| s.picture).collect();
    assert_eq!(again, [0, 0, 0, 9_500, 9_600, 9_600, 9_600, 21_000]);
}

#[test]
fn a_picture_a_little_late_starts_the_segment_itself() {
    let (shown, end, _) = run([0, 3_000, 4_900, 8_200], None);
    assert_eq!(cuts(&shown), [0, 4_900, 8_200]);
    assert_gapless(&shown, end);
}

#[test]
fn times_that_do_not_grow_are_dropped() {
    let (shown, end, dropped) = run([0, 40, 40, 20, 80], None);
    assert_eq!((shown.len(), dropped), (3, 2));
    assert_gapless(&shown, end);
}

#[test]
fn the_title_starts_at_zero_and_the_first_picture_fills_the_gap() {
    let (shown, end, _) = run([500, 540, 580], None);
    assert_eq!(shown[0].at, 0);
    assert_eq!(shown[0].duration, 540 * 90);
    assert_gapless(&shown, end);
}

#[test]
fn too_high_a_rate_is_halved() {
    let mut pace = Pace::new(SEGMENT, Some(60_000));
    let mut shown = Vec::new();
    for n in 0..1200 {
        shown.extend(pace.push(n * 750, 750, n));
    }
    let (rest, end) = pace.finish();
    shown.extend(rest);
    assert!((599..=601).contains(&shown.len()), "{}", shown.len());
    assert_eq!(end, 1200 * 750);
    assert_gapless(&shown, end);
}

#[test]
fn one_picture_is_shown_as_long_as_the_source_says() {
    let (shown, end, _) = run([0], None);
    assert_eq!((shown.len(), end), (1, 3_600));
    assert_eq!(Pace::<u8>::new(SEGMENT, None).finish(), (Vec::new(), 0));
}
