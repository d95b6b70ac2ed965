//! The control plane of a simulated DMS: production rosters and site map, and what it tells whom.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    content::{DeviceId, SiteId},
    peer::Input,
    site::{Cidr, Roster, SiteMap, weigh},
    wire::{Peering, RosterChange, RosterPeer, Sharing},
};

/// How many homes a chunk has.
const HOMES: u8 = 2;
/// How far a restarted DMS counts its rosters on, as milliseconds since 1970 would.
const RESTART: u64 = 1_000_000;

/// What is sent to one peer.
pub(super) type Letter = (u32, Input);

/// See the module.
#[derive(Debug)]
pub(super) struct Dms {
    map: SiteMap,
    sites: Vec<SiteState>,
    version: u64,
}

#[derive(Debug)]
struct SiteState {
    id: SiteId,
    roster: Roster,
    /// The peers with a control connection, ascending.
    online: Vec<u32>,
}

/// The address of a peer: its site, counted within the world, is the second byte.
pub(super) fn address(site: usize, peer: u32) -> IpAddr {
    let [_, _, high, low] = peer.to_be_bytes();
    Ipv4Addr::new(10, site as u8, high, low).into()
}

impl Dms {
    pub(super) fn new(sites: usize) -> Self {
        let subnet = |n: usize| Cidr::new(Ipv4Addr::new(10, n as u8, 0, 0).into(), 16).ok();
        let subnets = (0..sites).filter_map(|n| Some((site_id(n), subnet(n)?)));
        let map = SiteMap::new(subnets).unwrap_or_default();
        let mut dms = Self {
            map,
            sites: Vec::new(),
            version: 0,
        };
        dms.restart(sites);
        dms
    }

    /// Starts with empty rosters, whose versions are above all there were.
    pub(super) fn restart(&mut self, sites: usize) {
        self.version += RESTART;
        let state = |n| SiteState {
            id: site_id(n),
            roster: Roster::new(self.version, HOMES),
            online: Vec::new(),
        };
        self.sites = (0..sites).map(state).collect();
    }

    /// A peer said hello from an address.
    pub(super) fn hello(
        &mut self,
        peer: u32,
        device: DeviceId,
        from: IpAddr,
        (weight, sharing): (u32, Sharing),
        peering: Option<Peering>,
    ) -> Vec<Letter> {
        // An address of no site: nobody is told of anybody.
        let Some(peering) = peering else {
            return vec![(peer, Input::Site(None))];
        };
        let Some(id) = self.map.site_of(from) else {
            return vec![(peer, Input::Site(None))];
        };
        let Some(site) = self.sites.iter_mut().find(|s| s.id == id) else {
            return Vec::new();
        };
        let entry = RosterPeer {
            device,
            addr: format!("{from}:7745"),
            weight: if peering == Peering::On {
                weigh(weight, sharing)
            } else {
                0
            },
        };
        let Ok(change) = site.roster.join(entry) else {
            return Vec::new();
        };
        let mut letters = site.tell_all(change);
        if let Err(at) = site.online.binary_search(&peer) {
            site.online.insert(at, peer);
        }
        letters.push((peer, Input::Site(Some(peering))));
        letters.push((peer, Input::Roster(site.roster.snapshot())));
        letters
    }

    /// A peer's connection is gone. Its device may have another one already.
    pub(super) fn gone(&mut self, peer: u32, device: DeviceId, is_back: bool) -> Vec<Letter> {
        let Some(site) = self.site_of(peer) else {
            return Vec::new();
        };
        site.online.retain(|p| *p != peer);
        if is_back {
            return Vec::new();
        }
        let change = site.roster.leave(device);
        site.tell_all(change)
    }

    /// A peer is worth less or more than it was.
    pub(super) fn weigh(&mut self, peer: u32, device: DeviceId, weight: u32) -> Vec<Letter> {
        let Some(site) = self.site_of(peer) else {
            return Vec::new();
        };
        let change = site.roster.set_weight(device, weight);
        site.tell_all(change)
    }

    /// A peer asks for the whole roster.
    pub(super) fn want_roster(&mut self, peer: u32) -> Vec<Letter> {
        let site = self.site_of(peer);
        site.map(|s| (peer, Input::Roster(s.roster.snapshot())))
            .into_iter()
            .collect()
    }

    fn site_of(&mut self, peer: u32) -> Option<&mut SiteState> {
        self.sites
            .iter_mut()
            .find(|s| s.online.binary_search(&peer).is_ok())
    }
}

fn site_id(n: usize) -> SiteId {
    SiteId([n as u8 + 1; 16])
}

impl SiteState {
    fn tell_all(&self, change: Option<RosterChange>) -> Vec<Letter> {
        let Some(change) = change else {
            return Vec::new();
        };
        let letter = |peer: &u32| (*peer, Input::Change(change.clone()));
        self.online.iter().map(letter).collect()
    }
}
