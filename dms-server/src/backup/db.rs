//! One moment of an SQLite database as a file of its own.

use std::path::Path;

use crate::db::Db;

/// Writes the database, as it is at one moment, into a file that is not there yet. Others may write meanwhile.
///
/// # Errors
/// The database's; of PostgreSQL, which has a program of its own for this.
pub async fn snapshot(db: &Db, to: &Path) -> sqlx::Result<()> {
    let Db::Sqlite { write, .. } = db else {
        return Err(sqlx::Error::Configuration(
            "only SQLite is copied as a file".into(),
        ));
    };
    let to = to.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO $1")
        .bind(to)
        .execute(write)
        .await?;
    Ok(())
}
