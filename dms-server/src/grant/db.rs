//! Grants that wait for an answer.

use sqlx::FromRow;
use uuid::Uuid;

use super::{KEPT_MS, SLOWER_S, WAITING_MAX};
use crate::audit::Note;
use crate::auth::SecretHash;
use crate::auth::db::TokenRow;
use crate::db::Db;
use crate::{append, db, tx};

/// A grant.
#[derive(Clone, Debug, FromRow)]
pub struct GrantRow {
    /// Its id.
    pub id: Uuid,
    /// What asks, as it says itself.
    pub name: String,
    /// The address that it asked from.
    pub address: String,
    /// `asked`, `approved` or `refused`.
    pub state: String,
    /// Who answered.
    pub person_id: Option<Uuid>,
    /// What people call them.
    pub person: Option<String>,
    /// The roles that they give.
    pub roles: String,
    /// Seconds that must lie between two asks.
    pub interval_s: i64,
    /// The last of them, milliseconds since the Unix epoch.
    pub polled_ms: i64,
    /// When it was asked for.
    pub created_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
}

/// The hashes of a grant's two codes.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// Of the long one.
    pub device: SecretHash,
    /// Of the short one.
    pub user: SecretHash,
}

/// What both look-ups read.
macro_rules! read {
    ($matches:literal) => {
        concat!(
            "SELECT g.id, g.name, g.address, g.state, g.person_id, p.name AS person, g.roles, g.interval_s, \
             g.polled_ms, g.created_ms, g.expires_ms FROM grants g LEFT JOIN people p ON p.id = g.person_id WHERE ",
            $matches
        )
    };
}

/// Adds a grant, and forgets those that ended long ago. False when as many wait as may.
///
/// # Errors
/// The database's; a unique violation when the short code is another's.
pub async fn add(db: &Db, new: &GrantRow, codes: Codes) -> sqlx::Result<bool> {
    let ended = "DELETE FROM grants WHERE expires_ms <= $1";
    let waiting = "SELECT COUNT(*) FROM grants WHERE expires_ms > $1";
    let add = "INSERT INTO grants (id, device_hash, user_hash, name, address, state, person_id, roles, \
               interval_s, polled_ms, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, 'asked', NULL, '', $6, 0, $7, $8)";
    let added = tx!(db, |tx| {
        sqlx::query(ended)
            .bind(new.created_ms - KEPT_MS)
            .execute(&mut *tx)
            .await?;
        let waiting: i64 = sqlx::query_scalar(waiting)
            .bind(new.created_ms)
            .fetch_one(&mut *tx)
            .await?;
        if waiting >= WAITING_MAX {
            return Ok(false);
        }
        sqlx::query(add)
            .bind(new.id)
            .bind(codes.device.as_bytes())
            .bind(codes.user.as_bytes())
            .bind(&new.name)
            .bind(&new.address)
            .bind(new.interval_s)
            .bind(new.created_ms)
            .bind(new.expires_ms)
            .execute(&mut *tx)
            .await?;
        true
    });
    Ok(added)
}

/// The grant of a short code that still waits.
///
/// # Errors
/// The database's.
pub async fn waiting(db: &Db, user: SecretHash, now_ms: i64) -> sqlx::Result<Option<GrantRow>> {
    let sql = read!("g.user_hash = $1 AND g.state = 'asked' AND g.expires_ms > $2");
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(user.as_bytes())
            .bind(now_ms)
            .fetch_optional(p)
            .await
    })
}

/// The grant of a long code.
///
/// # Errors
/// The database's.
pub async fn of_device(db: &Db, device: SecretHash) -> sqlx::Result<Option<GrantRow>> {
    let sql = read!("g.device_hash = $1");
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(device.as_bytes())
            .fetch_optional(p)
            .await
    })
}

/// A person's answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Who answers.
    pub person: Uuid,
    /// The roles that they give; none: they refuse.
    pub roles: Option<&'a str>,
}

/// Answers a grant. False when it does not wait any more.
///
/// # Errors
/// The database's.
pub async fn answer(db: &Db, id: Uuid, answer: Answer<'_>, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE grants SET state = $1, person_id = $2, roles = $3 \
               WHERE id = $4 AND state = 'asked' AND expires_ms > $5";
    let state = match answer.roles {
        Some(_) => "approved",
        None => "refused",
    };
    let answered = tx!(db, |tx| {
        let answered = sqlx::query(sql)
            .bind(state)
            .bind(answer.person)
            .bind(answer.roles.unwrap_or_default())
            .bind(id)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if answered == 1 {
            append!(tx, note);
        }
        answered
    });
    Ok(answered == 1)
}

/// Notes that the command line asked; true when it was too soon, and it has to wait longer from now on.
///
/// # Errors
/// The database's.
pub async fn polled(db: &Db, row: &GrantRow, now_ms: i64) -> sqlx::Result<bool> {
    // The clock may go back: who asked in the future then may ask now.
    let since = now_ms.abs_diff(row.polled_ms);
    let soon = since < row.interval_s.unsigned_abs() * 1000;
    let interval_s = if soon {
        (row.interval_s + SLOWER_S.0).min(SLOWER_S.1)
    } else {
        row.interval_s
    };
    let sql = "UPDATE grants SET polled_ms = $1, interval_s = $2 WHERE id = $3";
    db!(db.write(), |p| {
        sqlx::query(sql)
            .bind(now_ms)
            .bind(interval_s)
            .bind(row.id)
            .execute(p)
            .await
            .map(|_| ())
    })?;
    Ok(soon)
}

/// Trades an approved grant for a token, once. False when it was traded before.
///
/// # Errors
/// The database's.
pub async fn trade(
    db: &Db,
    grant: Uuid,
    token: &TokenRow,
    hash: SecretHash,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let take = "DELETE FROM grants WHERE id = $1 AND state = 'approved' AND expires_ms > $2";
    let add = "INSERT INTO tokens (id, name, hash, roles, person_id, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let traded = tx!(db, |tx| {
        let taken = sqlx::query(take)
            .bind(grant)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if taken == 0 {
            return Ok(false);
        }
        sqlx::query(add)
            .bind(token.id)
            .bind(&token.name)
            .bind(hash.as_bytes())
            .bind(&token.roles)
            .bind(token.person_id)
            .bind(token.created_ms)
            .bind(token.expires_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
        true
    });
    Ok(traded)
}

/// Adds so many grants that wait as if so many addresses had asked.
#[cfg(test)]
pub(super) async fn stuff(db: &Db, count: i64, now_ms: i64) -> sqlx::Result<()> {
    let sql = "INSERT INTO grants (id, device_hash, user_hash, name, address, state, person_id, roles, \
               interval_s, polled_ms, created_ms, expires_ms) \
               VALUES ($1, $2, $3, 'x', '', 'asked', NULL, '', 5, 0, $4, $5)";
    tx!(db, |tx| {
        for n in 0..count {
            sqlx::query(sql)
                .bind(Uuid::now_v7())
                .bind(n.to_be_bytes().to_vec())
                .bind(n.to_be_bytes().to_vec())
                .bind(now_ms)
                .bind(now_ms + super::GRANT_MS)
                .execute(&mut *tx)
                .await?;
        }
    });
    Ok(())
}
