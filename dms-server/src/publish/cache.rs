//! What is kept in memory of what is published. Both caches are bounded, and both may be emptied at
//! any time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use swarm::content::{ChunkId, TitleId};

use super::Published;

/// Chunks in each of two generations: about 10 MB in all.
const GENERATION: usize = 65_536;

/// Chunks known to be published, with their lengths. When the young generation is full it becomes
/// the old one, and the old one is forgotten.
#[derive(Debug, Default)]
pub struct Chunks {
    /// Guards the maps alone; no await happens under it.
    generations: Mutex<(HashMap<ChunkId, u32>, HashMap<ChunkId, u32>)>,
}

impl Chunks {
    /// The length of a chunk that is known to be published.
    #[must_use]
    pub fn get(&self, id: ChunkId) -> Option<u32> {
        let kept = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kept.0.get(&id).or_else(|| kept.1.get(&id)).copied()
    }

    /// Keeps a published chunk.
    pub fn insert(&self, id: ChunkId, length: u32) {
        let mut kept = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.0.len() >= GENERATION {
            kept.1 = std::mem::take(&mut kept.0);
        }
        kept.0.insert(id, length);
    }

    /// Forgets everything: a title was deleted.
    pub fn clear(&self) {
        *self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Default::default();
    }
}

/// Bytes of signed manifests kept; what is read from them takes about as much again.
const MANIFEST_BYTES: usize = 32 << 20;
/// Manifests kept.
const MANIFESTS: usize = 64;

/// The manifests asked for last.
#[derive(Debug, Default)]
pub struct Manifests {
    /// The one asked for last is at the back. Guards the queue alone; no await happens under it.
    kept: Mutex<VecDeque<(TitleId, Arc<Published>)>>,
}

impl Manifests {
    /// A title's manifest, if it is of this version and the one that this head names: a version is signed anew
    /// when its breaks change, by whichever server.
    #[must_use]
    pub fn get(&self, title: TitleId, version: u64, head: &[u8]) -> Option<Arc<Published>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept
            .iter()
            .position(|(t, p)| *t == title && p.version == version && p.head == head)?;
        let entry = kept.remove(place)?;
        let found = Arc::clone(&entry.1);
        kept.push_back(entry);
        Some(found)
    }

    /// Keeps a title's manifest in place of an older one.
    pub fn insert(&self, title: TitleId, published: Arc<Published>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(t, _)| *t != title);
        kept.push_back((title, published));
        let mut bytes: usize = kept.iter().map(|(_, p)| p.signed.len()).sum();
        while kept.len() > MANIFESTS || bytes > MANIFEST_BYTES {
            let Some((_, dropped)) = kept.pop_front() else {
                break;
            };
            bytes -= dropped.signed.len();
        }
    }

    /// Forgets a title.
    pub fn remove(&self, title: TitleId) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(t, _)| *t != title);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunk_cache_never_holds_more_than_two_generations() {
        let chunks = Chunks::default();
        let id = |n: usize| {
            let mut id = ChunkId([0; 32]);
            id.0[..8].copy_from_slice(&n.to_be_bytes());
            id
        };
        for n in 0..3 * GENERATION {
            chunks.insert(id(n), 1);
        }
        let kept = chunks.generations.lock().unwrap();
        assert_eq!((kept.0.len(), kept.1.len()), (GENERATION, GENERATION));
        drop(kept);
        assert_eq!(chunks.get(id(0)), None);
        assert_eq!(chunks.get(id(3 * GENERATION - 1)), Some(1));
        chunks.clear();
        assert_eq!(chunks.get(id(3 * GENERATION - 1)), None);
    }
}
