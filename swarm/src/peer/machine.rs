//! The peer's state, its inputs and its timers. What is done about a chunk stands in `drive`,
//! about other peers' requests in `asked`, about ended fetches in `fetched`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    AskId, Config, FailReason, FetchId, Input, MAX_HELD, MAX_JOBS, MAX_WANTS, Output, RequestId,
    Source, Timer, Via, Want,
    bans::Bans,
    bounded::Bounded,
    budget::Budget,
    estimate::Estimates,
    holders::Holders,
    job::{Job, PROBES, PROBES_IN_A_RUSH, PROBES_IN_CHURN},
    keep::Keep,
    lanes::Lane,
    link::Link,
    order::Order,
    slots::Slots,
    width::{ToCome, Width},
};
use crate::{
    content::{ChunkId, DeviceId},
    site::{Applied, RosterView, homes},
    time::{Instant, Micros},
    wire::{Peering, Sharing},
};

/// The most chunks remembered as missing at the origin.
const MAX_ABSENT: usize = 1024;
/// How long a chunk that the origin does not have is not asked for again.
const ABSENT_FOR: Micros = Micros::from_secs(5);

/// How long after its last change a roster counts as fresh.
const FRESH_FOR: Micros = Micros::from_secs(300);
/// How long after its last change peers count as coming and going.
const RUSH_FOR: Micros = Micros::from_secs(1);

/// Where a chunk stands. Each is in exactly one of these states.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChunkState {
    /// Not here, and nobody needs it.
    Missing,
    /// Needed; nobody is being asked at the moment.
    Wanted,
    /// Being asked for.
    InFlight,
    /// In the cache.
    Have,
}

/// What happened since the start. All but `misused` are ordinary.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Fetches started at the origin.
    pub origin_fetches: u64,
    /// Fetches started at peers.
    pub peer_fetches: u64,
    /// Fetches started beside a running one.
    pub hedges: u64,
    /// Asks answered with the chunk.
    pub served: u64,
    /// Asks answered with other peers.
    pub referred: u64,
    /// Asks answered with "not here".
    pub not_here: u64,
    /// Asks answered with "busy".
    pub busy: u64,
    /// Chunks sought as a home though nobody here needed them.
    pub copies: u64,
    /// Devices caught with wrong bytes.
    pub caught: u64,
    /// Breaches of the driving contract: an input before the outputs were taken, or an id that was
    /// used before.
    pub misused: u64,
}

/// What goes on right now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Chunks sought.
    pub jobs: usize,
    /// Wants not yet answered.
    pub wants: usize,
    /// Asks not yet answered, or being served.
    pub asks: usize,
    /// Uploads.
    pub uploads: usize,
    /// Asks that wait for an upload slot.
    pub queued: usize,
    /// Fetches from peers.
    pub peer_fetches: usize,
    /// Fetches from the origin.
    pub origin_fetches: usize,
}

/// One edge peer's decisions. See the crate's documentation for how to drive it.
#[derive(Clone, Debug)]
pub struct Peer {
    pub(super) me: DeviceId,
    pub(super) roster: RosterView,
    pub(super) bans: Bans,
    pub(super) estimates: Estimates,
    pub(super) holders: Holders,
    pub(super) slots: Slots,
    pub(super) held: BTreeSet<ChunkId>,
    pub(super) jobs: BTreeMap<ChunkId, Job>,
    /// The jobs that only make a copy.
    pub(super) copies: BTreeSet<ChunkId>,
    pub(super) wants: BTreeMap<RequestId, ChunkId>,
    pub(super) asks: BTreeMap<AskId, AskPlace>,
    pub(super) asks_of: BTreeMap<DeviceId, usize>,
    pub(super) fetches: BTreeMap<FetchId, ChunkId>,
    pub(super) peer_lane: Lane,
    pub(super) origin_lane: Lane,
    /// The most fetches from the origin at once.
    pub(super) origin_fetches: usize,
    pub(super) width: Width,
    pub(super) budget: Budget,
    pub(super) keep: Keep,
    pub(super) link: Link,
    pub(super) order: Order,
    /// When the budget is looked at again, as it stands in the table of timers.
    budget_wake: Option<Instant>,
    /// The same for the order of the viewers' chunks.
    order_wake: Option<Instant>,
    pub(super) counters: Counters,
    /// Grows when the homes of a chunk may be others than before.
    pub(super) epoch: u64,
    pub(super) next_fetch: u64,
    absent: Bounded<ChunkId, Instant>,
    /// When the roster changed last.
    roster_since: Instant,
    peering: Option<Peering>,
    sharing: Sharing,
    timers: BTreeMap<(Instant, Wake), Timer>,
    outbox: VecDeque<Output>,
    latest: Instant,
    random: u64,
}

/// Where another peer's request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AskPlace {
    /// It waits for the chunk.
    Job(ChunkId, DeviceId),
    /// It waits for an upload slot.
    Queued(DeviceId),
    /// It is being served.
    Active(DeviceId),
}

/// Who is woken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Wake {
    Job(ChunkId),
    Ask(AskId),
    Budget,
    Keep,
    Order,
}

impl Peer {
    /// A peer that knows nothing yet: it takes everything from the origin and gives nothing. `seed`
    /// spreads retries in time; any number will do, another one on each machine.
    #[must_use]
    pub fn new(config: Config, me: DeviceId, seed: u64) -> Self {
        Self {
            me,
            roster: RosterView::default(),
            bans: Bans::new(),
            estimates: Estimates::new(),
            holders: Holders::new(),
            slots: Slots::new(config.upload_slots),
            held: BTreeSet::new(),
            jobs: BTreeMap::new(),
            copies: BTreeSet::new(),
            wants: BTreeMap::new(),
            asks: BTreeMap::new(),
            asks_of: BTreeMap::new(),
            fetches: BTreeMap::new(),
            peer_lane: Lane::new(config.peer_fetches),
            origin_lane: Lane::new(config.origin_fetches.min(2)),
            origin_fetches: config.origin_fetches,
            width: Width::new(),
            budget: Budget::new(),
            keep: Keep::new(),
            link: Link::new(),
            order: Order::new(),
            budget_wake: None,
            order_wake: None,
            counters: Counters::default(),
            epoch: 1,
            next_fetch: 1,
            absent: Bounded::new(MAX_ABSENT),
            roster_since: Instant(0),
            peering: None,
            sharing: Sharing::On,
            timers: BTreeMap::new(),
            outbox: VecDeque::new(),
            latest: Instant(0),
            random: seed,
        }
    }

    /// Takes one happening. Before the next one, [`Peer::poll_output`] must have answered `None`.
    /// A `now` before an earlier one counts as that one.
    pub fn handle(&mut self, input: Input, now: Instant) {
        if !self.outbox.is_empty() {
            self.counters.misused += 1;
            debug_assert!(false, "outputs were not taken before the next input");
        }
        self.latest = self.latest.max(now);
        let now = self.latest;
        match input {
            Input::Site(peering) => self.site(peering, now),
            Input::Roster(snapshot) => {
                let applied = self.roster.snapshot(snapshot);
                self.roster_changed(applied, now);
            }
            Input::Change(change) => {
                let applied = self.roster.change(change);
                self.roster_changed(applied, now);
            }
            Input::ControlLost => {
                self.roster.disconnected();
                self.budget.alone(now);
            }
            Input::WanCap(cap) => {
                self.budget.capped(cap);
                self.pump(now);
            }
            Input::Lease(lease) => {
                self.budget.leased(lease, now);
                self.pump(now);
            }
            Input::Banned(devices) => {
                self.bans.named(&devices);
                self.epoch += 1;
                devices.iter().for_each(|device| self.shun(*device, now));
            }
            Input::Pardoned(devices) => {
                devices.iter().for_each(|device| self.bans.pardon(*device));
                self.epoch += 1;
                self.drive_all(now);
            }
            Input::Sharing(sharing) => {
                self.sharing = sharing;
                self.rules_changed(now);
            }
            Input::Want(want) => self.want(want, now),
            Input::Cancel(request) => self.cancel(request, now),
            Input::Asked(ask) => self.asked(ask, now),
            Input::AskGone(ask) => self.ask_gone(ask, now),
            Input::Served(ask) => self.served(ask, now),
            Input::Holds(chunk) => self.obtained(chunk, Via::Cache, now),
            Input::Evicted(chunk) => {
                self.evicted(chunk);
                self.lacks_kept(chunk, now);
            }
            Input::Hold { chunks, copies } => self.hold(&chunks, copies, now),
            Input::LetGo(chunks) => self.let_go(&chunks, now),
            Input::Began(fetch) => self.began(fetch, now),
            Input::Fetched { fetch, outcome } => self.fetched(fetch, outcome, now),
            Input::Timeout => self.timeout(now),
        }
        self.tend_budget(now);
    }

    /// The next thing to do; `None` when there is none until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outbox.pop_front()
    }

    /// When to hand in [`Input::Timeout`], and why. Handing it in early does no harm.
    #[must_use]
    pub fn next_timeout(&self) -> Option<(Instant, Timer)> {
        self.timers
            .first_key_value()
            .map(|((at, _), timer)| (*at, *timer))
    }

    /// Where a chunk stands.
    #[must_use]
    pub fn state(&self, chunk: ChunkId) -> ChunkState {
        match self.jobs.get(&chunk) {
            _ if self.held.contains(&chunk) => ChunkState::Have,
            None => ChunkState::Missing,
            Some(job) if job.running.is_empty() => ChunkState::Wanted,
            Some(_) => ChunkState::InFlight,
        }
    }

    /// This peer's place among the homes of a chunk, 0 for home 1; none when it is no home. A cache that
    /// needs room gives up its home chunks last, and among them those that the site is to hold
    /// ([`Peer::keeps`]): they may be the site's only copies.
    #[must_use]
    pub fn home(&self, chunk: ChunkId) -> Option<usize> {
        let homes = self.homes_of(chunk, self.latest);
        homes.iter().position(|home| *home == self.me)
    }

    /// Whether the site is to hold the chunk.
    #[must_use]
    pub fn keeps(&self, chunk: ChunkId) -> bool {
        self.keep.contains(chunk)
    }

    /// Whether the site is to hold the chunk and this peer is one of those that keep its copies, when that was
    /// looked at last.
    #[must_use]
    pub fn is_keeper(&self, chunk: ChunkId) -> bool {
        self.keep.is_ours(chunk)
    }

    /// The roster as this peer knows it; also where to find a peer's address.
    #[must_use]
    pub fn roster(&self) -> &RosterView {
        &self.roster
    }

    /// Whether it takes chunks from other peers.
    #[must_use]
    pub fn takes(&self) -> bool {
        let site = matches!(self.peering, Some(Peering::On | Peering::ConsumeOnly));
        // Over a VPN the neighbours of the address are not neighbours of the machine.
        site && self.sharing != Sharing::Vpn
    }

    /// Whether it gives chunks to other peers.
    #[must_use]
    pub fn gives(&self) -> bool {
        self.peering == Some(Peering::On) && self.sharing == Sharing::On
    }

    /// What happened since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What goes on right now.
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            jobs: self.jobs.len(),
            wants: self.wants.len(),
            asks: self.asks.len(),
            uploads: self.slots.active(),
            queued: self.slots.queued(),
            peer_fetches: self.peer_lane.running(),
            origin_fetches: self.origin_lane.running(),
        }
    }

    fn site(&mut self, peering: Option<Peering>, now: Instant) {
        self.peering = peering;
        if peering.is_none() {
            self.roster.forget();
        }
        self.rules_changed(now);
    }

    fn roster_changed(&mut self, applied: Applied, now: Instant) {
        match applied {
            Applied::Gap => self.push(Output::WantRoster),
            Applied::Yes => {
                self.epoch += 1;
                self.roster_since = now;
                self.widen();
                self.leave_unreachable(now);
                self.drive_all(now);
                self.tour_after_change(now);
            }
            Applied::Old | Applied::Waiting | Applied::Refused => {}
        }
    }

    /// Whether this peer takes or gives may be different now.
    fn rules_changed(&mut self, now: Instant) {
        self.epoch += 1;
        if !self.gives() {
            self.turn_all_away(now);
        }
        self.leave_unreachable(now);
        self.drive_all(now);
        self.tour_after_change(now);
    }

    fn want(&mut self, want: Want, now: Instant) {
        if self.wants.contains_key(&want.request) {
            self.counters.misused += 1;
            return;
        }
        if self.held.contains(&want.chunk) {
            let Want { request, chunk, .. } = want;
            return self.push(Output::Deliver {
                request,
                chunk,
                via: Via::Cache,
            });
        }
        let known = self.jobs.contains_key(&want.chunk);
        if self.wants.len() >= MAX_WANTS || (!known && self.jobs.len() >= MAX_JOBS) {
            return self.fail(want.request, FailReason::Overloaded);
        }
        self.wants.insert(want.request, want.chunk);
        let job = self.job(want.chunk, now);
        job.len = Some(want.len);
        job.wants.push(want);
        self.drive(want.chunk, now);
    }

    fn cancel(&mut self, request: RequestId, now: Instant) {
        let Some(chunk) = self.wants.remove(&request) else {
            return;
        };
        if let Some(job) = self.jobs.get_mut(&chunk) {
            job.wants.retain(|want| want.request != request);
        }
        self.drive(chunk, now);
    }

    /// Asks for WAN bytes when it is time, and sets the time of the next look.
    fn tend_budget(&mut self, now: Instant) {
        self.pump(now);
        let peers = self.roster.len();
        if let Some(ask) = self.budget.ask(peers, now) {
            self.push(Output::WantLease(ask));
        }
        let before = std::mem::replace(&mut self.budget_wake, self.budget.wake_at(now));
        self.rewake(before, self.budget_wake, Wake::Budget, Timer::Budget);
        let before = std::mem::replace(&mut self.order_wake, self.order.wake_at());
        self.rewake(before, self.order_wake, Wake::Order, Timer::Retry);
    }

    fn rewake(&mut self, before: Option<Instant>, at: Option<Instant>, wake: Wake, why: Timer) {
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.clear_timer(before, wake);
        }
        if let Some(at) = at {
            self.set_timer(at, wake, why);
        }
    }

    fn timeout(&mut self, now: Instant) {
        // A job that is due again at once would be a fault of `drive`; the bound keeps it from
        // becoming a hang.
        for _ in 0..2 * (MAX_JOBS + super::MAX_ASKS) {
            match self.timers.first_key_value() {
                Some(((at, wake), _)) if *at <= now => {
                    let wake = *wake;
                    self.timers.pop_first();
                    match wake {
                        Wake::Job(chunk) => self.drive(chunk, now),
                        Wake::Ask(ask) => self.queue_expired(ask),
                        Wake::Budget => self.budget_wake = None,
                        // Whoever's turn it is goes when all is done.
                        Wake::Order => self.order_wake = None,
                        Wake::Keep => self.tour(now),
                    }
                }
                _ => return,
            }
        }
    }

    /// The job of a chunk that this peer is to seek now, made when there is none.
    pub(super) fn job(&mut self, chunk: ChunkId, now: Instant) -> &mut Job {
        self.copies.remove(&chunk);
        let fresh = !self.jobs.contains_key(&chunk);
        let known = if fresh {
            self.known_holders(chunk, now)
        } else {
            Vec::new()
        };
        let job = self.jobs.entry(chunk).or_insert_with(Job::new);
        job.refer(&known, 1, None);
        job.not_before = Instant(0);
        job
    }

    /// The chunk's homes as this peer sees them, itself included; empty when it may not take.
    pub(super) fn homes_of(&self, chunk: ChunkId, now: Instant) -> Vec<DeviceId> {
        let homes = self.roster.homes().max(self.keep.copies(chunk));
        self.ranked(chunk, homes, now)
    }

    /// Whom to ask for a chunk before the origin, when this peer is its home 1.
    pub(super) fn probes_of(&self, chunk: ChunkId, job: &Job, now: Instant) -> Vec<DeviceId> {
        if job.homes.first() != Some(&self.me) {
            return Vec::new();
        }
        let most = match now.since(self.roster_since) {
            since if since < RUSH_FOR => PROBES_IN_A_RUSH,
            since if since < FRESH_FOR => PROBES_IN_CHURN,
            _ => PROBES,
        };
        let mut probes = self.ranked(chunk, 1 + most, now);
        probes.retain(|device| *device != self.me && !job.was_asked(*device));
        probes.truncate(most.saturating_sub(job.probed));
        probes
    }

    fn ranked(&self, chunk: ChunkId, first: usize, now: Instant) -> Vec<DeviceId> {
        if !self.takes() {
            return Vec::new();
        }
        let gives = self.gives();
        let usable = |device: DeviceId| {
            if device == self.me {
                gives
            } else {
                self.is_usable(device, now)
            }
        };
        let ranked = self.roster.peers().filter(|p| usable(p.device));
        homes(chunk, ranked.map(|p| (p.device, p.weight)), first)
    }

    /// Whether a peer may be asked at all.
    pub(super) fn is_usable(&self, device: DeviceId, now: Instant) -> bool {
        device != self.me
            && self.roster.peer(device).is_some_and(|peer| peer.weight > 0)
            && !self.bans.contains(device)
            && !self.estimates.suspect(device, now)
    }

    pub(super) fn is_absent(&self, chunk: ChunkId, now: Instant) -> bool {
        self.absent.peek(&chunk).is_some_and(|until| now < *until)
    }

    pub(super) fn note_absent(&mut self, chunk: ChunkId, now: Instant) {
        self.absent.insert(chunk, now + ABSENT_FOR);
    }

    pub(super) fn note_held(&mut self, chunk: ChunkId) {
        if self.held.len() < MAX_HELD {
            self.held.insert(chunk);
        }
        self.absent.remove(&chunk);
    }

    pub(super) fn lane(&mut self, source: Source) -> &mut Lane {
        match source {
            Source::Peer(_) => &mut self.peer_lane,
            Source::Origin => &mut self.origin_lane,
        }
    }

    /// How many fetches from the origin there may be at once, from what is known now.
    pub(super) fn widen(&mut self) {
        let wanted = |job: &&Job| job.is_bulk() && !job.wants.is_empty();
        let mine = |job: &&Job| job.homes.first() == Some(&self.me);
        let all = || self.jobs.values().filter(wanted);
        let to_come = ToCome {
            all: all().count(),
            mine: all().filter(mine).count(),
        };
        let (waits, peers) = (self.estimates.origin_waits(), self.roster.len());
        let width = self
            .width
            .choose(self.origin_fetches, waits, peers, to_come);
        self.origin_lane.resize(width);
    }

    pub(super) fn set_timer(&mut self, at: Instant, wake: Wake, timer: Timer) {
        self.timers.insert((at, wake), timer);
    }

    pub(super) fn clear_timer(&mut self, at: Instant, wake: Wake) {
        self.timers.remove(&(at, wake));
    }

    pub(super) fn push(&mut self, output: Output) {
        self.outbox.push_back(output);
    }

    pub(super) fn fail(&mut self, request: RequestId, reason: FailReason) {
        self.wants.remove(&request);
        self.push(Output::Fail { request, reason });
    }

    /// A time between half of `around` and one and a half, so that many peers that wait for the
    /// same thing do not come back at the same moment.
    pub(super) fn jitter(&mut self, around: Micros) -> Micros {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.random;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Micros(around.0 / 2 + (x ^ (x >> 31)) % (around.0 + 1))
    }
}
