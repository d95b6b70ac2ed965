//! Small secrets in the database, sealed: whoever has the database alone reads none of them.
//!
//! FLOE under a key that is drawn from the KEK for this purpose only; the place that a secret stands in is bound to it.

use drm::floe::{self, Params};
use hmac::Mac;
use zeroize::Zeroizing;

use super::Keys;
use crate::audit::chain::hmac;
use crate::auth::SecretHash;
use crate::problem::{Problem, Result};

/// The longest secret, bytes.
const LONGEST: usize = 4096;

const PARAMS: Params = match Params::new((LONGEST + floe::SEGMENT_OVERHEAD) as u32) {
    Ok(params) => params,
    Err(_) => panic!("far above the least length"),
};

impl Keys {
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
        floe::seal(PARAMS, &self.vault_key(), place, secret, &mut rand::rng())
            .map_err(Problem::internal)
    }

    /// Opens a secret of this place.
    ///
    /// # Errors
    /// An internal problem when it was sealed with other keys or for another place.
    pub fn open_secret(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        floe::open(PARAMS, &self.vault_key(), place.as_bytes(), sealed).map_err(Problem::internal)
    }

    /// What the database keeps of a code so short that all of them could be tried against a plain hash.
    #[must_use]
    pub fn short_code_hash(&self, code: &[u8]) -> SecretHash {
        let mut mac = hmac(self.kek());
        mac.update(b"dms short code v1\0");
        mac.update(code);
        SecretHash::from_bytes(mac.finalize().into_bytes().into())
    }

    fn vault_key(&self) -> floe::Key {
        let mut mac = hmac(self.kek());
        mac.update(b"dms vault v1");
        floe::Key::from_bytes(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_in_its_place_with_its_keys_only() {
        let (one, other) = (tempfile::tempdir(), tempfile::tempdir());
        let (one, other) = (one.expect("a folder"), other.expect("a folder"));
        let keys = Keys::load(one.path()).expect("keys");
        let foreign = Keys::load(other.path()).expect("keys");
        let sealed = keys.seal_secret("here", b"secret").expect("sealed");
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
        let opened = keys.open_secret("here", &sealed).expect("opened");
        assert_eq!(opened.as_slice(), b"secret");
        assert!(keys.open_secret("there", &sealed).is_err());
        assert!(foreign.open_secret("here", &sealed).is_err());
        assert!(keys.seal_secret("here", &[0; LONGEST + 1]).is_err());
    }
}
