//! Sums of events and decisions.

use std::collections::BTreeMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::By;
use crate::ads::count::db::{ADD_SUM, HOUR_MS};
use crate::db::Db;
use crate::{db, tx};

/// The most sums of a report.
pub const SUMS_MAX: i64 = 50_000;

/// One sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumRow {
    /// What it is of, as text; empty: nothing is known.
    pub key: String,
    /// Of which events.
    pub metric: String,
    /// It.
    pub count: i64,
}

/// One decision, as far as it is counted.
#[derive(Clone, Debug, FromRow)]
struct DecidedRow {
    id: Uuid,
    made_ms: i64,
    title: Uuid,
    site: Option<Uuid>,
    kind: Option<String>,
    source: Option<Uuid>,
}

/// The kinds that a report of campaigns, or of decision servers, is of.
macro_rules! of_kind {
    (campaign) => {
        " AND kind IN ('campaign', 'emergency', 'slate')"
    };
    (server) => {
        " AND kind IN ('vast', 'webhook')"
    };
    (all) => {
        ""
    };
}

/// The sums of events by a column.
macro_rules! events_by {
    ($column:literal, $kind:tt) => {
        concat!(
            "SELECT ",
            $column,
            ", metric, CAST(SUM(count) AS BIGINT) FROM ad_hours \
             WHERE hour >= $1 AND hour < $2",
            of_kind!($kind),
            " GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $3"
        )
    };
}

/// Decisions that are still here, by a column; those that went are among the sums. A decision's kind and source are
/// those of the first that it shows.
macro_rules! decisions_by {
    ($column:literal, $kind:tt) => {
        concat!(
            "SELECT ", $column, ", COUNT(*), COUNT(kind) FROM \
             (SELECT d.made_ms / 3600000 AS hour, d.title, d.site, i.kind, i.source \
             FROM ad_decisions d LEFT JOIN ad_instances i ON i.decision = d.id AND i.nth = \
             (SELECT MIN(n.nth) FROM ad_instances n WHERE n.decision = d.id) \
             WHERE d.made_ms >= $1 * 3600000 AND d.made_ms < $2 * 3600000) AS asked WHERE 1 = 1",
            of_kind!($kind),
            " GROUP BY 1 ORDER BY 1 LIMIT $3"
        )
    };
}

/// What was counted from an hour to before another. Of a report by campaign or server, breaks count that one of its
/// kind filled.
///
/// # Errors
/// The database's.
pub async fn sums(db: &Db, by: By, from: i64, until: i64) -> sqlx::Result<Vec<SumRow>> {
    let (events, decisions) = match by {
        By::Campaign => (
            events_by!("source", campaign),
            decisions_by!("source", campaign),
        ),
        By::Server => (
            events_by!("source", server),
            decisions_by!("source", server),
        ),
        By::Site => (events_by!("site", all), decisions_by!("site", all)),
        By::Title => (events_by!("title", all), decisions_by!("title", all)),
        By::Hour => return by_hour(db, from, until).await,
    };
    let counted: Vec<(Option<Uuid>, String, i64)> = db!(db.read(), |p| {
        let query = sqlx::query_as(events).bind(from).bind(until);
        query.bind(SUMS_MAX).fetch_all(p).await
    })?;
    let decided: Vec<(Option<Uuid>, i64, i64)> = db!(db.read(), |p| {
        let query = sqlx::query_as(decisions).bind(from).bind(until);
        query.bind(SUMS_MAX).fetch_all(p).await
    })?;
    let key = |id: Option<Uuid>| {
        let known = id.filter(|id| !id.is_nil());
        known.map(|id| id.to_string()).unwrap_or_default()
    };
    let counted = counted.into_iter().map(|(id, m, n)| (key(id), m, n));
    let decided = decided.into_iter().map(|(id, a, f)| (key(id), a, f));
    Ok(together(counted.collect(), decided.collect()))
}

async fn by_hour(db: &Db, from: i64, until: i64) -> sqlx::Result<Vec<SumRow>> {
    let counted: Vec<(i64, String, i64)> = db!(db.read(), |p| {
        let query = sqlx::query_as(events_by!("hour", all))
            .bind(from)
            .bind(until);
        query.bind(SUMS_MAX).fetch_all(p).await
    })?;
    let decided: Vec<(i64, i64, i64)> = db!(db.read(), |p| {
        let query = sqlx::query_as(decisions_by!("hour", all))
            .bind(from)
            .bind(until);
        query.bind(SUMS_MAX).fetch_all(p).await
    })?;
    let key = |hour: i64| (hour * HOUR_MS).to_string();
    let counted = counted.into_iter().map(|(hour, m, n)| (key(hour), m, n));
    let decided = decided.into_iter().map(|(hour, a, f)| (key(hour), a, f));
    Ok(together(counted.collect(), decided.collect()))
}

fn together(counted: Vec<(String, String, i64)>, decided: Vec<(String, i64, i64)>) -> Vec<SumRow> {
    let row = |key: String, metric: &str, count: i64| SumRow {
        key,
        metric: metric.to_owned(),
        count,
    };
    let mut rows: Vec<SumRow> = counted.into_iter().map(|(k, m, n)| row(k, &m, n)).collect();
    for (key, asked, filled) in decided {
        rows.push(row(key.clone(), "asked", asked));
        rows.push(row(key, "filled", filled));
    }
    rows
}

/// The names of titles that have sums.
///
/// # Errors
/// The database's.
pub async fn title_names(db: &Db, from: i64, until: i64) -> sqlx::Result<BTreeMap<String, String>> {
    let sql = "SELECT id, name FROM titles WHERE id IN (SELECT title FROM ad_hours \
               WHERE hour >= $1 AND hour < $2) OR id IN (SELECT title FROM ad_decisions \
               WHERE made_ms >= $1 * 3600000 AND made_ms < $2 * 3600000) LIMIT $3";
    let rows: Vec<(Uuid, String)> = db!(db.read(), |p| {
        let query = sqlx::query_as(sql).bind(from).bind(until);
        query.bind(SUMS_MAX).fetch_all(p).await
    })?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| (id.to_string(), name))
        .collect())
}

/// An event that was counted, as a decision server's log would name it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct OwnRow {
    /// The instance.
    pub instance: Uuid,
    /// Its decision.
    pub decision: Uuid,
    /// The event.
    pub event: String,
    /// When, by the player's clock.
    pub at_ms: i64,
}

/// The events that were counted in a time, of one campaign or decision server or of all.
///
/// # Errors
/// The database's.
pub async fn events(
    db: &Db,
    source: Option<Uuid>,
    from_ms: i64,
    until_ms: i64,
    most: i64,
) -> sqlx::Result<Vec<OwnRow>> {
    let sql = "SELECT e.instance, i.decision, e.event, e.at_ms FROM ad_events e \
               JOIN ad_instances i ON i.id = e.instance \
               WHERE e.at_ms >= $1 AND e.at_ms < $2 AND ($3 = $4 OR i.source = $3) \
               ORDER BY e.at_ms LIMIT $5";
    db!(db.read(), |p| {
        let query = sqlx::query_as(sql).bind(from_ms).bind(until_ms);
        let query = query.bind(source.unwrap_or_default()).bind(Uuid::nil());
        query.bind(most).fetch_all(p).await
    })
}

/// A receipt with the certificate that it is checked with.
#[derive(Clone, Debug, FromRow)]
pub struct ReceiptRow {
    /// The instance.
    pub instance: Uuid,
    /// The campaign or decision server.
    pub source: Option<Uuid>,
    /// The event.
    pub event: String,
    /// Of progress, its mark; else 0.
    pub mark_ms: i64,
    /// Media time, milliseconds.
    pub media_ms: i64,
    /// When, by the player's clock.
    pub at_ms: i64,
    /// Of an error, its code.
    pub code: Option<i64>,
    /// The device.
    pub device: Uuid,
    /// The signature, DER.
    pub signature: Vec<u8>,
    /// The device's certificate, DER.
    pub certificate: Vec<u8>,
}

/// Receipts in the order of their instances, after the one that came last; of one campaign or decision server or
/// of all.
///
/// # Errors
/// The database's.
pub async fn receipts(
    db: &Db,
    source: Option<Uuid>,
    after: (Uuid, &str, i64),
    most: i64,
) -> sqlx::Result<Vec<ReceiptRow>> {
    let sql = "SELECT r.instance, i.source, r.event, r.mark_ms, r.media_ms, r.at_ms, r.code, \
               r.device, r.signature, c.certificate FROM ad_receipts r \
               JOIN ad_instances i ON i.id = r.instance \
               JOIN device_certificates c ON c.device = r.device AND c.key_hash = r.key_hash \
               WHERE (r.instance > $1 OR (r.instance = $1 AND (r.event > $2 \
               OR (r.event = $2 AND r.mark_ms > $3)))) AND ($4 = $5 OR i.source = $4) \
               ORDER BY r.instance, r.event, r.mark_ms LIMIT $6";
    db!(db.read(), |p| {
        let query = sqlx::query_as(sql)
            .bind(after.0)
            .bind(after.1)
            .bind(after.2);
        let query = query.bind(source.unwrap_or_default()).bind(Uuid::nil());
        query.bind(most).fetch_all(p).await
    })
}

/// Removes decisions made before a time with all that belongs to them, once they are among the sums. Answers how many
/// there were.
///
/// # Errors
/// The database's.
pub async fn forget(db: &Db, before_ms: i64, most: i64) -> sqlx::Result<usize> {
    let old = "SELECT d.id, d.made_ms, d.title, d.site, i.kind, i.source FROM ad_decisions d \
               LEFT JOIN ad_instances i ON i.decision = d.id AND i.nth = \
               (SELECT MIN(n.nth) FROM ad_instances n WHERE n.decision = d.id) \
               WHERE d.made_ms < $1 ORDER BY d.made_ms, d.id LIMIT $2";
    let remove = "DELETE FROM ad_decisions WHERE id = $1";
    let gone = tx!(db, |tx| {
        let query = sqlx::query_as(old).bind(before_ms).bind(most);
        let rows: Vec<DecidedRow> = query.fetch_all(&mut *tx).await?;
        for row in &rows {
            // Another server may do the same at this moment: what it removed it has counted.
            let removed = sqlx::query(remove).bind(row.id).execute(&mut *tx).await?;
            if removed.rows_affected() == 0 {
                continue;
            }
            let metrics = ["asked", "filled"];
            let counted = if row.kind.is_some() { 2 } else { 1 };
            for metric in metrics.into_iter().take(counted) {
                sqlx::query(ADD_SUM)
                    .bind(row.made_ms.div_euclid(HOUR_MS))
                    .bind(row.title)
                    .bind(row.site.unwrap_or_default())
                    .bind(row.kind.clone().unwrap_or_default())
                    .bind(row.source.unwrap_or_default())
                    .bind(metric)
                    .bind(1_i64)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        rows.len()
    });
    Ok(gone)
}

/// Removes the sums of before an hour.
///
/// # Errors
/// The database's.
pub async fn forget_sums(db: &Db, before_hour: i64) -> sqlx::Result<()> {
    let sql = "DELETE FROM ad_hours WHERE hour < $1";
    db!(db.write(), |p| {
        sqlx::query(sql).bind(before_hour).execute(p).await?;
    });
    Ok(())
}
