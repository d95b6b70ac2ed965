//! Where playback is in the title, and when it had to wait.
//!
//! Pure: time is an argument. The playhead starts when every lane (one track kind) has some
//! media decoded, runs in real time, and stalls at the first point that is not decoded yet.
//! Paced playback shows frames by it; fast playback only judges by it.

use std::time::{Duration, Instant};

/// Media that must be decoded ahead of the playhead before it starts or goes on after a stall.
/// Below this, one slow frame right after the start would count as a stall.
pub const PREROLL: Duration = Duration::from_millis(200);

/// A lane: the picture or the sound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// The picture.
    Video,
    /// The sound.
    Audio,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    lane: Lane,
    until: Duration,
    ended: bool,
    /// What was decoded fills the space for it: waiting for more would be waiting for ever.
    full: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Before the first frame, or after a seek.
    Filling,
    Running {
        since: Instant,
        from: Duration,
    },
    Stalled {
        since: Instant,
    },
}

/// See the module.
#[derive(Debug)]
pub struct Playhead {
    lanes: Vec<Progress>,
    state: State,
    /// The position while not running.
    at: Duration,
    paused: bool,
    /// Where it waits until it is let go on.
    hold: Option<Duration>,
    started: Option<Instant>,
    stalls: u32,
    stalled: Duration,
}

impl Playhead {
    /// A playhead at `at` over these lanes.
    #[must_use]
    pub fn new(lanes: &[Lane], at: Duration) -> Self {
        Self {
            lanes: lanes
                .iter()
                .map(|&lane| Progress {
                    lane,
                    until: at,
                    ended: false,
                    full: false,
                })
                .collect(),
            state: State::Filling,
            at,
            paused: false,
            hold: None,
            started: None,
            stalls: 0,
            stalled: Duration::ZERO,
        }
    }

    /// The lane is decoded up to `until`.
    pub fn decoded(&mut self, lane: Lane, until: Duration, now: Instant) {
        self.settle(now);
        for progress in self.lanes.iter_mut().filter(|p| p.lane == lane) {
            progress.until = progress.until.max(until);
        }
        self.run_if_ready(now);
    }

    /// No more of the lane can be decoded before the playhead moves.
    pub fn full(&mut self, lane: Lane, now: Instant) {
        self.settle(now);
        for progress in self.lanes.iter_mut().filter(|p| p.lane == lane) {
            progress.full = true;
        }
        self.run_if_ready(now);
    }

    /// The lane has no more media.
    pub fn ended(&mut self, lane: Lane, now: Instant) {
        self.settle(now);
        for progress in self.lanes.iter_mut().filter(|p| p.lane == lane) {
            progress.ended = true;
        }
        self.run_if_ready(now);
    }

    /// Stops the playhead, or lets it go on. Time spent paused is no stall.
    pub fn set_paused(&mut self, paused: bool, now: Instant) {
        self.settle(now);
        if paused == self.paused {
            return;
        }
        if paused {
            self.at = self.position(now);
            if let State::Stalled { since } = self.state {
                self.stalled += now.saturating_duration_since(since);
            }
            self.state = State::Filling;
        }
        self.paused = paused;
        self.run_if_ready(now);
    }

    /// Lets the playhead go on at `to`, if that lies ahead, until it waits at `hold`. Waiting there is no stall.
    pub fn release(&mut self, to: Duration, hold: Option<Duration>, now: Instant) {
        self.settle(now);
        if !self.is_running() {
            self.at = self.at.max(to);
        }
        self.hold = hold;
        self.run_if_ready(now);
        self.settle(now);
    }

    /// Whether it waits where it was told to.
    pub fn is_held(&mut self, now: Instant) -> bool {
        self.settle(now);
        !self.is_running() && self.hold.is_some_and(|hold| self.at >= hold)
    }

    /// Where it waits next.
    #[must_use]
    pub fn hold(&self) -> Option<Duration> {
        self.hold
    }

    /// Moves the playhead; what was decoded before is forgotten.
    pub fn seek(&mut self, to: Duration, now: Instant) {
        self.settle(now);
        if let State::Stalled { since } = self.state {
            self.stalled += now.saturating_duration_since(since);
        }
        self.state = State::Filling;
        self.at = to;
        for progress in &mut self.lanes {
            progress.until = to;
            progress.ended = false;
            progress.full = false;
        }
    }

    /// Follows the sound device, whose clock is not exactly this computer's.
    pub fn follow(&mut self, position: Duration, now: Instant) {
        if let State::Running { .. } = self.state {
            self.state = State::Running {
                since: now,
                from: position,
            };
            self.settle(now);
        }
    }

    /// The position at `now`; it never passes what is decoded.
    #[must_use]
    pub fn position(&self, now: Instant) -> Duration {
        match self.state {
            State::Running { since, from } => {
                (from + now.saturating_duration_since(since)).min(self.limit())
            }
            _ => self.at,
        }
    }

    /// Whether the playhead moves.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// Whether everything was played.
    #[must_use]
    pub fn is_finished(&self, now: Instant) -> bool {
        self.lanes.iter().all(|p| p.ended) && self.position(now) >= self.decoded_limit()
    }

    /// How far the least decoded lane is.
    #[must_use]
    pub fn decoded_until(&self) -> Duration {
        self.lanes
            .iter()
            .filter(|p| !p.ended)
            .map(|p| p.until)
            .min()
            .unwrap_or_else(|| self.end())
    }

    /// When the first frame was presented.
    #[must_use]
    pub fn started(&self) -> Option<Instant> {
        self.started
    }

    /// How often, and how long in all, the playhead waited for media after the start.
    #[must_use]
    pub fn stalls(&self) -> (u32, Duration) {
        (self.stalls, self.stalled)
    }

    /// Notes a stall that began since the last call. Call before reading [`Self::stalls`].
    pub fn settle(&mut self, now: Instant) {
        let State::Running { since, from } = self.state else {
            return;
        };
        let limit = self.decoded_limit();
        let all_ended = self.lanes.iter().all(|p| p.ended);
        let reached = from + now.saturating_duration_since(since);
        if let Some(hold) = self
            .hold
            .filter(|hold| *hold <= reached && *hold <= self.decoded_limit())
        {
            self.at = hold.max(from);
            self.state = State::Filling;
            return;
        }
        if reached > limit && !all_ended {
            self.stalls += 1;
            self.at = limit;
            for progress in &mut self.lanes {
                progress.full = false;
            }
            self.state = State::Stalled {
                since: since + limit.saturating_sub(from),
            };
        }
    }

    fn run_if_ready(&mut self, now: Instant) {
        let held = self.hold.is_some_and(|hold| self.at >= hold);
        if self.paused || held || self.is_running() {
            return;
        }
        let enough = self.at + PREROLL;
        if !self
            .lanes
            .iter()
            .all(|p| p.ended || p.full || p.until >= enough)
        {
            return;
        }
        if let State::Stalled { since } = self.state {
            self.stalled += now.saturating_duration_since(since);
        }
        self.started.get_or_insert(now);
        self.state = State::Running {
            since: now,
            from: self.at,
        };
    }

    /// The point the playhead must not pass: the first undecoded one, or the end.
    fn limit(&self) -> Duration {
        let decoded = self.decoded_limit();
        self.hold
            .map_or(decoded, |hold| decoded.min(hold.max(self.at)))
    }

    /// The first point that is not decoded, or the end.
    fn decoded_limit(&self) -> Duration {
        self.decoded_until().max(self.at)
    }

    /// How far the most decoded lane is.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.lanes.iter().map(|p| p.until).max().unwrap_or(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn both() -> (Playhead, Instant) {
        (
            Playhead::new(&[Lane::Video, Lane::Audio], Duration::ZERO),
            Instant::now(),
        )
    }

    #[test]
    fn starts_when_both_lanes_have_media() {
        let (mut head, t) = both();
        head.decoded(Lane::Video, ms(500), t);
        assert_eq!(head.position(t + ms(100)), ms(0));
        assert_eq!(head.started(), None);
        head.decoded(Lane::Audio, ms(400), t + ms(100));
        assert_eq!(head.started(), Some(t + ms(100)));
        assert_eq!(head.position(t + ms(150)), ms(50));
        assert_eq!(head.stalls(), (0, ms(0)));
    }

    #[test]
    fn a_stall_is_counted_from_the_moment_the_media_ran_out() {
        let (mut head, t) = both();
        head.decoded(Lane::Video, ms(1000), t);
        head.decoded(Lane::Audio, ms(2000), t);
        // Nobody looks until 1700 ms later.
        head.decoded(Lane::Video, ms(3000), t + ms(1700));
        assert_eq!(head.stalls(), (1, ms(700)));
        assert_eq!(head.position(t + ms(1700)), ms(1000));
        assert_eq!(head.position(t + ms(1900)), ms(1200));
    }

    #[test]
    fn a_shorter_lane_that_ended_does_not_stall_the_other() {
        let (mut head, t) = both();
        head.decoded(Lane::Audio, ms(300), t);
        head.ended(Lane::Audio, t);
        head.decoded(Lane::Video, ms(1000), t);
        head.settle(t + ms(900));
        assert_eq!(head.stalls().0, 0);
        head.ended(Lane::Video, t + ms(900));
        assert!(!head.is_finished(t + ms(999)));
        assert!(head.is_finished(t + ms(1000)));
        head.settle(t + ms(5000));
        assert_eq!(head.stalls().0, 0, "the end is no stall");
    }

    #[test]
    fn a_title_shorter_than_the_preroll_plays() {
        let mut head = Playhead::new(&[Lane::Video], Duration::ZERO);
        let t = Instant::now();
        head.decoded(Lane::Video, ms(40), t);
        assert!(!head.is_running());
        head.ended(Lane::Video, t);
        assert!(head.is_running());
        assert!(head.is_finished(t + ms(40)));
    }

    #[test]
    fn pausing_is_no_stall() {
        let (mut head, t) = both();
        head.decoded(Lane::Video, ms(1000), t);
        head.decoded(Lane::Audio, ms(1000), t);
        head.set_paused(true, t + ms(500));
        assert_eq!(head.position(t + ms(9000)), ms(500));
        head.set_paused(false, t + ms(9000));
        assert_eq!(head.position(t + ms(9100)), ms(600));
        assert_eq!(head.stalls().0, 0);
    }

    #[test]
    fn seeking_refills_without_a_stall() {
        let (mut head, t) = both();
        head.decoded(Lane::Video, ms(1000), t);
        head.decoded(Lane::Audio, ms(1000), t);
        head.seek(ms(8000), t + ms(100));
        assert!(!head.is_running());
        head.decoded(Lane::Video, ms(9000), t + ms(300));
        head.decoded(Lane::Audio, ms(9000), t + ms(300));
        assert_eq!(head.position(t + ms(400)), ms(8100));
        assert_eq!(head.stalls().0, 0);
    }
}
