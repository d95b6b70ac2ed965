//! The roster of a site: owned by the DMS as [`Roster`], followed by each peer as
//! [`RosterView`].
//!
//! Versions only grow. A peer that misses a change sees a version that does not fit and asks for
//! the whole roster; it never guesses.

use std::collections::{BTreeMap, BTreeSet};

use super::{MAX_HOMES, MAX_WEIGHT};
use crate::{
    content::DeviceId,
    wire::{MAX_ROSTER, RosterChange, RosterPeer, RosterSnapshot, Sharing},
};

/// The longest listener address, bytes of text.
const MAX_ADDR_LEN: usize = 64;

/// The weight of a peer in the roster, from the weight it gives itself and whether it gives.
#[must_use]
pub fn weigh(own: u32, sharing: Sharing) -> u32 {
    match sharing {
        Sharing::On => own.min(MAX_WEIGHT),
        Sharing::Paused | Sharing::Battery | Sharing::Metered | Sharing::Vpn | Sharing::Leaving => {
            0
        }
    }
}

/// Why a peer is not in the roster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// The site has [`MAX_ROSTER`] peers.
    #[error("the site has {MAX_ROSTER} peers already; split it into several sites")]
    Full,
    /// The listener's address is not `ip:port`.
    #[error("\"{0}\" is not an address like 10.1.2.3:7745")]
    Address(String),
}

/// The DMS's side: a site's peers, and the changes to tell them.
#[derive(Clone, Debug)]
pub struct Roster {
    version: u64,
    homes: u8,
    peers: BTreeMap<DeviceId, RosterPeer>,
}

impl Roster {
    /// An empty roster. `first_version` must be above every version this site ever had, also
    /// before a restart of the DMS: milliseconds since 1970 do. `homes` is at most [`MAX_HOMES`].
    #[must_use]
    pub fn new(first_version: u64, homes: u8) -> Self {
        Self {
            version: first_version,
            homes: homes.clamp(1, MAX_HOMES),
            peers: BTreeMap::new(),
        }
    }

    /// Adds a peer or replaces what is known of it. Answers what to tell the site's peers: nothing
    /// when nothing changed.
    ///
    /// # Errors
    /// [`RosterError`] when the roster is full or the address is none.
    pub fn join(&mut self, peer: RosterPeer) -> Result<Option<RosterChange>, RosterError> {
        if peer.addr.parse::<std::net::SocketAddr>().is_err() {
            return Err(RosterError::Address(
                peer.addr.chars().take(MAX_ADDR_LEN).collect(),
            ));
        }
        if self.peers.len() >= MAX_ROSTER && !self.peers.contains_key(&peer.device) {
            return Err(RosterError::Full);
        }
        if self.peers.get(&peer.device) == Some(&peer) {
            return Ok(None);
        }
        self.peers.insert(peer.device, peer.clone());
        Ok(Some(self.changed(vec![peer], Vec::new())))
    }

    /// Changes the weight of a peer.
    pub fn set_weight(&mut self, device: DeviceId, weight: u32) -> Option<RosterChange> {
        let peer = self.peers.get_mut(&device).filter(|p| p.weight != weight)?;
        peer.weight = weight;
        let peer = peer.clone();
        Some(self.changed(vec![peer], Vec::new()))
    }

    /// Removes a peer.
    pub fn leave(&mut self, device: DeviceId) -> Option<RosterChange> {
        self.peers.remove(&device)?;
        Some(self.changed(Vec::new(), vec![device]))
    }

    /// The whole roster as a message.
    #[must_use]
    pub fn snapshot(&self) -> RosterSnapshot {
        let peers = self.peers.values().cloned().collect();
        RosterSnapshot {
            version: self.version,
            homes: self.homes,
            peers,
        }
    }

    /// The version now.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The peers, ascending by device id.
    pub fn peers(&self) -> impl ExactSizeIterator<Item = &RosterPeer> {
        self.peers.values()
    }

    fn changed(&mut self, upsert: Vec<RosterPeer>, remove: Vec<DeviceId>) -> RosterChange {
        let from = self.version;
        self.version += 1;
        RosterChange {
            from,
            to: self.version,
            upsert,
            remove,
        }
    }
}

/// What became of a message about the roster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Applied {
    /// The view is newer now.
    Yes,
    /// The view had it already.
    Old,
    /// A change is missing: the DMS must be asked for a snapshot. Answered once for each gap.
    Gap,
    /// A change is missing, and a snapshot is on its way.
    Waiting,
    /// The message breaks a limit; the view is as before.
    Refused,
}

/// A peer's side: the roster as far as the peer knows it.
#[derive(Clone, Debug, Default)]
pub struct RosterView {
    known: Option<Known>,
    asked: bool,
}

#[derive(Clone, Debug)]
struct Known {
    version: u64,
    homes: u8,
    peers: BTreeMap<DeviceId, RosterPeer>,
}

impl RosterView {
    /// Takes a whole roster, whatever was known: the DMS is right, also after a restart.
    pub fn snapshot(&mut self, snapshot: RosterSnapshot) -> Applied {
        let RosterSnapshot {
            version,
            homes,
            peers,
        } = snapshot;
        if peers.len() > MAX_ROSTER || peers.iter().any(|p| p.addr.len() > MAX_ADDR_LEN) {
            return Applied::Refused;
        }
        let peers = peers.into_iter().map(|p| (p.device, p)).collect();
        self.known = Some(Known {
            version,
            homes: homes.clamp(1, MAX_HOMES),
            peers,
        });
        self.asked = false;
        Applied::Yes
    }

    /// Takes a change.
    pub fn change(&mut self, change: RosterChange) -> Applied {
        let Some(known) = self.known.as_mut().filter(|k| k.version >= change.from) else {
            return self.gap();
        };
        if change.to <= known.version {
            return Applied::Old;
        }
        if change.from < known.version {
            return self.gap();
        }
        if change.upsert.iter().any(|p| p.addr.len() > MAX_ADDR_LEN) {
            return Applied::Refused;
        }
        let new: BTreeSet<_> = change.upsert.iter().map(|p| p.device).collect();
        let added = new.iter().filter(|d| !known.peers.contains_key(d)).count();
        if known.peers.len() + added > MAX_ROSTER {
            return Applied::Refused;
        }
        for device in &change.remove {
            known.peers.remove(device);
        }
        known
            .peers
            .extend(change.upsert.into_iter().map(|p| (p.device, p)));
        known.version = change.to;
        Applied::Yes
    }

    /// The control connection was lost: the roster stays, but a snapshot that was asked for will
    /// not come.
    pub fn disconnected(&mut self) {
        self.asked = false;
    }

    /// Forgets everything: the peer is in no site any more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// The version known; none before the first snapshot.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        self.known.as_ref().map(|k| k.version)
    }

    /// How many homes a chunk has; 0 before the first snapshot.
    #[must_use]
    pub fn homes(&self) -> usize {
        self.known.as_ref().map_or(0, |k| usize::from(k.homes))
    }

    /// What is known of a peer.
    #[must_use]
    pub fn peer(&self, device: DeviceId) -> Option<&RosterPeer> {
        self.known.as_ref()?.peers.get(&device)
    }

    /// The peers, ascending by device id.
    pub fn peers(&self) -> impl Iterator<Item = &RosterPeer> {
        self.known.iter().flat_map(|k| k.peers.values())
    }

    /// How many peers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.as_ref().map_or(0, |k| k.peers.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn gap(&mut self) -> Applied {
        if std::mem::replace(&mut self.asked, true) {
            Applied::Waiting
        } else {
            Applied::Gap
        }
    }
}

#[cfg(test)]
mod tests;
