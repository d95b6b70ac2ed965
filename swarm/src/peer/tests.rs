//! The machine as a whole, driven by hand.

use super::*;
use crate::{
    content::{ChunkId, DeviceId},
    time::{Instant, Micros},
    wire::{Peering, RosterPeer, RosterSnapshot, Sharing},
};

mod bulk;
mod fuzz;
mod giving;
mod taking;

const LEN: u32 = 1 << 20;

/// One peer of a site, with its neighbours played by the test.
struct Desk {
    peer: Peer,
    now: Instant,
    next: u64,
}

fn device(n: u8) -> DeviceId {
    DeviceId([n; 16])
}

fn at(n: u8) -> Source {
    Source::Peer(device(n))
}

fn snapshot(version: u64, peers: &[u8]) -> RosterSnapshot {
    let peers = peers.iter().map(|n| RosterPeer {
        device: device(*n),
        addr: format!("10.0.0.{n}:7745"),
        weight: 100,
    });
    RosterSnapshot {
        version,
        homes: 2,
        peers: peers.collect(),
    }
}

/// A chunk whose homes among `peers` are these, in this order.
fn chunk_of(peers: &[u8], homes: &[u8]) -> ChunkId {
    let roster = || peers.iter().map(|n| (device(*n), 100));
    let wanted: Vec<_> = homes.iter().map(|n| device(*n)).collect();
    let all = (0u32..).map(|n| ChunkId::of(&n.to_be_bytes()));
    let mut fitting = all.filter(|c| crate::site::homes(*c, roster(), homes.len()) == wanted);
    fitting.next().expect("some chunk has these homes")
}

impl Desk {
    /// Peer 0 in a site with these peers, peering on.
    fn in_site(peers: &[u8]) -> Self {
        Self::with(Config::default(), peers)
    }

    fn with(config: Config, peers: &[u8]) -> Self {
        let mut desk = Self::alone(config);
        assert!(desk.tell(Input::Site(Some(Peering::On))).is_empty());
        assert!(desk.tell(Input::Roster(snapshot(1, peers))).is_empty());
        desk
    }

    fn alone(config: Config) -> Self {
        Self {
            peer: Peer::new(config, device(0), 7),
            now: Instant(1_000_000),
            next: 0,
        }
    }

    fn tell(&mut self, input: Input) -> Vec<Output> {
        self.peer.handle(input, self.now);
        std::iter::from_fn(|| self.peer.poll_output()).collect()
    }

    /// Lets time pass, handing in every timeout on the way.
    fn pass(&mut self, ms: u64) -> Vec<Output> {
        let end = self.now + Micros::from_millis(ms);
        let mut outputs = Vec::new();
        while let Some((at, _)) = self.peer.next_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            outputs.extend(self.tell(Input::Timeout));
        }
        self.now = end;
        outputs
    }

    fn want_by(&mut self, chunk: ChunkId, ms: u64) -> (RequestId, Vec<Output>) {
        self.next += 1;
        let request = RequestId(self.next);
        let deadline = self.now + Micros::from_millis(ms);
        let want = Want {
            request,
            chunk,
            len: LEN,
            deadline,
            priority: Priority::Playing,
        };
        (request, self.tell(Input::Want(want)))
    }

    fn want(&mut self, chunk: ChunkId) -> (RequestId, Vec<Output>) {
        self.want_by(chunk, 10_000)
    }

    fn asked(&mut self, from: u8, chunk: ChunkId, hops: u8) -> (AskId, Vec<Output>) {
        self.next += 1;
        let ask = AskId(self.next);
        let deadline = self.now + Micros::from_millis(10_000);
        (
            ask,
            self.tell(Input::Asked(Ask {
                ask,
                from: device(from),
                chunk,
                deadline,
                hops,
                priority: Priority::Playing,
                len: None,
            })),
        )
    }

    fn ended(&mut self, fetch: FetchId, outcome: Outcome) -> Vec<Output> {
        self.tell(Input::Fetched { fetch, outcome })
    }

    fn delivered(&mut self, fetch: FetchId) -> Vec<Output> {
        let took = Micros::from_millis(10);
        self.ended(
            fetch,
            Outcome::Delivered {
                len: LEN,
                waited: took,
                took,
            },
        )
    }
}

/// The only output, which is a fetch from there.
#[track_caller]
fn fetch_from(outputs: &[Output], source: Source) -> FetchId {
    match outputs {
        [Output::Fetch(fetch)] if fetch.from == source => fetch.fetch,
        other => panic!("not one fetch from {source:?}: {other:?}"),
    }
}

fn answer(ask: AskId, answer: Answer) -> Output {
    Output::Answer { ask, answer }
}

fn deliver(request: RequestId, chunk: ChunkId, source: Source) -> Output {
    Output::Deliver {
        request,
        chunk,
        via: Via::Fetched(source),
    }
}

fn fetch_from_any(outputs: &[Output]) -> (FetchId, Source) {
    match outputs {
        [Output::Fetch(fetch)] => (fetch.fetch, fetch.from),
        other => panic!("not one fetch: {other:?}"),
    }
}

/// Every peer that home 1 asks around says no; the fetch from the origin that follows.
fn nobody_has_it(desk: &mut Desk, mut probe: FetchId) -> FetchId {
    loop {
        let outputs = desk.ended(probe, Outcome::NotHere);
        match fetch_from_any(&outputs) {
            (fetch, Source::Origin) => return fetch,
            (next, Source::Peer(_)) => probe = next,
        }
    }
}
