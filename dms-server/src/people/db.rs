//! People, groups and memberships.

use sqlx::FromRow;
use uuid::Uuid;

use crate::audit::{ChainKey, Entry, Note};
use crate::auth::SecretHash;
use crate::db::Db;
use crate::{append, append_many, db, tx, uses_kek};

/// A person.
#[derive(Clone, FromRow)]
pub struct PersonRow {
    /// Its id.
    pub id: Uuid,
    /// What they sign in as, in lower case.
    pub login: String,
    /// What people call them.
    pub name: String,
    /// Their address; may be empty.
    pub email: String,
    /// Where their usage is counted; may be empty.
    pub department: String,
    /// `local`, `oidc` or `scim`.
    pub source: String,
    /// What the directory calls them.
    pub external_id: Option<String>,
    /// See [`crate::auth::Roles`].
    pub roles: String,
    /// 0: they may do nothing.
    pub active: i64,
    /// The hash of the password, if there is one.
    pub password: Option<String>,
    /// The sealed secret of the one-time codes.
    pub totp: Option<Vec<u8>>,
    /// The name of the KEK that it was sealed with.
    pub totp_kek: String,
    /// 1: codes are demanded.
    pub totp_proven: i64,
    /// The time step of the last code.
    pub totp_step: i64,
    /// When they came, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When they were changed last.
    pub updated_ms: i64,
}

impl std::fmt::Debug for PersonRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonRow({} {})", self.id, self.login)
    }
}

/// Adds a person.
///
/// # Errors
/// The database's; a unique violation when the sign-in name is taken.
pub async fn add(db: &Db, new: &PersonRow, note: &Note<'_>) -> sqlx::Result<()> {
    let sql = "INSERT INTO people (id, login, name, email, department, source, external_id, roles, active, \
               password, totp, totp_proven, totp_step, created_ms, updated_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, 0, 0, $11, $11)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(new.id)
            .bind(&new.login)
            .bind(&new.name)
            .bind(&new.email)
            .bind(&new.department)
            .bind(&new.source)
            .bind(&new.external_id)
            .bind(&new.roles)
            .bind(new.active)
            .bind(&new.password)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}

/// Adds the first owner, if the set-up token is this one; false when it is not, or was used.
///
/// # Errors
/// The database's.
pub async fn set_up(
    db: &Db,
    token: SecretHash,
    owner: &PersonRow,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let take = "DELETE FROM setup_tokens WHERE hash = $1 AND expires_ms > $2";
    let add = "INSERT INTO people (id, login, name, email, department, source, external_id, roles, active, \
               password, totp, totp_proven, totp_step, created_ms, updated_ms) \
               VALUES ($1, $2, $3, $4, '', 'local', NULL, $5, 1, $6, NULL, 0, 0, $7, $7)";
    let done = tx!(db, |tx| {
        let taken = sqlx::query(take)
            .bind(token.as_bytes())
            .bind(owner.created_ms)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if taken == 0 {
            return Ok(false);
        }
        sqlx::query(add)
            .bind(owner.id)
            .bind(&owner.login)
            .bind(&owner.name)
            .bind(&owner.email)
            .bind(&owner.roles)
            .bind(&owner.password)
            .bind(owner.created_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
        true
    });
    Ok(done)
}

/// Makes this the only set-up token.
///
/// # Errors
/// The database's.
pub async fn add_setup_token(db: &Db, hash: SecretHash, expires_ms: i64) -> sqlx::Result<()> {
    tx!(db, |tx| {
        sqlx::query("DELETE FROM setup_tokens")
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO setup_tokens (hash, expires_ms) VALUES ($1, $2)")
            .bind(hash.as_bytes())
            .bind(expires_ms)
            .execute(&mut *tx)
            .await?;
    });
    Ok(())
}

/// How many people there are.
///
/// # Errors
/// The database's.
pub async fn count(db: &Db) -> sqlx::Result<i64> {
    db!(db.read(), |p| {
        sqlx::query_scalar("SELECT COUNT(*) FROM people")
            .fetch_one(p)
            .await
    })
}

/// One person.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<PersonRow>> {
    db!(db.read(), |p| {
        sqlx::query_as("SELECT * FROM people WHERE id = $1")
            .bind(id)
            .fetch_optional(p)
            .await
    })
}

/// Who signs in as this.
///
/// # Errors
/// The database's.
pub async fn of_login(db: &Db, login: &str) -> sqlx::Result<Option<PersonRow>> {
    db!(db.read(), |p| {
        sqlx::query_as("SELECT * FROM people WHERE login = $1")
            .bind(login)
            .fetch_optional(p)
            .await
    })
}

/// People, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<PersonRow>> {
    db!(db.read(), |p| {
        sqlx::query_as("SELECT * FROM people WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// What is changed of a person.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What people call them.
    pub name: &'a str,
    /// Their address.
    pub email: &'a str,
    /// Where their usage is counted.
    pub department: &'a str,
    /// Their roles.
    pub roles: &'a str,
    /// Whether they may do anything.
    pub active: bool,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was made.
    Done,
    /// There is no such person.
    Unknown,
    /// Nobody would be left who may do everything.
    LastOwner,
    /// Somebody else changed the person since they were read.
    Moved,
}

/// What only the directory changes of a person.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// What they sign in as, in lower case.
    pub login: &'a str,
    /// What the directory calls them.
    pub external_id: Option<&'a str>,
    /// The parts of the name, as the directory told them.
    pub names: &'a str,
    /// [`PersonRow::updated_ms`] as it was read: nothing else may have changed them since.
    pub was_ms: i64,
}

/// An owner that is active, other than `$1`.
const OTHER_OWNER: &str = "SELECT COUNT(*) FROM people WHERE active = 1 AND id <> $1 \
                           AND (' ' || roles || ' ') LIKE '% owner %'";

/// Changes a person. Who is not active any more is signed out everywhere.
///
/// # Errors
/// The database's.
pub async fn change(
    db: &Db,
    id: Uuid,
    to: &Change<'_>,
    now_ms: i64,
    note: &Note<'_>,
) -> sqlx::Result<Changed> {
    change_with(db, id, to, None, now_ms, note).await
}

/// Changes a person; with an [`Identity`], also who they are to the directory.
///
/// # Errors
/// The database's; a unique violation when the sign-in name or what the directory calls them is another's.
pub async fn change_with(
    db: &Db,
    id: Uuid,
    to: &Change<'_>,
    identity: Option<&Identity<'_>>,
    now_ms: i64,
    note: &Note<'_>,
) -> sqlx::Result<Changed> {
    let was = "SELECT roles, active FROM people WHERE id = $1";
    // Two changes of one millisecond differ: who read the first must not overwrite the second.
    let change = "UPDATE people SET name = $1, email = $2, department = $3, roles = $4, active = $5, \
                  updated_ms = CASE WHEN updated_ms >= $6 THEN updated_ms + 1 ELSE $6 END \
                  WHERE id = $7 AND ($8 < 0 OR updated_ms = $8)";
    let name = "UPDATE people SET login = $1, external_id = $2, names = $3 WHERE id = $4";
    let out = "DELETE FROM sessions WHERE person_id = $1";
    let changed = tx!(db, |tx| {
        let row: Option<(String, i64)> = sqlx::query_as(was)
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
        let Some((roles, active)) = row else {
            return Ok(Changed::Unknown);
        };
        let owns = |roles: &str| roles.split(' ').any(|role| role == "owner");
        if active == 1 && owns(&roles) && !(to.active && owns(to.roles)) {
            let others: i64 = sqlx::query_scalar(OTHER_OWNER)
                .bind(id)
                .fetch_one(&mut *tx)
                .await?;
            if others == 0 {
                return Ok(Changed::LastOwner);
            }
        }
        let done = sqlx::query(change)
            .bind(to.name)
            .bind(to.email)
            .bind(to.department)
            .bind(to.roles)
            .bind(i64::from(to.active))
            .bind(now_ms)
            .bind(id)
            .bind(identity.map_or(-1, |new| new.was_ms))
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if done == 0 {
            return Ok(Changed::Moved);
        }
        if let Some(new) = identity {
            sqlx::query(name)
                .bind(new.login)
                .bind(new.external_id)
                .bind(new.names)
                .bind(id)
                .execute(&mut *tx)
                .await?;
        }
        if !to.active {
            sqlx::query(out).bind(id).execute(&mut *tx).await?;
        }
        append!(tx, note);
        Changed::Done
    });
    Ok(changed)
}

/// Sets a new password and ends every session but `keep`.
///
/// # Errors
/// The database's.
pub async fn set_password(
    db: &Db,
    id: Uuid,
    hash: &str,
    keep: Option<Uuid>,
    note: &Note<'_>,
) -> sqlx::Result<()> {
    let set = "UPDATE people SET password = $1 WHERE id = $2";
    let out = "DELETE FROM sessions WHERE person_id = $1 AND id <> $2";
    tx!(db, |tx| {
        sqlx::query(set)
            .bind(hash)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        sqlx::query(out)
            .bind(id)
            .bind(keep.unwrap_or(Uuid::nil()))
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}

/// Sets the secret of the one-time codes, sealed with the KEK of this name, or takes it away; not proven yet. False
/// when it is to be sealed with another KEK.
///
/// # Errors
/// The database's.
pub async fn set_totp(
    db: &Db,
    id: Uuid,
    sealed: Option<(&str, &[u8])>,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let set =
        "UPDATE people SET totp = $1, totp_kek = $2, totp_proven = 0, totp_step = 0 WHERE id = $3";
    tx!(db, |tx| {
        if let Some((kek, _)) = sealed
            && !uses_kek!(tx, kek)
        {
            return Ok(false);
        }
        sqlx::query(set)
            .bind(sealed.map(|(_, bytes)| bytes))
            .bind(sealed.map_or("", |(kek, _)| kek))
            .bind(id)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(true)
}

/// Uses a code's time step: each is good once. False when it, or a later one, was used before.
///
/// # Errors
/// The database's.
pub async fn use_totp(db: &Db, id: Uuid, step: i64) -> sqlx::Result<bool> {
    let sql = "UPDATE people SET totp_step = $1, totp_proven = 1 WHERE id = $2 AND totp_step < $1";
    let used = db!(db.write(), |p| sqlx::query(sql)
        .bind(step)
        .bind(id)
        .execute(p)
        .await?
        .rows_affected());
    Ok(used == 1)
}

/// A one-time code that a session was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// The code's time step.
    pub step: i64,
    /// The session that it was given in.
    pub session: Uuid,
    /// The hash of its next secret.
    pub hash: SecretHash,
}

/// Uses a code's time step, and gives the session that it came from all that its person may. False when the step, or a
/// later one, was used before.
///
/// # Errors
/// The database's.
pub async fn prove_totp(db: &Db, id: Uuid, proof: &Proof, note: &Note<'_>) -> sqlx::Result<bool> {
    let take = "UPDATE people SET totp_step = $1, totp_proven = 1 WHERE id = $2 AND totp_step < $1";
    let prove = "UPDATE sessions SET proven = 1, hash = $1 WHERE id = $2 AND person_id = $3";
    let used = tx!(db, |tx| {
        let used = sqlx::query(take)
            .bind(proof.step)
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if used == 1 {
            sqlx::query(prove)
                .bind(proof.hash.as_bytes())
                .bind(proof.session)
                .bind(id)
                .execute(&mut *tx)
                .await?;
            append!(tx, note);
        }
        used
    });
    Ok(used == 1)
}

/// Adds rows about refused sign-ins.
///
/// # Errors
/// The database's.
pub async fn add_refusals(db: &Db, entries: &[Entry], key: &ChainKey) -> sqlx::Result<()> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    tx!(db, |tx| {
        append_many!(tx, entries, count, key);
    });
    Ok(())
}

/// Removes a person with their sessions and tokens.
///
/// # Errors
/// The database's.
pub async fn delete(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<Changed> {
    let was = "SELECT roles FROM people WHERE id = $1";
    let gone = tx!(db, |tx| {
        let row: Option<String> = sqlx::query_scalar(was)
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(roles) = row else {
            return Ok(Changed::Unknown);
        };
        if roles.split(' ').any(|role| role == "owner") {
            let others: i64 = sqlx::query_scalar(OTHER_OWNER)
                .bind(id)
                .fetch_one(&mut *tx)
                .await?;
            if others == 0 {
                return Ok(Changed::LastOwner);
            }
        }
        sqlx::query("DELETE FROM people WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
        Changed::Done
    });
    Ok(gone)
}
