//! One KEK in use: it wraps title keys, and a key drawn from it seals small secrets in the database. Whoever has the
//! database alone reads none of them.
//!
//! Both are FLOE; the place that something stands in is bound to it.

use drm::floe::{self, Params};
use drm::key::{Kek, KekId, TitleKey, UnwrapError, WrapContext};
use hmac::Mac;
use zeroize::Zeroizing;

use crate::audit::chain::hmac;
use crate::auth::SecretHash;
use crate::problem::{Problem, Result};

/// The longest secret, bytes.
const LONGEST: usize = 4096;

const PARAMS: Params = match Params::new((LONGEST + floe::SEGMENT_OVERHEAD) as u32) {
    Ok(params) => params,
    Err(_) => panic!("far above the least length"),
};

/// A KEK and the key of small secrets that it leads to. Its `Debug` shows neither.
#[derive(Debug)]
pub struct Vault {
    kek: Kek,
    id: KekId,
    secrets: floe::Key,
}

impl Vault {
    /// Of this KEK.
    #[must_use]
    pub fn of(kek: Kek) -> Self {
        let mut mac = hmac(&kek.to_bytes());
        mac.update(b"dms vault v1");
        Self {
            id: kek.id(),
            secrets: floe::Key::from_bytes(mac.finalize().into_bytes().into()),
            kek,
        }
    }

    /// The KEK's name.
    #[must_use]
    pub fn id(&self) -> KekId {
        self.id
    }

    pub(super) fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.kek.to_bytes()
    }

    /// Wraps a title key.
    ///
    /// # Errors
    /// None that a title key can cause.
    pub fn wrap(
        &self,
        key: &TitleKey,
        place: &WrapContext<'_>,
    ) -> std::result::Result<Vec<u8>, floe::SealError> {
        self.kek.wrap(key, place, &mut rand::rng())
    }

    /// Opens what [`Vault::wrap`] made.
    ///
    /// # Errors
    /// Another KEK, another place and changed bytes are refused.
    pub fn unwrap(
        &self,
        wrapped: &[u8],
        place: &WrapContext<'_>,
    ) -> std::result::Result<TitleKey, UnwrapError> {
        self.kek.unwrap(wrapped, place)
    }

    /// Seals a secret for one place.
    ///
    /// # Errors
    /// An internal problem when it is too long.
    pub fn seal_secret(&self, place: &str, secret: &[u8]) -> Result<Vec<u8>> {
        if secret.len() > LONGEST {
            return Err(Problem::internal(format!(
                "a secret of {} bytes",
                secret.len()
            )));
        }
        let place = place.as_bytes();
        floe::seal(PARAMS, &self.secrets, place, secret, &mut rand::rng())
            .map_err(Problem::internal)
    }

    /// Opens a secret of this place.
    ///
    /// # Errors
    /// An internal problem when it was sealed with another key or for another place.
    pub fn open_secret(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        floe::open(PARAMS, &self.secrets, place.as_bytes(), sealed).map_err(Problem::internal)
    }

    /// What the database keeps of a code so short that all of them could be tried against a plain hash.
    #[must_use]
    pub fn short_code_hash(&self, code: &[u8]) -> SecretHash {
        let mut mac = hmac(&self.kek.to_bytes());
        mac.update(b"dms short code v1\0");
        mac.update(code);
        SecretHash::from_bytes(mac.finalize().into_bytes().into())
    }

    /// One for a test.
    #[cfg(test)]
    pub(crate) fn draw() -> Self {
        Self::of(Kek::generate(&mut rand::rng()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_in_its_place_with_its_key_only() {
        let (own, foreign) = (Vault::draw(), Vault::draw());
        let sealed = own.seal_secret("here", b"secret").expect("sealed");
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
        let opened = own.open_secret("here", &sealed).expect("opened");
        assert_eq!(opened.as_slice(), b"secret");
        assert!(own.open_secret("there", &sealed).is_err());
        assert!(foreign.open_secret("here", &sealed).is_err());
        assert!(own.seal_secret("here", &[0; LONGEST + 1]).is_err());
    }
}
