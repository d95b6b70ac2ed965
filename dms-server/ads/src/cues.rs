//! Breaks from splice messages: what goes out comes back, by the name of the event.
//!
//! A break is where the content is left, until it is come back to: by a message with the same event id, early
//! or late, or by itself after the length that was announced. Where one break lies within another (ads in a
//! placement opportunity), the outer one counts.

use crate::scte35::segmentation::{Edge, edge};
use crate::scte35::{Command, SpliceInfo, ms, write};

/// How long after a splice the segment may begin that it means: encoders cut at the next picture that they can.
pub const TOLERANCE_MS: u64 = 20;
/// The most messages of one list.
pub const CUES_MAX: usize = 10_000;
/// A time before the first one by less than this is before it; otherwise the clock wrapped.
const HALF_WRAP: u64 = 1 << 32;

/// A message and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// Media time, milliseconds.
    pub at_ms: u64,
    /// The message.
    pub info: SpliceInfo,
}

/// What is known of the content.
#[derive(Clone, Copy, Debug, Default)]
pub struct Content<'a> {
    /// Where its segments begin, milliseconds, ascending; empty when that is not known.
    pub starts_ms: &'a [u64],
    /// Its playing time, milliseconds.
    pub duration_ms: Option<u64>,
    /// The stream's clock at media time 0, ticks. With it, a splice is when its message says; without it, where
    /// the message stands.
    pub first_pts: Option<u64>,
}

/// A break that messages made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CueBreak {
    /// Media time, milliseconds.
    pub at_ms: u64,
    /// How long it is; none: nobody said.
    pub length_ms: Option<u64>,
    /// The message that begins it and, where there was one, the one that ends it.
    pub messages: Vec<u8>,
    /// The event.
    pub event_id: u32,
}

/// What is odd about a list of messages; none of it hinders the rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// An end without a beginning.
    #[error("message {index}: event {event_id} ends, and did not begin")]
    NeverBegan {
        /// Which message, from 1.
        index: usize,
        /// The event.
        event_id: u32,
    },
    /// A beginning without an end or a length.
    #[error("event {event_id} never ends, and says no length: it is an insertion")]
    NeverEnds {
        /// The event.
        event_id: u32,
    },
    /// A cancelled event.
    #[error("message {index}: event {event_id} is cancelled")]
    Cancelled {
        /// Which message, from 1.
        index: usize,
        /// The event.
        event_id: u32,
    },
    /// A break within another.
    #[error("event {event_id} lies within event {outer}, which counts")]
    Within {
        /// The event.
        event_id: u32,
        /// The one around it.
        outer: u32,
    },
    /// A break that the content has no place for.
    #[error("event {event_id} lies behind the end of the content")]
    BeyondEnd {
        /// The event.
        event_id: u32,
    },
    /// A message that has no time.
    #[error("message {index}: event {event_id} says no time; where the message stands counts")]
    NoTime {
        /// Which message, from 1.
        index: usize,
        /// The event.
        event_id: u32,
    },
}

/// The two spaces of event ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Splice,
    Segmentation,
}

struct Open {
    name: (Space, u32),
    at_ms: u64,
    planned_ms: Option<u64>,
    ended_ms: Option<u64>,
    messages: Vec<u8>,
}

/// What a message says of one event.
struct Said {
    name: (Space, u32),
    edge: Option<Edge>,
    planned_ms: Option<u64>,
}

/// Makes breaks of messages, which stand in the order in which they came.
#[must_use]
pub fn breaks(cues: &[Cue], content: &Content<'_>) -> (Vec<CueBreak>, Vec<Oddity>) {
    let mut odd = Vec::new();
    let mut all: Vec<Open> = Vec::new();
    for (index, cue) in (1..).zip(cues) {
        // What was read is written again; reserved bits are all that may differ.
        let bytes = write(&cue.info).unwrap_or_default();
        for said in said(&cue.info) {
            let event_id = said.name.1;
            let at_ms = content.time(cue).unwrap_or_else(|| {
                odd.push(Oddity::NoTime { index, event_id });
                cue.at_ms
            });
            let open = all
                .iter()
                .rposition(|o| o.name == said.name && o.ended_ms.is_none());
            match (said.edge, open) {
                (None, Some(place)) => {
                    all.remove(place);
                    odd.push(Oddity::Cancelled { index, event_id });
                }
                (None, None) => odd.push(Oddity::Cancelled { index, event_id }),
                (Some(Edge::Out), Some(place)) => {
                    // Messages are repeated while a splice comes nearer; a later one may know more.
                    if let Some(open) = all.get_mut(place) {
                        open.planned_ms = said.planned_ms.or(open.planned_ms);
                    }
                }
                (Some(Edge::Out), None) => all.push(Open {
                    name: said.name,
                    at_ms,
                    planned_ms: said.planned_ms,
                    ended_ms: None,
                    messages: bytes.clone(),
                }),
                (Some(Edge::In), Some(place)) => {
                    if let Some(open) = all.get_mut(place) {
                        open.ended_ms = Some(at_ms.max(open.at_ms));
                        open.messages.extend(&bytes);
                    }
                }
                (Some(Edge::In), None) => odd.push(Oddity::NeverBegan { index, event_id }),
            }
        }
    }
    let found = settle(all, content, &mut odd);
    (outermost(found, &mut odd), odd)
}

/// Where each break begins and ends.
fn settle(all: Vec<Open>, content: &Content<'_>, odd: &mut Vec<Oddity>) -> Vec<CueBreak> {
    let mut found = Vec::new();
    for open in all {
        let event_id = open.name.1;
        let planned = open.planned_ms.map(|ms| open.at_ms.saturating_add(ms));
        let end = open.ended_ms.or(planned);
        if end.is_none() {
            odd.push(Oddity::NeverEnds { event_id });
        }
        let at_ms = content.snap(open.at_ms);
        if content.duration_ms.is_some_and(|end| at_ms > end) {
            odd.push(Oddity::BeyondEnd { event_id });
            continue;
        }
        let last = content.duration_ms.unwrap_or(u64::MAX);
        let end = end.map(|end| content.snap(end).min(last));
        let length_ms = end.map(|end| end.saturating_sub(at_ms));
        found.push(CueBreak {
            at_ms,
            length_ms: length_ms.filter(|ms| *ms > 0),
            messages: open.messages,
            event_id,
        });
    }
    // The longer one first, so that what lies in it comes behind it.
    found.sort_by_key(|b| (b.at_ms, std::cmp::Reverse(b.length_ms)));
    found
}

fn outermost(found: Vec<CueBreak>, odd: &mut Vec<Oddity>) -> Vec<CueBreak> {
    let mut kept: Vec<CueBreak> = Vec::new();
    for one in found {
        let around = kept.last().filter(|outer| {
            let end = outer.at_ms.saturating_add(outer.length_ms.unwrap_or(0));
            one.at_ms == outer.at_ms || one.at_ms < end
        });
        match around {
            Some(outer) => odd.push(Oddity::Within {
                event_id: one.event_id,
                outer: outer.event_id,
            }),
            None => kept.push(one),
        }
    }
    kept
}

fn said(info: &SpliceInfo) -> Vec<Said> {
    let mut all = Vec::new();
    if let Command::Insert(insert) = &info.command {
        let edge = insert
            .detail
            .as_ref()
            .map(|detail| match detail.out_of_network {
                true => Edge::Out,
                false => Edge::In,
            });
        let duration = insert.detail.as_ref().and_then(|detail| detail.duration);
        all.push(Said {
            name: (Space::Splice, insert.event_id),
            edge,
            planned_ms: duration.map(|duration| ms(duration.ticks)),
        });
    }
    for segmentation in info.segmentations() {
        let segment = segmentation.segment.as_ref();
        let edge = segment.map(|segment| edge(segment.type_id));
        // Programs and chapters are none of ours; a cancelled event may be.
        if edge == Some(None) {
            continue;
        }
        all.push(Said {
            name: (Space::Segmentation, segmentation.event_id),
            edge: edge.flatten(),
            planned_ms: segment.and_then(|segment| segment.duration).map(ms),
        });
    }
    all
}

impl Content<'_> {
    /// When a message applies; none: it says no time, and one was to be expected.
    fn time(&self, cue: &Cue) -> Option<u64> {
        let Some(first) = self.first_pts else {
            return Some(cue.at_ms);
        };
        let since = cue.info.pts()?.wrapping_sub(first) % (HALF_WRAP * 2);
        Some(if since < HALF_WRAP { ms(since) } else { 0 })
    }

    /// The beginning of the segment that a splice means.
    fn snap(&self, at_ms: u64) -> u64 {
        let place = self.starts_ms.partition_point(|start| *start < at_ms);
        let next = self.starts_ms.get(place).copied();
        next.filter(|start| start - at_ms <= TOLERANCE_MS)
            .unwrap_or(at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scte35::build::{ad_pair, splice_pair};
    use crate::scte35::{Insert, Upid};

    fn at(at_ms: u64, info: SpliceInfo) -> Cue {
        Cue { at_ms, info }
    }

    fn times(cues: &[Cue]) -> Vec<(u64, Option<u64>)> {
        let (found, _) = breaks(cues, &Content::default());
        found.iter().map(|b| (b.at_ms, b.length_ms)).collect()
    }

    #[test]
    fn out_and_in_are_matched_by_event() {
        let (out_a, in_a) = splice_pair(1, 0, 30 * 90_000);
        let (out_b, in_b) = ad_pair(1, 0, 10 * 90_000, &Upid::default());
        let cues = [
            at(10_000, out_a),
            at(40_000, in_a),
            at(60_000, out_b),
            at(65_000, in_b),
        ];
        assert_eq!(
            times(&cues),
            [(10_000, Some(30_000)), (60_000, Some(5_000))]
        );
    }

    #[test]
    fn a_break_ends_by_itself_early_or_late() {
        let (out, back) = splice_pair(1, 0, 30 * 90_000);
        assert_eq!(times(&[at(5, out.clone())]), [(5, Some(30_000))]);
        for end in [10_005, 60_005] {
            let cues = [
                at(5, out.clone()),
                at(5, out.clone()),
                at(end, back.clone()),
            ];
            assert_eq!(times(&cues), [(5, Some(end - 5))]);
        }
    }

    #[test]
    fn what_is_cancelled_or_never_began_is_no_break() {
        let (out, back) = splice_pair(7, 0, 90_000);
        let cancel = SpliceInfo::of(Command::Insert(Insert {
            event_id: 7,
            detail: None,
        }));
        let cues = [at(9, out), at(1, cancel), at(99, back)];
        let (found, odd) = breaks(&cues, &Content::default());
        assert!(found.is_empty());
        let (first, second) = (
            Oddity::Cancelled {
                index: 2,
                event_id: 7,
            },
            Oddity::NeverBegan {
                index: 3,
                event_id: 7,
            },
        );
        assert_eq!(odd, [first, second]);
    }

    #[test]
    fn a_break_begins_with_the_segment_that_it_means() {
        let content = Content {
            starts_ms: &[0, 4000, 8000],
            duration_ms: Some(12_000),
            first_pts: None,
        };
        for (given, meant) in [
            (3980, 4000),
            (3979, 3979),
            (4000, 4000),
            (4001, 4001),
            (11_990, 11_990),
        ] {
            let (out, _) = splice_pair(1, 0, 90_000);
            let (found, _) = breaks(&[at(given, out)], &content);
            assert_eq!(found[0].at_ms, meant, "{given}");
        }
        let (out, _) = splice_pair(1, 0, 90_000);
        let (found, odd) = breaks(&[at(12_001, out)], &content);
        assert_eq!(
            (found, odd),
            (vec![], vec![Oddity::BeyondEnd { event_id: 1 }])
        );
    }

    #[test]
    fn with_the_streams_clock_the_message_says_when() {
        let first = (1 << 33) - 90_000;
        let (mut out, _) = splice_pair(1, first, 90_000);
        out.pts_adjustment = 3 * 90_000;
        let content = Content {
            first_pts: Some(first),
            ..Content::default()
        };
        let (found, _) = breaks(&[at(77, out)], &content);
        assert_eq!(
            found[0].at_ms, 3000,
            "the adjustment counts, and the clock wraps"
        );
    }

    #[test]
    fn of_breaks_within_one_another_the_outer_one_counts() {
        let (out, back) = splice_pair(1, 0, 60 * 90_000);
        let (ad, end) = ad_pair(2, 0, 15 * 90_000, &Upid::default());
        let cues = [
            at(1000, out),
            at(1000, ad),
            at(16_000, end),
            at(61_000, back),
        ];
        let (found, odd) = breaks(&cues, &Content::default());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].event_id, found[0].length_ms), (1, Some(60_000)));
        assert_eq!(
            odd,
            [Oddity::Within {
                event_id: 2,
                outer: 1
            }]
        );
    }
}
