//! Sealing a message piece by piece.

use std::fmt;

use rand_core::CryptoRng;

use super::aead;
use super::segment_keys::{SegmentKeys, header_tag, segment_aad};
use super::{
    HEADER_LEN, IV_LEN, Key, LENGTH_LEN, MAX_SEGMENTS, NONCE_LEN, NOT_LAST, PARAMS_LEN, Params,
    SEGMENT_OVERHEAD, SealError,
};

/// Seals one message in order. [`Sealer::seal_last`] consumes it, so nothing follows the end and
/// no position is sealed twice.
pub struct Sealer {
    keys: SegmentKeys,
    next: u64,
}

impl Sealer {
    /// Starts a message under a fresh IV and returns its header.
    pub fn start(
        params: Params,
        key: &Key,
        aad: &[u8],
        rng: &mut impl CryptoRng,
    ) -> (Self, [u8; HEADER_LEN]) {
        let mut iv = [0; IV_LEN];
        rng.fill_bytes(&mut iv);
        let mut header = [0; HEADER_LEN];
        let (encoded, rest) = header.split_at_mut(PARAMS_LEN);
        let (header_iv, tag) = rest.split_at_mut(IV_LEN);
        encoded.copy_from_slice(&params.encode());
        header_iv.copy_from_slice(&iv);
        tag.copy_from_slice(&header_tag(params, key, &iv, aad));
        (
            Self {
                keys: SegmentKeys::derive(params, key, iv, aad),
                next: 0,
            },
            header,
        )
    }

    /// Seals the next internal segment, which is not the last, and appends it to `out`.
    ///
    /// # Errors
    /// `plaintext` must have exactly [`Params::plain_segment_len`] bytes.
    pub fn seal_segment(
        &mut self,
        plaintext: &[u8],
        out: &mut Vec<u8>,
        rng: &mut impl CryptoRng,
    ) -> Result<(), SealError> {
        let expected = self.keys.params().plain_segment_len();
        if plaintext.len() != expected {
            return Err(SealError::SegmentLength {
                expected,
                actual: plaintext.len(),
            });
        }
        if self.next >= MAX_SEGMENTS - 1 {
            return Err(SealError::TooManySegments);
        }
        self.append(plaintext, NOT_LAST, out, rng)?;
        self.next += 1;
        Ok(())
    }

    /// Seals the last internal segment, which may be empty, and appends it to `out`.
    ///
    /// # Errors
    /// `plaintext` may have at most [`Params::plain_segment_len`] bytes.
    pub fn seal_last(
        self,
        plaintext: &[u8],
        out: &mut Vec<u8>,
        rng: &mut impl CryptoRng,
    ) -> Result<(), SealError> {
        let expected = self.keys.params().plain_segment_len();
        let actual = plaintext.len();
        if actual > expected {
            return Err(SealError::SegmentLength { expected, actual });
        }
        let len = u32::try_from(actual + SEGMENT_OVERHEAD)
            .map_err(|_| SealError::SegmentLength { expected, actual })?;
        self.append(plaintext, len, out, rng)
    }

    fn append(
        &self,
        plaintext: &[u8],
        length: u32,
        out: &mut Vec<u8>,
        rng: &mut impl CryptoRng,
    ) -> Result<(), SealError> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let start = out.len();
        out.reserve(plaintext.len() + SEGMENT_OVERHEAD);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plaintext);
        let aad = segment_aad(self.next, length != NOT_LAST);
        let tag = out
            .get_mut(start + LENGTH_LEN + NONCE_LEN..)
            .ok_or(aead::Refused)
            .and_then(|sealed| {
                let position = self.next;
                self.keys
                    .with_cipher(position, |cipher| aead::seal(cipher, &nonce, &aad, sealed))
            });
        let Ok(tag) = tag else {
            out.truncate(start);
            return Err(SealError::Cipher);
        };
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// Moves on as if `next` segments had been sealed.
    #[cfg(test)]
    pub(super) fn skip_to(&mut self, next: u64) {
        self.next = next;
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
