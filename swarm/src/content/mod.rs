//! What the swarm carries: ids, manifests, and the HLS playlists drawn from a manifest.

pub mod geometry;
pub mod hls;
pub mod id;
pub mod manifest;
#[cfg(test)]
pub(crate) mod sample;

pub use geometry::{Geometry, Place, chunks_of_object, cut_object};
pub use id::{ChunkId, ChunkRef, DeviceId, IdError, SiteId, TitleId, TrackId};
pub use manifest::{
    Break, Expect, Manifest, ManifestError, Segment, TitleKind, Track, TrackKind, VerifiedManifest,
};

/// The longest chunk, in bytes of ciphertext.
pub const MAX_CHUNK_LEN: u32 = 1 << 20;
