//! Codes and what they are traded for.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CODES_MAX, SESSIONS_MAX};
use crate::audit::Note;
use crate::auth::{SESSION_MS, SecretHash};
use crate::db::Db;
use crate::{append, db, tx};

/// A code that is to be traded.
#[derive(Clone, Copy, Debug)]
pub struct NewCode {
    /// Its id.
    pub id: Uuid,
    /// Of the code.
    pub hash: SecretHash,
    /// Whose it is.
    pub person: Uuid,
    /// The session that it was asked for with.
    pub session: Option<Uuid>,
    /// The token, also where a session was made from it.
    pub token: Option<Uuid>,
    /// Now, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
}

/// Adds a code, and forgets those that ended and those that are too many.
///
/// # Errors
/// The database's.
pub async fn add(db: &Db, new: NewCode) -> sqlx::Result<()> {
    let ended = "DELETE FROM handoffs WHERE expires_ms <= $1";
    // Version 7 UUIDs ascend with time.
    let many = "DELETE FROM handoffs WHERE person_id = $1 AND id NOT IN \
                (SELECT id FROM handoffs WHERE person_id = $1 ORDER BY id DESC LIMIT $2)";
    let add = "INSERT INTO handoffs (id, hash, person_id, session_id, token_id, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx!(db, |tx| {
        sqlx::query(ended)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        sqlx::query(many)
            .bind(new.person)
            .bind(CODES_MAX - 1)
            .execute(&mut *tx)
            .await?;
        sqlx::query(add)
            .bind(new.id)
            .bind(new.hash.as_bytes())
            .bind(new.person)
            .bind(new.session)
            .bind(new.token)
            .bind(new.created_ms)
            .bind(new.expires_ms)
            .execute(&mut *tx)
            .await?;
    });
    Ok(())
}

/// Whether a code of this person was traded; none: there is no such code.
///
/// # Errors
/// The database's.
pub async fn used(db: &Db, id: Uuid, person: Uuid) -> sqlx::Result<Option<bool>> {
    let sql = "SELECT redeemed_ms FROM handoffs WHERE id = $1 AND person_id = $2";
    let row: Option<(Option<i64>,)> = db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(id)
            .bind(person)
            .fetch_optional(p)
            .await
    })?;
    Ok(row.map(|(redeemed,)| redeemed.is_some()))
}

/// A code that can be traded now.
#[derive(Clone, Debug, FromRow)]
pub struct Waiting {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub person_id: Uuid,
    /// What people call them.
    pub person: String,
    /// The session that it was asked for with.
    pub session_id: Option<Uuid>,
    /// The token.
    pub token_id: Option<Uuid>,
    /// When what it was asked for with ends; null: that has no end.
    pub until_ms: Option<i64>,
}

/// The code with this hash, if it can still be traded.
///
/// # Errors
/// The database's.
pub async fn waiting(db: &Db, hash: SecretHash, now_ms: i64) -> sqlx::Result<Option<Waiting>> {
    let sql = "SELECT h.id, h.person_id, p.name AS person, h.session_id, h.token_id, \
               COALESCE(s.expires_ms, t.expires_ms) AS until_ms FROM handoffs h \
               JOIN people p ON p.id = h.person_id \
               LEFT JOIN sessions s ON s.id = h.session_id LEFT JOIN tokens t ON t.id = h.token_id \
               WHERE h.hash = $1 AND h.redeemed_ms IS NULL AND h.expires_ms > $2 AND p.active = 1";
    db!(db.write(), |p| {
        sqlx::query_as(sql)
            .bind(hash.as_bytes())
            .bind(now_ms)
            .fetch_optional(p)
            .await
    })
}

impl Waiting {
    /// When a session that begins now ends.
    #[must_use]
    pub fn session_until(&self, now_ms: i64) -> i64 {
        let longest = now_ms + SESSION_MS;
        self.until_ms.map_or(longest, |until| until.min(longest))
    }
}

/// A session of the page that a device's agent serves.
#[derive(Clone, Copy, Debug)]
pub struct PageSession {
    /// Its id.
    pub id: Uuid,
    /// Of its secret.
    pub hash: SecretHash,
    /// The device that it is good on.
    pub device: Uuid,
    /// When it ends, milliseconds since the Unix epoch.
    pub until_ms: i64,
}

/// Trades a code for a session, once. False when somebody else was quicker.
///
/// # Errors
/// The database's.
pub async fn trade(
    db: &Db,
    code: &Waiting,
    session: PageSession,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let take = "UPDATE handoffs SET redeemed_ms = $1 \
                WHERE id = $2 AND redeemed_ms IS NULL AND expires_ms > $1";
    let many = "DELETE FROM sessions WHERE device_id = $1 AND COALESCE(person_id, token_id) = $2 AND id NOT IN \
                (SELECT id FROM sessions WHERE device_id = $1 AND COALESCE(person_id, token_id) = $2 \
                 ORDER BY id DESC LIMIT $3)";
    let add = "INSERT INTO sessions (id, hash, token_id, person_id, proven, created_ms, expires_ms, device_id, from_id) \
               VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)";
    let person = match code.token_id {
        Some(_) => None,
        None => Some(code.person_id),
    };
    let traded = tx!(db, |tx| {
        let taken = sqlx::query(take)
            .bind(note.at_ms())
            .bind(code.id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if taken == 0 {
            return Ok(false);
        }
        sqlx::query(many)
            .bind(session.device)
            .bind(code.token_id.unwrap_or(code.person_id))
            .bind(SESSIONS_MAX - 1)
            .execute(&mut *tx)
            .await?;
        sqlx::query(add)
            .bind(session.id)
            .bind(session.hash.as_bytes())
            .bind(code.token_id)
            .bind(person)
            .bind(note.at_ms())
            .bind(session.until_ms)
            .bind(session.device)
            .bind(code.session_id)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
        true
    });
    Ok(traded)
}
