//! What is told of one showing: samples of a player's media time in, each event once out.
//!
//! Quartiles, completion and progress are of the media time that was played through, each instant of it
//! counted once: neither the clock nor a seek makes them. A player keeps the [`Showing`] as it is (it serialises)
//! **before** it tells what [`Showing::handle`] answered, and every few seconds besides. After a crash it goes on
//! from what it kept, so that nothing is told twice; what is still to be told is in it too.
//!
//! `vectors/progress.json` says the same as inputs and events, for machines in other languages.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::decision::Event;

/// How much may be missing at the end, milliseconds: players stop a few pictures early.
const SLACK_MS: u64 = 500;

/// The most stretches that are kept apart. Beyond, the shortest is forgotten: too little is counted, never too much.
const STRETCHES_MAX: usize = 64;

/// The most marks of a showing.
pub const MARKS_MAX: usize = 32;

/// What happens at a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Input {
    /// Where it is, several times a second or as often as there is one. When the sample before said that it plays, what
    /// lies between the two was played through.
    Sample {
        /// Media time, milliseconds.
        at: u64,
        /// Whether it plays.
        playing: bool,
        /// Whether it is mute.
        muted: bool,
    },
    /// It jumps there; a sample at the place it leaves comes before.
    Seek {
        /// Media time, milliseconds.
        to: u64,
    },
    /// The media ended by itself.
    End,
    /// The viewer skipped the rest.
    Skip,
    /// The viewer clicked.
    Click,
    /// It cannot be shown any further.
    Error {
        /// The VAST error code.
        code: u16,
    },
}

/// One event to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The event.
    pub event: Event,
    /// Of quartiles and completion, how much was played; of progress, the mark; else where it was. Milliseconds.
    pub media_ms: u64,
    /// When, by the player's clock, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Of an error, its VAST code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

impl Told {
    /// Whether it is the same event of the showing, whenever it was told.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.event == other.event
            && (self.event != Event::Progress || self.media_ms == other.media_ms)
    }
}

/// One showing of one creative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Showing {
    duration_ms: u64,
    /// When progress is told, of the media time played; those that are not told yet.
    marks: Vec<u64>,
    /// What was played, in order and apart.
    played: Vec<(u64, u64)>,
    /// What happened already.
    seen: Vec<Event>,
    /// What no answer came for.
    waiting: Vec<Told>,
    /// Whether the viewer has it paused.
    paused: bool,
    /// Of this run alone: a restored showing knows neither where its player is nor how loud.
    #[serde(skip)]
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Last {
    at: u64,
    playing: bool,
    muted: bool,
}

impl Showing {
    /// A showing of a creative of this length; `marks`: at how much of it progress is told.
    #[must_use]
    pub fn new(duration_ms: u64, marks: &[u64]) -> Self {
        let mut marks: Vec<u64> = marks.iter().copied().take(MARKS_MAX).collect();
        marks.sort_unstable();
        marks.dedup();
        Self {
            duration_ms,
            marks,
            played: Vec::new(),
            seen: Vec::new(),
            waiting: Vec::new(),
            paused: false,
            last: None,
        }
    }

    /// Takes what happened; answers what is to be told of it, once it is kept. `now_ms` is only noted.
    pub fn handle(&mut self, input: Input, now_ms: i64) -> Vec<Told> {
        let before = self.waiting.len();
        if !self.is_over() {
            self.take(input, now_ms);
        }
        self.waiting.get(before..).unwrap_or_default().to_vec()
    }

    /// What no answer came for, the oldest first.
    #[must_use]
    pub fn waiting(&self) -> &[Told] {
        &self.waiting
    }

    /// An event was answered for, whatever the answer: it is not told again.
    pub fn answered(&mut self, told: &Told) {
        self.waiting.retain(|other| !other.is_same(told));
    }

    /// Whether it ended: nothing is to come any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.has(Event::Skip) || self.has(Event::Error)
    }

    /// How much of it was played, milliseconds of media.
    #[must_use]
    pub fn played_ms(&self) -> u64 {
        self.played.iter().map(|(from, to)| to - from).sum()
    }

    fn has(&self, event: Event) -> bool {
        self.seen.contains(&event)
    }

    fn take(&mut self, input: Input, now_ms: i64) {
        match input {
            Input::Sample { at, playing, muted } => {
                let now = Last {
                    at: at.min(self.duration_ms),
                    playing,
                    muted,
                };
                self.sample(now, now_ms);
            }
            Input::Seek { to } => {
                if let Some(last) = &mut self.last {
                    last.at = to.min(self.duration_ms);
                }
            }
            Input::End => self.end(now_ms),
            Input::Skip => self.tell_here(Event::Skip, None, now_ms),
            Input::Click => self.tell_here(Event::Click, None, now_ms),
            Input::Error { code } => self.tell_here(Event::Error, Some(code), now_ms),
        }
    }

    fn sample(&mut self, now: Last, now_ms: i64) {
        let last = self.last.replace(now);
        if now.playing && !self.has(Event::Start) {
            self.tell(Event::Impression, now.at, None, now_ms);
            self.tell(Event::Start, now.at, None, now_ms);
        }
        if let Some(last) = last.filter(|last| last.playing && now.at > last.at) {
            self.cover(last.at, now.at);
            self.tell_played(now_ms);
        }
        let began = self.has(Event::Start) && !self.has(Event::Complete);
        let at_end = now.at + self.slack() >= self.duration_ms;
        if began && !at_end && !now.playing && last.is_some_and(|last| last.playing) {
            self.paused = true;
            self.tell(Event::Pause, now.at, None, now_ms);
        }
        if began && now.playing && std::mem::take(&mut self.paused) {
            self.tell(Event::Resume, now.at, None, now_ms);
        }
        if let Some(last) = last.filter(|last| began && last.muted != now.muted) {
            let event = if last.muted {
                Event::Unmute
            } else {
                Event::Mute
            };
            self.tell(event, now.at, None, now_ms);
        }
    }

    /// A player that says so played on to the end; what it skipped is missing all the same.
    fn end(&mut self, now_ms: i64) {
        let Some(last) = &mut self.last else { return };
        let (from, played) = (last.at, last.playing);
        last.at = self.duration_ms;
        last.playing = false;
        if played && from < self.duration_ms {
            self.cover(from, self.duration_ms);
        }
        self.tell_played(now_ms);
    }

    /// Everything that follows from how much was played.
    fn tell_played(&mut self, now_ms: i64) {
        let played = self.played_ms();
        let reached = self.marks.partition_point(|mark| *mark <= played);
        let reached: Vec<u64> = self.marks.drain(..reached).collect();
        for mark in reached {
            self.waiting.push(Told {
                event: Event::Progress,
                media_ms: mark,
                at_ms: now_ms,
                code: None,
            });
        }
        let quartiles = [Event::FirstQuartile, Event::Midpoint, Event::ThirdQuartile];
        for (quarters, event) in (1..).zip(quartiles) {
            if played.saturating_mul(4) >= self.duration_ms.saturating_mul(quarters) {
                self.tell(event, played, None, now_ms);
            }
        }
        if played + self.slack() >= self.duration_ms {
            self.tell(Event::Complete, played, None, now_ms);
        }
    }

    /// Of a short creative only a twentieth may be missing.
    fn slack(&self) -> u64 {
        SLACK_MS.min(self.duration_ms / 20)
    }

    fn cover(&mut self, mut from: u64, mut to: u64) {
        self.played.retain(|&(begin, end)| {
            let apart = end < from || begin > to;
            if !apart {
                from = from.min(begin);
                to = to.max(end);
            }
            apart
        });
        let place = self.played.partition_point(|(begin, _)| *begin < from);
        self.played.insert(place, (from, to));
        if self.played.len() > STRETCHES_MAX {
            let shortest = (0..self.played.len())
                .min_by_key(|index| self.played.get(*index).map(|(from, to)| to - from));
            if let Some(shortest) = shortest {
                self.played.remove(shortest);
            }
        }
    }

    fn tell_here(&mut self, event: Event, code: Option<u16>, now_ms: i64) {
        let at = self.last.map_or(0, |last| last.at);
        if event == Event::Skip && self.has(Event::Complete) {
            return;
        }
        self.tell(event, at, code, now_ms);
    }

    fn tell(&mut self, event: Event, media_ms: u64, code: Option<u16>, at_ms: i64) {
        if self.has(event) {
            return;
        }
        self.seen.push(event);
        self.waiting.push(Told {
            event,
            media_ms,
            at_ms,
            code,
        });
    }
}
