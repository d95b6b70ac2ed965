//! Publishing: upload, transcoding, sealing, and what the rest of the server asks about titles.

use swarm::content::{ChunkId, TitleId};
use swarm::wire::TitleHead;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::config::Config;
use crate::problem::Result;
use crate::state::App;

/// The state of uploads and jobs in this process.
#[derive(Debug, Default)]
pub struct Publish;

impl Publish {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(_config: &Config) -> Self {
        Self
    }
}

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}

/// Runs jobs until `stop`.
///
/// # Errors
/// When it cannot go on at all.
pub async fn run(_app: App, stop: CancellationToken) -> anyhow::Result<()> {
    stop.cancelled().await;
    Ok(())
}

/// The newest complete version of a title and the chunks of its signed manifest.
///
/// # Errors
/// The database's.
pub async fn head(_app: &App, _title: TitleId) -> Result<Option<TitleHead>> {
    Ok(None)
}

/// The length of a chunk that belongs to a complete version of a title or to its manifest.
///
/// # Errors
/// The database's.
pub async fn published_chunk(_app: &App, _chunk: ChunkId) -> Result<Option<u32>> {
    Ok(None)
}

/// What a licence for a title needs.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// The newest complete version.
    pub version: u64,
    /// Its title key, wrapped under the KEK.
    pub wrapped_key: Vec<u8>,
    /// Its tracks.
    pub tracks: Vec<swarm::content::TrackId>,
}

/// The newest complete version's key and tracks.
///
/// # Errors
/// The database's.
pub async fn sealing(_app: &App, _title: TitleId) -> Result<Option<Sealing>> {
    Ok(None)
}
