//! What a directory made: people and groups with the source `scim`.

use std::collections::BTreeSet;

use sqlx::FromRow;
use uuid::Uuid;

use super::groups::Members;
use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// A person that the directory made.
#[derive(Clone, Debug, FromRow)]
pub struct UserRow {
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
    /// What the directory calls them, see [`super::stored`].
    pub external_id: Option<String>,
    /// JSON: the parts of the name.
    pub names: Option<String>,
    /// See [`crate::auth::Roles`].
    pub roles: String,
    /// 0: they may do nothing.
    pub active: i64,
    /// When they came, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When they were changed last: each change has another.
    pub updated_ms: i64,
}

/// Whom a filter wants; everybody where it says nothing.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// With this id.
    pub id: Option<Uuid>,
    /// With this sign-in name.
    pub login: Option<String>,
    /// Whom the directory calls so.
    pub external_id: Option<String>,
    /// With this address, in whatever case.
    pub email: Option<String>,
}

/// Statements about the rows where `$1` is what one condition wants: how many, and a part of them.
macro_rules! users {
    ($condition:literal) => {
        (
            concat!("SELECT COUNT(*) FROM people WHERE source = 'scim' AND ", $condition),
            concat!(
                "SELECT id, login, name, email, department, external_id, names, roles, active, created_ms, updated_ms \
                 FROM people WHERE source = 'scim' AND ",
                $condition,
                " ORDER BY id LIMIT $2 OFFSET $3"
            ),
        )
    };
}

/// How many people fit, and a part of them in the order they came.
///
/// # Errors
/// The database's.
pub async fn users(
    db: &Db,
    wanted: &Wanted,
    limit: i64,
    offset: i64,
) -> sqlx::Result<(i64, Vec<UserRow>)> {
    // One condition is the index's, the others are checked on the row it finds: a statement that had to
    // serve all of them would go through everybody.
    let found = if let Some(id) = wanted.id {
        only(db, users!("id = $1"), id).await?
    } else if let Some(login) = &wanted.login {
        only(db, users!("login = $1"), login.as_str()).await?
    } else if let Some(external_id) = &wanted.external_id {
        only(db, users!("external_id = $1"), external_id.as_str()).await?
    } else if let Some(email) = &wanted.email {
        return part(db, users!("LOWER(email) = LOWER($1)"), email, limit, offset).await;
    } else {
        return part(db, users!("$1 = ''"), "", limit, offset).await;
    };
    let fits = |row: &UserRow| {
        let (login, external_id) = (wanted.login.as_ref(), wanted.external_id.as_ref());
        let email = wanted.email.as_ref();
        login.is_none_or(|login| *login == row.login)
            && external_id.is_none_or(|id| Some(id) == row.external_id.as_ref())
            && email.is_none_or(|email| email.to_lowercase() == row.email.to_lowercase())
    };
    let found = found.filter(fits);
    let total = i64::from(found.is_some());
    let shown = found.filter(|_| limit > 0 && offset == 0);
    Ok((total, shown.into_iter().collect()))
}

/// The one row of a condition that is unique.
async fn only<'q, T>(
    db: &Db,
    (_, sql): (&'static str, &'static str),
    value: T,
) -> sqlx::Result<Option<UserRow>>
where
    T: Send
        + sqlx::Encode<'q, sqlx::Sqlite>
        + sqlx::Type<sqlx::Sqlite>
        + sqlx::Encode<'q, sqlx::Postgres>
        + sqlx::Type<sqlx::Postgres>
        + 'q,
{
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(value)
            .bind(1_i64)
            .bind(0_i64)
            .fetch_optional(p)
            .await
    })
}

async fn part(
    db: &Db,
    (count, sql): (&'static str, &'static str),
    value: &str,
    limit: i64,
    offset: i64,
) -> sqlx::Result<(i64, Vec<UserRow>)> {
    let total = db!(db.read(), |p| {
        sqlx::query_scalar(count).bind(value).fetch_one(p).await
    })?;
    let rows = db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(value)
            .bind(limit)
            .bind(offset)
            .fetch_all(p)
            .await
    })?;
    Ok((total, rows))
}

/// Adds a person.
///
/// # Errors
/// The database's; a unique violation when the sign-in name or what the directory calls them is taken.
pub async fn add_user(db: &Db, new: &UserRow, note: &Note<'_>) -> sqlx::Result<()> {
    let sql = "INSERT INTO people (id, login, name, email, department, source, external_id, names, roles, active, \
               password, totp, totp_proven, totp_step, created_ms, updated_ms) \
               VALUES ($1, $2, $3, $4, $5, 'scim', $6, $7, $8, $9, NULL, NULL, 0, 0, $10, $10)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(new.id)
            .bind(&new.login)
            .bind(&new.name)
            .bind(&new.email)
            .bind(&new.department)
            .bind(&new.external_id)
            .bind(&new.names)
            .bind(&new.roles)
            .bind(new.active)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}

/// A group that the directory made.
#[derive(Clone, Debug, FromRow)]
pub struct GroupRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What the directory calls it, see [`super::stored`].
    pub external_id: Option<String>,
    /// Roles that come with a membership.
    pub roles: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it or who is in it was changed last; 0: never.
    pub updated_ms: i64,
}

/// One group.
///
/// # Errors
/// The database's.
pub async fn group(db: &Db, id: Uuid) -> sqlx::Result<Option<GroupRow>> {
    let sql = "SELECT id, name, external_id, roles, created_ms, updated_ms FROM person_groups \
               WHERE id = $1 AND source = 'scim'";
    db!(db.read(), |p| {
        sqlx::query_as(sql).bind(id).fetch_optional(p).await
    })
}

/// Which groups a filter wants.
#[derive(Clone, Debug, Default)]
pub struct WantedGroups {
    /// Called so, in whatever case; empty: whatever it is called.
    pub name: String,
    /// Which the directory calls so; empty: whatever.
    pub external_id: String,
    /// With this id.
    pub id: Option<Uuid>,
}

/// How many groups fit, and a part of them in the order they came. There are far fewer groups than people.
///
/// # Errors
/// The database's.
pub async fn groups(
    db: &Db,
    wanted: &WantedGroups,
    limit: i64,
    offset: i64,
) -> sqlx::Result<(i64, Vec<GroupRow>)> {
    let count = "SELECT COUNT(*) FROM person_groups WHERE source = 'scim' \
                 AND ($1 = '' OR LOWER(name) = LOWER($1)) AND ($2 = '' OR external_id = $2) \
                 AND ($3 = 0 OR id = $4)";
    let sql = "SELECT id, name, external_id, roles, created_ms, updated_ms FROM person_groups \
               WHERE source = 'scim' AND ($1 = '' OR LOWER(name) = LOWER($1)) \
               AND ($2 = '' OR external_id = $2) AND ($3 = 0 OR id = $4) ORDER BY id LIMIT $5 OFFSET $6";
    let by_id = i64::from(wanted.id.is_some());
    let id = wanted.id.unwrap_or(Uuid::nil());
    let total = db!(db.read(), |p| {
        sqlx::query_scalar(count)
            .bind(&wanted.name)
            .bind(&wanted.external_id)
            .bind(by_id)
            .bind(id)
            .fetch_one(p)
            .await
    })?;
    let rows = db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(&wanted.name)
            .bind(&wanted.external_id)
            .bind(by_id)
            .bind(id)
            .bind(limit)
            .bind(offset)
            .fetch_all(p)
            .await
    })?;
    Ok((total, rows))
}

/// Who is in a group: ids and names, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn members(db: &Db, group: Uuid, limit: i64) -> sqlx::Result<Vec<(Uuid, String)>> {
    let sql = "SELECT p.id, p.name FROM memberships m JOIN people p ON p.id = m.person_id \
               WHERE m.group_id = $1 ORDER BY m.person_id LIMIT $2";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(group)
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// What is changed of a group.
#[derive(Clone, Debug)]
pub struct GroupChange<'a> {
    /// What people call it.
    pub name: &'a str,
    /// What the directory calls it.
    pub external_id: Option<&'a str>,
    /// Who comes and goes.
    pub members: &'a Members,
    /// [`GroupRow::updated_ms`] as it was read: nothing else may have changed it since.
    pub was_ms: i64,
}

/// What came of a change to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChanged {
    /// It was made.
    Done,
    /// There is no such group.
    Unknown,
    /// Somebody else changed it since it was read.
    Moved,
    /// The directory made no person with this id.
    NoPerson(Uuid),
}

/// What the log is told of a change to a group, each only where it happened.
#[derive(Clone, Debug)]
pub struct GroupNotes<'a> {
    /// It was made, or is called otherwise.
    pub group: Option<Note<'a>>,
    /// People came; their number is added.
    pub added: Note<'a>,
    /// People went; their number is added.
    pub removed: Note<'a>,
}

/// A statement that ends in a list of ids.
macro_rules! with_ids {
    ($sql:literal, $group:expr, $then:literal, $ids:expr) => {{
        let mut query = sqlx::QueryBuilder::new($sql);
        query.push_bind($group).push($then);
        let mut list = query.separated(", ");
        for id in $ids {
            list.push_bind(*id);
        }
        list.push_unseparated(")");
        query
    }};
}

/// Ends a transaction on a group: who is in it, then the log. The number of statements does not depend on how many
/// are in the group, nor on how many come and go.
macro_rules! put_members {
    ($tx:ident, $group:expr, $members:expr, $notes:expr) => {{
        let (group, members, notes): (Uuid, &Members, &GroupNotes<'_>) = ($group, $members, $notes);
        if !members.add.is_empty() {
            let mut known = with_ids!(
                "SELECT id FROM people WHERE source = ",
                super::SOURCE,
                " AND id IN (",
                &members.add
            );
            let known: Vec<Uuid> = known.build_query_scalar().fetch_all(&mut *$tx).await?;
            let known: BTreeSet<Uuid> = known.into_iter().collect();
            if let Some(nobody) = members.add.difference(&known).next() {
                return Ok(GroupChanged::NoPerson(*nobody));
            }
        }
        let mut removed = 0;
        if members.anew && members.add.is_empty() {
            let all = sqlx::query("DELETE FROM memberships WHERE group_id = $1").bind(group);
            removed = all.execute(&mut *$tx).await?.rows_affected();
        } else if members.anew {
            let mut others = with_ids!(
                "DELETE FROM memberships WHERE group_id = ",
                group,
                " AND person_id NOT IN (",
                &members.add
            );
            removed = others.build().execute(&mut *$tx).await?.rows_affected();
        } else if !members.remove.is_empty() {
            let mut these = with_ids!(
                "DELETE FROM memberships WHERE group_id = ",
                group,
                " AND person_id IN (",
                &members.remove
            );
            removed = these.build().execute(&mut *$tx).await?.rows_affected();
        }
        let mut added = 0;
        if !members.add.is_empty() {
            let mut put = with_ids!(
                "INSERT INTO memberships (group_id, person_id) SELECT ",
                group,
                ", id FROM people WHERE id IN (",
                &members.add
            );
            put.push(" ON CONFLICT (group_id, person_id) DO NOTHING");
            added = put.build().execute(&mut *$tx).await?.rows_affected();
        }
        if let Some(note) = &notes.group {
            append!($tx, note);
        }
        for (count, note) in [(added, &notes.added), (removed, &notes.removed)] {
            if count > 0 {
                let note = note.clone().with("count", count);
                append!($tx, &note);
            }
        }
    }};
}

/// Adds a group with who is in it.
///
/// # Errors
/// The database's; a unique violation when the name or what the directory calls it is taken.
pub async fn add_group(
    db: &Db,
    new: &GroupRow,
    members: &Members,
    notes: &GroupNotes<'_>,
) -> sqlx::Result<GroupChanged> {
    let sql = "INSERT INTO person_groups (id, name, source, external_id, roles, created_ms, updated_ms) \
               VALUES ($1, $2, 'scim', $3, $4, $5, $5)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(new.id)
            .bind(&new.name)
            .bind(&new.external_id)
            .bind(&new.roles)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        put_members!(tx, new.id, members, notes);
    });
    Ok(GroupChanged::Done)
}

/// Changes a group and who is in it, or nothing of it.
///
/// # Errors
/// The database's; a unique violation when the name or what the directory calls it is taken.
pub async fn change_group(
    db: &Db,
    id: Uuid,
    to: &GroupChange<'_>,
    now_ms: i64,
    notes: &GroupNotes<'_>,
) -> sqlx::Result<GroupChanged> {
    let sql = "UPDATE person_groups SET name = $1, external_id = $2, \
               updated_ms = CASE WHEN updated_ms >= $3 THEN updated_ms + 1 ELSE $3 END \
               WHERE id = $4 AND source = 'scim' AND updated_ms = $5";
    let there = "SELECT COUNT(*) FROM person_groups WHERE id = $1";
    tx!(db, |tx| {
        let changed = sqlx::query(sql)
            .bind(to.name)
            .bind(to.external_id)
            .bind(now_ms)
            .bind(id)
            .bind(to.was_ms)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if changed == 0 {
            let there: i64 = sqlx::query_scalar(there)
                .bind(id)
                .fetch_one(&mut *tx)
                .await?;
            return Ok(match there {
                0 => GroupChanged::Unknown,
                _ => GroupChanged::Moved,
            });
        }
        put_members!(tx, id, to.members, notes);
    });
    Ok(GroupChanged::Done)
}

/// Puts this many new people into a group: as many as no test could send.
#[cfg(test)]
pub(super) async fn add_crowd(db: &Db, group: Uuid, many: usize) -> sqlx::Result<()> {
    let person = "INSERT INTO people (id, login, name, email, department, source, roles, active, totp_proven, \
                  totp_step, created_ms, updated_ms) ";
    tx!(db, |tx| {
        for first in (0..many).step_by(500) {
            let ids: Vec<_> = (first..many.min(first + 500))
                .map(|n| (Uuid::now_v7(), n))
                .collect();
            let mut people = sqlx::QueryBuilder::new(person);
            people.push_values(&ids, |mut row, (id, n)| {
                row.push_bind(*id).push_bind(format!("crowd{n}"));
                row.push("'x', '', '', 'scim', 'viewer', 1, 0, 0, 0, 0");
            });
            people.build().execute(&mut *tx).await?;
            let mut members =
                sqlx::QueryBuilder::new("INSERT INTO memberships (group_id, person_id) ");
            members.push_values(&ids, |mut row, (id, _)| {
                row.push_bind(group).push_bind(*id);
            });
            members.build().execute(&mut *tx).await?;
        }
    });
    Ok(())
}
