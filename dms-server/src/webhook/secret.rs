//! What signs a webhook's messages: drawn here, shown once, kept sealed.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keys::Vault;

/// What every secret begins with, so that libraries and secret scanners know it.
const PREFIX: &str = "whsec_";

/// Length of a secret, bytes.
const LEN: usize = 32;

/// A block of SHA-256, bytes.
const BLOCK: usize = 64;

/// A secret cannot be sealed or opened: the keys folder is another one, or the database was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the webhook's secret cannot be opened with this server's keys; delete it and make a new one"
)]
pub struct SecretError;

/// A webhook's signing secret. Its `Debug` does not show it.
pub struct Secret(Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Draws one.
    #[must_use]
    pub fn draw() -> Self {
        let bytes = Zeroizing::new(rand::random::<[u8; LEN]>());
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// Its text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&*self.0)))
    }

    /// The secret with this text, whatever its length.
    #[cfg(test)]
    pub(super) fn of_text(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// HMAC-SHA-256 of the bytes.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 32] {
        hmac(&self.0, bytes)
    }

    /// Seals it for the database. It opens for this webhook only.
    ///
    /// # Errors
    /// None that a secret can cause.
    pub fn seal(&self, vault: &Vault, webhook: Uuid) -> Result<Vec<u8>, SecretError> {
        let sealed = vault.seal_secret(&Self::place(webhook), &self.0);
        sealed.map_err(|_| SecretError)
    }

    /// Opens what [`Secret::seal`] made.
    ///
    /// # Errors
    /// Other keys, another webhook and changed bytes are refused.
    pub fn open(vault: &Vault, webhook: Uuid, sealed: &[u8]) -> Result<Self, SecretError> {
        let opened = vault.open_secret(&Self::place(webhook), sealed);
        opened.map(Self).map_err(|_| SecretError)
    }

    /// What a sealed secret is bound to.
    #[must_use]
    pub fn place(webhook: Uuid) -> String {
        format!("webhook {webhook}")
    }
}

fn hmac(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    // HMAC pads a short key with zeros to a block. Done here, no length is left that could be refused;
    // the keys here have 32 bytes.
    let mut block = Zeroizing::new([0; BLOCK]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_where_it_was_sealed_and_nowhere_else() {
        let (own, foreign) = (Vault::draw(), Vault::draw());
        let (webhook, other) = (Uuid::now_v7(), Uuid::now_v7());
        let secret = Secret::draw();
        let sealed = secret.seal(&own, webhook).expect("sealed");
        let opened = Secret::open(&own, webhook, &sealed).expect("opened");
        assert_eq!(opened.reveal(), secret.reveal());
        assert!(Secret::open(&foreign, webhook, &sealed).is_err());
        assert!(Secret::open(&own, other, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(Secret::open(&own, webhook, &changed).is_err(), "{at}");
            assert!(Secret::open(&own, webhook, &sealed[..at]).is_err(), "{at}");
        }
        let bytes = &*secret.0;
        assert!(!sealed.windows(LEN).any(|window| window == &bytes[..]));
        assert_ne!(
            sealed,
            secret.seal(&own, webhook).expect("sealed"),
            "fresh IVs"
        );
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let secret = Secret::draw();
        let shown = format!("{secret:?}");
        assert_eq!(shown, "Secret(..)");
        let text = secret.reveal();
        assert!(text.starts_with("whsec_") && text.len() == 6 + 44);
        let again = Secret::of_text(&text).expect("a secret");
        assert_eq!(again.sign(b"x"), secret.sign(b"x"));
        assert_ne!(Secret::draw().sign(b"x"), secret.sign(b"x"));
    }
}
