//! The index in the database: SQLite's FTS5 beside triggers, PostgreSQL's text search in a generated column.

use uuid::Uuid;

use super::words::fold;
use crate::db::Db;
use crate::{db, tx};

/// Writes the words of a title, anew.
pub const INDEX_TITLE: &str = "INSERT INTO title_words (title_id, name, tags, about) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (title_id) DO UPDATE SET \
    name = excluded.name, tags = excluded.tags, about = excluded.about";

/// Indexes a title inside the write transaction that makes or changes it: its id, name, tags and description.
#[macro_export]
macro_rules! index_title {
    ($tx:ident, $title:expr, $name:expr, $tags:expr, $about:expr) => {
        sqlx::query($crate::search::db::INDEX_TITLE)
            .bind($title)
            .bind($crate::search::words::fold($name))
            .bind($crate::search::words::fold($tags))
            .bind($crate::search::words::fold($about))
            .execute(&mut *$tx)
            .await?
    };
}

/// Indexes titles that are not, at most `limit`; answers how many.
///
/// # Errors
/// The database's.
pub async fn index_missing(db: &Db, limit: i64) -> sqlx::Result<usize> {
    let sql = "SELECT t.id, t.name, t.tags, t.description FROM titles t WHERE NOT EXISTS \
               (SELECT 1 FROM title_words w WHERE w.title_id = t.id) LIMIT $1";
    let missing: Vec<(Uuid, String, String, String)> = db!(db.read(), |p| sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(p)
        .await)?;
    // A title that goes meanwhile must not be indexed; one that changes was indexed by the change.
    let add = "INSERT INTO title_words (title_id, name, tags, about) \
               SELECT id, $2, $3, $4 FROM titles WHERE id = $1 AND name = $5 ON CONFLICT (title_id) DO NOTHING";
    tx!(db, |tx| {
        for (id, name, tags, about) in &missing {
            sqlx::query(add)
                .bind(id)
                .bind(fold(name))
                .bind(fold(tags))
                .bind(fold(about))
                .bind(name)
                .execute(&mut *tx)
                .await?;
        }
    });
    Ok(missing.len())
}

/// As if an earlier version of the program had made every title.
#[cfg(test)]
pub(crate) async fn forget(db: &Db) -> sqlx::Result<()> {
    tx!(db, |tx| {
        sqlx::query("DELETE FROM title_words")
            .execute(&mut *tx)
            .await?;
    });
    Ok(())
}
