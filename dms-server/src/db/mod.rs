//! The metadata database: SQLite embedded by default, PostgreSQL in production.
//!
//! One text of SQL serves both: `$1` placeholders, ids as [`uuid::Uuid`], times as `i64`
//! milliseconds. [`db!`](macro@crate::db) and [`tx!`](crate::tx) expand an expression once per
//! engine. SQL stands
//! only in files named `db.rs`.

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::config;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// How long a statement waits for another writer, or a task for a free connection.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// The URL is of no supported kind.
    #[error("database.url must begin with sqlite:// or postgres://")]
    Url,
    /// The database refused or failed.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("database migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// An open database.
#[derive(Clone, Debug)]
pub enum Db {
    /// Embedded. SQLite has one writer at a time: a pool of one connection makes writers
    /// queue in order instead of failing as busy.
    Sqlite {
        /// Connections that refuse to write.
        read: SqlitePool,
        /// The one connection that writes.
        write: SqlitePool,
    },
    /// A PostgreSQL server.
    Pg(PgPool),
}

/// The pool of one kind of work, for [`db!`](macro@crate::db).
#[derive(Clone, Copy, Debug)]
pub enum Pool<'a> {
    /// Embedded.
    Sqlite(&'a SqlitePool),
    /// PostgreSQL.
    Pg(&'a PgPool),
}

/// Runs one expression on the pool of whichever engine is in use:
/// `db!(db.read(), |p| sqlx::query("...").fetch_all(p).await)`.
#[macro_export]
macro_rules! db {
    ($pool:expr, |$p:ident| $body:expr) => {
        match $pool {
            $crate::db::Pool::Sqlite($p) => $body,
            $crate::db::Pool::Pg($p) => $body,
        }
    };
}

/// Runs one expression inside a write transaction and commits it; `?` inside rolls back:
/// `tx!(db, |tx| { sqlx::query("...").execute(&mut *tx).await?; 1 })`. The enclosing function returns a
/// `Result` whose error comes from [`sqlx::Error`].
#[macro_export]
macro_rules! tx {
    ($db:expr, |$tx:ident| $body:expr) => {
        match $db.write() {
            $crate::db::Pool::Sqlite(pool) => {
                // Immediate: a transaction that reads first and writes later would otherwise
                // fail as busy when another process wrote in between.
                let mut $tx = pool.begin_with("BEGIN IMMEDIATE").await?;
                let out = $body;
                $tx.commit().await?;
                out
            }
            $crate::db::Pool::Pg(pool) => {
                let mut $tx = pool.begin().await?;
                let out = $body;
                $tx.commit().await?;
                out
            }
        }
    };
}

impl Db {
    /// Opens the database, creating an SQLite file that is not there.
    ///
    /// # Errors
    /// [`DbError`] when the URL is wrong or the database cannot be reached.
    pub async fn open(config: &config::Database) -> Result<Self, DbError> {
        let url = &config.url;
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)?;
            let pool = PgPoolOptions::new()
                .max_connections(config.max_connections.max(2))
                .acquire_timeout(WAIT_MAX)
                .connect_with(options)
                .await?;
            return Ok(Self::Pg(pool));
        }
        let path = url.strip_prefix("sqlite://").ok_or(DbError::Url)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A 2xx promises durability: FULL survives a power cut, NORMAL may lose the last commits.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(WAIT_MAX)
            .foreign_keys(true);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WAIT_MAX)
            .connect_with(options.clone())
            .await?;
        let read = SqlitePoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(WAIT_MAX)
            .connect_with(options.pragma("query_only", "1"))
            .await?;
        Ok(Self::Sqlite { read, write })
    }

    /// Brings the schema up to date. Safe to run by several processes at once.
    ///
    /// # Errors
    /// [`DbError::Migrate`] when a step fails or the database is newer than this program.
    pub async fn migrate(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite { write, .. } => SQLITE_MIGRATIONS.run(write).await?,
            Self::Pg(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// The schema steps this program needs.
    #[must_use]
    pub fn schema(&self) -> &'static Migrator {
        match self {
            Self::Sqlite { .. } => &SQLITE_MIGRATIONS,
            Self::Pg(_) => &POSTGRES_MIGRATIONS,
        }
    }

    /// Connections for reading.
    #[must_use]
    pub fn read(&self) -> Pool<'_> {
        match self {
            Self::Sqlite { read, .. } => Pool::Sqlite(read),
            Self::Pg(pool) => Pool::Pg(pool),
        }
    }

    /// Connections for writing.
    #[must_use]
    pub fn write(&self) -> Pool<'_> {
        match self {
            Self::Sqlite { write, .. } => Pool::Sqlite(write),
            Self::Pg(pool) => Pool::Pg(pool),
        }
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Pg(pool) => pool.close().await,
        }
    }
}

/// Whether the error says that a row with the same key exists.
#[must_use]
pub fn is_duplicate(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(e) if e.is_unique_violation())
}

/// Whether the error says that the database's disk is full.
#[must_use]
pub fn is_full(error: &sqlx::Error) -> bool {
    // SQLITE_FULL and PostgreSQL's disk_full; the codes of the two do not overlap.
    matches!(error, sqlx::Error::Database(e) if matches!(e.code().as_deref(), Some("13" | "53100")))
}
