//! The event loop: what happens next, and to whom.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    hash::{Hash, Hasher},
};

use super::{
    dms::{self, Dms, Letter},
    net::{FlowId, LinkId, Net, Plan},
    report::Report,
    scenario::{Fault, Link, Scenario, SiteSpec},
    shell::{Life, Shell, Tally},
    viewer::Viewer,
};
use crate::{
    content::{ChunkId, DeviceId, MAX_CHUNK_LEN},
    peer::{AskId, Config, FetchId, Input, Peer, Priority, RequestId, Want},
    time::{Instant, Micros},
};

/// How long before its viewer comes a machine that joins late is switched on.
const LATE_BY: Micros = Micros::from_millis(500);

/// Something that happens at a moment.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Event {
    /// A peer's control connection comes up.
    Hello(u32),
    /// A viewer presses play.
    Arrive(u32),
    /// A viewer looks at its buffer.
    Play(u32),
    /// A machine wanted to be woken.
    Timer(u32),
    /// A request reaches its server.
    Request {
        client: u32,
        fetch: FetchId,
        deadline: Instant,
        hops: u8,
        priority: Priority,
    },
    /// An answer without bytes reaches the client.
    Reply {
        client: u32,
        fetch: FetchId,
        reply: Reply,
    },
    /// A flow may be over.
    FlowEnd(Plan),
    /// The last byte reaches the client.
    Arrived { client: u32, fetch: FetchId },
    /// A server learns that its client is gone.
    ClientGone { server: u32, ask: AskId },
    /// A letter of the DMS, by its number, reaches a peer.
    Letter { peer: u32, letter: u64 },
    /// A letter of a peer reaches the DMS.
    ToDms { peer: u32, letter: ToDms },
    /// A machine goes.
    Lose { peer: u32, vanish: bool },
}

/// The answers without bytes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Reply {
    NotHere,
    Busy,
    Refer(Vec<DeviceId>),
    Broken,
}

/// What a peer tells the DMS.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum ToDms {
    Gone,
    WantRoster,
    Bad(DeviceId),
}

/// Everything there is.
pub(super) struct World<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) now: Instant,
    pub(super) shells: Vec<Shell>,
    pub(super) by_device: BTreeMap<DeviceId, u32>,
    pub(super) net: Net,
    /// Whose fetch a flow carries.
    pub(super) flows: BTreeMap<FlowId, (u32, FetchId)>,
    /// Each site's link to the origin.
    pub(super) wan: Vec<LinkId>,
    /// The title's chunks: id and length.
    pub(super) chunks: Vec<(ChunkId, u32)>,
    pub(super) by_chunk: BTreeMap<ChunkId, u32>,
    /// Bytes the origin sent to each site, and the chunks they belong to.
    pub(super) origin_bytes: Vec<u64>,
    pub(super) origin_chunks: Vec<BTreeSet<u32>>,
    /// A busy home is lost from this moment on, cut off or not.
    pub(super) lose_busy_home: Option<(Instant, bool)>,
    /// The chunks of each segment.
    segments: Vec<Vec<u32>>,
    dms: Dms,
    letters: BTreeMap<u64, Input>,
    next_letter: u64,
    lose_changes: u32,
    queue: BinaryHeap<Reverse<Planned>>,
    planned: u64,
    random: u64,
    trace: Trace,
    events: u64,
}

impl<'a> World<'a> {
    pub(super) fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let sites = scenario.sites.len();
        let mut world = World {
            scenario,
            now: Instant(0),
            shells: Vec::new(),
            by_device: BTreeMap::new(),
            net: Net::default(),
            flows: BTreeMap::new(),
            wan: Vec::new(),
            chunks: Vec::new(),
            by_chunk: BTreeMap::new(),
            origin_bytes: vec![0; sites],
            origin_chunks: vec![BTreeSet::new(); sites],
            lose_busy_home: None,
            segments: Vec::new(),
            dms: Dms::new(sites),
            letters: BTreeMap::new(),
            next_letter: 0,
            lose_changes: 0,
            queue: BinaryHeap::new(),
            planned: 0,
            random: seed,
            trace: Trace(0xcbf2_9ce4_8422_2325),
            events: 0,
        };
        world.cut_title();
        for (site, spec) in scenario.sites.iter().enumerate() {
            world.add_site(site, spec);
        }
        scenario
            .faults
            .iter()
            .for_each(|fault| world.prepare(*fault));
        world
    }

    pub(super) fn run(mut self) -> Report {
        let end = Instant(0) + self.scenario.until;
        while let Some(Reverse(Planned { at, event, .. })) = self.queue.pop() {
            if at > end || self.shells.iter().all(|shell| shell.viewer.is_done()) {
                break;
            }
            self.now = at;
            self.events += 1;
            (at.0, &event).hash(&mut self.trace);
            self.happen(event);
        }
        Report::of(&self, self.trace.finish(), self.events)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Hello(peer) => self.hello(peer),
            Event::Arrive(peer) => {
                let now = self.now;
                self.shell(peer).viewer.arrive(now);
                self.play(peer);
            }
            Event::Play(peer) => self.play(peer),
            Event::Timer(peer) => {
                self.shell(peer).timer_at = None;
                self.feed(peer, Input::Timeout);
            }
            Event::Request {
                client,
                fetch,
                deadline,
                hops,
                priority,
            } => {
                self.request(client, fetch, deadline, hops, priority);
            }
            Event::Reply {
                client,
                fetch,
                reply,
            } => self.reply(client, fetch, reply),
            Event::FlowEnd(plan) => self.flow_end(plan),
            Event::Arrived { client, fetch } => self.arrived(client, fetch),
            Event::ClientGone { server, ask } => {
                if self.shell(server).clients.remove(&ask).is_some() {
                    self.feed(server, Input::AskGone(ask));
                }
            }
            Event::Letter { peer, letter } => {
                if let Some(input) = self.letters.remove(&letter) {
                    self.feed(peer, input);
                }
            }
            Event::ToDms { peer, letter } => self.read_letter(peer, letter),
            Event::Lose { peer, vanish } => self.lose(peer, vanish),
        }
    }

    /// Hands one input to a machine, and carries out what it wants.
    pub(super) fn feed(&mut self, peer: u32, input: Input) {
        if !self.shell(peer).is_running() {
            return;
        }
        let now = self.now;
        let machine = &mut self.shell(peer).peer;
        machine.handle(input, now);
        let mut outputs = Vec::new();
        while let Some(output) = machine.poll_output() {
            outputs.push(output);
        }
        for output in outputs {
            self.carry_out(peer, output);
        }
        let shell = self.shell(peer);
        let next = shell.peer.next_timeout().map(|(at, _)| at.max(now));
        if let Some(at) = next.filter(|at| shell.timer_at.is_none_or(|planned| *at < planned)) {
            shell.timer_at = Some(at);
            self.plan(at, Event::Timer(peer));
        }
    }

    pub(super) fn plan(&mut self, at: Instant, event: Event) {
        self.planned += 1;
        self.queue.push(Reverse(Planned {
            at,
            nth: self.planned,
            event,
        }));
    }

    pub(super) fn plan_after(&mut self, wait: Micros, event: Event) {
        self.plan(self.now + wait, event);
    }

    pub(super) fn shell(&mut self, peer: u32) -> &mut Shell {
        &mut self.shells[peer as usize]
    }

    /// From a peer of this site to the DMS.
    pub(super) fn wan_delay(&self, site: usize) -> Micros {
        self.scenario.sites[site].wan.delay
    }

    fn play(&mut self, peer: u32) {
        let now = self.now;
        if let Some(at) = self.shell(peer).viewer.play(now)
            && self.shell(peer).play_at != Some(at)
        {
            self.shell(peer).play_at = Some(at);
            self.plan(at, Event::Play(peer));
        }
        let chunks_of_next =
            |world: &Self, segment| world.segments.get(segment).map_or(0, Vec::len);
        let mut next = self.shell(peer).viewer.asked_for();
        while let Some((segment, deadline)) = {
            let chunks = chunks_of_next(self, next as usize) as u32;
            self.shell(peer).viewer.next_want(chunks, now)
        } {
            next = segment + 1;
            for chunk in self.segments[segment as usize].clone() {
                self.want(peer, segment, chunk, deadline);
            }
        }
    }

    fn want(&mut self, peer: u32, segment: u32, chunk: u32, deadline: Instant) {
        let (id, len) = self.chunks[chunk as usize];
        let shell = self.shell(peer);
        let request = RequestId(shell.new_id());
        shell.wants.insert(request, (segment, deadline));
        let priority = if self.scenario.title.file {
            Priority::File
        } else {
            Priority::Playing
        };
        self.feed(
            peer,
            Input::Want(Want {
                request,
                chunk: id,
                len,
                deadline,
                priority,
            }),
        );
    }

    fn hello(&mut self, peer: u32) {
        let shell = self.shell(peer);
        let (device, site) = (shell.device, shell.site);
        let letters = self.dms.hello(peer, device, dms::address(site, peer));
        self.post(letters);
    }

    fn read_letter(&mut self, peer: u32, letter: ToDms) {
        let device = self.shell(peer).device;
        let letters = match letter {
            ToDms::Gone => self.dms.gone(peer, device),
            ToDms::WantRoster => self.dms.want_roster(peer),
            ToDms::Bad(device) => self.dms.bad(peer, device),
        };
        self.post(letters);
    }

    fn post(&mut self, letters: Vec<Letter>) {
        for (peer, input) in letters {
            let fate = self.random_below(1000);
            if matches!(input, Input::Change(_)) && fate < u64::from(self.lose_changes) {
                continue;
            }
            self.next_letter += 1;
            let letter = self.next_letter;
            self.letters.insert(letter, input);
            let delay = self.wan_delay(self.shells[peer as usize].site);
            self.plan_after(delay, Event::Letter { peer, letter });
        }
    }

    fn cut_title(&mut self) {
        let title = self.scenario.title;
        for segment in 0..title.segments {
            let mut chunks = Vec::new();
            let mut left = title.segment_len;
            while left > 0 {
                let len = left.min(u64::from(MAX_CHUNK_LEN)) as u32;
                left -= u64::from(len);
                let number = self.chunks.len() as u32;
                let id = ChunkId::of(format!("{segment} {number}").as_bytes());
                self.chunks.push((id, len));
                self.by_chunk.insert(id, number);
                chunks.push(number);
            }
            self.segments.push(chunks);
        }
    }

    fn add_site(&mut self, site: usize, spec: &SiteSpec) {
        let wan = self.net.add_link(spec.wan.rate);
        self.wan.push(wan);
        let late = self.scenario.faults.contains(&Fault::JoinLate);
        let control = !self.scenario.faults.contains(&Fault::NoControl);
        for nth in 0..spec.peers {
            let peer = self.add_peer(site, spec.nic);
            let shift = self.random_below(spec.arrivals.every.0 / 2 + 1);
            let at = spec.arrivals.first.0 + u64::from(nth) * spec.arrivals.every.0 + shift;
            self.plan(Instant(at), Event::Arrive(peer));
            let joins = if late {
                Instant(at) - LATE_BY
            } else {
                Instant(u64::from(nth) * 100)
            };
            if control {
                self.plan(joins, Event::Hello(peer));
            }
        }
    }

    fn add_peer(&mut self, site: usize, nic: Link) -> u32 {
        let peer = self.shells.len() as u32;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.random().to_be_bytes());
        id[8..].copy_from_slice(&self.random().to_be_bytes());
        let device = DeviceId(id);
        let seed = self.random();
        let title = self.scenario.title;
        self.by_device.insert(device, peer);
        self.shells.push(Shell {
            device,
            site,
            peer: Peer::new(Config::default(), device, seed),
            viewer: Viewer::new(title.segments, title.segment_time, title.file),
            life: Life::Running,
            poison: false,
            up: self.net.add_link(nic.rate),
            down: self.net.add_link(nic.rate),
            delay: nic.delay,
            next_id: 0,
            wants: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            clients: BTreeMap::new(),
            connected: BTreeSet::new(),
            timer_at: None,
            play_at: None,
            tally: Tally::default(),
        });
        peer
    }

    fn prepare(&mut self, fault: Fault) {
        match fault {
            Fault::Crash { peer, at } => {
                self.plan(
                    Instant(0) + at,
                    Event::Lose {
                        peer,
                        vanish: false,
                    },
                );
            }
            Fault::Vanish { peer, at } => {
                self.plan(Instant(0) + at, Event::Lose { peer, vanish: true });
            }
            Fault::LoseBusyHome { after, vanish } => {
                self.lose_busy_home = Some((Instant(0) + after, vanish));
            }
            Fault::Slow { peer, nic } => {
                let (up, down) = (self.net.add_link(nic.rate), self.net.add_link(nic.rate));
                let shell = self.shell(peer);
                (shell.up, shell.down, shell.delay) = (up, down, nic.delay);
            }
            Fault::Poison { peer } => self.shell(peer).poison = true,
            Fault::LoseChanges { per_mille } => self.lose_changes = per_mille,
            // These two are looked up where peers join.
            Fault::JoinLate | Fault::NoControl => {}
        }
    }

    fn random_below(&mut self, bound: u64) -> u64 {
        self.random() % bound.max(1)
    }

    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.random;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

/// An event in the queue: the earliest first, then in the order of planning.
struct Planned {
    at: Instant,
    nth: u64,
    event: Event,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.nth) == (other.at, other.nth)
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.nth).cmp(&(other.at, other.nth))
    }
}

/// FNV-1a over all events: two runs are the same run when their traces are equal.
struct Trace(u64);

impl Hasher for Trace {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
