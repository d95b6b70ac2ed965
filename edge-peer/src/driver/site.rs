//! The site as the DMS describes it: kept beside the machine for addresses, for the employee to
//! see, and for the next start while the DMS is away.

use std::net::IpAddr;

use minicbor::{CborLen, Decode, Encode};
use swarm::{
    peer::Input,
    wire::{Campaign, MAX_PARDONS, MAX_ROSTER, Pardon, RosterPeer, RosterSnapshot, SiteInfo},
};

use super::Driver;
use crate::{
    net::control::Event,
    state::{Access, StateError, StateFolder, names},
};

/// What is known of the site.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Known {
    /// This PC's address when the DMS said so: with another one it may be in another office.
    #[n(0)]
    pub local: Option<String>,
    /// The site; none: no peering.
    #[n(1)]
    pub site: Option<SiteInfo>,
    /// Its roster.
    #[n(2)]
    pub roster: Option<RosterSnapshot>,
    /// What the site is to hold.
    #[n(3)]
    pub campaigns: Option<Vec<Campaign>>,
}

impl Known {
    /// What the last run left, if this PC still has the address it had.
    #[must_use]
    pub fn load(state: &StateFolder, has_address: impl Fn(IpAddr) -> bool) -> Option<Self> {
        let known: Self = minicbor::decode(&state.read(names::ROSTER).ok()?).ok()?;
        let local: IpAddr = known.local.as_deref()?.parse().ok()?;
        has_address(local).then_some(known)
    }

    /// Keeps it for the next run.
    ///
    /// # Errors
    /// [`StateError::Io`].
    pub fn save(&self, state: &StateFolder) -> Result<(), StateError> {
        let bytes = minicbor::to_vec(self).unwrap_or_default();
        state.write(names::ROSTER, &bytes, Access::Private)
    }
}

impl Driver {
    /// The DMS said something.
    pub(super) fn hear(&mut self, event: Event) {
        match event {
            Event::Welcome { site, local } => {
                self.parts.metrics.control_up.set(1);
                self.status
                    .send_modify(|s| (s.connected, s.refused) = (true, false));
                // What the site is to hold is said again; nothing said is nothing to hold.
                self.hold(Vec::new());
                self.parts.told.send_modify(|told| {
                    told.session += 1;
                    told.enough.clear();
                });
                let local = Some(local.to_string());
                self.known.send_modify(|k| k.local = local);
                self.move_to(site);
            }
            Event::Site(site) => self.move_to(site),
            Event::Roster(snapshot) => {
                self.input(Input::Roster(snapshot));
                self.roster_changed();
            }
            Event::Change(change) => {
                self.input(Input::Change(change));
                self.roster_changed();
            }
            Event::Banned(devices) => {
                self.banned.extend(devices.iter().copied());
                while self.banned.len() > MAX_ROSTER {
                    self.banned.pop_first();
                }
                self.input(Input::Banned(devices));
                self.roster_changed();
            }
            Event::Lease(lease) => self.input(Input::Lease(lease)),
            Event::Hold(campaigns) => self.hold(campaigns),
            Event::Enough(enough) => self.parts.told.send_modify(|told| {
                let mut campaigns = told.campaigns.iter().flatten();
                if campaigns.any(|c| c.title == enough.title) {
                    told.enough.insert(enough.title, enough);
                }
            }),
            Event::Pardoned(pardons) => self.pardon(&pardons),
            Event::Refused => {
                self.status.send_modify(|s| s.refused = true);
                self.move_to(None);
            }
            Event::Lost => {
                self.parts.metrics.control_up.set(0);
                self.status.send_modify(|s| s.connected = false);
                self.input(Input::ControlLost);
            }
        }
    }

    fn hold(&mut self, campaigns: Vec<Campaign>) {
        self.known
            .send_modify(|k| k.campaigns = Some(campaigns.clone()));
        self.parts.told.send_modify(|told| {
            told.enough
                .retain(|title, _| campaigns.iter().any(|c| c.title == *title));
            told.campaigns = Some(campaigns);
        });
    }

    /// Each pardon counts once: the DMS says it again when the connection was gone meanwhile.
    fn pardon(&mut self, pardons: &[Pardon]) {
        let mut new = Vec::new();
        for Pardon { device, at_ms } in pardons {
            let before = self.pardons.insert(*device, *at_ms);
            if before.is_none_or(|before| before < *at_ms) {
                tracing::info!(peer = %device, "a peer that sent wrong bytes is pardoned");
                new.push(*device);
            }
        }
        while self.pardons.len() > MAX_PARDONS {
            self.pardons.pop_first();
        }
        if !new.is_empty() {
            self.input(Input::Pardoned(new));
        }
    }

    /// What the last run knew holds until the DMS says otherwise.
    pub(super) fn remember(&mut self, known: Known) {
        tracing::info!("working with the roster of the last run until the DMS is there");
        let (roster, campaigns) = (known.roster.clone(), known.campaigns.clone());
        self.known.send_replace(known.clone());
        self.move_to(known.site);
        self.input(Input::ControlLost);
        if let Some(roster) = roster {
            self.hear(Event::Roster(roster));
        }
        if let Some(campaigns) = campaigns {
            self.hold(campaigns);
        }
    }

    fn move_to(&mut self, site: Option<SiteInfo>) {
        let before = self.status.borrow().site.as_ref().map(|s| s.id);
        if before.is_some() && before != site.as_ref().map(|s| s.id) {
            // The roster of another office would be peers over the wrong link.
            self.input(Input::Site(None));
        }
        self.input(Input::Site(site.as_ref().map(|s| s.peering)));
        self.input(Input::WanCap(site.as_ref().map_or(0, |s| s.wan_cap)));
        self.status.send_modify(|s| s.site.clone_from(&site));
        self.known.send_modify(|k| k.site = site);
        self.roster_changed();
    }

    fn roster_changed(&mut self) {
        let view = self.parts.machine.roster();
        let banned = &self.banned;
        let allowed = view.peers().filter(|p| !banned.contains(&p.device));
        self.parts.book.replace(allowed);
        let roster = view.version().map(|version| RosterSnapshot {
            version,
            homes: u8::try_from(view.homes()).unwrap_or(u8::MAX),
            peers: view.peers().cloned().collect::<Vec<RosterPeer>>(),
        });
        self.known.send_modify(|k| k.roster = roster);
        let us = self.parts.device;
        self.others = view.peers().filter(|p| p.device != us).count();
        let others = i64::try_from(self.others).unwrap_or(i64::MAX);
        self.parts.metrics.roster.set(others);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swarm::{content::SiteId, wire::Peering};

    #[test]
    fn a_roster_is_remembered_only_where_it_was_learnt() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::at(dir.path());
        let known = Known {
            local: Some("10.1.2.3".into()),
            site: Some(SiteInfo {
                id: SiteId([1; 16]),
                name: "lyon".into(),
                peering: Peering::On,
                wan_cap: 0,
            }),
            roster: Some(RosterSnapshot {
                version: 7,
                homes: 2,
                peers: Vec::new(),
            }),
            campaigns: None,
        };
        known.save(&state).unwrap();
        let here: IpAddr = "10.1.2.3".parse().unwrap();
        assert_eq!(Known::load(&state, |ip| ip == here), Some(known));
        assert_eq!(Known::load(&state, |_| false), None);
        state.write(names::ROSTER, b"?", Access::Private).unwrap();
        assert_eq!(Known::load(&state, |_| true), None);
    }
}
