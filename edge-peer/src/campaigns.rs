//! Titles that the site is to hold: their manifests are fetched like a player's, and the machine is told the
//! chunks. Which of them this PC fetches or copies is the machine's to decide. What is there is told to the DMS
//! and to the cache, which keeps a pinned title's chunks apart from those that the site has enough of.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use swarm::{
    content::{ChunkId, ChunkRef, TitleId},
    wire::{Bits, Campaign, Enough, Holding, MAX_CAMPAIGN_CHUNKS},
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    cache::Cache,
    driver::Handle,
    kept::Kept,
    metrics::Metrics,
    net::control,
    titles::{Edition, TitleError, Titles},
};

/// How long after a word of the DMS it is acted upon: it often says more at once.
const SETTLE: Duration = Duration::from_secs(1);
/// How often it is looked at what is there.
const LOOK: Duration = Duration::from_secs(4);
/// How long after a manifest did not come it is asked for again.
const RETRY: Duration = Duration::from_secs(30);
/// How often a title is looked up anew, and chunks that found no room are tried again: each try may cost a WAN
/// transfer.
const AGAIN: Duration = Duration::from_secs(3_600);
/// How many chunks the loop is asked about in one go.
const SLICE: usize = 1_024;

/// What the DMS says of campaigns.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Grows with each connection: what was reported over an older one is forgotten.
    pub session: u64,
    /// What the site is to hold; none: that was never said.
    pub campaigns: Option<Vec<Campaign>>,
    /// The chunks that the site has enough copies of.
    pub enough: BTreeMap<TitleId, Enough>,
}

/// See the module.
pub struct Campaigns {
    /// Where manifests come from.
    pub titles: Titles,
    /// Fetches the chunks.
    pub driver: Handle,
    /// Keeps them.
    pub cache: Cache,
    /// What the person here keeps stays, whatever the site needs.
    pub kept: Kept,
    /// Counts what is there.
    pub metrics: Metrics,
    /// Is told what is there.
    pub control: control::Handle,
    /// Says what the site is to hold.
    pub told: watch::Receiver<Told>,
}

/// A title that is held.
struct Held {
    campaign: Campaign,
    version: u64,
    chunks: Vec<ChunkRef>,
    /// The title's other chunks.
    others: Vec<ChunkId>,
    since: Instant,
    /// What the DMS was told last.
    reported: Option<Holding>,
}

impl Held {
    fn new(campaign: Campaign, edition: &Edition) -> Self {
        let manifest = edition.manifest.manifest();
        let mut chunks = campaign.chunks(manifest, &edition.signed);
        chunks.truncate(MAX_CAMPAIGN_CHUNKS);
        Self {
            others: campaign.other_chunks(manifest),
            version: edition.version(),
            since: Instant::now(),
            reported: None,
            campaign,
            chunks,
        }
    }
}

impl Campaigns {
    /// Follows the DMS's word until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&mut self) {
        let mut held: BTreeMap<TitleId, Held> = BTreeMap::new();
        let mut session = 0;
        loop {
            tokio::time::sleep(SETTLE).await;
            let told = self.told.borrow_and_update().clone();
            let mut wait = Duration::MAX;
            if let Some(campaigns) = &told.campaigns {
                if told.session != session {
                    session = told.session;
                    held.values_mut().for_each(|held| held.reported = None);
                }
                self.let_go(&mut held, campaigns).await;
                if !self.hold(&mut held, campaigns).await {
                    wait = RETRY;
                }
                self.look(&mut held, &told.enough).await;
                if !held.is_empty() {
                    wait = LOOK;
                }
            }
            let waited = tokio::time::timeout(wait, self.told.changed()).await;
            if matches!(waited, Ok(Err(_))) {
                return std::future::pending().await;
            }
        }
    }

    /// Ends what is not to be held any more, also what an earlier run left pinned.
    async fn let_go(&self, held: &mut BTreeMap<TitleId, Held>, campaigns: &[Campaign]) {
        let is_over = |title: &TitleId| !campaigns.iter().any(|c| c.title == *title);
        let pinned = self.cache.pinned().into_iter();
        for title in pinned.filter(|title| is_over(title) && !self.kept.has(*title)) {
            self.cache.pin(title, false).await;
        }
        let over: Vec<TitleId> = held
            .keys()
            .filter(|title| is_over(title))
            .copied()
            .collect();
        for title in over {
            tracing::info!(%title, "the site need not hold this title any more");
            let chunks = held.remove(&title).map(|held| held.chunks);
            self.drop_chunks(chunks.unwrap_or_default(), held).await;
        }
    }

    async fn drop_chunks(&self, chunks: Vec<ChunkRef>, held: &BTreeMap<TitleId, Held>) {
        // Titles may share chunks.
        let kept: BTreeSet<ChunkId> = held
            .values()
            .flat_map(|h| &h.chunks)
            .map(|c| c.id)
            .collect();
        let gone = chunks.into_iter().map(|c| c.id);
        let gone = gone.filter(|id| !kept.contains(id)).collect();
        self.driver.let_go(gone).await;
    }

    /// Answers whether every title is known by now.
    async fn hold(&self, held: &mut BTreeMap<TitleId, Held>, campaigns: &[Campaign]) -> bool {
        let mut complete = true;
        for campaign in campaigns {
            let known = held.get(&campaign.title);
            if known.is_some_and(|h| h.campaign == *campaign && h.since.elapsed() < AGAIN) {
                continue;
            }
            if let Err(error) = self.hold_one(held, campaign).await {
                tracing::info!(title = %campaign.title, %error, "a title to hold is not known yet");
                complete = false;
            }
        }
        complete
    }

    async fn hold_one(
        &self,
        held: &mut BTreeMap<TitleId, Held>,
        campaign: &Campaign,
    ) -> Result<(), TitleError> {
        let title = campaign.title;
        let edition = self.titles.newest(title).await?;
        let new = Held::new(campaign.clone(), &edition);
        let (chunks, copies) = (new.chunks.clone(), campaign.copies);
        self.cache.pin(title, true).await;
        if let Some(before) = held.insert(title, new) {
            self.drop_chunks(before.chunks, held).await;
        } else {
            tracing::info!(%title, chunks = chunks.len(), "the site is to hold this title");
        }
        self.driver.hold(title, chunks, copies).await;
        Ok(())
    }

    /// Sees what is there of each title, and tells the cache and the DMS.
    async fn look(&self, held: &mut BTreeMap<TitleId, Held>, enough: &BTreeMap<TitleId, Enough>) {
        let mut counts = [0; 3];
        for (title, held) in held {
            let Some(holding) = self.holding(*title, held).await else {
                return;
            };
            for (sum, count) in counts.iter_mut().zip([
                held.chunks.len(),
                holding.held.count(),
                holding.kept.count(),
            ]) {
                *sum += count;
            }
            let enough = enough.get(title).filter(|e| e.version == held.version);
            let mut copies = Vec::new();
            for (place, chunk) in held.chunks.iter().enumerate() {
                if holding.held.has(place) {
                    let is_spare = !self.kept.has_chunk(*title, chunk.id)
                        && !holding.kept.has(place)
                        && enough.is_some_and(|enough| enough.chunks.has(place));
                    copies.push((chunk.id, is_spare));
                }
            }
            let others = held.others.iter();
            copies.extend(others.map(|id| (*id, !self.kept.has_chunk(*title, *id))));
            self.cache.hold(*title, copies).await;
            if held.reported.as_ref() != Some(&holding) {
                self.control.holding(holding.clone());
                held.reported = Some(holding);
            }
        }
        self.metrics.campaigns(counts);
    }

    /// None: the agent is stopping.
    async fn holding(&self, title: TitleId, held: &Held) -> Option<Holding> {
        let mut holding = Holding {
            title,
            version: held.version,
            held: Bits::none_of(held.chunks.len()),
            kept: Bits::none_of(held.chunks.len()),
        };
        let mut place = 0;
        for slice in held.chunks.chunks(SLICE) {
            let ids = slice.iter().map(|chunk| chunk.id).collect();
            for (is_here, is_keeper) in self.driver.look(ids).await? {
                if is_here {
                    holding.held.set(place);
                }
                if is_here && is_keeper {
                    holding.kept.set(place);
                }
                place += 1;
            }
        }
        Some(holding)
    }
}
