//! The baselines: other ways to decide what is fetched from whom, on the same network, with the same
//! viewers, and with every doubt resolved in their favour (their knowledge costs messages but no time, but
//! for the round trip to the tracker).
//!
//! - *Plain*: everybody takes everything from the origin, [`AT_ONCE`] requests at a time.
//! - *Box*: the same from a cache box in the site, which takes each chunk from the origin once.
//! - *Tracker* and *Mesh* stand in files of their own.

mod mesh;
mod tracker;

use std::collections::BTreeMap;

use super::{
    TitleSpec,
    scenario::Policy,
    world::{Event, Says, World},
};
use crate::{
    peer::{Answer, AskId, FetchId, Priority, RequestId},
    time::{Instant, Micros},
};

/// Requests of one client at once, as browsers do over one host.
const AT_ONCE: usize = 6;
/// The same of a download, which in truth is one request that never pauses.
const FILE_AT_ONCE: usize = 32;
/// How long a client waits before it asks again after an answer that was none.
const AGAIN: Micros = Micros::from_millis(200);

/// See the module.
#[derive(Debug)]
pub(super) struct Director {
    policy: Policy,
    /// Who waits at a cache box, by box and chunk.
    at_box: BTreeMap<(u32, u32), Vec<AskId>>,
    tracker: tracker::Tracker,
    mesh: mesh::Mesh,
}

impl Director {
    pub(super) fn new(policy: Policy, sites: usize) -> Self {
        Self {
            policy,
            at_box: BTreeMap::new(),
            tracker: tracker::Tracker::new(sites),
            mesh: mesh::Mesh::default(),
        }
    }
}

impl World<'_> {
    /// Whether a download asks for the whole file at once, to choose the rarest chunk of all.
    pub(super) fn wants_all_at_once(&self) -> bool {
        let chooses = matches!(self.scenario.policy, Policy::Tracker | Policy::Mesh);
        chooses && matches!(self.scenario.title, TitleSpec::File { .. })
    }

    pub(super) fn direct_start(&mut self) {
        match self.director.policy {
            Policy::Tracker => self.plan(Instant(0), Event::Round),
            Policy::Mesh => {
                self.mesh_start();
                self.plan(Instant(0), Event::Round);
            }
            Policy::Swarm | Policy::Plain | Policy::Box => {}
        }
    }

    pub(super) fn direct_want(&mut self, peer: u32, request: RequestId, chunk: u32) {
        if self.shell(peer).disk_holds.contains(chunk) {
            return self.deliver(peer, request, chunk);
        }
        self.direct_next(peer);
    }

    /// A request reached a server without a production machine.
    pub(super) fn direct_asked(&mut self, server: u32, ask: AskId, chunk: u32) {
        if self.shell(server).disk_holds.contains(chunk) {
            return self.answer(server, ask, Answer::Serve);
        }
        let site = self.site_of(server);
        if self.sites[site].cache_box != Some(server) {
            return self.answer(server, ask, Answer::NotHere);
        }
        let waiting = self.director.at_box.entry((server, chunk)).or_default();
        waiting.push(ask);
        if waiting.len() == 1 {
            self.direct_fetch(server, chunk, None);
        }
    }

    /// A chunk came to a peer without a production machine.
    pub(super) fn direct_came(&mut self, peer: u32, chunk: u32, server: Option<u32>) {
        let waiting = self.director.at_box.remove(&(peer, chunk));
        for ask in waiting.into_iter().flatten() {
            self.answer(peer, ask, Answer::Serve);
        }
        let wants = self.shell(peer).wants.iter();
        let met = wants.filter(|(_, (of, ..))| *of == chunk);
        let met: Vec<RequestId> = met.map(|(request, _)| *request).collect();
        for request in met {
            self.deliver(peer, request, chunk);
        }
        match self.director.policy {
            Policy::Tracker => self.tracker_came(peer, chunk, server),
            Policy::Mesh => self.mesh_came(peer, chunk, server),
            Policy::Swarm | Policy::Plain | Policy::Box => {}
        }
        self.direct_next(peer);
    }

    /// A request of a peer without a production machine came to nothing.
    pub(super) fn direct_failed(&mut self, peer: u32, chunk: u32, server: Option<u32>) {
        match self.director.policy {
            Policy::Tracker => self.tracker_failed(peer, chunk, server),
            Policy::Mesh => self.mesh_failed(peer, server),
            Policy::Swarm | Policy::Plain | Policy::Box => {}
        }
        let site = self.site_of(peer);
        let is_box = self.sites[site].cache_box == Some(peer);
        if is_box || matches!(self.director.policy, Policy::Plain | Policy::Box) {
            let server = if is_box { None } else { server };
            let told = Event::Told {
                peer,
                chunk,
                server,
            };
            return self.plan_after(AGAIN, told);
        }
        self.direct_next(peer);
    }

    pub(super) fn direct_lost(&mut self, peer: u32) {
        if self.director.policy == Policy::Tracker {
            self.tracker_lost(peer);
        }
    }

    pub(super) fn direct_round(&mut self) {
        match self.director.policy {
            Policy::Tracker => self.tracker_round(),
            Policy::Mesh => self.mesh_round(),
            Policy::Swarm | Policy::Plain | Policy::Box => {}
        }
    }

    /// Whoever directs has decided: get this chunk there.
    pub(super) fn told(&mut self, peer: u32, chunk: u32, server: Option<u32>) {
        let shell = self.shell(peer);
        if shell.is_running() && !shell.disk_holds.contains(chunk) {
            self.direct_fetch(peer, chunk, server);
        }
    }

    fn direct_next(&mut self, peer: u32) {
        match self.director.policy {
            Policy::Plain | Policy::Box => {
                let server = self.sites[self.site_of(peer)].cache_box;
                let most = match self.scenario.title {
                    TitleSpec::File { .. } => FILE_AT_ONCE,
                    TitleSpec::Video { .. } => AT_ONCE,
                };
                while self.shell(peer).exchanges.len() < most {
                    let Some(chunk) = self.needs(peer).first().copied() else {
                        return;
                    };
                    self.direct_fetch(peer, chunk, server);
                }
            }
            Policy::Tracker => self.tracker_next(peer),
            Policy::Mesh => self.mesh_next(peer),
            Policy::Swarm => {}
        }
    }

    fn direct_fetch(&mut self, peer: u32, chunk: u32, server: Option<u32>) {
        let fetch = FetchId(self.shell(peer).new_id());
        let counters = &mut self.shell(peer).tally.counters;
        match server {
            None => counters.origin_fetches += 1,
            Some(_) => counters.peer_fetches += 1,
        }
        let says = Says {
            deadline: Instant(u64::MAX),
            hops: 0,
            priority: Priority::Playing,
        };
        self.exchange(peer, fetch, chunk, server, says);
    }

    /// The chunks wanted at a machine of which nothing is on the way, in the order they were wanted.
    fn needs(&self, peer: u32) -> Vec<u32> {
        let shell = &self.shells[peer as usize];
        if !shell.is_running() {
            return Vec::new();
        }
        let mut coming = super::shell::Bits::default();
        for exchange in shell.exchanges.values() {
            coming.insert(exchange.chunk);
        }
        let wanted = shell.wants.values().map(|(chunk, ..)| *chunk);
        wanted.filter(|chunk| !coming.contains(*chunk)).collect()
    }
}
