//! Groups and who is in them.

use sqlx::FromRow;
use uuid::Uuid;

use super::Named;
use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// A group.
#[derive(Clone, Debug, FromRow)]
pub struct GroupRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// `local`, `oidc` or `scim`.
    pub source: String,
    /// What the directory calls it.
    pub external_id: Option<String>,
    /// Roles that come with a membership.
    pub roles: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

/// A group and how many are in it.
#[derive(Clone, Debug, FromRow)]
pub struct CountedRow {
    /// The group.
    #[sqlx(flatten)]
    pub group: GroupRow,
    /// How many.
    pub members: i64,
}

/// Adds a group.
///
/// # Errors
/// The database's; a unique violation when the name is taken.
pub async fn add(db: &Db, new: &GroupRow, note: &Note<'_>) -> sqlx::Result<()> {
    let sql = "INSERT INTO person_groups (id, name, source, external_id, roles, created_ms) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(new.id)
            .bind(&new.name)
            .bind(&new.source)
            .bind(&new.external_id)
            .bind(&new.roles)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}

/// Groups, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<CountedRow>> {
    let sql = "SELECT g.*, (SELECT COUNT(*) FROM memberships m WHERE m.group_id = g.id) AS members \
               FROM person_groups g WHERE g.id < $1 ORDER BY g.id DESC LIMIT $2";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// One group.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<CountedRow>> {
    let sql = "SELECT g.*, (SELECT COUNT(*) FROM memberships m WHERE m.group_id = g.id) AS members \
               FROM person_groups g WHERE g.id = $1";
    db!(db.read(), |p| {
        sqlx::query_as(sql).bind(id).fetch_optional(p).await
    })
}

/// The groups of a person, by name.
///
/// # Errors
/// The database's.
pub async fn of_person(db: &Db, person: Uuid) -> sqlx::Result<Vec<Named>> {
    let sql = "SELECT g.id, g.name FROM person_groups g JOIN memberships m ON m.group_id = g.id \
               WHERE m.person_id = $1 ORDER BY g.name";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(person)
        .fetch_all(p)
        .await)
}

/// The roles that a person's groups give them, a text for each group.
///
/// # Errors
/// The database's.
pub async fn roles_of_person(db: &Db, person: Uuid) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT g.roles FROM person_groups g JOIN memberships m ON m.group_id = g.id \
               WHERE m.person_id = $1";
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(person)
        .fetch_all(p)
        .await)
}

/// Changes a group. False when there is none.
///
/// # Errors
/// The database's; a unique violation when the name is taken.
pub async fn change(
    db: &Db,
    id: Uuid,
    name: &str,
    roles: &str,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE person_groups SET name = $1, roles = $2, \
               updated_ms = CASE WHEN updated_ms >= $3 THEN updated_ms + 1 ELSE $3 END WHERE id = $4";
    let found = tx!(db, |tx| {
        let found = sqlx::query(sql)
            .bind(name)
            .bind(roles)
            .bind(note.at_ms())
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if found == 1 {
            append!(tx, note);
        }
        found
    });
    Ok(found == 1)
}

/// Puts a person into a group or takes them out. False when one of the two is not there.
///
/// # Errors
/// The database's.
pub async fn set_member(
    db: &Db,
    group: Uuid,
    person: Uuid,
    is_in: bool,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let known = "SELECT (SELECT COUNT(*) FROM person_groups WHERE id = $1) + \
                 (SELECT COUNT(*) FROM people WHERE id = $2)";
    let put = "INSERT INTO memberships (group_id, person_id) VALUES ($1, $2) \
               ON CONFLICT (group_id, person_id) DO NOTHING";
    let take = "DELETE FROM memberships WHERE group_id = $1 AND person_id = $2";
    let touch = "UPDATE person_groups \
                 SET updated_ms = CASE WHEN updated_ms >= $1 THEN updated_ms + 1 ELSE $1 END WHERE id = $2";
    let known = tx!(db, |tx| {
        let known: i64 = sqlx::query_scalar(known)
            .bind(group)
            .bind(person)
            .fetch_one(&mut *tx)
            .await?;
        if known < 2 {
            return Ok(false);
        }
        let change = if is_in { put } else { take };
        let changed = sqlx::query(change)
            .bind(group)
            .bind(person)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if changed == 1 {
            sqlx::query(touch)
                .bind(note.at_ms())
                .bind(group)
                .execute(&mut *tx)
                .await?;
            append!(tx, note);
        }
        true
    });
    Ok(known)
}

/// Who is in a group, by sign-in name, from after `after`.
///
/// # Errors
/// The database's.
pub async fn members(
    db: &Db,
    group: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Named>> {
    let sql = "SELECT p.id, p.name FROM people p JOIN memberships m ON m.person_id = p.id \
               WHERE m.group_id = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(group)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// Removes a group. False when there was none.
///
/// # Errors
/// The database's.
pub async fn delete(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let gone = tx!(db, |tx| {
        let gone = sqlx::query("DELETE FROM person_groups WHERE id = $1")
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
