//! Changes of the sites.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Edit, UNDO_MS};
use crate::audit::{ChainKey, Entry};
use crate::db::Db;
use crate::site::{Site, peering_name, row_id};
use crate::{append_many, db, tx};

/// A change to be recorded with its edit.
pub struct Change<'a> {
    /// Its id.
    pub id: Uuid,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who.
    pub actor: &'a str,
    /// What, in words.
    pub summary: &'a str,
    /// The edit, as text.
    pub done: String,
    /// What takes it back, as text.
    pub inverse: String,
    /// The change that it takes back.
    pub undoes: Option<Uuid>,
}

/// A recorded change.
#[derive(Clone, Debug, FromRow)]
pub struct ChangeRow {
    /// Its id.
    pub id: Uuid,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What, in words.
    pub summary: String,
    /// The edit, as text.
    pub done: String,
    /// What takes it back, as text.
    pub inverse: String,
    /// The change that took it back.
    pub undone_by: Option<Uuid>,
}

/// What a site must still be for an edit to be done: nobody changed it since it was read.
const AS_READ: &str = "UPDATE sites SET name = $1 WHERE id = $2 AND name = $3 AND peering = $4 AND wan_cap = $5 AND wan_hours = $6";
const DELETE: &str = "DELETE FROM sites WHERE id = $1";
const CLEAR: &str = "DELETE FROM subnets WHERE site_id = $1";
const PUT: &str = "INSERT INTO sites (id, name, peering, wan_cap, created_ms, wan_hours) \
                   VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name, peering = excluded.peering, \
                   wan_cap = excluded.wan_cap, wan_hours = excluded.wan_hours";
const ADD_SUBNET: &str = "INSERT INTO subnets (subnet, site_id) VALUES ($1, $2)";
const RECORD: &str = "INSERT INTO site_changes (id, at_ms, actor, summary, done, inverse) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
const MARK: &str = "UPDATE site_changes SET undone_by = $1 WHERE id = $2 AND undone_by IS NULL";
const FORGET: &str = "DELETE FROM site_changes WHERE at_ms < $1";

/// Takes a site's subnets away and its name aside, where it is as it was read; answers whether it was. Two sites may swap
/// their names.
macro_rules! set_aside {
    ($tx:ident, $site:expr) => {{
        let found = sqlx::query(AS_READ)
            .bind(row_id($site.id).to_string())
            .bind(row_id($site.id))
            .bind(&$site.name)
            .bind(peering_name($site.peering))
            .bind($site.wan_cap.cast_signed())
            .bind($site.hours.to_string())
            .execute(&mut *$tx)
            .await?
            .rows_affected();
        let gone = sqlx::query(CLEAR)
            .bind(row_id($site.id))
            .execute(&mut *$tx)
            .await?
            .rows_affected();
        found == 1 && gone == $site.subnets.len() as u64
    }};
}

/// Puts a site and its subnets.
macro_rules! put {
    ($tx:ident, $site:expr, $at_ms:expr) => {{
        sqlx::query(PUT)
            .bind(row_id($site.id))
            .bind(&$site.name)
            .bind(peering_name($site.peering))
            .bind($site.wan_cap.cast_signed())
            .bind($at_ms)
            .bind($site.hours.to_string())
            .execute(&mut *$tx)
            .await?;
        for subnet in &$site.subnets {
            let add = sqlx::query(ADD_SUBNET)
                .bind(subnet.to_string())
                .bind(row_id($site.id));
            add.execute(&mut *$tx).await?;
        }
    }};
}

/// Does the edit where the sites that it touches are as they were read; false when one is not.
///
/// # Errors
/// The database's; a unique violation when a name or a subnet is taken.
pub async fn apply(
    db: &Db,
    edit: &Edit,
    before: &[Site],
    change: &Change<'_>,
    entries: &[Entry],
    key: &ChainKey,
) -> sqlx::Result<bool> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let touched = edit.touched();
    let touched = |site: &&Site| touched.contains(&site.id);
    let done = tx!(db, |tx| {
        for site in before.iter().filter(touched) {
            if !set_aside!(tx, site) {
                return Ok(false);
            }
        }
        for site in &edit.delete {
            let delete = sqlx::query(DELETE).bind(row_id(*site));
            delete.execute(&mut *tx).await?;
        }
        for site in &edit.put {
            put!(tx, site, change.at_ms);
        }
        sqlx::query(RECORD)
            .bind(change.id)
            .bind(change.at_ms)
            .bind(change.actor)
            .bind(change.summary)
            .bind(&change.done)
            .bind(&change.inverse)
            .execute(&mut *tx)
            .await?;
        if let Some(undone) = change.undoes {
            let mark = sqlx::query(MARK).bind(change.id).bind(undone);
            if mark.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
        }
        let forget = sqlx::query(FORGET).bind(change.at_ms - UNDO_MS);
        forget.execute(&mut *tx).await?;
        append_many!(tx, entries.iter(), count, key);
        true
    });
    Ok(done)
}

/// A change.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<ChangeRow>> {
    let sql = "SELECT id, at_ms, actor, summary, done, inverse, undone_by FROM site_changes WHERE id = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// The changes since a moment, newest first.
///
/// # Errors
/// The database's.
pub async fn since(
    db: &Db,
    oldest_ms: i64,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<ChangeRow>> {
    let sql = "SELECT id, at_ms, actor, summary, done, inverse, undone_by FROM site_changes \
               WHERE at_ms >= $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(oldest_ms)
        .bind(before)
        .bind(limit)
        .fetch_all(p)
        .await)
}
