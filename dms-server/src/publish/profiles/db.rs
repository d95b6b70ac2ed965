//! Profiles in the database.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Numbers, PROFILES_MAX};
use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// A profile.
#[derive(Clone, Debug, FromRow)]
pub struct ProfileRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Lines of the tallest rendition.
    pub max_height: i64,
    /// Percent of the bits that are usual for a size.
    pub bit_rate_percent: i64,
    /// Pictures a second, at most.
    pub max_frame_rate: i64,
    /// Thousand bits a second of stereo sound.
    pub audio_kbit: i64,
    /// 1: of titles whose publisher chose none.
    pub is_default: i64,
    /// How often it was written, from 1.
    pub edition: i64,
}

impl ProfileRow {
    /// Its numbers.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        let number = |value: i64| u16::try_from(value).unwrap_or_default();
        Numbers {
            max_height: number(self.max_height),
            bit_rate_percent: number(self.bit_rate_percent),
            max_frame_rate: number(self.max_frame_rate),
            audio_kbit: number(self.audio_kbit),
        }
    }
}

/// What is written of a profile.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: &'a str,
    /// The numbers.
    pub numbers: Numbers,
    /// Whether it becomes the default.
    pub default: bool,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.name, p.max_height, p.bit_rate_percent, p.max_frame_rate, p.audio_kbit, p.is_default, \
             p.edition FROM profiles p ",
            $rest
        )
    };
}

/// Every profile, by name.
///
/// # Errors
/// The database's.
pub async fn all(db: &Db) -> sqlx::Result<Vec<ProfileRow>> {
    let sql = columns!("ORDER BY p.folded");
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}

/// One profile.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<ProfileRow>> {
    let sql = columns!("WHERE p.id = $1");
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// The profile of that folded name.
///
/// # Errors
/// The database's.
pub async fn named(db: &Db, folded: &str) -> sqlx::Result<Option<ProfileRow>> {
    let sql = columns!("WHERE p.folded = $1");
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(folded)
        .fetch_optional(p)
        .await)
}

/// With what a title is made: what was chosen for it, or the default where nothing was, or where it is gone.
///
/// # Errors
/// The database's.
pub async fn of_title(db: &Db, title: Uuid) -> sqlx::Result<Option<ProfileRow>> {
    let sql = columns!(
        "WHERE p.is_default = 1 OR p.id = (SELECT t.profile FROM titles t WHERE t.id = $1) \
         ORDER BY CASE WHEN p.id = (SELECT t.profile FROM titles t WHERE t.id = $1) THEN 0 ELSE 1 END LIMIT 1"
    );
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .fetch_optional(p)
        .await)
}

/// Inside a transaction: no profile is the default any more.
macro_rules! none_is_default {
    ($tx:ident) => {
        sqlx::query(
            "UPDATE profiles SET is_default = 0, edition = edition + 1 WHERE is_default = 1",
        )
        .execute(&mut *$tx)
        .await?
    };
}

/// Adds a profile. False: there are [`PROFILES_MAX`] already.
///
/// # Errors
/// The database's; a unique violation when the name is taken.
pub async fn add(db: &Db, new: &Written<'_>, folded: &str, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "INSERT INTO profiles (id, name, folded, max_height, bit_rate_percent, max_frame_rate, audio_kbit, \
               is_default, edition, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)";
    tx!(db, |tx| {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM profiles")
            .fetch_one(&mut *tx)
            .await?;
        if count >= PROFILES_MAX {
            return Ok(false);
        }
        if new.default {
            none_is_default!(tx);
        }
        sqlx::query(sql)
            .bind(new.id)
            .bind(new.name)
            .bind(folded)
            .bind(i64::from(new.numbers.max_height))
            .bind(i64::from(new.numbers.bit_rate_percent))
            .bind(i64::from(new.numbers.max_frame_rate))
            .bind(i64::from(new.numbers.audio_kbit))
            .bind(i64::from(new.default))
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(true)
}

/// Writes a profile that still is of this edition. False: it is not.
///
/// # Errors
/// The database's; a unique violation when the name is taken.
pub async fn write(
    db: &Db,
    new: &Written<'_>,
    folded: &str,
    edition: i64,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE profiles SET name = $3, folded = $4, max_height = $5, bit_rate_percent = $6, \
               max_frame_rate = $7, audio_kbit = $8, edition = edition + 1, updated_ms = $9 \
               WHERE id = $1 AND edition = $2";
    tx!(db, |tx| {
        let written = sqlx::query(sql)
            .bind(new.id)
            .bind(edition)
            .bind(new.name)
            .bind(folded)
            .bind(i64::from(new.numbers.max_height))
            .bind(i64::from(new.numbers.bit_rate_percent))
            .bind(i64::from(new.numbers.max_frame_rate))
            .bind(i64::from(new.numbers.audio_kbit))
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        if written.rows_affected() == 0 {
            return Ok(false);
        }
        if new.default {
            // The one that is read again keeps the edition that its writer is told.
            sqlx::query(
                "UPDATE profiles SET is_default = 0, edition = edition + 1 WHERE is_default = 1 AND id <> $1",
            )
            .bind(new.id)
            .execute(&mut *tx)
            .await?;
            sqlx::query("UPDATE profiles SET is_default = 1 WHERE id = $1")
                .bind(new.id)
                .execute(&mut *tx)
                .await?;
        }
        append!(tx, note);
    });
    Ok(true)
}

/// Removes a profile of this edition that is not the default. False: it is another, or the default.
///
/// # Errors
/// The database's.
pub async fn remove(db: &Db, id: Uuid, edition: i64, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "DELETE FROM profiles WHERE id = $1 AND edition = $2 AND is_default = 0";
    tx!(db, |tx| {
        let removed = sqlx::query(sql)
            .bind(id)
            .bind(edition)
            .execute(&mut *tx)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(false);
        }
        append!(tx, note);
    });
    Ok(true)
}
