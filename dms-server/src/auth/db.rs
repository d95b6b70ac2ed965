//! Tokens, sessions and the installation's own row.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Permission, Principal, Role, Roles, SecretHash, Waits};
use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// A token without its secret.
#[derive(Clone, Debug, FromRow)]
pub struct TokenRow {
    /// Its id.
    pub id: Uuid,
    /// What its owner called it.
    pub name: String,
    /// See [`Roles`].
    pub roles: String,
    /// Whose it is; `None`: the installation's.
    pub person_id: Option<Uuid>,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it ends; `None` is never.
    pub expires_ms: Option<i64>,
}

/// Adds a token.
///
/// # Errors
/// The database's.
pub async fn add_token(
    db: &Db,
    token: &TokenRow,
    hash: SecretHash,
    note: &Note<'_>,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO tokens (id, name, hash, roles, person_id, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx!(db, |tx| {
        sqlx::query(sql)
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
    });
    Ok(())
}

/// Every token, newest first, from after `cursor`; only those of one person if `of` names one.
///
/// # Errors
/// The database's.
pub async fn tokens(
    db: &Db,
    of: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<TokenRow>> {
    // Version 7 UUIDs ascend with time, so the id is the order.
    let sql = "SELECT id, name, roles, person_id, created_ms, expires_ms FROM tokens \
               WHERE id < $1 AND ($2 IS NULL OR person_id = $2) ORDER BY id DESC LIMIT $3";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(of)
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// One token.
///
/// # Errors
/// The database's.
pub async fn token(db: &Db, id: Uuid) -> sqlx::Result<Option<TokenRow>> {
    let sql = "SELECT id, name, roles, person_id, created_ms, expires_ms FROM tokens WHERE id = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// Removes a token and its sessions. False when there was none.
///
/// # Errors
/// The database's.
pub async fn delete_token(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "DELETE FROM tokens WHERE id = $1";
    let gone = tx!(db, |tx| {
        let gone = sqlx::query(sql)
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if gone == 1 {
            append!(tx, note);
        }
        gone
    });
    Ok(gone == 1)
}

/// How many tokens of the installation are the owner's and valid for ever; it keeps at least one.
///
/// # Errors
/// The database's.
pub async fn lasting_owners(db: &Db) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM tokens \
               WHERE roles = 'owner' AND person_id IS NULL AND expires_ms IS NULL";
    db!(db.read(), |p| sqlx::query_scalar(sql).fetch_one(p).await)
}

/// What a token or a session stands for.
#[derive(FromRow)]
struct Standing {
    session_id: Option<Uuid>,
    proven: Option<i64>,
    codes_set: Option<i64>,
    token_id: Option<Uuid>,
    token_name: Option<String>,
    token_roles: Option<String>,
    person_id: Option<Uuid>,
    person_name: Option<String>,
    person_roles: Option<String>,
    group_roles: Option<String>,
}

/// What follows `FROM`-and-joins of both look-ups: `t` is the token and `p` the person.
macro_rules! standing {
    ($session:literal, $from:literal, $matches:literal) => {
        concat!(
            "SELECT ",
            $session,
            ", t.id AS token_id, t.name AS token_name, t.roles AS token_roles, \
             p.id AS person_id, p.name AS person_name, p.roles AS person_roles, \
             p.totp_proven AS codes_set, \
             (SELECT STRING_AGG(g.roles, ' ') FROM memberships m JOIN person_groups g \
              ON g.id = m.group_id WHERE m.person_id = p.id) AS group_roles FROM ",
            $from,
            " WHERE ",
            $matches,
            " AND (t.id IS NULL OR t.expires_ms IS NULL OR t.expires_ms > $2) \
             AND (p.id IS NULL OR p.active = 1)"
        )
    };
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
    let sql = standing!(
        "NULL AS session_id, NULL AS proven",
        "tokens t LEFT JOIN people p ON p.id = t.person_id",
        "t.hash = $1"
    );
    let sql_pg = standing!(
        "CAST(NULL AS UUID) AS session_id, CAST(NULL AS BIGINT) AS proven",
        "tokens t LEFT JOIN people p ON p.id = t.person_id",
        "t.hash = $1"
    );
    let sql = if matches!(db, Db::Pg(_)) { sql_pg } else { sql };
    look_up(db, sql, (hash, None), now_ms, false).await
}

/// Whoever holds the session with this hash, if neither it nor what it stands for has ended. With `require_codes`, who
/// can do so much that a password is too little, and began with no more, may do nothing until they gave a code: also
/// who got the role by a group since.
///
/// # Errors
/// The database's.
pub async fn principal_of_session(
    db: &Db,
    hash: SecretHash,
    now_ms: i64,
    require_codes: bool,
) -> sqlx::Result<Option<Principal>> {
    let sql = standing!(
        "s.id AS session_id, CASE WHEN s.person_id IS NULL THEN 1 ELSE s.proven END AS proven",
        "sessions s LEFT JOIN tokens t ON t.id = s.token_id \
         LEFT JOIN people p ON p.id = COALESCE(s.person_id, t.person_id)",
        "s.hash = $1 AND s.expires_ms > $2 AND s.device_id IS NULL"
    );
    look_up(db, sql, (hash, None), now_ms, require_codes).await
}

/// Who watches on the page that this device's agent serves, if neither their session nor what it stands for has ended
/// and the device is enrolled. They come with a viewer's rights, whatever else they may do elsewhere.
///
/// # Errors
/// The database's.
pub async fn principal_of_page(
    db: &Db,
    hash: SecretHash,
    device: Uuid,
    now_ms: i64,
) -> sqlx::Result<Option<Principal>> {
    let sql = standing!(
        "s.id AS session_id, CAST(1 AS BIGINT) AS proven",
        "sessions s JOIN devices d ON d.id = s.device_id AND d.revoked_ms IS NULL \
         LEFT JOIN tokens t ON t.id = s.token_id \
         LEFT JOIN people p ON p.id = COALESCE(s.person_id, t.person_id)",
        "s.hash = $1 AND s.expires_ms > $2 AND s.device_id = $3"
    );
    let found = look_up(db, sql, (hash, Some(device)), now_ms, false).await?;
    Ok(found.map(|principal| Principal {
        roles: match principal.may(Permission::Watch) {
            true => Role::Viewer.into(),
            false => Roles::default(),
        },
        ..principal
    }))
}

async fn look_up(
    db: &Db,
    sql: &'static str,
    (hash, device): (SecretHash, Option<Uuid>),
    now_ms: i64,
    require_codes: bool,
) -> sqlx::Result<Option<Principal>> {
    let row: Option<Standing> = db!(db.read(), |p| {
        let mut query = sqlx::query_as(sql).bind(hash.as_bytes()).bind(now_ms);
        if let Some(device) = device {
            query = query.bind(device);
        }
        query.fetch_optional(p).await
    })?;
    row.map(|row| principal(row, require_codes)).transpose()
}

fn principal(row: Standing, require_codes: bool) -> sqlx::Result<Principal> {
    let parse = |text: Option<String>| {
        let text = text.unwrap_or_default();
        Roles::parse(&text).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    let of_token = row
        .token_roles
        .is_some()
        .then(|| parse(row.token_roles.clone()));
    let roles = match (row.person_id, of_token.transpose()?) {
        (Some(_), of_token) => {
            let own = parse(row.person_roles)?;
            let all: Roles = own.iter().chain(parse(row.group_roles)?.iter()).collect();
            // A token of a person is never worth more than the person is now.
            of_token.map_or(all.clone(), |token| token.within(&all))
        }
        (None, Some(roles)) => roles,
        (None, None) => Roles::default(),
    };
    let waits = match (row.proven, row.codes_set) {
        (Some(0), codes_set) if require_codes && roles.need_code() => Some(match codes_set {
            Some(1) => Waits::Code,
            _ => Waits::SetUp,
        }),
        _ => None,
    };
    Ok(Principal {
        subject: row.person_name.or(row.token_name).unwrap_or_default(),
        roles: match waits {
            Some(_) => Roles::default(),
            None => roles,
        },
        waits,
        person: row.person_id,
        token: row.token_id,
        session: row.session_id,
    })
}

/// What a session stands for.
#[derive(Clone, Copy, Debug)]
pub enum For {
    /// A token.
    Token(Uuid),
    /// A person.
    Person {
        /// The person.
        id: Uuid,
        /// Whether they gave a one-time code.
        proven: bool,
    },
}

/// Starts a session in place of `old`, if there is one, and drops the sessions that have ended.
///
/// # Errors
/// The database's.
pub async fn add_session(
    db: &Db,
    of: For,
    hash: SecretHash,
    old: Option<SecretHash>,
    until_ms: i64,
    note: &Note<'_>,
) -> sqlx::Result<()> {
    let ended = "DELETE FROM sessions WHERE expires_ms <= $1 OR hash = $2";
    let add = "INSERT INTO sessions (id, hash, token_id, person_id, proven, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (token, person, proven) = match of {
        For::Token(id) => (Some(id), None, false),
        For::Person { id, proven } => (None, Some(id), proven),
    };
    tx!(db, |tx| {
        sqlx::query(ended)
            .bind(note.at_ms())
            .bind(old.unwrap_or(hash).as_bytes())
            .execute(&mut *tx)
            .await?;
        sqlx::query(add)
            .bind(Uuid::now_v7())
            .bind(hash.as_bytes())
            .bind(token)
            .bind(person)
            .bind(i64::from(proven))
            .bind(note.at_ms())
            .bind(until_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// The database's.
pub async fn delete_session(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<()> {
    let sql = "DELETE FROM sessions WHERE id = $1";
    tx!(db, |tx| {
        sqlx::query(sql).bind(id).execute(&mut *tx).await?;
        append!(tx, note);
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

/// Says anew which keys the installation has.
///
/// # Errors
/// The database's.
pub async fn set_fingerprint(db: &Db, fingerprint: &[u8]) -> sqlx::Result<()> {
    let sql = "UPDATE installation SET keys_fingerprint = $1 WHERE id = 1";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(fingerprint)
        .execute(p)
        .await
        .map(drop))
}
