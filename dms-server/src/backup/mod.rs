//! `dms backup`: a copy of the database and the keys from which an installation is started again.
//!
//! Works beside a running server. The database is copied first, as one moment of it, and the keys afterwards: whatever
//! the copy of the database was wrapped with is among them, as a key stays for a quarter of an hour after it was retired.

pub mod db;
pub mod kept;
pub mod routes;
#[cfg(test)]
mod tests;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::config::Config;
use crate::db::Db;
use crate::keys;

/// The most files of a folder of keys; more are something else.
const FILES_MAX: usize = 1_000;
/// The largest file of a key.
const FILE_MAX: u64 = 1 << 20;

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Files of keys.
    pub keys: usize,
}

/// Copies into a folder that is not there yet, or is empty.
///
/// # Errors
/// When there is no installation, the folder has something in it, the database is no SQLite file, or a file cannot be
/// read or written. What was written until then is removed again.
pub async fn run(config: &Config, to: &Path) -> anyhow::Result<Copied> {
    let Some(file) = config.database.url.strip_prefix("sqlite://") else {
        bail!(
            "the database is PostgreSQL: copy it with `pg_dump -Fc -f FILE DATABASE`, and then the folder {}",
            config.keys.folder.display()
        );
    };
    let there = |path: &Path| path.try_exists().unwrap_or(false);
    ensure!(
        there(Path::new(file)) && there(&config.keys.folder),
        "there is no installation in {}: give its folder with --data",
        config.data.display()
    );
    keys::make_folder(to)?;
    let mut inside = fs::read_dir(to).with_context(|| format!("cannot read {}", to.display()))?;
    ensure!(
        inside.next().is_none(),
        "{} is not empty: give a new folder for each backup",
        to.display()
    );
    let copied = copy(config, to).await;
    if copied.is_err() {
        let _ = fs::remove_file(to.join("dms.db"));
        let _ = fs::remove_dir_all(to.join("keys"));
    }
    copied
}

async fn copy(config: &Config, to: &Path) -> anyhow::Result<Copied> {
    let database = to.join("dms.db");
    let db = Db::open(&config.database).await?;
    let taken = db::snapshot(&db, &database).await;
    db.close().await;
    taken.context("cannot copy the database")?;
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600))?;
    fs::File::open(&database)?.sync_all()?;
    let folder = to.join("keys");
    keys::make_folder(&folder)?;
    let mut count = 0;
    for source in key_files(&config.keys.folder)? {
        let name = source.file_name().context("a file without a name")?;
        let bytes = zeroize::Zeroizing::new(
            fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?,
        );
        keys::write_secret(&folder.join(name), &bytes)?;
        count += 1;
    }
    ensure!(count > 0, "{} has no keys", config.keys.folder.display());
    Ok(Copied {
        database_bytes: fs::metadata(&database)?.len(),
        keys: count,
    })
}

/// The files of a folder of keys, without those that are being written.
fn key_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let is_temporary = entry.file_name().to_string_lossy().starts_with('.');
        let about = entry.metadata()?;
        if is_temporary || !about.is_file() {
            continue;
        }
        ensure!(
            about.len() <= FILE_MAX && files.len() < FILES_MAX,
            "{} does not look like a folder of keys",
            folder.display()
        );
        files.push(entry.path());
    }
    files.sort();
    Ok(files)
}
