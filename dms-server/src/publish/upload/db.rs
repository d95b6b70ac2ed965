//! Uploads in the database.

use dms_transcoder_protocol::FailureCode;
use swarm::content::TitleKind;
use uuid::Uuid;

use super::metadata::Metadata;
use super::refusal::Refusal;
use crate::audit::Note;
use crate::db::Db;
use crate::publish::db::kind_name;
use crate::publish::work::RETRIABLE;
use crate::webhook::{self, db::note};
use crate::{append, db, give_policy, index_title, tx};

/// An upload as it was declared.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Upload {
    /// Its id, which nobody can guess.
    pub id: Uuid,
    /// Whose it is.
    pub owner: String,
    /// The declared length, bytes.
    pub bytes: i64,
    /// The title's name for people.
    pub name: String,
    /// `video` or `file`.
    pub kind: String,
    /// The file's name for people.
    pub filename: String,
    /// The file's media type.
    pub media_type: String,
    /// The title it became.
    pub title: Option<Uuid>,
    /// When it is removed, milliseconds since the Unix epoch.
    pub expires_ms: i64,
    /// The profile to make its title with; none: the default.
    pub profile: Option<Uuid>,
}

/// An upload to be.
#[derive(Clone, Debug)]
pub struct NewUpload<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub owner: &'a str,
    /// Whose spool folder holds the bytes.
    pub node: &'a str,
    /// The declared length, bytes.
    pub bytes: u64,
    /// What the publisher says about it.
    pub metadata: &'a Metadata,
    /// The profile that the publisher chose.
    pub profile: Option<Uuid>,
    /// Now, milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// When it is removed, milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

const COLUMNS: &str = "SELECT id, owner, bytes, name, kind, filename, media_type, title, expires_ms, \
                       profile FROM uploads WHERE id = $1";

/// Adds an upload if the owner's uploads together stay within `quota` bytes.
///
/// # Errors
/// [`Refusal::Quota`], or the database failed.
pub async fn create(db: &Db, new: &NewUpload<'_>, quota: u64) -> Result<(), Refusal> {
    let length = i64::try_from(new.bytes).unwrap_or(i64::MAX);
    let kind = kind_name(new.metadata.kind);
    tx!(db, |tx| {
        sqlx::query(
            "INSERT INTO upload_owners (owner) VALUES ($1) \
             ON CONFLICT (owner) DO UPDATE SET owner = excluded.owner",
        )
        .bind(new.owner)
        .execute(&mut *tx)
        .await?;
        let held: i64 = sqlx::query_scalar(
            "SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM uploads WHERE owner = $1",
        )
        .bind(new.owner)
        .fetch_one(&mut *tx)
        .await?;
        let free = quota.saturating_sub(held.unsigned_abs());
        if new.bytes > free {
            return Err(Refusal::Quota {
                length: new.bytes,
                free,
            });
        }
        sqlx::query(
            "INSERT INTO uploads (id, owner, node, bytes, held, name, kind, filename, media_type, \
             created_ms, expires_ms, profile) VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(new.id)
        .bind(new.owner)
        .bind(new.node)
        .bind(length)
        .bind(&new.metadata.title)
        .bind(kind)
        .bind(&new.metadata.filename)
        .bind(&new.metadata.media_type)
        .bind(new.now_ms)
        .bind(new.expires_ms)
        .bind(new.profile)
        .execute(&mut *tx)
        .await?;
    });
    Ok(())
}

/// The upload with this id.
///
/// # Errors
/// The database failed.
pub async fn find(db: &Db, id: Uuid) -> sqlx::Result<Option<Upload>> {
    db!(db.read(), |p| sqlx::query_as(COLUMNS)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// Moves an upload's expiry.
///
/// # Errors
/// The database failed.
pub async fn postpone(db: &Db, id: Uuid, expires_ms: i64) -> sqlx::Result<()> {
    db!(db.write(), |p| sqlx::query(
        "UPDATE uploads SET expires_ms = $2 WHERE id = $1"
    )
    .bind(id)
    .bind(expires_ms)
    .execute(p)
    .await
    .map(drop))
}

/// Makes the title, under the id `title`, and the job of a complete upload, once; answers the title. `None` when the
/// upload is gone.
///
/// # Errors
/// The database failed; nothing was made.
pub async fn finish(db: &Db, id: Uuid, title: Uuid, note: &Note<'_>) -> sqlx::Result<Option<Uuid>> {
    let now_ms = note.at_ms();
    let made = tx!(db, |tx| {
        let first = sqlx::query("UPDATE uploads SET title = $2 WHERE id = $1 AND title IS NULL")
            .bind(id)
            .bind(title)
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if first {
            let (name, kind, bytes): (String, String, i64) = sqlx::query_as(
                "INSERT INTO titles (id, name, kind, filename, media_type, owner, bytes, state, \
                 created_ms, updated_ms, profile) SELECT title, name, kind, filename, media_type, owner, \
                 bytes, 'queued', $2, $2, profile FROM uploads WHERE id = $1 RETURNING name, kind, bytes",
            )
            .bind(id)
            .bind(now_ms)
            .fetch_one(&mut *tx)
            .await?;
            index_title!(tx, title, &name, "", "");
            give_policy!(tx, id, title, now_ms);
            note!(
                tx,
                webhook::Note::upload_completed(title, &name, &kind, bytes, now_ms)
            );
            sqlx::query(
                "INSERT INTO jobs (id, title, upload, node, state, not_before_ms, created_ms, \
                 updated_ms) SELECT $2, title, id, node, 'queued', $3, $3, $3 FROM uploads \
                 WHERE id = $1",
            )
            .bind(id)
            .bind(Uuid::now_v7())
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        }
        let there =
            sqlx::query_scalar::<_, Option<Uuid>>("SELECT title FROM uploads WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
        if first {
            append!(tx, note);
        }
        there
    });
    Ok(made.flatten())
}

/// Forgets an upload.
///
/// # Errors
/// The database failed.
pub async fn remove(db: &Db, id: Uuid) -> sqlx::Result<()> {
    db!(db.write(), |p| sqlx::query(
        "DELETE FROM uploads WHERE id = $1"
    )
    .bind(id)
    .execute(p)
    .await
    .map(drop))
}

/// Uploads of this node past their expiry whose bytes nobody needs: unfinished, or their source
/// was let go. At most `limit`.
///
/// # Errors
/// The database failed.
pub async fn expired(db: &Db, node: &str, now_ms: i64, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    db!(db.read(), |p| {
        sqlx::query_scalar(
        "SELECT id FROM uploads WHERE node = $1 AND expires_ms <= $2 AND (title IS NULL OR held = 0) \
         ORDER BY expires_ms LIMIT $3"
    )
    .bind(node)
    .bind(now_ms)
    .bind(limit)
    .fetch_all(p)
    .await
    })
}

/// Uploads of this node whose title no longer needs its source: no job is to come, and none that failed through no fault
/// of its file may be tried again. At most `limit`.
///
/// # Errors
/// The database failed.
pub async fn spent(db: &Db, node: &str, now_ms: i64, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    let kept = RETRIABLE.map(FailureCode::as_str).join(" ");
    db!(db.read(), |p| {
        sqlx::query_scalar(
        "SELECT id FROM uploads WHERE node = $1 AND held > 0 AND title IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.upload = uploads.id \
         AND jobs.state IN ('queued', 'running')) AND (expires_ms <= $2 OR NOT EXISTS (SELECT 1 FROM titles t \
         WHERE t.id = uploads.title AND t.state = 'failed' AND $3 LIKE '%' || t.error_code || '%')) LIMIT $4"
    )
    .bind(node)
    .bind(now_ms)
    .bind(kept)
    .bind(limit)
    .fetch_all(p)
    .await
    })
}

/// Uploads of this node whose job waits for a worker and can be done by this node's only. At most
/// `limit`, the oldest first.
///
/// # Errors
/// The database failed.
pub async fn waiting(db: &Db, node: &str, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    db!(db.read(), |p| sqlx::query_scalar(
        "SELECT upload FROM jobs WHERE node = $1 AND state = 'queued' ORDER BY created_ms LIMIT $2"
    )
    .bind(node)
    .bind(limit)
    .fetch_all(p)
    .await)
}

/// The upload's source is a master in the store now: any node may do its job. False: a worker of
/// this node was quicker, or the title is gone.
///
/// # Errors
/// The database failed.
pub async fn handed_over(db: &Db, id: Uuid) -> sqlx::Result<bool> {
    db!(db.write(), |p| sqlx::query(
        "UPDATE jobs SET node = NULL WHERE upload = $1 AND state = 'queued' AND node IS NOT NULL"
    )
    .bind(id)
    .execute(p)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// The source was removed: it counts against the quota no more.
///
/// # Errors
/// The database failed.
pub async fn released(db: &Db, id: Uuid) -> sqlx::Result<()> {
    db!(db.write(), |p| sqlx::query(
        "UPDATE uploads SET held = 0 WHERE id = $1"
    )
    .bind(id)
    .execute(p)
    .await
    .map(drop))
}

/// Unfinished uploads of this node and their declared lengths.
///
/// # Errors
/// The database failed.
pub async fn unfinished(db: &Db, node: &str) -> sqlx::Result<Vec<(Uuid, i64)>> {
    db!(db.read(), |p| sqlx::query_as(
        "SELECT id, bytes FROM uploads WHERE node = $1 AND title IS NULL"
    )
    .bind(node)
    .fetch_all(p)
    .await)
}

impl Upload {
    /// What the publisher said about it.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        Metadata {
            filename: self.filename.clone(),
            title: self.name.clone(),
            kind: if self.kind == "file" {
                TitleKind::File
            } else {
                TitleKind::Video
            },
            media_type: self.media_type.clone(),
            profile: self.profile.map(|id| id.to_string()),
        }
    }

    /// The declared length, bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.bytes.unsigned_abs()
    }
}
