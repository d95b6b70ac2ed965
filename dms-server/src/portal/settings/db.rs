//! Settings in the database.

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// What somebody set; none: it is as it is at first.
///
/// # Errors
/// The database's.
pub async fn value(db: &Db, name: &str) -> sqlx::Result<Option<String>> {
    let sql = "SELECT value FROM settings WHERE name = $1";
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(name)
        .fetch_optional(p)
        .await)
}

/// Sets it.
///
/// # Errors
/// The database's.
pub async fn set(db: &Db, name: &str, value: &str, by: &str, note: &Note<'_>) -> sqlx::Result<()> {
    let sql = "INSERT INTO settings (name, value, updated_by, updated_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_by = excluded.updated_by, \
               updated_ms = excluded.updated_ms";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(name)
            .bind(value)
            .bind(by)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}
