//! Breaks in the window: what fills them is played in place of the content, which begins again behind them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dms_ads::progress::Input;
use swarm::content::Break;
use tokio::{task::JoinHandle, time::timeout};

use super::{Show, TICK, clock, keys, keys::Action, lanes::Run};
use crate::{
    breaks::{AHEAD, BUDGET, Breaks, PATIENCE, Place, Pod, late, list::Asset, resumes},
    engine::{playback::Plan, session::Session},
    error::PlayError,
};

/// The breaks that were not played yet, and what is known of the next.
pub(super) struct Due {
    breaks: Arc<Breaks>,
    open: Vec<Break>,
    preparing: Option<(u32, JoinHandle<Option<Pod>>)>,
    /// Where it was when it was looked at last.
    last: Duration,
    /// A break that holds was jumped over: where the viewer wanted to go.
    held: Option<(Break, Duration)>,
}

impl Due {
    pub(super) fn new(breaks: &Arc<Breaks>) -> Self {
        Self {
            breaks: Arc::clone(breaks),
            open: breaks.at(Place::Mid),
            preparing: None,
            last: Duration::ZERO,
            held: None,
        }
    }

    /// The viewer goes elsewhere. The first break that holds and is jumped over comes before it.
    pub(super) fn sought(&mut self, from: Duration, to: Duration) {
        let mut over = self.open.iter().filter(|at| {
            let time = time(at);
            at.hold && time > from && time <= to
        });
        self.held = over.next().map(|at| (at.clone(), to));
        self.last = to;
    }

    /// The break that playing reached, and where it goes on if that is not behind it.
    fn reached(&mut self, position: Duration) -> Option<(Break, Option<Duration>)> {
        let last = std::mem::replace(&mut self.last, position);
        if let Some((at, to)) = self.held.take() {
            return Some((at, Some(to)));
        }
        let mut open = self.open.iter();
        let found = open.find(|at| time(at) > last && time(at) <= position);
        found.map(|at| (at.clone(), None))
    }
}

impl Show<'_> {
    /// Plays the breaks before or after the content; true to quit.
    pub(super) fn breaks_beside(
        &mut self,
        place: Place,
        events: &mut sdl2::EventPump,
    ) -> Result<bool, PlayError> {
        let Some(due) = &self.breaks else {
            return Ok(false);
        };
        let breaks = Arc::clone(&due.breaks);
        let mut was_filled = false;
        for at in breaks.at(place) {
            self.run.set_paused(true);
            let began = Instant::now();
            let pod = timeout(PATIENCE, breaks.prepare(&at));
            let pod = self.runtime.block_on(async { pod.await.ok().flatten() });
            if let Some(pod) = pod {
                let (filled, quit) = self.pod(&breaks, &at, pod, began, events)?;
                was_filled |= filled;
                if quit {
                    return Ok(true);
                }
            }
        }
        match (place, was_filled) {
            (Place::Pre, true) => self.begin_at(self.options.at),
            (Place::Pre, false) => self.run.set_paused(self.paused),
            _ => {}
        }
        Ok(false)
    }

    /// Plays a break that is due; true to quit.
    pub(super) fn breaks_due(&mut self, events: &mut sdl2::EventPump) -> Result<bool, PlayError> {
        let position = self.run.position();
        let Some(due) = &mut self.breaks else {
            return Ok(false);
        };
        let breaks = Arc::clone(&due.breaks);
        let Some((at, to)) = due.reached(position) else {
            let soon = |at: &&Break| time(at) > position && time(at) <= position + AHEAD;
            if let Some(at) = due.open.iter().find(soon).cloned()
                && due.preparing.as_ref().is_none_or(|(id, _)| *id != at.id)
            {
                let asking = Arc::clone(&breaks);
                let id = at.id;
                let task = async move { asking.prepare(&at).await };
                due.preparing = Some((id, self.runtime.spawn(task)));
            }
            return Ok(false);
        };
        due.open.retain(|other| other.id != at.id);
        let began = Instant::now();
        let asked = due.preparing.take().filter(|(id, _)| *id == at.id);
        self.run.set_paused(true);
        let pod = self.runtime.block_on(async {
            let pod = async {
                match asked {
                    Some((_, asked)) => asked.await.ok().flatten(),
                    None => breaks.prepare(&at).await,
                }
            };
            timeout(BUDGET, pod).await.ok().flatten()
        });
        let Some(pod) = pod else {
            self.run.set_paused(self.paused);
            return Ok(false);
        };
        let list = pod.list.clone();
        let (filled, quit) = self.pod(&breaks, &at, pod, began, events)?;
        let behind = to.unwrap_or_else(|| resumes(&at, Some(&list), filled).max(position));
        self.begin_at(behind);
        if let Some(due) = &mut self.breaks {
            due.last = behind;
        }
        Ok(quit)
    }

    /// Plays what fills a break: whether something was shown, and whether to quit.
    fn pod(
        &mut self,
        breaks: &Arc<Breaks>,
        at: &Break,
        pod: Pod,
        due: Instant,
        events: &mut sdl2::EventPump,
    ) -> Result<(bool, bool), PlayError> {
        let mut first = Some(pod.first);
        let mut shown = false;
        let count = pod.list.assets.len();
        for (nth, asset) in pod.list.assets.iter().enumerate() {
            let opened = match first.take() {
                Some(opened) => opened,
                None => self.runtime.block_on(async {
                    let opened = timeout(BUDGET, breaks.open(asset.title)).await;
                    opened.unwrap_or_else(|_| Err(late(asset)))
                }),
            };
            let caption = format!("Ad {} of {count}", nth + 1);
            let played = match opened {
                Ok(session) => self.creative(breaks, at, asset, &session, due, &caption, events),
                Err(error) => Err(error),
            };
            breaks.over(asset);
            match played {
                Ok(quit) => {
                    shown = true;
                    self.runtime.block_on(async {
                        let told = async { breaks.tell().await };
                        let _ = timeout(TICK, told).await;
                    });
                    if quit {
                        return Ok((shown, true));
                    }
                }
                Err(error) => breaks.broke(at, asset, &error),
            }
        }
        Ok((shown, false))
    }

    /// Shows one creative to its end; true to quit.
    #[expect(
        clippy::too_many_arguments,
        reason = "a showing is of a break, in a list, in a window"
    )]
    fn creative(
        &mut self,
        breaks: &Breaks,
        at: &Break,
        asset: &Asset,
        session: &Arc<Session>,
        due: Instant,
        caption: &str,
        events: &mut sdl2::EventPump,
    ) -> Result<bool, PlayError> {
        let plan = Plan::of(session, self.options.quality)?;
        let look_ahead = self.options.look_ahead;
        self.sound.clear();
        self.run = Run::start(self.runtime, session, &plan, Duration::ZERO, look_ahead);
        let began = Instant::now();
        let mut hands = Hands::default();
        let mut seen = false;
        loop {
            self.sound.feed(&mut self.run);
            if let Some(position) = self.sound.position() {
                self.run.follow(position);
            }
            self.sound.set_running(self.run.is_running());
            if let Some(picture) = self.run.due_picture(!seen) {
                self.screen.show(&picture)?;
                self.first.get_or_insert_with(Instant::now);
                if !seen {
                    breaks.shows(at, asset, due);
                }
                seen = true;
            }
            if !seen && began.elapsed() > PATIENCE.min(BUDGET * 3) {
                return Err(late(asset));
            }
            let position = self.run.position();
            let left = Duration::from_millis(asset.duration_ms).saturating_sub(position);
            self.screen
                .set_title(&format!("{caption} - {} - {}", clock(left), asset.why));
            let place = u64::try_from(position.as_millis()).unwrap_or(u64::MAX);
            if seen {
                breaks.happens(at, asset, hands.sample(place));
            }
            if self.run.is_finished() {
                break;
            }
            let wait = u32::try_from(self.run.until_next(TICK).as_millis())
                .unwrap_or(1)
                .max(1);
            let mut event = events.wait_event_timeout(wait);
            while let Some(current) = event {
                let may_skip = asset.skip_after_ms.is_some_and(|from| place >= from);
                match self.answer_within(&current, may_skip, &mut hands)? {
                    Flow::Goes => {}
                    Flow::Quits => return Ok(true),
                    Flow::Skipped => {
                        breaks.happens(at, asset, Input::Skip);
                        return Ok(false);
                    }
                }
                event = events.poll_event();
            }
        }
        breaks.happens(at, asset, Input::End);
        Ok(false)
    }
}

/// What the viewer did to a creative.
#[derive(Default)]
struct Hands {
    paused: bool,
    muted: bool,
}

impl Hands {
    fn sample(&self, at: u64) -> Input {
        let (playing, muted) = (!self.paused, self.muted);
        Input::Sample { at, playing, muted }
    }
}

/// What becomes of a creative.
enum Flow {
    Goes,
    Skipped,
    Quits,
}

impl Show<'_> {
    /// Does what an event asks for. The content's place is not moved meanwhile.
    fn answer_within(
        &mut self,
        event: &sdl2::event::Event,
        may_skip: bool,
        hands: &mut Hands,
    ) -> Result<Flow, PlayError> {
        match keys::action(event) {
            Some(Action::Skip) if may_skip => return Ok(Flow::Skipped),
            Some(Action::Skip | Action::Seek(_)) => {}
            Some(Action::Pause) => {
                hands.paused = !hands.paused;
                self.run.set_paused(hands.paused);
            }
            Some(Action::Mute) => {
                hands.muted = !hands.muted;
                self.sound.toggle_mute();
            }
            _ if self.answer(event)? => return Ok(Flow::Quits),
            _ => {}
        }
        Ok(Flow::Goes)
    }
}

fn time(at: &Break) -> Duration {
    Duration::from_millis(at.at_ms)
}
