//! The settings of ads: one row.

use sqlx::FromRow;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SettingsRow {
    /// JSON: `campaigns` and ids of decision servers, in order.
    pub hooks: String,
    /// What is shown when nothing else is.
    pub slate: Option<Uuid>,
    /// `server` or `player`.
    pub report: String,
    /// Grows with every change.
    pub edition: i64,
}

/// The settings.
///
/// # Errors
/// The database's.
pub async fn read(db: &Db) -> sqlx::Result<SettingsRow> {
    let sql = "SELECT hooks, slate, report, edition FROM ad_settings WHERE id = 1";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_one(p).await)
}

/// Replaces the settings if they are of the edition still; answers whether they were.
///
/// # Errors
/// The database's.
pub async fn write(db: &Db, new: &SettingsRow, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE ad_settings SET hooks = $1, slate = $2, report = $3, edition = edition + 1 \
               WHERE id = 1 AND edition = $4";
    let written = tx!(db, |tx| {
        let written = sqlx::query(sql)
            .bind(&new.hooks)
            .bind(new.slate)
            .bind(&new.report)
            .bind(new.edition)
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if written {
            append!(tx, note);
        }
        written
    });
    Ok(written)
}
