//! What people watch, save and like, in the database.

use sqlx::FromRow;
use uuid::Uuid;

use super::likes::Together;
use super::{PROGRESS_MAX, SAVED_MAX};
use crate::db::Db;
use crate::publish::db::{Seen, TitleRow};
use crate::{db, title_columns, title_is_seen, tx};

/// People who have to like two titles before a third person learns of it: one alone stays unknown.
const BOTH_MIN: i64 = 2;
/// Pairs of titles that are looked at.
const PAIRS_MAX: i64 = 5_000;

/// A title of a list of the portal.
#[derive(Clone, Debug, FromRow)]
pub struct MarkedRow {
    /// It.
    #[sqlx(flatten)]
    pub title: TitleRow,
    /// Where the person is, milliseconds.
    pub position_ms: Option<i64>,
    /// When they watched or saved it.
    pub marked_ms: i64,
}

/// Notes where a person is, and forgets where they were long ago.
///
/// # Errors
/// The database's; of a title that is gone, too.
pub async fn set_progress(
    db: &Db,
    person: Uuid,
    title: Uuid,
    at_ms: i64,
    now_ms: i64,
) -> sqlx::Result<()> {
    let set = "INSERT INTO watch_progress (person_id, title_id, at_ms, updated_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (person_id, title_id) DO UPDATE SET at_ms = excluded.at_ms, \
               updated_ms = excluded.updated_ms";
    let forget = "DELETE FROM watch_progress WHERE person_id = $1 AND updated_ms < (SELECT updated_ms \
                  FROM watch_progress WHERE person_id = $1 ORDER BY updated_ms DESC LIMIT 1 OFFSET $2)";
    tx!(db, |tx| {
        sqlx::query(set)
            .bind(person)
            .bind(title)
            .bind(at_ms)
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        sqlx::query(forget)
            .bind(person)
            .bind(PROGRESS_MAX - 1)
            .execute(&mut *tx)
            .await?;
    });
    Ok(())
}

/// Forgets where a person is.
///
/// # Errors
/// The database's.
pub async fn forget_progress(db: &Db, person: Uuid, title: Uuid) -> sqlx::Result<()> {
    let sql = "DELETE FROM watch_progress WHERE person_id = $1 AND title_id = $2";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(person)
        .bind(title)
        .execute(p)
        .await
        .map(drop))
}

macro_rules! marked {
    ($position:literal, $marked:literal, $from:literal) => {
        concat!(
            "SELECT ",
            $position,
            " AS position_ms, ",
            $marked,
            " AS marked_ms, ",
            title_columns!(),
            $from,
            " AND ",
            title_is_seen!(),
            " ORDER BY marked_ms DESC, t.id DESC LIMIT $4"
        )
    };
}

/// Titles that a person began and did not end, the last watched first.
///
/// # Errors
/// The database's.
pub async fn to_continue(
    db: &Db,
    person: Uuid,
    seen: Seen,
    limit: i64,
) -> sqlx::Result<Vec<MarkedRow>> {
    // The first seconds are no beginning, and credits are an end.
    let sql = marked!(
        "w.at_ms",
        "w.updated_ms",
        " JOIN watch_progress w ON w.title_id = t.id WHERE w.person_id = $3 AND w.at_ms >= 10000 \
         AND t.duration_ms > 0 AND w.at_ms < t.duration_ms * 95 / 100"
    );
    list(db, sql, person, seen, limit).await
}

/// Titles that a person saved, the last first.
///
/// # Errors
/// The database's.
pub async fn saved(db: &Db, person: Uuid, seen: Seen) -> sqlx::Result<Vec<MarkedRow>> {
    let sql = marked!(
        "w.at_ms",
        "s.saved_ms",
        " JOIN saved_titles s ON s.title_id = t.id LEFT JOIN watch_progress w \
         ON w.title_id = t.id AND w.person_id = s.person_id WHERE s.person_id = $3"
    );
    list(db, sql, person, seen, SAVED_MAX).await
}

async fn list(
    db: &Db,
    sql: &'static str,
    person: Uuid,
    seen: Seen,
    limit: i64,
) -> sqlx::Result<Vec<MarkedRow>> {
    let (complete, viewer) = seen.bound();
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(complete)
        .bind(viewer)
        .bind(person)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// Saves a title. False: the person saved too many.
///
/// # Errors
/// The database's; of a title that is gone, too.
pub async fn save(db: &Db, person: Uuid, title: Uuid, now_ms: i64) -> sqlx::Result<bool> {
    let add = "INSERT INTO saved_titles (person_id, title_id, saved_ms) VALUES ($1, $2, $3) \
               ON CONFLICT (person_id, title_id) DO NOTHING";
    let count = "SELECT CAST(COUNT(*) AS BIGINT) FROM saved_titles WHERE person_id = $1";
    tx!(db, |tx| {
        sqlx::query(add)
            .bind(person)
            .bind(title)
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        let saved: i64 = sqlx::query_scalar(count)
            .bind(person)
            .fetch_one(&mut *tx)
            .await?;
        if saved > SAVED_MAX {
            return Ok(false);
        }
    });
    Ok(true)
}

/// Saves a title no more.
///
/// # Errors
/// The database's.
pub async fn unsave(db: &Db, person: Uuid, title: Uuid) -> sqlx::Result<()> {
    let sql = "DELETE FROM saved_titles WHERE person_id = $1 AND title_id = $2";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(person)
        .bind(title)
        .execute(p)
        .await
        .map(drop))
}

/// Says whether a person likes a title; none: they do not say any more.
///
/// # Errors
/// The database's; of a title that is gone, too.
pub async fn rate(
    db: &Db,
    person: Uuid,
    title: Uuid,
    rating: Option<i64>,
    now_ms: i64,
) -> sqlx::Result<()> {
    let Some(rating) = rating else {
        let sql = "DELETE FROM ratings WHERE person_id = $1 AND title_id = $2";
        return db!(db.write(), |p| sqlx::query(sql)
            .bind(person)
            .bind(title)
            .execute(p)
            .await
            .map(drop));
    };
    let sql = "INSERT INTO ratings (person_id, title_id, rating, rated_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (person_id, title_id) DO UPDATE SET rating = excluded.rating, \
               rated_ms = excluded.rated_ms";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(person)
        .bind(title)
        .bind(rating)
        .bind(now_ms)
        .execute(p)
        .await
        .map(drop))
}

/// Where a person is in a title, whether they saved it, and how they rated it.
///
/// # Errors
/// The database's.
pub async fn mine(
    db: &Db,
    person: Uuid,
    title: Uuid,
) -> sqlx::Result<(Option<i64>, i64, Option<i64>)> {
    let sql = "SELECT (SELECT at_ms FROM watch_progress WHERE person_id = $1 AND title_id = $2), \
               (SELECT CAST(COUNT(*) AS BIGINT) FROM saved_titles WHERE person_id = $1 AND title_id = $2), \
               (SELECT rating FROM ratings WHERE person_id = $1 AND title_id = $2)";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(person)
        .bind(title)
        .fetch_one(p)
        .await)
}

/// How many titles a person likes.
///
/// # Errors
/// The database's.
pub async fn likes(db: &Db, person: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM ratings WHERE person_id = $1 AND rating = 1";
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(person)
        .fetch_one(p)
        .await)
}

/// What people like who like what a person likes, of titles that they see and did not rate.
///
/// # Errors
/// The database's.
pub async fn together(db: &Db, person: Uuid, seen: Seen) -> sqlx::Result<Vec<Together>> {
    let sql = concat!(
        "SELECT t.id AS candidate, mine.title_id AS liked, CAST(COUNT(*) AS BIGINT) AS shared, \
         (SELECT CAST(COUNT(*) AS BIGINT) FROM ratings c WHERE c.title_id = t.id AND c.rating = 1) AS candidate_likes, \
         (SELECT CAST(COUNT(*) AS BIGINT) FROM ratings c WHERE c.title_id = mine.title_id AND c.rating = 1) AS liked_likes \
         FROM ratings mine JOIN ratings same ON same.title_id = mine.title_id AND same.rating = 1 \
         AND same.person_id <> mine.person_id \
         JOIN ratings theirs ON theirs.person_id = same.person_id AND theirs.rating = 1 \
         JOIN titles t ON t.id = theirs.title_id \
         WHERE mine.person_id = $3 AND mine.rating = 1 AND t.state = 'complete' AND NOT EXISTS ( \
             SELECT 1 FROM ratings r WHERE r.person_id = $3 AND r.title_id = t.id) AND ",
        title_is_seen!(),
        " GROUP BY t.id, mine.title_id HAVING COUNT(*) >= $4 ORDER BY shared DESC LIMIT $5"
    );
    let (complete, viewer) = seen.bound();
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(complete)
        .bind(viewer)
        .bind(person)
        .bind(BOTH_MIN)
        .bind(PAIRS_MAX)
        .fetch_all(p)
        .await)
}

/// As if a title lasted this long.
#[cfg(test)]
pub(crate) async fn stretch(db: &Db, title: Uuid, duration_ms: i64) -> sqlx::Result<()> {
    let sql = "UPDATE titles SET duration_ms = $2 WHERE id = $1";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(title)
        .bind(duration_ms)
        .execute(p)
        .await
        .map(drop))
}
