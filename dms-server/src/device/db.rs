//! Devices and enrolment tokens.

use sqlx::FromRow;
use uuid::Uuid;

use super::DeviceKind;
use crate::audit::Note;
use crate::auth::SecretHash;
use crate::db::Db;
use crate::webhook::{self, db::note};
use crate::{append, db, tx};

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
    /// How well it keeps its key, in its own words.
    pub key_level: Option<String>,
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
    /// How well it keeps its key, in its own words.
    pub key_level: Option<String>,
}

/// What became of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// The device is enrolled under this id.
    Device(Uuid),
    /// The token is unknown, used up or expired, or the device was revoked.
    Refused,
}

/// An enrolment token to be added.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// Its id.
    pub id: Uuid,
    /// The hash of its secret.
    pub hash: SecretHash,
    /// How many devices may use it.
    pub uses: i64,
    /// Who made it.
    pub created_by: &'a str,
    /// When it ends, milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// Adds an enrolment token.
///
/// # Errors
/// The database's.
pub async fn add_token(db: &Db, new: &NewToken<'_>, note: &Note<'_>) -> sqlx::Result<()> {
    let sql = "INSERT INTO enrollment_tokens \
               (id, hash, uses, uses_left, created_by, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $3, $4, $5, $6)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(new.id)
            .bind(new.hash.as_bytes())
            .bind(new.uses)
            .bind(new.created_by)
            .bind(note.at_ms())
            .bind(new.expires_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
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
    note: &Note<'_>,
) -> sqlx::Result<Redeemed> {
    let now_ms = note.at_ms();
    let known = "SELECT d.id, d.revoked_ms FROM devices d \
                 JOIN enrollment_tokens t ON t.id = d.token_id \
                 WHERE t.hash = $1 AND t.expires_ms > $2 AND d.key_hash = $3";
    let renewed = "UPDATE devices SET expires_ms = $1, key_level = $3 WHERE id = $2";
    // One statement: of many requests at once, exactly as many win as there are uses.
    let take = "UPDATE enrollment_tokens SET uses_left = uses_left - 1 \
                WHERE hash = $1 AND uses_left > 0 AND expires_ms > $2 RETURNING id";
    let add = "INSERT INTO devices \
               (id, name, kind, key_hash, token_id, enrolled_ms, expires_ms, key_level) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
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
                .bind(&new.key_level)
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
                .bind(&new.key_level)
                .execute(&mut *tx)
                .await?;
            let enrolled = webhook::Note::peer(false, new.id, &new.name, new.kind.name(), now_ms);
            note!(tx, enrolled);
            append!(tx, note);
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
    key_level: Option<&str>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE devices SET key_hash = $1, expires_ms = $2, key_level = $4 \
               WHERE id = $3 AND revoked_ms IS NULL";
    let renewed = db!(db.write(), |p| {
        let query = sqlx::query(sql)
            .bind(key_hash.as_slice())
            .bind(expires_ms)
            .bind(device)
            .bind(key_level);
        query.execute(p).await?.rows_affected()
    });
    Ok(renewed == 1)
}

/// A certificate of a device, and the key that it is for.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CertificateRow {
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    /// It, DER.
    pub certificate: Vec<u8>,
}

/// Keeps a certificate that was issued, in the place of an older one of the same key: what the key signed is checked
/// with it.
///
/// # Errors
/// The database's.
pub async fn keep_certificate(
    db: &Db,
    device: Uuid,
    key_hash: [u8; 32],
    certificate: &[u8],
    now_ms: i64,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO device_certificates (device, key_hash, certificate, issued_ms) \
               VALUES ($1, $2, $3, $4) ON CONFLICT (device, key_hash) DO UPDATE SET \
               certificate = excluded.certificate, issued_ms = excluded.issued_ms";
    db!(db.write(), |p| {
        let query = sqlx::query(sql).bind(device).bind(key_hash.as_slice());
        query.bind(certificate).bind(now_ms).execute(p).await?;
    });
    Ok(())
}

/// The certificates of a device's newest keys.
///
/// # Errors
/// The database's.
pub async fn certificates(db: &Db, device: Uuid, most: i64) -> sqlx::Result<Vec<CertificateRow>> {
    let sql = "SELECT key_hash, certificate FROM device_certificates WHERE device = $1 \
               ORDER BY issued_ms DESC LIMIT $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(device)
        .bind(most)
        .fetch_all(p)
        .await)
}

/// A device that is enrolled and not revoked.
///
/// # Errors
/// The database's.
pub async fn active(db: &Db, device: Uuid) -> sqlx::Result<Option<DeviceRow>> {
    let sql = "SELECT id, name, kind, enrolled_ms, expires_ms, revoked_ms, key_level FROM devices \
               WHERE id = $1 AND revoked_ms IS NULL";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(device)
        .fetch_optional(p)
        .await)
}

/// A device with what others say of it.
#[derive(Clone, Debug, FromRow)]
pub struct ReportedRow {
    /// The device.
    #[sqlx(flatten)]
    pub device: DeviceRow,
    /// Reports of wrong bytes since it was pardoned last.
    pub reports: i64,
    /// How many devices they are of.
    pub reporters: i64,
    /// The newest of them.
    pub reported_ms: Option<i64>,
    /// When it was pardoned last.
    pub pardoned_ms: Option<i64>,
}

/// Devices, newest first, from after `before`; only those with reports that are not pardoned when
/// `reported` says so.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &Db,
    before: Option<Uuid>,
    reported: bool,
    limit: i64,
) -> sqlx::Result<Vec<ReportedRow>> {
    let sql = "SELECT d.id, d.name, d.kind, d.enrolled_ms, d.expires_ms, d.revoked_ms, d.key_level, \
               COALESCE(e.reports, 0) AS reports, COALESCE(e.reporters, 0) AS reporters, \
               e.reported_ms, p.at_ms AS pardoned_ms FROM devices d \
               LEFT JOIN pardons p ON p.device_id = d.id \
               LEFT JOIN (SELECT b.culprit, COUNT(*) AS reports, \
                   COUNT(DISTINCT b.reporter) AS reporters, MAX(b.at_ms) AS reported_ms \
                   FROM bad_chunks b LEFT JOIN pardons q ON q.device_id = b.culprit \
                   WHERE q.at_ms IS NULL OR b.at_ms > q.at_ms GROUP BY b.culprit) e \
               ON e.culprit = d.id \
               WHERE d.id < $1 AND ($2 = 0 OR e.reports > 0) ORDER BY d.id DESC LIMIT $3";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(i64::from(reported))
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// A report that a device sent wrong bytes.
#[derive(Clone, Debug, FromRow)]
pub struct ReportRow {
    /// Who says so.
    pub reporter: Uuid,
    /// What it is called.
    pub reporter_name: Option<String>,
    /// What was asked for.
    pub chunk: Vec<u8>,
    /// What the bytes hashed to.
    pub got: Vec<u8>,
    /// When it was said.
    pub at_ms: i64,
}

/// The newest reports about a device, pardoned ones too.
///
/// # Errors
/// The database's.
pub async fn reports(db: &Db, device: Uuid, limit: i64) -> sqlx::Result<Vec<ReportRow>> {
    let sql = "SELECT b.reporter, d.name AS reporter_name, b.chunk, b.got, b.at_ms \
               FROM bad_chunks b LEFT JOIN devices d ON d.id = b.reporter \
               WHERE b.culprit = $1 ORDER BY b.at_ms DESC, b.chunk LIMIT $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(device)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// Pardons a device that is not revoked for what was reported until now. False when nothing was.
///
/// # Errors
/// The database's.
pub async fn pardon(
    db: &Db,
    device: Uuid,
    by_whom: &str,
    now_ms: i64,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let sql = "INSERT INTO pardons (device_id, at_ms, by_whom, times) \
               SELECT d.id, CAST($2 AS BIGINT), CAST($3 AS TEXT), 1 FROM devices d \
               WHERE d.id = $1 AND d.revoked_ms IS NULL AND EXISTS (SELECT 1 FROM bad_chunks b \
                   LEFT JOIN pardons q ON q.device_id = b.culprit \
                   WHERE b.culprit = d.id AND (q.at_ms IS NULL OR b.at_ms > q.at_ms)) \
               ON CONFLICT (device_id) DO UPDATE SET at_ms = excluded.at_ms, \
                   by_whom = excluded.by_whom, times = pardons.times + 1";
    let pardoned = tx!(db, |tx| {
        let pardoned = sqlx::query(sql)
            .bind(device)
            .bind(now_ms)
            .bind(by_whom)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if pardoned == 1 {
            append!(tx, note);
        }
        pardoned
    });
    Ok(pardoned == 1)
}

/// The newest pardons: devices and moments.
///
/// # Errors
/// The database's.
pub async fn pardons(db: &Db, limit: i64) -> sqlx::Result<Vec<(Uuid, i64)>> {
    let sql = "SELECT device_id, at_ms FROM pardons ORDER BY at_ms DESC LIMIT $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// Revokes a device. False when there is none; revoking again changes nothing.
///
/// # Errors
/// The database's.
pub async fn revoke(db: &Db, device: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE devices SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL \
               RETURNING name, kind";
    let now_ms = note.at_ms();
    let revoked = tx!(db, |tx| {
        let revoked: Option<(String, String)> = sqlx::query_as(sql)
            .bind(now_ms)
            .bind(device)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some((name, kind)) = &revoked {
            note!(tx, webhook::Note::peer(true, device, name, kind, now_ms));
            append!(tx, note);
        }
        revoked.is_some()
    });
    Ok(revoked || exists(db, device).await?)
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

/// Whether there is such a device, revoked or not.
///
/// # Errors
/// The database's.
pub async fn exists(db: &Db, device: Uuid) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM devices WHERE id = $1";
    let found: Option<Uuid> = db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(device)
        .fetch_optional(p)
        .await)?;
    Ok(found.is_some())
}
