//! The event loop: what happens next, and to whom.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{
    check::Violations,
    director::Director,
    dms::{Dms, Letter},
    ledger::Books,
    net::{LinkId, Net},
    rng::Rng,
    scenario::{Going, Scenario, SiteSpec},
    shell::{Bits, Shell},
    title::Title,
};
use crate::{
    content::DeviceId,
    peer::{FetchId, Input, Priority, RequestId, Want},
    time::{Instant, Micros},
    wire::LeaseAsk,
};

/// Something that happens at a moment.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Event {
    /// A peer's control connection comes up.
    Hello(u32),
    /// A peer is told what its site is to hold.
    Hold(u32),
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
        says: Says,
    },
    /// An answer without bytes reaches the client.
    Reply {
        client: u32,
        fetch: FetchId,
        reply: Reply,
    },
    /// A flow ends, unless the network changed since.
    Net(u64),
    /// Whoever transfers looks whether it moved on.
    Crawls {
        client: u32,
        fetch: FetchId,
        least: u64,
    },
    /// The WAN ledger of a site may give a lease.
    LedgerDue(u32),
    /// The first byte reaches the client.
    Began { client: u32, fetch: FetchId },
    /// The last byte reaches the client.
    Arrived { client: u32, fetch: FetchId },
    /// A server learns that its client is gone.
    ClientGone { server: u32, ask: u64 },
    /// A letter of the DMS, by its place, reaches a peer.
    Letter { peer: u32, letter: u32 },
    /// A letter of a peer reaches the DMS.
    ToDms { peer: u32, letter: ToDms },
    /// A machine goes.
    Lose { peer: u32, how: Going },
    /// Some machine of a site goes.
    Churn(u32),
    /// A machine that went is back.
    Back(u32),
    /// The DMS goes, or is back.
    Outage { ends: bool, origin_too: bool },
    /// A baseline's director tells a peer whom to fetch a chunk from.
    Told {
        peer: u32,
        chunk: u32,
        server: Option<u32>,
    },
    /// A peer asks the tracker what to fetch.
    AskTracker(u32),
    /// A baseline's director looks around.
    Round,
}

/// What a request says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Says {
    pub(super) deadline: Instant,
    pub(super) hops: u8,
    pub(super) priority: Priority,
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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ToDms {
    Gone,
    WantRoster,
    Bad(DeviceId),
    Lease(LeaseAsk),
    Worth(u32),
}

/// One site, and what crossed its link.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) spec: SiteSpec,
    /// Its number among all sites of the scenario.
    pub(super) number: usize,
    pub(super) wan_down: LinkId,
    pub(super) wan_up: LinkId,
    /// The cache box, where there is one.
    pub(super) cache_box: Option<u32>,
    /// Payload that came over the WAN, broken transfers included, and the chunks it belongs to.
    pub(super) wan_bytes: u64,
    pub(super) wan_chunks: Bits,
    pub(super) origin_requests: u64,
    /// The going of machines in turn.
    pub(super) goings: u32,
}

/// Everything there is: the sites that touch one another.
pub(super) struct World<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) title: Arc<Title>,
    pub(super) now: Instant,
    pub(super) sites: Vec<Site>,
    pub(super) shells: Vec<Shell>,
    pub(super) by_device: BTreeMap<DeviceId, u32>,
    pub(super) net: Net,
    pub(super) origin_out: Option<LinkId>,
    pub(super) director: Director,
    pub(super) dms: Dms,
    pub(super) dms_away: bool,
    pub(super) origin_away: bool,
    /// A busy home of each site is lost from this moment on.
    pub(super) lose_busy_home: Vec<Option<(Instant, Going)>>,
    pub(super) lose_changes: u32,
    /// The WAN ledger of each site that has a cap.
    pub(super) books: Vec<Option<Books>>,
    pub(super) rng: Rng,
    pub(super) violations: Violations,
    /// Viewers who have not seen everything.
    pub(super) open_viewers: u32,
    pub(super) log: Option<Vec<String>>,
    letters: Vec<Option<Input>>,
    free_letters: Vec<u32>,
    queue: BinaryHeap<Reverse<Planned>>,
    planned: u64,
    trace: Trace,
    pub(super) events: u64,
}

impl<'a> World<'a> {
    /// The sites of these numbers; all their peers, and nothing has happened.
    pub(super) fn new(
        scenario: &'a Scenario,
        title: Arc<Title>,
        numbers: std::ops::Range<usize>,
        seed: u64,
    ) -> Self {
        let sites = numbers.len();
        let mut world = World {
            scenario,
            title,
            now: Instant(0),
            sites: Vec::with_capacity(sites),
            shells: Vec::new(),
            by_device: BTreeMap::new(),
            net: Net::default(),
            origin_out: None,
            director: Director::new(scenario.policy, sites),
            dms: Dms::new(sites),
            dms_away: false,
            origin_away: false,
            lose_busy_home: vec![None; sites],
            lose_changes: 0,
            books: Vec::new(),
            rng: Rng::new(seed, numbers.start),
            violations: Violations::default(),
            open_viewers: 0,
            log: None,
            letters: Vec::new(),
            free_letters: Vec::new(),
            queue: BinaryHeap::new(),
            planned: 0,
            trace: Trace(0xcbf2_9ce4_8422_2325),
            events: 0,
        };
        world.origin_out = scenario.origin.map(|rate| world.net.add_link(rate));
        for number in numbers {
            world.add_site(number);
        }
        world.prepare_faults();
        world.direct_start();
        world
    }

    /// Lets everything happen up to a moment. Answers whether there is more to come.
    pub(super) fn advance(&mut self, to: Instant) -> bool {
        let end = Instant(0) + self.scenario.until;
        while let Some(Reverse(next)) = self.queue.peek() {
            if next.at > end || self.open_viewers == 0 {
                return false;
            }
            if next.at > to {
                return true;
            }
            let Some(Reverse(Planned { at, event, .. })) = self.queue.pop() else {
                return false;
            };
            self.now = at;
            self.events += 1;
            (at.0, &event).hash(&mut self.trace);
            self.happen(event);
            if let Some((at, version)) = self.net.share(self.now) {
                self.plan(at, Event::Net(version));
            }
        }
        false
    }

    pub(super) fn trace(&self) -> u64 {
        self.trace.finish()
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Hello(peer) => self.hello(peer),
            Event::Hold(peer) => self.hold(peer),
            Event::Arrive(peer) => self.arrive(peer),
            Event::Play(peer) => self.play(peer),
            Event::Timer(peer) => {
                self.shell(peer).timer_at = None;
                self.feed(peer, Input::Timeout);
            }
            Event::Request {
                client,
                fetch,
                says,
            } => self.request(client, fetch, says),
            Event::Crawls {
                client,
                fetch,
                least,
            } => self.crawls(client, fetch, least),
            Event::LedgerDue(site) => self.ledger_due(site as usize),
            Event::Reply {
                client,
                fetch,
                reply,
            } => self.reply(client, fetch, reply),
            Event::Net(version) => self.flows_end(version),
            Event::Began { client, fetch } => self.began(client, fetch),
            Event::Arrived { client, fetch } => self.arrived(client, fetch),
            Event::ClientGone { server, ask } => self.client_gone(server, ask),
            Event::Letter { peer, letter } => {
                if let Some(input) = self.take_letter(letter) {
                    self.shell(peer).tally.messages += 1;
                    if matches!(input, Input::WanCap(_)) {
                        self.ledger_welcomed(peer);
                    }
                    self.feed(peer, input);
                }
            }
            Event::ToDms { peer, letter } => self.read_letter(peer, letter),
            Event::Lose { peer, how } => self.lose(peer, how, None),
            Event::Churn(site) => self.churn(site as usize),
            Event::Back(peer) => self.back(peer),
            Event::Outage { ends, origin_too } => self.outage(ends, origin_too),
            Event::Told {
                peer,
                chunk,
                server,
            } => self.told(peer, chunk, server),
            Event::AskTracker(peer) => self.ask_tracker(peer),
            Event::Round => self.direct_round(),
        }
    }

    /// Hands one input to a machine, and carries out what it wants.
    pub(super) fn feed(&mut self, peer: u32, input: Input) {
        let now = self.now;
        let shell = self.shell(peer);
        if !shell.is_running() {
            return;
        }
        let Some(machine) = shell.peer.as_mut() else {
            return;
        };
        machine.handle(input, now);
        let mut outputs = Vec::new();
        while let Some(output) = machine.poll_output() {
            outputs.push(output);
        }
        for output in outputs {
            self.carry_out(peer, output);
        }
        let shell = self.shell(peer);
        let next = shell.peer.as_ref().and_then(|p| p.next_timeout());
        let next = next.map(|(at, _)| at.max(now));
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

    pub(super) fn site_of(&self, peer: u32) -> usize {
        self.shells[peer as usize].site
    }

    /// Writes a line of the trace, if somebody reads it.
    pub(super) fn say(&mut self, words: impl FnOnce(&Self) -> String) {
        if self.log.is_some() {
            let (us, words) = (self.now.0, words(self));
            let line = format!("{:>5}.{:06} {words}", us / 1_000_000, us % 1_000_000);
            self.log.get_or_insert_default().push(line);
        }
    }

    pub(super) fn play(&mut self, peer: u32) {
        let now = self.now;
        let was_done = self.shell(peer).viewer.is_done();
        if let Some(at) = self.shell(peer).viewer.play(now)
            && self.shell(peer).play_at != Some(at)
        {
            self.shell(peer).play_at = Some(at);
            self.plan(at, Event::Play(peer));
        }
        if !was_done && self.shell(peer).viewer.is_done() && self.shell(peer).counts {
            self.open_viewers -= 1;
            self.say(|_| format!("p{peer} has seen everything"));
        }
        let title = Arc::clone(&self.title);
        loop {
            let next = self.shell(peer).viewer.asked_for();
            let chunks = title.segment(next);
            let many = chunks.len() as u32;
            let Some((segment, deadline)) = self.shell(peer).viewer.next_want(many, now) else {
                return;
            };
            for chunk in chunks {
                self.want(peer, segment, chunk, deadline);
            }
        }
    }

    fn want(&mut self, peer: u32, segment: u32, chunk: u32, deadline: Instant) {
        let priority = match self.scenario.title {
            super::TitleSpec::Video { .. } => Priority::Playing,
            super::TitleSpec::File { .. } => Priority::File,
        };
        let (id, len) = self.title.chunk(chunk);
        let shell = self.shell(peer);
        let request = RequestId(shell.new_id());
        shell.wants.insert(request, (chunk, segment, deadline));
        if shell.peer.is_none() {
            return self.direct_want(peer, request, chunk);
        }
        let want = Want {
            request,
            chunk: id,
            len,
            deadline,
            priority,
        };
        self.feed(peer, Input::Want(want));
    }

    pub(super) fn post(&mut self, letters: Vec<Letter>) {
        for (peer, input) in letters {
            let is_change = matches!(input, Input::Change(_));
            if is_change && self.rng.chance(1000 * self.lose_changes) {
                continue;
            }
            let place = self.free_letters.pop().unwrap_or_else(|| {
                self.letters.push(None);
                self.letters.len() as u32 - 1
            });
            self.letters[place as usize] = Some(input);
            let delay = self.control_delay(peer);
            let letter = Event::Letter {
                peer,
                letter: place,
            };
            self.plan_after(delay, letter);
        }
    }

    fn take_letter(&mut self, place: u32) -> Option<Input> {
        let input = self.letters.get_mut(place as usize)?.take();
        self.free_letters.push(place);
        input.filter(|_| !self.dms_away)
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

// Of a lease only the sum goes into the trace: its type stands on the wire and has no hash.
impl Hash for ToDms {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Gone => state.write_u8(0),
            Self::WantRoster => state.write_u8(1),
            Self::Bad(device) => device.hash(state),
            Self::Worth(percent) => state.write_u32(*percent),
            Self::Lease(ask) => {
                state.write_u64(ask.got ^ ask.live ^ ask.playing ^ ask.pre_position ^ ask.files);
            }
        }
    }
}

/// FNV-1a over all events, a word at a time: two runs are the same run when their traces are equal.
pub(super) struct Trace(pub(super) u64);

impl Trace {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
        self.0 ^= self.0 >> 29;
    }
}

impl Hasher for Trace {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.mix(u64::from(*byte)));
    }

    fn write_u8(&mut self, n: u8) {
        self.mix(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.mix(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }

    fn write_usize(&mut self, n: usize) {
        self.mix(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.mix(n as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
