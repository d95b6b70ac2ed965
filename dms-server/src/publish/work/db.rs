//! Uploads and jobs in lists; a job's end and new beginning by hand.

use dms_transcoder_protocol::FailureCode;
use sqlx::FromRow;
use uuid::Uuid;

use super::{RETRIABLE, RETRY_MARGIN_MS};
use crate::audit::Note;
use crate::db::Db;
use crate::publish::jobs::LEASE_MS;
use crate::webhook::{self, db::note};
use crate::{append, db, tx};

/// An upload in a list.
#[derive(Clone, Debug, FromRow)]
pub struct UploadRow {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub owner: String,
    /// Whose spool folder holds the bytes.
    pub node: String,
    /// The declared length.
    pub bytes: i64,
    /// The title's name.
    pub name: String,
    /// `video` or `file`.
    pub kind: String,
    /// The file's name.
    pub filename: String,
    /// The title it became.
    pub title: Option<Uuid>,
    /// 1: a policy waits for its title.
    pub armed: i64,
    /// When it was declared.
    pub created_ms: i64,
    /// When it is removed.
    pub expires_ms: i64,
}

/// Uploads, the newest first; of everybody when `owner` is empty.
///
/// # Errors
/// The database's.
pub async fn uploads(
    db: &Db,
    owner: &str,
    unfinished: bool,
    before: Option<Uuid>,
    now_ms: i64,
    limit: i64,
) -> sqlx::Result<Vec<UploadRow>> {
    let sql = "SELECT id, owner, node, bytes, name, kind, filename, title, \
               CAST(CASE WHEN policy IS NULL THEN 0 ELSE 1 END AS BIGINT) AS armed, created_ms, expires_ms \
               FROM uploads WHERE expires_ms > $1 AND ($2 = '' OR owner = $2) AND ($3 = 0 OR title IS NULL) \
               AND ($4 IS NULL OR (created_ms, id) < (SELECT u.created_ms, u.id FROM uploads u WHERE u.id = $4)) \
               ORDER BY created_ms DESC, id DESC LIMIT $5";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(now_ms)
        .bind(owner)
        .bind(i64::from(unfinished))
        .bind(before)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// One upload.
///
/// # Errors
/// The database's.
pub async fn upload(db: &Db, id: Uuid) -> sqlx::Result<Option<UploadRow>> {
    let sql = "SELECT id, owner, node, bytes, name, kind, filename, title, \
               CAST(CASE WHEN policy IS NULL THEN 0 ELSE 1 END AS BIGINT) AS armed, created_ms, expires_ms \
               FROM uploads WHERE id = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// Gives an unfinished upload the policy that its title is to have. False: there is no such upload any more.
///
/// # Errors
/// The database's.
pub async fn arm(db: &Db, id: Uuid, policy: &str, by: &str, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE uploads SET policy = $2, policy_by = $3 WHERE id = $1 AND title IS NULL";
    tx!(db, |tx| {
        let armed = sqlx::query(sql)
            .bind(id)
            .bind(policy)
            .bind(by)
            .execute(&mut *tx)
            .await?;
        if armed.rows_affected() == 0 {
            return Ok(false);
        }
        append!(tx, note);
    });
    Ok(true)
}

/// Inside the transaction that makes a title of an upload: the title gets the policy that waits for it.
#[macro_export]
macro_rules! give_policy {
    ($tx:ident, $upload:expr, $title:expr, $now_ms:expr) => {
        let waiting: Option<(Option<String>, Option<String>)> =
            sqlx::query_as("SELECT policy, policy_by FROM uploads WHERE id = $1")
                .bind($upload)
                .fetch_optional(&mut *$tx)
                .await?;
        if let Some((Some(policy), by)) = waiting {
            let body: $crate::rights::body::PolicyBody =
                serde_json::from_str(&policy).map_err(|e| sqlx::Error::Decode(e.into()))?;
            let members = body.members();
            sqlx::query(
                "INSERT INTO policies (title_id, policy, everyone, updated_by, updated_ms) \
                 VALUES ($1, $2, $3, $4, $5)",
            )
            .bind($title)
            .bind(&policy)
            .bind(i64::from(members.is_none()))
            .bind(by.unwrap_or_default())
            .bind($now_ms)
            .execute(&mut *$tx)
            .await?;
            for member in members.unwrap_or_default() {
                sqlx::query("INSERT INTO policy_members (title_id, member_id) VALUES ($1, $2)")
                    .bind($title)
                    .bind(member)
                    .execute(&mut *$tx)
                    .await?;
            }
        }
    };
}

/// A job with what its title says.
#[derive(Clone, Debug, FromRow)]
pub struct JobRow {
    /// Its id.
    pub id: Uuid,
    /// Its title.
    pub title: Uuid,
    /// The title's name.
    pub name: String,
    /// `video` or `file`.
    pub kind: String,
    /// Whose the title is.
    pub owner: String,
    /// Where it stands.
    pub state: String,
    /// Where its title stands.
    pub title_state: String,
    /// Why it failed.
    pub error_code: Option<String>,
    /// How far it is, thousandths.
    pub permille: i64,
    /// Estimated time left, milliseconds.
    pub eta_ms: Option<i64>,
    /// JSON: how far each rendition is.
    pub renditions: Option<String>,
    /// Attempts that began.
    pub attempt: i64,
    /// Attempts that failed by themselves.
    pub failures: i64,
    /// Not before this moment.
    pub not_before_ms: i64,
    /// 1: it can be tried again.
    pub can_retry: i64,
    /// When it was made.
    pub created_ms: i64,
    /// When something of it was noted last.
    pub updated_ms: i64,
}

/// What a job can be tried again for: at `$1` its source, or its next attempt, is still to come; codes
/// stand in `$2`.
macro_rules! can_retry {
    () => {
        "((j.state = 'queued' AND j.not_before_ms > $1) OR (j.state = 'failed' AND EXISTS ( \
             SELECT 1 FROM uploads u JOIN titles f ON f.id = u.title WHERE u.id = j.upload AND u.held > 0 \
             AND u.expires_ms > $1 + 600000 AND $2 LIKE '%' || f.error_code || '%')))"
    };
}

macro_rules! jobs {
    ($which:literal) => {
        concat!(
            "SELECT j.id, j.title, t.name, t.kind, t.owner, j.state, t.state AS title_state, t.error_code, \
             j.permille, j.eta_ms, j.renditions, j.attempt, j.failures, j.not_before_ms, \
             CAST(CASE WHEN ", can_retry!(), " THEN 1 ELSE 0 END AS BIGINT) AS can_retry, \
             j.created_ms, j.updated_ms FROM jobs j JOIN titles t ON t.id = j.title WHERE ",
            $which
        )
    };
}

/// The codes of [`RETRIABLE`], for `can_retry!`; no code is a part of another.
fn retriable() -> String {
    RETRIABLE.map(FailureCode::as_str).join(" ")
}

/// Jobs, the newest first; in every state when `state` is empty.
///
/// # Errors
/// The database's.
pub async fn jobs(
    db: &Db,
    state: &str,
    before: Option<Uuid>,
    now_ms: i64,
    limit: i64,
) -> sqlx::Result<Vec<JobRow>> {
    let sql = jobs!(
        "($3 = '' OR j.state = $3) AND ($4 IS NULL OR j.id < $4) ORDER BY j.id DESC LIMIT $5"
    );
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(now_ms)
        .bind(retriable())
        .bind(state)
        .bind(before)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// One job.
///
/// # Errors
/// The database's.
pub async fn job(db: &Db, id: Uuid, now_ms: i64) -> sqlx::Result<Option<JobRow>> {
    db!(db.read(), |p| sqlx::query_as(jobs!("j.id = $3"))
        .bind(now_ms)
        .bind(retriable())
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// Ends a job that waits or runs. Its worker learns it at its next word, and publishes nothing. False: it
/// is over.
///
/// # Errors
/// The database's.
pub async fn cancel(db: &Db, job: &JobRow, note: &Note<'_>) -> sqlx::Result<bool> {
    let now_ms = note.at_ms();
    let code = FailureCode::Cancelled;
    tx!(db, |tx| {
        let ended = sqlx::query(
            "UPDATE jobs SET state = 'failed', owner = NULL, updated_ms = $2 \
             WHERE id = $1 AND state IN ('queued', 'running')",
        )
        .bind(job.id)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        // Its worker may not know yet.
        sqlx::query(
            "UPDATE versions SET state = 'abandoned', sweep_after_ms = $2 \
             WHERE title = $1 AND state = 'building'",
        )
        .bind(job.title)
        .bind(now_ms + LEASE_MS)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE titles SET state = 'failed', error_code = $2, updated_ms = $3 WHERE id = $1",
        )
        .bind(job.title)
        .bind(code.as_str())
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        note!(
            tx,
            webhook::Note::title_failed(job.title, &job.name, &job.kind, code, now_ms)
        );
        append!(tx, note);
    });
    Ok(true)
}

/// Lets a job begin anew, now. False: it cannot.
///
/// # Errors
/// The database's.
pub async fn retry(db: &Db, job: &JobRow, note: &Note<'_>) -> sqlx::Result<bool> {
    let now_ms = note.at_ms();
    let begin = concat!(
        "UPDATE jobs AS j SET state = 'queued', failures = 0, crashes = 0, interruptions = 0, permille = 0, \
         eta_ms = NULL, renditions = NULL, not_before_ms = $1, updated_ms = $1 WHERE j.id = $3 AND ",
        can_retry!()
    );
    tx!(db, |tx| {
        let begun = sqlx::query(begin)
            .bind(now_ms)
            .bind(retriable())
            .bind(job.id)
            .execute(&mut *tx)
            .await?;
        if begun.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE titles SET state = 'queued', error_code = NULL, updated_ms = $2 WHERE id = $1",
        )
        .bind(job.title)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        append!(tx, note);
    });
    Ok(true)
}

/// The margin stands in the text of [`retry`]'s SQL.
const _: () = assert!(RETRY_MARGIN_MS == 600_000);
