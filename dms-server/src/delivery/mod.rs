//! How titles come to the people who watch, as their players say: from where, how smoothly, and by which path.
//!
//! A player's word is a viewer's word: each report is bounded, and nothing of it is about a person. Reports are summed in
//! memory by title, minute and site, and written every few seconds; a kill loses those seconds.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;
pub mod view;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarm::content::SiteId;
use tokio::time::MissedTickBehavior;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::state::App;

/// How often sums are written.
const EVERY: Duration = Duration::from_secs(3);
/// Sums that wait in memory at most; what comes beyond is not counted until they are written.
const SUMS_MAX: usize = 20_000;
/// How long sums are kept, milliseconds: a quarter.
pub const KEPT_MS: i64 = 92 * 24 * 3600 * 1000;
/// A minute, milliseconds.
pub const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The most bytes of a kind that one report may tell: half a minute of a very fast line.
const BYTES_MAX: u64 = 4 << 30;
/// The most time that one report may tell, milliseconds.
const TIME_MAX_MS: u64 = 120_000;

/// The path that a view took to its video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ViewPath {
    /// The agent of the PC, without a question.
    Agent,
    /// The agent, from a page that the agent itself served.
    AgentPage,
    /// The agent, after the browser asked the person.
    Asked,
    /// The origin.
    Origin,
}

/// Why it took that path; the watch page decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PathReason {
    /// The browser lets the page ask the agent.
    Granted,
    /// The browser does not gate it here.
    NotGated,
    /// The browser would ask the person, who was not bothered.
    AskFirst,
    /// The person said no before.
    RefusedBefore,
    /// The browser says no.
    Denied,
    /// The agent answered.
    AgentAnswers,
    /// No agent answered.
    AgentSilent,
    /// The agent stopped answering.
    AgentLost,
    /// It came back.
    AgentBack,
}

/// What a player says of the last seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryReport {
    /// The title.
    pub title: Uuid,
    /// Whether this is the first report of a view, which then counts.
    #[serde(default)]
    pub began: bool,
    /// The path that the view takes now.
    pub path: ViewPath,
    /// Why.
    pub reason: PathReason,
    /// Bytes since the last report that came from the origin.
    #[serde(default)]
    pub origin_bytes: u64,
    /// From a cache of the office.
    #[serde(default)]
    pub office_bytes: u64,
    /// From PCs nearby, this one too.
    #[serde(default)]
    pub nearby_bytes: u64,
    /// Played since the last report, milliseconds of media.
    #[serde(default)]
    pub played_ms: u64,
    /// How long the picture stood still since then, milliseconds.
    #[serde(default)]
    pub stalled_ms: u64,
}

/// Sums of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeliverySums)]
pub struct Sums {
    /// Bytes from the origin.
    pub origin_bytes: i64,
    /// Bytes from caches of the office.
    pub office_bytes: i64,
    /// Bytes from PCs nearby.
    pub nearby_bytes: i64,
    /// Played, milliseconds of media.
    pub played_ms: i64,
    /// Stood still, milliseconds.
    pub stalled_ms: i64,
    /// Views that began.
    pub views: i64,
}

impl Sums {
    fn of(report: &DeliveryReport) -> Self {
        let bytes = |count: u64| count.min(BYTES_MAX).cast_signed();
        let time = |ms: u64| ms.min(TIME_MAX_MS).cast_signed();
        Self {
            origin_bytes: bytes(report.origin_bytes),
            office_bytes: bytes(report.office_bytes),
            nearby_bytes: bytes(report.nearby_bytes),
            played_ms: time(report.played_ms),
            stalled_ms: time(report.stalled_ms),
            views: i64::from(report.began),
        }
    }

    /// Adds others.
    pub fn add(&mut self, more: &Self) {
        for (sum, more) in [
            (&mut self.origin_bytes, more.origin_bytes),
            (&mut self.office_bytes, more.office_bytes),
            (&mut self.nearby_bytes, more.nearby_bytes),
            (&mut self.played_ms, more.played_ms),
            (&mut self.stalled_ms, more.stalled_ms),
            (&mut self.views, more.views),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// Which sum: title, minute, site (all zeros: none).
pub type Key = (Uuid, i64, Uuid);
/// Which views: day, path, reason.
pub type PathKey = (i64, ViewPath, PathReason);

/// What waits to be written.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Sums of reports.
    pub sums: BTreeMap<Key, Sums>,
    /// Views that began.
    pub paths: BTreeMap<PathKey, i64>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// Never held across an await.
    waiting: Mutex<Waiting>,
}

impl Deliveries {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a report that came now from a site.
    pub fn count(&self, report: &DeliveryReport, site: Option<SiteId>, now_ms: i64) {
        let site = site.map_or(Uuid::nil(), |site| Uuid::from_bytes(site.0));
        let key = (report.title, now_ms.div_euclid(MINUTE_MS), site);
        let mut waiting = self.lock();
        if waiting.sums.len() >= SUMS_MAX && !waiting.sums.contains_key(&key) {
            return;
        }
        waiting.sums.entry(key).or_default().add(&Sums::of(report));
        if report.began {
            let key = (now_ms.div_euclid(DAY_MS), report.path, report.reason);
            *waiting.paths.entry(key).or_default() += 1;
        }
    }

    fn take(&self) -> Waiting {
        std::mem::take(&mut *self.lock())
    }

    /// Puts back what could not be written.
    fn restore(&self, unwritten: Waiting) {
        let mut waiting = self.lock();
        for (key, sums) in unwritten.sums {
            if waiting.sums.len() < SUMS_MAX || waiting.sums.contains_key(&key) {
                waiting.sums.entry(key).or_default().add(&sums);
            }
        }
        for (key, views) in unwritten.paths {
            *waiting.paths.entry(key).or_default() += views;
        }
    }
}

/// Writes what waits.
///
/// # Errors
/// The database's; then it waits again.
pub async fn write(app: &App) -> sqlx::Result<()> {
    let waiting = app.deliveries.take();
    if waiting.sums.is_empty() && waiting.paths.is_empty() {
        return Ok(());
    }
    let oldest = (app.clock.now_ms() - KEPT_MS).div_euclid(MINUTE_MS);
    let written = db::add(&app.db, &waiting, oldest).await;
    if written.is_err() {
        app.deliveries.restore(waiting);
    }
    written
}

/// Writes every few seconds until the server stops, and then once more.
pub async fn run(app: App) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let stops = tokio::select! {
            () = app.stop.cancelled() => true,
            _ = tick.tick() => false,
        };
        if let Err(error) = write(&app).await {
            tracing::warn!(%error, "what players said of deliveries is not written yet");
        }
        if stops {
            return;
        }
    }
}
