//! One chunk that is being sought: who needs it, who is being asked, who was asked in vain.

use std::{collections::BTreeMap, ops::Deref};

use super::{Ask, FetchId, Priority, Source, Want, hedge, lanes::Place, order::Turn};
use crate::{
    content::{DeviceId, MAX_CHUNK_LEN},
    time::{Instant, Micros},
};

/// The most sources asked at once for one chunk. The origin may come on top of as many peers.
pub(super) const MAX_PARALLEL: usize = 3;
/// How many peers home 1 asks whether they have a chunk before it goes to the origin.
pub(super) const PROBES: usize = 1;
/// The same while the roster is fresh: the peer that fetched the chunk as its home may rank behind
/// newcomers.
pub(super) const PROBES_IN_CHURN: usize = 3;
/// The same while peers are just coming or going: whoever was here first ranks anywhere among them.
pub(super) const PROBES_IN_A_RUSH: usize = 6;
/// The most referrals followed for one chunk.
pub(super) const MAX_REFERRED: usize = 16;
/// How often a source that is busy or broken is asked again for one chunk; the origin always is, and
/// so is every busy peer by those who have time.
pub(super) const MAX_RETRIES: u8 = 8;
/// How long after its deadline a want is still met.
pub(super) const MAX_LATE: Micros = Micros::from_secs(30);
/// How long after its deadline an ask is still answered with the chunk.
pub(super) const ASK_GRACE: Micros = Micros::from_secs(5);
/// After so long at the latest who watches and waits for a chunk is told that it is still being sought, or
/// that all slots are taken, and asks again: a living peer is never silent for long.
const SIGN_OF_LIFE: Micros = Micros::from_secs(2);
/// So much more when the chunk came meanwhile, and only a slot is missing.
const SLOT_WAIT: Micros = Micros::from_millis(1500);

/// See the module. A job is Wanted while nobody is being asked, and InFlight otherwise.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// The exact length, when a want named it.
    pub(super) len: Option<u32>,
    pub(super) wants: Vec<Want>,
    pub(super) asks: Vec<Waiting>,
    /// Until when this peer, as a home, seeks the chunk though nobody here needs it.
    pub(super) copy_until: Option<Instant>,
    /// The site is to hold the chunk, and this peer is a home of it.
    pub(super) keep: bool,
    pub(super) running: Vec<Attempt>,
    pub(super) referred: Vec<Referred>,
    referrals: usize,
    /// How often a peer said that it is still seeking the chunk.
    pub(super) came_again: u8,
    /// The peers that this peer, as home 1, asks first whether they have the chunk already.
    pub(super) probes: Vec<DeviceId>,
    /// How many of them were asked.
    pub(super) probed: usize,
    /// Homes that asked around and were told to wait for this peer.
    invited: Vec<DeviceId>,
    /// When somebody was asked first.
    pub(super) since: Option<Instant>,
    /// Nobody is asked before this moment.
    pub(super) not_before: Instant,
    /// The chunk's homes, as of roster epoch `homes_epoch`.
    pub(super) homes: Vec<DeviceId>,
    pub(super) homes_epoch: u64,
    /// When the job looks at itself again, as it stands in the table of timers.
    pub(super) wake: Option<Instant>,
    /// Its turn, once it came.
    pub(super) turn: Option<Turn>,
    /// The place in the line it stands in.
    pub(super) in_line: Option<(Line, Place)>,
    tried: BTreeMap<Source, Tried>,
    asked_first: BTreeMap<Source, Instant>,
}

/// One source that is being asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) fetch: FetchId,
    pub(super) source: Source,
    pub(super) started: Instant,
    /// Since when its time counts: it was asked first for this chunk then, however often it said "come
    /// again".
    pub(super) counts_from: Instant,
    pub(super) hops: u8,
    pub(super) probe: bool,
    /// Somebody said that it has the chunk.
    pub(super) named: bool,
    /// Who said so, unless this peer itself remembered.
    pub(super) by: Option<DeviceId>,
    /// Its bytes come.
    pub(super) began: bool,
    /// It said nothing for longer than a living peer does.
    pub(super) silent: bool,
    /// The bytes reckoned with.
    pub(super) len: u32,
}

impl Attempt {
    /// Its bytes begin to come: however long it was waited for, it gets a moment for them.
    pub(super) fn begin(&mut self, now: Instant) {
        self.began = true;
        self.counts_from = self.counts_from.max(now - hedge::MOST_OF_THE_PATIENCE);
    }

    /// When it has said nothing for longer than a living peer does.
    pub(super) fn silent_at(&self, is_bulk: bool) -> Instant {
        let waits = matches!(self.source, Source::Peer(_)) && !self.began && !self.probe;
        if !waits {
            return Instant(u64::MAX);
        }
        self.started + hedge::silence(is_bulk)
    }
}

/// Another peer's request that has no answer yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Waiting {
    pub(super) ask: Ask,
    /// When it gets one, whatever there is to say then.
    pub(super) until: Instant,
}

impl Waiting {
    pub(super) fn new(ask: Ask, now: Instant) -> Self {
        let late = ask.deadline + ASK_GRACE;
        // Whoever asks for what nobody watches names a moment that is near anyway.
        let watched = ask.priority < Priority::PrePosition;
        let sign = watched.then(|| now + SIGN_OF_LIFE);
        let until = sign.map_or(late, |sign| sign.min(late));
        Self { ask, until }
    }

    /// The chunk is here: only a slot is waited for.
    pub(super) fn has_come(self) -> Self {
        let until = self.until + SLOT_WAIT;
        Self { until, ..self }
    }
}

impl Deref for Waiting {
    type Target = Ask;
    fn deref(&self) -> &Ask {
        &self.ask
    }
}

/// What a job can stand in line for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line {
    /// Room for a fetch of this kind.
    Lane(Source),
    /// WAN bytes: so many.
    Budget(u32),
    /// Its turn among the chunks of this machine's viewers.
    Order(Turn),
}

/// A peer that a home named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Referred {
    pub(super) device: DeviceId,
    pub(super) hops: u8,
    /// Who named it; none: this peer remembered.
    pub(super) by: Option<DeviceId>,
}

/// A source that was asked in vain.
#[derive(Clone, Copy, Debug)]
enum Tried {
    /// It will not help.
    Dead,
    /// It may help from this moment on.
    Again { from: Instant, times: u8 },
}

impl Job {
    pub(super) fn new() -> Self {
        Self {
            len: None,
            wants: Vec::new(),
            asks: Vec::new(),
            copy_until: None,
            keep: false,
            running: Vec::new(),
            referred: Vec::new(),
            referrals: 0,
            came_again: 0,
            probes: Vec::new(),
            probed: 0,
            invited: Vec::new(),
            since: None,
            not_before: Instant(0),
            homes: Vec::new(),
            homes_epoch: 0,
            wake: None,
            turn: None,
            in_line: None,
            tried: BTreeMap::new(),
            asked_first: BTreeMap::new(),
        }
    }

    /// The length to reckon with, bytes.
    pub(super) fn likely_len(&self) -> u32 {
        let hint = || self.asks.iter().find_map(|ask| ask.len);
        let len = self.len.or_else(hint).unwrap_or(MAX_CHUNK_LEN);
        len.clamp(1, MAX_CHUNK_LEN)
    }

    pub(super) fn is_needed(&self) -> bool {
        self.is_wanted() || self.keep || self.copy_until.is_some()
    }

    fn is_wanted(&self) -> bool {
        !self.wants.is_empty() || !self.asks.is_empty()
    }

    /// A copy that nobody needs is not worth a WAN transfer; the first one that the site is to hold is.
    pub(super) fn may_use_origin(&self, me: DeviceId) -> bool {
        self.is_wanted() || (self.keep && self.homes.first() == Some(&me))
    }

    /// When the chunk is needed first.
    pub(super) fn deadline(&self) -> Instant {
        let wants = self.wants.iter().map(|w| w.deadline);
        let asks = self.asks.iter().map(|a| a.deadline);
        wants
            .chain(asks)
            .chain(self.copy_until)
            .min()
            .unwrap_or(Instant(u64::MAX))
    }

    /// Whether nobody who watches waits: what takes longer then only takes longer.
    pub(super) fn is_bulk(&self) -> bool {
        self.priority() >= Priority::PrePosition
    }

    /// When the chunk is needed first by somebody who watches.
    pub(super) fn pressing_deadline(&self) -> Instant {
        let presses = |priority| priority < Priority::PrePosition;
        let wants = self.wants.iter().filter(|w| presses(w.priority));
        let asks = self.asks.iter().filter(|a| presses(a.priority));
        let deadlines = wants.map(|w| w.deadline).chain(asks.map(|a| a.deadline));
        deadlines.min().unwrap_or(Instant(u64::MAX))
    }

    pub(super) fn priority(&self) -> Priority {
        let wants = self.wants.iter().map(|w| w.priority);
        let asks = self.asks.iter().map(|a| a.priority);
        let keep = self.keep.then_some(Priority::PrePosition);
        wants
            .chain(asks)
            .chain(keep)
            .min()
            .unwrap_or(Priority::File)
    }

    /// How many times a request for this chunk was passed on when this peer passes it on.
    pub(super) fn hops(&self) -> u8 {
        if !self.wants.is_empty() {
            return 0;
        }
        self.asks
            .iter()
            .map(|a| a.hops.saturating_add(1))
            .min()
            .unwrap_or(0)
    }

    /// When somebody stops waiting next.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        let wants = self.wants.iter().map(|w| w.deadline + MAX_LATE);
        let asks = self.asks.iter().map(|a| a.until);
        wants.chain(asks).chain(self.copy_until).min()
    }

    pub(super) fn is_asking(&self, source: Source) -> bool {
        self.running.iter().any(|a| a.source == source)
    }

    /// Whether a peer is being asked in earnest: a probe is answered at once.
    pub(super) fn is_waiting_for(&self, device: DeviceId) -> bool {
        self.running
            .iter()
            .any(|a| a.source == Source::Peer(device) && !a.probe)
    }

    /// Notes that a source is asked; answers when it was asked first.
    pub(super) fn note_asked(&mut self, source: Source, now: Instant) -> Instant {
        self.since.get_or_insert(now);
        *self.asked_first.entry(source).or_insert(now)
    }

    /// Tells a home to wait for this peer; false when it was told before, and waits now.
    pub(super) fn invite(&mut self, device: DeviceId) -> bool {
        let new = !self.invited.contains(&device) && self.invited.len() < MAX_REFERRED;
        if new {
            self.invited.push(device);
        }
        new
    }

    /// Whether a peer was asked before, or is being asked.
    pub(super) fn was_asked(&self, device: DeviceId) -> bool {
        let source = Source::Peer(device);
        self.tried.contains_key(&source) || self.is_asking(source)
    }

    /// From when on the source can be asked; none when it never can.
    pub(super) fn askable_from(&self, source: Source) -> Option<Instant> {
        match self.tried.get(&source) {
            Some(Tried::Dead) => None,
            Some(Tried::Again { from, .. }) => Some(*from),
            None => Some(Instant(0)),
        }
    }

    /// The source will not help with this chunk.
    pub(super) fn gave_up_on(&mut self, source: Source) {
        self.tried.insert(source, Tried::Dead);
        if let Source::Peer(device) = source {
            self.referred.retain(|r| r.device != device);
        }
    }

    /// The source may help later. `wait` is the wait after the first time; it doubles.
    pub(super) fn try_again(&mut self, source: Source, now: Instant, wait: Micros, most: Micros) {
        let times = match self.tried.get(&source) {
            Some(Tried::Again { times, .. }) => times.saturating_add(1),
            Some(Tried::Dead) => return,
            None => 0,
        };
        let patient = source == Source::Origin || self.is_bulk();
        if times >= MAX_RETRIES && !patient {
            self.gave_up_on(source);
            return;
        }
        let wait = Micros((wait.0 << times.min(MAX_RETRIES)).min(most.0));
        self.tried.insert(
            source,
            Tried::Again {
                from: now + wait,
                times,
            },
        );
    }

    /// A home named these peers. Those asked before are not asked again for it.
    pub(super) fn refer(&mut self, devices: &[DeviceId], hops: u8, by: Option<DeviceId>) {
        for &device in devices {
            let new = !self.was_asked(device) && !self.referred.iter().any(|r| r.device == device);
            if new && self.referrals < MAX_REFERRED {
                self.referrals += 1;
                self.referred.push(Referred { device, hops, by });
            }
        }
    }
}
