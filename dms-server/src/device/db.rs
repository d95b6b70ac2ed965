//! Devices and enrolment tokens.

use sqlx::FromRow;
use uuid::Uuid;

use super::DeviceKind;
use crate::auth::SecretHash;
use crate::db::Db;
use crate::{db, tx};

/// An enrolled device.
#[derive(Clone, Debug, FromRow)]
pub struct DeviceRow {
    /// Its id.
    pub id: Uuid,
    /// What it called itself.
    pub name: String,
    /// See [`DeviceKind::name`].
    pub kind: String,
    /// When it enrolled, milliseconds since the Unix epoch.
    pub enrolled_ms: i64,
    /// End of its newest certificate.
    pub expires_ms: i64,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

/// A device that asks to be enrolled.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The id it gets unless it is there already.
    pub id: Uuid,
    /// What it calls itself.
    pub name: String,
    /// What runs on it.
    pub kind: DeviceKind,
    /// SHA-256 of its public key.
    pub key_hash: [u8; 32],
    /// End of its certificate.
    pub expires_ms: i64,
}

/// What became of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// The device is enrolled under this id.
    Device(Uuid),
    /// The token is unknown, used up or expired, or the device was revoked.
    Refused,
}

/// Adds an enrolment token.
///
/// # Errors
/// The database's.
pub async fn add_token(
    db: &Db,
    hash: SecretHash,
    uses: i64,
    created_by: &str,
    now_ms: i64,
    expires_ms: i64,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO enrollment_tokens \
               (id, hash, uses, uses_left, created_by, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $3, $4, $5, $6)";
    db!(db.write(), |p| {
        sqlx::query(sql)
            .bind(Uuid::now_v7())
            .bind(hash.as_bytes())
            .bind(uses)
            .bind(created_by)
            .bind(now_ms)
            .bind(expires_ms)
            .execute(p)
            .await?;
    });
    Ok(())
}

/// Uses a token once for a device, or finds the device that the same key enrolled with it.
///
/// # Errors
/// The database's; a unique violation when the same key is enrolled by another request at
/// this moment.
pub async fn redeem(
    db: &Db,
    token: SecretHash,
    new: &NewDevice,
    now_ms: i64,
) -> sqlx::Result<Redeemed> {
    let known = "SELECT d.id, d.revoked_ms FROM devices d \
                 JOIN enrollment_tokens t ON t.id = d.token_id \
                 WHERE t.hash = $1 AND t.expires_ms > $2 AND d.key_hash = $3";
    let renewed = "UPDATE devices SET expires_ms = $1 WHERE id = $2";
    // One statement: of many requests at once, exactly as many win as there are uses.
    let take = "UPDATE enrollment_tokens SET uses_left = uses_left - 1 \
                WHERE hash = $1 AND uses_left > 0 AND expires_ms > $2 RETURNING id";
    let add = "INSERT INTO devices \
               (id, name, kind, key_hash, token_id, enrolled_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let redeemed = tx!(db, |tx| {
        let there: Option<(Uuid, Option<i64>)> = sqlx::query_as(known)
            .bind(token.as_bytes())
            .bind(now_ms)
            .bind(new.key_hash.as_slice())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some((id, revoked)) = there {
            if revoked.is_some() {
                return Ok(Redeemed::Refused);
            }
            sqlx::query(renewed)
                .bind(new.expires_ms)
                .bind(id)
                .execute(&mut *tx)
                .await?;
            Redeemed::Device(id)
        } else {
            let taken: Option<Uuid> = sqlx::query_scalar(take)
                .bind(token.as_bytes())
                .bind(now_ms)
                .fetch_optional(&mut *tx)
                .await?;
            let Some(token_id) = taken else {
                return Ok(Redeemed::Refused);
            };
            sqlx::query(add)
                .bind(new.id)
                .bind(&new.name)
                .bind(new.kind.name())
                .bind(new.key_hash.as_slice())
                .bind(token_id)
                .bind(now_ms)
                .bind(new.expires_ms)
                .execute(&mut *tx)
                .await?;
            Redeemed::Device(new.id)
        }
    });
    Ok(redeemed)
}

/// Notes the new key and certificate of a device that is enrolled and not revoked. False
/// when there is none.
///
/// # Errors
/// The database's; a unique violation when another device of the same token has the key.
pub async fn renew(
    db: &Db,
    device: Uuid,
    key_hash: [u8; 32],
    expires_ms: i64,
) -> sqlx::Result<bool> {
    let sql = "UPDATE devices SET key_hash = $1, expires_ms = $2 \
               WHERE id = $3 AND revoked_ms IS NULL";
    let renewed = db!(db.write(), |p| {
        let query = sqlx::query(sql)
            .bind(key_hash.as_slice())
            .bind(expires_ms)
            .bind(device);
        query.execute(p).await?.rows_affected()
    });
    Ok(renewed == 1)
}

/// A device that is enrolled and not revoked.
///
/// # Errors
/// The database's.
pub async fn active(db: &Db, device: Uuid) -> sqlx::Result<Option<DeviceRow>> {
    let sql = "SELECT id, name, kind, enrolled_ms, expires_ms, revoked_ms FROM devices \
               WHERE id = $1 AND revoked_ms IS NULL";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(device)
        .fetch_optional(p)
        .await)
}

/// Devices, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<DeviceRow>> {
    let sql = "SELECT id, name, kind, enrolled_ms, expires_ms, revoked_ms FROM devices \
               WHERE id < $1 ORDER BY id DESC LIMIT $2";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// Revokes a device. False when there is none; revoking again changes nothing.
///
/// # Errors
/// The database's.
pub async fn revoke(db: &Db, device: Uuid, now_ms: i64) -> sqlx::Result<bool> {
    let sql = "UPDATE devices SET revoked_ms = COALESCE(revoked_ms, $1) WHERE id = $2";
    let found = db!(db.write(), |p| {
        sqlx::query(sql)
            .bind(now_ms)
            .bind(device)
            .execute(p)
            .await?
            .rows_affected()
    });
    Ok(found == 1)
}

/// Revoked devices whose certificate peers would still accept.
///
/// # Errors
/// The database's.
pub async fn revoked(db: &Db, now_ms: i64, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    let sql = "SELECT id FROM devices WHERE revoked_ms IS NOT NULL AND expires_ms > $1 \
               ORDER BY revoked_ms DESC LIMIT $2";
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(now_ms)
        .bind(limit)
        .fetch_all(p)
        .await)
}
