//! The signed list of what a title version consists of.
//!
//! A manifest is deterministic CBOR (RFC 8949 section 4.2.1: integer keys ascending, shortest
//! forms, definite lengths) inside a COSE_Sign1 (RFC 9052) with Ed25519.

use minicbor::{CborLen, Decode, Encode};

use super::id::{ChunkRef, TitleId, TrackId};

mod limits;
mod signature;

pub use limits::{
    MAX_BREAK_MS, MAX_BREAKS, MAX_CHUNKS, MAX_SCTE35_LEN, MAX_SEGMENTS, MAX_SKEW_MS, MAX_TEXT_LEN,
    MAX_TRACKS, MAX_VERSION_LEAP,
};
pub use signature::Expect;

/// What a title is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum TitleKind {
    /// Something to watch or hear.
    #[n(0)]
    Video,
    /// Something to save: one track of kind [`TrackKind::File`].
    #[n(1)]
    File,
}

/// The list of tracks, segments and chunks of one version of a title.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Manifest {
    /// Format number, [`Manifest::FORMAT`].
    #[n(0)]
    pub format: u8,
    /// The company this title belongs to.
    #[n(1)]
    pub tenant: String,
    /// The title.
    #[n(2)]
    pub title: TitleId,
    /// Grows with every publication of the title; never shrinks.
    #[n(3)]
    pub version: u64,
    /// What the title is.
    #[n(4)]
    pub kind: TitleKind,
    /// When this manifest was signed, milliseconds since the Unix epoch.
    #[n(5)]
    pub created_ms: u64,
    /// When this manifest stops being valid, milliseconds since the Unix epoch.
    #[n(6)]
    pub expires_ms: u64,
    /// Playing time, milliseconds; 0 for a file.
    #[n(7)]
    pub duration_ms: u64,
    /// The tracks, ascending by id.
    #[n(8)]
    pub tracks: Vec<Track>,
    /// Where something may be inserted, ascending by time.
    #[n(9)]
    pub breaks: Vec<Break>,
}

/// One rendition of video, one audio language, one subtitle, or one file.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Track {
    /// Unique in the title version.
    #[n(0)]
    pub id: TrackId,
    /// What the track carries.
    #[n(1)]
    pub kind: TrackKind,
    /// RFC 6381 codec string, such as `avc1.64001f`; empty for a file.
    #[n(2)]
    pub codecs: String,
    /// Peak segment bit rate, bits per second.
    #[n(3)]
    pub bandwidth: u32,
    /// Average bit rate, bits per second.
    #[n(4)]
    pub average_bandwidth: u32,
    /// Ticks per second of the segments' durations.
    #[n(5)]
    pub timescale: u32,
    /// Segment 0 is the CMAF header of a media track; media segments follow from 1. A file's
    /// segments are its consecutive parts from 0.
    #[n(6)]
    pub segments: Vec<Segment>,
}

/// What a track carries.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
pub enum TrackKind {
    /// Moving pictures.
    #[n(0)]
    #[cbor(map)]
    Video {
        /// Picture width, pixels.
        #[n(0)]
        width: u16,
        /// Picture height, pixels.
        #[n(1)]
        height: u16,
        /// Frames per 1000 seconds (29.97 is 29970).
        #[n(2)]
        frame_rate_milli: u32,
    },
    /// Sound.
    #[n(1)]
    #[cbor(map)]
    Audio {
        /// Channels.
        #[n(0)]
        channels: u8,
        /// Samples per second.
        #[n(1)]
        sample_rate: u32,
        /// BCP 47 tag; `und` when unknown.
        #[n(2)]
        language: String,
    },
    /// WebVTT text.
    #[n(2)]
    #[cbor(map)]
    Subtitle {
        /// BCP 47 tag.
        #[n(0)]
        language: String,
    },
    /// A file's bytes.
    #[n(3)]
    #[cbor(map)]
    File {
        /// Media type, such as `application/pdf`.
        #[n(0)]
        media_type: String,
    },
}

/// One sealed message: the unit of sealing and of playlist entries.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Segment {
    /// Ticks of the track's timescale; 0 for a header or a file part.
    #[n(0)]
    pub duration: u64,
    /// Frames of video, or packets of audio, in this segment; 0 for a header or a file part.
    #[n(1)]
    pub samples: u32,
    /// Length before sealing, bytes.
    #[n(2)]
    pub plain_len: u64,
    /// The sealed message, cut. Concatenated in order they are one FLOE message.
    #[n(3)]
    pub chunks: Vec<ChunkRef>,
}

/// A place in the title where something may be inserted. What is not said is not written, so a
/// break without more than its place has the bytes that it always had.
#[derive(Clone, Default, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Break {
    /// Unique in the title version.
    #[n(0)]
    pub id: u32,
    /// Media time, milliseconds.
    #[n(1)]
    pub at_ms: u64,
    /// How long it should be, milliseconds; none: as long as what fills it.
    #[n(2)]
    pub length_ms: Option<u64>,
    /// How much of the content it replaces, milliseconds; 0: it is an insertion.
    #[n(3)]
    #[cbor(default, skip_if = "is_zero")]
    pub resume_ms: u64,
    /// Whether seeking over it plays it first.
    #[n(4)]
    #[cbor(default, skip_if = "is_false")]
    pub hold: bool,
    /// The splice messages it came from, one behind the other: the one that begins it and, where
    /// there was one, the one that ends it. Empty: it came from none.
    #[n(5)]
    #[cbor(
        encode_with = "minicbor::bytes::encode",
        decode_with = "minicbor::bytes::decode",
        cbor_len = "bytes_len",
        default,
        skip_if = "Vec::is_empty"
    )]
    pub scte35: Vec<u8>,
}

#[expect(
    clippy::ptr_arg,
    reason = "the derived code hands over the field itself"
)]
fn bytes_len<C>(bytes: &Vec<u8>, context: &mut C) -> usize {
    bytes.len().cbor_len(context) + bytes.len()
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The bytes are not a COSE_Sign1 around a manifest of this format.
    #[error("not a manifest: {0}")]
    Malformed(&'static str),
    /// No trusted key made the signature.
    #[error("the manifest's signature is not from a trusted key")]
    Untrusted,
    /// The validity has ended.
    #[error("the manifest is no longer valid")]
    Expired,
    /// A newer version was seen before.
    #[error("manifest version {offered} is older than {known}")]
    Stale {
        /// The version in the refused manifest.
        offered: u64,
        /// The highest version seen.
        known: u64,
    },
    /// The version is so far ahead that believing it would lock out every honest one after it.
    #[error("manifest version {offered} is too far ahead of {known}")]
    Leap {
        /// The version in the refused manifest.
        offered: u64,
        /// The highest version seen.
        known: u64,
    },
    /// It was signed later than now: this machine's clock is wrong, or the signer's was.
    #[error("the manifest was signed in the future; check this machine's clock")]
    FromTheFuture,
    /// It is the manifest of another title or tenant.
    #[error("the manifest is for another title")]
    WrongTitle,
}

/// A manifest whose signature, validity and geometry were checked. Only
/// `VerifiedManifest::verify` makes one.
#[derive(Clone, Debug)]
pub struct VerifiedManifest {
    manifest: Manifest,
}

impl Manifest {
    /// The format number this crate writes and reads.
    pub const FORMAT: u8 = 1;

    /// The track with this id.
    #[must_use]
    pub fn track(&self, id: TrackId) -> Option<&Track> {
        self.tracks.iter().find(|t| t.id == id)
    }
}

impl Track {
    /// The segments with something to show or hear: all but the header. Each comes with its
    /// index in [`Track::segments`].
    pub fn media(&self) -> impl Iterator<Item = (u32, &Segment)> {
        let header = usize::from(!matches!(self.kind, TrackKind::File { .. }));
        (0u32..).zip(&self.segments).skip(header)
    }
}

impl Segment {
    /// Length of the sealed message, bytes.
    #[must_use]
    pub fn sealed_len(&self) -> u64 {
        self.chunks.iter().map(|c| u64::from(c.len)).sum()
    }
}

impl VerifiedManifest {
    /// The checked manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The track with this id.
    #[must_use]
    pub fn track(&self, id: TrackId) -> Option<&Track> {
        self.manifest.track(id)
    }

    /// Every chunk with its track and the index of its segment, in the order of the manifest. A
    /// chunk that stands at two places comes twice.
    pub fn chunks(&self) -> impl Iterator<Item = (TrackId, u32, ChunkRef)> + '_ {
        self.manifest.tracks.iter().flat_map(|track| {
            (0u32..)
                .zip(&track.segments)
                .flat_map(move |(index, segment)| {
                    segment
                        .chunks
                        .iter()
                        .map(move |chunk| (track.id, index, *chunk))
                })
        })
    }

    /// Length of all chunks together, bytes of ciphertext.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.chunks()
            .map(|(_, _, chunk)| u64::from(chunk.len))
            .sum()
    }
}
