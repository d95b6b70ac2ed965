//! The chunks on this PC's disk: bounded, crash-safe, hashed on every read.
//!
//! A chunk is held when its file is under its final name. The index in memory decides what goes
//! first when room is needed; the index on disk lets that order survive a restart. File work runs
//! on threads for blocking work, at most [`MAX_IO`] at a time.

mod catalog;
mod files;
mod index;

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use swarm::content::{ChunkId, TitleId};
use tokio::sync::Semaphore;

use crate::chunk::VerifiedChunk;
use catalog::{Catalog, Change};
use files::{Files, ReadError};
pub use files::{Sample, sample};
use index::Index;

/// The most file reads and writes at the same time.
pub const MAX_IO: usize = 8;
/// What a full disk makes the cache let go of, in lengths of the chunk that did not fit.
const SHED_ON_FULL_DISK: u64 = 8;

/// Why a cache cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The folder cannot be used.
    #[error("the cache folder {path} cannot be used: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not even a new index can be made.
    #[error("the cache index in {path} cannot be made: {source}")]
    Index {
        /// The folder.
        path: PathBuf,
        /// What the database said.
        source: Box<redb::Error>,
    },
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Whether it is held now. When not, it still may be passed on from memory.
    pub stored: bool,
    /// What had to go for it.
    pub evicted: Vec<ChunkId>,
}

/// What became of a chunk given to [`Cache::admit`].
pub enum Admission {
    /// It is held already.
    Held,
    /// There is no room for it.
    NoRoom,
    /// It is readable from memory until `write` has run, and from disk afterwards.
    Write {
        /// Must be run to its end.
        write: Write,
        /// What had to go for it.
        evicted: Vec<ChunkId>,
    },
}

/// A chunk on its way to the disk.
#[must_use = "until it has run, the chunk takes memory and is not on disk"]
pub struct Write {
    cache: Cache,
    chunk: VerifiedChunk,
    title: Option<TitleId>,
    unlink: Vec<ChunkId>,
}

impl Write {
    /// Writes the chunk. `evicted` names only what had to go because the disk was full.
    pub async fn run(self) -> Put {
        let cache = self.cache.clone();
        let work = move || {
            self.cache
                .inner
                .write(&self.chunk, self.title, &self.unlink)
        };
        cache.inner.blocking(work).await.unwrap_or(Put {
            stored: false,
            evicted: Vec::new(),
        })
    }
}

/// What became of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    /// The chunk.
    Chunk(VerifiedChunk),
    /// It is not held.
    Absent,
    /// It was held, but its bytes were not what they should be; it was dropped.
    Rotten,
}

/// How full the cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Bytes held.
    pub held: u64,
    /// The most bytes.
    pub limit: u64,
    /// Chunks held.
    pub chunks: usize,
}

/// A handle to the cache; clones share it.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

struct Inner {
    files: Files,
    /// Guards the books only: no file is touched and nothing is awaited while it is held.
    books: Mutex<Books>,
    catalog: Catalog,
    io: Semaphore,
}

struct Books {
    index: Index,
    /// Reserved and being written: readers get these bytes from memory. At most [`MAX_IO`] and the
    /// writers that wait for their turn, each of which holds its bytes anyway.
    writing: HashMap<ChunkId, VerifiedChunk>,
}

impl Cache {
    /// Opens the cache in `root`, reconciles the index with the files, and drops what is over the
    /// limit. Blocks: call it before the runtime is busy.
    ///
    /// # Errors
    /// [`CacheError`] when the folder cannot be used.
    pub fn open(root: &Path, limit: u64) -> Result<Self, CacheError> {
        let folder = |source| CacheError::Folder {
            path: root.to_owned(),
            source,
        };
        let files = Files::open(root).map_err(folder)?;
        let found = files.scan().map_err(folder)?;
        let opened = Catalog::open(&root.join("index.redb"));
        let (catalog, rows) = opened.map_err(|source| CacheError::Index {
            path: root.to_owned(),
            source: Box::new(source),
        })?;
        let index = reconcile(&files, &catalog, found, &rows, limit);
        tracing::info!(
            chunks = index.count(),
            size_bytes = index.held(),
            "cache opened"
        );
        Ok(Self {
            inner: Arc::new(Inner {
                files,
                books: Mutex::new(Books {
                    index,
                    writing: HashMap::new(),
                }),
                catalog,
                io: Semaphore::new(MAX_IO),
            }),
        })
    }

    /// Takes a chunk in: readable at once, on disk when the returned write has run. A cache
    /// without room is not an error: the chunk is then simply not held.
    #[must_use]
    pub fn admit(&self, chunk: VerifiedChunk, title: Option<TitleId>) -> Admission {
        let mut books = self.inner.books();
        let id = chunk.id();
        if books.index.get(id).is_some() {
            books.index.touch(id);
            return Admission::Held;
        }
        let Ok(evicted) = books.index.reserve(id, chunk.len(), title) else {
            return Admission::NoRoom;
        };
        books.writing.insert(id, chunk.clone());
        drop(books);
        let write = Write {
            cache: self.clone(),
            chunk,
            title,
            unlink: evicted.clone(),
        };
        Admission::Write { write, evicted }
    }

    /// Takes a chunk in and waits until it is on disk.
    pub async fn put(&self, chunk: VerifiedChunk, title: Option<TitleId>) -> Put {
        match self.admit(chunk, title) {
            Admission::Held => Put {
                stored: true,
                evicted: Vec::new(),
            },
            Admission::NoRoom => Put {
                stored: false,
                evicted: Vec::new(),
            },
            Admission::Write { write, mut evicted } => {
                let put = write.run().await;
                evicted.extend(put.evicted);
                Put { evicted, ..put }
            }
        }
    }

    /// Reads a chunk and hashes it.
    pub async fn get(&self, id: ChunkId) -> Got {
        let len = {
            let mut books = self.inner.books();
            if let Some(chunk) = books.writing.get(&id) {
                return Got::Chunk(chunk.clone());
            }
            let Some(len) = books.index.get(id) else {
                return Got::Absent;
            };
            books.index.touch(id);
            books.index.pin(id);
            len
        };
        let cache = self.clone();
        self.inner
            .blocking(move || cache.inner.read(id, len))
            .await
            .unwrap_or(Got::Absent)
    }

    /// The length of a chunk that is held.
    #[must_use]
    pub fn contains(&self, id: ChunkId) -> Option<u32> {
        self.inner.books().index.get(id)
    }

    /// Every chunk held with its length, least recently used first.
    #[must_use]
    pub fn held(&self) -> Vec<(ChunkId, u32)> {
        self.inner.books().index.iter().collect()
    }

    /// Drops a chunk, if it is held.
    pub async fn remove(&self, id: ChunkId) {
        let cache = self.clone();
        let drop = move || cache.inner.forget(id);
        let _ = self.inner.blocking(drop).await;
    }

    /// How full the cache is.
    #[must_use]
    pub fn fill(&self) -> Fill {
        let books = self.inner.books();
        Fill {
            held: books.index.held(),
            limit: books.index.limit(),
            chunks: books.index.count(),
        }
    }
}

impl Inner {
    fn books(&self) -> MutexGuard<'_, Books> {
        // Every change of the books is complete before anything can panic.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let _turn = self.io.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }

    fn write(&self, chunk: &VerifiedChunk, title: Option<TitleId>, unlink: &[ChunkId]) -> Put {
        let mut evicted = Vec::new();
        self.unlink(unlink);
        let mut written = self.files.write(chunk);
        if written.as_ref().is_err_and(is_full) {
            let more = self
                .books()
                .index
                .shed(u64::from(chunk.len()) * SHED_ON_FULL_DISK);
            tracing::warn!(
                chunks = more.len(),
                "the disk is full; letting go of chunks"
            );
            self.unlink(&more);
            evicted.extend(more);
            written = self.files.write(chunk);
        }
        let mut books = self.books();
        books.writing.remove(&chunk.id());
        let stored = match written {
            // It may have been dropped while it was written.
            Ok(()) if books.index.get(chunk.id()).is_none() => {
                let _ = self.files.remove(chunk.id());
                false
            }
            Ok(()) => {
                books.index.unpin(chunk.id());
                true
            }
            Err(e) => {
                tracing::warn!(error = %e, "a chunk was not stored");
                books.index.remove(chunk.id());
                false
            }
        };
        drop(books);
        if stored {
            self.catalog
                .note(Change::Used(chunk.id(), chunk.len(), title));
        }
        Put { stored, evicted }
    }

    fn read(&self, id: ChunkId, len: u32) -> Got {
        let read = self.files.read(id, len);
        let mut books = self.books();
        books.index.unpin(id);
        let title = books.index.title(id);
        drop(books);
        match read {
            Ok(chunk) => {
                self.catalog.note(Change::Used(id, len, title));
                Got::Chunk(chunk)
            }
            Err(ReadError::Gone) => {
                self.forget(id);
                Got::Absent
            }
            Err(ReadError::Rotten) => {
                tracing::warn!(chunk = ?id, "a chunk on disk rotted; dropping it");
                self.forget(id);
                Got::Rotten
            }
            Err(ReadError::Io(e)) => {
                tracing::warn!(error = %e, "a chunk on disk cannot be read; dropping it");
                self.forget(id);
                Got::Rotten
            }
        }
    }

    fn forget(&self, id: ChunkId) {
        if self.books().index.remove(id) {
            self.unlink(&[id]);
        }
    }

    fn unlink(&self, ids: &[ChunkId]) {
        for id in ids {
            if let Err(e) = self.files.remove(*id) {
                tracing::warn!(error = %e, "a chunk file cannot be removed");
            }
            self.catalog.note(Change::Gone(*id));
        }
    }
}

/// Files without a row are taken in, oldest use first; rows without a file are forgotten; a file
/// of another length than its row says is a torn write of the file system, and is dropped.
fn reconcile(
    files: &Files,
    catalog: &Catalog,
    found: Vec<(ChunkId, u32)>,
    rows: &[catalog::Row],
    limit: u64,
) -> Index {
    let mut index = Index::new(limit);
    let known: HashMap<ChunkId, &catalog::Row> = rows.iter().map(|r| (r.id, r)).collect();
    let mut whole: HashMap<ChunkId, u32> = HashMap::with_capacity(found.len());
    for (id, len) in found {
        match known.get(&id) {
            Some(row) if row.len != len => {
                let _ = files.remove(id);
            }
            Some(_) => {
                whole.insert(id, len);
            }
            None => {
                index.restore(id, len, None);
                catalog.note(Change::Used(id, len, None));
            }
        }
    }
    for row in rows {
        if whole.contains_key(&row.id) {
            index.restore(row.id, row.len, row.title);
        } else {
            catalog.note(Change::Gone(row.id));
        }
    }
    for id in index.make_room(0).unwrap_or_default() {
        let _ = files.remove(id);
        catalog.note(Change::Gone(id));
    }
    index
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

#[cfg(test)]
mod tests;
