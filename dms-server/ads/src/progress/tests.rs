//! A thousand viewings against a count of single milliseconds, and the vectors that other languages are tested with.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Input, Showing, Told};
use crate::decision::Event;

/// A generator of its own: the same viewings everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// A DMS that counts each event of a showing once, and says how often it heard it.
#[derive(Default)]
struct Counted(BTreeMap<(Event, u64), usize>);

impl Counted {
    fn hear(&mut self, told: &Told) {
        let mark = if told.event == Event::Progress {
            told.media_ms
        } else {
            0
        };
        *self.0.entry((told.event, mark)).or_default() += 1;
    }
}

/// One viewer, and what is true of the viewing.
struct Viewer {
    dice: Dice,
    showing: Showing,
    kept: String,
    duration: u64,
    /// Which milliseconds were played, as the kept state knows it; and as it is.
    kept_ms: Vec<bool>,
    played_ms: Vec<bool>,
    at: u64,
    playing: bool,
    muted: bool,
    online: bool,
    counted: Counted,
    yielded: Counted,
    expected: Vec<Event>,
}

impl Viewer {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let duration = 2_000 + dice.roll(28_000);
        let showing = Showing::new(duration, &[1_000, duration / 3, 1_000]);
        Self {
            kept: serde_json::to_string(&showing).expect("JSON"),
            showing,
            kept_ms: vec![false; duration as usize],
            played_ms: vec![false; duration as usize],
            dice,
            duration,
            at: 0,
            playing: false,
            muted: false,
            online: true,
            counted: Counted::default(),
            yielded: Counted::default(),
            expected: Vec::new(),
        }
    }

    fn keep(&mut self) {
        self.kept = serde_json::to_string(&self.showing).expect("JSON");
        self.kept_ms.clone_from(&self.played_ms);
    }

    /// What is yielded is kept, and then told as long as there is a network; some answers get lost.
    fn put(&mut self, input: Input) {
        let told = self.showing.handle(input, 1);
        if !told.is_empty() {
            told.iter().for_each(|told| self.yielded.hear(told));
            self.keep();
        }
        if self.online {
            self.tell();
        }
    }

    fn tell(&mut self) {
        for told in self.showing.waiting().to_vec() {
            self.counted.hear(&told);
            if self.dice.roll(4) > 0 {
                self.showing.answered(&told);
            }
        }
    }

    fn sample(&mut self) {
        self.put(Input::Sample {
            at: self.at,
            playing: self.playing,
            muted: self.muted,
        });
    }

    fn crash(&mut self) {
        self.showing = serde_json::from_str(&self.kept).expect("a state");
        self.played_ms.clone_from(&self.kept_ms);
        self.playing = true;
        self.sample();
    }

    fn expect(&mut self, event: Event) {
        if !self.expected.contains(&event) {
            self.expected.push(event);
        }
    }

    fn play_on(&mut self) {
        if !self.playing {
            self.playing = true;
            self.sample();
        }
        let to = (self.at + 1 + self.dice.roll(900)).min(self.duration);
        self.played_ms[self.at as usize..to as usize].fill(true);
        self.at = to;
        self.sample();
    }

    fn step(&mut self) {
        match self.dice.roll(24) {
            0 if self.playing => {
                self.playing = false;
                let before_end = self.at + 500.min(self.duration / 20) < self.duration;
                if before_end && !self.is_complete() {
                    self.expect(Event::Pause);
                }
                self.sample();
            }
            1 => {
                self.sample();
                self.at = self.dice.roll(self.duration);
                self.put(Input::Seek { to: self.at });
                self.sample();
            }
            2 => self.crash(),
            3 => self.online = !self.online,
            4 => self.keep(),
            5 if self.playing => {
                self.put(Input::Click);
                self.expect(Event::Click);
            }
            _ => self.play_on(),
        }
    }

    fn count(&self) -> u64 {
        self.played_ms.iter().filter(|played| **played).count() as u64
    }

    fn is_complete(&self) -> bool {
        self.count() + 500.min(self.duration / 20) >= self.duration
    }

    /// What follows from the milliseconds alone.
    fn expect_played(&mut self) {
        let played = self.count();
        let quartiles = [Event::FirstQuartile, Event::Midpoint, Event::ThirdQuartile];
        for (quarters, event) in (1..).zip(quartiles) {
            if played * 4 >= self.duration * quarters {
                self.expect(event);
            }
        }
        if played > 0 {
            self.expect(Event::Impression);
            self.expect(Event::Start);
        }
        if self.is_complete() {
            self.expect(Event::Complete);
        }
    }

    fn run(mut self) -> Self {
        let steps = 10 + self.dice.roll(120);
        for _ in 0..steps {
            self.step();
            self.expect_played();
        }
        if self.dice.roll(3) == 0 && !self.is_complete() {
            self.put(Input::Skip);
            self.expect(Event::Skip);
        }
        while !self.showing.waiting().is_empty() {
            self.tell();
        }
        self
    }
}

#[test]
fn a_thousand_viewings_tell_each_event_once_and_none_that_was_not() {
    let mut complete = 0;
    for seed in 1..=1_000 {
        let viewer = Viewer::new(seed).run();
        let counted: Vec<Event> = viewer.counted.0.keys().map(|(event, _)| *event).collect();
        for event in &viewer.expected {
            assert!(counted.contains(event), "viewing {seed} misses {event:?}");
        }
        // Resume follows pauses; crashes take some with them, so it is not counted by the model.
        for event in &counted {
            let free = matches!(
                event,
                Event::Resume | Event::Progress | Event::Start | Event::Impression
            );
            assert!(
                free || viewer.expected.contains(event),
                "viewing {seed} tells {event:?}, which was not"
            );
        }
        for (key, times) in &viewer.yielded.0 {
            assert_eq!(*times, 1, "viewing {seed}: {key:?}");
        }
        let marks = viewer
            .counted
            .0
            .keys()
            .filter(|(event, _)| *event == Event::Progress);
        let played = viewer.count();
        assert!(
            marks.clone().all(|(_, mark)| *mark <= played),
            "viewing {seed}"
        );
        let due = [1_000, viewer.duration / 3];
        let due: std::collections::BTreeSet<u64> =
            due.into_iter().filter(|mark| *mark <= played).collect();
        assert_eq!(marks.count(), due.len(), "viewing {seed}");
        complete += usize::from(viewer.is_complete());
    }
    assert!((200..=950).contains(&complete), "{complete} were complete");
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    duration_ms: u64,
    #[serde(default)]
    marks: Vec<u64>,
    inputs: Vec<Step>,
    events: Vec<(Event, u64)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Player(Input),
    State { state: State },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Keep,
    Crash,
}

#[test]
fn the_vectors_hold() {
    let vectors = include_str!("../../vectors/progress.json");
    let vectors: Vec<Vector> = serde_json::from_str(vectors).expect("vectors");
    assert!(vectors.len() >= 15);
    for vector in vectors {
        let mut showing = Showing::new(vector.duration_ms, &vector.marks);
        let mut kept = showing.clone();
        let mut events = Vec::new();
        for step in vector.inputs {
            match step {
                Step::Player(input) => {
                    let told = showing.handle(input, 0);
                    if !told.is_empty() {
                        kept = showing.clone();
                    }
                    events.extend(told.iter().map(|told| (told.event, told.media_ms)));
                }
                Step::State { state: State::Keep } => kept = showing.clone(),
                Step::State {
                    state: State::Crash,
                } => {
                    let text = serde_json::to_string(&kept).expect("JSON");
                    showing = serde_json::from_str(&text).expect("a state");
                }
            }
        }
        assert_eq!(events, vector.events, "{}", vector.name);
    }
}

#[test]
fn of_many_scattered_stretches_none_is_counted_twice() {
    let mut showing = Showing::new(1_000_000, &[]);
    for round in 0..3 {
        for nth in 0..200_u64 {
            let at = nth * 5_000;
            for input in [
                Input::Seek { to: at },
                Input::Sample {
                    at,
                    playing: true,
                    muted: false,
                },
                Input::Sample {
                    at: at + 1_000,
                    playing: true,
                    muted: false,
                },
            ] {
                showing.handle(input, round);
            }
        }
    }
    assert!(showing.played_ms() <= 200_000, "{}", showing.played_ms());
    assert!(showing.played_ms() >= 60_000);
}
