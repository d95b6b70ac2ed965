//! The keys and how one leads to the next: KEK wraps title key, title key derives track keys.
//!
//! A licence carries track keys only, so whoever may see one rendition can derive no other.
//! Keys are zeroed when dropped, never shown by `Debug`, and compared in constant time.

use std::fmt;

use minicbor::Encode;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{cbor, floe, kdf};

/// Length of a wrapped title key, bytes.
pub const WRAPPED_LEN: usize = floe::HEADER_LEN + WRAP_SEGMENT_LEN;
/// A title key fills one internal segment.
const WRAP_SEGMENT_LEN: usize = TITLE_KEY_LEN + floe::SEGMENT_OVERHEAD;
const TITLE_KEY_LEN: usize = 32;

/// Wrapping is FLOE with segments of just one key.
const WRAP_PARAMS: floe::Params = match floe::Params::new(WRAP_SEGMENT_LEN as u32) {
    Ok(params) => params,
    Err(_) => panic!("the wrapping parameters are in range"),
};

/// Why a wrapped title key was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnwrapError {
    /// These bytes are no wrapped title key.
    #[error("not a wrapped title key")]
    Malformed,
    /// Another KEK wrapped it, it belongs to another title version, or it was changed.
    #[error("the title key was wrapped by another KEK or for another title, or it was changed")]
    Refused,
}

/// What a wrapped title key is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrapContext<'a> {
    /// The company the title belongs to.
    pub tenant: &'a str,
    /// The title.
    pub title: [u8; 16],
    /// The title version whose key it is.
    pub version: u64,
}

#[derive(Encode)]
#[cbor(array)]
struct WrapAad<'a> {
    #[n(0)]
    label: &'a str,
    #[n(1)]
    tenant: &'a str,
    #[cbor(n(2), with = "minicbor::bytes")]
    title: [u8; 16],
    #[n(3)]
    version: u64,
}

impl WrapContext<'_> {
    fn aad(&self) -> Vec<u8> {
        cbor::to_vec(&WrapAad {
            label: "dms title key v1",
            tenant: self.tenant,
            title: self.title,
            version: self.version,
        })
    }
}

/// Names a KEK without telling anything about it. Shown as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KekId(pub [u8; 8]);

impl fmt::Display for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The key encryption key: the one secret the DMS holds outside its database.
#[derive(PartialEq, Eq)]
pub struct Kek(floe::Key);

impl Kek {
    /// Takes 32 uniformly random bytes from a key file or a KMS.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(floe::Key::from_bytes(bytes))
    }

    /// A new KEK.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(floe::Key::generate(rng))
    }

    /// The bytes to store in a key file that only the DMS can read.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.0.as_bytes())
    }

    /// The name to store next to what this KEK wraps.
    #[must_use]
    pub fn id(&self) -> KekId {
        KekId(kdf::expand(self.0.as_bytes(), &[b"dms kek id v1"]))
    }

    /// Wraps a title key for storage: [`WRAPPED_LEN`] bytes.
    ///
    /// # Errors
    /// None that a title key can cause; see [`floe::seal`].
    pub fn wrap(
        &self,
        title_key: &TitleKey,
        context: &WrapContext<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, floe::SealError> {
        floe::seal(WRAP_PARAMS, &self.0, &context.aad(), &title_key.0, rng)
    }

    /// Opens what [`Kek::wrap`] made for the same context.
    ///
    /// # Errors
    /// Another KEK, another context and changed bytes are refused.
    pub fn unwrap(
        &self,
        wrapped: &[u8],
        context: &WrapContext<'_>,
    ) -> Result<TitleKey, UnwrapError> {
        if wrapped.len() != WRAPPED_LEN {
            return Err(UnwrapError::Malformed);
        }
        let opened = floe::open(WRAP_PARAMS, &self.0, &context.aad(), wrapped).map_err(
            |error| match error {
                floe::OpenError::Header | floe::OpenError::Params => UnwrapError::Malformed,
                _ => UnwrapError::Refused,
            },
        )?;
        let key = opened
            .as_slice()
            .try_into()
            .map_err(|_| UnwrapError::Malformed)?;
        Ok(TitleKey(key))
    }
}

/// The secret of one title version; it never leaves the DMS.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct TitleKey([u8; TITLE_KEY_LEN]);

impl TitleKey {
    /// A new title key. Every version of a title gets its own.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Self([0; TITLE_KEY_LEN]);
        rng.fill_bytes(&mut key.0);
        key
    }

    /// Derives the key of one track.
    #[must_use]
    pub fn track(&self, track: u16) -> TrackKey {
        let key = Zeroizing::new(kdf::expand(
            &self.0,
            &[b"dms track v1", &track.to_be_bytes()],
        ));
        TrackKey::from_bytes(*key)
    }
}

impl PartialEq for TitleKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TitleKey {}

/// Seals and opens the segments of one track; what a licence hands out.
#[derive(PartialEq, Eq)]
pub struct TrackKey(floe::Key);

impl TrackKey {
    /// Takes a track key that was handed over some other way than in a licence.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(floe::Key::from_bytes(bytes))
    }

    pub(crate) fn as_floe(&self) -> &floe::Key {
        &self.0
    }
}

macro_rules! redact {
    ($($key:ident),*) => {$(
        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($key), "(..)"))
            }
        }
    )*};
}
redact!(Kek, TitleKey, TrackKey);

#[cfg(test)]
mod tests;
