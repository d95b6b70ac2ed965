//! Creatives in the database.

use sqlx::FromRow;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// A creative, with what is known of its title.
#[derive(Clone, Debug, Default, FromRow)]
pub struct CreativeRow {
    /// Its id.
    pub id: Uuid,
    /// Its title; none: it is not fetched yet, or was deleted.
    pub title: Option<Uuid>,
    /// What people call it.
    pub name: String,
    /// Where a click leads.
    pub click: Option<String>,
    /// What makes two the same; see [`super::key`].
    pub key: String,
    /// 1: viewers do not find its title in lists.
    pub hidden: i64,
    /// Where it is fetched from.
    pub source_url: Option<String>,
    /// JSON: registry and value of its universal ad id.
    pub universal_id: Option<String>,
    /// How long it was said to play, milliseconds.
    pub promised_ms: Option<i64>,
    /// The code of VAST for why it cannot be shown.
    pub error_code: Option<i64>,
    /// The same in words.
    pub reason: Option<String>,
    /// When its bytes were here, milliseconds since the Unix epoch.
    pub fetched_ms: Option<i64>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_ms: i64,
    /// The state of its title.
    pub state: Option<String>,
    /// Why its title failed.
    pub title_error: Option<String>,
    /// `video` or `file`.
    pub title_kind: Option<String>,
    /// The published version.
    pub version: Option<i64>,
    /// Playing time, milliseconds.
    pub duration_ms: Option<i64>,
}

macro_rules! creatives {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.title, c.name, c.click, c.key, c.hidden, c.source_url, c.universal_id, c.promised_ms, \
             c.error_code, c.reason, c.fetched_ms, c.created_by, c.created_ms, t.state, t.error_code AS title_error, \
             t.kind AS title_kind, t.version, t.duration_ms \
             FROM ad_creatives c LEFT JOIN titles t ON t.id = c.title ",
            $rest
        )
    };
}

/// Adds a creative unless there is one with its key; answers whether it was added.
///
/// # Errors
/// The database's.
pub async fn add(db: &Db, new: &CreativeRow, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "INSERT INTO ad_creatives (id, title, name, click, key, hidden, source_url, universal_id, promised_ms, \
               lease_until_ms, attempts, next_ms, created_by, created_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, 0, $10, $11) ON CONFLICT (key) DO NOTHING";
    let added = tx!(db, |tx| {
        let added = sqlx::query(sql)
            .bind(new.id)
            .bind(new.title)
            .bind(&new.name)
            .bind(&new.click)
            .bind(&new.key)
            .bind(new.hidden)
            .bind(&new.source_url)
            .bind(&new.universal_id)
            .bind(new.promised_ms)
            .bind(&new.created_by)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if added {
            append!(tx, note);
        }
        added
    });
    Ok(added)
}

/// One creative.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<CreativeRow>> {
    let sql = creatives!("WHERE c.id = $1");
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// The creative with this key.
///
/// # Errors
/// The database's.
pub async fn with_key(db: &Db, key: &str) -> sqlx::Result<Option<CreativeRow>> {
    let sql = creatives!("WHERE c.key = $1");
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(key)
        .fetch_optional(p)
        .await)
}

/// Creatives, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<CreativeRow>> {
    let sql = creatives!("WHERE c.id < $1 ORDER BY c.id DESC LIMIT $2");
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(before.unwrap_or(Uuid::max()))
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// The creatives of the ad campaigns that have not ended.
///
/// # Errors
/// The database's.
pub async fn of_campaigns(db: &Db) -> sqlx::Result<Vec<CreativeRow>> {
    let sql =
        creatives!("WHERE c.id IN (SELECT creative FROM ad_campaigns WHERE ended_ms IS NULL)");
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}

/// A creative that is to be fetched, under a lease.
#[derive(Clone, Debug, FromRow)]
pub struct Claim {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Where it lies.
    pub source_url: String,
    /// This try's number, from 1.
    pub attempts: i64,
}

/// Takes the creative that waits the longest to be fetched. Of two servers that ask at once one gets it.
///
/// # Errors
/// The database's.
pub async fn claim(db: &Db, now_ms: i64, lease_until_ms: i64) -> sqlx::Result<Option<Claim>> {
    let sql = "UPDATE ad_creatives SET lease_until_ms = $2, attempts = attempts + 1 WHERE id = ( \
               SELECT id FROM ad_creatives WHERE title IS NULL AND error_code IS NULL AND fetched_ms IS NULL \
               AND source_url IS NOT NULL AND lease_until_ms <= $1 AND next_ms <= $1 ORDER BY next_ms, id LIMIT 1) \
               AND lease_until_ms <= $1 RETURNING id, name, source_url, attempts";
    db!(db.write(), |p| sqlx::query_as(sql)
        .bind(now_ms)
        .bind(lease_until_ms)
        .fetch_optional(p)
        .await)
}

/// Notes the title that a creative became.
///
/// # Errors
/// The database's.
pub async fn fetched(db: &Db, claim: &Claim, title: Uuid, now_ms: i64) -> sqlx::Result<()> {
    let sql = "UPDATE ad_creatives SET title = $3, fetched_ms = $4, lease_until_ms = 0 \
               WHERE id = $1 AND attempts = $2";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(claim.id)
        .bind(claim.attempts)
        .bind(title)
        .bind(now_ms)
        .execute(p)
        .await
        .map(drop))
}

/// Notes why a creative could not be fetched; `next_ms` is when it is tried again, if it is.
///
/// # Errors
/// The database's.
pub async fn unfetched(
    db: &Db,
    claim: &Claim,
    code: i64,
    reason: &str,
    next_ms: Option<i64>,
) -> sqlx::Result<()> {
    let sql = "UPDATE ad_creatives SET lease_until_ms = 0, next_ms = COALESCE($3, next_ms), \
               error_code = CASE WHEN CAST($3 AS BIGINT) IS NULL THEN CAST($4 AS BIGINT) END, reason = $5 \
               WHERE id = $1 AND attempts = $2";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(claim.id)
        .bind(claim.attempts)
        .bind(next_ms)
        .bind(code)
        .bind(reason)
        .execute(p)
        .await
        .map(drop))
}

/// What keeps a creative from being removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Yes,
    /// There was none.
    Unknown,
    /// An ad campaign shows it.
    Needed,
}

/// Forgets a creative; its title stays. Ad campaigns that ended go with it.
///
/// # Errors
/// The database's.
pub async fn remove(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<Removed> {
    let needed = "SELECT CAST(COUNT(*) AS BIGINT) FROM ad_campaigns WHERE creative = $1 AND ended_ms IS NULL";
    let ended = "DELETE FROM ad_campaigns WHERE creative = $1 AND ended_ms IS NOT NULL";
    let removed = tx!(db, |tx| {
        let needed: i64 = sqlx::query_scalar(needed)
            .bind(id)
            .fetch_one(&mut *tx)
            .await?;
        if needed > 0 {
            return Ok(Removed::Needed);
        }
        sqlx::query(ended).bind(id).execute(&mut *tx).await?;
        let gone = sqlx::query("DELETE FROM ad_creatives WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if gone == 0 {
            return Ok(Removed::Unknown);
        }
        append!(tx, note);
        Removed::Yes
    });
    Ok(removed)
}
