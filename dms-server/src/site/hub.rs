//! The connected peers and the rosters of the sites.
//!
//! Everything here is rebuilt by the peers' reconnecting. One lock guards it; under it nothing is
//! awaited: a message to a peer is put into that peer's bounded queue, and a peer whose queue is full
//! is disconnected, so that one slow reader never holds up a site. What a site's peers know of its roster,
//! and when they are told more, is [`super::told`]'s.

mod state;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use swarm::content::{DeviceId, SiteId};
use swarm::site::SiteMap;
use swarm::wire::{Campaign, Pardon, Sharing, SiteInfo, ToPeer, TransferTotals};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use self::state::{State, frame, peers_at};
use super::Site;

/// What a peer says of itself when it connects.
#[derive(Clone, Debug)]
pub struct Hello {
    /// Its version.
    pub agent: String,
    /// Its chunk listener, `ip:port`.
    pub listen: String,
    /// The weight it gives itself.
    pub weight: u32,
    /// Whether it gives now.
    pub sharing: Sharing,
}

/// A connected peer as administrators see it.
#[derive(Clone, Debug)]
pub struct PeerStatus {
    /// Its site.
    pub site: Option<SiteId>,
    /// See [`Hello`].
    pub listen: String,
    /// See [`Hello`].
    pub agent: String,
    /// See [`Hello`].
    pub sharing: Sharing,
    /// Its weight in the roster.
    pub weight: u32,
    /// Bytes moved since it started.
    pub totals: TransferTotals,
}

/// What a peer got between two of its totals, as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gained {
    /// The name of its site.
    pub site: Option<String>,
    /// Payload bytes from other peers.
    pub from_peers: u64,
}

/// The hub's side of one control connection, for the task that holds the socket.
#[derive(Debug)]
pub struct Attached {
    /// Frames to send, in order.
    pub outgoing: mpsc::Receiver<Bytes>,
    /// Cancelled when the connection must end: replaced, revoked, or too slow.
    pub ended: CancellationToken,
    /// Tells this connection from a later one of the same device.
    pub number: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Hub {
    state: Mutex<State>,
    /// Some site's peers must be told something later.
    untold: Notify,
    /// See [`Hub::sent_away`].
    sent_away: OnceLock<usize>,
}

/// A sharing state's name in metrics.
#[must_use]
pub const fn sharing_name(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::On => "on",
        Sharing::Paused => "paused",
        Sharing::Battery => "battery",
        Sharing::Metered => "metered",
        Sharing::Vpn => "vpn",
        Sharing::Leaving => "leaving",
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves at worst a stale roster; peers ask anew when one does not fit.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the sites' peers what could not be told at once, for as long as it is polled.
    pub async fn tell_later(&self) {
        loop {
            self.untold.notified().await;
            // The lock is not held over the sleep.
            while let Some(due) = { self.lock().tell_due(Instant::now()) } {
                tokio::time::sleep_until(due.into()).await;
            }
        }
    }

    /// Changes rosters, and sees to it that the peers are told.
    fn change<T>(&self, change: impl FnOnce(&mut State, Instant) -> T) -> T {
        let now = Instant::now();
        let (out, later) = {
            let mut state = self.lock();
            let out = change(&mut state, now);
            (out, std::mem::take(&mut state.later))
        };
        if later {
            self.untold.notify_one();
        }
        out
    }

    /// Puts a configuration into effect and tells the peers whose site changed.
    pub fn configure(&self, sites: Vec<Site>, map: SiteMap, now_ms: i64) {
        self.change(|state, now| state.configure(sites, map, now_ms, now));
    }

    /// The site of an address.
    #[must_use]
    pub fn site_of(&self, address: IpAddr) -> Option<SiteId> {
        self.lock().map.site_of(address)
    }

    /// The name of a site.
    #[must_use]
    pub fn site_name(&self, site: SiteId) -> Option<String> {
        Some(self.lock().sites.get(&site)?.site.name.clone())
    }

    /// Takes a peer in: sends it its welcome and roster, and tells its site. An older connection of
    /// the same device ends.
    pub fn join(
        &self,
        device: DeviceId,
        remote: IpAddr,
        hello: Hello,
        heartbeat_s: u32,
    ) -> Attached {
        self.change(|state, now| state.join(device, remote, hello, heartbeat_s, now))
    }

    /// Notes a peer's own change.
    pub fn update(&self, device: DeviceId, number: u64, weight: u32, sharing: Sharing) {
        self.change(|state, now| state.update(device, number, weight, sharing, now));
    }

    /// Notes a peer's totals and answers what came since the last ones of this connection; the
    /// first ones are only a start, as the peer may be older than the connection.
    pub fn totals(&self, device: DeviceId, number: u64, totals: TransferTotals) -> Option<Gained> {
        let mut state = self.lock();
        let peer = state.current(device, number)?;
        let before = peer.totals.replace(totals)?;
        Some(Gained {
            site: peer.site.as_ref().map(|info| info.name.clone()),
            from_peers: totals.from_peers.saturating_sub(before.from_peers),
        })
    }

    /// Puts into effect what each site is to hold, and tells the peers where that changed.
    pub fn hold(&self, holds: BTreeMap<SiteId, Vec<Campaign>>) {
        self.lock().hold(holds);
    }

    /// Queues a message for every peer of a site that has peering.
    pub fn spread(&self, site: SiteId, message: &ToPeer) {
        self.lock().spread(site, &frame(message));
    }

    /// The sites in effect.
    #[must_use]
    pub fn sites(&self) -> Vec<Site> {
        let state = self.lock();
        state.sites.values().map(|s| s.site.clone()).collect()
    }

    /// Sends a peer its roster again.
    pub fn send_roster(&self, device: DeviceId, number: u64) {
        let state = &mut *self.lock();
        let peer = state.peers.get(&device).filter(|p| p.number == number);
        let info = peer
            .and_then(|p| p.site.as_ref())
            .filter(|info| peers_at(info));
        if let (Some(peer), Some(site)) = (peer, info.and_then(|i| state.sites.get_mut(&i.id))) {
            peer.send(site.told.whole());
        }
    }

    /// Queues a message for one connection.
    pub fn send(&self, device: DeviceId, number: u64, message: &ToPeer) {
        if let Some(peer) = self.lock().current(device, number) {
            peer.send(frame(message));
        }
    }

    /// Lets a connection go; a newer one of the same device stays.
    pub fn leave(&self, device: DeviceId, number: u64) {
        self.change(|state, now| {
            if state.current(device, number).is_some() {
                state.remove(device, now);
            }
        });
    }

    /// Ends a revoked device's connection and tells every peer to shun it.
    pub fn revoke(&self, device: DeviceId) {
        self.change(|state, now| state.revoke(device, now));
    }

    /// The site that a connection's peer was told.
    #[must_use]
    pub fn site_told(&self, device: DeviceId, number: u64) -> Option<SiteInfo> {
        self.lock().current(device, number)?.site.clone()
    }

    /// The devices that every peer is told to shun when it connects.
    pub fn set_banned(&self, banned: Vec<DeviceId>) {
        self.lock().set_banned(banned);
    }

    /// The devices that every peer is told to ask again when it connects, pardoned last first.
    pub fn set_pardons(&self, pardons: Vec<Pardon>) {
        self.lock().set_pardons(pardons);
    }

    /// Tells every peer to ask a device again that sent it wrong bytes.
    pub fn pardon(&self, pardon: Pardon) {
        self.lock().pardon(pardon);
    }

    /// What is known of a connected peer.
    #[must_use]
    pub fn peer(&self, device: DeviceId) -> Option<PeerStatus> {
        let state = self.lock();
        let peer = state.peers.get(&device)?;
        Some(PeerStatus {
            site: peer.site.as_ref().map(|info| info.id),
            listen: peer.hello.listen.clone(),
            agent: peer.hello.agent.clone(),
            sharing: peer.hello.sharing,
            weight: peer.roster_entry(device).weight,
            totals: peer.totals.unwrap_or_default(),
        })
    }

    /// How many peers are connected, by site (none: in no site) and by [`sharing_name`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(Option<SiteId>, &'static str), i64> {
        let mut counts = BTreeMap::new();
        for peer in self.lock().peers.values() {
            let site = peer.site.as_ref().map(|info| info.id);
            *counts
                .entry((site, sharing_name(peer.hello.sharing)))
                .or_default() += 1;
        }
        counts
    }

    /// How many peers were connected when the first of them was sent away, because the server stops.
    #[must_use]
    pub fn sent_away(&self) -> usize {
        *self.sent_away.get_or_init(|| self.lock().peers.len())
    }

    /// From where the connected peers call.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.lock().peers.values().map(|peer| peer.remote).collect()
    }

    /// Connected peers of a site.
    #[must_use]
    pub fn peers_of(&self, site: SiteId) -> usize {
        let state = self.lock();
        state.sites.get(&site).map_or(0, |site| site.present)
    }
}
