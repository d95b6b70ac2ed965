//! Bytes of the store, by what they belong to, as the database knows them.

use sqlx::FromRow;
use uuid::Uuid;

use crate::db;
use crate::db::Db;
use crate::publish::db::Seen;
use crate::title_is_seen;

/// Bytes of chunks, each chunk once.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct Sums {
    /// Of published versions.
    pub titles: i64,
    /// Of them: chunks that several titles have.
    pub shared: i64,
    /// Of versions that are being made.
    pub building: i64,
    /// Of versions that nothing needs: they are removed soon.
    pub waiting: i64,
}

/// Sums over every chunk.
///
/// # Errors
/// The database's.
pub async fn sums(db: &Db) -> sqlx::Result<Sums> {
    let sql = "SELECT \
        CAST(COALESCE(SUM(CASE WHEN one.complete > 0 THEN one.bytes END), 0) AS BIGINT) AS titles, \
        CAST(COALESCE(SUM(CASE WHEN one.titles > 1 THEN one.bytes END), 0) AS BIGINT) AS shared, \
        CAST(COALESCE(SUM(CASE WHEN one.complete = 0 AND one.building > 0 THEN one.bytes END), 0) AS BIGINT) AS building, \
        CAST(COALESCE(SUM(CASE WHEN one.complete = 0 AND one.building = 0 THEN one.bytes END), 0) AS BIGINT) AS waiting \
        FROM (SELECT MAX(c.bytes) AS bytes, \
            SUM(CASE WHEN v.state = 'complete' THEN 1 ELSE 0 END) AS complete, \
            SUM(CASE WHEN v.state = 'building' THEN 1 ELSE 0 END) AS building, \
            COUNT(DISTINCT CASE WHEN v.state = 'complete' THEN c.title END) AS titles \
            FROM chunks c JOIN versions v ON v.title = c.title AND v.version = c.version GROUP BY c.id) one";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_one(p).await)
}

/// Bytes of sources that are kept: of uploads that still come, and of those whose job may need them again.
///
/// # Errors
/// The database's.
pub async fn uploads(db: &Db) -> sqlx::Result<i64> {
    let sql = "SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM uploads";
    db!(db.read(), |p| sqlx::query_scalar(sql).fetch_one(p).await)
}

/// A title and its bytes.
#[derive(Clone, Debug, FromRow)]
pub struct LargeRow {
    /// The title.
    pub id: Uuid,
    /// `video` or `file`.
    pub kind: String,
    /// Bytes of its published version.
    pub bytes: i64,
    /// What it is called; none when it is not for who asks.
    pub name: Option<String>,
}

/// The titles with the most bytes, the largest first.
///
/// # Errors
/// The database's.
pub async fn largest(db: &Db, seen: Seen, limit: i64) -> sqlx::Result<Vec<LargeRow>> {
    let sql = concat!(
        "SELECT t.id, t.kind, s.bytes, CASE WHEN ",
        title_is_seen!(),
        " THEN t.name END AS name FROM (SELECT c.title, c.version, CAST(SUM(c.bytes) AS BIGINT) AS bytes \
         FROM chunks c GROUP BY c.title, c.version) s JOIN titles t ON t.id = s.title AND t.version = s.version \
         ORDER BY s.bytes DESC, t.id LIMIT $3"
    );
    let (complete, person) = seen.bound();
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(complete)
        .bind(person)
        .bind(limit)
        .fetch_all(p)
        .await)
}
