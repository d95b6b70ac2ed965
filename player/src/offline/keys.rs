//! Where the secrets of saved titles are kept.
//!
//! [`SoftwareKeys`] keeps them in files that only their owner can read. Whoever takes the disk of a computer whose disk is
//! not encrypted, or becomes its administrator, reads them; a store in hardware can stand behind the same trait.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{private_folder, read_secret, unusable, write};
use crate::error::PlayError;

/// Keeps secrets of 32 bytes under names.
pub trait KeyStore {
    /// What the secrets are kept by, for people: `software`.
    fn level(&self) -> &'static str;

    /// Keeps a secret in place of the one of the same name.
    ///
    /// # Errors
    /// [`PlayError::State`].
    fn put(&self, name: &str, secret: &[u8; 32]) -> Result<(), PlayError>;

    /// A secret; none when there is none of the name.
    ///
    /// # Errors
    /// [`PlayError::State`] when it is damaged, or others can read it.
    fn get(&self, name: &str) -> Result<Option<Zeroizing<[u8; 32]>>, PlayError>;

    /// Forgets a secret.
    ///
    /// # Errors
    /// [`PlayError::State`].
    fn remove(&self, name: &str) -> Result<(), PlayError>;
}

/// Secrets in files of a folder.
#[derive(Debug, Clone)]
pub struct SoftwareKeys {
    folder: PathBuf,
}

impl SoftwareKeys {
    /// The secrets in this folder, which need not exist yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }
}

impl KeyStore for SoftwareKeys {
    fn level(&self) -> &'static str {
        "software"
    }

    fn put(&self, name: &str, secret: &[u8; 32]) -> Result<(), PlayError> {
        private_folder(&self.folder)?;
        write(&self.file(name), secret)
    }

    fn get(&self, name: &str) -> Result<Option<Zeroizing<[u8; 32]>>, PlayError> {
        let file = self.file(name);
        #[cfg(unix)]
        if let Ok(about) = fs::metadata(&file) {
            let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions());
            if mode & 0o077 != 0 {
                let fix = format!("others can read it; run: chmod 600 {}", file.display());
                return Err(unusable(&file, fix));
            }
        }
        read_secret(&file)
    }

    fn remove(&self, name: &str) -> Result<(), PlayError> {
        let file = self.file(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(&file, error)),
            _ => Ok(()),
        }
    }
}
