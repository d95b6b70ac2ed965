//! The log in the database.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::ChainKey;
use super::Note;
use super::chain::{Covered, Noted, Report, Verifier};
use crate::db::Db;
use crate::{db, tx};

/// Takes as many next numbers as `$1` says and locks the head; answers the last of them and the MAC of the row before
/// the first.
pub const NEXT: &str = "UPDATE audit_head SET seq = seq + $1 WHERE id = 1 RETURNING seq, mac";
/// Adds a row.
pub const ADD: &str = "INSERT INTO audit (seq, at_ms, actor_kind, actor_id, actor, action, object_kind, \
                       object, detail, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
/// Moves the head to it.
pub const HEAD: &str = "UPDATE audit_head SET mac = $1, seal = $2 WHERE id = 1";

/// Rows that are read at once when the whole log is gone through.
const PAGE: i64 = 1000;

/// Appends a [`Note`] inside a write transaction, as the last thing in it.
#[macro_export]
macro_rules! append {
    ($tx:ident, $note:expr) => {{
        let note: &$crate::audit::Note<'_> = $note;
        $crate::append_many!($tx, std::iter::once(note.entry()), 1_i64, note.key());
    }};
}

/// Appends many entries at once, as the last thing in a write transaction: the head moves once.
#[macro_export]
macro_rules! append_many {
    ($tx:ident, $entries:expr, $count:expr, $key:expr) => {{
        let key: &$crate::audit::ChainKey = $key;
        let (last, mut before): (i64, Vec<u8>) = sqlx::query_as($crate::audit::db::NEXT)
            .bind($count)
            .fetch_one(&mut *$tx)
            .await?;
        let mut seq = last - $count;
        for entry in $entries {
            seq += 1;
            let row = $crate::audit::Entry::row(entry, key, seq, &before);
            let add = sqlx::query($crate::audit::db::ADD)
                .bind(row.seq)
                .bind(row.at_ms)
                .bind(&row.actor_kind)
                .bind(&row.actor_id)
                .bind(&row.actor)
                .bind(&row.action)
                .bind(&row.object_kind)
                .bind(&row.object)
                .bind(&row.detail)
                .bind(&row.mac);
            add.execute(&mut *$tx).await?;
            before = row.mac;
        }
        let seal = key.of_head(seq, &before);
        sqlx::query($crate::audit::db::HEAD)
            .bind(&before)
            .bind(&seal[..])
            .execute(&mut *$tx)
            .await?;
    }};
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// `person`, `token`, `device` or `system`.
    pub actor_kind: String,
    /// The actor's id; empty for the system.
    pub actor_id: String,
    /// The actor's name at that time.
    pub actor: String,
    /// One of [`super::act`].
    pub action: String,
    /// What it was done to: `title`, `device`, ...
    pub object_kind: String,
    /// Its id.
    pub object: String,
    /// JSON: what else there is to say.
    pub detail: String,
    /// See [`super::chain`].
    pub mac: Vec<u8>,
}

impl AuditRow {
    /// What its MAC covers.
    #[must_use]
    pub fn covered(&self) -> Covered<'_> {
        Covered {
            seq: self.seq,
            at_ms: self.at_ms,
            texts: [
                &self.actor_kind,
                &self.actor_id,
                &self.actor,
                &self.action,
                &self.object_kind,
                &self.object,
                &self.detail,
            ],
        }
    }
}

/// Appends a row that belongs to no other change.
///
/// # Errors
/// The database's.
pub async fn add(db: &Db, note: &Note<'_>) -> sqlx::Result<()> {
    tx!(db, |tx| {
        crate::append!(tx, note);
    });
    Ok(())
}

/// How long the log is.
///
/// # Errors
/// The database's.
pub async fn length(db: &Db) -> sqlx::Result<i64> {
    let sql = "SELECT seq FROM audit_head WHERE id = 1";
    db!(db.read(), |p| sqlx::query_scalar(sql).fetch_one(p).await)
}

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this actor: the name or the id.
    pub actor: Option<String>,
    /// What the action begins with.
    pub action: Option<String>,
    /// The id of what it was done to.
    pub object: Option<String>,
    /// Not before this moment, milliseconds since the Unix epoch.
    pub from_ms: Option<i64>,
    /// Before this moment.
    pub until_ms: Option<i64>,
}

/// The newest rows before `before`.
///
/// # Errors
/// The database's.
pub async fn search(
    db: &Db,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<AuditRow>> {
    let sql = "SELECT seq, at_ms, actor_kind, actor_id, actor, action, object_kind, object, detail, mac \
               FROM audit WHERE seq < $1 AND at_ms >= $2 AND at_ms < $3 \
               AND ($4 = '' OR actor = $4 OR actor_id = $4) \
               AND ($5 = '' OR SUBSTR(action, 1, LENGTH($5)) = $5) AND ($6 = '' OR object = $6) \
               ORDER BY seq DESC LIMIT $7";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(i64::MAX))
            .bind(filter.from_ms.unwrap_or(i64::MIN))
            .bind(filter.until_ms.unwrap_or(i64::MAX))
            .bind(filter.actor.as_deref().unwrap_or_default())
            .bind(filter.action.as_deref().unwrap_or_default())
            .bind(filter.object.as_deref().unwrap_or_default())
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// The oldest rows after `after`, at most a page of them.
///
/// # Errors
/// The database's.
pub async fn following(db: &Db, after: i64) -> sqlx::Result<Vec<AuditRow>> {
    let sql = "SELECT seq, at_ms, actor_kind, actor_id, actor, action, object_kind, object, detail, mac \
               FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(after)
        .bind(PAGE)
        .fetch_all(p)
        .await)
}

/// Goes through the whole log. Rows that are added meanwhile are read, too.
///
/// # Errors
/// The database's.
pub async fn verify(db: &Db, key: &ChainKey, noted: Option<Noted>) -> sqlx::Result<Report> {
    let sql = "SELECT seq, mac, seal FROM audit_head WHERE id = 1";
    let mut verifier = Verifier::new(key, noted);
    loop {
        let rows = following(db, verifier.last()).await?;
        rows.iter()
            .for_each(|row| verifier.take(&row.covered(), &row.mac));
        if i64::try_from(rows.len()).unwrap_or(PAGE) < PAGE {
            break;
        }
    }
    // Read behind the rows: each row up to it can be seen by now.
    let (seq, mac, seal): (i64, Vec<u8>, Vec<u8>) =
        db!(db.read(), |p| sqlx::query_as(sql).fetch_one(p).await)?;
    while verifier.last() < seq {
        let rows = following(db, verifier.last()).await?;
        let mut due = rows.iter().take_while(|row| row.seq <= seq).peekable();
        if due.peek().is_none() {
            break;
        }
        due.for_each(|row| verifier.take(&row.covered(), &row.mac));
    }
    Ok(verifier.finish(seq, &mac, &seal))
}

/// Changes row 2 as somebody with the database at hand would; `past` says whether they take the triggers away first.
#[cfg(test)]
pub(crate) async fn tamper(db: &Db, past: bool) -> sqlx::Result<()> {
    let (off, on) = if matches!(db, Db::Pg(_)) {
        (
            "ALTER TABLE audit DISABLE TRIGGER USER",
            "ALTER TABLE audit ENABLE TRIGGER USER",
        )
    } else {
        (
            "DROP TRIGGER audit_never_changes",
            "CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit \
             BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END",
        )
    };
    tx!(db, |tx| {
        if past {
            sqlx::query(off).execute(&mut *tx).await?;
        }
        sqlx::query("UPDATE audit SET actor = 'eve' WHERE seq = 2")
            .execute(&mut *tx)
            .await?;
        if past {
            sqlx::query(on).execute(&mut *tx).await?;
        }
    });
    Ok(())
}
