//! Backups in the server's own data folder: each is a folder that is called after its moment.
//!
//! They hold every key, so no listener gives them away: somebody copies them from the machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use crate::config::Config;
use crate::webhook::message::rfc3339;

/// The most that are kept; who wants another one removes one first.
pub const BACKUPS_MAX: usize = 10;
/// What is being written is called so until it is whole.
const MAKING: &str = ".making";
/// The copy of the database in a backup.
const DATABASE: &str = "dms.db";

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// What its folder is called.
    pub name: String,
    /// When the copy of the database was whole, milliseconds since the Unix epoch.
    pub made_ms: i64,
    /// Bytes of the database in it.
    pub database_bytes: u64,
    /// Files of keys in it.
    pub keys: usize,
}

/// What is being done about backups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// Nothing.
    #[default]
    Nothing,
    /// One is being made since then.
    Making {
        /// Milliseconds since the Unix epoch.
        since_ms: i64,
    },
    /// The last one did not come about.
    Failed {
        /// Milliseconds since the Unix epoch.
        at_ms: i64,
        /// Whether the disk was full.
        full: bool,
    },
}

/// At most one backup is being made at a time.
#[derive(Debug, Default)]
pub struct Backups {
    /// Never held across an await.
    doing: Mutex<Doing>,
}

impl Backups {
    fn lock(&self) -> MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is being done.
    #[must_use]
    pub fn doing(&self) -> Doing {
        self.lock().clone()
    }

    /// Begins one; false when one is being made.
    #[must_use]
    pub fn begin(&self, now_ms: i64) -> bool {
        let mut doing = self.lock();
        if matches!(*doing, Doing::Making { .. }) {
            return false;
        }
        *doing = Doing::Making { since_ms: now_ms };
        true
    }

    /// Ends it.
    pub fn end(&self, result: Doing) {
        *self.lock() = result;
    }
}

/// Where they are.
#[must_use]
pub fn folder(config: &Config) -> PathBuf {
    config.data.join("backups")
}

/// The backups that are whole, newest first; none where there is no folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<Backup>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let about = fs::metadata(folder.join(&name).join(DATABASE));
        // What is being written, and what somebody else put here, is no backup.
        let (false, Ok(about)) = (name.starts_with('.'), about) else {
            continue;
        };
        let made = about.modified()?.duration_since(UNIX_EPOCH);
        let keys = fs::read_dir(folder.join(&name).join("keys")).map_or(0, Iterator::count);
        found.push(Backup {
            made_ms: made.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0)),
            database_bytes: about.len(),
            keys,
            name,
        });
    }
    found.sort_by(|a, b| b.name.cmp(&a.name));
    Ok(found)
}

/// Bytes of the database that the one being made has by now.
#[must_use]
pub fn written(folder: &Path) -> u64 {
    fs::metadata(folder.join(MAKING).join(DATABASE)).map_or(0, |about| about.len())
}

/// Makes one; what a killed server left of one is removed before.
///
/// # Errors
/// Those of [`super::run`].
pub async fn make(config: &Config, now_ms: i64) -> anyhow::Result<()> {
    let folder = folder(config);
    crate::keys::make_folder(&folder)?;
    let making = folder.join(MAKING);
    let _ = fs::remove_dir_all(&making);
    let copied = super::run(config, &making).await;
    if copied.is_err() {
        let _ = fs::remove_dir_all(&making);
    }
    copied?;
    // A colon is no letter of a file's name everywhere.
    let name = rfc3339(now_ms).replace(':', "-");
    fs::rename(&making, folder.join(name))?;
    fs::File::open(&folder)?.sync_all()?;
    Ok(())
}

/// Removes one; false when there is none that is called so.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(folder: &Path, name: &str) -> io::Result<bool> {
    // Only what the list names: no name leads out of the folder.
    if !list(folder)?.iter().any(|backup| backup.name == name) {
        return Ok(false);
    }
    fs::remove_dir_all(folder.join(name))?;
    Ok(true)
}

/// Whether a failure is a full disk.
#[must_use]
pub fn is_full(error: &anyhow::Error) -> bool {
    const SQLITE_FULL: &str = "13";
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let sql = cause.downcast_ref::<sqlx::Error>();
        let code = sql
            .and_then(sqlx::Error::as_database_error)
            .and_then(sqlx::error::DatabaseError::code);
        io.is_some_and(|io| io.kind() == io::ErrorKind::StorageFull)
            || code.as_deref() == Some(SQLITE_FULL)
    })
}
