//! What the sites are to hold now, and how far they are: in memory, from the database and from what peers say.
//!
//! Campaigns of one title at one site are one to its peers: the tracks of all of them, as many copies as the
//! most demanding one wants. Their progress there is of all of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swarm::content::{ChunkId, ChunkRef, DeviceId, SiteId, TitleId};
use swarm::wire::{Bits, Campaign, Enough, Holding, Tally};
use tokio::sync::Notify;
use uuid::Uuid;

/// Bytes kept of what peers say they hold; what is beyond is not counted.
const REPORTS_MAX: usize = 256 << 20;

/// See the module.
#[derive(Debug, Default)]
pub struct Board {
    /// Held for a look-up or a count, never over an await.
    state: Mutex<State>,
    /// One at a time reads the campaigns and puts them into effect.
    pub(super) reading: tokio::sync::Mutex<()>,
    /// The campaigns, titles or sites are others than before.
    pub(super) changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    plans: BTreeMap<(SiteId, TitleId), Plan>,
    /// The first 8 bytes of each chunk's id, as in [`crate::site::wan`].
    titles: HashMap<u64, TitleId>,
    report_bytes: usize,
}

/// What a site is to hold of a title, as it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// What its peers are told.
    pub(super) campaign: Campaign,
    /// The version whose chunks are counted.
    pub(super) version: u64,
    /// The chunks, shared by the sites that are to hold the same ones.
    pub(super) chunks: Arc<[ChunkRef]>,
    /// The campaigns that want it.
    pub(super) ids: Vec<Uuid>,
    /// What the origin sent for it before this server started.
    pub(super) wan_bytes: u64,
}

#[derive(Debug)]
struct Plan {
    wanted: Wanted,
    bytes: u64,
    reports: HashMap<DeviceId, Report>,
    wan_bytes: u64,
    /// How much of it the database knows.
    noted: u64,
    enough: Bits,
    /// Reports came or went since `enough` was counted.
    is_old: bool,
}

#[derive(Debug)]
struct Report {
    /// The connection that said so.
    number: u64,
    held: Bits,
    kept: Bits,
}

impl Report {
    fn size(&self) -> usize {
        self.held.size() + self.kept.size()
    }
}

/// How far a site is with a title.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Chunks it is to hold.
    pub chunks: usize,
    /// Their length, bytes.
    pub bytes: u64,
    /// Chunks that some PC of the site has.
    pub held: usize,
    /// Chunks whose homes have as many copies as there are to be.
    pub complete: usize,
    /// Copies that there are to be.
    pub copies: u8,
    /// Copies there are of every chunk at least, up to those that there are to be.
    pub least_copies: u8,
    /// PCs that said what they hold.
    pub reporting: usize,
    /// What the origin sent there for it.
    pub wan_bytes: u64,
}

impl Plan {
    fn new(wanted: Wanted) -> Self {
        Self {
            bytes: wanted.chunks.iter().map(|c| u64::from(c.len)).sum(),
            reports: HashMap::new(),
            wan_bytes: wanted.wan_bytes,
            noted: wanted.wan_bytes,
            enough: Bits::none_of(wanted.chunks.len()),
            is_old: false,
            wanted,
        }
    }

    fn tally<'a>(&'a self, bits: impl Fn(&'a Report) -> &'a Bits) -> Tally {
        let mut tally = Tally::new(self.wanted.chunks.len(), self.wanted.campaign.copies);
        self.reports
            .values()
            .for_each(|report| tally.add(bits(report)));
        tally
    }

    fn progress(&self) -> Progress {
        let chunks = self.wanted.chunks.len();
        let copies = self.wanted.campaign.copies;
        let (held, kept) = (self.tally(|r| &r.held), self.tally(|r| &r.kept));
        let count = |tally: &Tally, times| tally.at_least(times).map_or(0, Bits::count);
        Progress {
            chunks,
            bytes: self.bytes,
            held: count(&held, 1),
            complete: count(&kept, copies),
            copies,
            least_copies: (1..=copies)
                .rev()
                .find(|times| count(&held, *times) == chunks)
                .unwrap_or(0),
            reporting: self.reports.len(),
            wan_bytes: self.wan_bytes,
        }
    }
}

fn prefix(chunk: ChunkId) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = chunk.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

impl State {
    fn forget_reports(&mut self, gone: impl Fn(SiteId, DeviceId, u64) -> bool) {
        let mut freed = 0;
        for ((site, _), plan) in &mut self.plans {
            let before = plan.reports.len();
            plan.reports.retain(|device, report| {
                let goes = gone(*site, *device, report.number);
                freed += if goes { report.size() } else { 0 };
                !goes
            });
            plan.is_old |= plan.reports.len() != before;
        }
        self.report_bytes -= freed;
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that campaigns depend on changed: they are read anew soon.
    pub fn stir(&self) {
        self.changed.notify_one();
    }

    /// Puts into effect what each site is to hold.
    pub(super) fn set(&self, wanted: BTreeMap<(SiteId, TitleId), Wanted>) {
        let state = &mut *self.lock();
        let mut before = std::mem::take(&mut state.plans);
        state.titles.clear();
        let mut seen: Vec<Arc<[ChunkRef]>> = Vec::new();
        for ((site, title), wanted) in wanted {
            if !seen.iter().any(|seen| Arc::ptr_eq(seen, &wanted.chunks)) {
                let ids = wanted.chunks.iter().map(|c| (prefix(c.id), title));
                state.titles.extend(ids);
                seen.push(Arc::clone(&wanted.chunks));
            }
            let is_same = |plan: &Plan| {
                let campaign = &plan.wanted.campaign;
                plan.wanted.version == wanted.version && campaign.tracks == wanted.campaign.tracks
            };
            let plan = match before.remove(&(site, title)) {
                Some(mut plan) if is_same(&plan) => {
                    plan.is_old = true;
                    plan.wanted = wanted;
                    plan
                }
                Some(old) => Plan {
                    wan_bytes: old.wan_bytes,
                    noted: old.noted,
                    ..Plan::new(wanted)
                },
                None => Plan::new(wanted),
            };
            state.plans.insert((site, title), plan);
        }
        let reports = state.plans.values().flat_map(|plan| plan.reports.values());
        state.report_bytes = reports.map(Report::size).sum();
    }

    /// What each site's peers are told.
    #[must_use]
    pub fn told(&self) -> BTreeMap<SiteId, Vec<Campaign>> {
        let mut told: BTreeMap<SiteId, Vec<Campaign>> = BTreeMap::new();
        for ((site, _), plan) in &self.lock().plans {
            told.entry(*site)
                .or_default()
                .push(plan.wanted.campaign.clone());
        }
        told
    }

    /// A peer of a site says what it holds.
    pub fn report(&self, site: SiteId, device: DeviceId, number: u64, holding: Holding) {
        let state = &mut *self.lock();
        let Some(plan) = state.plans.get_mut(&(site, holding.title)) else {
            return;
        };
        let (version, chunks) = (plan.wanted.version, plan.wanted.chunks.len());
        let fits = holding.held.are_of(chunks) && holding.kept.are_of(chunks);
        if holding.version != version || !fits {
            // It counts over another list: it has not heard of the newest one yet.
            return;
        }
        let report = Report {
            number,
            held: holding.held,
            kept: holding.kept,
        };
        let before = plan.reports.remove(&device).map_or(0, |r| r.size());
        state.report_bytes -= before;
        plan.is_old = true;
        if state.report_bytes + report.size() > REPORTS_MAX {
            tracing::warn!(device.id = %device, "what a peer holds of a campaign is not counted: too much is");
            return;
        }
        state.report_bytes += report.size();
        plan.reports.insert(device, report);
    }

    /// A connection ended.
    pub fn left(&self, device: DeviceId, number: u64) {
        self.lock()
            .forget_reports(|_, of, connection| of == device && connection == number);
    }

    /// Forgets what peers said that are not at the site any more.
    pub(super) fn prune(&self, is_at: impl Fn(SiteId, DeviceId) -> bool) {
        self.lock()
            .forget_reports(|site, device, _| !is_at(site, device));
    }

    /// The title that a chunk is to be held for, if the site is to hold it.
    #[must_use]
    pub fn title_of(&self, site: SiteId, chunk: ChunkId) -> Option<TitleId> {
        let state = self.lock();
        let title = state.titles.get(&prefix(chunk)).copied()?;
        state.plans.contains_key(&(site, title)).then_some(title)
    }

    /// Bytes of such a chunk were handed to a connection to the site.
    pub fn sent(&self, site: SiteId, title: TitleId, bytes: u64) {
        if let Some(plan) = self.lock().plans.get_mut(&(site, title)) {
            plan.wan_bytes += bytes;
        }
    }

    /// How far a site is with a title; none when nothing is to be held there.
    #[must_use]
    pub fn progress(&self, site: SiteId, title: TitleId) -> Option<Progress> {
        Some(self.lock().plans.get(&(site, title))?.progress())
    }

    /// How far every site is with every title.
    #[must_use]
    pub fn all(&self) -> Vec<(SiteId, Progress)> {
        let state = self.lock();
        let plans = state.plans.iter();
        plans
            .map(|((site, _), plan)| (*site, plan.progress()))
            .collect()
    }

    /// The same, with which title.
    #[must_use]
    pub fn each(&self) -> Vec<(SiteId, TitleId, Progress)> {
        let state = self.lock();
        let plans = state.plans.iter();
        plans
            .map(|((site, title), plan)| (*site, *title, plan.progress()))
            .collect()
    }

    /// The chunks that sites have enough copies of, where that is news.
    pub(super) fn news(&self) -> Vec<(SiteId, Enough)> {
        let mut news = Vec::new();
        for ((site, title), plan) in &mut self.lock().plans {
            if !std::mem::take(&mut plan.is_old) {
                continue;
            }
            let tally = plan.tally(|report| &report.kept);
            let enough = tally.at_least(plan.wanted.campaign.copies);
            if let Some(enough) = enough.filter(|enough| **enough != plan.enough) {
                plan.enough = enough.clone();
                let enough = Enough {
                    title: *title,
                    version: plan.wanted.version,
                    chunks: enough.clone(),
                };
                news.push((*site, enough));
            }
        }
        news
    }

    /// What sites have enough copies of, for a peer that comes.
    #[must_use]
    pub fn enough(&self, site: SiteId) -> Vec<Enough> {
        let first = TitleId([0; 16]);
        let state = self.lock();
        let plans = state.plans.range((site, first)..);
        plans
            .take_while(|((of, _), _)| *of == site)
            .filter(|(_, plan)| plan.enough.count() > 0)
            .map(|((_, title), plan)| Enough {
                title: *title,
                version: plan.wanted.version,
                chunks: plan.enough.clone(),
            })
            .collect()
    }

    /// What the database does not know yet of what the origin sent.
    pub(super) fn unnoted(&self) -> Vec<(Uuid, SiteId, u64)> {
        let mut unnoted = Vec::new();
        for ((site, _), plan) in &mut self.lock().plans {
            if plan.noted != plan.wan_bytes {
                plan.noted = plan.wan_bytes;
                let ids = plan.wanted.ids.iter();
                unnoted.extend(ids.map(|id| (*id, *site, plan.wan_bytes)));
            }
        }
        unnoted
    }

    /// Sites with something to hold.
    #[must_use]
    pub fn sites(&self) -> BTreeSet<SiteId> {
        self.lock().plans.keys().map(|(site, _)| *site).collect()
    }
}
