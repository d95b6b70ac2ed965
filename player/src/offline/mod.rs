//! Titles saved for where there is no network: what the player keeps of them.
//!
//! The agent keeps the ciphertext. Here lie, for each title, its signed manifest, its licence, and the key the licence is
//! sealed to; beside them the [`Watch`](drm::lease::Watch), which knows what time it cannot be, and what is left to play.
//!
//! | name | what |
//! |---|---|
//! | `<title>.json` | what was saved: [`Saved`] |
//! | `<title>.manifest`, `<title>.license` | as they came, signed |
//! | `<title>.key`, `watch.key` | secrets, see [`keys`] |
//! | `watch.sealed`, `watch.lock` | the watch; who uses it holds the lock |
//! | `plays/` | what was played and not handed to the agent yet |

pub mod keys;
pub mod plays;
pub mod timekeeper;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use drm::license::RecipientKeyPair;
use serde::{Deserialize, Serialize};
use swarm::{content::TitleId, wire::MAX_MANIFEST_LEN};
use zeroize::Zeroizing;

use crate::error::PlayError;
use keys::{KeyStore, SoftwareKeys};

/// How often the whole title may be played without contact.
const TIMES: u64 = 10;
/// The longest licence that is read, bytes.
const MAX_LICENSE: u64 = 64 << 10;

/// What was saved of one title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The number of this form's format, 1.
    pub schema: u32,
    /// The title.
    pub title: TitleId,
    /// Its version.
    pub version: u64,
    /// The licence's id, hexadecimal.
    pub license: String,
    /// The tracks, ascending.
    pub tracks: Vec<u16>,
    /// What the agent holds of it, bytes.
    pub bytes: u64,
    /// When it was saved, by the DMS's clock, milliseconds since 1970.
    pub saved_ms: u64,
    /// Until when it plays without contact.
    pub until_ms: u64,
}

/// What it takes to play a saved title.
pub struct Pieces {
    /// See [`Saved`].
    pub saved: Saved,
    /// The manifest as it came.
    pub manifest: Vec<u8>,
    /// The licence as it came.
    pub license: Vec<u8>,
    /// What opens the licence.
    pub recipient: RecipientKeyPair,
}

/// The folder of saved titles.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// How much may be played without contact of a title so long, milliseconds of media.
#[must_use]
pub fn budget_ms(duration_ms: u64) -> u64 {
    // And a moment: the sound of the last play may be opened after its picture has taken all the rest.
    duration_ms.saturating_mul(TIMES).saturating_add(1)
}

impl Shelf {
    /// The shelf in a player's state folder; nothing is read or made.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self {
            folder: state.join("offline"),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where its secrets are kept.
    #[must_use]
    pub fn keys(&self) -> SoftwareKeys {
        SoftwareKeys::new(&self.folder)
    }

    /// Saves a title: last the line that says it is there.
    ///
    /// # Errors
    /// [`PlayError::State`].
    pub fn put(&self, pieces: &Pieces) -> Result<(), PlayError> {
        let title = pieces.saved.title;
        private_folder(&self.folder)?;
        self.keys()
            .put(&title.to_string(), &pieces.recipient.to_bytes())?;
        write(&self.file(title, "manifest"), &pieces.manifest)?;
        write(&self.file(title, "license"), &pieces.license)?;
        let line = serde_json::to_vec_pretty(&pieces.saved).unwrap_or_default();
        write(&self.file(title, "json"), &line)
    }

    /// What was saved of a title; none: nothing.
    ///
    /// # Errors
    /// [`PlayError::State`] when it is damaged.
    pub fn get(&self, title: TitleId) -> Result<Option<Pieces>, PlayError> {
        let Some(saved) = self.saved(title)? else {
            return Ok(None);
        };
        let damaged = |name: &str| {
            unusable(
                &self.file(title, name),
                "it is missing or damaged; save the title again",
            )
        };
        let read = |name: &str, most: u64| {
            let bytes = read(&self.file(title, name), most)?;
            bytes.ok_or_else(|| damaged(name))
        };
        let key = self.keys().get(&title.to_string())?;
        let key = key.ok_or_else(|| damaged("key"))?;
        Ok(Some(Pieces {
            manifest: read("manifest", MAX_MANIFEST_LEN as u64)?,
            license: read("license", MAX_LICENSE)?,
            recipient: RecipientKeyPair::from_bytes(&key).map_err(|_| damaged("key"))?,
            saved,
        }))
    }

    /// The line that says what was saved of a title.
    ///
    /// # Errors
    /// [`PlayError::State`] when it is damaged.
    pub fn saved(&self, title: TitleId) -> Result<Option<Saved>, PlayError> {
        let file = self.file(title, "json");
        let Some(line) = read(&file, MAX_LICENSE)? else {
            return Ok(None);
        };
        serde_json::from_slice(&line)
            .map(Some)
            .map_err(|error| unusable(&file, error))
    }

    /// Everything that is saved, the longest valid first; damaged lines are left out.
    ///
    /// # Errors
    /// [`PlayError::State`] when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Saved>, PlayError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unusable(&self.folder, error)),
        };
        let names = entries.flatten().map(|entry| entry.path());
        let lines = names.filter(|path| path.extension().is_some_and(|x| x == "json"));
        let titles = lines.filter_map(|path| path.file_stem()?.to_str()?.parse().ok());
        let mut all: Vec<Saved> = titles
            .filter_map(|title| self.saved(title).ok().flatten())
            .collect();
        all.sort_by_key(|saved| (std::cmp::Reverse(saved.until_ms), saved.title.0));
        Ok(all)
    }

    /// Forgets a title: first its key. False when nothing was saved of it.
    ///
    /// # Errors
    /// [`PlayError::State`].
    pub fn remove(&self, title: TitleId) -> Result<bool, PlayError> {
        let there = self.file(title, "json").exists();
        self.keys().remove(&title.to_string())?;
        for name in ["license", "manifest", "json"] {
            let file = self.file(title, name);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unusable(&file, error));
                }
                _ => {}
            }
        }
        Ok(there)
    }

    fn file(&self, title: TitleId, name: &str) -> PathBuf {
        self.folder.join(format!("{title}.{name}"))
    }
}

/// What keeps a file from being used.
fn unusable(file: &Path, reason: impl std::fmt::Display) -> PlayError {
    PlayError::State {
        path: file.display().to_string(),
        reason: reason.to_string(),
    }
}

fn private_folder(folder: &Path) -> Result<(), PlayError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| unusable(folder, error))
}

/// A file's bytes; none when it is not there.
fn read(file: &Path, most: u64) -> Result<Option<Vec<u8>>, PlayError> {
    let read = || -> io::Result<Vec<u8>> {
        if fs::metadata(file)?.len() > most {
            return Err(io::Error::other("it is too long"));
        }
        fs::read(file)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(file, error)),
    }
}

/// Replaces a file in one step, readable by its owner only; on the disk when this returns.
fn write(file: &Path, bytes: &[u8]) -> Result<(), PlayError> {
    let store = || -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        let temporary = folder.join(format!(".{}.new", uuid::Uuid::new_v4()));
        let mut options = fs::OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut new = options.open(&temporary)?;
        let written = new
            .write_all(bytes)
            .and_then(|()| new.sync_all())
            .and_then(|()| fs::rename(&temporary, file));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written?;
        fs::File::open(folder)?.sync_all()
    };
    store().map_err(|error| unusable(file, error))
}

/// Zeroes what it is read into, whatever becomes of it.
fn read_secret(file: &Path) -> Result<Option<Zeroizing<[u8; 32]>>, PlayError> {
    let Some(bytes) = read(file, 64)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let mut secret = Zeroizing::new([0; 32]);
    if bytes.len() != secret.len() {
        return Err(unusable(file, "it is no key; save your titles again"));
    }
    secret.copy_from_slice(&bytes);
    Ok(Some(secret))
}

#[cfg(test)]
mod tests;
