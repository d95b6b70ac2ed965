//! What the origin sent to each site, and how much of it was the same again.
//!
//! Kept in memory, within [`DISTINCT_MAX`]: the figures of a site start anew when the memory is spent
//! or the server starts.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use swarm::content::{ChunkId, SiteId};

/// Chunks remembered over all sites: at 1 MiB a chunk, a tebibyte of content; about 20 MB.
const DISTINCT_MAX: usize = 1 << 20;

/// What the origin sent to one site.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sent {
    /// Payload bytes sent.
    pub bytes: u64,
    /// Bytes of the distinct chunks among them.
    pub distinct_bytes: u64,
}

impl Sent {
    /// WAN copies: 1.0 is each chunk once. Zero before anything was sent.
    #[must_use]
    pub fn copies(&self) -> f64 {
        if self.distinct_bytes == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let copies = self.bytes as f64 / self.distinct_bytes as f64;
        copies
    }
}

#[derive(Debug, Default)]
struct Ledger {
    sent: Sent,
    /// The first 8 bytes of each chunk's id; a collision among a million is one in 30 million.
    chunks: HashSet<u64>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Wan {
    /// Held for a look-up at most, never over an await.
    sites: Mutex<HashMap<SiteId, Ledger>>,
}

impl Wan {
    fn lock(&self) -> MutexGuard<'_, HashMap<SiteId, Ledger>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a chunk of `len` bytes begins to go to a site.
    pub fn begin(&self, site: SiteId, chunk: ChunkId, len: u64) {
        let mut sites = self.lock();
        let [a, b, c, d, e, f, g, h, ..] = chunk.0;
        let prefix = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let total: usize = sites.values().map(|ledger| ledger.chunks.len()).sum();
        if total >= DISTINCT_MAX
            && let Some(fullest) = sites.values_mut().max_by_key(|ledger| ledger.chunks.len())
        {
            *fullest = Ledger::default();
        }
        let ledger = sites.entry(site).or_default();
        if ledger.chunks.insert(prefix) {
            ledger.sent.distinct_bytes += len;
        }
    }

    /// Notes that bytes were handed to a connection to a site.
    pub fn sent(&self, site: SiteId, bytes: u64) {
        self.lock().entry(site).or_default().sent.bytes += bytes;
    }

    /// The figures of a site.
    #[must_use]
    pub fn of(&self, site: SiteId) -> Sent {
        self.lock()
            .get(&site)
            .map_or_else(Sent::default, |ledger| ledger.sent)
    }

    /// The figures of every site that anything was sent to.
    #[must_use]
    pub fn each(&self) -> Vec<(SiteId, Sent)> {
        let sites = self.lock();
        sites
            .iter()
            .map(|(id, ledger)| (*id, ledger.sent))
            .collect()
    }

    /// Forgets a site that was deleted.
    pub fn forget(&self, site: SiteId) {
        self.lock().remove(&site);
    }
}
