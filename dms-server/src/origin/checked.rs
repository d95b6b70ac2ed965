//! Chunks whose bytes were read and hashed lately.
//!
//! Hashing a chunk costs as much as sending it. An office morning asks for the same chunks once a site;
//! the first reading proves that the store holds what it was given, the next ones trust it for a while.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use swarm::content::ChunkId;

/// How long a chunk is trusted at most: rot that sets in meanwhile is found by the receivers, who hash
/// what they get, and then here.
const TRUSTED: Duration = Duration::from_secs(600);

/// Chunks in each of two generations: about 5 MB in all.
const GENERATION: usize = 65_536;

/// See the module. When the young generation is full or half the time is over, it becomes the old one and
/// the old one is forgotten.
#[derive(Debug)]
pub struct Checked {
    /// Held for a look-up, never over an await.
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    young: HashSet<ChunkId>,
    old: HashSet<ChunkId>,
    since: Instant,
}

impl Kept {
    fn turn(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.since);
        if age >= TRUSTED {
            self.young.clear();
            self.old.clear();
            self.since = now;
        } else if age >= TRUSTED / 2 {
            self.old = std::mem::take(&mut self.young);
            self.since += TRUSTED / 2;
        } else if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
    }
}

impl Checked {
    /// Nothing is trusted yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            kept: Mutex::new(Kept {
                young: HashSet::new(),
                old: HashSet::new(),
                since: now,
            }),
        }
    }

    /// Whether the chunk was read whole and hashed lately.
    #[must_use]
    pub fn contains(&self, id: ChunkId, now: Instant) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn(now);
        kept.young.contains(&id) || kept.old.contains(&id)
    }

    /// The chunk was read whole, and its bytes hash to its id.
    pub fn insert(&self, id: ChunkId, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn(now);
        kept.young.insert(id);
    }

    /// The chunk could not be read as it should be.
    pub fn remove(&self, id: ChunkId) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.young.remove(&id);
        kept.old.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> ChunkId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&n.to_be_bytes());
        ChunkId(id)
    }

    #[test]
    fn trust_ends_in_time_and_on_damage() {
        let start = Instant::now();
        // Put in at one moment and looked up at another, in hundredths of the time of trust.
        let cases = [
            (0, 0, true),
            (0, 49, true),
            (0, 99, true),
            (0, 100, false),
            (40, 99, true),
            (49, 150, false),
            (0, 1_000, false),
        ];
        for (put, asked, there) in cases {
            let checked = Checked::new(start);
            checked.insert(id(1), start + TRUSTED * put / 100);
            let now = start + TRUSTED * asked / 100;
            assert_eq!(checked.contains(id(1), now), there, "{put} {asked}");
            assert!(!checked.contains(id(2), now));
            checked.insert(id(1), now);
            assert!(checked.contains(id(1), now));
            checked.remove(id(1));
            assert!(!checked.contains(id(1), now));
        }
    }

    #[test]
    fn asking_prolongs_nothing() {
        let start = Instant::now();
        let checked = Checked::new(start);
        checked.insert(id(1), start);
        for percent in 0..100 {
            assert!(checked.contains(id(1), start + TRUSTED * percent / 100));
        }
        assert!(!checked.contains(id(1), start + TRUSTED));
    }

    #[test]
    fn two_generations_are_kept_and_no_more() {
        let now = Instant::now();
        let checked = Checked::new(now);
        for n in 0..5 * GENERATION {
            checked.insert(id(n), now);
        }
        let kept = checked.kept.lock().expect("no panic");
        assert!(kept.young.len() + kept.old.len() <= 2 * GENERATION);
    }
}
