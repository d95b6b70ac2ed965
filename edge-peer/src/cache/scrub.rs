//! Looking after what lies on the disk: files that nobody knows go, and every chunk is hashed again
//! from time to time, so that rot is found before somebody asks.

use std::{io, sync::Arc, time::Duration};

use super::{Cache, Inner, ReadError, Told};

/// How fast the scrub reads, bytes a second: half a percent of a disk, and of a processor's core.
/// A cache of 10 GiB takes an hour and a half.
pub const SCRUB_RATE: u64 = 2 << 20;
/// How long the scrub rests between two passes. The first one begins soon after the start, at any
/// place: a PC that is off every night still gets to all of them.
pub const SCRUB_REST: Duration = Duration::from_secs(24 * 3_600);
/// How long after the start unknown files are looked for: the viewers come first.
const SWEEP_AFTER: Duration = Duration::from_secs(60);
/// How long it rests between two of the 256 folders.
const SWEEP_PAUSE: Duration = Duration::from_millis(200);

/// Looks after a cache for as long as it runs.
pub async fn keep(cache: Cache) {
    tokio::time::sleep(SWEEP_AFTER).await;
    for first in 0..=u8::MAX {
        let inner = cache.inner.clone();
        let swept = cache.inner.blocking(move || inner.sweep(first)).await;
        if let Some(Err(e)) = swept {
            tracing::debug!(error = %e, "a folder of the cache was not looked through");
        }
        tokio::time::sleep(SWEEP_PAUSE).await;
    }
    loop {
        pass(&cache, SCRUB_RATE, rand::random()).await;
        tokio::time::sleep(SCRUB_REST).await;
    }
}

/// Hashes every chunk once, at most `rate` bytes a second, beginning anywhere.
pub(super) async fn pass(cache: &Cache, rate: u64, anywhere: u32) {
    let places = cache.inner.places();
    for step in 0..places {
        let place = (anywhere as usize % places + step) % places;
        let inner = cache.inner.clone();
        let read = cache.inner.blocking(move || inner.scrub(place)).await;
        let read = u64::from(read.unwrap_or(0));
        if read > 0 {
            let pause = Duration::from_micros(read.saturating_mul(1_000_000) / rate.max(1));
            tokio::time::sleep(pause).await;
        }
    }
}

impl Inner {
    fn places(&self) -> usize {
        self.books().index.places()
    }

    /// Removes the files of a folder that are no chunks of the index and are older than this run:
    /// the last one was killed between giving a file its name and noting it.
    pub(super) fn sweep(&self, first: u8) -> io::Result<()> {
        for id in self.files.in_folder(first)? {
            if self.books().index.get(id).is_some() {
                continue;
            }
            let written = self.files.path(id).metadata().and_then(|m| m.modified());
            if written.is_ok_and(|at| at <= self.opened) {
                self.files.remove(id)?;
            }
        }
        Ok(())
    }

    /// Hashes the chunk in one place of the index, from the disk; answers the bytes it read.
    pub(super) fn scrub(self: &Arc<Self>, place: usize) -> u32 {
        let held = {
            let mut books = self.books();
            let held = books.index.at(place);
            held.filter(|held| books.index.take(held.id))
        };
        let Some(held) = held else {
            return 0;
        };
        let read = self.files.hash(held.id, held.len, true);
        self.books().index.give(held.id);
        match read {
            Ok(_) => {}
            Err(error @ (ReadError::Gone | ReadError::Rotten)) => {
                self.unreadable(held.id, error, Told::No);
            }
            Err(ReadError::Io(e)) => {
                // Too many open files, most likely; a disk that fails shows when somebody reads.
                tracing::debug!(error = %e, "a chunk was not scrubbed");
            }
        }
        held.len
    }
}
