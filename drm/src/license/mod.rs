//! Licences: track keys for one recipient, signed by the DMS and bounded in time.
//!
//! The keys are sealed to the recipient's X25519 key with HPKE (RFC 9180, base mode, HKDF-SHA256,
//! AES-256-GCM); around them stands a COSE_Sign1 (RFC 9052) with Ed25519.
//!
//! **Invariant:** only [`verify()`] makes a [`VerifiedLicense`], and only a [`VerifiedLicense`]
//! gives out keys: nothing is played whose signature, place and time were not checked.

mod claims;
mod cose;
mod issue;
mod recipient;
mod request;
mod signer;
mod track_keys;
mod verify;

#[cfg(test)]
mod tests;

pub use issue::{Grant, IssueError, issue};
pub use recipient::{RecipientKeyError, RecipientKeyPair, RecipientPublicKey};
pub use request::{LicenseRequest, PersonSecret};
pub use signer::{SigningKey, SigningKeyError, VerifyingKey, VerifyingKeyError};
pub use track_keys::TrackKeys;
pub use verify::{Contact, Expect, LicenseError, OpenError, VerifiedLicense, verify};

/// The greatest length of a licence, bytes.
pub const MAX_LICENSE_LEN: usize = 32 * 1024;
/// The most tracks one licence opens.
pub const MAX_TRACKS: usize = 512;
/// The greatest length of a licence's tenant and subject, bytes of UTF-8.
pub const MAX_TEXT_LEN: usize = 512;
