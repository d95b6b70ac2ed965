//! Which upload belongs to which file, so that `dms publish` goes on where it was cut off.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

/// The note of one upload, in the user's cache folder.
pub struct Memory {
    path: Option<PathBuf>,
}

impl Memory {
    /// The note for this file as it is now, going to this server under this name.
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
        Self {
            path: crate::config::cache_folder().map(|folder| folder.join("uploads").join(name)),
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
        }
    }
}
