//! The device's key behind a trait: what needs it asks for signatures and never for its bytes.
//!
//! [`SoftwareStore`] keeps it in a file of mode 0600. A key in hardware comes behind the same two traits: TLS
//! and signing requests use [`DeviceKey::sign`] alone. The DMS is told the [`Level`], so that an administrator
//! sees how well each PC keeps its key; it is the PC's own word.

#[cfg(test)]
mod tests;
mod tls;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SigningKey};

pub use self::tls::TlsKey;
use crate::state::{Access, StateError, StateFolder, names};

/// How well a key is kept, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// In a file: whoever is this PC's administrator, or has its disk, can copy it.
    Software,
}

impl Level {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
        }
    }
}

/// Why there is no key to work with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Others may read it: it may have been copied.
    #[error(
        "the device's key {} can be read by other users of this PC: run chmod 600 on it, or, if somebody may have \
         copied it, have the device revoked and enrol anew with another --state folder",
        .0.display()
    )]
    Exposed(PathBuf),
    /// It is no key of the right kind.
    #[error("the device's key {} is damaged; enrol anew with another --state folder", .0.display())]
    Damaged(PathBuf),
    /// None could be drawn or used.
    #[error("no key pair could be made or used: {0}")]
    Crypto(#[from] rcgen::Error),
    /// The state folder.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A key that cannot sign now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the device's key cannot be used now")]
pub struct SignError;

/// An EC P-256 key that signs. Its `Debug` shows nothing secret.
pub trait DeviceKey: Send + Sync + fmt::Debug {
    /// How well it is kept.
    fn level(&self) -> Level;

    /// The public key: an uncompressed point, 65 bytes.
    fn public_point(&self) -> &[u8];

    /// Signs with ECDSA over SHA-256; the signature is DER. Called in the middle of handshakes: it may take
    /// as long as hardware does, not as long as a person.
    ///
    /// # Errors
    /// [`SignError`].
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Where the key of this device is.
pub trait DeviceKeyStore: Send + Sync {
    /// The key that is there.
    ///
    /// # Errors
    /// [`KeyError`], also when there is none.
    fn load(&self) -> Result<Arc<dyn DeviceKey>, KeyError>;

    /// The key that is there, or a new one, which then stays.
    ///
    /// # Errors
    /// [`KeyError`].
    fn load_or_make(&self) -> Result<Arc<dyn DeviceKey>, KeyError>;
}

/// A key in a file of the state folder.
#[derive(Debug)]
pub struct SoftwareStore {
    state: StateFolder,
}

impl SoftwareStore {
    /// In this folder.
    #[must_use]
    pub fn new(state: &StateFolder) -> Self {
        Self {
            state: state.clone(),
        }
    }
}

impl DeviceKeyStore for SoftwareStore {
    fn load(&self) -> Result<Arc<dyn DeviceKey>, KeyError> {
        let path = self.state.path(names::KEY);
        let pem = self.state.read(names::KEY)?;
        if is_exposed(&path)? {
            return Err(KeyError::Exposed(path));
        }
        let pem = String::from_utf8_lossy(&pem);
        SoftwareKey::from_pem(&pem)
            .map(|key| Arc::new(key) as _)
            .ok_or(KeyError::Damaged(path))
    }

    fn load_or_make(&self) -> Result<Arc<dyn DeviceKey>, KeyError> {
        if !self.state.path(names::KEY).exists() {
            let pem = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem();
            self.state
                .write(names::KEY, pem.as_bytes(), Access::Private)?;
        }
        self.load()
    }
}

fn is_exposed(path: &Path) -> Result<bool, KeyError> {
    let metadata = fs::metadata(path).map_err(|source| StateError::Io {
        path: path.to_owned(),
        source,
    })?;
    #[cfg(unix)]
    let exposed = std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0;
    #[cfg(not(unix))]
    let exposed = {
        // The folder's access list is what keeps others out there.
        let _ = metadata;
        false
    };
    Ok(exposed)
}

/// A key in this process's memory.
pub struct SoftwareKey(KeyPair);

impl SoftwareKey {
    /// The key in this PEM; `None` when it is none of the right kind.
    #[must_use]
    pub fn from_pem(pem: &str) -> Option<Self> {
        let pair = KeyPair::from_pem(pem).ok()?;
        (pair.algorithm() == &PKCS_ECDSA_P256_SHA256).then_some(Self(pair))
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareKey(..)")
    }
}

impl DeviceKey for SoftwareKey {
    fn level(&self) -> Level {
        Level::Software
    }

    fn public_point(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        SigningKey::sign(&self.0, message).map_err(|_| SignError)
    }
}

/// A request to sign this key, in PEM. It names nobody: the DMS decides who the device is.
///
/// # Errors
/// What the signer said.
pub fn signing_request(key: &dyn DeviceKey) -> Result<String, rcgen::Error> {
    CertificateParams::default()
        .serialize_request(&Remote(key))?
        .pem()
}

/// The key as what makes requests wants it.
struct Remote<'a>(&'a dyn DeviceKey);

impl PublicKeyData for Remote<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_point()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Remote<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0
            .sign(message)
            .map_err(|SignError| rcgen::Error::RemoteKeyError)
    }
}
