//! The record of licences.

use sqlx::FromRow;
use uuid::Uuid;

use crate::db;
use crate::db::Db;

/// A licence that was issued.
#[derive(Clone, Debug, FromRow)]
pub struct LicenseRow {
    /// Its id.
    pub id: Uuid,
    /// The title.
    #[sqlx(rename = "title_id")]
    pub title: Uuid,
    /// The title's version.
    pub version: i64,
    /// The device; none when a page's key played it.
    #[sqlx(rename = "device_id")]
    pub device: Option<Uuid>,
    /// The name of the token or of the device.
    pub subject: String,
    /// When it was issued, milliseconds since the Unix epoch.
    pub issued_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
}

/// Records a licence.
///
/// # Errors
/// The database's.
pub async fn add(db: &Db, row: &LicenseRow) -> sqlx::Result<()> {
    let sql = "INSERT INTO licenses \
               (id, title_id, version, device_id, subject, issued_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    db!(db.write(), |p| {
        sqlx::query(sql)
            .bind(row.id)
            .bind(row.title)
            .bind(row.version)
            .bind(row.device)
            .bind(&row.subject)
            .bind(row.issued_ms)
            .bind(row.expires_ms)
            .execute(p)
            .await?;
    });
    Ok(())
}

/// The licences of a title, newest first.
///
/// # Errors
/// The database's.
pub async fn of_title(db: &Db, title: Uuid, limit: i64) -> sqlx::Result<Vec<LicenseRow>> {
    let sql = "SELECT id, title_id, version, device_id, subject, issued_ms, expires_ms \
               FROM licenses WHERE title_id = $1 ORDER BY issued_ms DESC, id DESC LIMIT $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .bind(limit)
        .fetch_all(p)
        .await)
}
