//! The database's pulse.

use crate::db;
use crate::db::Db;

/// Whether the database answers.
///
/// # Errors
/// The database's.
pub async fn ping(db: &Db) -> sqlx::Result<()> {
    db!(db.write(), |p| {
        sqlx::query("SELECT 1").execute(p).await?;
    });
    Ok(())
}
