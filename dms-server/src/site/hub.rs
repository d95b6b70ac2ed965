//! The connected peers and the rosters of the sites.
//!
//! Everything here is rebuilt by the peers' reconnecting. One lock guards it; under it nothing is
//! awaited: a message to a peer is put into that peer's bounded queue, and a peer whose queue is full
//! is disconnected, so that one slow reader never holds up a site.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use swarm::content::{DeviceId, SiteId};
use swarm::site::{Roster, SiteMap, weigh};
use swarm::wire::{
    MAX_ROSTER, Peering, RosterChange, RosterPeer, Sharing, SiteInfo, ToPeer, TransferTotals,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Site;

/// Messages waiting for one peer; one that lets them pile up is disconnected.
const QUEUE_MAX: usize = 256;

/// How many homes a chunk has: the first fetches, the second takes over.
const HOMES: u8 = 2;

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
}

#[derive(Debug, Default)]
struct State {
    map: SiteMap,
    sites: BTreeMap<SiteId, SiteState>,
    peers: HashMap<DeviceId, Peer>,
    last_number: u64,
    /// Devices that everybody must shun: revoked ones whose certificate still lives.
    banned: Vec<DeviceId>,
}

#[derive(Debug)]
struct SiteState {
    site: Site,
    roster: Roster,
}

#[derive(Debug)]
struct Peer {
    number: u64,
    remote: IpAddr,
    hello: Hello,
    /// The site it was told, with what the site lets it do.
    site: Option<SiteInfo>,
    /// None until it tells some.
    totals: Option<TransferTotals>,
    outgoing: mpsc::Sender<Bytes>,
    ended: CancellationToken,
}

impl Peer {
    /// Queues a frame; a peer that does not keep up is disconnected.
    fn send(&self, frame: Bytes) {
        if self.outgoing.try_send(frame).is_err() {
            self.ended.cancel();
        }
    }

    fn in_site(&self, site: SiteId) -> bool {
        self.site.as_ref().is_some_and(|info| info.id == site)
    }

    fn roster_entry(&self, device: DeviceId) -> RosterPeer {
        let consume_only = self
            .site
            .as_ref()
            .is_some_and(|info| info.peering == Peering::ConsumeOnly);
        let weight = if consume_only {
            0
        } else {
            weigh(self.hello.weight, self.hello.sharing)
        };
        RosterPeer {
            device,
            addr: self.hello.listen.clone(),
            weight,
        }
    }
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

fn frame(message: &ToPeer) -> Bytes {
    message.encode().into()
}

fn peers_at(info: &SiteInfo) -> bool {
    info.peering != Peering::Off
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves at worst a stale roster; peers ask anew when one does not fit.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a configuration into effect and tells the peers whose site changed.
    pub fn configure(&self, sites: Vec<Site>, map: SiteMap, now_ms: i64) {
        self.lock().configure(sites, map, now_ms);
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
        self.lock().join(device, remote, hello, heartbeat_s)
    }

    /// Notes a peer's own change.
    pub fn update(&self, device: DeviceId, number: u64, weight: u32, sharing: Sharing) {
        self.lock().update(device, number, weight, sharing);
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

    /// The sites in effect.
    #[must_use]
    pub fn sites(&self) -> Vec<Site> {
        let state = self.lock();
        state.sites.values().map(|s| s.site.clone()).collect()
    }

    /// Sends a peer its roster again.
    pub fn send_roster(&self, device: DeviceId, number: u64) {
        let state = self.lock();
        let peer = state.peers.get(&device).filter(|p| p.number == number);
        let info = peer
            .and_then(|p| p.site.as_ref())
            .filter(|info| peers_at(info));
        if let (Some(peer), Some(site)) = (peer, info.and_then(|i| state.sites.get(&i.id))) {
            peer.send(frame(&ToPeer::Roster(site.roster.snapshot())));
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
        let mut state = self.lock();
        if state.current(device, number).is_some() {
            state.remove(device);
        }
    }

    /// Ends a revoked device's connection and tells every peer to shun it.
    pub fn revoke(&self, device: DeviceId) {
        let mut state = self.lock();
        state.remove(device);
        if !state.banned.contains(&device) {
            state.banned.push(device);
            state.banned.truncate(MAX_ROSTER);
        }
        let banned = frame(&ToPeer::Banned(vec![device]));
        for peer in state.peers.values() {
            peer.send(banned.clone());
        }
    }

    /// The site that a connection's peer was told.
    #[must_use]
    pub fn site_told(&self, device: DeviceId, number: u64) -> Option<SiteInfo> {
        self.lock().current(device, number)?.site.clone()
    }

    /// The devices that every peer is told to shun when it connects.
    pub fn set_banned(&self, banned: Vec<DeviceId>) {
        self.lock().banned = banned;
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

    /// Connected peers of a site.
    #[must_use]
    pub fn peers_of(&self, site: SiteId) -> usize {
        self.lock()
            .peers
            .values()
            .filter(|peer| peer.in_site(site))
            .count()
    }
}

impl State {
    fn current(&mut self, device: DeviceId, number: u64) -> Option<&mut Peer> {
        self.peers
            .get_mut(&device)
            .filter(|peer| peer.number == number)
    }

    fn configure(&mut self, sites: Vec<Site>, map: SiteMap, now_ms: i64) {
        let mut old = std::mem::take(&mut self.sites);
        for site in sites {
            let roster = old.remove(&site.id).map_or_else(
                // Above every version this site had before a restart of the server.
                || Roster::new(now_ms.unsigned_abs(), HOMES),
                |state| state.roster,
            );
            self.sites.insert(site.id, SiteState { site, roster });
        }
        self.map = map;
        let moved: Vec<(DeviceId, Option<SiteInfo>)> = self
            .peers
            .iter()
            .map(|(device, peer)| (*device, self.locate(peer.remote, &peer.hello.listen), peer))
            .filter(|(_, info, peer)| *info != peer.site)
            .map(|(device, info, _)| (device, info))
            .collect();
        for (device, info) in moved {
            self.withdraw(device);
            if let Some(peer) = self.peers.get_mut(&device) {
                peer.site.clone_from(&info);
                peer.send(frame(&ToPeer::Site { site: info }));
            }
            self.admit(device);
        }
    }

    /// The site of a peer: both the address it calls from and the one it listens on lie in it.
    fn locate(&self, remote: IpAddr, listen: &str) -> Option<SiteInfo> {
        let site = self.map.site_of(remote)?;
        let listen: SocketAddr = listen.parse().ok()?;
        if self.map.site_of(listen.ip()) != Some(site) {
            return None;
        }
        Some(self.sites.get(&site)?.site.info())
    }

    fn join(
        &mut self,
        device: DeviceId,
        remote: IpAddr,
        hello: Hello,
        heartbeat_s: u32,
    ) -> Attached {
        self.remove(device);
        self.last_number += 1;
        let (outgoing, queue) = mpsc::channel(QUEUE_MAX);
        let ended = CancellationToken::new();
        let site = self.locate(remote, &hello.listen);
        let peer = Peer {
            number: self.last_number,
            remote,
            hello,
            site: site.clone(),
            totals: None,
            outgoing,
            ended: ended.clone(),
        };
        let protocol = swarm::wire::PROTOCOL;
        peer.send(frame(&ToPeer::Welcome {
            protocol,
            device,
            site,
            heartbeat_s,
        }));
        if !self.banned.is_empty() {
            peer.send(frame(&ToPeer::Banned(self.banned.clone())));
        }
        self.peers.insert(device, peer);
        self.admit(device);
        Attached {
            outgoing: queue,
            ended,
            number: self.last_number,
        }
    }

    /// Puts a peer into its site's roster, tells the others and sends it the whole.
    fn admit(&mut self, device: DeviceId) {
        let Some(peer) = self.peers.get(&device) else {
            return;
        };
        let Some(info) = peer.site.as_ref().filter(|info| peers_at(info)) else {
            return;
        };
        let site = info.id;
        let Some(state) = self.sites.get_mut(&site) else {
            return;
        };
        let change = match state.roster.join(peer.roster_entry(device)) {
            Ok(change) => change,
            Err(error) => {
                tracing::warn!(device.id = %device, %error, "peer takes only");
                None
            }
        };
        peer.send(frame(&ToPeer::Roster(state.roster.snapshot())));
        if let Some(change) = change {
            self.tell(site, change, Some(device));
        }
    }

    /// Takes a peer out of its site's roster and tells the others.
    fn withdraw(&mut self, device: DeviceId) {
        let site = self
            .peers
            .get(&device)
            .and_then(|p| p.site.as_ref())
            .map(|info| info.id);
        let Some(site) = site else { return };
        let change = self
            .sites
            .get_mut(&site)
            .and_then(|state| state.roster.leave(device));
        if let Some(change) = change {
            self.tell(site, change, Some(device));
        }
    }

    fn remove(&mut self, device: DeviceId) {
        self.withdraw(device);
        if let Some(peer) = self.peers.remove(&device) {
            peer.ended.cancel();
        }
    }

    fn update(&mut self, device: DeviceId, number: u64, weight: u32, sharing: Sharing) {
        let Some(peer) = self.current(device, number) else {
            return;
        };
        peer.hello.weight = weight;
        peer.hello.sharing = sharing;
        let weight = peer.roster_entry(device).weight;
        let Some(site) = peer.site.as_ref().map(|info| info.id) else {
            return;
        };
        let state = self.sites.get_mut(&site);
        if let Some(change) = state.and_then(|state| state.roster.set_weight(device, weight)) {
            self.tell(site, change, None);
        }
    }

    /// Encodes a change once and queues it for the site's peers.
    fn tell(&self, site: SiteId, change: RosterChange, except: Option<DeviceId>) {
        let change = frame(&ToPeer::Change(change));
        for (device, peer) in &self.peers {
            if Some(*device) != except && peer.in_site(site) {
                peer.send(change.clone());
            }
        }
    }
}
