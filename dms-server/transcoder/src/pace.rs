//! When each picture is shown and where segments start.
//!
//! Source pictures come in with their times, in order of display; out come the pictures to
//! encode, each with its time, how long it stays, and whether a segment starts with it. Every
//! rendition is fed from this one list, so all of them cut at the same times.
//!
//! - A segment starts with the first picture at or after each multiple of the segment length.
//! - A picture whose time does not grow is dropped, and so is one that exceeds the frame rate.
//! - A picture that stays through the start of a segment for long (a slide show) is shown again
//!   there, so that segments keep their length.

/// Times are in ticks of this many a second.
pub const TICKS: i64 = 90_000;

/// A segment starts this share of its length late rather than with a repeated picture.
const LATE: i64 = 4;

/// A picture to encode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown<F> {
    /// When it appears, ticks.
    pub at: i64,
    /// How long it stays, ticks.
    pub duration: i64,
    /// A segment starts here.
    pub starts_segment: bool,
    /// The picture.
    pub picture: F,
}

/// The policy. It holds one picture back until the next one tells how long it stays.
#[derive(Debug)]
pub struct Pace<F> {
    segment: i64,
    /// Frames per 1000 seconds that may not be exceeded, when the source exceeds them.
    cap_milli: Option<u32>,
    held: Option<Held<F>>,
    next_cut: i64,
    dropped: u64,
}

#[derive(Debug)]
struct Held<F> {
    at: i64,
    expected: i64,
    picture: F,
}

impl<F: Clone> Pace<F> {
    /// A policy for segments of so many ticks.
    pub fn new(segment: i64, cap_milli: Option<u32>) -> Self {
        Self {
            segment,
            cap_milli,
            held: None,
            next_cut: 0,
            dropped: 0,
        }
    }

    /// Takes the next source picture; `expected` is how long the source says it stays.
    pub fn push(&mut self, at: i64, expected: i64, picture: F) -> Vec<Shown<F>> {
        let Some(held) = self.held.take() else {
            // Whatever the first picture's time, the title starts with it.
            self.held = Some(Held {
                at: 0,
                expected: at.max(0) + expected,
                picture,
            });
            return Vec::new();
        };
        let too_soon = at > held.at && self.exceeds_cap(held.at, at);
        if at <= held.at || too_soon {
            self.dropped += 1;
            // What is left out for the rate leaves its time to the one before.
            let stays = if too_soon {
                at + expected - held.at
            } else {
                held.expected
            };
            let expected = stays.max(held.expected);
            self.held = Some(Held { expected, ..held });
            return Vec::new();
        }
        let shown = self.show(held, at);
        self.held = Some(Held {
            at,
            expected,
            picture,
        });
        shown
    }

    /// Gives out the last picture, and when the title ends.
    pub fn finish(&mut self) -> (Vec<Shown<F>>, i64) {
        let Some(held) = self.held.take() else {
            return (Vec::new(), 0);
        };
        let end = held.at + held.expected.max(1);
        (self.show(held, end), end)
    }

    /// Source pictures that were left out.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn show(&mut self, held: Held<F>, until: i64) -> Vec<Shown<F>> {
        let mut shown = vec![self.shown_at(held.at, held.picture)];
        while until > self.next_cut + self.segment / LATE {
            let again = shown.last().map(|last| last.picture.clone());
            let Some(again) = again else { break };
            shown.push(self.shown_at(self.next_cut, again));
        }
        let ends: Vec<i64> = shown
            .iter()
            .skip(1)
            .map(|next| next.at)
            .chain([until])
            .collect();
        for (picture, end) in shown.iter_mut().zip(ends) {
            picture.duration = end - picture.at;
        }
        shown
    }

    fn shown_at(&mut self, at: i64, picture: F) -> Shown<F> {
        let starts_segment = at >= self.next_cut;
        if starts_segment {
            self.next_cut = (at / self.segment + 1) * self.segment;
        }
        Shown {
            at,
            duration: 0,
            starts_segment,
            picture,
        }
    }

    /// Of all pictures in the same slot of the highest frame rate, the first stays. Slots begin
    /// a quarter early, so that times that a container has rounded fall into the right one.
    fn exceeds_cap(&self, previous: i64, at: i64) -> bool {
        let Some(cap) = self.cap_milli else {
            return false;
        };
        let slot = |ticks: i64| (ticks * i64::from(cap) + TICKS * 250) / (TICKS * 1_000);
        slot(at) <= slot(previous)
    }
}

#[cfg(test)]
mod tests;
