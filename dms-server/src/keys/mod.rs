//! The installation's secret keys: files of mode 0600 in one folder, made at the first start.
//!
//! Key encryption keys come and go, the others stay. A rotation ([`rotation`]) makes a new KEK, and whatever an older one
//! wrapped is wrapped anew while everything goes on; no title is encrypted again. What is in the database names
//! the KEK that wrapped it ([`db`]); the KEKs themselves lie in a [`store`].

pub mod db;
mod files;
mod ring;
pub mod rotation;
pub mod routes;
pub mod store;
#[cfg(test)]
mod tests;
mod vault;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use drm::license;
use ed25519_dalek::{SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use self::ring::{KekError, Ring};
use self::store::{FileStore, KekStore};
pub use self::vault::Vault;
use crate::audit::ChainKey;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file or its folder cannot be read or written.
    #[error("key file {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others than the owner may read the file.
    #[error("key file {} is readable by others: run chmod 600 on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else made the folder, or may put files into it.
    #[error("the keys folder {} belongs to somebody else or others may write into it: make it yours and run chmod go-w on it", path.display())]
    OpenFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The file's text is not a key.
    #[error("key file {} is damaged: restore it from the backup of the keys folder", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> KeyError + '_ {
    |source| KeyError::Io {
        path: path.to_path_buf(),
        source,
    }
}

/// The installation's keys. Its `Debug` shows none of them.
pub struct Keys {
    keks: Ring,
    manifest: SigningKey,
    license: license::SigningKey,
    audit: ChainKey,
    folder: PathBuf,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.folder.display())
    }
}

impl Keys {
    /// Reads the keys, making those that are not there.
    ///
    /// # Errors
    /// [`KeyError`] when a file is unreadable, damaged, or readable by others.
    pub fn load(folder: &Path) -> Result<Self, KeyError> {
        files::make_folder(folder)?;
        let secret = |name: &str| files::secret(&folder.join(name));
        let keks: Arc<dyn KekStore> = Arc::new(FileStore::in_folder(folder));
        Ok(Self {
            keks: Ring::open(keks)?,
            manifest: SigningKey::from_bytes(&*secret("manifest.key")?),
            license: license_key(&folder.join("license.key"))?,
            audit: ChainKey::new(secret("audit.key")?),
            folder: folder.to_path_buf(),
        })
    }

    /// The keys that wrap the title keys.
    #[must_use]
    pub fn keks(&self) -> &Ring {
        &self.keks
    }

    /// Signs manifests.
    #[must_use]
    pub fn manifest_signer(&self) -> &SigningKey {
        &self.manifest
    }

    /// Signs licences.
    #[must_use]
    pub fn license_signer(&self) -> &license::SigningKey {
        &self.license
    }

    /// Chains the audit log.
    #[must_use]
    pub fn audit(&self) -> &ChainKey {
        &self.audit
    }

    /// The keys that players and peers accept manifests from.
    #[must_use]
    pub fn manifest_keys(&self) -> Vec<VerifyingKey> {
        vec![self.manifest.verifying_key()]
    }

    /// The keys that players accept licences from.
    #[must_use]
    pub fn license_keys(&self) -> Vec<license::VerifyingKey> {
        vec![self.license.verifying_key()]
    }

    /// The folder of the key files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Says which keys these are, with the device authority's public key, without telling them; the
    /// database keeps it, so that a start with a foreign keys folder is refused. Of KEKs the database keeps a table.
    #[must_use]
    pub fn fingerprint(&self, authority: &[u8]) -> [u8; 32] {
        self.hashed(b"dms keys v3", &[], authority)
    }

    /// The fingerprints that a database may have from before KEKs were rotated: each covers a KEK.
    #[must_use]
    pub fn former_fingerprints(&self, authority: &[u8]) -> Vec<[u8; 32]> {
        let known = self.keks.known();
        let of = |kek: &Arc<Vault>| self.hashed(b"dms keys v2", &*kek.to_bytes(), authority);
        known.iter().map(of).collect()
    }

    fn hashed(&self, label: &[u8], kek: &[u8], authority: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(label);
        // All but the last have a fixed length.
        hash.update(kek);
        hash.update(self.manifest.verifying_key().as_bytes());
        hash.update(self.license.verifying_key().to_bytes());
        hash.update(authority);
        hash.finalize().into()
    }
}

fn license_key(path: &Path) -> Result<license::SigningKey, KeyError> {
    let pem = files::read_or_make(path, || {
        // A key of 32 bytes always has a PEM form; were it not so, the reading below fails.
        license::SigningKey::generate(&mut rand::rng())
            .to_pkcs8_pem()
            .unwrap_or_default()
    })?;
    license::SigningKey::from_pkcs8_pem(&pem).map_err(|_| KeyError::Damaged {
        path: path.to_path_buf(),
    })
}

/// Makes a folder that only its owner may enter; one that is there stays as it is.
///
/// # Errors
/// [`KeyError::Io`].
pub fn make_folder(folder: &Path) -> Result<(), KeyError> {
    files::make_folder(folder)
}

/// The text of a secret file, which `make` draws when it is not there.
///
/// # Errors
/// [`KeyError`] when it is unreadable or readable by others.
pub(crate) fn secret_text(
    path: &Path,
    make: impl FnOnce() -> Zeroizing<String>,
) -> Result<Zeroizing<String>, KeyError> {
    files::read_or_make(path, make)
}

/// The text of a secret file; none when it is not there.
///
/// # Errors
/// [`KeyError`] when it is unreadable or readable by others.
pub fn read_secret(path: &Path) -> Result<Option<Zeroizing<String>>, KeyError> {
    files::read(path)
}

/// Writes a secret file of mode 0600 in place of one that may be there, whole or not at all.
///
/// # Errors
/// [`KeyError::Io`].
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    files::create(path, bytes, true)
}
