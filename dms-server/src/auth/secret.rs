//! Bearer secrets: 256 random bits, of which the server keeps only the hash.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What a token begins with, so that secret scanners and people recognise it.
pub const TOKEN_PREFIX: &str = "dms_";

/// Longer texts are refused unread.
const TEXT_MAX: usize = 128;

/// A bearer secret. Its `Debug` does not show it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Draws one that begins with `prefix`.
    #[must_use]
    pub fn draw(prefix: &str) -> Self {
        let bytes = Zeroizing::new(rand::random::<[u8; 32]>());
        Self(Zeroizing::new(format!(
            "{prefix}{}",
            URL_SAFE_NO_PAD.encode(*bytes)
        )))
    }

    /// One that a caller showed; `None` when it cannot be one.
    #[must_use]
    pub fn presented(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= TEXT_MAX && text.is_ascii())
            .then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, to be shown to its owner once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the server keeps of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// SHA-256 of a bearer secret. A look-up by it leaks no time about the secret: whoever
/// could exploit a partial match would need a preimage of it. 256 random bits need no slow hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the database.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
