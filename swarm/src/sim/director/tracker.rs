//! A central tracker that knows, at once, who holds what and who fetches what, and tells each peer which
//! chunk to get from whom: the rarest in the site first, each from the origin once, from the least busy
//! holder otherwise. It is asked for every chunk and answers after a round trip over the WAN.

use std::collections::{BTreeMap, BTreeSet};

use super::super::world::{Event, World};
use crate::time::Micros;

/// Chunks on the way to one peer at once.
const AT_ONCE: usize = 8;
/// Uploads of one peer at once.
const UPLOADS: usize = 8;
/// Chunks on the way to one site from the origin at once.
const FROM_ORIGIN: usize = 8;
/// How often the tracker looks at peers it had nothing for.
const ROUND: Micros = Micros::from_millis(20);
/// How long a peer waits for a tracker that does not answer before it goes to the origin.
const PATIENCE: Micros = Micros::from_secs(5);

/// See the module.
#[derive(Debug)]
pub(in super::super) struct Tracker {
    sites: Vec<SiteView>,
}

#[derive(Debug, Default)]
struct SiteView {
    holders: BTreeMap<u32, Vec<u32>>,
    /// What comes from the origin, and to whom.
    from_origin: BTreeMap<u32, u32>,
    /// What each peer was told to fetch, and from whom.
    told: BTreeMap<(u32, u32), Option<u32>>,
    uploads: BTreeMap<u32, usize>,
    /// How many questions of each peer are on the way or unanswered.
    asked: BTreeMap<u32, usize>,
    parked: BTreeSet<u32>,
}

impl Tracker {
    pub(super) fn new(sites: usize) -> Self {
        let sites = (0..sites).map(|_| SiteView::default()).collect();
        Self { sites }
    }
}

impl World<'_> {
    fn site_view(&mut self, peer: u32) -> &mut SiteView {
        let site = self.site_of(peer);
        &mut self.director.tracker.sites[site]
    }

    pub(super) fn tracker_next(&mut self, peer: u32) {
        let needs = self.needs(peer).len();
        let view = self.site_view(peer);
        let told = view.told.range((peer, 0)..=(peer, u32::MAX)).count();
        let asked = view.asked.entry(peer).or_default();
        let more = AT_ONCE.saturating_sub(told + *asked).min(needs);
        *asked += more;
        let delay = self.control_delay(peer);
        for _ in 0..more {
            self.shell(peer).tally.messages += 1;
            self.plan_after(delay, Event::AskTracker(peer));
        }
    }

    pub(in super::super) fn ask_tracker(&mut self, peer: u32) {
        if self.dms_away {
            if let Some(chunk) = self.needs(peer).first().copied() {
                let view = self.site_view(peer);
                if let Some(asked) = view.asked.get_mut(&peer) {
                    *asked = asked.saturating_sub(1);
                }
                let told = Event::Told {
                    peer,
                    chunk,
                    server: None,
                };
                self.plan_after(PATIENCE, told);
            }
            return;
        }
        if !self.tell_one(peer) {
            self.site_view(peer).parked.insert(peer);
        }
    }

    /// Answers one question, if there is an answer.
    fn tell_one(&mut self, peer: u32) -> bool {
        let needs = self.needs(peer);
        let turn = self.rng.next() as u32;
        let fooled_by = self.shell(peer).fooled_by.clone();
        let view = self.site_view(peer);
        let mut best: Option<((usize, u32), u32, Option<u32>)> = None;
        for chunk in needs {
            if view.told.contains_key(&(peer, chunk)) {
                continue;
            }
            let holders = view.holders.get(&chunk).map_or(&[][..], Vec::as_slice);
            let rank = (holders.len(), (chunk ^ turn).wrapping_mul(0x9e37_79b1));
            if best.as_ref().is_some_and(|(least, ..)| *least <= rank) {
                continue;
            }
            let busy = |p: &u32| view.uploads.get(p).copied().unwrap_or(0);
            let free = holders
                .iter()
                .filter(|p| busy(p) < UPLOADS && !fooled_by.contains(p));
            if let Some(server) = free.min_by_key(|p| (busy(p), **p)) {
                best = Some((rank, chunk, Some(*server)));
            } else if holders.iter().all(|p| fooled_by.contains(p))
                && !view.from_origin.contains_key(&chunk)
                && view.from_origin.len() < FROM_ORIGIN
            {
                best = Some((rank, chunk, None));
            }
        }
        let Some((_, chunk, server)) = best else {
            return false;
        };
        view.told.insert((peer, chunk), server);
        match server {
            None => {
                view.from_origin.insert(chunk, peer);
            }
            Some(server) => *view.uploads.entry(server).or_default() += 1,
        }
        if let Some(asked) = view.asked.get_mut(&peer) {
            *asked = asked.saturating_sub(1);
        }
        self.shell(peer).tally.messages += 1;
        let told = Event::Told {
            peer,
            chunk,
            server,
        };
        self.plan_after(self.control_delay(peer), told);
        true
    }

    pub(super) fn tracker_came(&mut self, peer: u32, chunk: u32, _: Option<u32>) {
        self.forget_told(peer, chunk);
        let holders = self.site_view(peer).holders.entry(chunk).or_default();
        if !holders.contains(&peer) {
            holders.push(peer);
        }
        self.shell(peer).tally.messages += 1;
    }

    pub(super) fn tracker_failed(&mut self, peer: u32, chunk: u32, server: Option<u32>) {
        self.forget_told(peer, chunk);
        if let (Some(server), Some(holders)) =
            (server, self.site_view(peer).holders.get_mut(&chunk))
        {
            holders.retain(|p| *p != server);
        }
    }

    pub(super) fn tracker_lost(&mut self, peer: u32) {
        let view = self.site_view(peer);
        let told: Vec<u32> = view
            .told
            .range((peer, 0)..=(peer, u32::MAX))
            .map(|(k, _)| k.1)
            .collect();
        view.parked.remove(&peer);
        view.asked.remove(&peer);
        view.holders
            .values_mut()
            .for_each(|h| h.retain(|p| *p != peer));
        told.into_iter()
            .for_each(|chunk| self.forget_told(peer, chunk));
    }

    fn forget_told(&mut self, peer: u32, chunk: u32) {
        let view = self.site_view(peer);
        let Some(server) = view.told.remove(&(peer, chunk)) else {
            return;
        };
        match server.and_then(|s| view.uploads.get_mut(&s)) {
            Some(uploads) => *uploads = uploads.saturating_sub(1),
            None if view.from_origin.get(&chunk) == Some(&peer) => {
                view.from_origin.remove(&chunk);
            }
            None => {}
        }
    }

    pub(super) fn tracker_round(&mut self) {
        for site in 0..self.director.tracker.sites.len() {
            let parked = std::mem::take(&mut self.director.tracker.sites[site].parked);
            for peer in parked {
                while self.director.tracker.sites[site]
                    .asked
                    .get(&peer)
                    .is_some_and(|a| *a > 0)
                {
                    if !self.tell_one(peer) {
                        self.site_view(peer).parked.insert(peer);
                        break;
                    }
                }
            }
        }
        self.plan_after(ROUND, Event::Round);
    }
}
