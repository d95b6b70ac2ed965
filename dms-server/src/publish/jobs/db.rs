//! Jobs in the database: claims, leases and everything a worker writes under its lease.
//!
//! **Invariant:** every write of a worker names its attempt and finds the job `running` under it,
//! or changes nothing. A worker that lost its lease can therefore never publish.

use dms_transcoder_protocol::FailureCode;
use uuid::Uuid;

use crate::ads::breaks::db::edition;
use crate::audit::Note;
use crate::db::{Db, Pool};
use crate::publish::state::TitleState;
use crate::webhook::{self, db::note};
use crate::{append, breaks_of, clip_breaks, db, tx, uses_kek};

/// Whether the job still runs under this claim; on PostgreSQL its row is locked until the
/// transaction ends, so that nobody takes it in between.
macro_rules! running {
    ($tx:ident, $claim:expr) => {
        sqlx::query(
            "UPDATE jobs SET attempt = attempt WHERE id = $1 AND attempt = $2 AND state = 'running'",
        )
        .bind($claim.id)
        .bind($claim.attempt)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
            == 1
    };
}

/// What a title's attempts stored so far is to be swept after a moment.
macro_rules! abandon {
    ($tx:ident, $title:expr, $sweep_after_ms:expr) => {
        sqlx::query(
            "UPDATE versions SET state = 'abandoned', sweep_after_ms = $2 \
             WHERE title = $1 AND state = 'building'",
        )
        .bind($title)
        .bind($sweep_after_ms)
        .execute(&mut *$tx)
        .await?
    };
}

macro_rules! set_title {
    ($tx:ident, $title:expr, $state:expr, $now_ms:expr) => {
        sqlx::query("UPDATE titles SET state = $2, updated_ms = $3 WHERE id = $1")
            .bind($title)
            .bind($state.as_str())
            .bind($now_ms)
            .execute(&mut *$tx)
            .await?
    };
}

/// A job under a worker's lease.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Claim {
    /// The job.
    pub id: Uuid,
    /// The title it makes.
    pub title: Uuid,
    /// The upload that is its source.
    pub upload: Uuid,
    /// The node whose spool holds the source; `None` when it is a master in the store.
    pub node: Option<String>,
    /// This attempt's number, from 1.
    pub attempt: i64,
    /// Attempts that failed by themselves.
    pub failures: i64,
    /// How many of them were crashes of the media program.
    pub crashes: i64,
    /// Attempts that ended because their server ended.
    pub interruptions: i64,
}

/// What the pipeline needs to know about a title.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Order {
    /// `video` or `file`.
    pub kind: String,
    /// The file's media type.
    pub media_type: String,
    /// Length of the source, bytes.
    pub bytes: i64,
}

/// What an attempt made, ready to be shown to the world.
#[derive(Clone, Debug)]
pub struct Publication<'a> {
    /// CBOR of the chunks of the signed manifest.
    pub head: &'a [u8],
    /// JSON of the sprite sheet's geometry.
    pub sprites: Option<&'a str>,
    /// Playing time, milliseconds.
    pub duration_ms: i64,
    /// The edition of the breaks that the manifest has.
    pub breaks: i64,
}

/// What became of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// Everybody sees it.
    Yes,
    /// The lease is lost, and nothing was published.
    Lost,
    /// The title has other breaks than the manifest, and nothing was published.
    OtherBreaks,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Thousandths.
    pub permille: i64,
    /// Estimated time left, milliseconds.
    pub eta_ms: Option<i64>,
    /// JSON: how far each rendition is.
    pub renditions: Option<String>,
}

const CLAIM_SQLITE: &str = "UPDATE jobs SET state = 'running', owner = $1, \
     lease_until_ms = $2, attempt = attempt + 1, \
     interruptions = interruptions + CASE WHEN state = 'running' THEN 1 ELSE 0 END, \
     permille = 0, eta_ms = NULL, renditions = NULL, updated_ms = $3 \
     WHERE id = (SELECT id FROM jobs WHERE (node IS NULL OR node = $4) AND \
     ((state = 'queued' AND not_before_ms <= $3) OR (state = 'running' AND lease_until_ms < $3)) \
     ORDER BY created_ms LIMIT 1) \
     RETURNING id, title, upload, node, attempt, failures, crashes, interruptions";

/// As [`CLAIM_SQLITE`]; two workers that ask at once get two jobs.
const CLAIM_POSTGRES: &str = "UPDATE jobs SET state = 'running', owner = $1, \
     lease_until_ms = $2, attempt = attempt + 1, \
     interruptions = interruptions + CASE WHEN state = 'running' THEN 1 ELSE 0 END, \
     permille = 0, eta_ms = NULL, renditions = NULL, updated_ms = $3 \
     WHERE id = (SELECT id FROM jobs WHERE (node IS NULL OR node = $4) AND \
     ((state = 'queued' AND not_before_ms <= $3) OR (state = 'running' AND lease_until_ms < $3)) \
     ORDER BY created_ms LIMIT 1 FOR UPDATE SKIP LOCKED) \
     RETURNING id, title, upload, node, attempt, failures, crashes, interruptions";

/// Takes the oldest job that may be taken: waiting, or left by a worker whose lease ended.
///
/// # Errors
/// The database failed.
pub async fn claim(
    db: &Db,
    node: &str,
    owner: &str,
    now_ms: i64,
    lease_until_ms: i64,
) -> sqlx::Result<Option<Claim>> {
    let sql = match db.write() {
        Pool::Sqlite(_) => CLAIM_SQLITE,
        Pool::Pg(_) => CLAIM_POSTGRES,
    };
    db!(db.write(), |p| sqlx::query_as(sql)
        .bind(owner)
        .bind(lease_until_ms)
        .bind(now_ms)
        .bind(node)
        .fetch_optional(p)
        .await)
}

/// Gives back the jobs of a worker of this name that is known to be dead. Answers their titles.
///
/// # Errors
/// The database failed.
pub async fn reclaim(db: &Db, owner: &str, now_ms: i64) -> sqlx::Result<Vec<Uuid>> {
    let titles: Vec<Uuid> = tx!(db, |tx| {
        let titles: Vec<Uuid> = sqlx::query_scalar(
            "UPDATE jobs SET state = 'queued', owner = NULL, interruptions = interruptions + 1, \
             permille = 0, eta_ms = NULL, renditions = NULL, not_before_ms = $2, updated_ms = $2 \
             WHERE state = 'running' AND owner = $1 RETURNING title",
        )
        .bind(owner)
        .bind(now_ms)
        .fetch_all(&mut *tx)
        .await?;
        for title in &titles {
            abandon!(tx, title, now_ms);
            set_title!(tx, title, TitleState::Queued, now_ms);
        }
        titles
    });
    Ok(titles)
}

/// Lengthens the lease. False: the lease is lost, or the title was deleted.
///
/// # Errors
/// The database failed.
pub async fn heartbeat(db: &Db, claim: &Claim, lease_until_ms: i64) -> sqlx::Result<bool> {
    db!(db.write(), |p| sqlx::query(
        "UPDATE jobs SET lease_until_ms = $3 WHERE id = $1 AND attempt = $2 AND state = 'running'"
    )
    .bind(claim.id)
    .bind(claim.attempt)
    .bind(lease_until_ms)
    .execute(p)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// What the title is to become. `None` when it was deleted.
///
/// # Errors
/// The database failed.
pub async fn order(db: &Db, claim: &Claim) -> sqlx::Result<Option<Order>> {
    db!(db.read(), |p| sqlx::query_as(
        "SELECT kind, media_type, bytes FROM titles WHERE id = $1"
    )
    .bind(claim.title)
    .fetch_optional(p)
    .await)
}

/// The number of the version an attempt makes: its own. Attempts only grow, so versions do.
#[must_use]
pub const fn version(claim: &Claim) -> i64 {
    claim.attempt
}

/// How an attempt begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Its version is there.
    Yes,
    /// The lease is lost.
    Lost,
    /// The title key is to be wrapped by another KEK.
    OtherKek,
}

/// Begins an attempt: what earlier attempts left is to be swept from `sweep_after_ms` on, and a
/// version with a title key of its own is made.
///
/// # Errors
/// The database failed.
pub async fn begin(
    db: &Db,
    claim: &Claim,
    kek: &str,
    wrapped_key: &[u8],
    now_ms: i64,
    sweep_after_ms: i64,
) -> sqlx::Result<Begun> {
    tx!(db, |tx| {
        if !running!(tx, claim) {
            return Ok(Begun::Lost);
        }
        if !uses_kek!(tx, kek) {
            return Ok(Begun::OtherKek);
        }
        abandon!(tx, claim.title, sweep_after_ms);
        sqlx::query(
            "INSERT INTO versions (title, version, state, wrapped_key, kek, created_ms) \
             VALUES ($1, $2, 'building', $3, $4, $5)",
        )
        .bind(claim.title)
        .bind(version(claim))
        .bind(wrapped_key)
        .bind(kek)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        set_title!(tx, claim.title, TitleState::Probing, now_ms);
    });
    Ok(Begun::Yes)
}

/// The title is in another state now. False: the lease is lost.
///
/// # Errors
/// The database failed.
pub async fn enter(db: &Db, claim: &Claim, state: TitleState, now_ms: i64) -> sqlx::Result<bool> {
    tx!(db, |tx| {
        if !running!(tx, claim) {
            return Ok(false);
        }
        set_title!(tx, claim.title, state, now_ms);
    });
    Ok(true)
}

/// Notes how far the job is. False: the lease is lost.
///
/// # Errors
/// The database failed.
pub async fn progress(db: &Db, claim: &Claim, now: &Progress, now_ms: i64) -> sqlx::Result<bool> {
    db!(db.write(), |p| sqlx::query(
        "UPDATE jobs SET permille = $3, eta_ms = $4, renditions = $5, updated_ms = $6 \
         WHERE id = $1 AND attempt = $2 AND state = 'running'"
    )
    .bind(claim.id)
    .bind(claim.attempt)
    .bind(now.permille)
    .bind(now.eta_ms)
    .bind(&now.renditions)
    .bind(now_ms)
    .execute(p)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Notes chunks that are about to be stored. False: the lease is lost, and they must not be.
///
/// # Errors
/// The database failed.
pub async fn note_chunks(
    db: &Db,
    claim: &Claim,
    chunks: &[swarm::content::ChunkRef],
) -> sqlx::Result<bool> {
    tx!(db, |tx| {
        if !running!(tx, claim) {
            return Ok(false);
        }
        for chunk in chunks {
            // A manifest that is signed twice may have a chunk in common with itself.
            sqlx::query(
                "INSERT INTO chunks (id, title, version, bytes) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (id, title, version) DO NOTHING",
            )
            .bind(&chunk.id.0[..])
            .bind(claim.title)
            .bind(version(claim))
            .bind(i64::from(chunk.len))
            .execute(&mut *tx)
            .await?;
        }
    });
    Ok(true)
}

/// Notes with what the title is being made. False: the lease is lost.
///
/// # Errors
/// The database failed.
pub async fn made_with(db: &Db, claim: &Claim, json: &str) -> sqlx::Result<bool> {
    tx!(db, |tx| {
        if !running!(tx, claim) {
            return Ok(false);
        }
        sqlx::query("UPDATE titles SET made_with = $2 WHERE id = $1")
            .bind(claim.title)
            .bind(json)
            .execute(&mut *tx)
            .await?;
    });
    Ok(true)
}

/// Publishes: the version is complete, the title shows it, the job is done, all in one
/// transaction. What lies behind the end of the title is no break of it any more.
///
/// # Errors
/// The database failed; nothing was published.
pub async fn publish(
    db: &Db,
    claim: &Claim,
    publication: &Publication<'_>,
    note: &Note<'_>,
) -> sqlx::Result<Landed> {
    let now_ms = note.at_ms();
    tx!(db, |tx| {
        let held = sqlx::query(
            "UPDATE jobs SET state = 'done', owner = NULL, permille = 1000, eta_ms = 0, \
             updated_ms = $3 WHERE id = $1 AND attempt = $2 AND state = 'running'",
        )
        .bind(claim.id)
        .bind(claim.attempt)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        if held.rows_affected() != 1 {
            return Ok(Landed::Lost);
        }
        let completed = sqlx::query(
            "UPDATE versions SET state = 'complete', head = $3, sprites = $4 \
             WHERE title = $1 AND version = $2 AND state = 'building'",
        )
        .bind(claim.title)
        .bind(version(claim))
        .bind(publication.head)
        .bind(publication.sprites)
        .execute(&mut *tx)
        .await?;
        let title: Option<(String, String)> = sqlx::query_as(
            "UPDATE titles SET state = 'complete', error_code = NULL, version = $2, \
             duration_ms = $3, updated_ms = $4 WHERE id = $1 RETURNING name, kind",
        )
        .bind(claim.title)
        .bind(version(claim))
        .bind(publication.duration_ms)
        .bind(now_ms)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((name, kind)) = title.filter(|_| completed.rows_affected() == 1) else {
            return Ok(Landed::Lost);
        };
        // The row of the title is held by now: whoever changes its breaks waits.
        if edition(&breaks_of!(tx, claim.title)) != publication.breaks {
            return Ok(Landed::OtherBreaks);
        }
        clip_breaks!(tx, claim.title, publication.duration_ms);
        let (version, length_ms) = (version(claim), publication.duration_ms);
        let complete =
            webhook::Note::title_complete(claim.title, &name, &kind, version, length_ms, now_ms);
        note!(tx, complete);
        append!(tx, note);
    });
    Ok(Landed::Yes)
}

/// How an attempt ended that did not publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server shuts down: the job waits again and the attempt does not count.
    Released,
    /// It is tried again, not before this moment (milliseconds since the Unix epoch).
    Retry {
        /// When.
        not_before_ms: i64,
        /// The media program crashed.
        crashed: bool,
    },
    /// It is over.
    Failed(FailureCode),
}

/// Ends an attempt that did not publish. What it stored is abandoned. False: the lease was lost.
///
/// # Errors
/// The database failed.
pub async fn end(
    db: &Db,
    claim: &Claim,
    ending: Ending,
    log: &str,
    now_ms: i64,
) -> sqlx::Result<bool> {
    let (state, not_before_ms, failed, crashed) = match ending {
        Ending::Released => ("queued", now_ms, 0, 0),
        Ending::Retry {
            not_before_ms,
            crashed,
        } => ("queued", not_before_ms, 1, i64::from(crashed)),
        Ending::Failed(code) => (
            "failed",
            now_ms,
            1,
            i64::from(code == FailureCode::TranscoderCrashed),
        ),
    };
    let (title_state, code) = match ending {
        Ending::Failed(code) => (TitleState::Failed, Some(code.as_str())),
        _ => (TitleState::Queued, None),
    };
    tx!(db, |tx| {
        let held = sqlx::query(
            "UPDATE jobs SET state = $3, owner = NULL, not_before_ms = $4, \
             failures = failures + $5, crashes = crashes + $6, log = $7, updated_ms = $8 \
             WHERE id = $1 AND attempt = $2 AND state = 'running'",
        )
        .bind(claim.id)
        .bind(claim.attempt)
        .bind(state)
        .bind(not_before_ms)
        .bind(failed)
        .bind(crashed)
        .bind(log)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        if held.rows_affected() != 1 {
            return Ok(false);
        }
        abandon!(tx, claim.title, now_ms);
        let title: Option<(String, String)> = sqlx::query_as(
            "UPDATE titles SET state = $2, error_code = $3, updated_ms = $4 WHERE id = $1 \
             RETURNING name, kind",
        )
        .bind(claim.title)
        .bind(title_state.as_str())
        .bind(code)
        .bind(now_ms)
        .fetch_optional(&mut *tx)
        .await?;
        if let (Ending::Failed(code), Some((name, kind))) = (ending, title) {
            note!(
                tx,
                webhook::Note::title_failed(claim.title, &name, &kind, code, now_ms)
            );
        }
    });
    Ok(true)
}
