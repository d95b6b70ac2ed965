//! The look in the database.

use sqlx::FromRow;

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// How the pages look.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Look {
    /// Of the organisation; empty: none was given.
    pub name: String,
    /// `#rrggbb`; empty: as the pages are drawn.
    pub accent: String,
    /// `png` or `webp`.
    pub logo_kind: Option<String>,
    /// What stands in the logo's address.
    pub logo_hash: Option<String>,
    /// How often it was written, from 1.
    pub edition: i64,
}

/// The look of this moment.
///
/// # Errors
/// The database's.
pub async fn look(db: &Db) -> sqlx::Result<Look> {
    let sql = "SELECT name, accent, logo_kind, logo_hash, edition FROM branding WHERE id = 1";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_one(p).await)
}

/// The logo with this hash.
///
/// # Errors
/// The database's.
pub async fn logo(db: &Db, hash: &str) -> sqlx::Result<Option<(Vec<u8>, String)>> {
    let sql = "SELECT logo, logo_kind FROM branding WHERE id = 1 AND logo_hash = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(hash)
        .fetch_optional(p)
        .await)
}

/// Writes name and accent of a look of this edition. False: it is another.
///
/// # Errors
/// The database's.
pub async fn write(
    db: &Db,
    name: &str,
    accent: &str,
    edition: i64,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE branding SET name = $1, accent = $2, edition = edition + 1, updated_ms = $3 \
               WHERE id = 1 AND edition = $4";
    tx!(db, |tx| {
        let written = sqlx::query(sql)
            .bind(name)
            .bind(accent)
            .bind(note.at_ms())
            .bind(edition)
            .execute(&mut *tx)
            .await?;
        if written.rows_affected() == 0 {
            return Ok(false);
        }
        append!(tx, note);
    });
    Ok(true)
}

/// A logo to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewLogo<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// `png` or `webp`.
    pub kind: &'a str,
    /// What stands in its address.
    pub hash: &'a str,
}

/// Keeps a logo, or none.
///
/// # Errors
/// The database's.
pub async fn set_logo(db: &Db, logo: Option<NewLogo<'_>>, note: &Note<'_>) -> sqlx::Result<()> {
    let sql = "UPDATE branding SET logo = $1, logo_kind = $2, logo_hash = $3, edition = edition + 1, \
               updated_ms = $4 WHERE id = 1";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(logo.map(|logo| logo.bytes))
            .bind(logo.map(|logo| logo.kind))
            .bind(logo.map(|logo| logo.hash))
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}
