//! FLOE: sealing long messages with AES-256-GCM so that any part can be opened on its own.
//!
//! Written after the specification of C2SP and Snowflake (`FLOE.md`), with its only parameter set:
//! AES-256-GCM, HKDF-Expand-SHA-384, a random 32-byte IV per message. The published files of five
//! independent implementations open in this crate's tests.
//!
//! A message is a [`HEADER_LEN`]-byte header and one or more *internal segments*, all
//! [`Params::encrypted_segment_len`] bytes but the last, which may be shorter:
//!
//! ```text
//! header  = 0 || 0 || segment length (4) || 32 (4) || IV (32) || header tag (32)
//! segment = 0xFFFFFFFF or, if last, its own length (4) || nonce (12) || ciphertext || tag (16)
//! ```
//!
//! The header tag commits to key, IV and associated data; each segment's tag binds its position and
//! whether it is the last. What FLOE's random access cannot know is how many segments a message
//! has: [`open`] refuses every truncation, [`Opener::open_segment`] trusts its caller's `is_last`.

mod aead;
mod opener;
mod sealer;
mod segment_keys;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use opener::Opener;
pub use sealer::Sealer;

/// Length of a message's header, bytes.
pub const HEADER_LEN: usize = PARAMS_LEN + IV_LEN + HEADER_TAG_LEN;
/// What one internal segment adds to its plaintext, bytes.
pub const SEGMENT_OVERHEAD: usize = LENGTH_LEN + NONCE_LEN + TAG_LEN;
/// The most internal segments one message may have.
pub const MAX_SEGMENTS: u64 = 1 << 40;
/// 2^20 segments share one AES key: the specification's figure for AES-256-GCM.
const ROTATION_MASK: u8 = 20;

const PARAMS_LEN: usize = 10;
const IV_LEN: usize = 32;
const HEADER_TAG_LEN: usize = 32;
const LENGTH_LEN: usize = 4;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Length field of every internal segment but the last.
const NOT_LAST: u32 = u32::MAX;

/// A key for FLOE messages: 32 uniformly random bytes.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes 32 uniformly random bytes; never a password or a hash of one.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Self([0; 32]);
        rng.fill_bytes(&mut key.0);
        key
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("floe::Key(..)")
    }
}

/// Why a segment length cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an encrypted segment length of {0} bytes is out of range (33 to 4294967294)")]
pub struct ParamsError(pub u32);

/// What sealer and opener must agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    encrypted_segment_len: u32,
    rotation_mask: u8,
}

impl Params {
    /// Internal segments of `encrypted_segment_len` bytes, [`SEGMENT_OVERHEAD`] included.
    ///
    /// # Errors
    /// Below 33 bytes nothing fits; 2^32 - 1 is the mark of a segment that is not the last.
    pub const fn new(encrypted_segment_len: u32) -> Result<Self, ParamsError> {
        if encrypted_segment_len <= SEGMENT_OVERHEAD as u32 || encrypted_segment_len == NOT_LAST {
            return Err(ParamsError(encrypted_segment_len));
        }
        Ok(Self {
            encrypted_segment_len,
            rotation_mask: ROTATION_MASK,
        })
    }

    /// The parameters a message says it was sealed with. Use it only to look at messages of
    /// others: a receiver that knows what to expect passes its own [`Params`].
    ///
    /// # Errors
    /// [`OpenError::Header`] if this is no header of FLOE's parameter set.
    pub fn from_header(header: &[u8]) -> Result<Self, OpenError> {
        let (encoded, _) = header
            .split_first_chunk::<PARAMS_LEN>()
            .ok_or(OpenError::Header)?;
        let [_, _, a, b, c, d, ..] = *encoded;
        let len = u32::from_be_bytes([a, b, c, d]);
        let params = Self::new(len).map_err(|_| OpenError::Header)?;
        if params.encode() != *encoded {
            return Err(OpenError::Header);
        }
        Ok(params)
    }

    /// Changes the AES key every 2^`mask` segments instead of every 2^20. Only the published
    /// `rotation` vectors use it.
    #[cfg(any(test, feature = "floe-vectors"))]
    #[must_use]
    pub fn with_rotation_mask(self, mask: u8) -> Self {
        Self {
            rotation_mask: mask.min(ROTATION_MASK),
            ..self
        }
    }

    /// Length of every internal segment but the last, bytes.
    #[must_use]
    pub const fn encrypted_segment_len(self) -> usize {
        self.encrypted_segment_len as usize
    }

    /// Plaintext in every internal segment but the last, bytes; the last holds at most as much.
    #[must_use]
    pub const fn plain_segment_len(self) -> usize {
        self.encrypted_segment_len() - SEGMENT_OVERHEAD
    }

    /// Internal segments of a message with this much plaintext; at least 1.
    #[must_use]
    pub const fn segment_count(self, plain_len: u64) -> u64 {
        let count = plain_len.div_ceil(self.plain_segment_len() as u64);
        if count == 0 { 1 } else { count }
    }

    /// Length of the message that [`seal`] makes of this much plaintext, bytes.
    #[must_use]
    pub const fn sealed_len(self, plain_len: u64) -> u64 {
        let overhead = self
            .segment_count(plain_len)
            .saturating_mul(SEGMENT_OVERHEAD as u64);
        plain_len
            .saturating_add(overhead)
            .saturating_add(HEADER_LEN as u64)
    }

    fn encode(self) -> [u8; PARAMS_LEN] {
        let [a, b, c, d] = self.encrypted_segment_len.to_be_bytes();
        [0, 0, a, b, c, d, 0, 0, 0, IV_LEN as u8]
    }
}

/// Why sealing stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The message has used all its internal segments; start another message.
    #[error("a message has at most 2^40 internal segments")]
    TooManySegments,
    /// The plaintext handed in has not the length this position demands.
    #[error("an internal segment takes {expected} bytes of plaintext, not {actual}")]
    SegmentLength {
        /// The exact length for an internal segment, the greatest for the last.
        expected: usize,
        /// What was handed in.
        actual: usize,
    },
    /// AES-GCM refused the input, which its limits rule out for every valid length.
    #[error("AES-GCM refused to seal")]
    Cipher,
}

/// Why a message was not opened. Nothing of its content is ever returned with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The header is cut short or no FLOE header.
    #[error("not a FLOE header")]
    Header,
    /// The message was sealed with other parameters than the receiver expects.
    #[error("the message was sealed with other parameters")]
    Params,
    /// Wrong key or associated data, or the header was changed.
    #[error("wrong key or context, or a damaged header")]
    HeaderTag,
    /// An internal segment's length does not fit its place: cut, extended or out of order.
    #[error("internal segment {0} has the wrong length: the message is cut, extended or reordered")]
    SegmentLength(u64),
    /// An internal segment was changed or moved.
    #[error("internal segment {0} was changed or moved")]
    SegmentTag(u64),
    /// The position lies beyond the greatest one FLOE allows.
    #[error("a message has at most 2^40 internal segments")]
    TooManySegments,
}

/// Seals `plaintext` into one message. `aad` is bound to it but not part of it.
///
/// # Errors
/// [`SealError::TooManySegments`] beyond 2^40 internal segments.
pub fn seal(
    params: Params,
    key: &Key,
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let len = params.sealed_len(plaintext.len() as u64);
    let mut message = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    let (mut sealer, header) = Sealer::start(params, key, aad, rng);
    message.extend_from_slice(&header);
    let mut rest = plaintext;
    while let Some((segment, after)) = split_internal(params, rest) {
        sealer.seal_segment(segment, &mut message, rng)?;
        rest = after;
    }
    sealer.seal_last(rest, &mut message, rng)?;
    Ok(message)
}

/// Splits off the plaintext of an internal segment if more follows it.
pub(crate) fn split_internal(params: Params, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (segment, after) = rest.split_at_checked(params.plain_segment_len())?;
    (!after.is_empty()).then_some((segment, after))
}

/// Opens a whole message; all of it is checked before any of it is returned.
///
/// # Errors
/// Every change, truncation or extension, another key, other `aad` and other `params` are refused.
pub fn open(
    params: Params,
    key: &Key,
    aad: &[u8],
    message: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (header, body) = message
        .split_at_checked(HEADER_LEN)
        .ok_or(OpenError::Header)?;
    let opener = Opener::new(params, key, aad, header)?;
    opener.open_all(body.chunks(params.encrypted_segment_len()), body.len())
}
