//! Decision servers in the database.

use std::fmt;

use sqlx::FromRow;
use uuid::Uuid;

use super::SERVERS_MAX;
use crate::audit::Note;
use crate::db::Db;
use crate::webhook::db::Added;
use crate::{append, db, tx, uses_kek};

/// A decision server. Its `Debug` shows no URL: many carry a secret.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct ServerRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// `vast` or `webhook`.
    pub kind: String,
    /// Where it is.
    pub url: String,
    /// How long it may take.
    pub timeout_ms: i64,
    /// Its place among those that the settings do not name.
    pub place: i64,
    /// 1: it is asked.
    pub enabled: i64,
    /// 1: it is told who watches.
    pub forward_viewer: i64,
    /// What signs the questions to it, sealed.
    pub secret: Vec<u8>,
    /// The name of the KEK that sealed it.
    pub secret_kek: String,
    /// Grows with every change.
    pub edition: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

impl fmt::Debug for ServerRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerRow({})", self.id)
    }
}

/// Adds a decision server if its secret is sealed by the current KEK and there are not too many.
///
/// # Errors
/// The database's.
pub async fn add(db: &Db, new: &ServerRow, note: &Note<'_>) -> sqlx::Result<Added> {
    let sql = "INSERT INTO ad_servers (id, name, kind, url, timeout_ms, place, enabled, forward_viewer, secret, \
               secret_kek, edition, created_by, created_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12)";
    let count = "SELECT CAST(COUNT(*) AS BIGINT) FROM ad_servers";
    tx!(db, |tx| {
        if !uses_kek!(tx, &new.secret_kek) {
            return Ok(Added::OtherKek);
        }
        // The KEK's row is locked now: whoever else adds one waits and counts this one.
        let there: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await?;
        if there >= SERVERS_MAX as i64 {
            return Ok(Added::TooMany);
        }
        sqlx::query(sql)
            .bind(new.id)
            .bind(&new.name)
            .bind(&new.kind)
            .bind(&new.url)
            .bind(new.timeout_ms)
            .bind(new.place)
            .bind(new.enabled)
            .bind(new.forward_viewer)
            .bind(&new.secret)
            .bind(&new.secret_kek)
            .bind(&new.created_by)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(Added::Yes)
}

/// Replaces what is said of a decision server, if it is of the edition still; its kind and secret stay.
///
/// # Errors
/// The database's.
pub async fn replace(db: &Db, new: &ServerRow, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE ad_servers SET name = $3, url = $4, timeout_ms = $5, place = $6, enabled = $7, \
               forward_viewer = $8, edition = edition + 1 WHERE id = $1 AND edition = $2";
    let replaced = tx!(db, |tx| {
        let replaced = sqlx::query(sql)
            .bind(new.id)
            .bind(new.edition)
            .bind(&new.name)
            .bind(&new.url)
            .bind(new.timeout_ms)
            .bind(new.place)
            .bind(new.enabled)
            .bind(new.forward_viewer)
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if replaced {
            append!(tx, note);
        }
        replaced
    });
    Ok(replaced)
}

/// Removes a decision server; answers whether there was one.
///
/// # Errors
/// The database's.
pub async fn remove(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let removed = tx!(db, |tx| {
        let removed = sqlx::query("DELETE FROM ad_servers WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if removed {
            append!(tx, note);
        }
        removed
    });
    Ok(removed)
}

/// One decision server.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<ServerRow>> {
    let sql = "SELECT * FROM ad_servers WHERE id = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// All decision servers in their own order.
///
/// # Errors
/// The database's.
pub async fn all(db: &Db) -> sqlx::Result<Vec<ServerRow>> {
    let sql = "SELECT * FROM ad_servers ORDER BY place, id";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}
