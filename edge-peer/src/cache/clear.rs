//! What the person at the PC asks of the cache: what is stored, less room, and to clear what nobody needs.

use std::collections::HashSet;

use swarm::content::{ChunkId, TitleId};

use super::Cache;

/// Chunks dropped while the books are locked: readers do not wait for longer.
const AT_ONCE: usize = 4_096;

/// What was cleared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cleared {
    /// What is not held any more; the caller tells the loop.
    pub chunks: Vec<ChunkId>,
    /// Its bytes.
    pub bytes: u64,
}

/// What is stored of a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredTitle {
    /// The title; none: of chunks whose index was lost.
    pub title: Option<TitleId>,
    /// Its chunks.
    pub chunks: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Whether they stay: the site is to hold it, or the person here keeps it.
    pub pinned: bool,
}

/// What is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// By title, what takes most first.
    pub titles: Vec<StoredTitle>,
}

impl Cache {
    /// Holds no more than `limit` bytes from now on. What must stay, stays, and is in the way of what is new.
    pub async fn set_limit(&self, limit: u64) -> Cleared {
        let inner = self.inner.clone();
        let work = move || {
            let mut books = inner.books();
            books.index.set_limit(limit);
            let before = books.index.held();
            let over = before.saturating_sub(limit);
            let chunks = books.index.shed(over);
            let bytes = before.saturating_sub(books.index.held());
            drop(books);
            inner.unlink(&chunks);
            Cleared { chunks, bytes }
        };
        self.inner.blocking(work).await.unwrap_or_default()
    }

    /// Drops every chunk that is not in use and of no pinned title.
    pub async fn clear(&self) -> Cleared {
        let mut all = Cleared::default();
        // What comes meanwhile is not chased.
        for _ in 0..=self.fill().chunks / AT_ONCE {
            let inner = self.inner.clone();
            let work = move || {
                let (chunks, bytes) = inner.books().index.clear(AT_ONCE);
                inner.unlink(&chunks);
                (chunks, bytes)
            };
            let (chunks, bytes) = self.inner.blocking(work).await.unwrap_or_default();
            all.bytes += bytes;
            all.chunks.extend(chunks);
        }
        all
    }

    /// What is stored, by title.
    pub async fn stored(&self) -> Stored {
        let inner = self.inner.clone();
        let work = move || {
            let books = inner.books();
            let pinned: HashSet<TitleId> = books.index.pinned().collect();
            let sums = books.index.by_title();
            drop(books);
            let titles = sums
                .into_iter()
                .map(|(title, (chunks, bytes))| StoredTitle {
                    pinned: title.is_some_and(|title| pinned.contains(&title)),
                    title,
                    chunks,
                    bytes,
                });
            titles.collect()
        };
        let titles: Option<Vec<StoredTitle>> = self.inner.blocking(work).await;
        let mut titles = titles.unwrap_or_default();
        titles.sort_by_key(|t| (std::cmp::Reverse(t.bytes), t.title));
        Stored { titles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cache::{Got, Source},
        chunk::VerifiedChunk,
    };

    fn chunk(n: u8) -> VerifiedChunk {
        VerifiedChunk::check(ChunkId::of(&[n; 1_000]), vec![n; 1_000].into()).unwrap()
    }

    fn title(n: u8) -> TitleId {
        TitleId([n; 16])
    }

    #[tokio::test]
    async fn what_is_cleared_is_neither_in_use_nor_kept_nor_pinned() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path(), 1 << 20).unwrap();
        for n in 0..6 {
            cache.put(chunk(n), Some(title(n % 3))).await;
        }
        cache.put(chunk(9), None).await;
        cache.pin(title(1), true).await;
        // A spare copy of a pinned title may go for room, but nobody asked for room here.
        let spare = chunk(4).id();
        cache.hold(title(1), vec![(spare, true)]).await;
        let in_use = cache.source(chunk(2).id()).await;
        assert!(matches!(in_use, Source::Disk(_)));

        let cleared = cache.clear().await;
        let gone: HashSet<ChunkId> = cleared.chunks.iter().copied().collect();
        let expected = [0, 3, 5, 9].map(|n| chunk(n).id()).into();
        assert_eq!((gone, cleared.bytes), (expected, 4_000));
        for n in [1, 2, 4] {
            assert_eq!(cache.get(chunk(n).id()).await, Got::Chunk(chunk(n)), "{n}");
        }
        drop(in_use);
        assert_eq!(cache.clear().await.chunks, [chunk(2).id()]);
        assert_eq!(cache.clear().await, Cleared::default());
        assert_eq!(cache.fill().held, 2_000);
        drop(cache);
        let again = Cache::open(dir.path(), 1 << 20).unwrap();
        assert_eq!(again.fill().held, 2_000);
    }

    #[tokio::test]
    async fn a_lower_limit_drops_the_oldest_and_what_must_stay_stays() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path(), 1 << 20).unwrap();
        cache.pin(title(1), true).await;
        for n in 0..4 {
            cache.put(chunk(n), Some(title(u8::from(n == 0)))).await;
        }
        let cleared = cache.set_limit(2_500).await;
        assert_eq!(cleared.chunks, [chunk(1).id(), chunk(2).id()]);
        assert_eq!(cleared.bytes, 2_000);
        assert_eq!(cache.set_limit(10).await.chunks, [chunk(3).id()]);
        assert_eq!((cache.fill().held, cache.fill().limit), (1_000, 10));
        assert!(!cache.put(chunk(7), None).await.stored);
        assert_eq!(cache.set_limit(1 << 20).await, Cleared::default());
        assert!(cache.put(chunk(7), None).await.stored);
    }

    #[tokio::test]
    async fn what_is_stored_is_summed_by_title() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path(), 1 << 20).unwrap();
        cache.pin(title(1), true).await;
        for (n, of) in [(0, Some(1)), (1, Some(2)), (2, Some(2)), (3, None)] {
            cache.put(chunk(n), of.map(title)).await;
        }
        let found = cache.stored().await.titles;
        let found: Vec<_> = found
            .iter()
            .map(|t| (t.title, t.chunks, t.bytes, t.pinned))
            .collect();
        assert_eq!(
            found,
            [
                (Some(title(2)), 2, 2_000, false),
                (None, 1, 1_000, false),
                (Some(title(1)), 1, 1_000, true),
            ]
        );
    }
}
