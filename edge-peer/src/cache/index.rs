//! Which chunks are held, and which goes first when room is needed: least recently used, never
//! one that is in use.
//!
//! Knows ids, lengths and an order; no files and no clock.

use std::collections::{BTreeMap, HashMap};

use swarm::content::{ChunkId, TitleId};

/// The chunks of a cache. Invariants: the bytes held are the sum of the entries' lengths and never
/// more than the limit; each entry has exactly one place in the order of use.
#[derive(Debug)]
pub struct Index {
    limit: u64,
    held: u64,
    uses: u64,
    entries: HashMap<ChunkId, Entry>,
    order: BTreeMap<u64, ChunkId>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    len: u32,
    title: Option<TitleId>,
    used: u64,
    pins: u32,
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom;

impl Index {
    /// An empty index that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            held: 0,
            uses: 0,
            entries: HashMap::new(),
            order: BTreeMap::new(),
        }
    }

    /// The most bytes.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The bytes held.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The number of chunks held.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The length of a chunk that is held.
    #[must_use]
    pub fn get(&self, id: ChunkId) -> Option<u32> {
        self.entries.get(&id).map(|e| e.len)
    }

    /// Every chunk held with its length, least recently used first.
    pub fn iter(&self) -> impl Iterator<Item = (ChunkId, u32)> + '_ {
        self.order
            .values()
            .filter_map(|id| self.entries.get(id).map(|e| (*id, e.len)))
    }

    /// The title a chunk was fetched for.
    #[must_use]
    pub fn title(&self, id: ChunkId) -> Option<TitleId> {
        self.entries.get(&id).and_then(|e| e.title)
    }

    /// Makes room for `len` bytes and takes them for `id`, pinned once. What had to go is
    /// returned; its files are the caller's to remove.
    ///
    /// # Errors
    /// [`NoRoom`] when even dropping everything not in use would not do; then nothing changed.
    pub fn reserve(
        &mut self,
        id: ChunkId,
        len: u32,
        title: Option<TitleId>,
    ) -> Result<Vec<ChunkId>, NoRoom> {
        if self.entries.contains_key(&id) {
            self.pin(id);
            return Ok(Vec::new());
        }
        let victims = self.make_room(u64::from(len))?;
        self.insert(id, len, title, 1);
        Ok(victims)
    }

    /// Drops the least recently used chunks that are not in use until `room` bytes fit.
    ///
    /// # Errors
    /// [`NoRoom`]; then nothing changed.
    pub fn make_room(&mut self, room: u64) -> Result<Vec<ChunkId>, NoRoom> {
        let mut held = self.held;
        let mut victims = Vec::new();
        let mut order = self.order.values();
        while held.saturating_add(room) > self.limit {
            let id = order.next().ok_or(NoRoom)?;
            if let Some(entry) = self.entries.get(id)
                && entry.pins == 0
            {
                held -= u64::from(entry.len);
                victims.push(*id);
            }
        }
        for id in &victims {
            self.remove(*id);
        }
        Ok(victims)
    }

    /// Drops at least `bytes` of what is not in use, least recently used first, or all of it.
    pub fn shed(&mut self, bytes: u64) -> Vec<ChunkId> {
        let mut shed = 0;
        let mut victims = Vec::new();
        for id in self.order.values() {
            if shed >= bytes {
                break;
            }
            if let Some(entry) = self.entries.get(id)
                && entry.pins == 0
            {
                shed += u64::from(entry.len);
                victims.push(*id);
            }
        }
        for id in &victims {
            self.remove(*id);
        }
        victims
    }

    /// Puts a chunk found on disk at the recent end, whatever the limit says; the caller makes
    /// room afterwards.
    pub fn restore(&mut self, id: ChunkId, len: u32, title: Option<TitleId>) {
        if !self.entries.contains_key(&id) {
            self.insert(id, len, title, 0);
        }
    }

    /// Marks a chunk as used now.
    pub fn touch(&mut self, id: ChunkId) {
        self.uses += 1;
        let now = self.uses;
        if let Some(entry) = self.entries.get_mut(&id) {
            self.order.remove(&entry.used);
            entry.used = now;
            self.order.insert(now, id);
        }
    }

    /// Keeps a chunk from being dropped until [`Index::unpin`]; says whether it is held.
    pub fn pin(&mut self, id: ChunkId) -> bool {
        match self.entries.get_mut(&id) {
            Some(entry) => {
                entry.pins += 1;
                true
            }
            None => false,
        }
    }

    /// Undoes one [`Index::pin`].
    pub fn unpin(&mut self, id: ChunkId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.pins = entry.pins.saturating_sub(1);
        }
    }

    /// Forgets a chunk, in use or not; says whether it was held.
    pub fn remove(&mut self, id: ChunkId) -> bool {
        match self.entries.remove(&id) {
            Some(entry) => {
                self.order.remove(&entry.used);
                self.held -= u64::from(entry.len);
                true
            }
            None => false,
        }
    }

    fn insert(&mut self, id: ChunkId, len: u32, title: Option<TitleId>, pins: u32) {
        self.uses += 1;
        let entry = Entry {
            len,
            title,
            used: self.uses,
            pins,
        };
        self.entries.insert(id, entry);
        self.order.insert(self.uses, id);
        self.held += u64::from(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(n: u8) -> ChunkId {
        ChunkId([n; 32])
    }

    #[test]
    fn the_least_recently_used_goes_first_and_one_in_use_stays() {
        let mut index = Index::new(30);
        for n in 1..=3 {
            assert_eq!(index.reserve(id(n), 10, None), Ok(vec![]));
            index.unpin(id(n));
        }
        index.touch(id(1));
        index.pin(id(2));
        assert_eq!(index.reserve(id(4), 10, None), Ok(vec![id(3)]));
        assert_eq!(index.reserve(id(5), 20, None), Err(NoRoom));
        assert_eq!(index.held(), 30);
        index.unpin(id(2));
        index.unpin(id(4));
        assert_eq!(index.shed(11), vec![id(2), id(1)]);
        assert_eq!(index.held(), 10);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Reserve(u8, u32),
        Unpin(u8),
        Touch(u8),
        Pin(u8),
        Remove(u8),
        Shed(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..12u8, 1..40u32).prop_map(|(n, len)| Step::Reserve(n, len)),
            (0..12u8).prop_map(Step::Unpin),
            (0..12u8).prop_map(Step::Touch),
            (0..12u8).prop_map(Step::Pin),
            (0..12u8).prop_map(Step::Remove),
            (0..60u64).prop_map(Step::Shed),
        ]
    }

    proptest! {
        #[test]
        fn the_books_balance(steps in proptest::collection::vec(step(), 1..200)) {
            let mut index = Index::new(100);
            let mut pins: HashMap<u8, u32> = HashMap::new();
            for step in steps {
                let gone = match step {
                    Step::Reserve(n, len) => {
                        let gone = index.reserve(id(n), len, None);
                        if gone.is_ok() { *pins.entry(n).or_default() += 1; }
                        gone.unwrap_or_default()
                    }
                    Step::Unpin(n) => {
                        index.unpin(id(n));
                        if let Some(p) = pins.get_mut(&n) { *p = p.saturating_sub(1); }
                        vec![]
                    }
                    Step::Touch(n) => { index.touch(id(n)); vec![] }
                    Step::Pin(n) => {
                        if index.pin(id(n)) { *pins.entry(n).or_default() += 1; }
                        vec![]
                    }
                    Step::Remove(n) => { index.remove(id(n)); pins.remove(&n); vec![] }
                    Step::Shed(bytes) => index.shed(bytes),
                };
                for victim in gone {
                    prop_assert_eq!(pins.remove(&victim.0[0]).unwrap_or(0), 0, "dropped in use");
                    prop_assert!(index.get(victim).is_none());
                }
                let sum: u64 = index.iter().map(|(_, len)| u64::from(len)).sum();
                prop_assert_eq!(sum, index.held());
                prop_assert_eq!(index.iter().count(), index.count());
                prop_assert!(index.held() <= index.limit());
            }
        }
    }
}
