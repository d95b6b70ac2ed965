//! The picture in a window, with sound.
//!
//! The main thread belongs to SDL: it shows each picture when the playhead reaches it, keeps the
//! sound device fed and answers keys. The playhead follows the sound device's clock; without a
//! device, or after the sound has ended, it follows this computer's.

mod breaks;
mod keys;
mod lanes;
mod screen;
mod sound;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sdl2::{event::Event, video::FullscreenType};
use swarm::content::TitleId;

use crate::{
    breaks::{Breaks, Place},
    engine::{
        feed::LookAhead, playback::Plan, playhead::Playhead, quality::Quality, session::Session,
    },
    error::PlayError,
    report::Report,
};
use breaks::Due;
use keys::Action;
use lanes::Run;
use screen::Screen;
use sound::Sound;

/// The longest wait between two looks at the queues.
const TICK: Duration = Duration::from_millis(10);
/// How often the window's title is renewed.
const TITLE_EVERY: Duration = Duration::from_millis(500);

/// How to play in a window.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The rendition.
    pub quality: Quality,
    /// How far ahead to fetch.
    pub look_ahead: LookAhead,
    /// Where to start.
    pub at: Duration,
}

/// Plays in a window until the end or until the viewer quits. Call it from the main thread.
///
/// # Errors
/// [`PlayError::Window`] without a display; what goes wrong later is in the report.
pub fn play(
    runtime: &tokio::runtime::Runtime,
    session: &Arc<Session>,
    breaks: Option<&Arc<Breaks>>,
    options: Options,
    began: Instant,
) -> Result<Report, PlayError> {
    let plan = Plan::of(session, options.quality)?;
    let options = Options {
        at: options.at.min(plan.duration()),
        ..options
    };
    let sdl = sdl2::init().map_err(PlayError::Window)?;
    let title = session.manifest().title;
    let mut canvas = screen::open(
        &sdl,
        &format!("{title}"),
        screen::size_of(session.manifest()),
    )?;
    let creator = canvas.texture_creator();
    let mut events = sdl.event_pump().map_err(PlayError::Window)?;
    let mut show = Show {
        screen: Screen::new(&mut canvas, &creator),
        sound: Sound::new(&sdl),
        run: Run::start(runtime, session, &plan, options.at, options.look_ahead),
        runtime,
        session,
        plan,
        options,
        title,
        title_at: None,
        paused: false,
        earlier: (0, Duration::ZERO),
        first: None,
        seeked: false,
        breaks: breaks.map(Due::new),
    };
    let mut quit = show.breaks_beside(Place::Pre, &mut events)?;
    if !quit {
        quit = show.main_loop(&mut events)?;
    }
    if !quit {
        quit = show.breaks_beside(Place::Post, &mut events)?;
    }
    let report = show.report(began, quit);
    Ok(match breaks {
        Some(breaks) => report.with_breaks(breaks, began),
        None => report,
    })
}

struct Show<'a> {
    screen: Screen<'a>,
    sound: Sound,
    run: Run,
    runtime: &'a tokio::runtime::Runtime,
    session: &'a Arc<Session>,
    plan: Plan,
    options: Options,
    title: TitleId,
    title_at: Option<Instant>,
    paused: bool,
    /// Stalls of the runs before the last seek.
    earlier: (u32, Duration),
    /// When the first picture was shown.
    first: Option<Instant>,
    seeked: bool,
    breaks: Option<Due>,
}

impl Show<'_> {
    /// Runs until the end (false) or until the viewer quits (true).
    fn main_loop(&mut self, events: &mut sdl2::EventPump) -> Result<bool, PlayError> {
        loop {
            self.tick()?;
            if self.run.is_finished() {
                return Ok(false);
            }
            if self.breaks_due(events)? {
                return Ok(true);
            }
            let wait = u32::try_from(self.run.until_next(TICK).as_millis())
                .unwrap_or(1)
                .max(1);
            // The first event may be waited for; the others are there already.
            let mut event = events.wait_event_timeout(wait);
            while let Some(current) = event {
                if self.answer(&current)? {
                    return Ok(true);
                }
                event = events.poll_event();
            }
        }
    }

    /// Shows and plays what is due.
    fn tick(&mut self) -> Result<(), PlayError> {
        self.sound.feed(&mut self.run);
        if let Some(position) = self.sound.position() {
            self.run.follow(position);
        }
        self.sound.set_running(self.run.is_running());
        if let Some(picture) = self.run.due_picture(self.first.is_none() || self.seeked) {
            self.screen.show(&picture)?;
            self.first.get_or_insert_with(Instant::now);
            self.seeked = false;
        }
        if self.title_at.is_none_or(|at| at.elapsed() >= TITLE_EVERY) {
            self.title_at = Some(Instant::now());
            let text = self.caption();
            self.screen.set_title(&text);
        }
        Ok(())
    }

    /// Does what an event asks for; true to quit.
    fn answer(&mut self, event: &Event) -> Result<bool, PlayError> {
        match keys::action(event) {
            Some(Action::Quit) => return Ok(true),
            Some(Action::Pause) => {
                self.paused = !self.paused;
                self.run.set_paused(self.paused);
            }
            Some(Action::Seek(seconds)) => self.seek(seconds),
            Some(Action::Fullscreen) => self.screen.toggle_fullscreen(FullscreenType::Desktop)?,
            Some(Action::Mute) => self.sound.toggle_mute(),
            Some(Action::Louder(percent)) => self.sound.change_volume(percent),
            Some(Action::Redraw) => self.screen.redraw()?,
            Some(Action::Skip) => {}
            None => {}
        }
        Ok(false)
    }

    fn seek(&mut self, seconds: i64) {
        let position = self.run.position();
        let step = Duration::from_secs(seconds.unsigned_abs());
        let to = match seconds < 0 {
            true => position.saturating_sub(step),
            false => position + step,
        };
        let to = to.min(
            self.plan
                .duration()
                .saturating_sub(Duration::from_millis(200)),
        );
        if let Some(breaks) = &mut self.breaks {
            breaks.sought(position, to);
        }
        self.begin_at(to);
        tracing::info!(to_ms = to.as_millis(), "seek");
    }

    /// Plays from there on.
    fn begin_at(&mut self, to: Duration) {
        let (stalls, stalled) = self.run.stalls();
        self.earlier = (self.earlier.0 + stalls, self.earlier.1 + stalled);
        self.sound.clear();
        let look_ahead = self.options.look_ahead;
        self.run = Run::start(self.runtime, self.session, &self.plan, to, look_ahead);
        self.run.set_paused(self.paused);
        self.seeked = true;
    }

    /// What the window's title says: title, time, source.
    fn caption(&self) -> String {
        let paused = if self.paused { " (paused)" } else { "" };
        format!(
            "{} - {} / {}{paused} - from the {}",
            self.title,
            clock(self.run.position()),
            clock(self.plan.duration()),
            self.session.source().path(),
        )
    }

    fn report(self, began: Instant, quit: bool) -> Report {
        let Self {
            run,
            runtime,
            session,
            earlier,
            first,
            plan: _,
            ..
        } = self;
        let (stalls, stalled) = run.stalls();
        // A title without a picture starts with its sound.
        let first = first.or(run.started());
        let tallies = run.finish(runtime);
        let mut report = Report::new(session);
        for tally in tallies {
            report.lane(session, tally);
        }
        report.stalled(earlier.0 + stalls, earlier.1 + stalled);
        report.presented(first, began);
        // After a seek these are the counts of what was played from there on.
        if !quit {
            report.check_counts();
        }
        report
    }
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// A playhead over the plan's lanes.
fn playhead(plan: &Plan, at: Duration) -> Playhead {
    Playhead::new(&plan.lanes(), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_on_a_clock() {
        for (seconds, text) in [
            (0, "0:00"),
            (59, "0:59"),
            (754, "12:34"),
            (36_061, "10:01:01"),
        ] {
            assert_eq!(clock(Duration::from_secs(seconds)), text);
        }
    }
}
