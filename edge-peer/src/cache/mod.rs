//! The chunks on this PC's disk: bounded, crash-safe, checked on every read.
//!
//! A chunk is held when its file is under its final name and the journal says so. The index in
//! memory decides what goes first when room is needed; the journal lets it survive a restart
//! without a look at the files. File work runs on threads for blocking work, at most [`MAX_IO`] at
//! a time.
//!
//! A chunk is hashed when it comes. What is read later is compared with the checksum its bytes had
//! then ([`crate::chunk::Seal`]); the scrub hashes all of it again, slowly. What does not fit is
//! dropped and reported ([`Cache::losses`]), so that it is fetched again.

mod books;
mod clear;
mod files;
mod index;
pub mod journal;
mod reader;
mod scrub;
mod titles;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use swarm::content::{ChunkId, ChunkRef, TitleId};
use tokio::sync::{Semaphore, mpsc};

use crate::chunk::VerifiedChunk;
use books::{Books, Description, lock, reconcile, replay};
pub use clear::{Cleared, Stored, StoredTitle};
use files::{Files, ReadError};
pub use files::{Sample, sample};

pub use index::Held;
use index::Index;
use journal::{Change, Journal};
use reader::Pool;
pub use reader::Reader;
pub use scrub::keep;

/// The most file reads and writes at the same time.
pub const MAX_IO: usize = 8;
/// Losses that nobody took yet; more are not reported: the next read finds them anew.
const MAX_LOSSES: usize = 256;
/// The index on disk.
const JOURNAL: &str = "index.journal";
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
    unlink: Vec<ChunkId>,
}

impl Write {
    /// Writes the chunk. `evicted` names only what had to go because the disk was full.
    pub async fn run(self) -> Put {
        let cache = self.cache.clone();
        let work = move || self.cache.inner.write(&self.chunk, &self.unlink);
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

/// A chunk to be given to a peer.
// One a request, and moved a few times: a box of its own would cost more.
#[allow(clippy::large_enum_variant)]
pub enum Source {
    /// It is in memory anyway.
    Memory(VerifiedChunk),
    /// It is on disk, and in use until the reader is dropped.
    Disk(Reader),
    /// It is not held, or not any more.
    Absent,
}

/// A chunk that was held and is not any more, though nobody wanted it to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// The chunk.
    pub chunk: ChunkRef,
    /// The title it was fetched for.
    pub title: Option<TitleId>,
    /// Whether who read it knows.
    pub told: Told,
}

/// Whether a loss was answered to somebody who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Somebody asked for the whole chunk and was told.
    Yes,
    /// It was found while it was given away piece by piece, or by the scrub.
    No,
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
    books: Arc<Mutex<Books>>,
    journal: Journal,
    io: Semaphore,
    pool: Arc<Pool>,
    losses: mpsc::Sender<Lost>,
    reported: Mutex<Option<mpsc::Receiver<Lost>>>,
    opened: SystemTime,
}

impl Cache {
    /// Opens the cache in `root` and drops what is over the limit. A damaged index is put right
    /// from the files, a lost one is made of them. Blocks: call it before the runtime is busy.
    ///
    /// # Errors
    /// [`CacheError`] when the folder cannot be used.
    pub fn open(root: &Path, limit: u64) -> Result<Self, CacheError> {
        let opened = SystemTime::now();
        Self::open_folder(root, limit, opened).map_err(|source| CacheError::Folder {
            path: root.to_owned(),
            source,
        })
    }

    fn open_folder(root: &Path, limit: u64, opened: SystemTime) -> io::Result<Self> {
        let files = Files::open(root)?;
        let path = root.join(JOURNAL);
        let mut index = Index::new(limit);
        index.expect(path.metadata().map_or(0, |m| journal::records_of(m.len())));
        let found = journal::read(&path, |change| replay(&mut index, change))?;
        if found.is_none_or(|f| f.damaged > 0) {
            reconcile(&files, &mut index)?;
            // A new cache has neither.
            if found.is_some() || index.count() > 0 {
                tracing::warn!(?found, "the cache index was put right from the files");
            }
        }
        let over = index.make_room(0).unwrap_or_default();
        tracing::info!(
            chunks = index.count(),
            size_bytes = index.held(),
            "cache opened"
        );
        let books = Arc::new(Mutex::new(Books::new(index)));
        let journal = Journal::open(&path, found, Description(books.clone()))?;
        let (losses, reported) = mpsc::channel(MAX_LOSSES);
        let inner = Inner {
            files,
            books,
            journal,
            io: Semaphore::new(MAX_IO),
            pool: Arc::default(),
            losses,
            reported: Mutex::new(Some(reported)),
            opened,
        };
        inner.unlink(&over);
        Ok(Self {
            inner: Arc::new(inner),
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

    /// Reads a whole chunk.
    pub async fn get(&self, id: ChunkId) -> Got {
        let held = match self.inner.take(id) {
            Taken::Memory(chunk) => return Got::Chunk(chunk),
            Taken::Disk(held) => held,
            Taken::Absent => return Got::Absent,
        };
        let inner = self.inner.clone();
        let read = self.inner.blocking(move || inner.read(held)).await;
        read.unwrap_or(Got::Absent)
    }

    /// Opens a chunk to be given to a peer.
    pub async fn source(&self, id: ChunkId) -> Source {
        let held = match self.inner.take(id) {
            Taken::Memory(chunk) => return Source::Memory(chunk),
            Taken::Disk(held) => held,
            Taken::Absent => return Source::Absent,
        };
        let inner = self.inner.clone();
        if let Some(seal) = held.seal
            && let Some(file) = inner.files.open_cached(id, held.len)
        {
            return Source::Disk(Reader::new(inner, id, held.len, file, seal));
        }
        let opened = self.inner.blocking(move || inner.open(held)).await;
        opened.unwrap_or(Source::Absent)
    }

    /// The length of a chunk that is held.
    #[must_use]
    pub fn contains(&self, id: ChunkId) -> Option<u32> {
        self.inner.books().index.get(id)
    }

    /// Every chunk held with its length.
    #[must_use]
    pub fn held(&self) -> Vec<(ChunkId, u32)> {
        self.inner.books().index.iter().collect()
    }

    /// Drops a chunk, if it is held.
    pub async fn remove(&self, id: ChunkId) {
        let inner = self.inner.clone();
        let _ = self.inner.blocking(move || inner.forget(id)).await;
    }

    /// Pins a title, or lets it go. Of a pinned title only spare copies are dropped for room; new
    /// chunks that then find none are passed through.
    pub async fn pin(&self, title: TitleId, pinned: bool) {
        let inner = self.inner.clone();
        let pin = move || {
            if inner.books().index.pin(title, pinned) {
                inner.journal.note(if pinned {
                    Change::Pinned(title)
                } else {
                    Change::Freed(title)
                });
            }
        };
        let _ = self.inner.blocking(pin).await;
    }

    /// The pinned titles.
    #[must_use]
    pub fn pinned(&self) -> Vec<TitleId> {
        self.inner.books().index.pinned().collect()
    }

    /// Notes that chunks are a pinned title's, and of each whether its copy is a spare one, because others
    /// in the site keep it too. Until that is said, a copy counts as the last one.
    pub async fn hold(&self, title: TitleId, copies: Vec<(ChunkId, bool)>) {
        let inner = self.inner.clone();
        let note = move || {
            for (id, spare) in copies {
                let mut books = inner.books();
                let claimed = books.index.claim(id, title);
                let changed = books.index.spare(id, spare).or(claimed);
                drop(books);
                if let Some(held) = changed {
                    inner.journal.note(Change::Held(held));
                }
            }
        };
        let _ = self.inner.blocking(note).await;
    }

    /// What was lost to rot or to somebody who tidied up; the first caller gets them all.
    #[must_use]
    pub fn losses(&self) -> Option<mpsc::Receiver<Lost>> {
        let reported = &self.inner.reported;
        let mut reported = reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.take()
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

/// A chunk taken into use, if it is on disk.
enum Taken {
    Memory(VerifiedChunk),
    Disk(Held),
    Absent,
}

impl Inner {
    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let _turn = self.io.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }

    fn take(&self, id: ChunkId) -> Taken {
        let mut books = self.books();
        if let Some(chunk) = books.writing.get(&id) {
            return Taken::Memory(chunk.clone());
        }
        let Some(held) = books.index.on_disk(id) else {
            return Taken::Absent;
        };
        books.index.touch(id);
        books.index.take(id);
        drop(books);
        self.journal.used(id);
        Taken::Disk(held)
    }

    fn write(&self, chunk: &VerifiedChunk, unlink: &[ChunkId]) -> Put {
        let (id, seal) = (chunk.id(), chunk.seal());
        let mut evicted = Vec::new();
        self.unlink(unlink);
        let mut written = self.files.write(chunk);
        if written.as_ref().is_err_and(is_full) {
            let room = u64::from(chunk.len()) * SHED_ON_FULL_DISK;
            let more = self.books().index.shed(room);
            tracing::warn!(
                chunks = more.len(),
                "the disk is full; letting go of chunks"
            );
            self.unlink(&more);
            evicted.extend(more);
            written = self.files.write(chunk);
        }
        let mut books = self.books();
        books.writing.remove(&id);
        let stored = match written {
            Ok(()) => books.index.written(id, seal),
            Err(e) => {
                tracing::warn!(error = %e, "a chunk was not stored");
                books.index.remove(id);
                false
            }
        };
        let held = books.index.on_disk(id);
        drop(books);
        match held {
            Some(held) if stored => self.journal.note(Change::Held(held)),
            // It was dropped while it was written.
            _ => _ = self.files.remove(id),
        }
        Put { stored, evicted }
    }

    /// Reads a chunk that was taken into use.
    fn read(&self, held: Held) -> Got {
        let Held { id, len, seal, .. } = held;
        let read = match seal {
            Some(seal) => self.files.read(id, len, seal),
            None => self.files.hash(id, len, false),
        };
        let mut books = self.books();
        books.index.give(id);
        if let (None, Ok(chunk)) = (seal, &read) {
            books.index.seal(id, chunk.seal());
            let sealed = books.index.on_disk(id);
            drop(books);
            sealed
                .into_iter()
                .for_each(|held| self.journal.note(Change::Held(held)));
        } else {
            drop(books);
        }
        match read {
            Ok(chunk) => Got::Chunk(chunk),
            Err(error) => self.unreadable(id, error, Told::Yes),
        }
    }

    /// Opens a chunk that was taken into use.
    fn open(self: Arc<Self>, held: Held) -> Source {
        let Some(seal) = held.seal else {
            return match self.read(held) {
                Got::Chunk(chunk) => Source::Memory(chunk),
                Got::Absent | Got::Rotten => Source::Absent,
            };
        };
        match self.files.open_chunk(held.id, held.len) {
            Ok(file) => Source::Disk(Reader::new(self, held.id, held.len, file, seal)),
            Err(error) => {
                self.books().index.give(held.id);
                self.unreadable(held.id, error, Told::Yes);
                Source::Absent
            }
        }
    }

    fn unreadable(&self, id: ChunkId, error: ReadError, told: Told) -> Got {
        tracing::warn!(chunk = ?id, %error, "a chunk on disk cannot be used; dropping it");
        self.lost(id, told);
        match error {
            ReadError::Gone => Got::Absent,
            ReadError::Rotten | ReadError::Io(_) => Got::Rotten,
        }
    }

    /// Forgets a chunk that was lost, and says so.
    fn lost(&self, id: ChunkId, told: Told) {
        let held = self.books().index.on_disk(id);
        self.forget(id);
        if let Some(held) = held {
            let chunk = ChunkRef { id, len: held.len };
            let title = held.title;
            let _ = self.losses.try_send(Lost { chunk, title, told });
        }
    }

    fn forget(&self, id: ChunkId) {
        let removed = self.books().index.remove(id);
        if removed {
            self.unlink(&[id]);
        }
    }

    fn unlink(&self, ids: &[ChunkId]) {
        for id in ids {
            if let Err(e) = self.files.remove(*id) {
                tracing::warn!(error = %e, "a chunk file cannot be removed");
            }
            self.journal.note(Change::Gone(*id));
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

#[cfg(test)]
mod tests;
