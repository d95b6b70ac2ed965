//! The DMS's side: stating a grant, sealing the keys, signing both.

use rand_core::CryptoRng;

use super::{
    MAX_TRACKS,
    claims::{Claims, hpke_info},
    cose,
    recipient::RecipientPublicKey,
    signer::SigningKey,
    track_keys,
};
use crate::key::TrackKey;

/// What a licence says: who may play what, where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Unique among all licences.
    pub license_id: [u8; 16],
    /// The company the title belongs to.
    pub tenant: String,
    /// The title.
    pub title: [u8; 16],
    /// The title version.
    pub version: u64,
    /// The enrolled device; zeros when a page's key plays the device.
    pub device: [u8; 16],
    /// The person, as the DMS names them.
    pub subject: String,
    /// When the DMS signed it, milliseconds since the Unix epoch.
    pub issued_ms: u64,
    /// First moment of validity, milliseconds since the Unix epoch. The DMS sets it a little before
    /// `issued_ms`, for devices whose clock is slow.
    pub not_before_ms: u64,
    /// First moment after validity, milliseconds since the Unix epoch.
    pub not_after_ms: u64,
    /// First moment from which it no longer opens anything without contact to the DMS, milliseconds
    /// since the Unix epoch; at most `not_after_ms`.
    pub offline_until_ms: u64,
    /// Whether clear HLS may be served to players that are not ours.
    pub third_party_players: bool,
}

/// Why no licence was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// Not before, offline until and not after must follow one another.
    #[error(
        "the licence's times are out of order: not before < not after, offline until <= not after"
    )]
    Times,
    /// Tenant or subject is too long.
    #[error("tenant and subject may have at most {} bytes", super::MAX_TEXT_LEN)]
    TextTooLong,
    /// No tracks, too many, or one named twice.
    #[error("a licence takes 1 to {MAX_TRACKS} different tracks")]
    Tracks,
    /// The recipient's key is one of the few that give no secret.
    #[error("the recipient's key is not usable: make a new X25519 key pair")]
    RecipientKey,
    /// The signed licence could not be written.
    #[error("the licence could not be encoded")]
    Encoding,
}

/// Issues a licence: seals `track_keys` to `recipient` and signs the whole.
///
/// # Errors
/// See [`IssueError`].
pub fn issue(
    grant: &Grant,
    recipient: &RecipientPublicKey,
    track_keys: &[(u16, &TrackKey)],
    signer: &SigningKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, IssueError> {
    if !grant.times_in_order() {
        return Err(IssueError::Times);
    }
    if !grant.texts_fit() {
        return Err(IssueError::TextTooLong);
    }
    let mut track_keys = track_keys.to_vec();
    track_keys.sort_by_key(|(track, _)| *track);
    let tracks: Vec<u16> = track_keys.iter().map(|(track, _)| *track).collect();
    if tracks.is_empty() || tracks.len() > MAX_TRACKS || !tracks.is_sorted_by(|a, b| a < b) {
        return Err(IssueError::Tracks);
    }
    let keys = track_keys::encode(&track_keys);
    let (encapsulated_key, sealed_keys) = recipient
        .seal(&hpke_info(grant), &keys, rng)
        .ok_or(IssueError::RecipientKey)?;
    let claims = Claims::new(
        grant,
        recipient.hash(),
        tracks,
        encapsulated_key,
        sealed_keys,
    );
    cose::sign(claims.to_bytes(), signer).ok_or(IssueError::Encoding)
}

impl Grant {
    pub(super) fn times_in_order(&self) -> bool {
        self.not_before_ms < self.not_after_ms && self.offline_until_ms <= self.not_after_ms
    }
}
