//! The checksum a client sends with a piece, and its computation while the piece arrives.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::refusal::Refusal;

/// The algorithms, as `Tus-Checksum-Algorithm` names them. SHA-1 is there because the protocol
/// demands it; it guards against accidents, never against an adversary.
pub const ALGORITHMS: &str = "sha256,sha1";

/// What a piece must hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256.
    Sha256([u8; 32]),
    /// SHA-1.
    Sha1([u8; 20]),
}

impl Checksum {
    /// The digest of the named algorithm.
    ///
    /// # Errors
    /// [`Refusal::ChecksumAlgorithm`] for a name that is not in [`ALGORITHMS`], and
    /// [`Refusal::Header`] for a digest of the wrong length.
    pub fn new(algorithm: &str, digest: &[u8]) -> Result<Self, Refusal> {
        let wrong_length = |_| Refusal::Header("Upload-Checksum");
        match algorithm {
            "sha256" => digest.try_into().map(Self::Sha256).map_err(wrong_length),
            "sha1" => digest.try_into().map(Self::Sha1).map_err(wrong_length),
            _ => Err(Refusal::ChecksumAlgorithm),
        }
    }

    /// A computation of the same algorithm.
    #[must_use]
    pub fn hasher(&self) -> Hasher {
        match self {
            Self::Sha256(_) => Hasher::Sha256(Sha256::new()),
            Self::Sha1(_) => Hasher::Sha1(Sha1::new()),
        }
    }

    /// Does the computation end in this digest?
    #[must_use]
    pub fn matches(&self, hasher: Hasher) -> bool {
        match (self, hasher) {
            (Self::Sha256(want), Hasher::Sha256(h)) => want[..].ct_eq(&h.finalize()[..]).into(),
            (Self::Sha1(want), Hasher::Sha1(h)) => want[..].ct_eq(&h.finalize()[..]).into(),
            _ => false,
        }
    }
}

/// A computation that is under way.
pub enum Hasher {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-1.
    Sha1(Sha1),
}

impl Hasher {
    /// Takes the bytes that came next.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(h) => h.update(bytes),
            Self::Sha1(h) => h.update(bytes),
        }
    }
}
