//! Which chunks are held, and which goes first when room is needed: least recently used, never
//! one that is in use, and never a copy that may be the site's last one of a pinned title.
//!
//! Knows ids, lengths and an order; no files and no clock. An entry takes 64 bytes and its place in
//! the table about 8 more: a million chunks fit into 80 MB. The order is a list woven through the
//! entries. Chunks that must stay are in a list of their own, so that nobody walks over them in
//! search of one that may go.
//!
//! A home cannot know whether the other home still has its copy. So each keeps its own as if it
//! were the last one, until it is told that the copy is a spare one ([`Index::spare`]).

use std::collections::HashMap;

use hashbrown::HashTable;
use swarm::content::{ChunkId, TitleId};

use super::titles::Titles;
use crate::chunk::Seal;

const NOWHERE: u32 = u32::MAX;

/// The chunks of a cache. Invariants: the bytes held are the sum of the entries' lengths and never
/// more than the limit; each entry is in exactly one of the two lists.
#[derive(Debug)]
pub struct Index {
    limit: u64,
    held: u64,
    entries: Vec<Entry>,
    free: Vec<u32>,
    places: HashTable<u32>,
    titles: Titles,
    lists: [List; 2],
}

/// A place in memory; free when its length is 0.
#[derive(Debug, Clone, Copy)]
struct Entry {
    id: ChunkId,
    seal: u64,
    len: u32,
    title: u32,
    older: u32,
    newer: u32,
    uses: u16,
    flags: u8,
}

/// The seal is known.
const SEALED: u8 = 1;
/// The file is not there yet.
const WRITING: u8 = 2;
/// Others in the site keep the chunk.
const SPARE: u8 = 4;
/// It is in the list of those that stay.
const STAYS: u8 = 8;

#[derive(Debug, Clone, Copy)]
struct List {
    oldest: u32,
    newest: u32,
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom;

/// A chunk on disk as the index knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The chunk.
    pub id: ChunkId,
    /// Its length, bytes.
    pub len: u32,
    /// The title it was fetched for.
    pub title: Option<TitleId>,
    /// What its bytes were when they were hashed last; none: not since the index was lost.
    pub seal: Option<Seal>,
    /// Whether others in the site keep it too.
    pub spare: bool,
}

impl Index {
    /// An empty index that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        let list = List {
            oldest: NOWHERE,
            newest: NOWHERE,
        };
        Self {
            limit,
            held: 0,
            entries: Vec::new(),
            free: Vec::new(),
            places: HashTable::new(),
            titles: Titles::default(),
            lists: [list; 2],
        }
    }

    /// The most bytes.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Sets the most bytes; the caller makes room afterwards.
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// The bytes held.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The number of chunks held.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Takes memory for this many chunks at once, if nothing is held yet.
    pub fn expect(&mut self, chunks: usize) {
        if self.entries.is_empty() {
            self.entries.reserve_exact(chunks);
            self.places = HashTable::with_capacity(chunks);
        }
    }

    /// The length of a chunk that is held.
    #[must_use]
    pub fn get(&self, id: ChunkId) -> Option<u32> {
        Some(self.entry(self.find(id)?)?.len)
    }

    /// What is known of a chunk whose file is there.
    #[must_use]
    pub fn on_disk(&self, id: ChunkId) -> Option<Held> {
        self.at(self.find(id)? as usize)
    }

    /// What is known of the chunk in this place of [`Index::order`], if it still is in it and its
    /// file is there.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<Held> {
        let entry = self.entries.get(place)?;
        (entry.len > 0 && entry.flags & WRITING == 0).then(|| Held {
            id: entry.id,
            len: entry.len,
            title: self.titles.get(entry.title),
            seal: (entry.flags & SEALED != 0).then(|| Seal::known(entry.seal)),
            spare: entry.flags & SPARE != 0,
        })
    }

    /// The number of places; [`Index::at`] some of them is nothing.
    #[must_use]
    pub fn places(&self) -> usize {
        self.entries.len()
    }

    /// The places of all chunks: those that stay first, each list least recently used first.
    #[must_use]
    pub fn order(&self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.count());
        for list in [1, 0] {
            let mut at = self.lists[list].oldest;
            while let Some(entry) = self.entry(at) {
                order.push(at);
                at = entry.newer;
            }
        }
        order
    }

    /// Every chunk held with its length.
    pub fn iter(&self) -> impl Iterator<Item = (ChunkId, u32)> + '_ {
        let held = self.entries.iter().filter(|e| e.len > 0);
        held.map(|e| (e.id, e.len))
    }

    /// The pinned titles.
    pub fn pinned(&self) -> impl Iterator<Item = TitleId> + '_ {
        self.titles.pinned()
    }

    /// Makes room for `len` bytes and takes them for `id`, in use once and not on disk yet. What
    /// had to go is returned; its files are the caller's to remove.
    ///
    /// # Errors
    /// [`NoRoom`] when even dropping everything that may go would not do; then nothing changed.
    pub fn reserve(
        &mut self,
        id: ChunkId,
        len: u32,
        title: Option<TitleId>,
    ) -> Result<Vec<ChunkId>, NoRoom> {
        if self.take(id) {
            return Ok(Vec::new());
        }
        if len == 0 {
            return Err(NoRoom);
        }
        let victims = self.make_room(u64::from(len))?;
        let held = Held {
            id,
            len,
            title,
            seal: None,
            spare: false,
        };
        self.insert(held, WRITING, 1);
        Ok(victims)
    }

    /// The file of a reserved chunk is there, and the chunk is not in use any more; says whether
    /// the chunk is still held.
    pub fn written(&mut self, id: ChunkId, seal: Seal) -> bool {
        self.seal(id, seal);
        self.give(id);
        let Some(entry) = self.find(id).and_then(|at| self.entry_mut(at)) else {
            return false;
        };
        entry.flags &= !WRITING;
        true
    }

    /// The chunk's bytes on disk were hashed.
    pub fn seal(&mut self, id: ChunkId, seal: Seal) {
        if let Some(entry) = self.find(id).and_then(|at| self.entry_mut(at)) {
            entry.seal = seal.get();
            entry.flags |= SEALED;
        }
    }

    /// Drops the least recently used chunks that may go until `room` bytes fit.
    ///
    /// # Errors
    /// [`NoRoom`]; then nothing changed.
    pub fn make_room(&mut self, room: u64) -> Result<Vec<ChunkId>, NoRoom> {
        let over = self.held.saturating_add(room).saturating_sub(self.limit);
        let (victims, freed) = self.victims(over);
        if freed < over {
            return Err(NoRoom);
        }
        for id in &victims {
            self.remove(*id);
        }
        Ok(victims)
    }

    /// Drops at least `bytes` of what may go, least recently used first, or all of it.
    pub fn shed(&mut self, bytes: u64) -> Vec<ChunkId> {
        let (victims, _) = self.victims(bytes);
        for id in &victims {
            self.remove(*id);
        }
        victims
    }

    /// Drops at most `most` chunks that nobody needs: not in use, and of no pinned title. Answers them, and
    /// their bytes.
    pub fn clear(&mut self, most: usize) -> (Vec<ChunkId>, u64) {
        let (mut dropped, mut bytes) = (Vec::new(), 0);
        let mut at = self.lists[0].oldest;
        while dropped.len() < most
            && let Some(entry) = self.entry(at)
        {
            let (id, len) = (entry.id, entry.len);
            let needed = entry.uses > 0 || self.titles.is_pinned(entry.title);
            at = entry.newer;
            if !needed && self.remove(id) {
                dropped.push(id);
                bytes += u64::from(len);
            }
        }
        (dropped, bytes)
    }

    /// Chunks and their bytes by title.
    #[must_use]
    pub fn by_title(&self) -> HashMap<Option<TitleId>, (usize, u64)> {
        let mut sums: HashMap<u32, (usize, u64)> = HashMap::new();
        for entry in self.entries.iter().filter(|e| e.len > 0) {
            let (chunks, bytes) = sums.entry(entry.title).or_default();
            *chunks += 1;
            *bytes += u64::from(entry.len);
        }
        let named = |(number, sum)| (self.titles.get(number), sum);
        sums.into_iter().map(named).collect()
    }

    /// Puts a chunk found on disk at the recent end, whatever the limit says; the caller makes
    /// room afterwards. What was known of it before is replaced.
    pub fn restore(&mut self, held: Held) {
        self.remove(held.id);
        if held.len > 0 {
            self.insert(held, 0, 0);
        }
    }

    /// Marks a chunk as used now.
    pub fn touch(&mut self, id: ChunkId) {
        if let Some(at) = self.find(id) {
            self.unlink(at);
            self.link(at);
        }
    }

    /// Keeps a chunk from being dropped until [`Index::give`]; says whether it is held.
    pub fn take(&mut self, id: ChunkId) -> bool {
        match self.find(id).and_then(|at| self.entry_mut(at)) {
            Some(entry) => {
                entry.uses = entry.uses.saturating_add(1);
                true
            }
            None => false,
        }
    }

    /// Undoes one [`Index::take`].
    pub fn give(&mut self, id: ChunkId) {
        if let Some(entry) = self.find(id).and_then(|at| self.entry_mut(at)) {
            entry.uses = entry.uses.saturating_sub(1);
        }
    }

    /// Pins a title, or lets it go; says whether that is new. The chunks of a pinned title stay,
    /// apart from spare ones.
    pub fn pin(&mut self, title: TitleId, pinned: bool) -> bool {
        let Some(number) = self.titles.pin(title, pinned) else {
            return false;
        };
        for at in self.order() {
            if self.entry(at).is_some_and(|e| e.title == number) {
                self.unlink(at);
                self.link(at);
            }
        }
        self.titles.drop_unused(number);
        true
    }

    /// Notes that a chunk is this title's, unless it is a pinned title's already; answers what is known of it
    /// then, if that is new.
    pub fn claim(&mut self, id: ChunkId, title: TitleId) -> Option<Held> {
        let at = self.find(id)?;
        let before = self.entry(at)?.title;
        if self.titles.get(before) == Some(title) || self.titles.is_pinned(before) {
            return None;
        }
        self.unlink(at);
        let number = self.titles.enter(Some(title));
        if let Some(entry) = self.entry_mut(at) {
            entry.title = number;
        }
        self.titles.leave(before);
        self.link(at);
        self.at(at as usize)
    }

    /// Notes whether others in the site keep a chunk too; answers what is known of it then, if
    /// that is new.
    pub fn spare(&mut self, id: ChunkId, spare: bool) -> Option<Held> {
        let at = self.find(id)?;
        let entry = self.entry_mut(at)?;
        if (entry.flags & SPARE != 0) == spare {
            return None;
        }
        entry.flags ^= SPARE;
        self.unlink(at);
        self.link(at);
        self.at(at as usize)
    }

    /// Forgets a chunk, in use or not; says whether it was held.
    pub fn remove(&mut self, id: ChunkId) -> bool {
        let Some(at) = self.find(id) else {
            return false;
        };
        self.unlink(at);
        let entries = &self.entries;
        let found = self.places.find_entry(hash(id), |&p| is(entries, p, id));
        if let Ok(place) = found {
            place.remove();
        }
        let mut title = NOWHERE;
        if let Some(entry) = self.entries.get_mut(at as usize) {
            self.held -= u64::from(entry.len);
            title = entry.title;
            entry.len = 0;
        }
        self.titles.leave(title);
        self.free.push(at);
        true
    }

    /// What may go, least recently used first, until `bytes` are found; and how many those are.
    fn victims(&self, bytes: u64) -> (Vec<ChunkId>, u64) {
        let (mut victims, mut freed) = (Vec::new(), 0);
        let mut at = self.lists[0].oldest;
        while freed < bytes
            && let Some(entry) = self.entry(at)
        {
            if entry.uses == 0 {
                freed += u64::from(entry.len);
                victims.push(entry.id);
            }
            at = entry.newer;
        }
        (victims, freed)
    }

    fn insert(&mut self, held: Held, flags: u8, uses: u16) {
        let spare = if held.spare { SPARE } else { 0 };
        let sealed = if held.seal.is_some() { SEALED } else { 0 };
        let entry = Entry {
            id: held.id,
            seal: held.seal.map_or(0, Seal::get),
            len: held.len,
            title: self.titles.enter(held.title),
            older: NOWHERE,
            newer: NOWHERE,
            uses,
            flags: flags | spare | sealed,
        };
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(place) = self.entries.get_mut(at as usize) {
                    *place = entry;
                }
                at
            }
            None => {
                self.entries.push(entry);
                u32::try_from(self.entries.len() - 1).unwrap_or(NOWHERE)
            }
        };
        let entries = &self.entries;
        let rehash = |&p: &u32| entries.get(p as usize).map_or(0, |e| hash(e.id));
        self.places.insert_unique(hash(held.id), at, rehash);
        self.held += u64::from(held.len);
        self.link(at);
    }

    fn find(&self, id: ChunkId) -> Option<u32> {
        let entries = &self.entries;
        let found = self.places.find(hash(id), |&p| is(entries, p, id));
        found.copied()
    }

    fn entry(&self, at: u32) -> Option<&Entry> {
        self.entries.get(at as usize)
    }

    fn entry_mut(&mut self, at: u32) -> Option<&mut Entry> {
        self.entries.get_mut(at as usize)
    }

    /// Puts an entry at the recent end of the list it belongs to.
    fn link(&mut self, at: u32) {
        let Some(entry) = self.entries.get_mut(at as usize) else {
            return;
        };
        let stays = self.titles.is_pinned(entry.title) && entry.flags & SPARE == 0;
        entry.flags = (entry.flags & !STAYS) | if stays { STAYS } else { 0 };
        let list = &mut self.lists[usize::from(stays)];
        let before = list.newest;
        (entry.older, entry.newer) = (before, NOWHERE);
        list.newest = at;
        match self.entry_mut(before) {
            Some(older) => older.newer = at,
            None => self.lists[usize::from(stays)].oldest = at,
        }
    }

    fn unlink(&mut self, at: u32) {
        let Some(&Entry {
            older,
            newer,
            flags,
            ..
        }) = self.entry(at)
        else {
            return;
        };
        let list = usize::from(flags & STAYS != 0);
        match self.entry_mut(older) {
            Some(entry) => entry.newer = newer,
            None => self.lists[list].oldest = newer,
        }
        match self.entry_mut(newer) {
            Some(entry) => entry.older = older,
            None => self.lists[list].newest = older,
        }
    }
}

/// Ids are hashes already.
fn hash(id: ChunkId) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = id.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn is(entries: &[Entry], place: u32, id: ChunkId) -> bool {
    entries.get(place as usize).is_some_and(|e| e.id == id)
}

#[cfg(test)]
mod tests;
