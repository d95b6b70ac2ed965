//! The ledger of events.

use std::collections::BTreeMap;

use dms_ads::decision::{Event, Tracker};
use sqlx::FromRow;
use uuid::Uuid;

use super::plausible;
use super::receipt::Checked;
use super::{AdEvent, Outcome, name};
use crate::ads::beacon::NewBeacon;
use crate::db::Db;
use crate::{db, tx};

/// An hour, milliseconds.
pub const HOUR_MS: i64 = 3_600_000;

/// An instance, and what of its decision matters to the count.
#[derive(Clone, Debug, FromRow)]
pub struct InstanceRow {
    /// Its id.
    pub id: Uuid,
    /// `emergency`, `campaign`, `vast`, `webhook` or `slate`.
    pub kind: String,
    /// The ad campaign or decision server.
    pub source: Option<Uuid>,
    /// How long the creative plays, milliseconds.
    pub duration_ms: i64,
    /// JSON: the URLs to call.
    pub tracking: String,
    /// JSON: those for errors.
    pub errors: String,
    /// Who calls them: `server` or `player`.
    pub report: String,
    /// The title with the break.
    pub title: Uuid,
    /// Who watches.
    pub person: Option<Uuid>,
    /// On what.
    pub device: Option<Uuid>,
    /// Where.
    pub site: Option<Uuid>,
}

impl InstanceRow {
    /// The URLs to call.
    #[must_use]
    pub fn trackers(&self) -> Vec<Tracker> {
        serde_json::from_str(&self.tracking).unwrap_or_default()
    }

    /// The URLs to call at an error.
    #[must_use]
    pub fn error_urls(&self) -> Vec<String> {
        serde_json::from_str(&self.errors).unwrap_or_default()
    }
}

/// An event to be counted, with what follows from it.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Its place in the request.
    pub index: usize,
    /// It.
    pub event: AdEvent,
    /// Its instance.
    pub instance: InstanceRow,
    /// Its signature, checked.
    pub receipt: Option<Checked>,
    /// The requests that it leads to.
    pub beacons: Vec<NewBeacon>,
}

impl Counted {
    fn mark_ms(&self) -> i64 {
        match self.event.event {
            Event::Progress => self.event.media_ms,
            _ => 0,
        }
    }
}

/// What a sum is of, in the order of its key.
type SumKey = (i64, Uuid, Uuid, String, Uuid, String);

/// Sums that are added at the end of a transaction, in one order everywhere.
#[derive(Default)]
struct Sums(BTreeMap<SumKey, i64>);

impl Sums {
    fn add(&mut self, count: &Counted, now_ms: i64, metric: String) {
        let instance = &count.instance;
        let key = (
            count.event.at_ms.min(now_ms).div_euclid(HOUR_MS),
            instance.title,
            instance.site.unwrap_or_default(),
            instance.kind.clone(),
            instance.source.unwrap_or_default(),
            metric,
        );
        *self.0.entry(key).or_default() += 1;
    }

    fn counted(&mut self, count: &Counted, now_ms: i64, flags: &str) {
        let event = count.event.event;
        let metric = match (event, count.event.code) {
            (Event::Error, code) => format!("error:{}", code.unwrap_or(900)),
            _ => name(event).to_owned(),
        };
        self.add(count, now_ms, metric);
        self.add(count, now_ms, "told".to_owned());
        if !flags.is_empty() {
            self.add(count, now_ms, "flagged".to_owned());
        }
    }
}

/// An instance.
///
/// # Errors
/// The database's.
pub async fn instance(db: &Db, id: Uuid) -> sqlx::Result<Option<InstanceRow>> {
    let sql = "SELECT i.id, i.kind, i.source, i.duration_ms, i.tracking, i.errors, i.report, \
               d.title, d.person, d.device, d.site \
               FROM ad_instances i JOIN ad_decisions d ON d.id = i.decision WHERE i.id = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

const SEEN: &str = "SELECT event FROM ad_events WHERE instance = $1";

const ADD: &str = "INSERT INTO ad_events (instance, event, mark_ms, media_ms, at_ms, code, flags, \
    told_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";

const ADD_RECEIPT: &str = "INSERT INTO ad_receipts (instance, event, mark_ms, media_ms, at_ms, \
    code, device, key_hash, signature, taken_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT DO NOTHING";

const ADD_BEACON: &str = "INSERT INTO ad_beacons (id, instance, slot, event, host, url, \
    viewer_address, viewer_agent, state, attempts, next_ms, lease_until_ms, made_ms) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, $9, 0, $9) ON CONFLICT DO NOTHING";

/// Adds to a sum.
pub const ADD_SUM: &str = "INSERT INTO ad_hours (hour, title, site, kind, source, metric, count) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (hour, title, site, kind, source, metric) \
    DO UPDATE SET count = ad_hours.count + excluded.count";

/// Writes one event; true when it was not there. A number of rows, in a transaction of either engine.
macro_rules! add_event {
    ($tx:ident, $count:ident, $flags:expr, $now_ms:ident) => {
        sqlx::query(ADD)
            .bind($count.instance.id)
            .bind(name($count.event.event))
            .bind($count.mark_ms())
            .bind($count.event.media_ms)
            .bind($count.event.at_ms)
            .bind($count.event.code.map(i64::from))
            .bind($flags)
            .bind($now_ms)
            .execute(&mut *$tx)
            .await?
            .rows_affected()
            == 1
    };
}

macro_rules! add_receipt {
    ($tx:ident, $count:ident, $receipt:ident, $now_ms:ident) => {
        sqlx::query(ADD_RECEIPT)
            .bind($count.instance.id)
            .bind(name($count.event.event))
            .bind($count.mark_ms())
            .bind($count.event.media_ms)
            .bind($count.event.at_ms)
            .bind($count.event.code.map(i64::from))
            .bind($receipt.device)
            .bind($receipt.key_hash.as_slice())
            .bind($receipt.signature.as_slice())
            .bind($now_ms)
            .execute(&mut *$tx)
            .await?
            .rows_affected()
            == 1
    };
}

macro_rules! add_beacon {
    ($tx:ident, $count:ident, $beacon:ident, $now_ms:ident) => {
        sqlx::query(ADD_BEACON)
            .bind(Uuid::now_v7())
            .bind($count.instance.id)
            .bind($beacon.slot)
            .bind(name($beacon.event))
            .bind(&$beacon.host)
            .bind(&$beacon.url)
            .bind(&$beacon.viewer_address)
            .bind(&$beacon.viewer_agent)
            .bind($now_ms)
            .execute(&mut *$tx)
            .await?
    };
}

/// Counts events with their sums and requests, all or nothing; answers what became of each, by its place.
///
/// # Errors
/// The database's.
pub async fn count(
    db: &Db,
    counts: &[Counted],
    now_ms: i64,
) -> sqlx::Result<Vec<(usize, Outcome)>> {
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    let outcomes = tx!(db, |tx| {
        let mut outcomes = Vec::with_capacity(counts.len());
        let mut sums = Sums::default();
        for count in counts {
            let seen: Vec<String> = sqlx::query_scalar(SEEN)
                .bind(count.instance.id)
                .fetch_all(&mut *tx)
                .await?;
            let duration_ms = count.instance.duration_ms;
            let flags = plausible::flags(&count.event, duration_ms, &seen, now_ms);
            let is_new = add_event!(tx, count, &flags, now_ms);
            if is_new {
                sums.counted(count, now_ms, &flags);
                for beacon in &count.beacons {
                    add_beacon!(tx, count, beacon, now_ms);
                }
            }
            if let Some(receipt) = &count.receipt
                && add_receipt!(tx, count, receipt, now_ms)
            {
                sums.add(count, now_ms, "signed".to_owned());
            }
            let outcome = if is_new {
                Outcome::Counted
            } else {
                Outcome::Known
            };
            outcomes.push((count.index, outcome));
        }
        for ((hour, title, site, kind, source, metric), sum) in sums.0 {
            sqlx::query(ADD_SUM)
                .bind(hour)
                .bind(title)
                .bind(site)
                .bind(kind)
                .bind(source)
                .bind(metric)
                .bind(sum)
                .execute(&mut *tx)
                .await?;
        }
        outcomes
    });
    Ok(outcomes)
}
