//! Breaks of a title: what fills them is asked, played as titles of their own, and told.
//!
//! The content never waits long for a break: the list and the first creative are fetched ahead of its time, each step has
//! a budget, and what is late, wrong or cannot be shown is passed over.

pub mod headless;
pub mod list;
pub mod outbox;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use dms_ads::progress::Input;
use serde::Serialize;
use swarm::content::{Break, Manifest, TitleId};
use uuid::Uuid;

use crate::{config::SourceConfig, engine::session::Session, error::PlayError};
use list::{Asset, List};
use outbox::Outbox;

/// How far ahead of a break its list is asked for.
pub const AHEAD: Duration = Duration::from_secs(8);
/// How long the content stands still for a break at its time.
pub const BUDGET: Duration = Duration::from_secs(1);
/// How long it takes to ask and open where nothing stands still for it: before the content, and without pace.
pub const PATIENCE: Duration = Duration::from_secs(6);
/// How long the server may take for a list.
const LIST_LIMIT: Duration = Duration::from_secs(4);

/// Where a break is in its title.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Before the content.
    Pre,
    /// In it.
    Mid,
    /// After it.
    Post,
}

/// Where a break of this title is.
#[must_use]
pub fn place(manifest: &Manifest, at: &Break) -> Place {
    match at.at_ms {
        0 => Place::Pre,
        ms if ms >= manifest.duration_ms => Place::Post,
        _ => Place::Mid,
    }
}

/// What became of one break.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BreakReport {
    /// Its id.
    pub id: u32,
    /// Media time, milliseconds.
    pub at_ms: u64,
    /// Somebody was asked what fills it.
    pub asked: bool,
    /// Something was shown.
    pub filled: bool,
    /// What was shown.
    pub instances: Vec<Uuid>,
    /// What happened, in order.
    pub events: Vec<String>,
    /// From its time to the first frame of what fills it, milliseconds.
    pub delay_ms: Option<u64>,
    /// Frames of creatives that were decoded.
    pub frames_decoded: u64,
    /// Why something could not be shown: VAST's numbers.
    pub errors: Vec<u16>,
}

/// What fills a break, with its first creative opened.
pub struct Pod {
    /// The list.
    pub list: List,
    /// The first creative, or why it does not open.
    pub first: Result<Arc<Session>, PlayError>,
}

/// Asks, opens and tells, for one playback.
pub struct Breaks {
    config: SourceConfig,
    content: Arc<Session>,
    playback: Uuid,
    outbox: Outbox,
    reports: Mutex<Vec<BreakReport>>,
    first_shown: Mutex<Option<Instant>>,
}

impl Breaks {
    /// For one playback of this title.
    #[must_use]
    pub fn new(config: &SourceConfig, content: &Arc<Session>) -> Arc<Self> {
        Arc::new(Self {
            config: config.clone(),
            content: Arc::clone(content),
            playback: Uuid::new_v4(),
            outbox: Outbox::open(&config.state),
            reports: Mutex::default(),
            first_shown: Mutex::default(),
        })
    }

    /// The breaks at one place, in their order.
    #[must_use]
    pub fn at(&self, wanted: Place) -> Vec<Break> {
        let manifest = self.content.manifest();
        let all = manifest.breaks.iter();
        let mut found: Vec<Break> = all
            .filter(|at| place(manifest, at) == wanted)
            .cloned()
            .collect();
        found.sort_by_key(|at| (at.at_ms, at.id));
        found
    }

    /// Asks what fills a break, and opens the first creative. None: nothing does.
    pub async fn prepare(&self, at: &Break) -> Option<Pod> {
        self.report(at, |report| report.asked = true);
        let list = list::read(&self.ask(at.id, self.playback).await?);
        let list = list.filter(|list| !list.assets.is_empty())?;
        let first = self.open(list.assets.first()?.title).await;
        Some(Pod { list, first })
    }

    /// The list that says what fills a break of a playback, as it came. None: nobody says.
    pub async fn ask(&self, id: u32, playback: Uuid) -> Option<Bytes> {
        let title = self.content.manifest().title;
        for endpoint in self.content.source().endpoints() {
            let asked = endpoint.assets(title, id, playback);
            match tokio::time::timeout(LIST_LIMIT, asked).await {
                Ok(Ok(body)) => return Some(body),
                Ok(Err(error)) => tracing::info!(break_id = id, %error, "no list"),
                Err(_) => tracing::info!(break_id = id, "no list in time"),
            }
        }
        None
    }

    /// Of one playback the same for each of its breaks.
    #[must_use]
    pub fn playback(&self) -> Uuid {
        self.playback
    }

    /// Opens a creative.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open(&self, creative: TitleId) -> Result<Arc<Session>, PlayError> {
        let config = SourceConfig {
            title: creative,
            ..self.config.clone()
        };
        Session::open(&config).await
    }

    /// Something happens to a showing.
    pub fn happens(&self, at: &Break, asset: &Asset, input: Input) {
        let told = self.outbox.handle(asset.instance, asset.duration_ms, input);
        if told.is_empty() {
            return;
        }
        self.report(at, |report| {
            for one in told {
                let name = serde_json::to_value(one.event).unwrap_or_default();
                report
                    .events
                    .extend(name.as_str().map(std::borrow::ToOwned::to_owned));
            }
        });
    }

    /// A creative could not be shown, or no further.
    pub fn broke(&self, at: &Break, asset: &Asset, error: &PlayError) {
        let code = vast_code(error);
        tracing::warn!(break_id = at.id, creative.id = %asset.title, %error, "a creative is not shown");
        self.happens(at, asset, Input::Error { code });
        self.report(at, |report| report.errors.push(code));
    }

    /// The first frame of a creative is there; the break was due at `due`.
    pub fn shows(&self, at: &Break, asset: &Asset, due: Instant) {
        let delay = due.elapsed();
        self.first_shown().get_or_insert_with(Instant::now);
        self.report(at, |report| {
            report.filled = true;
            report.instances.push(asset.instance);
            let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            report.delay_ms.get_or_insert(delay);
        });
    }

    /// A showing is over: nothing more comes of it.
    pub fn over(&self, asset: &Asset) {
        self.outbox.over(asset.instance);
    }

    /// Tells what is to be told, also of earlier playbacks.
    pub async fn tell(&self) {
        self.outbox.tell(self.content.source()).await;
    }

    /// Changes the report of a break.
    pub fn report(&self, at: &Break, change: impl FnOnce(&mut BreakReport)) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(report) = reports.iter_mut().find(|report| report.id == at.id) {
            return change(report);
        }
        let mut report = BreakReport {
            id: at.id,
            at_ms: at.at_ms,
            ..BreakReport::default()
        };
        change(&mut report);
        reports.push(report);
    }

    /// What became of the breaks so far.
    #[must_use]
    pub fn reports(&self) -> Vec<BreakReport> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.clone()
    }

    /// When the first creative was seen, if one was.
    pub fn first_shown(&self) -> MutexGuard<'_, Option<Instant>> {
        self.first_shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the content goes on after a break that was filled, or not.
#[must_use]
pub fn resumes(at: &Break, list: Option<&List>, filled: bool) -> Duration {
    let resume_ms = list.and_then(|list| list.resume_ms).unwrap_or(at.resume_ms);
    Duration::from_millis(at.at_ms.saturating_add(if filled { resume_ms } else { 0 }))
}

/// A creative that was not there in time.
#[must_use]
pub fn late(asset: &Asset) -> PlayError {
    PlayError::Unreachable {
        url: asset.title.to_string(),
        reason: "it took too long".into(),
    }
}

/// VAST's number for why a creative is not shown.
#[must_use]
pub fn vast_code(error: &PlayError) -> u16 {
    match error {
        PlayError::TitleNotFound(_) | PlayError::TitleNotReady(_) => 401,
        PlayError::Unreachable { .. } | PlayError::AgentUnreachable(_) => 402,
        PlayError::NotVideo(_) | PlayError::NothingToPlay(_) => 403,
        PlayError::CorruptChunk(_)
        | PlayError::CorruptSegment { .. }
        | PlayError::Decode { .. } => 405,
        _ => 400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_break_that_nothing_filled_replaces_nothing() {
        let at = Break {
            at_ms: 10_000,
            resume_ms: 4_000,
            ..Break::default()
        };
        let list = |resume_ms| List {
            assets: Vec::new(),
            resume_ms,
        };
        assert_eq!(resumes(&at, None, false), Duration::from_secs(10));
        assert_eq!(
            resumes(&at, Some(&list(None)), true),
            Duration::from_secs(14)
        );
        assert_eq!(
            resumes(&at, Some(&list(Some(1_000))), true),
            Duration::from_secs(11)
        );
    }
}
