//! The WAN ledgers of the sites that have a cap, and the task that hands out their leases in time.
//!
//! The policy is [`swarm::site::Ledger`]; here are its clock, its lock and its messages. Nothing is kept
//! over a restart: peers that were here before say so when they come back, and the policy waits for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use swarm::content::{DeviceId, SiteId};
use swarm::site::Ledger;
use swarm::time;
use swarm::wire::{Lease, LeaseAsk, ToPeer};
use tokio::sync::Notify;

use super::Site;
use super::hours::follow::NextChange;
use super::hub::Hub;
use crate::state::App;

/// Leases given at one site in one go; the rest in the next.
const BATCH_MAX: usize = 1_000;

/// See the module.
#[derive(Debug)]
pub struct Ledgers {
    epoch: Instant,
    /// Held for one step of the policy, never over an await.
    state: Mutex<State>,
    /// A ledger is due earlier than the task thinks.
    sooner: Notify,
    /// Held while the sites are read and put into effect.
    pub(super) reading: tokio::sync::Mutex<()>,
    /// When another cap will hold.
    pub(super) hours: NextChange,
}

#[derive(Debug, Default)]
struct State {
    sites: BTreeMap<SiteId, Entry>,
    /// When which ledger is due.
    due: BTreeSet<(time::Instant, SiteId)>,
    /// The connections that a ledger knows.
    peers: HashMap<DeviceId, (SiteId, u64)>,
}

#[derive(Debug)]
struct Entry {
    ledger: Ledger,
    due: Option<time::Instant>,
}

/// A lease for one connection.
type Given = (DeviceId, u64, Lease);

impl Default for Ledgers {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            state: Mutex::default(),
            sooner: Notify::new(),
            reading: tokio::sync::Mutex::default(),
            hours: NextChange::default(),
        }
    }
}

impl Ledgers {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> time::Instant {
        let since = self.epoch.elapsed().as_micros();
        time::Instant(u64::try_from(since).unwrap_or(u64::MAX))
    }

    /// Puts the caps of a configuration into effect.
    pub fn configure(&self, sites: &[Site]) {
        let now = self.now();
        let mut state = self.lock();
        let capped: BTreeMap<SiteId, u64> = sites.iter().map(|s| (s.id, s.wan_cap)).collect();
        state.sites.retain(|id, _| capped.contains_key(id));
        let sites = state.sites.keys().copied().collect::<BTreeSet<_>>();
        state.due.retain(|(_, id)| sites.contains(id));
        state.peers.retain(|_, (id, _)| sites.contains(id));
        for (id, cap) in capped {
            match state.sites.get_mut(&id) {
                Some(entry) => entry.ledger.set_cap(cap),
                None if cap == 0 => continue,
                None => {
                    let ledger = Ledger::new(cap, now);
                    state.sites.insert(id, Entry { ledger, due: None });
                }
            }
            state.reschedule(id, now);
        }
        self.sooner.notify_one();
    }

    /// A connection began.
    pub fn joined(&self, hub: &Hub, device: DeviceId, number: u64) {
        if let Some(site) = hub.site_told(device, number).filter(|s| s.wan_cap > 0) {
            let now = self.now();
            let mut state = self.lock();
            if let Some(entry) = state.sites.get_mut(&site.id) {
                entry.ledger.joined(device, now);
                state.peers.insert(device, (site.id, number));
            }
        }
    }

    /// A connection ended. `goodbye`: the peer closed it in order.
    pub fn left(&self, device: DeviceId, number: u64, goodbye: bool) {
        let now = self.now();
        let mut state = self.lock();
        let Some((site, _)) = state
            .peers
            .get(&device)
            .filter(|(_, n)| *n == number)
            .copied()
        else {
            return;
        };
        state.peers.remove(&device);
        if let Some(entry) = state.sites.get_mut(&site) {
            entry.ledger.left(device, goodbye, now);
        }
        state.reschedule(site, now);
        self.sooner.notify_one();
    }

    /// A peer says what it needs; what can be leased at once is sent at once.
    pub fn asked(&self, hub: &Hub, device: DeviceId, number: u64, ask: LeaseAsk) {
        let Some(site) = hub.site_told(device, number).map(|site| site.id) else {
            return;
        };
        let now = self.now();
        let given = {
            let mut state = self.lock();
            let before = state.peers.insert(device, (site, number));
            if let Some((old, _)) = before.filter(|(old, _)| *old != site)
                && let Some(entry) = state.sites.get_mut(&old)
            {
                entry.ledger.left(device, true, now);
            }
            let Some(entry) = state.sites.get_mut(&site) else {
                state.peers.remove(&device);
                return;
            };
            entry.ledger.asked(device, ask, now);
            state.poll(site, now)
        };
        send(hub, given);
        self.sooner.notify_one();
    }

    /// Every lease that is due, and when the next one will be.
    fn due(&self) -> (Vec<Given>, Option<time::Instant>) {
        let now = self.now();
        let mut state = self.lock();
        let mut given = Vec::new();
        let due: Vec<SiteId> = state
            .due
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, site)| *site)
            .collect();
        for site in due {
            given.extend(state.poll(site, now));
        }
        (given, state.due.first().map(|(at, _)| *at))
    }
}

impl State {
    fn poll(&mut self, site: SiteId, now: time::Instant) -> Vec<Given> {
        let mut given = Vec::new();
        if let Some(entry) = self.sites.get_mut(&site) {
            while let Some((device, lease)) = entry.ledger.poll(now) {
                let known = self.peers.get(&device).filter(|(at, _)| *at == site);
                given.extend(known.map(|(_, number)| (device, *number, lease)));
                if given.len() >= BATCH_MAX {
                    break;
                }
            }
        }
        self.reschedule(site, now);
        given
    }

    fn reschedule(&mut self, site: SiteId, now: time::Instant) {
        let Some(entry) = self.sites.get_mut(&site) else {
            return;
        };
        let due = entry.ledger.next_timeout(now);
        if let Some(before) = std::mem::replace(&mut entry.due, due) {
            self.due.remove(&(before, site));
        }
        self.due.extend(due.map(|at| (at, site)));
    }
}

fn send(hub: &Hub, given: Vec<Given>) {
    for (device, number, lease) in given {
        hub.send(device, number, &ToPeer::Lease(lease));
    }
}

/// Hands out leases as they fall due, until the server stops.
pub async fn run(app: App) {
    loop {
        let (given, next) = app.ledgers.due();
        send(&app.sites, given);
        let timer = async {
            match next {
                Some(at) => {
                    let wait = at.since(app.ledgers.now());
                    tokio::time::sleep(std::time::Duration::from_micros(wait.0)).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = app.ledgers.sooner.notified() => {}
            () = timer => {}
        }
    }
}

#[cfg(test)]
mod tests;
