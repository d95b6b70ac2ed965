//! The opened segments that were asked for last.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use swarm::content::TrackId;

use crate::error::PlayError;

/// Which segment.
pub(super) type Key = (TrackId, usize);

/// Keeps segments up to a number of bytes, the least recently used one goes first. A segment
/// that several connections ask for at once is fetched once.
pub(super) struct SegmentCache {
    max_bytes: usize,
    /// Locked for look-ups only, never across an await.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Most recently used last.
    kept: VecDeque<(Key, Bytes)>,
    bytes: usize,
    /// Fetches under way; the lock inside is held by the one that fetches.
    fetching: Vec<(Key, Arc<tokio::sync::Mutex<()>>)>,
}

impl SegmentCache {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            state: Mutex::default(),
        }
    }

    /// The segment from the cache, or from `fetch`.
    pub(super) async fn get_or_fetch(
        &self,
        key: Key,
        fetch: impl Future<Output = Result<Option<Bytes>, PlayError>>,
    ) -> Result<Option<Bytes>, PlayError> {
        let turn = match self.lock().find_or_join(key) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(turn) => turn,
        };
        let _turn = turn.lock().await;
        if let Some(bytes) = self.lock().find(key) {
            return Ok(Some(bytes));
        }
        let result = fetch.await;
        let mut state = self.lock();
        state.fetching.retain(|(fetched, _)| *fetched != key);
        if let Ok(Some(bytes)) = &result {
            state.keep(key, bytes.clone(), self.max_bytes);
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&mut self, key: Key) -> Option<Bytes> {
        let at = self.kept.iter().position(|(kept, _)| *kept == key)?;
        let entry = self.kept.remove(at)?;
        let bytes = entry.1.clone();
        self.kept.push_back(entry);
        Some(bytes)
    }

    fn find_or_join(&mut self, key: Key) -> Result<Bytes, Arc<tokio::sync::Mutex<()>>> {
        if let Some(bytes) = self.find(key) {
            return Ok(bytes);
        }
        // A turn nobody waits for any more belongs to a connection that was dropped.
        self.fetching
            .retain(|(fetched, turn)| *fetched == key || Arc::strong_count(turn) > 1);
        if let Some((_, turn)) = self.fetching.iter().find(|(fetched, _)| *fetched == key) {
            return Err(Arc::clone(turn));
        }
        let turn = Arc::default();
        self.fetching.push((key, Arc::clone(&turn)));
        Err(turn)
    }

    fn keep(&mut self, key: Key, bytes: Bytes, max_bytes: usize) {
        self.bytes += bytes.len();
        self.kept.push_back((key, bytes));
        while self.bytes > max_bytes {
            let Some((_, oldest)) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn segment(len: usize) -> Result<Option<Bytes>, PlayError> {
        Ok(Some(Bytes::from(vec![0; len])))
    }

    #[tokio::test]
    async fn the_least_recently_used_segment_goes_first() {
        let cache = SegmentCache::new(100);
        let fetches = AtomicU32::new(0);
        let get = async |index| {
            let fetch = async {
                fetches.fetch_add(1, Ordering::Relaxed);
                segment(40)
            };
            cache
                .get_or_fetch((TrackId(1), index), fetch)
                .await
                .expect("a segment");
            fetches.swap(0, Ordering::Relaxed)
        };
        assert_eq!((get(1).await, get(2).await), (1, 1));
        assert_eq!(get(1).await, 0);
        assert_eq!(get(3).await, 1, "2 is the oldest now and goes");
        assert_eq!((get(1).await, get(3).await), (0, 0));
        assert_eq!(get(2).await, 1);
        assert_eq!(cache.lock().bytes, 80);
    }

    #[tokio::test]
    async fn requests_at_once_fetch_once_and_a_failure_is_not_kept() {
        let cache = SegmentCache::new(100);
        let key = (TrackId(1), 1);
        let failed = cache
            .get_or_fetch(key, async { Err(PlayError::Interrupted) })
            .await;
        assert_eq!(failed, Err(PlayError::Interrupted));
        let fetches = AtomicU32::new(0);
        let fetch = || async {
            fetches.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            segment(10)
        };
        let (first, second) = tokio::join!(
            cache.get_or_fetch(key, fetch()),
            cache.get_or_fetch(key, fetch())
        );
        assert_eq!(first, second);
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        assert!(cache.lock().fetching.is_empty());
    }

    #[tokio::test]
    async fn a_segment_larger_than_the_cache_is_served_and_not_kept() {
        let cache = SegmentCache::new(10);
        let got = cache
            .get_or_fetch((TrackId(1), 1), async { segment(11) })
            .await;
        assert_eq!(got.map(|bytes| bytes.map(|b| b.len())), Ok(Some(11)));
        let state = cache.lock();
        assert_eq!((state.bytes, state.kept.len()), (0, 0));
    }
}
