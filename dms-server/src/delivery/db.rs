//! Sums of deliveries.

use sqlx::FromRow;
use uuid::Uuid;

use super::{PathReason, Sums, ViewPath, Waiting};
use crate::db::Db;
use crate::{db, tx};

/// Sums of some minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct SumRow {
    /// What they are of: the first minute of a step, or nothing.
    pub minute: i64,
    /// The site; all zeros: none.
    pub site_id: Uuid,
    /// Bytes from the origin.
    pub origin_bytes: i64,
    /// Bytes from caches of the office.
    pub office_bytes: i64,
    /// Bytes from PCs nearby.
    pub nearby_bytes: i64,
    /// Played, milliseconds.
    pub played_ms: i64,
    /// Stood still, milliseconds.
    pub stalled_ms: i64,
    /// Views that began.
    pub views: i64,
}

impl SumRow {
    /// The sums.
    #[must_use]
    pub fn sums(&self) -> Sums {
        Sums {
            origin_bytes: self.origin_bytes,
            office_bytes: self.office_bytes,
            nearby_bytes: self.nearby_bytes,
            played_ms: self.played_ms,
            stalled_ms: self.stalled_ms,
            views: self.views,
        }
    }
}

/// Adds sums; those of titles that are gone are left out, those before the minute `oldest` forgotten.
///
/// # Errors
/// The database's.
pub async fn add(db: &Db, waiting: &Waiting, oldest: i64) -> sqlx::Result<()> {
    let sum = "INSERT INTO delivery (title_id, minute, site_id, origin_bytes, office_bytes, nearby_bytes, \
               played_ms, stalled_ms, views) \
               SELECT id, $2, $3, $4, $5, $6, $7, $8, $9 FROM titles WHERE id = $1 \
               ON CONFLICT (title_id, minute, site_id) DO UPDATE SET \
               origin_bytes = delivery.origin_bytes + excluded.origin_bytes, \
               office_bytes = delivery.office_bytes + excluded.office_bytes, \
               nearby_bytes = delivery.nearby_bytes + excluded.nearby_bytes, \
               played_ms = delivery.played_ms + excluded.played_ms, \
               stalled_ms = delivery.stalled_ms + excluded.stalled_ms, \
               views = delivery.views + excluded.views";
    let path = "INSERT INTO view_paths (day, path, reason, views) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (day, path, reason) DO UPDATE SET views = view_paths.views + excluded.views";
    let forget = "DELETE FROM delivery WHERE minute < $1";
    let forget_paths = "DELETE FROM view_paths WHERE day < $1";
    tx!(db, |tx| {
        for ((title, minute, site), sums) in &waiting.sums {
            sqlx::query(sum)
                .bind(title)
                .bind(minute)
                .bind(site)
                .bind(sums.origin_bytes)
                .bind(sums.office_bytes)
                .bind(sums.nearby_bytes)
                .bind(sums.played_ms)
                .bind(sums.stalled_ms)
                .bind(sums.views)
                .execute(&mut *tx)
                .await?;
        }
        for ((day, taken, reason), views) in &waiting.paths {
            sqlx::query(path)
                .bind(day)
                .bind(name(taken))
                .bind(name(reason))
                .bind(views)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(forget).bind(oldest).execute(&mut *tx).await?;
        sqlx::query(forget_paths)
            .bind(oldest.div_euclid(24 * 60))
            .execute(&mut *tx)
            .await?;
    });
    Ok(())
}

/// A name of the API, which the database keeps.
fn name(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// The sums of a group, as columns.
macro_rules! summed {
    () => {
        "CAST(SUM(origin_bytes) AS BIGINT) AS origin_bytes, CAST(SUM(office_bytes) AS BIGINT) AS office_bytes, \
         CAST(SUM(nearby_bytes) AS BIGINT) AS nearby_bytes, CAST(SUM(played_ms) AS BIGINT) AS played_ms, \
         CAST(SUM(stalled_ms) AS BIGINT) AS stalled_ms, CAST(SUM(views) AS BIGINT) AS views"
    };
}

/// The sums of a title from one minute to before another, a row for each step of so many minutes; of one site or all.
///
/// # Errors
/// The database's.
pub async fn steps(
    db: &Db,
    title: Uuid,
    minutes: (i64, i64),
    step: i64,
    site: Option<Uuid>,
) -> sqlx::Result<Vec<SumRow>> {
    let sql = concat!(
        "SELECT minute - minute % $4 AS minute, $6 AS site_id, ",
        summed!(),
        " FROM delivery WHERE title_id = $1 AND minute >= $2 AND minute < $3 \
         AND ($5 IS NULL OR site_id = $5) GROUP BY 1 ORDER BY 1"
    );
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .bind(minutes.0)
        .bind(minutes.1)
        .bind(step)
        .bind(site)
        .bind(Uuid::nil())
        .fetch_all(p)
        .await)
}

/// The sums of each site from one minute to before another; of one title or all.
///
/// # Errors
/// The database's.
pub async fn by_site(
    db: &Db,
    title: Option<Uuid>,
    minutes: (i64, i64),
) -> sqlx::Result<Vec<SumRow>> {
    let sql = concat!(
        "SELECT CAST(0 AS BIGINT) AS minute, site_id, ",
        summed!(),
        " FROM delivery WHERE ($1 IS NULL OR title_id = $1) AND minute >= $2 AND minute < $3 GROUP BY site_id"
    );
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .bind(minutes.0)
        .bind(minutes.1)
        .fetch_all(p)
        .await)
}

/// Views by path and reason from one day to before another.
///
/// # Errors
/// The database's; also when it has a name that this version does not know.
pub async fn paths(db: &Db, days: (i64, i64)) -> sqlx::Result<Vec<(ViewPath, PathReason, i64)>> {
    let sql = "SELECT path, reason, CAST(SUM(views) AS BIGINT) FROM view_paths \
               WHERE day >= $1 AND day < $2 GROUP BY path, reason ORDER BY path, reason";
    let rows: Vec<(String, String, i64)> = db!(db.read(), |p| sqlx::query_as(sql)
        .bind(days.0)
        .bind(days.1)
        .fetch_all(p)
        .await)?;
    let unknown = |_| sqlx::Error::Decode("view_paths".into());
    rows.into_iter()
        .map(|(path, reason, views)| {
            let path = serde_json::from_value(path.into()).map_err(unknown)?;
            let reason = serde_json::from_value(reason.into()).map_err(unknown)?;
            Ok((path, reason, views))
        })
        .collect()
}
