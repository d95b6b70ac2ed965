//! What surrounds one simulated peer's machine: its links, its viewer, its open requests.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    net::{FlowId, LinkId},
    viewer::Viewer,
};
use crate::{
    content::DeviceId,
    peer::{AskId, FetchId, Peer, RequestId},
    time::{Instant, Micros},
};

/// See the module.
#[derive(Debug)]
pub(super) struct Shell {
    pub(super) device: DeviceId,
    pub(super) site: usize,
    pub(super) peer: Peer,
    pub(super) viewer: Viewer,
    pub(super) life: Life,
    pub(super) poison: bool,
    pub(super) up: LinkId,
    pub(super) down: LinkId,
    /// From this machine into the office network.
    pub(super) delay: Micros,
    pub(super) next_id: u64,
    /// The viewer's wants: the segment, and by when.
    pub(super) wants: BTreeMap<RequestId, (u32, Instant)>,
    /// What this peer is fetching.
    pub(super) exchanges: BTreeMap<FetchId, Exchange>,
    /// Who is asking this peer: the client and its fetch.
    pub(super) clients: BTreeMap<AskId, (u32, FetchId)>,
    /// The servers it has a connection to; `u32::MAX` is the origin.
    pub(super) connected: BTreeSet<u32>,
    pub(super) timer_at: Option<Instant>,
    pub(super) play_at: Option<Instant>,
    pub(super) tally: Tally,
}

/// Whether the machine is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Running,
    /// Connections to it are refused.
    Crashed,
    /// Connections to it hang.
    Vanished,
}

/// One fetch under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    /// None is the origin.
    pub(super) server: Option<u32>,
    pub(super) chunk: u32,
    pub(super) started: Instant,
    pub(super) ask: Option<AskId>,
    pub(super) flow: Option<FlowId>,
    pub(super) first_byte: Option<Instant>,
}

/// What is counted for one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) delivered: u32,
    pub(super) failed: u32,
    pub(super) late: u32,
    pub(super) from_cache: u32,
    pub(super) from_peers: u64,
    pub(super) bad: u32,
}

impl Shell {
    pub(super) fn is_running(&self) -> bool {
        self.life == Life::Running
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}
