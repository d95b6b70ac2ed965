//! A chunk on its way from its file to a peer, piece by piece.
//!
//! What the system has in memory is read at once, without a detour over a thread; what has to come
//! from the disk is read by a thread for blocking work. The pieces' memory is used again. The last
//! piece is given only when all of them fit the chunk's seal: whoever asked then has no whole chunk
//! of wrong bytes, and no reason to call this PC a liar.

use std::{
    fs::File,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use swarm::content::ChunkId;
use tokio::task::JoinHandle;

use super::Inner;
use crate::{
    chunk::{Seal, Sealing},
    platform,
};

/// Bytes read and given at once: from file to connection they stay in the processor's second cache.
pub const PIECE: usize = 64 << 10;
/// Where a piece begins in its memory: half a page in. TLS copies each piece into records, whose
/// memory begins at a page like this one does. When the two begin at nearly the same place of a page,
/// `rep movsb`, which glibc before 2.39 copies with, is some five times slower on AMD's Zen 3 and 4
/// (glibc's bug 30994).
const BEGIN: usize = 2 << 10;
/// The most pieces kept for the next reader.
const MAX_IDLE: usize = 32;

/// Memory for pieces, used again and again.
#[derive(Debug, Default)]
pub struct Pool {
    /// Each [`BEGIN`] and [`PIECE`] long.
    idle: Mutex<Vec<Vec<u8>>>,
}

impl Pool {
    fn take(&self) -> Vec<u8> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle.pop();
        drop(idle);
        taken.unwrap_or_else(|| vec![0; BEGIN + PIECE])
    }

    fn give(&self, memory: Vec<u8>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE && memory.len() == BEGIN + PIECE {
            idle.push(memory);
        }
    }
}

/// A piece that gives its memory back when the connection has sent it.
struct Lent {
    memory: Vec<u8>,
    len: usize,
    pool: Arc<Pool>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.memory.get(BEGIN..BEGIN + self.len).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.memory));
    }
}

type Loading = JoinHandle<(Vec<u8>, io::Result<usize>)>;

/// Gives a chunk's bytes; the chunk is in use until this is dropped.
pub struct Reader {
    inner: Arc<Inner>,
    id: ChunkId,
    len: u32,
    at: u32,
    file: Arc<File>,
    seal: Seal,
    sum: Sealing,
    loading: Option<Loading>,
}

impl Reader {
    /// Of a chunk that was taken into use for it.
    pub(super) fn new(inner: Arc<Inner>, id: ChunkId, len: u32, file: File, seal: Seal) -> Self {
        Self {
            inner,
            id,
            len,
            at: 0,
            file: Arc::new(file),
            seal,
            sum: Sealing::new(),
            loading: None,
        }
    }

    /// The chunk.
    #[must_use]
    pub fn id(&self) -> ChunkId {
        self.id
    }

    /// The chunk's length, bytes.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Bytes not given yet.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.len - self.at
    }

    /// Whether everything was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// The next piece; none after the last one. After an error there is nothing more: the chunk
    /// rotted, or the disk failed, and it is dropped from the cache.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let (memory, read) = ready!(self.poll_read(cx));
        let piece = match read {
            Ok(0) => Err(rotten()),
            Ok(len) => self.checked(memory, len),
            Err(e) => Err(e),
        };
        if let Err(e) = &piece {
            tracing::warn!(chunk = ?self.id, error = %e, "a chunk on disk is not given");
            self.at = self.len;
            let (inner, id) = (self.inner.clone(), self.id);
            // Removing its file may wait for the disk.
            tokio::task::spawn_blocking(move || inner.lost(id, super::Told::No));
        }
        Poll::Ready(Some(piece))
    }

    fn checked(&mut self, memory: Vec<u8>, len: usize) -> io::Result<Bytes> {
        let lent = Lent {
            memory,
            len,
            pool: self.inner.pool.clone(),
        };
        self.sum.update(lent.as_ref());
        self.at += u32::try_from(len).unwrap_or(0);
        if self.at == self.len && !self.sum.fits(self.seal) {
            return Err(rotten());
        }
        Ok(Bytes::from_owner(lent))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<(Vec<u8>, io::Result<usize>)> {
        if let Some(loading) = &mut self.loading {
            let loaded = ready!(Pin::new(loading).poll(cx));
            self.loading = None;
            return Poll::Ready(loaded.unwrap_or_else(|e| (Vec::new(), Err(io::Error::other(e)))));
        }
        let mut memory = self.inner.pool.take();
        let want = PIECE.min(self.left() as usize);
        let at = u64::from(self.at);
        match platform::read_cached(&self.file, &mut memory[BEGIN..BEGIN + want], at) {
            Ok(Some(read)) => return Poll::Ready((memory, Ok(read))),
            Err(e) => return Poll::Ready((memory, Err(e))),
            Ok(None) => {}
        }
        let file = self.file.clone();
        let mut loading = tokio::task::spawn_blocking(move || {
            let read = platform::read_at(&file, &mut memory[BEGIN..BEGIN + want], at);
            (memory, read)
        });
        let polled = Pin::new(&mut loading).poll(cx);
        match polled {
            Poll::Pending => {
                self.loading = Some(loading);
                Poll::Pending
            }
            Poll::Ready(loaded) => {
                Poll::Ready(loaded.unwrap_or_else(|e| (Vec::new(), Err(io::Error::other(e)))))
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.inner.books().index.give(self.id);
    }
}

fn rotten() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the chunk rotted on disk")
}
