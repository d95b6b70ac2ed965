//! Breaks without a window: creatives are decoded and counted where the content is held.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dms_ads::progress::Input;
use swarm::content::Break;
use tokio::time::{sleep, timeout};

use super::{AHEAD, BUDGET, Breaks, PATIENCE, Place, Pod, late, list::Asset, resumes};
use crate::{
    engine::{
        headless::{Counter, Options},
        playback::{LaneTally, Plan, Playback},
        playhead::{Lane, Playhead},
        session::Session,
        transport::{Pace, Transport},
    },
    error::PlayError,
};

/// How often a playhead is looked at.
const LOOK: Duration = Duration::from_millis(20);

impl Breaks {
    /// Plays the breaks before or after the content.
    pub async fn play_beside(&self, place: Place, options: Options) {
        for at in self.at(place) {
            let due = Instant::now();
            let pod = timeout(PATIENCE, self.prepare(&at)).await.ok().flatten();
            if let Some(pod) = pod {
                self.play_pod(&at, pod, options, due, PATIENCE).await;
            }
        }
    }

    /// Holds the content at each break in it, and lets it go on. Ends with the content.
    pub async fn play_within(self: &Arc<Self>, transport: &Transport, options: Options) {
        let start = u64::try_from(options.at.as_millis()).unwrap_or(u64::MAX);
        let within: Vec<Break> = self.at(Place::Mid);
        let mut within = within.into_iter().filter(|at| at.at_ms > start).peekable();
        transport.release(Duration::ZERO, within.peek().map(time));
        while let Some(at) = within.next() {
            let soon = time(&at).saturating_sub(AHEAD);
            while transport.consumed() < soon && !transport.is_held() {
                sleep(LOOK).await;
            }
            let (breaks, asked) = (Arc::clone(self), at.clone());
            let mut preparing = tokio::spawn(async move { breaks.prepare(&asked).await });
            while !transport.is_held() {
                sleep(LOOK).await;
            }
            let due = Instant::now();
            let budget = match options.pace {
                Pace::RealTime => BUDGET,
                Pace::Fast => PATIENCE,
            };
            let pod = timeout(budget, &mut preparing).await;
            let pod = pod.ok().and_then(Result::ok).flatten();
            preparing.abort();
            let mut to = time(&at);
            if let Some(pod) = pod {
                let list = pod.list.clone();
                let filled = self.play_pod(&at, pod, options, due, budget).await;
                to = resumes(&at, Some(&list), filled);
            }
            transport.release(to, within.peek().map(time));
        }
    }

    /// Plays what fills a break; true when something was shown.
    async fn play_pod(
        &self,
        at: &Break,
        pod: Pod,
        options: Options,
        due: Instant,
        budget: Duration,
    ) -> bool {
        let mut first = Some(pod.first);
        let mut shown = false;
        let mut still = due;
        for asset in &pod.list.assets {
            let left = budget.saturating_sub(still.elapsed());
            let opened = match first.take() {
                Some(opened) => opened,
                None => match timeout(left.max(BUDGET / 2), self.open(asset.title)).await {
                    Ok(opened) => opened,
                    Err(_) => Err(late(asset)),
                },
            };
            let left = budget.saturating_sub(still.elapsed()).max(BUDGET / 2);
            let played = match opened {
                Ok(session) => self.show(&session, at, asset, options, due, left).await,
                Err(error) => Err(error),
            };
            match played {
                Ok(()) => {
                    shown = true;
                    still = Instant::now();
                }
                Err(error) => self.broke(at, asset, &error),
            }
            self.over(asset);
            self.tell().await;
        }
        shown
    }

    /// Decodes one creative, and samples where it is.
    async fn show(
        &self,
        session: &Arc<Session>,
        at: &Break,
        asset: &Asset,
        options: Options,
        due: Instant,
        budget: Duration,
    ) -> Result<(), PlayError> {
        let plan = Plan::of(session, options.quality)?;
        let options = Options {
            hash: false,
            at: Duration::ZERO,
            ..options
        };
        let playhead = Playhead::new(&plan.lanes(), Duration::ZERO);
        let transport = Arc::new(Transport::new(playhead, options.pace));
        let playback = Playback::start(
            session,
            &plan,
            &transport,
            Duration::ZERO,
            options.look_ahead,
            |lane| Counter::new(lane, &transport, options),
        );
        let began = Instant::now();
        while !transport.has_started() && !transport.is_stopped() {
            if began.elapsed() > budget {
                transport.stop();
                return Err(late(asset));
            }
            sleep(LOOK).await;
        }
        let played = |at: u64| Input::Sample {
            at,
            playing: true,
            muted: false,
        };
        if transport.has_started() {
            self.shows(at, asset, due);
            // It begins at its beginning, however far it is decoded when somebody looks.
            self.happens(at, asset, played(0));
        }
        let waiting = Arc::clone(&transport);
        let paced = options.pace == Pace::RealTime;
        let finish = async {
            let ended = playback.finish().await;
            let complete = ended.iter().all(|(tally, _)| tally.error.is_none());
            if paced && complete {
                let _ = tokio::task::spawn_blocking(move || waiting.wait_for_end()).await;
            }
            ended
        };
        tokio::pin!(finish);
        let ended = loop {
            let consumed = u64::try_from(transport.consumed().as_millis()).unwrap_or(u64::MAX);
            self.happens(at, asset, played(consumed));
            tokio::select! {
                ended = &mut finish => break ended,
                () = sleep(Duration::from_millis(100)) => {}
            }
        };
        let tallies = ended.into_iter().map(|(tally, _)| tally).collect();
        self.ended(session, at, asset, tallies).await
    }

    /// A creative's lanes ended: by themselves, or by what failed.
    async fn ended(
        &self,
        session: &Session,
        at: &Break,
        asset: &Asset,
        tallies: Vec<LaneTally>,
    ) -> Result<(), PlayError> {
        let mut failed = None;
        for tally in tallies {
            if tally.lane == Lane::Video {
                self.report(at, |report| report.frames_decoded += tally.decoded.frames);
            }
            failed = failed.or(tally.error);
        }
        if let Some(error) = failed.or(session.failure()) {
            return Err(error);
        }
        self.happens(at, asset, Input::End);
        session.close().await;
        Ok(())
    }
}

fn time(at: &Break) -> Duration {
    Duration::from_millis(at.at_ms)
}
