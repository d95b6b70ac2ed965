//! What the swarm carries: ids, manifests, and the HLS playlists drawn from a manifest.

pub mod id;
pub mod manifest;

pub use id::{ChunkId, ChunkRef, DeviceId, IdError, SiteId, TitleId, TrackId};
pub use manifest::{
    Break, Manifest, ManifestError, Segment, TitleKind, Track, TrackKind, VerifiedManifest,
};

/// The longest chunk, in bytes of ciphertext.
pub const MAX_CHUNK_LEN: u32 = 1 << 20;
