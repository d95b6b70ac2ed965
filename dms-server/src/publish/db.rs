//! Titles, versions and chunks in the database.

use swarm::content::{ChunkId, TitleId, TitleKind};
use uuid::Uuid;

use super::state::TitleState;
use crate::audit::Note;
use crate::db::{Db, Pool};
use crate::search::Query;
use crate::webhook::{self, db::note};
use crate::{append, db, tx};

/// The name of a kind in the database and the API.
#[must_use]
pub const fn kind_name(kind: TitleKind) -> &'static str {
    match kind {
        TitleKind::Video => "video",
        TitleKind::File => "file",
    }
}

/// A title with what its job says.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TitleRow {
    /// Its id.
    pub id: Uuid,
    /// Its name for people.
    pub name: String,
    /// Who uploaded it.
    pub owner: String,
    /// `video` or `file`.
    pub kind: String,
    /// Length of what was uploaded, bytes.
    pub bytes: i64,
    /// A [`super::TitleState`] by name.
    pub state: String,
    /// A failure code by name.
    pub error_code: Option<String>,
    /// The published version.
    pub version: Option<i64>,
    /// Playing time, milliseconds.
    pub duration_ms: Option<i64>,
    /// Milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// What it is about.
    pub description: String,
    /// JSON: its tags.
    pub tags: String,
    /// How often somebody changed what is said of it, from 1.
    pub edition: i64,
    /// How far the job is, thousandths.
    pub permille: Option<i64>,
    /// Estimated time left, milliseconds.
    pub eta_ms: Option<i64>,
    /// JSON: how far each rendition is.
    pub renditions: Option<String>,
    /// JSON: the profile with which it was made.
    pub made_with: Option<String>,
}

impl TitleRow {
    /// Its tags.
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        serde_json::from_str(&self.tags).unwrap_or_default()
    }
}

/// Which titles somebody sees.
#[derive(Clone, Copy, Debug)]
pub enum Seen {
    /// All.
    All,
    /// Complete ones whose audience holds the person; whoever is nobody is in audiences that are not named.
    ByViewer(Option<Uuid>),
}

impl Seen {
    /// As SQL takes it: 1 for complete titles only, and the person.
    #[must_use]
    pub fn bound(self) -> (i64, Uuid) {
        match self {
            Self::All => (0, Uuid::nil()),
            Self::ByViewer(person) => (1, person.unwrap_or(Uuid::nil())),
        }
    }
}

/// Which titles a list shows.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of those that somebody sees.
    pub seen: Seen,
    /// Only in this state.
    pub state: Option<TitleState>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only with these words.
    pub words: Option<Query>,
}

impl From<Seen> for Wanted {
    fn from(seen: Seen) -> Self {
        Self {
            seen,
            state: None,
            tag: None,
            words: None,
        }
    }
}

/// The columns of a [`TitleRow`], of `titles t`.
#[macro_export]
macro_rules! title_columns {
    () => {
        "t.id, t.name, t.owner, t.kind, t.bytes, t.state, t.error_code, t.version, t.duration_ms, \
         t.created_ms, t.description, t.tags, t.edition, j.permille, j.eta_ms, j.renditions, t.made_with \
         FROM titles t LEFT JOIN jobs j ON j.title = t.id"
    };
}

/// That `titles t` is complete, no hidden creative and for the person `$2`, unless `$1` is 0.
#[macro_export]
macro_rules! title_is_seen {
    () => {
        "($1 = 0 OR (t.state = 'complete' AND NOT EXISTS ( \
             SELECT 1 FROM ad_creatives k WHERE k.title = t.id AND k.hidden = 1) AND NOT EXISTS ( \
             SELECT 1 FROM policies y WHERE y.title_id = t.id AND y.everyone = 0 AND NOT EXISTS ( \
                 SELECT 1 FROM policy_members a WHERE a.title_id = t.id AND (a.member_id = $2 OR \
                     a.member_id IN (SELECT group_id FROM memberships WHERE person_id = $2))))))"
    };
}

macro_rules! list {
    ($words:literal) => {
        concat!(
            "SELECT ",
            title_columns!(),
            " WHERE ",
            title_is_seen!(),
            " AND ($3 IS NULL OR t.id < $3) AND ($4 = '' OR t.state = $4) AND ($5 = '' OR EXISTS ( \
                 SELECT 1 FROM title_tags g WHERE g.title_id = t.id AND g.tag = $5)) AND ",
            $words,
            " ORDER BY t.id DESC LIMIT $6"
        )
    };
}

const LIST: &str = list!("$7 = ''");
const LIST_SQLITE: &str = list!(
    "t.id IN (SELECT w.title_id FROM title_index i JOIN title_words w ON w.id = i.rowid \
     WHERE title_index MATCH $7)"
);
const LIST_POSTGRES: &str = list!(
    "t.id IN (SELECT w.title_id FROM title_words w WHERE w.words @@ to_tsquery('simple', $7))"
);

/// Titles, the newest first: at most `limit`, older than `before`.
///
/// # Errors
/// The database failed.
pub async fn titles(
    db: &Db,
    before: Option<Uuid>,
    wanted: &Wanted,
    limit: i64,
) -> sqlx::Result<Vec<TitleRow>> {
    let (complete, person) = wanted.seen.bound();
    let (sql, words) = match (&wanted.words, db.read()) {
        (None, _) => (LIST, String::new()),
        (Some(words), Pool::Sqlite(_)) => (LIST_SQLITE, words.fts5()),
        (Some(words), Pool::Pg(_)) => (LIST_POSTGRES, words.tsquery()),
    };
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(complete)
            .bind(person)
            .bind(before)
            .bind(wanted.state.map_or("", TitleState::as_str))
            .bind(wanted.tag.as_deref().unwrap_or_default())
            .bind(limit)
            .bind(words)
            .fetch_all(p)
            .await
    })
}

/// One title.
///
/// # Errors
/// The database failed.
pub async fn title(db: &Db, id: TitleId) -> sqlx::Result<Option<TitleRow>> {
    let sql = concat!("SELECT ", title_columns!(), " WHERE t.id = $1");
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(Uuid::from_bytes(id.0))
        .fetch_optional(p)
        .await)
}

/// Removes a title with its job. What its versions stored is abandoned: complete versions at once,
/// one being built after `grace_ms`, because its worker may not know yet. False: no such title.
///
/// # Errors
/// The database failed.
pub async fn delete_title(
    db: &Db,
    id: TitleId,
    now_ms: i64,
    grace_ms: i64,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let id = Uuid::from_bytes(id.0);
    let deleted = tx!(db, |tx| {
        sqlx::query("DELETE FROM jobs WHERE title = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE versions SET sweep_after_ms = CASE WHEN state = 'building' THEN $3 ELSE $2 END, \
             state = 'abandoned' WHERE title = $1 AND state <> 'abandoned'",
        )
        .bind(id)
        .bind(now_ms)
        .bind(now_ms + grace_ms)
        .execute(&mut *tx)
        .await?;
        let title: Option<(String, String)> =
            sqlx::query_as("DELETE FROM titles WHERE id = $1 RETURNING name, kind")
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
        if let Some((name, kind)) = &title {
            note!(tx, webhook::Note::title_deleted(id, name, kind, now_ms));
            append!(tx, note);
        }
        title.is_some()
    });
    Ok(deleted)
}

/// A published version.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct VersionRow {
    /// Its number.
    pub version: i64,
    /// CBOR of the chunks of the signed manifest.
    pub head: Vec<u8>,
    /// JSON of the sprite sheet's geometry.
    pub sprites: Option<String>,
    /// The wrapped title key.
    pub wrapped_key: Vec<u8>,
    /// The name of the KEK that wrapped it.
    pub kek: String,
    /// Playing time, milliseconds.
    pub duration_ms: i64,
}

/// The published version of a title.
///
/// # Errors
/// The database failed.
pub async fn published(db: &Db, id: TitleId) -> sqlx::Result<Option<VersionRow>> {
    db!(db.read(), |p| sqlx::query_as(
        "SELECT v.version, v.head, v.sprites, v.wrapped_key, v.kek, t.duration_ms \
         FROM titles t JOIN versions v ON v.title = t.id AND v.version = t.version \
         WHERE t.id = $1 AND v.state = 'complete'"
    )
    .bind(Uuid::from_bytes(id.0))
    .fetch_optional(p)
    .await)
}

/// The length of a chunk that belongs to a complete version.
///
/// # Errors
/// The database failed.
pub async fn published_chunk(db: &Db, id: ChunkId) -> sqlx::Result<Option<u32>> {
    let length: Option<i64> = db!(db.read(), |p| sqlx::query_scalar(
        "SELECT c.bytes FROM chunks c JOIN versions v ON v.title = c.title \
         AND v.version = c.version WHERE c.id = $1 AND v.state = 'complete' LIMIT 1"
    )
    .bind(&id.0[..])
    .fetch_optional(p)
    .await)?;
    Ok(length.and_then(|length| u32::try_from(length).ok()))
}

/// A version whose chunks may be removed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Abandoned {
    /// Its title.
    pub title: Uuid,
    /// Its number.
    pub version: i64,
}

/// A version to sweep, if there is one.
///
/// # Errors
/// The database failed.
pub async fn abandoned(db: &Db, now_ms: i64) -> sqlx::Result<Option<Abandoned>> {
    db!(db.read(), |p| sqlx::query_as(
        "SELECT title, version FROM versions WHERE state = 'abandoned' AND sweep_after_ms <= $1 \
         ORDER BY sweep_after_ms LIMIT 1"
    )
    .bind(now_ms)
    .fetch_optional(p)
    .await)
}

/// Chunks of an abandoned version that no complete version needs, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn swept_chunks(
    db: &Db,
    of: &Abandoned,
    limit: i64,
) -> sqlx::Result<Vec<(Vec<u8>, bool)>> {
    db!(db.read(), |p| sqlx::query_as(
        "SELECT c.id, EXISTS (SELECT 1 FROM chunks o JOIN versions v ON v.title = o.title \
         AND v.version = o.version WHERE o.id = c.id AND v.state = 'complete') \
         FROM chunks c WHERE c.title = $1 AND c.version = $2 LIMIT $3"
    )
    .bind(of.title)
    .bind(of.version)
    .bind(limit)
    .fetch_all(p)
    .await)
}

/// Forgets chunks of an abandoned version whose bytes are gone.
///
/// # Errors
/// The database failed.
pub async fn forget_chunks(db: &Db, of: &Abandoned, ids: &[Vec<u8>]) -> sqlx::Result<()> {
    tx!(db, |tx| {
        for id in ids {
            sqlx::query("DELETE FROM chunks WHERE id = $1 AND title = $2 AND version = $3")
                .bind(id)
                .bind(of.title)
                .bind(of.version)
                .execute(&mut *tx)
                .await?;
        }
    });
    Ok(())
}

/// Forgets an abandoned version, its title key included.
///
/// # Errors
/// The database failed.
pub async fn forget_version(db: &Db, of: &Abandoned) -> sqlx::Result<()> {
    db!(db.write(), |p| sqlx::query(
        "DELETE FROM versions WHERE title = $1 AND version = $2 AND state = 'abandoned'"
    )
    .bind(of.title)
    .bind(of.version)
    .execute(p)
    .await
    .map(drop))
}
