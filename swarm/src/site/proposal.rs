//! Sites proposed from what peers see of the network around them.
//!
//! PCs behind one gateway are in one office. Only PCs whose address is in no site count as found; those in a site say which
//! site their gateway belongs to. A proposal is never put into effect by itself: an address in no site stays without
//! peering until somebody approves.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::map::{Cidr, SiteMap};
use crate::content::{DeviceId, SiteId};

/// PCs that must agree before a new site is proposed: one alone may be at somebody's home.
pub const MIN_PCS: usize = 2;

/// The widest subnets that are believed, leading bits: wider ones are mistakes.
const WIDEST: (u8, u8) = (16, 48);

/// What one PC sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which PC.
    pub device: DeviceId,
    /// From where it calls, as the DMS sees it.
    pub remote: IpAddr,
    /// The fingerprint of its gateway.
    pub gateway: Option<[u8; 16]>,
    /// The domain that DHCP gave.
    pub domain: Option<String>,
    /// The subnets of its interfaces.
    pub subnets: Vec<Cidr>,
    /// How long the control connection takes there and back, milliseconds.
    pub rtt_ms: Option<u32>,
}

/// Where the subnets of a proposal go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A new site, with a name to begin with.
    New {
        /// From the DHCP domain or the subnet.
        name: String,
    },
    /// A site whose gateway these PCs have, too.
    Grow {
        /// The site.
        site: SiteId,
    },
}

/// Subnets that look like one office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Where they go.
    pub target: Target,
    /// The subnets, ascending.
    pub subnets: Vec<Cidr>,
    /// The PCs that were seen there, ascending.
    pub devices: Vec<DeviceId>,
    /// The fingerprint of their gateway, if they tell.
    pub gateway: Option<[u8; 16]>,
    /// Their DHCP domain, if they all have the same.
    pub domain: Option<String>,
    /// The median of their round trips, milliseconds.
    pub rtt_ms: Option<u32>,
    /// They call from an address that is none of theirs: the office is behind NAT, and the DMS knows it by that address.
    pub behind_nat: bool,
}

/// A subnet that lies behind several gateways: it says nothing of where a PC is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    /// The subnet.
    pub subnet: Cidr,
    /// How many gateways were seen.
    pub gateways: usize,
    /// The PCs, ascending.
    pub devices: Vec<DeviceId>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Proposals, those with most PCs first.
    pub proposals: Vec<Proposal>,
    /// Subnets that cannot be proposed.
    pub ambiguous: Vec<Ambiguous>,
    /// PCs in no site that are in no proposal.
    pub left: usize,
}

/// The PCs of one office, as it seems.
#[derive(Default)]
struct Office<'a> {
    seen: Vec<&'a Seen>,
    subnets: BTreeSet<Cidr>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Gateway([u8; 16]),
    Place(Option<String>, Cidr),
}

/// The subnet by which the DMS would know a PC: its own, or behind NAT the address that it calls from.
fn place(seen: &Seen) -> Option<Cidr> {
    let own = seen.subnets.iter().filter(|s| s.contains(seen.remote));
    match own.max_by_key(|subnet| subnet.prefix()) {
        Some(own) => Some(*own),
        None if seen.remote.is_loopback() => None,
        None => Cidr::new(seen.remote, if seen.remote.is_ipv4() { 32 } else { 128 }).ok(),
    }
}

fn believable(subnet: &Cidr) -> bool {
    let least = if subnet.is_ipv4() { WIDEST.0 } else { WIDEST.1 };
    subnet.prefix() >= least
}

/// Proposes sites for the PCs that are in none.
#[must_use]
pub fn propose(all: &[Seen], map: &SiteMap) -> Found {
    let known = known_gateways(all, map);
    let mut offices: BTreeMap<Mark, Office<'_>> = BTreeMap::new();
    let mut unplaced = 0;
    for seen in all.iter().filter(|seen| map.site_of(seen.remote).is_none()) {
        unplaced += 1;
        let Some(place) = place(seen).filter(believable) else {
            continue;
        };
        let mark = match seen.gateway {
            Some(gateway) => Mark::Gateway(gateway),
            None => Mark::Place(seen.domain.clone(), place),
        };
        let office = offices.entry(mark).or_default();
        office.seen.push(seen);
        office.subnets.insert(place);
    }
    let ambiguous = take_ambiguous(&mut offices);
    let mut proposals: Vec<Proposal> = offices
        .into_iter()
        .filter_map(|(mark, office)| proposal(&mark, office, &known))
        .collect();
    name_apart(&mut proposals);
    proposals.sort_by(|a, b| (b.devices.len(), &a.subnets).cmp(&(a.devices.len(), &b.subnets)));
    let placed: usize = proposals.iter().map(|p| p.devices.len()).sum();
    Found {
        proposals,
        ambiguous,
        left: unplaced - placed,
    }
}

/// Gateways of PCs that are in a site; one that is in two sites tells nothing.
fn known_gateways(all: &[Seen], map: &SiteMap) -> BTreeMap<[u8; 16], SiteId> {
    let mut sites: BTreeMap<[u8; 16], BTreeSet<SiteId>> = BTreeMap::new();
    for seen in all {
        if let (Some(gateway), Some(site)) = (seen.gateway, map.site_of(seen.remote)) {
            sites.entry(gateway).or_default().insert(site);
        }
    }
    let alone = |sites: BTreeSet<SiteId>| (sites.len() == 1).then(|| sites.first().copied())?;
    let known = sites.into_iter();
    known
        .filter_map(|(gateway, sites)| Some((gateway, alone(sites)?)))
        .collect()
}

/// Takes subnets out that several gateways have.
fn take_ambiguous(offices: &mut BTreeMap<Mark, Office<'_>>) -> Vec<Ambiguous> {
    let mut gateways: BTreeMap<Cidr, usize> = BTreeMap::new();
    for office in offices.values() {
        for subnet in &office.subnets {
            *gateways.entry(*subnet).or_default() += 1;
        }
    }
    gateways.retain(|_, count| *count > 1);
    let mut found: BTreeMap<Cidr, BTreeSet<DeviceId>> = BTreeMap::new();
    for office in offices.values_mut() {
        office
            .subnets
            .retain(|subnet| !gateways.contains_key(subnet));
        office.seen.retain(|seen| {
            let Some(place) = place(seen).filter(|place| gateways.contains_key(place)) else {
                return true;
            };
            found.entry(place).or_default().insert(seen.device);
            false
        });
    }
    let found = found.into_iter().map(|(subnet, devices)| Ambiguous {
        subnet,
        gateways: gateways.get(&subnet).copied().unwrap_or_default(),
        devices: devices.into_iter().collect(),
    });
    found.collect()
}

fn proposal(
    mark: &Mark,
    office: Office<'_>,
    known: &BTreeMap<[u8; 16], SiteId>,
) -> Option<Proposal> {
    let gateway = match mark {
        Mark::Gateway(gateway) => Some(*gateway),
        Mark::Place(..) => None,
    };
    let site = gateway.and_then(|gateway| known.get(&gateway).copied());
    let least = if site.is_some() { 1 } else { MIN_PCS };
    let devices: BTreeSet<DeviceId> = office.seen.iter().map(|seen| seen.device).collect();
    if devices.len() < least || office.subnets.is_empty() {
        return None;
    }
    let mut domains = office.seen.iter().map(|seen| seen.domain.as_deref());
    let first = domains.next().flatten();
    let domain = first.filter(|first| domains.all(|domain| domain == Some(first)));
    let mut trips: Vec<u32> = office.seen.iter().filter_map(|seen| seen.rtt_ms).collect();
    trips.sort_unstable();
    let target = match site {
        Some(site) => Target::Grow { site },
        None => Target::New {
            name: name(domain, &office.subnets),
        },
    };
    let natted = |seen: &&Seen| !seen.subnets.iter().any(|s| s.contains(seen.remote));
    Some(Proposal {
        target,
        behind_nat: office.seen.iter().any(natted),
        subnets: office.subnets.into_iter().collect(),
        devices: devices.into_iter().collect(),
        gateway,
        domain: domain.map(str::to_owned),
        rtt_ms: trips.get(trips.len() / 2).copied(),
    })
}

/// `lyon.corp.example` is called Lyon; without a domain the subnet is the name.
fn name(domain: Option<&str>, subnets: &BTreeSet<Cidr>) -> String {
    let label = domain.and_then(|domain| domain.split('.').next());
    let label = label.filter(|label| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    });
    let by_subnet = || {
        let first = subnets.first();
        first.map_or_else(String::new, |subnet| format!("Office {subnet}"))
    };
    label.map_or_else(by_subnet, |label| {
        let mut letters = label.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    })
}

/// Offices with one domain are told apart by their subnets.
fn name_apart(proposals: &mut [Proposal]) {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for proposal in proposals.iter() {
        if let Target::New { name } = &proposal.target {
            *names.entry(name.clone()).or_default() += 1;
        }
    }
    for proposal in proposals {
        let first = proposal.subnets.first().copied();
        if let (Target::New { name }, Some(first)) = (&mut proposal.target, first)
            && names.get(name).is_some_and(|count| *count > 1)
        {
            *name = format!("{name} {first}");
        }
    }
}

#[cfg(test)]
mod tests;
