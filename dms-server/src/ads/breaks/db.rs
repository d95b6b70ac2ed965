//! Breaks in the database, and the head of the manifest that has them.

use sha2::{Digest, Sha256};
use swarm::content::ChunkRef;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// A break of a title.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct BreakRow {
    /// Unique in the title.
    pub id: i64,
    /// Media time, milliseconds.
    pub at_ms: i64,
    /// How long it should be.
    pub length_ms: Option<i64>,
    /// How much of the content it replaces.
    pub resume_ms: i64,
    /// 1: seeking over it plays it first.
    pub hold: i64,
    /// A [`super::view::Origin`] by name.
    pub origin: String,
    /// The splice messages it came from.
    pub scte35: Option<Vec<u8>>,
}

/// Names a list of breaks, so that two lists that differ have two names; none is 0.
#[must_use]
pub fn edition(rows: &[BreakRow]) -> i64 {
    if rows.is_empty() {
        return 0;
    }
    let text = serde_json::to_vec(rows).unwrap_or_default();
    let digest: [u8; 32] = Sha256::digest(text).into();
    let start = digest.iter().take(8);
    let number = start.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    i64::try_from(number >> 1).unwrap_or(i64::MAX).max(1)
}

/// The statement of [`of_title`], for those that ask it in a transaction.
pub const OF_TITLE: &str = "SELECT id, at_ms, length_ms, resume_ms, hold, origin, scte35 \
    FROM breaks WHERE title = $1 ORDER BY at_ms, id";

/// The breaks of a title in a transaction.
#[macro_export]
macro_rules! breaks_of {
    ($tx:expr, $title:expr) => {
        sqlx::query_as::<_, $crate::ads::breaks::db::BreakRow>($crate::ads::breaks::db::OF_TITLE)
            .bind($title)
            .fetch_all(&mut *$tx)
            .await?
    };
}

/// Takes away what lies behind the end of a title that is being published, in its transaction.
#[macro_export]
macro_rules! clip_breaks {
    ($tx:expr, $title:expr, $duration_ms:expr) => {
        for sql in [
            "DELETE FROM breaks WHERE title = $1 AND at_ms > $2",
            "UPDATE breaks SET resume_ms = $2 - at_ms WHERE title = $1 AND at_ms + resume_ms > $2",
        ] {
            sqlx::query(sql)
                .bind($title)
                .bind($duration_ms)
                .execute(&mut *$tx)
                .await?;
        }
    };
}

/// The breaks of a title, by time.
///
/// # Errors
/// The database's.
pub async fn of_title(db: &Db, title: Uuid) -> sqlx::Result<Vec<BreakRow>> {
    db!(db.read(), |p| sqlx::query_as(OF_TITLE)
        .bind(title)
        .fetch_all(p)
        .await)
}

/// Notes the chunks of a manifest that is about to be stored. False: the version is gone.
///
/// # Errors
/// The database's.
pub async fn note_chunks(
    db: &Db,
    title: Uuid,
    version: i64,
    chunks: &[ChunkRef],
) -> sqlx::Result<bool> {
    // Whoever abandons the version waits, and sweeps these chunks too.
    let hold = "UPDATE versions SET state = state WHERE title = $1 AND version = $2 AND state = 'complete'";
    let add = "INSERT INTO chunks (id, title, version, bytes) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (id, title, version) DO NOTHING";
    tx!(db, |tx| {
        let held = sqlx::query(hold)
            .bind(title)
            .bind(version)
            .execute(&mut *tx)
            .await?;
        if held.rows_affected() != 1 {
            return Ok(false);
        }
        for chunk in chunks {
            sqlx::query(add)
                .bind(&chunk.id.0[..])
                .bind(title)
                .bind(version)
                .bind(i64::from(chunk.len))
                .execute(&mut *tx)
                .await?;
        }
    });
    Ok(true)
}

/// The head of a version in place of another one.
#[derive(Clone, Debug)]
pub struct Heads {
    /// The version.
    pub version: i64,
    /// The head that was read.
    pub before: Vec<u8>,
    /// The head with the new breaks; its chunks are stored and noted.
    pub after: Vec<u8>,
}

/// A change of a title's breaks.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The title.
    pub title: Uuid,
    /// Its breaks from now on.
    pub rows: &'a [BreakRow],
    /// The edition that they replace.
    pub before: i64,
    /// The manifests; none: nothing of the title was published when it was looked.
    pub heads: Option<Heads>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is done.
    Done,
    /// Somebody else changed the breaks.
    Changed,
    /// Another version was published, or the first one, or the title is gone.
    Moved,
}

/// Changes the breaks of a title and what its manifest is, in one transaction.
///
/// # Errors
/// The database's; nothing was changed.
pub async fn write(db: &Db, change: &Change<'_>, note: &Note<'_>) -> sqlx::Result<Written> {
    let hold = "UPDATE titles SET updated_ms = $2 WHERE id = $1";
    let head = "SELECT v.head FROM titles t JOIN versions v ON v.title = t.id \
                AND v.version = t.version WHERE t.id = $1 AND v.state = 'complete'";
    let sign = "UPDATE versions SET head = $3 WHERE title = $1 AND version = $2";
    let add = "INSERT INTO breaks (title, id, at_ms, length_ms, resume_ms, hold, origin, scte35) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let title = change.title;
    tx!(db, |tx| {
        let held = sqlx::query(hold)
            .bind(title)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        let known: Option<Vec<u8>> = sqlx::query_scalar(head)
            .bind(title)
            .fetch_optional(&mut *tx)
            .await?;
        let read = change.heads.as_ref().map(|heads| &heads.before);
        if held.rows_affected() != 1 || known.as_ref() != read {
            return Ok(Written::Moved);
        }
        if edition(&breaks_of!(tx, title)) != change.before {
            return Ok(Written::Changed);
        }
        sqlx::query("DELETE FROM breaks WHERE title = $1")
            .bind(title)
            .execute(&mut *tx)
            .await?;
        for row in change.rows {
            sqlx::query(add)
                .bind(title)
                .bind(row.id)
                .bind(row.at_ms)
                .bind(row.length_ms)
                .bind(row.resume_ms)
                .bind(row.hold)
                .bind(&row.origin)
                .bind(&row.scte35)
                .execute(&mut *tx)
                .await?;
        }
        if let Some(heads) = &change.heads {
            sqlx::query(sign)
                .bind(title)
                .bind(heads.version)
                .bind(&heads.after)
                .execute(&mut *tx)
                .await?;
        }
        append!(tx, note);
    });
    Ok(Written::Done)
}
