//! What the company switched off in the portal.

pub mod db;
pub mod routes;

use crate::db::Db;

/// The name of the switch for proposals.
const FOR_YOU: &str = "portal.for_you";

/// Whether titles are proposed to people; unless somebody said otherwise, they are.
///
/// # Errors
/// The database's.
pub async fn for_you(db: &Db) -> sqlx::Result<bool> {
    let value = db::value(db, FOR_YOU).await?;
    Ok(value.as_deref() != Some("off"))
}
