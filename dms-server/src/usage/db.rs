//! The ledger.

use sqlx::FromRow;
use uuid::Uuid;

use super::Play;
use crate::db::Db;
use crate::{db, tx};

/// The most rows of a ledger.
pub const ROWS_MAX: i64 = 100_000;

/// What one department did with one title.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct UsageRow {
    /// The department; empty: none is known.
    pub department: String,
    /// The title.
    pub title_id: Uuid,
    /// What people call it; none when it was deleted.
    pub name: Option<String>,
    /// Licences issued.
    pub licenses: i64,
    /// Of them, for use without contact.
    pub offline_licenses: i64,
    /// Different people among them.
    pub people: i64,
    /// Different devices among those with nobody signed in.
    pub devices: i64,
    /// Played under them, milliseconds of media.
    pub played_ms: i64,
    /// Of that, without contact.
    pub played_offline_ms: i64,
}

/// What one department is entitled to beyond what is free.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct EntitlementRow {
    /// The department; empty: none is known.
    pub department: String,
    /// `subscription` or `rental`.
    pub kind: String,
    /// The collection or the title.
    pub object_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Different people who have it.
    pub people: i64,
    /// Subscribed people, or rentals bought.
    pub bought: i64,
    /// Of the rentals, those whose first play has begun; of subscriptions as many as were bought.
    pub used: i64,
}

/// Adds stretches of playing; of one that is there already, the longer one stays.
///
/// # Errors
/// The database's.
pub async fn add(db: &Db, plays: &[Play], now_ms: i64) -> sqlx::Result<()> {
    let sql = "INSERT INTO plays (license_id, from_ms, until_ms, played_ms, offline, reported_ms) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (license_id, from_ms) DO UPDATE SET \
               until_ms = excluded.until_ms, played_ms = excluded.played_ms, \
               offline = excluded.offline, reported_ms = excluded.reported_ms \
               WHERE excluded.played_ms > plays.played_ms";
    if plays.is_empty() {
        return Ok(());
    }
    tx!(db, |tx| {
        for play in plays {
            sqlx::query(sql)
                .bind(play.license)
                .bind(play.from_ms)
                .bind(play.until_ms)
                .bind(play.played_ms)
                .bind(i64::from(play.offline))
                .bind(now_ms)
                .execute(&mut *tx)
                .await?;
        }
    });
    Ok(())
}

/// Licences issued from `from_ms` to before `until_ms` and what was played under them, by department and title.
///
/// # Errors
/// The database's.
pub async fn usage(db: &Db, from_ms: i64, until_ms: i64) -> sqlx::Result<Vec<UsageRow>> {
    let sql = "SELECT l.department, l.title_id, MAX(t.name) AS name, \
               COUNT(DISTINCT l.id) AS licenses, \
               COUNT(DISTINCT CASE WHEN l.offline_until_ms > l.issued_ms THEN l.id END) AS offline_licenses, \
               COUNT(DISTINCT l.person_id) AS people, \
               COUNT(DISTINCT CASE WHEN l.person_id IS NULL THEN l.device_id END) AS devices, \
               CAST(COALESCE(SUM(p.played_ms), 0) AS BIGINT) AS played_ms, \
               CAST(COALESCE(SUM(p.played_ms * p.offline), 0) AS BIGINT) AS played_offline_ms \
               FROM licenses l LEFT JOIN plays p ON p.license_id = l.id \
               LEFT JOIN titles t ON t.id = l.title_id \
               WHERE l.issued_ms >= $1 AND l.issued_ms < $2 \
               GROUP BY l.department, l.title_id ORDER BY l.department, name, l.title_id LIMIT $3";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(from_ms)
            .bind(until_ms)
            .bind(ROWS_MAX)
            .fetch_all(p)
            .await
    })
}

/// Subscriptions that ran, and rentals bought, from `from_ms` to before `until_ms`, by department.
///
/// # Errors
/// The database's.
pub async fn entitlements(
    db: &Db,
    from_ms: i64,
    until_ms: i64,
) -> sqlx::Result<Vec<EntitlementRow>> {
    let sql = "SELECT p.department, 'subscription' AS kind, c.id AS object_id, MAX(c.name) AS name, \
               COUNT(DISTINCT p.id) AS people, COUNT(DISTINCT p.id) AS bought, \
               COUNT(DISTINCT p.id) AS used \
               FROM subscriptions s JOIN collections c ON c.id = s.collection_id \
               JOIN people p ON p.id = s.member_id OR p.id IN \
               (SELECT m.person_id FROM memberships m WHERE m.group_id = s.member_id) \
               WHERE s.from_ms < $2 AND s.until_ms > $1 GROUP BY p.department, c.id \
               UNION ALL \
               SELECT p.department, 'rental', t.id, MAX(t.name), COUNT(DISTINCT p.id), COUNT(*), \
               COUNT(r.first_play_ms) FROM rentals r JOIN titles t ON t.id = r.title_id \
               JOIN people p ON p.id = r.person_id \
               WHERE r.bought_ms >= $1 AND r.bought_ms < $2 GROUP BY p.department, t.id \
               ORDER BY 1, 2 DESC, 4, 3 LIMIT $3";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(from_ms)
            .bind(until_ms)
            .bind(ROWS_MAX)
            .fetch_all(p)
            .await
    })
}
