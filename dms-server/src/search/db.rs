//! The index in the database: SQLite's FTS5 beside triggers, PostgreSQL's text search in a generated column.

use uuid::Uuid;

use super::Query;
use super::words::fold;
use crate::db::{Db, Pool};
use crate::publish::db::Seen;
use crate::{db, title_is_seen, tx};

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

macro_rules! titles {
    ($found:literal, $order:literal) => {
        concat!(
            "SELECT t.id ",
            $found,
            " AND ",
            title_is_seen!(),
            " ORDER BY ",
            $order,
            ", t.id DESC LIMIT $3"
        )
    };
}

const TITLES_SQLITE: &str = titles!(
    "FROM title_index i JOIN title_words w ON w.id = i.rowid JOIN titles t ON t.id = w.title_id \
     WHERE title_index MATCH $4",
    "bm25(title_index, 10.0, 5.0, 1.0)"
);
const TITLES_POSTGRES: &str = titles!(
    "FROM title_words w JOIN titles t ON t.id = w.title_id WHERE w.words @@ to_tsquery('simple', $4)",
    "ts_rank(w.words, to_tsquery('simple', $4)) DESC"
);

/// Titles of which this is said, the best first.
///
/// # Errors
/// The database's.
pub async fn titles(db: &Db, words: &Query, seen: Seen, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    let (sql, words) = match db.read() {
        Pool::Sqlite(_) => (TITLES_SQLITE, words.fts5()),
        Pool::Pg(_) => (TITLES_POSTGRES, words.tsquery()),
    };
    let (complete, person) = seen.bound();
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(complete)
        .bind(person)
        .bind(limit)
        .bind(words)
        .fetch_all(p)
        .await)
}

/// A line that is spoken.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LineRow {
    /// In which title.
    pub title_id: Uuid,
    /// In which language.
    pub lang: String,
    /// When, milliseconds from the beginning.
    pub at_ms: i64,
    /// It.
    pub line: String,
}

macro_rules! lines {
    ($found:literal, $order:literal) => {
        concat!(
            "SELECT l.title_id, l.lang, l.at_ms, l.line ",
            $found,
            " AND ",
            title_is_seen!(),
            " ORDER BY ",
            $order,
            " LIMIT $3"
        )
    };
}

// Not ranked among one another: what half of all lines say would be read in full. The index gives them as
// they were
// written, so the newest come first.
const LINES_SQLITE: &str = lines!(
    "FROM spoken_index i JOIN spoken_lines l ON l.id = i.rowid JOIN titles t ON t.id = l.title_id \
     WHERE spoken_index MATCH $4",
    "i.rowid DESC"
);
const LINES_POSTGRES: &str = lines!(
    "FROM spoken_lines l JOIN titles t ON t.id = l.title_id WHERE l.found_by @@ to_tsquery('simple', $4)",
    "l.id DESC"
);

/// Lines with these words, of titles that somebody sees; the newest first.
///
/// # Errors
/// The database's.
pub async fn lines(db: &Db, words: &Query, seen: Seen, limit: i64) -> sqlx::Result<Vec<LineRow>> {
    let (sql, words) = match db.read() {
        Pool::Sqlite(_) => (LINES_SQLITE, words.fts5()),
        Pool::Pg(_) => (LINES_POSTGRES, words.tsquery()),
    };
    let (complete, person) = seen.bound();
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(complete)
        .bind(person)
        .bind(limit)
        .bind(words)
        .fetch_all(p)
        .await)
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
