//! Opening a message whole or in parts.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::aead;
use super::segment_keys::{SegmentKeys, header_tag, segment_aad};
use super::{
    HEADER_LEN, HEADER_TAG_LEN, IV_LEN, Key, LENGTH_LEN, MAX_SEGMENTS, NONCE_LEN, NOT_LAST,
    OpenError, PARAMS_LEN, Params, SEGMENT_OVERHEAD, TAG_LEN,
};

/// Opens the internal segments of one message in any order, from any number of threads.
pub struct Opener {
    keys: SegmentKeys,
}

impl Opener {
    /// Checks a message's header. Whoever gets past this holds the key and associated data the
    /// message was sealed with.
    ///
    /// # Errors
    /// [`OpenError::Header`], [`OpenError::Params`] or [`OpenError::HeaderTag`].
    pub fn new(params: Params, key: &Key, aad: &[u8], header: &[u8]) -> Result<Self, OpenError> {
        let header: &[u8; HEADER_LEN] = header.try_into().map_err(|_| OpenError::Header)?;
        let (encoded, rest) = header.split_at(PARAMS_LEN);
        if encoded != params.encode() {
            let readable = Params::from_header(header).is_ok();
            return Err(if readable {
                OpenError::Params
            } else {
                OpenError::Header
            });
        }
        let (iv, tag) = rest
            .split_first_chunk::<IV_LEN>()
            .ok_or(OpenError::Header)?;
        debug_assert_eq!(tag.len(), HEADER_TAG_LEN, "the header's length was checked");
        if !bool::from(header_tag(params, key, iv, aad).ct_eq(tag)) {
            return Err(OpenError::HeaderTag);
        }
        Ok(Self {
            keys: SegmentKeys::derive(params, key, *iv, aad),
        })
    }

    /// Opens the internal segment at `index`, counted from 0.
    ///
    /// The caller says whether it is the last, from what it knows of the message's length; the
    /// segment itself cannot tell a cut message from a whole one.
    ///
    /// # Errors
    /// A segment that was changed, moved, cut or is (not) the last is refused.
    pub fn open_segment(
        &self,
        index: u64,
        is_last: bool,
        bytes: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let len = bytes.len().saturating_sub(SEGMENT_OVERHEAD);
        let mut plaintext = Zeroizing::new(Vec::with_capacity(len));
        self.append(index, is_last, bytes, &mut plaintext)?;
        Ok(plaintext)
    }

    /// As [`Opener::open_segment`], into memory that the caller uses again: what was in it is
    /// replaced. Empty after an error.
    ///
    /// # Errors
    /// As [`Opener::open_segment`].
    pub fn open_segment_into(
        &self,
        index: u64,
        is_last: bool,
        bytes: &[u8],
        plaintext: &mut Zeroizing<Vec<u8>>,
    ) -> Result<(), OpenError> {
        plaintext.clear();
        let len = bytes.len().saturating_sub(SEGMENT_OVERHEAD);
        if plaintext.capacity() < len {
            // A vector that grows would leave a copy of the plaintext behind.
            *plaintext = Zeroizing::new(Vec::with_capacity(len));
        }
        self.append(index, is_last, bytes, plaintext)
    }

    /// Opens a whole body, given segment by segment; `len` is the sum of their lengths.
    pub(crate) fn open_all<'s>(
        &self,
        segments: impl Iterator<Item = &'s [u8]>,
        len: usize,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        // Reserved once: a vector that grows would leave copies of the plaintext behind.
        let mut plaintext = Zeroizing::new(Vec::with_capacity(len));
        let mut segments = segments.peekable();
        let mut index = 0;
        let mut is_last = false;
        while let Some(segment) = segments.next() {
            is_last = segments.peek().is_none();
            self.append(index, is_last, segment, &mut plaintext)?;
            index += 1;
        }
        if is_last {
            Ok(plaintext)
        } else {
            Err(OpenError::SegmentLength(index))
        }
    }

    /// Appends a segment's plaintext to `out`, which stays as it was on an error.
    fn append(
        &self,
        index: u64,
        is_last: bool,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        if index >= MAX_SEGMENTS || (index == MAX_SEGMENTS - 1 && !is_last) {
            return Err(OpenError::TooManySegments);
        }
        let wrong_length = OpenError::SegmentLength(index);
        let full = self.keys.params().encrypted_segment_len();
        let (length, rest) = bytes
            .split_first_chunk::<LENGTH_LEN>()
            .ok_or(wrong_length)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(wrong_length)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(wrong_length)?;
        let length = u32::from_be_bytes(*length);
        let fits = match is_last {
            true => bytes.len() <= full && u32::try_from(bytes.len()) == Ok(length),
            false => bytes.len() == full && length == NOT_LAST,
        };
        if !fits {
            return Err(wrong_length);
        }

        let start = out.len();
        out.extend_from_slice(ciphertext);
        let opened = out.get_mut(start..).ok_or(wrong_length)?;
        let aad = segment_aad(index, is_last);
        let result = self
            .keys
            .with_cipher(index, |cipher| aead::open(cipher, nonce, &aad, opened, tag));
        if result.is_err() {
            // The tag is checked before anything is decrypted, so no plaintext is left behind.
            out.truncate(start);
            return Err(OpenError::SegmentTag(index));
        }
        Ok(())
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").finish_non_exhaustive()
    }
}
