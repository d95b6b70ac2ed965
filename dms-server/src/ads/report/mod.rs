//! What ads came to: sums by the hour, the comparison with somebody else's log, and what is kept how long.

pub mod db;
pub mod export;
pub mod reconcile;
pub mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};
use utoipa::ToSchema;

use self::db::SumRow;
use crate::state::App;

/// How long decisions, events and receipts are kept, milliseconds.
const RAW_MS: i64 = 90 * 24 * 3_600_000;

/// How long sums are kept, hours.
const SUMS_HOURS: i64 = 400 * 24;

/// How often what is old is removed.
const TIDY: Duration = Duration::from_secs(3_600);

/// Decisions removed in one transaction.
const BATCH: i64 = 200;

/// What a row of a report is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdReportBy)]
pub enum By {
    /// An ad campaign of this organisation.
    #[default]
    Campaign,
    /// A site.
    Site,
    /// An hour.
    Hour,
    /// A title with breaks.
    Title,
    /// A decision server.
    Server,
}

/// What ads came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdSums {
    /// The campaign, site, title or decision server; an hour as milliseconds since the Unix epoch; empty: none is known.
    pub key: String,
    /// What people call it, where it has a name.
    pub name: String,
    /// Breaks that were asked for.
    pub asked: i64,
    /// Of them, those that something filled.
    pub filled: i64,
    /// Ads of which a picture was shown.
    pub impressions: i64,
    /// Ads that began.
    pub starts: i64,
    /// Of which a quarter was played.
    pub first_quartiles: i64,
    /// Half.
    pub midpoints: i64,
    /// Three quarters.
    pub third_quartiles: i64,
    /// All of it.
    pub completes: i64,
    /// Skipped.
    pub skips: i64,
    /// Clicked.
    pub clicks: i64,
    /// Errors.
    pub errors: i64,
    /// The errors by their VAST code.
    pub error_codes: BTreeMap<String, i64>,
    /// Events of all kinds.
    pub told: i64,
    /// Of them, those with a device's signature.
    pub signed: i64,
    /// Of them, those with something odd.
    pub flagged: i64,
}

impl AdSums {
    fn add(&mut self, metric: &str, count: i64) {
        if let Some(code) = metric.strip_prefix("error:") {
            self.errors += count;
            *self.error_codes.entry(code.to_owned()).or_default() += count;
            return;
        }
        let sum = match metric {
            "asked" => &mut self.asked,
            "filled" => &mut self.filled,
            "impression" => &mut self.impressions,
            "start" => &mut self.starts,
            "first_quartile" => &mut self.first_quartiles,
            "midpoint" => &mut self.midpoints,
            "third_quartile" => &mut self.third_quartiles,
            "complete" => &mut self.completes,
            "skip" => &mut self.skips,
            "click" => &mut self.clicks,
            "told" => &mut self.told,
            "signed" => &mut self.signed,
            "flagged" => &mut self.flagged,
            _ => return,
        };
        *sum += count;
    }
}

/// A report.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AdReport {
    /// Its beginning, a whole hour, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// Its end, a whole hour, which is not in it.
    pub until_ms: i64,
    /// What its rows are of.
    pub by: By,
    /// The rows, by key.
    pub items: Vec<AdSums>,
    /// Whether there is more than is shown: ask for a shorter time.
    pub truncated: bool,
}

/// The rows of a report from sums in any order.
fn rows(sums: Vec<SumRow>, names: &BTreeMap<String, String>) -> Vec<AdSums> {
    let mut rows: BTreeMap<String, AdSums> = BTreeMap::new();
    for sum in sums {
        let row = rows.entry(sum.key.clone()).or_insert_with(|| AdSums {
            name: names.get(&sum.key).cloned().unwrap_or_default(),
            key: sum.key.clone(),
            ..AdSums::default()
        });
        row.add(&sum.metric, sum.count);
    }
    rows.into_values().collect()
}

/// Removes what is old until the server stops. What goes is in the sums.
pub async fn keep(app: App) {
    let mut tidy = interval(TIDY);
    tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return,
            _ = tidy.tick() => {}
        }
        if let Err(error) = forget(&app, app.clock.now_ms()).await {
            tracing::warn!(%error, "old decisions and events of ads stay for now");
        }
    }
}

async fn forget(app: &App, now_ms: i64) -> sqlx::Result<()> {
    while db::forget(&app.db, now_ms - RAW_MS, BATCH).await? > 0 {
        if app.stop.is_cancelled() {
            return Ok(());
        }
    }
    let hour = now_ms.div_euclid(super::count::db::HOUR_MS) - SUMS_HOURS;
    db::forget_sums(&app.db, hour).await
}
