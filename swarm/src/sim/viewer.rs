//! A viewer: asks for the next segments ahead of the picture, plays, and counts what it felt.

use crate::time::{Instant, Micros};

/// How far ahead of the picture a viewer asks, segments.
const AHEAD: u32 = 6;
/// How many segments it asks for at once.
const AT_ONCE: u32 = 2;
/// By when it hopes to see the first picture.
const START_WITHIN: Micros = Micros::from_secs(3);
/// How many chunks of a file are asked for at once.
const FILE_WINDOW: u32 = 64;
/// How long a chunk of a file may take.
const FILE_WITHIN: Micros = Micros::from_secs(30);

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    segments: u32,
    segment_time: Micros,
    file: bool,
    /// Chunks still missing of each segment that was asked for.
    missing: Vec<u32>,
    /// The segment on the screen next.
    cursor: u32,
    state: State,
    pub(super) arrived: Instant,
    /// When everything was shown.
    pub(super) ended: Option<Instant>,
    /// From play to picture.
    pub(super) start_up: Option<Micros>,
    pub(super) stalls: u32,
    pub(super) stalled: Micros,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Not here yet.
    Away,
    /// The segment at the cursor is not complete.
    Waiting { since: Instant },
    /// The segment before the cursor plays until then.
    Playing { until: Instant },
    /// Everything was shown, or the viewer's machine is gone.
    Done,
}

impl Viewer {
    pub(super) fn new(segments: u32, segment_time: Micros, file: bool) -> Self {
        Self {
            segments,
            segment_time,
            file,
            missing: Vec::new(),
            cursor: 0,
            state: State::Away,
            arrived: Instant(0),
            ended: None,
            start_up: None,
            stalls: 0,
            stalled: Micros(0),
        }
    }

    pub(super) fn arrive(&mut self, now: Instant) {
        self.state = State::Waiting { since: now };
        self.arrived = now;
    }

    pub(super) fn leave(&mut self) {
        self.state = State::Done;
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many segments it asked for.
    pub(super) fn asked_for(&self) -> u32 {
        self.missing.len() as u32
    }

    /// A chunk of a segment came.
    pub(super) fn got(&mut self, segment: u32) {
        if let Some(missing) = self.missing.get_mut(segment as usize) {
            *missing = missing.saturating_sub(1);
        }
    }

    /// Moves the picture on. Answers when to look again.
    pub(super) fn play(&mut self, now: Instant) -> Option<Instant> {
        loop {
            match self.state {
                State::Away | State::Done => return None,
                State::Playing { until } if now < until => return Some(until),
                State::Playing { .. } if self.cursor == self.segments => {
                    self.state = State::Done;
                    self.ended = Some(now);
                }
                State::Playing { until } => self.state = State::Waiting { since: until },
                State::Waiting { since } if self.is_complete(self.cursor) => {
                    self.note_wait(since, now);
                    self.cursor += 1;
                    self.state = State::Playing {
                        until: now + self.segment_time,
                    };
                }
                State::Waiting { .. } => return None,
            }
        }
    }

    fn note_wait(&mut self, since: Instant, now: Instant) {
        if self.start_up.is_none() {
            self.start_up = Some(now.since(self.arrived));
        } else if now > since && !self.file {
            self.stalls += 1;
            self.stalled = self.stalled + now.since(since);
        }
    }

    /// The next segment to ask for, and by when it is needed; its chunks are `chunks`.
    pub(super) fn next_want(&mut self, chunks: u32, now: Instant) -> Option<(u32, Instant)> {
        let next = self.missing.len() as u32;
        if self.file {
            return self.next_of_file(chunks, now);
        }
        let base = match self.state {
            State::Away | State::Done => return None,
            // Before the first picture nobody can say by when the second segment is needed.
            State::Waiting { .. } if self.start_up.is_none() && next > 0 => return None,
            State::Waiting { .. } if self.start_up.is_none() => now + START_WITHIN,
            State::Waiting { .. } => now,
            State::Playing { until } => until,
        };
        let open = self.missing.iter().filter(|missing| **missing > 0).count() as u32;
        if next >= self.segments || next >= self.cursor + AHEAD || open >= AT_ONCE {
            return None;
        }
        self.missing.push(chunks);
        let ahead = u64::from(next.saturating_sub(self.cursor));
        Some((next, base + Micros(self.segment_time.0 * ahead)))
    }

    /// A file comes as fast as it can, in order, a window of it at once.
    fn next_of_file(&mut self, chunks: u32, now: Instant) -> Option<(u32, Instant)> {
        let next = self.missing.len() as u32;
        let open = self.missing.iter().filter(|missing| **missing > 0).count() as u32;
        if !matches!(self.state, State::Waiting { .. })
            || next >= self.segments
            || open >= FILE_WINDOW
        {
            return None;
        }
        self.missing.push(chunks);
        Some((next, now + FILE_WITHIN))
    }

    fn is_complete(&self, segment: u32) -> bool {
        self.missing.get(segment as usize) == Some(&0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant(0) + Micros::from_millis(ms)
    }

    #[test]
    fn a_viewer_waits_plays_stalls_and_ends() {
        let mut viewer = Viewer::new(3, Micros::from_secs(4), false);
        assert_eq!(viewer.play(at(0)), None);
        viewer.arrive(at(1000));
        assert_eq!(viewer.next_want(1, at(1000)), Some((0, at(4000))));
        assert_eq!(
            viewer.next_want(1, at(1000)),
            None,
            "the first one comes first"
        );
        viewer.got(0);
        assert_eq!(viewer.play(at(1500)), Some(at(5500)));
        assert_eq!(viewer.start_up, Some(Micros::from_millis(500)));
        assert_eq!(viewer.next_want(2, at(1500)), Some((1, at(5500))));
        assert_eq!(viewer.next_want(1, at(1500)), Some((2, at(9500))));
        assert_eq!(viewer.next_want(1, at(1500)), None, "two at once");
        viewer.got(1);
        assert_eq!(
            viewer.play(at(5500)),
            None,
            "half of a segment is not enough"
        );
        viewer.got(1);
        assert_eq!(viewer.play(at(6000)), Some(at(10_000)));
        assert_eq!(
            (viewer.stalls, viewer.stalled),
            (1, Micros::from_millis(500))
        );
        viewer.got(2);
        assert_eq!(viewer.play(at(10_000)), Some(at(14_000)));
        assert!(!viewer.is_done());
        assert_eq!(viewer.play(at(14_000)), None);
        assert!(viewer.is_done());
    }
}
