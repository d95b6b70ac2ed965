//! How much of the site's WAN this peer may use: the peer's half of the ledger.
//!
//! Under a cap a fetch from the origin starts only against leased bytes. What cannot start lines up by urgency;
//! the DMS is told the sum of the line, and only when it is not what the DMS believes: in steady state leases
//! come and chunks go without a question. While the DMS is away this peer takes its fair share, cap / among, as
//! slices of its own: a chunk of b bytes takes b x among / cap.
//!
//! A cap of 0 is no limit: no line, no messages.

use std::collections::{BTreeSet, VecDeque};

use super::{PRIORITIES, lanes::Place};
use crate::{
    site::{
        ledger::{quantum, slice},
        pay,
    },
    time::{Instant, Micros},
    wire::{Lease, LeaseAsk, Rate},
};

/// The least time between two asks.
const ASK_GAP: Micros = Micros::from_millis(20);
/// The most leases kept apart; a further one joins the last.
const MAX_LEASES: usize = 64;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    cap: Rate,
    standing: Standing,
    /// What is leased and not used yet: until when, and bytes.
    purse: VecDeque<(Instant, u64)>,
    /// Bytes used beyond what was leased, as a chunk was longer than was said.
    debt: u64,
    /// Bytes leased over this connection.
    got: u64,
    told_among: u32,
    line: BTreeSet<(Place, u32)>,
    /// The sum of the line by priority.
    waiting: [u64; PRIORITIES],
    /// What the DMS believes that this peer waits for; none: it was not asked yet.
    believed: Option<[u64; PRIORITIES]>,
    asked_at: Instant,
    /// The end of the last slice of the fair share.
    share_free_at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// The DMS leases.
    Leased,
    /// The DMS is away.
    Alone,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            cap: 0,
            standing: Standing::Alone,
            purse: VecDeque::new(),
            debt: 0,
            got: 0,
            told_among: 0,
            line: BTreeSet::new(),
            waiting: [0; PRIORITIES],
            believed: None,
            asked_at: Instant(0),
            share_free_at: Instant(0),
        }
    }

    /// The DMS is there and says the cap.
    pub(super) fn capped(&mut self, cap: Rate) {
        if self.standing == Standing::Alone {
            self.got = 0;
        }
        self.cap = cap;
        self.standing = Standing::Leased;
        self.believed = None;
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.line.is_empty() && self.waiting == [0; PRIORITIES]
    }

    /// The DMS is away. Its last slices may still run: the fair share begins after them.
    pub(super) fn alone(&mut self, now: Instant) {
        if self.standing == Standing::Alone {
            return;
        }
        self.standing = Standing::Alone;
        self.purse.clear();
        if self.cap > 0 {
            let last = slice(quantum(self.cap), self.cap);
            self.share_free_at = self.share_free_at.max(now + last);
        }
    }

    /// Bytes were leased.
    pub(super) fn leased(&mut self, lease: Lease, now: Instant) {
        if lease.among > 0 {
            self.told_among = lease.among;
        }
        if self.standing == Standing::Alone || lease.bytes == 0 {
            return;
        }
        self.got = self.got.saturating_add(lease.bytes);
        if let Some(believed) = self.believed.as_mut() {
            pay(believed, lease.bytes);
        }
        let paid = self.debt.min(lease.bytes);
        self.debt -= paid;
        let bytes = lease.bytes - paid;
        let until = now + Micros::from_millis(lease.ttl_ms.into());
        let full = self.purse.len() >= MAX_LEASES;
        match self.purse.back_mut().filter(|_| full) {
            Some(last) => *last = (last.0.min(until), last.1.saturating_add(bytes)),
            None => self.purse.push_back((until, bytes)),
        }
    }

    /// Whether a fetch of this length may start now. `peers` is the size of the roster.
    pub(super) fn allows(&self, len: u32, now: Instant) -> bool {
        self.cap == 0
            || match self.standing {
                Standing::Leased => self.purse_at(now) >= u64::from(len),
                Standing::Alone => self.share_free_at <= now,
            }
    }

    /// A fetch that is allowed starts.
    pub(super) fn take(&mut self, len: u32, peers: usize, now: Instant) {
        if self.cap == 0 {
            return;
        }
        match self.standing {
            Standing::Leased => self.spend(len.into(), now),
            Standing::Alone => {
                let share = self.cap / self.among(peers).max(1);
                self.share_free_at = now + slice(len.into(), share);
            }
        }
    }

    /// A fetch for which `reckoned` bytes were taken brought `len`.
    pub(super) fn brought(&mut self, reckoned: u32, len: u32) {
        if self.cap > 0 && self.standing == Standing::Leased {
            self.debt += u64::from(len.saturating_sub(reckoned));
        }
    }

    pub(super) fn line_up(&mut self, place: Place, len: u32) {
        if self.line.insert((place, len)) {
            self.waiting[place.0 as usize] += u64::from(len);
        }
    }

    pub(super) fn leave_line(&mut self, place: &Place, len: u32) {
        if self.line.remove(&(*place, len)) {
            self.waiting[place.0 as usize] -= u64::from(len);
        }
    }

    /// The first in the line, taken out of it, when it may start now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Place> {
        let (place, len) = *self.line.first()?;
        self.allows(len, now)
            .then(|| self.leave_line(&place, len))?;
        Some(place)
    }

    /// What to ask the DMS now, if anything.
    pub(super) fn ask(&mut self, peers: usize, now: Instant) -> Option<LeaseAsk> {
        self.purse.retain(|(until, _)| now < *until);
        if self.ask_at(now)? > now {
            return None;
        }
        let needs = self.needs(now);
        self.believed = Some(needs);
        self.asked_at = now;
        let [live, playing, pre_position, files] = needs;
        let alone_before = self.told_among > 0 || self.share_free_at > Instant(0);
        let among = if alone_before { self.among(peers) } else { 0 };
        Some(LeaseAsk {
            got: self.got,
            among: u32::try_from(among).unwrap_or(u32::MAX),
            live,
            playing,
            pre_position,
            files,
            busy_ms: self.share_free_at.since(now).0.div_ceil(1000),
        })
    }

    /// When something is to be done without a further happening.
    pub(super) fn wake_at(&self, now: Instant) -> Option<Instant> {
        if self.cap == 0 {
            return None;
        }
        match self.standing {
            Standing::Leased => {
                // A lease that lapses is needed anew.
                let lapse = self.purse.front().map(|(until, _)| *until);
                let lapse = lapse.filter(|_| !self.line.is_empty());
                self.ask_at(now).into_iter().chain(lapse).min()
            }
            Standing::Alone => (!self.line.is_empty()).then_some(self.share_free_at),
        }
    }

    /// When the DMS is to be asked; none while it knows everything.
    fn ask_at(&self, now: Instant) -> Option<Instant> {
        if self.cap == 0 || self.standing == Standing::Alone {
            return None;
        }
        let known = self
            .believed
            .is_some_and(|believed| believed == self.needs(now));
        (!known).then_some(if self.believed.is_none() {
            now
        } else {
            self.asked_at + ASK_GAP
        })
    }

    fn needs(&self, now: Instant) -> [u64; PRIORITIES] {
        let mut needs = self.waiting;
        pay(&mut needs, self.purse_at(now));
        needs
    }

    fn purse_at(&self, now: Instant) -> u64 {
        let valid = self.purse.iter().filter(|(until, _)| now < *until);
        valid.map(|(_, bytes)| bytes).sum()
    }

    fn spend(&mut self, mut bytes: u64, now: Instant) {
        self.purse.retain(|(until, _)| now < *until);
        while let Some((_, left)) = self.purse.front_mut() {
            let spent = bytes.min(*left);
            *left -= spent;
            bytes -= spent;
            if *left > 0 {
                break;
            }
            self.purse.pop_front();
        }
    }

    fn among(&self, peers: usize) -> u64 {
        u64::from(self.told_among).max(peers as u64).max(1)
    }
}

#[cfg(test)]
mod tests;
