//! What the hub guards: the sites, their rosters and the connected peers.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use bytes::Bytes;
use swarm::content::{DeviceId, SiteId};
use swarm::site::{SiteMap, weigh};
use swarm::wire::{
    Campaign, MAX_PARDONS, MAX_ROSTER, Pardon, Peering, RosterPeer, Sharing, SiteInfo, ToPeer,
    TransferTotals,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Attached, Hello};
use crate::site::Site;
use crate::site::told::{Told, window};

/// Messages waiting for one peer; one that lets them pile up is disconnected.
const QUEUE_MAX: usize = 256;

/// How many homes a chunk has: the first fetches, the second takes over.
const HOMES: u8 = 2;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) map: SiteMap,
    pub(super) sites: BTreeMap<SiteId, SiteState>,
    pub(super) peers: HashMap<DeviceId, Peer>,
    pub(super) last_number: u64,
    /// Devices that everybody must shun: revoked ones whose certificate still lives.
    banned: Vec<DeviceId>,
    /// The message that says so, encoded once.
    banned_frame: Option<Bytes>,
    /// Devices that are to be asked again, pardoned last first.
    pardons: Vec<Pardon>,
    /// What each site is to hold, and the message that says so.
    holds: BTreeMap<SiteId, (Vec<Campaign>, Bytes)>,
    /// A site must be told something later: see [`super::Hub::tell_later`].
    pub(super) later: bool,
}

#[derive(Debug)]
pub(super) struct SiteState {
    pub(super) site: Site,
    pub(super) told: Told,
    /// Connected peers, whether or not they may peer.
    pub(super) present: usize,
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) number: u64,
    pub(super) remote: IpAddr,
    pub(super) hello: Hello,
    /// The site it was told, with what the site lets it do.
    pub(super) site: Option<SiteInfo>,
    /// None until it tells some.
    pub(super) totals: Option<TransferTotals>,
    pub(super) outgoing: mpsc::Sender<Bytes>,
    pub(super) ended: CancellationToken,
}

impl Peer {
    /// Queues a frame; a peer that does not keep up is disconnected.
    pub(super) fn send(&self, frame: Bytes) {
        if self.outgoing.try_send(frame).is_err() {
            self.ended.cancel();
        }
    }

    /// Whether this is still its site, with the same rule.
    fn stays(&self, info: Option<&SiteInfo>) -> bool {
        let place = |info: &SiteInfo| (info.id, info.peering);
        self.site.as_ref().map(place) == info.map(place)
    }

    pub(super) fn roster_entry(&self, device: DeviceId) -> RosterPeer {
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

pub(super) fn frame(message: &ToPeer) -> Bytes {
    message.encode().into()
}

pub(super) fn peers_at(info: &SiteInfo) -> bool {
    info.peering != Peering::Off
}

impl State {
    pub(super) fn current(&mut self, device: DeviceId, number: u64) -> Option<&mut Peer> {
        self.peers
            .get_mut(&device)
            .filter(|peer| peer.number == number)
    }

    pub(super) fn site_of(&self, device: DeviceId) -> Option<SiteId> {
        Some(self.peers.get(&device)?.site.as_ref()?.id)
    }

    pub(super) fn configure(&mut self, sites: Vec<Site>, map: SiteMap, now_ms: i64, now: Instant) {
        let mut old = std::mem::take(&mut self.sites);
        for site in sites {
            let (told, present) = old.remove(&site.id).map_or_else(
                // Above every version this site had before a restart of the server.
                || (Told::new(now_ms.unsigned_abs(), HOMES, now), 0),
                |state| (state.told, state.present),
            );
            let state = SiteState {
                site,
                told,
                present,
            };
            self.sites.insert(state.site.id, state);
        }
        self.map = map;
        let changed: Vec<(DeviceId, Option<SiteInfo>)> = self
            .peers
            .iter()
            .map(|(device, peer)| (*device, self.locate(peer.remote, &peer.hello.listen), peer))
            .filter(|(_, info, peer)| *info != peer.site)
            .map(|(device, info, _)| (device, info))
            .collect();
        let mut moved = Vec::new();
        for (device, info) in changed {
            let Some(peer) = self.peers.get_mut(&device) else {
                continue;
            };
            peer.send(frame(&ToPeer::Site { site: info.clone() }));
            if peer.stays(info.as_ref()) {
                peer.site = info;
            } else {
                let before = peer.site.as_ref().map(|info| info.id);
                let heard = before.is_some_and(|site| self.holds.contains_key(&site));
                self.withdraw(device, now);
                self.place(device, info);
                moved.push((device, heard));
            }
        }
        for (device, _) in &moved {
            self.enter(*device, now);
        }
        let sites: Vec<SiteId> = self.sites.keys().copied().collect();
        for site in sites {
            self.tell_now(site, now);
        }
        for (device, heard) in moved {
            self.greet(device);
            self.tell_holds(device, heard);
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

    pub(super) fn join(
        &mut self,
        device: DeviceId,
        remote: IpAddr,
        hello: Hello,
        heartbeat_s: u32,
        now: Instant,
    ) -> Attached {
        self.remove(device, now);
        self.last_number += 1;
        let (outgoing, queue) = mpsc::channel(QUEUE_MAX);
        let ended = CancellationToken::new();
        let site = self.locate(remote, &hello.listen);
        let peer = Peer {
            number: self.last_number,
            remote,
            hello,
            site: None,
            totals: None,
            outgoing,
            ended: ended.clone(),
        };
        peer.send(frame(&ToPeer::Welcome {
            protocol: swarm::wire::PROTOCOL,
            device,
            site: site.clone(),
            heartbeat_s,
        }));
        if let Some(banned) = self.banned_frame() {
            peer.send(banned);
        }
        if !self.pardons.is_empty() {
            peer.send(frame(&ToPeer::Pardoned(self.pardons.clone())));
        }
        self.peers.insert(device, peer);
        self.place(device, site.clone());
        self.enter(device, now);
        if let Some(site) = site {
            self.tell(site.id, now);
        }
        self.greet(device);
        self.tell_holds(device, false);
        Attached {
            outgoing: queue,
            ended,
            number: self.last_number,
        }
    }

    /// The devices to shun, the ones revoked last first.
    pub(super) fn set_banned(&mut self, mut banned: Vec<DeviceId>) {
        banned.truncate(MAX_ROSTER);
        self.banned = banned;
        self.banned_frame = None;
    }

    /// The devices that are to be asked again, pardoned last first.
    pub(super) fn set_pardons(&mut self, mut pardons: Vec<Pardon>) {
        pardons.truncate(MAX_PARDONS);
        self.pardons = pardons;
    }

    /// Tells everybody to ask a device again.
    pub(super) fn pardon(&mut self, pardon: Pardon) {
        let mut pardons = std::mem::take(&mut self.pardons);
        pardons.retain(|other| other.device != pardon.device);
        pardons.insert(0, pardon);
        self.set_pardons(pardons);
        let frame = frame(&ToPeer::Pardoned(vec![pardon]));
        for peer in self.peers.values() {
            peer.send(frame.clone());
        }
    }

    fn banned_frame(&mut self) -> Option<Bytes> {
        let banned = &self.banned;
        let encode = || frame(&ToPeer::Banned(banned.clone()));
        (!banned.is_empty()).then(|| self.banned_frame.get_or_insert_with(encode).clone())
    }

    /// Ends a revoked device's connection and tells everybody to shun it, at once.
    pub(super) fn revoke(&mut self, device: DeviceId, now: Instant) {
        let site = self.site_of(device);
        self.remove(device, now);
        if let Some(site) = site {
            self.tell_now(site, now);
        }
        if !self.banned.contains(&device) {
            let mut banned = std::mem::take(&mut self.banned);
            banned.insert(0, device);
            self.set_banned(banned);
        }
        let banned = frame(&ToPeer::Banned(vec![device]));
        for peer in self.peers.values() {
            peer.send(banned.clone());
        }
    }

    /// Notes the site of a peer.
    fn place(&mut self, device: DeviceId, info: Option<SiteInfo>) {
        let Some(peer) = self.peers.get_mut(&device) else {
            return;
        };
        let new = info.as_ref().map(|info| info.id);
        let old = std::mem::replace(&mut peer.site, info).map(|info| info.id);
        if let Some(state) = old.and_then(|site| self.sites.get_mut(&site)) {
            state.present -= 1;
        }
        if let Some(state) = new.and_then(|site| self.sites.get_mut(&site)) {
            state.present += 1;
        }
    }

    /// A connected peer and its site's roster, where the site has peering.
    fn at_its_site(&mut self, device: DeviceId) -> Option<(&Peer, &mut SiteState)> {
        let peer = self.peers.get(&device)?;
        let info = peer.site.as_ref().filter(|info| peers_at(info))?;
        Some((peer, self.sites.get_mut(&info.id)?))
    }

    /// Puts a peer into its site's roster.
    fn enter(&mut self, device: DeviceId, now: Instant) {
        if let Some((peer, state)) = self.at_its_site(device)
            && let Err(error) = state.told.join(peer.roster_entry(device), now)
        {
            tracing::warn!(device.id = %device, %error, "peer takes only");
        }
    }

    /// Sends a peer its site's whole roster; from here on it is told of changes.
    fn greet(&mut self, device: DeviceId) {
        if let Some((peer, state)) = self.at_its_site(device) {
            peer.send(state.told.whole());
            state.told.follow(device);
        }
    }

    /// Puts into effect what each site is to hold.
    pub(super) fn hold(&mut self, holds: BTreeMap<SiteId, Vec<Campaign>>) {
        let mut before = std::mem::take(&mut self.holds);
        for (site, campaigns) in holds {
            let known = before.remove(&site);
            let kept = known.filter(|(known, _)| *known == campaigns);
            let news = kept.is_none();
            let (campaigns, frame) = kept.unwrap_or_else(|| {
                let frame = frame(&ToPeer::Hold(campaigns.clone()));
                (campaigns, frame)
            });
            if news {
                self.spread(site, &frame);
            }
            self.holds.insert(site, (campaigns, frame));
        }
        let nothing = frame(&ToPeer::Hold(Vec::new()));
        for site in before.into_keys() {
            self.spread(site, &nothing);
        }
    }

    /// Tells a peer what its site is to hold; that it is nothing is said only to one that `heard` of something.
    fn tell_holds(&self, device: DeviceId, heard: bool) {
        let Some(peer) = self.peers.get(&device) else {
            return;
        };
        let info = peer.site.as_ref().filter(|info| peers_at(info));
        match info.and_then(|info| self.holds.get(&info.id)) {
            Some((_, frame)) => peer.send(frame.clone()),
            None if heard => peer.send(frame(&ToPeer::Hold(Vec::new()))),
            None => {}
        }
    }

    /// Queues a frame for a site's peers.
    pub(super) fn spread(&self, site: SiteId, frame: &Bytes) {
        if let Some(state) = self.sites.get(&site) {
            spread(state, &self.peers, frame);
        }
    }

    /// Takes a peer out of its site's roster.
    fn withdraw(&mut self, device: DeviceId, now: Instant) {
        let site = self.site_of(device);
        if let Some(state) = site.and_then(|site| self.sites.get_mut(&site)) {
            state.told.unfollow(device);
            state.told.leave(device, now);
        }
    }

    pub(super) fn remove(&mut self, device: DeviceId, now: Instant) {
        let site = self.site_of(device);
        self.withdraw(device, now);
        self.place(device, None);
        if let Some(peer) = self.peers.remove(&device) {
            peer.ended.cancel();
        }
        if let Some(site) = site {
            self.tell(site, now);
        }
    }

    pub(super) fn update(
        &mut self,
        device: DeviceId,
        number: u64,
        weight: u32,
        sharing: Sharing,
        now: Instant,
    ) {
        let Some(peer) = self.current(device, number) else {
            return;
        };
        peer.hello.weight = weight;
        peer.hello.sharing = sharing;
        if let Some((peer, state)) = self.at_its_site(device) {
            let weight = peer.roster_entry(device).weight;
            let site = state.site.id;
            state.told.set_weight(device, weight, now);
            self.tell(site, now);
        }
    }

    /// Tells a site's peers what they do not know, now or later.
    fn tell(&mut self, site: SiteId, now: Instant) {
        let window = window(self.peers.len());
        let Some(state) = self.sites.get_mut(&site) else {
            return;
        };
        match state.told.tell(now, window) {
            Some(frame) => spread(state, &self.peers, &frame),
            None => self.later |= state.told.due().is_some(),
        }
    }

    /// Tells a site's peers what they do not know, however soon after the last time.
    pub(super) fn tell_now(&mut self, site: SiteId, now: Instant) {
        let window = window(self.peers.len());
        if let Some(state) = self.sites.get_mut(&site)
            && let Some(frame) = state.told.tell_now(now, window)
        {
            spread(state, &self.peers, &frame);
        }
    }

    /// Tells the peers of every site whose time has come; answers when the next one's comes.
    pub(super) fn tell_due(&mut self, now: Instant) -> Option<Instant> {
        let window = window(self.peers.len());
        for state in self.sites.values_mut() {
            if let Some(frame) = state.told.tell(now, window) {
                spread(state, &self.peers, &frame);
            }
        }
        let due = self.sites.values().filter_map(|state| state.told.due());
        due.min()
    }
}

/// Queues a frame for a site's peers.
fn spread(state: &SiteState, peers: &HashMap<DeviceId, Peer>, frame: &Bytes) {
    for peer in state.told.members().iter().filter_map(|id| peers.get(id)) {
        peer.send(frame.clone());
    }
}
