//! Machines and the DMS come, go, and are back.

use super::{
    dms,
    effects::STALL_TIMEOUT,
    scenario::{Arrivals, Evil, Fault, Going, Nic, Policy},
    shell::{Life, Shell},
    viewer::Viewer,
    world::{Event, Reply, Site, ToDms, World},
};
use crate::{
    content::DeviceId,
    peer::{Config, FetchId, Input, Peer},
    site::weigh,
    time::{Instant, Micros},
};

/// How long before its viewer comes a machine that joins late is switched on.
const LATE_BY: Micros = Micros::from_millis(500);
/// After so long without a heartbeat the DMS takes a peer for gone: three of 15 s.
const CONTROL_TIMEOUT: Micros = Micros::from_secs(45);
/// Within this time all peers are back at a DMS that came back.
const RETURN_WITHIN: Micros = Micros::from_secs(5);
/// How long a viewer takes to press play at a machine that is back.
const PLAY_AGAIN: Micros = Micros::from_secs(1);
/// What slow and squatting peers carry, bytes per second.
const CRAWL: u64 = 16 << 10;

impl World<'_> {
    pub(super) fn add_site(&mut self, number: usize) {
        let spec = self.scenario.sites[number].clone();
        let site = self.sites.len();
        let (wan_down, wan_up) = (
            self.net.add_link(spec.wan.link.rate),
            self.net.add_link(spec.wan.link.rate),
        );
        self.open_books(
            spec.wan
                .cap
                .filter(|_| self.scenario.policy == Policy::Swarm),
        );
        self.sites.push(Site {
            spec: spec.clone(),
            number,
            wan_down,
            wan_up,
            cache_box: None,
            wan_bytes: 0,
            wan_chunks: Default::default(),
            origin_requests: 0,
            goings: 0,
        });
        if self.scenario.policy == Policy::Box {
            let viewer = Viewer::nobody(&self.scenario.title);
            let nic = Nic {
                weight: 0,
                ..spec.nic(0)
            };
            let cache_box = self.add_peer(site, nic, viewer, None);
            self.sites[site].cache_box = Some(cache_box);
        }
        let evil = self.choose_evil(spec.peers);
        let late = self.scenario.faults.contains(&Fault::JoinLate);
        let control = !self.scenario.faults.contains(&Fault::NoControl);
        for nth in 0..spec.peers {
            let evil = evil[nth as usize];
            let title = &self.scenario.title;
            let viewer = match evil {
                None if self.wants_all_at_once() => Viewer::greedy(title),
                None => Viewer::new(title),
                Some(Evil::Squat) => Viewer::greedy(title),
                Some(_) => Viewer::nobody(title),
            };
            let peer = self.add_peer(site, spec.nic(nth), viewer, evil);
            let arrives = self.arrival(spec.arrivals, nth);
            if !self.shell(peer).viewer.is_done() {
                self.plan(arrives, Event::Arrive(peer));
            }
            let joins = if late {
                arrives - LATE_BY
            } else {
                Instant(u64::from(nth) * 100)
            };
            if control && self.scenario.policy == Policy::Swarm {
                self.plan(joins, Event::Hello(peer));
            }
        }
        self.plan_churn(site);
    }

    fn choose_evil(&mut self, peers: u32) -> Vec<Option<Evil>> {
        let mut evil = vec![None; peers as usize];
        let mut at = 0;
        for (kind, percent) in &self.scenario.evil {
            let many = (peers * percent + 50) / 100;
            for place in evil.iter_mut().skip(at).take(many as usize) {
                *place = Some(*kind);
            }
            at += many as usize;
        }
        self.rng.shuffle(&mut evil);
        evil
    }

    fn arrival(&mut self, arrivals: Arrivals, nth: u32) -> Instant {
        let rng = &mut self.rng;
        Instant(match arrivals {
            Arrivals::Flash { first, within } => first.0 + rng.below(within.0 + 1),
            Arrivals::Office { first, over } => {
                let bell: u64 = (0..3).map(|_| rng.below(over.0 / 3 + 1)).sum();
                first.0 + bell
            }
            Arrivals::Trickle { first, every } => {
                first.0 + u64::from(nth) * every.0 + rng.below(every.0 / 2 + 1)
            }
        })
    }

    fn add_peer(&mut self, site: usize, nic: Nic, viewer: Viewer, evil: Option<Evil>) -> u32 {
        let number = self.shells.len() as u32;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.rng.next().to_be_bytes());
        id[8..].copy_from_slice(&self.rng.next().to_be_bytes());
        let device = DeviceId(id);
        let mut shell = Shell::new(device, site, nic, viewer);
        shell.evil = evil;
        shell.counts &= evil.is_none();
        self.open_viewers += u32::from(shell.counts);
        let seed = self.rng.next();
        if self.scenario.policy == Policy::Swarm {
            shell.peer = Some(Box::new(Peer::new(Config::default(), device, seed)));
        }
        let up = if evil == Some(Evil::Slow) {
            CRAWL
        } else {
            nic.link.rate
        };
        let down = if evil == Some(Evil::Squat) {
            CRAWL
        } else {
            nic.link.rate
        };
        shell.up = self.net.add_link(up);
        shell.down = if nic.half_duplex && up == down {
            shell.up
        } else {
            self.net.add_link(down)
        };
        shell.disk = nic.disk.map(|rate| self.net.add_link(rate));
        self.by_device.insert(device, number);
        self.shells.push(shell);
        number
    }

    pub(super) fn prepare_faults(&mut self) {
        for fault in &self.scenario.faults {
            match *fault {
                Fault::Lose {
                    site,
                    peer,
                    at,
                    how,
                } => {
                    let here = self.sites.iter().position(|s| s.number == site as usize);
                    let Some(here) = here else { continue };
                    let mut peers = (0..self.shells.len()).filter(|p| self.shells[*p].site == here);
                    let boxes = usize::from(self.sites[here].cache_box.is_some());
                    if let Some(peer) = peers.nth(peer as usize + boxes) {
                        let peer = peer as u32;
                        self.plan(Instant(0) + at, Event::Lose { peer, how });
                    }
                }
                Fault::LoseBusyHome { after, how } => {
                    let from = Instant(0) + after;
                    self.lose_busy_home.fill(Some((from, how)));
                }
                Fault::DmsAway {
                    from,
                    to,
                    origin_too,
                } => {
                    for (at, ends) in [(from, false), (to, true)] {
                        self.plan(Instant(0) + at, Event::Outage { ends, origin_too });
                    }
                }
                Fault::LoseChanges { per_mille } => self.lose_changes = per_mille,
                // These two are looked up where peers join.
                Fault::JoinLate | Fault::NoControl => {}
            }
        }
    }

    pub(super) fn hello(&mut self, peer: u32) {
        let shell = self.shell(peer);
        if !shell.is_running() || self.dms_away {
            return;
        }
        let shell = self.shell(peer);
        shell.tally.messages += 1;
        let (device, site, nic) = (shell.device, shell.site, shell.nic);
        let address = dms::address(site, peer);
        let peering = self.sites[site].spec.peering;
        let worth = (nic.weight, nic.sharing);
        self.feed(peer, Input::Sharing(nic.sharing));
        let letters = self.dms.hello(peer, device, address, worth, peering);
        self.post(letters);
        self.ledger_joined(peer);
        self.campaign(peer);
    }

    pub(super) fn read_letter(&mut self, peer: u32, letter: ToDms) {
        if self.dms_away {
            return;
        }
        let device = self.shell(peer).device;
        let letters = match letter {
            ToDms::Gone => {
                let is_back = self.by_device.get(&device) != Some(&peer);
                if !is_back {
                    let goodbye = self.shell(peer).said_goodbye;
                    self.ledger_left(peer, goodbye);
                }
                self.dms.gone(peer, device, is_back)
            }
            ToDms::WantRoster => self.dms.want_roster(peer),
            ToDms::Lease(ask) => {
                self.ledger_asked(peer, ask);
                Vec::new()
            }
            ToDms::Worth(percent) => {
                let nic = self.shell(peer).nic;
                let weight = weigh(nic.weight, nic.sharing);
                let weight = (weight * percent / 100).max(weight.min(1));
                self.dms.weigh(peer, device, weight)
            }
            // One device's word against another's: it is recorded, and bans nobody.
            ToDms::Bad(_) => Vec::new(),
        };
        self.post(letters);
    }

    pub(super) fn arrive(&mut self, peer: u32) {
        let now = self.now;
        match self.shell(peer).life {
            Life::Running => {}
            Life::Back(successor) => return self.arrive(successor),
            // Whoever finds the machine off comes again when it is on.
            Life::Crashed | Life::Vanished => {
                self.shell(peer).viewer.arrived.get_or_insert(now);
                return;
            }
        }
        self.say(|_| format!("p{peer} presses play"));
        self.shell(peer).viewer.arrive(now);
        self.play(peer);
    }

    /// A machine goes, and with it everything it was doing. It may be back after a while.
    pub(super) fn lose(&mut self, peer: u32, how: Going, back_after: Option<Micros>) {
        if !self.shell(peer).is_running() {
            return;
        }
        self.say(|_| format!("p{peer} goes: {how:?}"));
        let vanish = how == Going::Vanish;
        let shell = self.shell(peer);
        shell.said_goodbye = how == Going::Leave;
        shell.life = if vanish {
            Life::Vanished
        } else {
            Life::Crashed
        };
        shell.tally.counters = shell.counters();
        shell.peer = None;
        shell.wants.clear();
        if back_after.is_some() {
            shell.viewer.pause();
        } else {
            let open = shell.counts && !shell.viewer.is_done();
            shell.counts = false;
            shell.viewer.leave();
            self.open_viewers -= u32::from(open);
        }
        self.cut_off(peer, vanish);
        let wait = if vanish {
            CONTROL_TIMEOUT
        } else {
            self.control_delay(peer)
        };
        let letter = ToDms::Gone;
        self.plan_after(wait, Event::ToDms { peer, letter });
        if let Some(wait) = back_after {
            self.plan_after(wait, Event::Back(peer));
        }
        self.direct_lost(peer);
    }

    /// Ends what a machine that is gone was fetching and giving.
    fn cut_off(&mut self, peer: u32, vanish: bool) {
        let shell = self.shell(peer);
        let exchanges = std::mem::take(&mut shell.exchanges);
        let clients = std::mem::take(&mut shell.clients);
        let pick = |timeout, at_once| if vanish { timeout } else { at_once };
        for exchange in exchanges.values() {
            self.stop_flow(peer, exchange);
            if let (Some(server), Some(ask)) = (exchange.server, exchange.ask) {
                let wait = pick(STALL_TIMEOUT, self.one_way(peer, Some(server)));
                self.plan_after(wait, Event::ClientGone { server, ask: ask.0 });
            }
        }
        for (client, fetch) in clients.into_values() {
            let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
                continue;
            };
            self.stop_flow(client, &exchange);
            // Cut off before the first byte, a client only notices by its own deadline: nothing
            // tells a silent server from one that waits for the chunk itself.
            if vanish && exchange.first_byte.is_none() {
                continue;
            }
            let wait = pick(STALL_TIMEOUT, self.one_way(client, Some(peer)));
            self.break_after(wait, client, fetch);
        }
    }

    fn break_after(&mut self, wait: Micros, client: u32, fetch: FetchId) {
        let reply = Reply::Broken;
        let broken = Event::Reply {
            client,
            fetch,
            reply,
        };
        self.plan_after(wait, broken);
    }

    /// A machine is on again, with what its cache held, under a number of its own: nothing of what
    /// was on its way to the old one can reach it.
    pub(super) fn back(&mut self, old: u32) {
        if matches!(self.shell(old).life, Life::Running | Life::Back(_)) {
            return;
        }
        let number = self.shells.len() as u32;
        let seed = self.rng.next();
        let title = &self.scenario.title;
        let gone = &mut self.shells[old as usize];
        let viewer = std::mem::replace(&mut gone.viewer, Viewer::nobody(title));
        let mut shell = Shell::new(gone.device, gone.site, gone.nic, viewer);
        (shell.up, shell.down, shell.disk) = (gone.up, gone.down, gone.disk);
        shell.disk_holds = gone.disk_holds.clone();
        shell.disk_order = gone.disk_order.clone();
        shell.counts = std::mem::replace(&mut gone.counts, false);
        gone.life = Life::Back(number);
        let device = gone.device;
        let swarm = self.scenario.policy == Policy::Swarm;
        if swarm {
            shell.peer = Some(Box::new(Peer::new(Config::default(), device, seed)));
        }
        let held: Vec<u32> = shell.disk_holds.iter().collect();
        let seen = shell.viewer.arrived.is_some() && !shell.viewer.is_done();
        self.shells.push(shell);
        self.by_device.insert(device, number);
        self.say(|_| format!("p{old} is back as p{number}"));
        for chunk in held {
            let id = self.title.chunk(chunk).0;
            self.feed(number, Input::Holds(id));
        }
        if swarm {
            let wait = self.control_delay(number);
            self.plan_after(wait, Event::Hello(number));
        }
        if seen {
            self.plan_after(PLAY_AGAIN, Event::Arrive(number));
        }
    }

    fn plan_churn(&mut self, site: usize) {
        let Some(churn) = self.scenario.churn else {
            return;
        };
        let peers = u64::from(self.sites[site].spec.peers);
        let every = 60_000_000_000 / (u64::from(churn.per_mille_a_minute) * peers).max(1);
        let wait = Micros(every / 2 + self.rng.below(every + 1));
        self.plan_after(wait, Event::Churn(site as u32));
    }

    pub(super) fn churn(&mut self, site: usize) {
        let Some(churn) = self.scenario.churn else {
            return;
        };
        let here = |s: &Shell| s.site == site && s.is_running() && s.evil.is_none();
        let boxed = self.sites[site].cache_box;
        let peers: Vec<u32> = (0..self.shells.len() as u32)
            .filter(|p| here(&self.shells[*p as usize]) && Some(*p) != boxed)
            .collect();
        let goings = &mut self.sites[site].goings;
        *goings += 1;
        let turns = [Going::Crash, Going::Vanish, Going::Leave];
        let how = churn.how.unwrap_or(turns[*goings as usize % turns.len()]);
        if let Some(peer) = peers.get(self.rng.below(peers.len() as u64) as usize) {
            self.lose(*peer, how, Some(churn.back_after));
        }
        self.plan_churn(site);
    }

    pub(super) fn outage(&mut self, ends: bool, origin_too: bool) {
        self.say(|_| format!("the DMS is {}", if ends { "back" } else { "away" }));
        self.dms_away = !ends;
        self.origin_away = !ends && origin_too;
        self.ledger_outage(ends);
        if ends {
            self.dms.restart(self.sites.len());
        }
        for peer in 0..self.shells.len() as u32 {
            if !self.shell(peer).is_running() || self.shell(peer).peer.is_none() {
                continue;
            }
            if ends {
                let wait = Micros(self.rng.below(RETURN_WITHIN.0));
                self.plan_after(wait, Event::Hello(peer));
                continue;
            }
            self.feed(peer, Input::ControlLost);
            if origin_too {
                self.break_origin_fetches(peer);
            }
        }
    }

    fn break_origin_fetches(&mut self, peer: u32) {
        let exchanges = self.shell(peer).exchanges.iter();
        let from_origin = exchanges.filter(|(_, e)| e.server.is_none());
        let broken: Vec<_> = from_origin.map(|(fetch, e)| (*fetch, *e)).collect();
        for (fetch, exchange) in broken {
            self.stop_flow(peer, &exchange);
            self.break_after(Micros(0), peer, fetch);
        }
    }

    /// A home that fetches from the origin while others wait for it goes, if the scenario says so.
    pub(super) fn maybe_lose(&mut self, peer: u32) {
        let (now, site) = (self.now, self.site_of(peer));
        let Some((_, how)) = self.lose_busy_home[site].filter(|(from, _)| *from <= now) else {
            return;
        };
        let shell = self.shell(peer);
        let fetching = shell.exchanges.values().any(|e| e.server.is_none());
        if fetching && !shell.clients.is_empty() {
            self.lose_busy_home[site] = None;
            self.plan(now, Event::Lose { peer, how });
        }
    }
}
