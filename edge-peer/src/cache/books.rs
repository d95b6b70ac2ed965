//! The books: what is held and what is being written, and how they are kept on disk.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use swarm::content::{ChunkId, TitleId};

use super::{
    files::Files,
    index::{Held, Index},
    journal::{self, Change},
};
use crate::chunk::VerifiedChunk;

/// What is held and what is being written.
pub(super) struct Books {
    pub(super) index: Index,
    /// Reserved and being written: readers get these bytes from memory. At most
    /// [`super::MAX_IO`] and the writers that wait for their turn, each of which holds its bytes
    /// anyway.
    pub(super) writing: HashMap<ChunkId, VerifiedChunk>,
}

impl Books {
    /// Nothing is being written.
    pub(super) fn new(index: Index) -> Self {
        Self {
            index,
            writing: HashMap::new(),
        }
    }
}

/// The books, locked. No file is touched and nothing is awaited while they are.
pub(super) fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    // Every change of the books is complete before anything can panic.
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The books, as the journal asks for them when it is written anew.
pub(super) struct Description(pub(super) Arc<Mutex<Books>>);

/// Entries described while the books are locked: nobody else waits for long.
const DESCRIBED_AT_ONCE: usize = 4_096;

impl journal::Source for Description {
    fn count(&self) -> u64 {
        lock(&self.0).index.count() as u64
    }

    /// What changes meanwhile is noted too, and so comes after what is described here.
    fn describe(&self, write: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let (order, pinned) = {
            let books = lock(&self.0);
            let pinned: Vec<TitleId> = books.index.pinned().collect();
            (books.index.order(), pinned)
        };
        for title in pinned {
            write(&journal::encode(&Change::Pinned(title)))?;
        }
        let mut bytes = Vec::with_capacity(DESCRIBED_AT_ONCE * journal::RECORD);
        for places in order.chunks(DESCRIBED_AT_ONCE) {
            let books = lock(&self.0);
            let held = places.iter().filter_map(|at| books.index.at(*at as usize));
            held.for_each(|held| bytes.extend_from_slice(&journal::encode(&Change::Held(held))));
            drop(books);
            write(&bytes)?;
            bytes.clear();
        }
        Ok(())
    }
}

/// Does again what the journal says.
pub(super) fn replay(index: &mut Index, change: Change) {
    match change {
        Change::Held(held) => index.restore(held),
        Change::Used(id) => index.touch(id),
        Change::Gone(id) => _ = index.remove(id),
        Change::Pinned(title) => _ = index.pin(title, true),
        Change::Freed(title) => _ = index.pin(title, false),
    }
}

/// Chunks without a file are forgotten, files the index does not know are taken in. A file of
/// another length than the index says was torn, and is dropped.
pub(super) fn reconcile(files: &Files, index: &mut Index) -> io::Result<()> {
    let mut there = HashSet::new();
    for (id, len) in files.scan()? {
        match index.get(id) {
            Some(known) if known != len => _ = files.remove(id),
            Some(_) => _ = there.insert(id),
            None => {
                index.restore(Held {
                    id,
                    len,
                    title: None,
                    seal: None,
                    spare: false,
                });
                there.insert(id);
            }
        }
    }
    let held = index.iter().map(|(id, _)| id);
    let gone: Vec<ChunkId> = held.filter(|id| !there.contains(id)).collect();
    for id in gone {
        index.remove(id);
    }
    Ok(())
}
