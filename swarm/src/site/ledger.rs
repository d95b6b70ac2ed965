//! The WAN ledger of a site, kept by the DMS: who may take how many bytes from the origin, and when.
//!
//! A lease is the site's whole cap for a short slice of time: b bytes take b / cap seconds, and the next
//! lease is given when they are over. So at every instant at most one slice runs, and the sum of the leases
//! is never above the cap; no burst has to be paid back. Slices go to the most urgent need first, and among
//! equals to the peer that waited longest.
//!
//! A peer that loses the DMS goes on with a fair share: cap / among. The ledger holds that share back for every
//! peer that may be using it: one whose connection broke, one that came back and has not yet said how far it is,
//! and after a restart everybody who has not come back. `among` is told with every lease; it is above the number
//! of peers, so that the shares together stay below the cap while newcomers come.
//!
//! What is not exact: a connection that is cut off silently is noticed after three heartbeats, and until then
//! the cap can be exceeded by that one peer's share.

use std::collections::BTreeMap;

use crate::{
    content::{DeviceId, MAX_CHUNK_LEN},
    peer::PRIORITIES,
    time::{Instant, Micros},
    wire::{Lease, LeaseAsk, MAX_ROSTER, Rate},
};

/// The longest slice at high rates: a lease is one chunk, or this much of the cap if that is more.
const SLICES_PER_SECOND: u64 = 20;
/// What is not begun this long after its slice lapses.
const TTL_MIN: Micros = Micros::from_secs(1);
/// How long the share of a peer that broke off is held back. A living one is back within a minute.
const RESERVE_FOR: Micros = Micros::from_secs(120);
/// How long after a restart the shares of peers that have not come back are held back.
const WARM_UP: Micros = Micros::from_secs(60);

/// See the module. A cap of 0 means no limit: nothing is leased, as nothing has to be.
#[derive(Clone, Debug)]
pub struct Ledger {
    cap: Rate,
    accounts: BTreeMap<DeviceId, Account>,
    /// The end of the last slice.
    free_at: Instant,
    warm_until: Instant,
    /// By how many returning peers divided the cap, at most.
    among_before: u32,
    turn: u64,
}

#[derive(Clone, Copy, Debug)]
struct Account {
    standing: Standing,
    /// Until then its fair share is held back.
    held_until: Instant,
    /// Bytes leased over this connection.
    granted: u64,
    /// Bytes waited for, by priority.
    needs: [u64; PRIORITIES],
    /// When it was served last.
    turn: u64,
    /// What it was told of `among`.
    told: u32,
    /// What it says of `among` it may have from this ledger.
    told_here: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// It asks for what it takes.
    Leased,
    /// Connected, but it has not asked yet.
    Returning,
    /// Gone without a word.
    Away,
}

/// The largest lease under a cap, bytes.
#[must_use]
pub fn quantum(cap: Rate) -> u64 {
    (cap / SLICES_PER_SECOND).max(u64::from(MAX_CHUNK_LEN))
}

/// How long so many bytes take at a rate; 0 is no rate.
#[must_use]
pub fn slice(bytes: u64, rate: Rate) -> Micros {
    let us = u128::from(bytes) * 1_000_000;
    let us = us.div_ceil(u128::from(rate.max(1)));
    Micros(u64::try_from(us).unwrap_or(u64::MAX))
}

impl Ledger {
    /// A ledger that knows nobody. Peers may be about that a ledger before it leased to.
    #[must_use]
    pub fn new(cap: Rate, now: Instant) -> Self {
        Self {
            cap,
            accounts: BTreeMap::new(),
            free_at: now,
            warm_until: now + WARM_UP,
            among_before: 0,
            turn: 0,
        }
    }

    /// The cap, bytes per second; 0 means no limit.
    #[must_use]
    pub fn cap(&self) -> Rate {
        self.cap
    }

    /// Another cap holds from now on. What is leased stays leased.
    pub fn set_cap(&mut self, cap: Rate) {
        self.cap = cap;
    }

    /// A peer connected: until its first ask its fair share is held back.
    pub fn joined(&mut self, device: DeviceId, now: Instant) {
        let before = self.accounts.get(&device).map(|a| (a.told, a.told_here));
        if self.accounts.len() >= MAX_ROSTER && before.is_none() {
            return;
        }
        let account = Account {
            standing: Standing::Returning,
            held_until: now + RESERVE_FOR,
            granted: 0,
            needs: [0; PRIORITIES],
            turn: self.turn,
            told: 0,
            told_here: false,
        };
        self.accounts.insert(device, account);
        let (told, told_here) = before.unwrap_or((self.among(), false));
        if let Some(account) = self.accounts.get_mut(&device) {
            (account.told, account.told_here) = (told, told_here);
        }
    }

    /// A peer's connection is gone. `goodbye`: it said so, and takes nothing any more.
    pub fn left(&mut self, device: DeviceId, goodbye: bool, now: Instant) {
        if goodbye {
            self.accounts.remove(&device);
        } else if let Some(account) = self.accounts.get_mut(&device) {
            account.needs = [0; PRIORITIES];
            account.standing = Standing::Away;
            account.held_until = now + RESERVE_FOR;
        }
    }

    /// What a connected peer needs now. One that is not known counts as just connected.
    pub fn asked(&mut self, device: DeviceId, ask: LeaseAsk, now: Instant) {
        if !self.accounts.contains_key(&device) {
            self.joined(device, now);
        }
        let Some(account) = self.accounts.get_mut(&device) else {
            return;
        };
        if account.standing == Standing::Returning && !account.told_here {
            self.among_before = self.among_before.max(ask.among);
        }
        account.standing = Standing::Leased;
        account.held_until = now + Micros::from_millis(ask.busy_ms).min(RESERVE_FOR);
        if ask.among > 0 {
            account.told = ask.among;
        }
        account.needs = [ask.live, ask.playing, ask.pre_position, ask.files];
        // Leases on their way are part of what it waits for.
        account.pay(account.granted.saturating_sub(ask.got));
    }

    /// The next lease to give, if one is due. To be called until it answers none.
    pub fn poll(&mut self, now: Instant) -> Option<(DeviceId, Lease)> {
        if self.cap == 0 {
            return None;
        }
        self.forget_the_lost(now);
        if let Some(renewal) = self.renew_among() {
            return Some(renewal);
        }
        let rate = self.leasable(now);
        if rate == 0 || now < self.free_at {
            return None;
        }
        let waiting = self.accounts.iter().filter_map(|(device, a)| {
            let priority = a.first_need().filter(|_| a.standing == Standing::Leased)?;
            Some((priority, a.turn, *device))
        });
        let (priority, _, device) = waiting.min()?;
        let among = self.among();
        self.turn += 1;
        let turn = self.turn;
        let account = self.accounts.get_mut(&device)?;
        let bytes = account
            .needs
            .get(priority)?
            .min(&quantum(self.cap))
            .to_owned();
        account.pay(bytes);
        account.granted += bytes;
        (account.turn, account.told, account.told_here) = (turn, among, true);
        let slice = slice(bytes, rate);
        self.free_at = now + slice;
        let ttl = TTL_MIN.max(slice + slice);
        let ttl_ms = u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX);
        Some((
            device,
            Lease {
                bytes,
                ttl_ms,
                among,
            },
        ))
    }

    /// When to poll again, if nothing else happens before.
    #[must_use]
    pub fn next_timeout(&self, now: Instant) -> Option<Instant> {
        let needed = |a: &Account| a.standing == Standing::Leased && a.first_need().is_some();
        if self.cap == 0 || !self.accounts.values().any(needed) {
            return None;
        }
        if self.leasable(now) > 0 {
            return Some(self.free_at);
        }
        let held = self.accounts.values().map(|a| a.held_until);
        let until = held.chain([self.warm_until]).filter(|until| now < *until);
        Some(until.min()?.max(self.free_at))
    }

    /// Bytes per second that can be leased: the cap without what is held back.
    #[must_use]
    pub fn leasable(&self, now: Instant) -> Rate {
        let held: Rate = self
            .accounts
            .values()
            .filter(|a| now < a.held_until)
            .map(|a| self.cap.div_ceil(a.told.max(1).into()))
            .sum();
        let mut missing = 0;
        if now < self.warm_until && self.among_before > 0 {
            let back = u64::try_from(self.accounts.len()).unwrap_or(u64::MAX);
            let before = u64::from(self.among_before);
            missing = before.saturating_sub(back) * self.cap.div_ceil(before);
        }
        self.cap.saturating_sub(held.saturating_add(missing))
    }

    /// By how many a peer divides the cap while the DMS is away: a quarter more than there are.
    fn among(&self) -> u32 {
        let peers = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX);
        peers.saturating_add(peers.div_ceil(4))
    }

    /// A peer that was told too low a number, as many came since.
    fn renew_among(&mut self) -> Option<(DeviceId, Lease)> {
        let peers = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX);
        let among = self.among();
        let outdated = |a: &Account| a.told < peers && a.standing != Standing::Away;
        let (device, account) = self.accounts.iter_mut().find(|(_, a)| outdated(a))?;
        account.told = among;
        // Before its first word it may still speak of the ledger before this one.
        account.told_here |= account.standing == Standing::Leased;
        let ttl_ms = 0;
        Some((
            *device,
            Lease {
                bytes: 0,
                ttl_ms,
                among,
            },
        ))
    }

    fn forget_the_lost(&mut self, now: Instant) {
        let gone = |a: &Account| a.standing == Standing::Away && a.held_until <= now;
        self.accounts.retain(|_, a| !gone(a));
    }
}

impl Account {
    fn first_need(&self) -> Option<usize> {
        self.needs.iter().position(|need| *need > 0)
    }

    /// Bytes it need not wait for any more, the most urgent first.
    fn pay(&mut self, bytes: u64) {
        super::pay(&mut self.needs, bytes);
    }
}

#[cfg(test)]
mod tests;
