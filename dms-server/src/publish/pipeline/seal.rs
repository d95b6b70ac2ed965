//! Sealing and storing one segment.

use std::sync::Arc;

use bytes::Bytes;
use drm::key::TitleKey;
use drm::segment::{self, SegmentContext};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use swarm::content::{ChunkId, ChunkRef, Segment};

use super::assembly::Clear;
use super::{Attempt, AttemptError, Step};
use crate::publish::jobs::db;

/// Chunks of one segment on their way to the store at once.
const PUTS: usize = 4;

/// Seals the segments of one attempt.
pub struct Sealer<'a> {
    attempt: &'a Attempt,
    tenant: Arc<str>,
}

impl<'a> Sealer<'a> {
    /// A sealer under the attempt's own title key.
    #[must_use]
    pub fn new(attempt: &'a Attempt) -> Self {
        Self {
            attempt,
            tenant: attempt.app.config.keys.tenant.as_str().into(),
        }
    }

    /// Seals a segment and stores its chunks.
    ///
    /// # Errors
    /// [`AttemptError`].
    pub async fn seal(&self, clear: Clear) -> Result<Segment, AttemptError> {
        let (duration, samples) = (clear.duration, clear.samples);
        let plain_len = clear.bytes.len() as u64;
        let chunks = self.seal_off_thread(clear).await?;
        let refs = self.store(chunks).await?;
        Ok(Segment {
            duration,
            samples,
            plain_len,
            chunks: refs,
        })
    }

    /// Sealing is a few milliseconds of pure computation: not for a thread that serves requests.
    async fn seal_off_thread(&self, clear: Clear) -> Result<Vec<Bytes>, AttemptError> {
        let key = Arc::clone(&self.attempt.key);
        let tenant = Arc::clone(&self.tenant);
        let (title, version) = (self.attempt.title.0, self.attempt.version);
        tokio::task::spawn_blocking(move || seal(&key, &tenant, title, version, &clear)).await?
    }

    /// Stores chunks. Their rows are in the database first, so that a chunk in the store is always
    /// known to somebody who would remove it.
    ///
    /// # Errors
    /// [`AttemptError`]; the chunks are swept when the attempt has ended.
    pub async fn store(&self, chunks: Vec<Bytes>) -> Result<Vec<ChunkRef>, AttemptError> {
        let refs = reference(&chunks).await?;
        let Attempt { app, claim, .. } = self.attempt;
        if !db::note_chunks(&app.db, claim, &refs).await? {
            return Err(AttemptError::Lost);
        }
        self.attempt.reached(Step::Noted).await;
        let ids: Vec<ChunkId> = refs.iter().map(|chunk| chunk.id).collect();
        let puts = ids.into_iter().zip(chunks);
        stream::iter(puts)
            .map(|(id, bytes)| app.store.put_chunk(id, bytes))
            .buffer_unordered(PUTS)
            .try_collect::<()>()
            .await?;
        self.attempt.reached(Step::Stored).await;
        Ok(refs)
    }
}

fn seal(
    key: &TitleKey,
    tenant: &str,
    title: [u8; 16],
    version: u64,
    clear: &Clear,
) -> Result<Vec<Bytes>, AttemptError> {
    let track = clear.track.0;
    let context = SegmentContext {
        tenant,
        title,
        version,
        track,
        segment: clear.segment,
    };
    let chunks = segment::seal(&key.track(track), &context, &clear.bytes, &mut rand::rng())?;
    Ok(chunks.into_iter().map(Bytes::from).collect())
}

/// Hashing is work for another thread, too. `Bytes` are shared, not copied.
async fn reference(chunks: &[Bytes]) -> Result<Vec<ChunkRef>, AttemptError> {
    let chunks = chunks.to_vec();
    let refs = move || {
        let of = |bytes: &Bytes| ChunkRef {
            id: ChunkId::of(bytes),
            len: bytes.len() as u32,
        };
        chunks.iter().map(of).collect()
    };
    Ok(tokio::task::spawn_blocking(refs).await?)
}
