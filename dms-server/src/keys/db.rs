//! Which KEKs there are, and what each of them wrapped.
//!
//! **Invariant:** whatever is wrapped anew after a rotation began is wrapped by the new KEK. Who keeps something that a
//! KEK wrapped counts it in the KEK's row first, in the same transaction ([`uses_kek!`](crate::uses_kek)): that row
//! lock is the line between before and after.

use sqlx::FromRow;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// Counts a use of the KEK `$1` while it is the one for new things.
pub const USE: &str = "UPDATE keks SET used = used + 1 WHERE id = $1 AND state = 'current'";

/// Inside a write transaction that keeps something the KEK of this name wrapped: whether it may. It may not once
/// another is for new things; wrap it with that one.
#[macro_export]
macro_rules! uses_kek {
    ($tx:ident, $kek:expr) => {
        sqlx::query($crate::keys::db::USE)
            .bind($kek)
            .execute(&mut *$tx)
            .await?
            .rows_affected()
            == 1
    };
}

/// A KEK without its key.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct KekRow {
    /// Its name, 16 hexadecimal digits.
    pub id: String,
    /// `current`, `rewrapping`, `retired` or `removed`.
    pub state: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub made_ms: i64,
    /// When nothing was left that it had wrapped.
    pub retired_ms: Option<i64>,
    /// When it was removed.
    pub removed_ms: Option<i64>,
}

/// What a KEK keeps secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The title key of a version.
    TitleKey,
    /// The secret of a person's one-time codes.
    Codes,
    /// The signing secret of a webhook.
    Webhook,
    /// The signing secret of a decision server.
    AdServer,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::TitleKey, Self::Codes, Self::Webhook, Self::AdServer];

    /// Those that another KEK than `$1` wrapped, after the place `$2`, `$3`.
    const fn batch(self) -> &'static str {
        match self {
            Self::TitleKey => {
                "SELECT title AS id, version, kek, wrapped_key AS bytes FROM versions \
                 WHERE kek <> $1 AND (title > $2 OR (title = $2 AND version > $3)) \
                 ORDER BY title, version LIMIT $4"
            }
            Self::Codes => {
                "SELECT id, CAST(0 AS BIGINT) AS version, totp_kek AS kek, totp AS bytes FROM people \
                 WHERE totp IS NOT NULL AND totp_kek <> $1 \
                 AND (id > $2 OR (id = $2 AND 0 > CAST($3 AS BIGINT))) ORDER BY id LIMIT $4"
            }
            Self::Webhook => {
                "SELECT id, CAST(0 AS BIGINT) AS version, secret_kek AS kek, secret AS bytes FROM webhooks \
                 WHERE secret_kek <> $1 \
                 AND (id > $2 OR (id = $2 AND 0 > CAST($3 AS BIGINT))) ORDER BY id LIMIT $4"
            }
            Self::AdServer => {
                "SELECT id, CAST(0 AS BIGINT) AS version, secret_kek AS kek, secret AS bytes FROM ad_servers \
                 WHERE secret_kek <> $1 \
                 AND (id > $2 OR (id = $2 AND 0 > CAST($3 AS BIGINT))) ORDER BY id LIMIT $4"
            }
        }
    }

    /// Puts `$1` of the KEK `$2` in place of `$5` of the KEK `$6` at the place `$3`, `$4`.
    const fn replace(self) -> &'static str {
        match self {
            Self::TitleKey => {
                "UPDATE versions SET wrapped_key = $1, kek = $2 \
                 WHERE title = $3 AND version = $4 AND wrapped_key = $5 AND kek = $6"
            }
            Self::Codes => {
                "UPDATE people SET totp = $1, totp_kek = $2 \
                 WHERE id = $3 AND CAST($4 AS BIGINT) = 0 AND totp = $5 AND totp_kek = $6"
            }
            Self::Webhook => {
                "UPDATE webhooks SET secret = $1, secret_kek = $2 \
                 WHERE id = $3 AND CAST($4 AS BIGINT) = 0 AND secret = $5 AND secret_kek = $6"
            }
            Self::AdServer => {
                "UPDATE ad_servers SET secret = $1, secret_kek = $2 \
                 WHERE id = $3 AND CAST($4 AS BIGINT) = 0 AND secret = $5 AND secret_kek = $6"
            }
        }
    }
}

/// Something that a KEK wrapped.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Wrapped {
    /// The title, the person, the webhook or the decision server.
    pub id: Uuid,
    /// The title's version; else 0.
    pub version: i64,
    /// The KEK's name; empty is the first one.
    pub kek: String,
    /// It.
    pub bytes: Vec<u8>,
}

/// Takes the first KEK into the table when that is empty, and gives its name to what names none. Answers every KEK
/// that is needed.
///
/// # Errors
/// The database's.
pub async fn begin(db: &Db, first: &str, now_ms: i64) -> sqlx::Result<Vec<String>> {
    let make = "INSERT INTO keks (id, state, used, made_ms) \
                SELECT CAST($1 AS TEXT), 'current', 0, CAST($2 AS BIGINT) \
                WHERE NOT EXISTS (SELECT 1 FROM keks) ON CONFLICT DO NOTHING";
    // A database that is older than KEKs have names, over keys that were rotated since.
    let older = "INSERT INTO keks (id, state, used, made_ms) \
                 SELECT DISTINCT kek, 'rewrapping', 0, CAST($1 AS BIGINT) FROM versions WHERE kek <> $2 \
                 ON CONFLICT DO NOTHING";
    let names = [
        "UPDATE people SET totp_kek = $1 WHERE totp IS NOT NULL AND totp_kek = ''",
        "UPDATE webhooks SET secret_kek = $1 WHERE secret_kek = ''",
    ];
    let needed = "SELECT id FROM keks WHERE state IN ('current', 'rewrapping')";
    let needed = tx!(db, |tx| {
        let made = sqlx::query(make).bind(first).bind(now_ms);
        if made.execute(&mut *tx).await?.rows_affected() == 1 {
            let older = sqlx::query(older).bind(now_ms).bind(first);
            older.execute(&mut *tx).await?;
            for name in names {
                sqlx::query(name).bind(first).execute(&mut *tx).await?;
            }
        }
        sqlx::query_scalar(needed).fetch_all(&mut *tx).await?
    });
    Ok(needed)
}

/// Every KEK there was, newest first.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db) -> sqlx::Result<Vec<KekRow>> {
    let sql =
        "SELECT id, state, made_ms, retired_ms, removed_ms FROM keks ORDER BY made_ms DESC, id";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}

/// The name of the KEK for new things.
///
/// # Errors
/// The database's; also when there is none.
pub async fn current(db: &Db) -> sqlx::Result<String> {
    let sql = "SELECT id FROM keks WHERE state = 'current'";
    db!(db.read(), |p| sqlx::query_scalar(sql).fetch_one(p).await)
}

/// The names of the KEKs whose work is being wrapped anew.
///
/// # Errors
/// The database's.
pub async fn rewrapping(db: &Db) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT id FROM keks WHERE state = 'rewrapping' ORDER BY id";
    db!(db.read(), |p| sqlx::query_scalar(sql).fetch_all(p).await)
}

/// How much each KEK wrapped of what is there.
///
/// # Errors
/// The database's.
pub async fn needs(db: &Db) -> sqlx::Result<Vec<(String, i64)>> {
    let sql = "SELECT kek, COUNT(*) FROM (SELECT kek FROM versions \
               UNION ALL SELECT totp_kek AS kek FROM people WHERE totp IS NOT NULL \
               UNION ALL SELECT secret_kek AS kek FROM webhooks \
               UNION ALL SELECT secret_kek AS kek FROM ad_servers) w GROUP BY kek";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}

/// From now on `next` is for new things, and what the one before wrapped is wrapped anew. False while that goes on
/// from an earlier time.
///
/// # Errors
/// The database's.
pub async fn rotate(db: &Db, next: &str, note: &Note<'_>) -> sqlx::Result<bool> {
    let end = "UPDATE keks SET state = 'rewrapping' WHERE state = 'current'";
    let under_way = "SELECT COUNT(*) FROM keks WHERE state = 'rewrapping'";
    let begin = "INSERT INTO keks (id, state, used, made_ms) VALUES ($1, 'current', 0, $2)";
    tx!(db, |tx| {
        // Of two at once one finds no row: the other one has changed it.
        let ended = sqlx::query(end).execute(&mut *tx).await?.rows_affected();
        let count: i64 = sqlx::query_scalar(under_way).fetch_one(&mut *tx).await?;
        if ended != 1 || count != 1 {
            return Ok(false);
        }
        let begun = sqlx::query(begin).bind(next).bind(note.at_ms());
        begun.execute(&mut *tx).await?;
        append!(tx, note);
    });
    Ok(true)
}

/// The next things of this kind that another KEK than `current` wrapped, behind `after`.
///
/// # Errors
/// The database's.
pub async fn batch(
    db: &Db,
    kind: Kind,
    current: &str,
    after: (Uuid, i64),
    limit: i64,
) -> sqlx::Result<Vec<Wrapped>> {
    db!(db.read(), |p| sqlx::query_as(kind.batch())
        .bind(current)
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// Puts what `current` wrapped in place of what was read. What was changed meanwhile stays.
///
/// # Errors
/// The database's.
pub async fn replace(
    db: &Db,
    kind: Kind,
    current: &str,
    batch: &[(Wrapped, Vec<u8>)],
) -> sqlx::Result<()> {
    tx!(db, |tx| {
        for (was, now) in batch {
            sqlx::query(kind.replace())
                .bind(now)
                .bind(current)
                .bind(was.id)
                .bind(was.version)
                .bind(&was.bytes)
                .bind(&was.kek)
                .execute(&mut *tx)
                .await?;
        }
    });
    Ok(())
}

/// Changes the KEK `$1` unless something is there that it wrapped.
macro_rules! unless_needed {
    ($set:literal, $was:literal) => {
        concat!(
            "UPDATE keks SET ",
            $set,
            " WHERE id = $1 AND state = '",
            $was,
            "' AND NOT EXISTS (SELECT 1 FROM versions WHERE kek = $1) \
             AND NOT EXISTS (SELECT 1 FROM people WHERE totp IS NOT NULL AND totp_kek IN ($1, '')) \
             AND NOT EXISTS (SELECT 1 FROM webhooks WHERE secret_kek IN ($1, '')) \
             AND NOT EXISTS (SELECT 1 FROM ad_servers WHERE secret_kek = $1)"
        )
    };
}

/// Retires a KEK when nothing is left that it wrapped. False when something is, or somebody else did.
///
/// # Errors
/// The database's.
pub async fn retire(db: &Db, kek: &str, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = unless_needed!("state = 'retired', retired_ms = $2", "rewrapping");
    change(db, sql, kek, note).await
}

/// Notes that a retired KEK is removed. False when it is needed or not retired.
///
/// # Errors
/// The database's.
pub async fn remove(db: &Db, kek: &str, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = unless_needed!("state = 'removed', removed_ms = $2", "retired");
    change(db, sql, kek, note).await
}

async fn change(db: &Db, sql: &'static str, kek: &str, note: &Note<'_>) -> sqlx::Result<bool> {
    tx!(db, |tx| {
        let changed = sqlx::query(sql).bind(kek).bind(note.at_ms());
        if changed.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        append!(tx, note);
    });
    Ok(true)
}

/// Adds versions that only their wrapped key is of interest of: title, version, KEK, wrapped key.
#[cfg(test)]
pub(crate) async fn add_versions(
    db: &Db,
    rows: &[(Uuid, i64, String, Vec<u8>)],
) -> sqlx::Result<()> {
    let sql = "INSERT INTO versions (title, version, state, wrapped_key, kek, created_ms) \
               VALUES ($1, $2, 'building', $3, $4, 0)";
    tx!(db, |tx| {
        for (title, version, kek, bytes) in rows {
            let row = sqlx::query(sql).bind(title).bind(version);
            row.bind(bytes).bind(kek).execute(&mut *tx).await?;
        }
    });
    Ok(())
}

/// Everything of this kind that is there.
#[cfg(test)]
pub(crate) async fn everything(db: &Db, kind: Kind) -> Vec<Wrapped> {
    let all = batch(db, kind, "", (Uuid::nil(), -1), 10_000).await;
    all.expect("the database")
}

/// Makes the database what it was before KEKs had names.
#[cfg(test)]
pub(crate) async fn forget_names(db: &Db) -> sqlx::Result<()> {
    let all = [
        "DELETE FROM keks",
        "UPDATE people SET totp_kek = ''",
        "UPDATE webhooks SET secret_kek = ''",
    ];
    tx!(db, |tx| {
        for sql in all {
            sqlx::query(sql).execute(&mut *tx).await?;
        }
    });
    Ok(())
}
