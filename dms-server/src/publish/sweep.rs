//! Removes the chunks of versions that will never be published.
//!
//! Every stored chunk has a row that was there first, so nothing has to be looked for in the store.
//! Rows go after bytes: a sweep that is cut off goes on where it was.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use swarm::content::{ChunkId, TitleId};

use super::db::{self, Abandoned};
use crate::problem::Problem;
use crate::state::App;

/// Chunks removed between two notes in the database.
const BATCH: i64 = 200;
/// Chunks removed from the store at once.
const DELETES: usize = 8;

/// Sweeps every version whose time has come; answers how many chunks went.
///
/// # Errors
/// The database or the store failed; what is left is swept next time.
pub async fn sweep(app: &App) -> Result<u64, Problem> {
    let mut chunks = 0;
    while let Some(version) = db::abandoned(&app.db, app.clock.now_ms()).await? {
        chunks += sweep_version(app, &version).await?;
    }
    if chunks > 0 {
        tracing::info!(chunks, "chunks of unpublished versions removed");
    }
    Ok(chunks)
}

async fn sweep_version(app: &App, version: &Abandoned) -> Result<u64, Problem> {
    let mut chunks = 0;
    loop {
        let batch = db::swept_chunks(&app.db, version, BATCH).await?;
        if batch.is_empty() {
            break;
        }
        let ids: Vec<ChunkId> = batch
            .iter()
            .filter(|row| !row.1)
            .filter_map(chunk_id)
            .collect();
        chunks += ids.len() as u64;
        stream::iter(ids)
            .map(|id| app.store.delete_chunk(id))
            .buffer_unordered(DELETES)
            .try_collect::<()>()
            .await?;
        let forgotten: Vec<Vec<u8>> = batch.into_iter().map(|(id, _)| id).collect();
        db::forget_chunks(&app.db, version, &forgotten).await?;
    }
    let title = TitleId(version.title.into_bytes());
    app.store
        .delete_version(title, version.version.unsigned_abs())
        .await?;
    db::forget_version(&app.db, version).await?;
    Ok(chunks)
}

fn chunk_id(row: &(Vec<u8>, bool)) -> Option<ChunkId> {
    row.0.as_slice().try_into().ok().map(ChunkId)
}
