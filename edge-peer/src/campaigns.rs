//! Titles that the site is to hold: their manifests are fetched like a player's, and the machine is told the
//! chunks. Which of them this PC fetches or copies is the machine's to decide.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use swarm::content::{ChunkId, ChunkRef, TitleId, chunks_of_object};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    driver::Handle,
    titles::{Edition, Titles},
};

/// How long after a word of the DMS it is acted upon: it often says more at once.
const SETTLE: Duration = Duration::from_secs(1);
/// How long after a manifest did not come it is asked for again.
const RETRY: Duration = Duration::from_secs(30);

/// See the module.
pub struct Campaigns {
    titles: Titles,
    driver: Handle,
    told: watch::Receiver<Vec<TitleId>>,
}

impl Campaigns {
    /// Follows what is `told` the site is to hold: manifests come from `titles`, chunks through `driver`.
    #[must_use]
    pub fn new(titles: &Titles, driver: &Handle, told: watch::Receiver<Vec<TitleId>>) -> Self {
        Self {
            titles: titles.clone(),
            driver: driver.clone(),
            told,
        }
    }

    /// Follows the DMS's word until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&mut self) {
        let mut held: BTreeMap<TitleId, Vec<ChunkRef>> = BTreeMap::new();
        loop {
            tokio::time::sleep(SETTLE).await;
            let told = self.told.borrow_and_update().clone();
            self.let_go(&mut held, &told).await;
            let complete = self.hold(&mut held, &told).await;
            let changed = self.told.changed();
            let ended = if complete {
                changed.await.is_err()
            } else {
                let waited = tokio::time::timeout(RETRY, changed).await;
                waited.is_ok_and(|changed| changed.is_err())
            };
            if ended {
                return std::future::pending().await;
            }
        }
    }

    async fn let_go(&self, held: &mut BTreeMap<TitleId, Vec<ChunkRef>>, told: &[TitleId]) {
        let over: Vec<TitleId> = held.keys().filter(|t| !told.contains(t)).copied().collect();
        for title in over {
            let chunks = held.remove(&title).unwrap_or_default();
            // Titles may share chunks.
            let others: BTreeSet<ChunkId> = held.values().flatten().map(|c| c.id).collect();
            let gone = chunks.into_iter().map(|c| c.id);
            let gone = gone.filter(|id| !others.contains(id)).collect();
            tracing::info!(%title, "the site need not hold this title any more");
            self.driver.let_go(gone).await;
        }
    }

    /// Answers whether every title is known by now.
    async fn hold(&self, held: &mut BTreeMap<TitleId, Vec<ChunkRef>>, told: &[TitleId]) -> bool {
        let mut complete = true;
        for title in told
            .iter()
            .filter(|t| !held.contains_key(t))
            .copied()
            .collect::<Vec<_>>()
        {
            match self.titles.newest(title).await {
                Ok(edition) => {
                    let chunks = chunks_of(&edition);
                    tracing::info!(%title, chunks = chunks.len(), "the site is to hold this title");
                    self.driver.hold(chunks.clone()).await;
                    held.insert(title, chunks);
                }
                Err(error) => {
                    tracing::info!(%title, %error, "a title to hold is not known yet");
                    complete = false;
                }
            }
        }
        complete
    }
}

fn chunks_of(edition: &Edition) -> Vec<ChunkRef> {
    let tracks = &edition.manifest.manifest().tracks;
    let segments = tracks.iter().flat_map(|track| &track.segments);
    let content = segments.flat_map(|segment| segment.chunks.iter().copied());
    content.chain(chunks_of_object(&edition.signed)).collect()
}
