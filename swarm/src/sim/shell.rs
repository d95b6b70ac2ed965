//! What surrounds one simulated peer's machine: its links, its viewer, its open requests.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    net::{FlowId, LinkId},
    scenario::{Evil, Nic},
    viewer::Viewer,
};
use crate::{
    content::DeviceId,
    peer::{AskId, Counters, FetchId, Peer, RequestId},
    time::{Instant, Micros},
};

/// The number under which the origin stands among the servers a peer is connected to.
pub(super) const ORIGIN: u32 = u32::MAX;

/// See the module.
#[derive(Debug)]
pub(super) struct Shell {
    pub(super) device: DeviceId,
    /// Its site, counted within the world.
    pub(super) site: usize,
    /// The production machine; none where a baseline decides.
    pub(super) peer: Option<Box<Peer>>,
    pub(super) viewer: Viewer,
    /// Its viewer counts: somebody sits there to the end.
    pub(super) counts: bool,
    pub(super) life: Life,
    /// It told the DMS that it goes.
    pub(super) said_goodbye: bool,
    pub(super) evil: Option<Evil>,
    pub(super) nic: Nic,
    pub(super) up: LinkId,
    pub(super) down: LinkId,
    pub(super) disk: Option<LinkId>,
    next_id: u64,
    /// The viewer's wants: the chunk, the segment, and by when.
    pub(super) wants: BTreeMap<RequestId, (u32, u32, Instant)>,
    /// What this peer is fetching.
    pub(super) exchanges: BTreeMap<FetchId, Exchange>,
    /// Who is asking this peer: the client and its fetch.
    pub(super) clients: BTreeMap<AskId, (u32, FetchId)>,
    /// The servers it has a connection to.
    pub(super) connected: BTreeSet<u32>,
    /// The chunks whose bytes lie on its disk, as a set of bits.
    pub(super) disk_holds: Bits,
    /// The same in the order in which they came.
    pub(super) disk_order: Vec<u32>,
    /// Of them, those with wrong bytes; there is none unless the check of hashes is broken.
    pub(super) tainted: BTreeSet<u32>,
    /// Who sent it wrong bytes.
    pub(super) fooled_by: BTreeSet<u32>,
    /// How many requests it made for a chunk that it does not have yet.
    pub(super) requests: BTreeMap<u32, u16>,
    pub(super) timer_at: Option<Instant>,
    pub(super) play_at: Option<Instant>,
    pub(super) tally: Tally,
}

/// A set of small numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn insert(&mut self, n: u32) -> bool {
        let word = n as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let bit = 1 << (n % 64);
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    pub(super) fn remove(&mut self, n: u32) {
        if let Some(word) = self.0.get_mut(n as usize / 64) {
            *word &= !(1 << (n % 64));
        }
    }

    pub(super) fn contains(&self, n: u32) -> bool {
        let word = self.0.get(n as usize / 64);
        word.is_some_and(|word| word >> (n % 64) & 1 == 1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let bits = self.0.len() as u32 * 64;
        (0..bits).filter(|n| self.contains(*n))
    }
}

/// Whether the machine is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Running,
    /// Connections to it are refused.
    Crashed,
    /// Connections to it hang.
    Vanished,
    /// It is back, under this number.
    Back(u32),
}

/// One fetch under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    /// None is the origin.
    pub(super) server: Option<u32>,
    pub(super) chunk: u32,
    pub(super) started: Instant,
    /// How many times it was passed on, whatever the request says.
    pub(super) hops: u8,
    pub(super) ask: Option<AskId>,
    pub(super) flow: Option<FlowId>,
    pub(super) first_byte: Option<Instant>,
}

/// What is counted for one machine.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) delivered: u32,
    pub(super) failed: u32,
    pub(super) late: u32,
    pub(super) from_peers: u64,
    pub(super) to_peers: u64,
    pub(super) bad: u32,
    /// Messages without payload that it sent or got.
    pub(super) messages: u64,
    pub(super) counters: Counters,
}

impl Shell {
    pub(super) fn new(device: DeviceId, site: usize, nic: Nic, viewer: Viewer) -> Self {
        Self {
            device,
            site,
            peer: None,
            counts: !viewer.is_done(),
            viewer,
            life: Life::Running,
            said_goodbye: false,
            evil: None,
            nic,
            up: LinkId(0),
            down: LinkId(0),
            disk: None,
            next_id: 0,
            wants: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            clients: BTreeMap::new(),
            connected: BTreeSet::new(),
            disk_holds: Bits::default(),
            disk_order: Vec::new(),
            tainted: BTreeSet::new(),
            fooled_by: BTreeSet::new(),
            requests: BTreeMap::new(),
            timer_at: None,
            play_at: None,
            tally: Tally::default(),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.life == Life::Running
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn delay(&self) -> Micros {
        self.nic.link.delay
    }

    pub(super) fn counters(&self) -> Counters {
        match &self.peer {
            Some(peer) => peer.counters(),
            None => self.tally.counters,
        }
    }
}
