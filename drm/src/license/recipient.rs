//! The key pair a licence is sealed to: X25519 in HPKE (RFC 9180).

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::AesGcm256, kdf::HkdfSha256,
    kem::X25519HkdfSha256, single_shot_open, single_shot_seal_with_rng,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

type Kem = X25519HkdfSha256;

/// Why bytes or a text are no recipient key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an X25519 key: 32 bytes, as base64url without padding in text, were expected")]
pub struct RecipientKeyError;

/// Whom a licence is for. Its text form is base64url without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct RecipientPublicKey([u8; 32]);

impl RecipientPublicKey {
    /// Takes an X25519 public key.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The X25519 public key.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// SHA-256 of the public key: how a licence names its recipient.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// Seals to this key; `None` if it is one of the points that give no secret.
    pub(super) fn seal(
        &self,
        info: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Option<([u8; 32], Vec<u8>)> {
        let key = <Kem as hpke::Kem>::PublicKey::from_bytes(&self.0).ok()?;
        let (encapsulated, ciphertext) = single_shot_seal_with_rng::<AesGcm256, HkdfSha256, Kem>(
            &OpModeS::Base,
            &key,
            info,
            plaintext,
            &[],
            rng,
        )
        .ok()?;
        Some((encapsulated.to_bytes().into(), ciphertext))
    }
}

impl FromStr for RecipientPublicKey {
    type Err = RecipientKeyError;

    fn from_str(text: &str) -> Result<Self, RecipientKeyError> {
        // 32 bytes are 43 digits; the check also bounds what is decoded.
        if text.len() != 43 {
            return Err(RecipientKeyError);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| RecipientKeyError)?;
        bytes.try_into().map(Self).map_err(|_| RecipientKeyError)
    }
}

impl fmt::Display for RecipientPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for RecipientPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientPublicKey({self})")
    }
}

impl Serialize for RecipientPublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecipientPublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// The device's (or a playing session's) key pair; opens licences sealed to it. Zeroed when dropped.
pub struct RecipientKeyPair {
    private: <Kem as hpke::Kem>::PrivateKey,
    public: RecipientPublicKey,
}

impl RecipientKeyPair {
    /// A new key pair.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let (private, public) = Kem::gen_keypair_with_rng(rng);
        Self {
            private,
            public: RecipientPublicKey(public.to_bytes().into()),
        }
    }

    /// Takes a private key that [`RecipientKeyPair::to_bytes`] gave.
    ///
    /// # Errors
    /// None for bytes that came from there.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, RecipientKeyError> {
        let private =
            <Kem as hpke::Kem>::PrivateKey::from_bytes(bytes).map_err(|_| RecipientKeyError)?;
        let public = RecipientPublicKey(Kem::sk_to_pk(&private).to_bytes().into());
        Ok(Self { private, public })
    }

    /// The private key, to be stored where only its owner can read it.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.private.write_exact(bytes.as_mut_slice());
        bytes
    }

    /// The key to ask for a licence with.
    #[must_use]
    pub fn public(&self) -> &RecipientPublicKey {
        &self.public
    }

    /// Opens what was sealed to this pair's public key.
    pub(super) fn open(
        &self,
        encapsulated_key: &[u8; 32],
        info: &[u8],
        ciphertext: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulated_key).ok()?;
        single_shot_open::<AesGcm256, HkdfSha256, Kem>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            info,
            ciphertext,
            &[],
        )
        .ok()
        .map(Zeroizing::new)
    }
}

impl fmt::Debug for RecipientKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientKeyPair({}, ..)", self.public)
    }
}

#[cfg(test)]
mod tests;
