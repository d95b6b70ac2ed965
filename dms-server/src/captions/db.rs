//! Captions, chapters and spoken lines in the database.

use sqlx::FromRow;
use uuid::Uuid;

use super::vtt::Track;
use super::{Chapters, LANGUAGES_MAX};
use crate::audit::Note;
use crate::db::{Db, Pool};
use crate::search::words::fold;
use crate::{append, db, tx};

/// Captions in a language, without their text.
#[derive(Clone, Debug, FromRow)]
pub struct CaptionsRow {
    /// The title.
    pub title_id: Uuid,
    /// The language.
    pub lang: String,
    /// What people read in the menu.
    pub label: String,
    /// How many cues.
    pub cues: i64,
    /// Who gave them.
    pub updated_by: String,
    /// When, milliseconds since the Unix epoch.
    pub updated_ms: i64,
}

/// The captions of a title, by language.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db, title: Uuid) -> sqlx::Result<Vec<CaptionsRow>> {
    let sql = "SELECT title_id, lang, label, cues, updated_by, updated_ms FROM captions \
               WHERE title_id = $1 ORDER BY lang LIMIT $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .bind(LANGUAGES_MAX)
        .fetch_all(p)
        .await)
}

/// The text of captions, and when they were written.
///
/// # Errors
/// The database's.
pub async fn text(db: &Db, title: Uuid, lang: &str) -> sqlx::Result<Option<(String, i64)>> {
    let sql = "SELECT vtt, updated_ms FROM captions WHERE title_id = $1 AND lang = $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .bind(lang)
        .fetch_optional(p)
        .await)
}

const LINES_SQLITE: &str = "INSERT INTO spoken_lines (title_id, lang, at_ms, line, words) \
    SELECT $1, $2, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') \
    FROM json_each($3)";
const LINES_POSTGRES: &str = "INSERT INTO spoken_lines (title_id, lang, at_ms, line, words) \
    SELECT $1, $2, CAST(v->>0 AS BIGINT), v->>1, v->>2 \
    FROM jsonb_array_elements(CAST($3 AS jsonb)) AS v";

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is there.
    Done,
    /// The title has captions in too many languages.
    TooManyLanguages,
    /// Somebody else wrote meanwhile.
    Changed,
}

/// Which edition a change is for; see [`edition_of`].
pub type Edition = Option<i64>;

/// What binds to "any edition".
const ANY: i64 = -1;

/// The next edition's moment: later than the one it replaces, so that no two editions share a name.
#[must_use]
pub fn next_edition(now_ms: i64, before: i64) -> i64 {
    now_ms.max(before + 1)
}

/// When captions were written last; 0: there are none.
///
/// # Errors
/// The database's.
pub async fn edition_of(db: &Db, title: Uuid, lang: &str) -> sqlx::Result<i64> {
    let sql = "SELECT updated_ms FROM captions WHERE title_id = $1 AND lang = $2";
    let found: Option<i64> = db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(title)
        .bind(lang)
        .fetch_optional(p)
        .await)?;
    Ok(found.unwrap_or(0))
}

/// When the chapters of a title were written last; 0: there are none.
///
/// # Errors
/// The database's.
pub async fn chapters_edition(db: &Db, title: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT updated_ms FROM chapters WHERE title_id = $1";
    let found: Option<i64> = db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(title)
        .fetch_optional(p)
        .await)?;
    Ok(found.unwrap_or(0))
}

/// Writes captions, and the lines that are found by them, if they still are of the edition `for_edition`.
///
/// # Errors
/// The database's; of a title that is gone, too.
pub async fn set(
    db: &Db,
    row: &CaptionsRow,
    track: &Track,
    for_edition: Edition,
    note: &Note<'_>,
) -> sqlx::Result<Written> {
    let lines: Vec<_> = track
        .cues
        .iter()
        .map(|cue| (cue.start_ms, cue.text.replace('\n', " ")))
        .map(|(at, line)| (at, fold(&line), line))
        .filter(|(_, words, _)| !words.is_empty())
        .map(|(at, words, line)| (at, line, words))
        .collect();
    let lines = serde_json::to_string(&lines).unwrap_or_default();
    let add_lines = match db.write() {
        Pool::Sqlite(_) => LINES_SQLITE,
        Pool::Pg(_) => LINES_POSTGRES,
    };
    let set = "INSERT INTO captions (title_id, lang, label, vtt, cues, updated_by, updated_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (title_id, lang) DO UPDATE SET \
               label = excluded.label, vtt = excluded.vtt, cues = excluded.cues, \
               updated_by = excluded.updated_by, updated_ms = excluded.updated_ms \
               WHERE CAST($8 AS BIGINT) = -1 OR captions.updated_ms = $8";
    let count = "SELECT CAST(COUNT(*) AS BIGINT) FROM captions WHERE title_id = $1";
    let clear = "DELETE FROM spoken_lines WHERE title_id = $1 AND lang = $2";
    tx!(db, |tx| {
        let written = sqlx::query(set)
            .bind(row.title_id)
            .bind(&row.lang)
            .bind(&row.label)
            .bind(track.to_webvtt())
            .bind(row.cues)
            .bind(&row.updated_by)
            .bind(row.updated_ms)
            .bind(for_edition.unwrap_or(ANY))
            .execute(&mut *tx)
            .await?;
        if written.rows_affected() == 0 {
            return Ok(Written::Changed);
        }
        let languages: i64 = sqlx::query_scalar(count)
            .bind(row.title_id)
            .fetch_one(&mut *tx)
            .await?;
        if languages > LANGUAGES_MAX {
            return Ok(Written::TooManyLanguages);
        }
        sqlx::query(clear)
            .bind(row.title_id)
            .bind(&row.lang)
            .execute(&mut *tx)
            .await?;
        sqlx::query(add_lines)
            .bind(row.title_id)
            .bind(&row.lang)
            .bind(&lines)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(Written::Done)
}

/// Removes captions with their lines. False: there are none.
///
/// # Errors
/// The database's.
pub async fn remove(db: &Db, title: Uuid, lang: &str, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "DELETE FROM captions WHERE title_id = $1 AND lang = $2";
    tx!(db, |tx| {
        let gone = sqlx::query(sql)
            .bind(title)
            .bind(lang)
            .execute(&mut *tx)
            .await?;
        if gone.rows_affected() == 0 {
            return Ok(false);
        }
        append!(tx, note);
    });
    Ok(true)
}

/// The chapters of a title; none when nobody gave any.
///
/// # Errors
/// The database's.
pub async fn chapters(db: &Db, title: Uuid) -> sqlx::Result<Option<Chapters>> {
    let sql = "SELECT chapters FROM chapters WHERE title_id = $1";
    let json: Option<String> = db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(title)
        .fetch_optional(p)
        .await)?;
    let read = |json: String| serde_json::from_str(&json).ok();
    Ok(json.and_then(read).map(|chapters| Chapters { chapters }))
}

/// Writes the chapters of a title, if they still are of the edition `for_edition`.
///
/// # Errors
/// The database's; of a title that is gone, too.
pub async fn set_chapters(
    db: &Db,
    title: Uuid,
    chapters: &Chapters,
    by: (&str, i64),
    for_edition: Edition,
    note: &Note<'_>,
) -> sqlx::Result<Written> {
    let json = serde_json::to_string(&chapters.chapters).unwrap_or_default();
    let sql = "INSERT INTO chapters (title_id, chapters, updated_by, updated_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (title_id) DO UPDATE SET chapters = excluded.chapters, \
               updated_by = excluded.updated_by, updated_ms = excluded.updated_ms \
               WHERE CAST($5 AS BIGINT) = -1 OR chapters.updated_ms = $5";
    let (who, at_ms) = by;
    tx!(db, |tx| {
        let written = sqlx::query(sql)
            .bind(title)
            .bind(&json)
            .bind(who)
            .bind(at_ms)
            .bind(for_edition.unwrap_or(ANY))
            .execute(&mut *tx)
            .await?;
        if written.rows_affected() == 0 {
            return Ok(Written::Changed);
        }
        append!(tx, note);
    });
    Ok(Written::Done)
}

/// Removes the chapters of a title. False: there are none.
///
/// # Errors
/// The database's.
pub async fn remove_chapters(db: &Db, title: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "DELETE FROM chapters WHERE title_id = $1";
    tx!(db, |tx| {
        let gone = sqlx::query(sql).bind(title).execute(&mut *tx).await?;
        if gone.rows_affected() == 0 {
            return Ok(false);
        }
        append!(tx, note);
    });
    Ok(true)
}
