//! Policies in the database.

use sqlx::FromRow;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// A title's policy.
#[derive(Clone, Debug, FromRow)]
pub struct PolicyRow {
    /// JSON of a [`super::body::PolicyBody`].
    pub policy: String,
    /// Who wrote it.
    pub updated_by: String,
    /// When, milliseconds since the Unix epoch.
    pub updated_ms: i64,
}

/// A title's policy, if somebody wrote one.
///
/// # Errors
/// The database's.
pub async fn policy(db: &Db, title: Uuid) -> sqlx::Result<Option<PolicyRow>> {
    let sql = "SELECT policy, updated_by, updated_ms FROM policies WHERE title_id = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .fetch_optional(p)
        .await)
}

/// Writes a title's policy; `members` is whom it names, none: everybody.
///
/// # Errors
/// The database's.
pub async fn set_policy(
    db: &Db,
    title: Uuid,
    row: &PolicyRow,
    members: Option<&[Uuid]>,
    note: &Note<'_>,
) -> sqlx::Result<()> {
    let set = "INSERT INTO policies (title_id, policy, everyone, updated_by, updated_ms) \
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (title_id) DO UPDATE SET \
               policy = excluded.policy, everyone = excluded.everyone, \
               updated_by = excluded.updated_by, updated_ms = excluded.updated_ms";
    let clear = "DELETE FROM policy_members WHERE title_id = $1";
    let add = "INSERT INTO policy_members (title_id, member_id) VALUES ($1, $2)";
    tx!(db, |tx| {
        sqlx::query(set)
            .bind(title)
            .bind(&row.policy)
            .bind(i64::from(members.is_none()))
            .bind(&row.updated_by)
            .bind(row.updated_ms)
            .execute(&mut *tx)
            .await?;
        sqlx::query(clear).bind(title).execute(&mut *tx).await?;
        for member in members.unwrap_or_default() {
            sqlx::query(add)
                .bind(title)
                .bind(member)
                .execute(&mut *tx)
                .await?;
        }
        append!(tx, note);
    });
    Ok(())
}

/// Whether a title's audience holds this person; nobody is in every audience that is not named.
///
/// # Errors
/// The database's.
pub async fn is_for(db: &Db, title: Uuid, person: Option<Uuid>) -> sqlx::Result<bool> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM policies p WHERE p.title_id = $1 \
               AND p.everyone = 0 AND NOT EXISTS (SELECT 1 FROM policy_members a \
                   WHERE a.title_id = p.title_id AND (a.member_id = $2 OR a.member_id IN \
                       (SELECT group_id FROM memberships WHERE person_id = $2)))";
    let closed: i64 = db!(db.read(), |p| {
        sqlx::query_scalar(sql)
            .bind(title)
            .bind(person.unwrap_or(Uuid::nil()))
            .fetch_one(p)
            .await
    })?;
    Ok(closed == 0)
}
