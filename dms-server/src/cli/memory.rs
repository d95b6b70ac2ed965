//! Which upload belongs to which file, so that `dms publish` goes on where it was cut off.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

/// The note of one upload, in the user's cache folder.
pub struct Memory {
    path: Option<PathBuf>,
    /// Held while this program works on the upload.
    _lock: Option<fs::File>,
}

impl Memory {
    /// The note for this file as it is now, going to this server under this name. While another program works on
    /// the same upload there is none: two would write to one upload in turns.
    #[must_use]
    pub fn of(file: &Path, found: &fs::Metadata, server: &str, title: &str) -> Self {
        let changed = found
            .modified()
            .ok()
            .and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let mut hash = Sha256::new();
        for part in [
            file.as_os_str().as_encoded_bytes(),
            &found.len().to_be_bytes(),
            &changed.map_or(0, |t| t.as_nanos()).to_be_bytes(),
            server.as_bytes(),
            title.as_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let name = hex::encode(&hash.finalize()[..16]);
        let path = crate::config::cache_folder().map(|folder| folder.join("uploads").join(name));
        match path.as_deref().map(lock) {
            Some(Ok(lock)) => Self { path, _lock: lock },
            Some(Err(Busy)) => {
                eprintln!("this file is being published already; it is uploaded a second time");
                Self::none()
            }
            None => Self::none(),
        }
    }

    const fn none() -> Self {
        Self {
            path: None,
            _lock: None,
        }
    }

    /// The upload's address, if one was noted.
    #[must_use]
    pub fn recall(&self) -> Option<String> {
        let text = fs::read_to_string(self.path.as_ref()?).ok()?;
        Some(text.trim().to_owned()).filter(|t| t.starts_with("/api/v1/uploads/"))
    }

    /// Notes the address. Without a cache folder the upload merely cannot be resumed.
    pub fn keep(&self, address: &str) {
        let Some(path) = &self.path else { return };
        if let Some(folder) = path.parent() {
            let _ = fs::create_dir_all(folder);
        }
        let _ = fs::write(path, address);
    }

    /// The upload is complete or gone.
    pub fn forget(&self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
            let _ = fs::remove_file(path.with_extension("lock"));
        }
    }
}

/// Another program works on the upload.
struct Busy;

/// Locks the note until the program ends; a file system without locks is no reason not to publish.
fn lock(path: &Path) -> Result<Option<fs::File>, Busy> {
    if let Some(folder) = path.parent() {
        let _ = fs::create_dir_all(folder);
    }
    let Ok(file) = fs::File::create(path.with_extension("lock")) else {
        return Ok(None);
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(Busy),
        Err(fs::TryLockError::Error(_)) => Ok(None),
    }
}
