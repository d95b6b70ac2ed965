//! The WAN budget of a site with a cap: the production ledger on the DMS's side, and a second set of books
//! that knows nothing of it and must come out even.

use std::collections::BTreeMap;

use super::{
    check::Never,
    scenario::Planted,
    world::{Event, World},
};
use crate::{
    content::MAX_CHUNK_LEN,
    peer::Input,
    site::Ledger,
    time::{Instant, Micros},
    wire::{Lease, LeaseAsk},
};

/// See the module.
#[derive(Debug)]
pub(super) struct Books {
    ledger: Ledger,
    cap: u64,
    due: Option<Instant>,
    /// The end of the last lease, at the cap's rate.
    leased_until: Instant,
    /// Bytes leased to each peer and not yet begun at the origin.
    purse: BTreeMap<u32, u64>,
    /// Who was told the cap, and whether it is without the DMS since.
    told: BTreeMap<u32, bool>,
    /// Since when the DMS is away, and the bytes begun without it since.
    alone: (Instant, u64),
}

impl World<'_> {
    pub(super) fn open_books(&mut self, cap: Option<u64>) {
        let now = self.now;
        let books = cap.map(|cap| Books {
            ledger: Ledger::new(cap, now),
            cap,
            due: None,
            leased_until: now,
            purse: BTreeMap::new(),
            told: BTreeMap::new(),
            alone: (now, 0),
        });
        self.books.push(books);
    }

    /// A peer is welcome: it learns the cap, and the ledger learns of it.
    pub(super) fn ledger_joined(&mut self, peer: u32) {
        let (now, site, device) = (self.now, self.site_of(peer), self.shell(peer).device);
        if let Some(books) = self.books[site].as_mut() {
            books.ledger.joined(device, now);
            let cap = books.cap;
            self.post(vec![(peer, Input::WanCap(cap))]);
            self.ledger_due(site);
        }
    }

    /// The word that the DMS is there, with the cap, reached a peer.
    pub(super) fn ledger_welcomed(&mut self, peer: u32) {
        let site = self.site_of(peer);
        if let Some(books) = self.books[site].as_mut() {
            books.told.insert(peer, false);
        }
    }

    pub(super) fn ledger_left(&mut self, peer: u32, goodbye: bool) {
        let (now, site, device) = (self.now, self.site_of(peer), self.shell(peer).device);
        if let Some(books) = self.books[site].as_mut() {
            books.ledger.left(device, goodbye, now);
            books.purse.remove(&peer);
        }
        self.ledger_due(site);
    }

    pub(super) fn ledger_asked(&mut self, peer: u32, ask: LeaseAsk) {
        let (now, site, device) = (self.now, self.site_of(peer), self.shell(peer).device);
        if let Some(books) = self.books[site].as_mut() {
            books.ledger.asked(device, ask, now);
        }
        self.ledger_due(site);
    }

    /// Gives what is due. No lease may begin before the one before it is over: then the sum of the leases is
    /// never above the cap.
    pub(super) fn ledger_due(&mut self, site: usize) {
        let now = self.now;
        loop {
            let Some(books) = self.books[site].as_mut().filter(|_| !self.dms_away) else {
                return;
            };
            let Some((device, mut lease)) = books.ledger.poll(now) else {
                break;
            };
            if self.scenario.planted == Some(Planted::LedgerOffByOne) && lease.bytes > 0 {
                lease.bytes += u64::from(MAX_CHUNK_LEN);
            }
            self.give(site, device, lease);
        }
        let Some(books) = self.books[site].as_mut() else {
            return;
        };
        let next = books
            .ledger
            .next_timeout(now)
            .map(|at| at.max(now + Micros(1)));
        if let Some(at) = next.filter(|at| books.due.is_none_or(|due| due <= now || *at < due)) {
            books.due = Some(at);
            self.plan(at, Event::LedgerDue(site as u32));
        }
    }

    fn give(&mut self, site: usize, device: crate::content::DeviceId, lease: Lease) {
        let now = self.now;
        let (Some(books), Some(peer)) = (self.books[site].as_mut(), self.by_device.get(&device))
        else {
            return;
        };
        let peer = *peer;
        *books.purse.entry(peer).or_default() += lease.bytes;
        if lease.bytes > 0 {
            let until = books.leased_until;
            // A slice is rounded up to a microsecond, the books round down.
            let length = lease.bytes * 1_000_000 / books.cap.max(1);
            books.leased_until = now + Micros(length);
            if now < until {
                self.violations.note(Never::Ledger, || {
                    format!(
                        "{now:?}: p{peer} gets {} bytes while others hold until {until:?}",
                        lease.bytes
                    )
                });
            }
        }
        self.post(vec![(peer, Input::Lease(lease))]);
    }

    /// A peer begins to take a chunk from the origin.
    pub(super) fn spend_lease(&mut self, peer: u32, chunk: u32) {
        let (now, site, len) = (self.now, self.site_of(peer), self.title.len_of(chunk));
        let peers = u64::from(self.sites[site].spec.peers);
        let Some(books) = self.books[site].as_mut() else {
            return;
        };
        // Whoever was never told of a cap cannot keep it.
        let Some(is_alone) = books.told.get(&peer).copied() else {
            return;
        };
        if is_alone {
            let (since, begun) = &mut books.alone;
            *begun += len;
            // Each may begin one chunk at once and then goes by its share.
            let slack = peers * u64::from(MAX_CHUNK_LEN);
            let most = books.cap * now.since(*since).0 / 1_000_000 + slack;
            if *begun > most {
                let begun = *begun;
                self.violations.note(Never::Ledger, || {
                    format!("{now:?}: without the DMS {begun} bytes began, at most {most} may")
                });
            }
            return;
        }
        let purse = books.purse.entry(peer).or_default();
        let missing = len.saturating_sub(*purse);
        *purse = purse.saturating_sub(len);
        if missing > 0 {
            self.violations.note(Never::Ledger, || {
                format!("{now:?}: p{peer} takes chunk {chunk}, {missing} bytes beyond its leases")
            });
        }
    }

    /// The DMS is away, or back with a ledger that knows nobody.
    pub(super) fn ledger_outage(&mut self, ends: bool) {
        let now = self.now;
        for books in self.books.iter_mut().flatten() {
            if ends {
                books.ledger = Ledger::new(books.cap, now);
                books.purse.clear();
                continue;
            }
            books.alone = (now, 0);
            books.told.values_mut().for_each(|alone| *alone = true);
        }
    }
}
