//! A viewer: asks for the next segments ahead of the picture, plays, and counts what it felt. Who
//! downloads a file is a viewer, too: of a picture that takes no time, a window of chunks at once.

use super::scenario::TitleSpec;
use crate::{
    content::MAX_CHUNK_LEN,
    time::{Instant, Micros},
};

/// By when it hopes to see the first picture.
const START_WITHIN: Micros = Micros::from_secs(3);
/// By when a chunk of a file is hoped for: nobody watches.
const FILE_WITHIN: Micros = Micros::from_secs(120);

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    segments: u32,
    pace: Pace,
    /// Chunks still missing of each segment that was asked for.
    missing: Vec<u32>,
    /// The segments asked for of which some chunk is missing.
    open: u32,
    /// The segment on the screen next.
    cursor: u32,
    state: State,
    /// No picture since play was pressed.
    fresh: bool,
    pub(super) arrived: Option<Instant>,
    since_play: Instant,
    /// When everything was shown, or downloaded.
    pub(super) ended: Option<Instant>,
    /// From play to picture, the first time.
    pub(super) start_up: Option<Micros>,
    pub(super) stalls: u32,
    pub(super) stalled: Micros,
}

#[derive(Clone, Copy, Debug)]
enum Pace {
    /// A segment's time, and how far ahead of the picture segments are asked for.
    Video(Micros, Micros),
    File(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Not here.
    Away,
    /// The segment at the cursor is not complete.
    Waiting { since: Instant },
    /// The segment before the cursor plays until then.
    Playing { until: Instant },
    /// Everything was shown, or nobody sits here any more.
    Done,
}

impl Viewer {
    pub(super) fn new(title: &TitleSpec) -> Self {
        let (segments, pace) = match *title {
            TitleSpec::Video {
                segments,
                segment_time,
                look_ahead,
                ..
            } => (segments, Pace::Video(segment_time, look_ahead)),
            TitleSpec::File { size, window } => {
                let chunks = size.div_ceil(u64::from(MAX_CHUNK_LEN));
                (chunks as u32, Pace::File(window))
            }
        };
        Self {
            segments,
            pace,
            missing: Vec::new(),
            open: 0,
            cursor: 0,
            state: State::Away,
            fresh: true,
            arrived: None,
            since_play: Instant(0),
            ended: None,
            start_up: None,
            stalls: 0,
            stalled: Micros(0),
        }
    }

    /// One that asks for everything at once.
    pub(super) fn greedy(title: &TitleSpec) -> Self {
        Self {
            pace: Pace::File(u32::MAX),
            ..Self::new(title)
        }
    }

    /// Nobody: there is no viewer at this machine.
    pub(super) fn nobody(title: &TitleSpec) -> Self {
        Self {
            state: State::Done,
            ..Self::new(title)
        }
    }

    /// Presses play, for the first time or after the machine came back.
    pub(super) fn arrive(&mut self, now: Instant) {
        self.state = if self.cursor == self.segments {
            // Only the end of the last segment is left.
            State::Playing { until: now }
        } else {
            State::Waiting { since: now }
        };
        self.arrived.get_or_insert(now);
        (self.since_play, self.fresh) = (now, true);
        // What was asked for of a machine that is gone is asked for again.
        self.missing.truncate(self.cursor as usize);
        self.open = 0;
    }

    /// The machine goes. The viewer may be back with it.
    pub(super) fn pause(&mut self) {
        if self.state != State::Done {
            self.state = State::Away;
        }
    }

    /// The viewer is gone for good.
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
        if let Some(missing) = self.missing.get_mut(segment as usize)
            && *missing > 0
        {
            *missing -= 1;
            self.open -= u32::from(*missing == 0);
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
                        until: now + self.segment_time(),
                    };
                }
                State::Waiting { .. } => return None,
            }
        }
    }

    fn note_wait(&mut self, since: Instant, now: Instant) {
        if std::mem::replace(&mut self.fresh, false) {
            self.start_up.get_or_insert(now.since(self.since_play));
        } else if now > since && matches!(self.pace, Pace::Video(..)) {
            self.stalls += 1;
            self.stalled = self.stalled + now.since(since);
        }
    }

    /// The next segment to ask for, and by when it is needed; it has so many chunks.
    pub(super) fn next_want(&mut self, chunks: u32, now: Instant) -> Option<(u32, Instant)> {
        let next = self.missing.len() as u32;
        if next >= self.segments || matches!(self.state, State::Away | State::Done) {
            return None;
        }
        let deadline = match self.pace {
            Pace::File(window) => (self.open < window).then_some(now + FILE_WITHIN),
            Pace::Video(time, ahead) => self.deadline_of(next, time, ahead, now),
        }?;
        self.missing.push(chunks);
        self.open += u32::from(chunks > 0);
        Some((next, deadline))
    }

    fn deadline_of(
        &self,
        next: u32,
        time: Micros,
        look_ahead: Micros,
        now: Instant,
    ) -> Option<Instant> {
        let base = match self.state {
            State::Away | State::Done => return None,
            // Before the first picture nobody can say by when the second segment is needed.
            State::Waiting { .. } if self.fresh && next > self.cursor => return None,
            State::Waiting { .. } if self.fresh => now + START_WITHIN,
            State::Waiting { .. } => now,
            State::Playing { until } => until,
        };
        let ahead = Micros(time.0 * u64::from(next.saturating_sub(self.cursor)));
        (ahead <= look_ahead).then(|| base + ahead)
    }

    fn segment_time(&self) -> Micros {
        match self.pace {
            Pace::Video(time, _) => time,
            Pace::File(_) => Micros(0),
        }
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

    fn video(segments: u32) -> TitleSpec {
        TitleSpec::Video {
            segments,
            segment_time: Micros::from_secs(4),
            segment_len: 1,
            look_ahead: Micros::from_secs(4),
        }
    }

    #[test]
    fn a_viewer_waits_plays_stalls_and_ends() {
        let mut viewer = Viewer::new(&video(3));
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
        assert!(viewer.is_done() && viewer.ended == Some(at(14_000)));
    }

    #[test]
    fn a_machine_that_comes_back_goes_on_where_the_picture_was() {
        let mut viewer = Viewer::new(&video(3));
        viewer.arrive(at(0));
        viewer.next_want(1, at(0));
        viewer.got(0);
        viewer.play(at(100));
        viewer.next_want(1, at(100));
        viewer.pause();
        assert_eq!(viewer.next_want(1, at(200)), None);
        viewer.arrive(at(60_000));
        assert_eq!(viewer.next_want(1, at(60_000)), Some((1, at(63_000))));
        viewer.got(1);
        assert_eq!(viewer.play(at(61_000)), Some(at(65_000)));
        assert_eq!(
            (viewer.stalls, viewer.start_up),
            (0, Some(Micros::from_millis(100)))
        );
    }

    #[test]
    fn a_file_comes_a_window_at_a_time() {
        let size = 3 * u64::from(MAX_CHUNK_LEN);
        let mut viewer = Viewer::new(&TitleSpec::File { size, window: 2 });
        viewer.arrive(at(0));
        let due = at(0) + FILE_WITHIN;
        assert_eq!(viewer.next_want(1, at(0)), Some((0, due)));
        assert_eq!(viewer.next_want(1, at(0)), Some((1, due)));
        assert_eq!(viewer.next_want(1, at(0)), None);
        viewer.got(1);
        viewer.play(at(5));
        assert_eq!(viewer.next_want(1, at(0)), Some((2, due)));
        viewer.got(0);
        viewer.got(2);
        viewer.play(at(9));
        assert!(viewer.is_done() && viewer.stalls == 0 && viewer.ended == Some(at(9)));
    }
}
