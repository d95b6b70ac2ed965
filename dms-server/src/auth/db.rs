//! Tokens, sessions and the installation's own row.

use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::{Principal, Scope, SecretHash};
use crate::db::Db;
use crate::{db, tx};

/// A token without its secret.
#[derive(Clone, Debug, FromRow)]
pub struct TokenRow {
    /// Its id.
    pub id: Uuid,
    /// What its owner called it.
    pub name: String,
    /// See [`Scope::name`].
    pub scope: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it ends; `None` is never.
    pub expires_ms: Option<i64>,
}

/// Adds a token.
///
/// # Errors
/// The database's.
pub async fn add_token(db: &Db, token: &TokenRow, hash: SecretHash) -> sqlx::Result<()> {
    let sql = "INSERT INTO tokens (id, name, hash, scope, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    db!(db.write(), |p| {
        sqlx::query(sql)
            .bind(token.id)
            .bind(&token.name)
            .bind(hash.as_bytes())
            .bind(&token.scope)
            .bind(token.created_ms)
            .bind(token.expires_ms)
            .execute(p)
            .await?;
    });
    Ok(())
}

/// Every token, newest first, from after `cursor`.
///
/// # Errors
/// The database's.
pub async fn tokens(db: &Db, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<TokenRow>> {
    // Version 7 UUIDs ascend with time, so the id is the order.
    let sql = "SELECT id, name, scope, created_ms, expires_ms FROM tokens \
               WHERE id < $1 ORDER BY id DESC LIMIT $2";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// Removes a token and its sessions. False when there was none.
///
/// # Errors
/// The database's.
pub async fn delete_token(db: &Db, id: Uuid) -> sqlx::Result<bool> {
    let sql = "DELETE FROM tokens WHERE id = $1";
    let gone = db!(db.write(), |p| sqlx::query(sql)
        .bind(id)
        .execute(p)
        .await?
        .rows_affected());
    Ok(gone == 1)
}

/// How many tokens with this scope are valid for ever; an installation keeps at least one
/// administrator.
///
/// # Errors
/// The database's.
pub async fn lasting_tokens(db: &Db, scope: Scope) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM tokens WHERE scope = $1 AND expires_ms IS NULL";
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(scope.name())
        .fetch_one(p)
        .await)
}

/// Whoever holds the token with this hash, if it has not ended.
///
/// # Errors
/// The database's.
pub async fn principal_of_token(
    db: &Db,
    hash: SecretHash,
    now_ms: i64,
) -> sqlx::Result<Option<Principal>> {
    let sql = "SELECT id, name, scope FROM tokens \
               WHERE hash = $1 AND (expires_ms IS NULL OR expires_ms > $2)";
    db!(db.read(), |p| {
        let row = sqlx::query(sql)
            .bind(hash.as_bytes())
            .bind(now_ms)
            .fetch_optional(p)
            .await?;
        row.map(|row| {
            Ok(Principal {
                token: row.try_get("id")?,
                subject: row.try_get("name")?,
                scope: scope(row.try_get("scope")?)?,
                session: None,
            })
        })
        .transpose()
    })
}

/// Whoever holds the session with this hash, if neither it nor its token has ended.
///
/// # Errors
/// The database's.
pub async fn principal_of_session(
    db: &Db,
    hash: SecretHash,
    now_ms: i64,
) -> sqlx::Result<Option<Principal>> {
    let sql = "SELECT s.id AS session, t.id, t.name, t.scope \
               FROM sessions s JOIN tokens t ON t.id = s.token_id \
               WHERE s.hash = $1 AND s.expires_ms > $2 \
               AND (t.expires_ms IS NULL OR t.expires_ms > $2)";
    db!(db.read(), |p| {
        let row = sqlx::query(sql)
            .bind(hash.as_bytes())
            .bind(now_ms)
            .fetch_optional(p)
            .await?;
        row.map(|row| {
            Ok(Principal {
                token: row.try_get("id")?,
                subject: row.try_get("name")?,
                scope: scope(row.try_get("scope")?)?,
                session: Some(row.try_get("session")?),
            })
        })
        .transpose()
    })
}

fn scope(name: &str) -> sqlx::Result<Scope> {
    Scope::of_name(name).ok_or_else(|| sqlx::Error::Decode("unknown scope".into()))
}

/// Starts a session of a token and drops the sessions that have ended.
///
/// # Errors
/// The database's.
pub async fn add_session(
    db: &Db,
    token: Uuid,
    hash: SecretHash,
    now_ms: i64,
    expires_ms: i64,
) -> sqlx::Result<()> {
    let ended = "DELETE FROM sessions WHERE expires_ms <= $1";
    let add = "INSERT INTO sessions (id, hash, token_id, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5)";
    tx!(db, |tx| {
        sqlx::query(ended).bind(now_ms).execute(&mut *tx).await?;
        sqlx::query(add)
            .bind(Uuid::now_v7())
            .bind(hash.as_bytes())
            .bind(token)
            .bind(now_ms)
            .bind(expires_ms)
            .execute(&mut *tx)
            .await?;
    });
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// The database's.
pub async fn delete_session(db: &Db, id: Uuid) -> sqlx::Result<()> {
    let sql = "DELETE FROM sessions WHERE id = $1";
    db!(db.write(), |p| {
        sqlx::query(sql).bind(id).execute(p).await?;
    });
    Ok(())
}

/// What the installation's row says after it was made if it was not there.
///
/// # Errors
/// The database's.
pub async fn installation(
    db: &Db,
    tenant: &str,
    fingerprint: &[u8],
    now_ms: i64,
) -> sqlx::Result<(String, Vec<u8>)> {
    let make = "INSERT INTO installation (id, tenant, keys_fingerprint, created_ms) \
                VALUES (1, $1, $2, $3) ON CONFLICT (id) DO NOTHING";
    let read = "SELECT tenant, keys_fingerprint FROM installation WHERE id = 1";
    let row = tx!(db, |tx| {
        sqlx::query(make)
            .bind(tenant)
            .bind(fingerprint)
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        sqlx::query_as(read).fetch_one(&mut *tx).await?
    });
    Ok(row)
}
