//! Chunks asked for again soon: a small bounded cache in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use swarm::content::ChunkId;

/// Chunks kept, however small they are; finding the oldest walks them all.
const CHUNKS_MAX: usize = 512;

/// See the module.
#[derive(Debug)]
pub struct Hot {
    bytes_max: u64,
    /// Held for a look-up at most, never over an await.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    chunks: HashMap<ChunkId, (Bytes, u64)>,
    bytes: u64,
    uses: u64,
}

impl Hot {
    /// Keeps at most this many bytes; 0 keeps nothing.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        Self {
            bytes_max,
            kept: Mutex::default(),
        }
    }

    /// The chunk, if it is kept.
    #[must_use]
    pub fn get(&self, id: ChunkId) -> Option<Bytes> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let (bytes, used) = kept.chunks.get_mut(&id)?;
        *used = now;
        Some(bytes.clone())
    }

    /// Keeps a chunk in place of those not asked for the longest.
    pub fn put(&self, id: ChunkId, bytes: Bytes) {
        let len = bytes.len() as u64;
        if len > self.bytes_max {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        if let Some((old, _)) = kept.chunks.insert(id, (bytes, now)) {
            kept.bytes -= old.len() as u64;
        }
        kept.bytes += len;
        while kept.bytes > self.bytes_max || kept.chunks.len() > CHUNKS_MAX {
            let oldest = kept
                .chunks
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(id, _)| *id);
            let Some((gone, _)) = oldest.and_then(|id| kept.chunks.remove(&id)) else {
                return;
            };
            kept.bytes -= gone.len() as u64;
        }
    }
}
