//! Sealing one segment of a track: a FLOE message cut into chunks.
//!
//! The internal segments of the message are sized so that the header and the first of them make
//! one chunk of [`MAX_CHUNK_LEN`] bytes and each further one makes a chunk. A chunk can therefore
//! be opened as soon as it and the first chunk's header are there.

use minicbor::Encode;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{cbor, floe, key::TrackKey};

pub use crate::floe::{OpenError, SealError};

/// The greatest length of a chunk, bytes.
pub const MAX_CHUNK_LEN: usize = 1 << 20;

/// FLOE with internal segments of 1,048,502 bytes.
pub const PARAMS: floe::Params = match floe::Params::new((MAX_CHUNK_LEN - floe::HEADER_LEN) as u32)
{
    Ok(params) => params,
    Err(_) => panic!("the segment parameters are in range"),
};

/// Where a segment belongs. Its sealed form opens in no other place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentContext<'a> {
    /// The company the title belongs to.
    pub tenant: &'a str,
    /// The title.
    pub title: [u8; 16],
    /// The title version.
    pub version: u64,
    /// The track, unique in the title version.
    pub track: u16,
    /// The segment's index in its track, counted from 0.
    pub segment: u32,
}

#[derive(Encode)]
#[cbor(array)]
struct SegmentAad<'a> {
    #[n(0)]
    format: u8,
    #[n(1)]
    tenant: &'a str,
    #[cbor(n(2), with = "minicbor::bytes")]
    title: [u8; 16],
    #[n(3)]
    version: u64,
    #[n(4)]
    track: u16,
    #[n(5)]
    segment: u32,
}

impl SegmentContext<'_> {
    /// The associated data: the CBOR array `[1, tenant, title, version, track, segment]`.
    #[must_use]
    pub fn aad(&self) -> Vec<u8> {
        cbor::to_vec(&SegmentAad {
            format: 1,
            tenant: self.tenant,
            title: self.title,
            version: self.version,
            track: self.track,
            segment: self.segment,
        })
    }
}

/// Seals a segment into its chunks, in order. Sealing the same segment again draws a new IV and
/// new nonces, so the chunks differ every time.
///
/// # Errors
/// [`SealError::TooManySegments`] for more than 2^40 chunks.
pub fn seal(
    key: &TrackKey,
    context: &SegmentContext<'_>,
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<Vec<u8>>, SealError> {
    let (mut sealer, header) = floe::Sealer::start(PARAMS, key.as_floe(), &context.aad(), rng);
    let mut chunks = Vec::new();
    let mut chunk = Vec::with_capacity(first_chunk_len(plaintext.len()));
    chunk.extend_from_slice(&header);
    let mut rest = plaintext;
    while let Some((segment, after)) = floe::split_internal(PARAMS, rest) {
        sealer.seal_segment(segment, &mut chunk, rng)?;
        chunks.push(std::mem::take(&mut chunk));
        rest = after;
    }
    sealer.seal_last(rest, &mut chunk, rng)?;
    chunks.push(chunk);
    Ok(chunks)
}

fn first_chunk_len(plain_len: usize) -> usize {
    plain_len.min(PARAMS.plain_segment_len()) + floe::SEGMENT_OVERHEAD + floe::HEADER_LEN
}

/// Opens a segment from all its chunks, in order.
///
/// # Errors
/// A changed, missing, repeated or reordered chunk, another key and another context are refused.
pub fn open(
    key: &TrackKey,
    context: &SegmentContext<'_>,
    chunks: &[impl AsRef<[u8]>],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (first, further) = chunks.split_first().ok_or(OpenError::Header)?;
    let (header, first) = first
        .as_ref()
        .split_at_checked(floe::HEADER_LEN)
        .ok_or(OpenError::Header)?;
    let opener = opener(key, context, header)?;
    let segments = std::iter::once(first).chain(further.iter().map(AsRef::as_ref));
    opener.open_all(segments.clone(), segments.map(<[u8]>::len).sum())
}

/// Opens a segment from its chunks concatenated.
///
/// # Errors
/// As [`open`].
pub fn open_message(
    key: &TrackKey,
    context: &SegmentContext<'_>,
    message: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    floe::open(PARAMS, key.as_floe(), &context.aad(), message)
}

/// Opens a segment chunk by chunk: chunk `i` without the header is internal segment `i`.
///
/// # Errors
/// As [`floe::Opener::new`].
pub fn opener(
    key: &TrackKey,
    context: &SegmentContext<'_>,
    header: &[u8],
) -> Result<floe::Opener, OpenError> {
    floe::Opener::new(PARAMS, key.as_floe(), &context.aad(), header)
}

#[cfg(test)]
mod tests;
