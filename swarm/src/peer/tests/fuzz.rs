//! Whatever happens, in whatever order: no panic, no maximum exceeded, every want and every ask
//! answered exactly once, and nothing left when everybody is gone.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::job::{Attempt, MAX_PARALLEL};
use super::*;
use crate::content::ChunkRef;
use crate::wire::{Lease, RosterChange};

#[derive(Clone, Debug)]
enum Step {
    Want {
        chunk: u8,
        ms: u16,
        priority: u8,
    },
    Cancel(u8),
    Asked {
        from: u8,
        chunk: u8,
        ms: u16,
        hops: u8,
    },
    AskGone(u8),
    Served(u8),
    End {
        which: u8,
        how: u8,
        named: u8,
    },
    Roster(u16),
    Change {
        drop: bool,
        who: u8,
        leave: bool,
    },
    Rules {
        peering: u8,
        sharing: u8,
    },
    Cache {
        chunk: u8,
        held: bool,
    },
    Ban(u8),
    Pass(u16),
    Control(u8),
    Began(u8),
    Hold {
        chunk: u8,
        hold: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let byte = any::<u8>;
    prop_oneof![
        6 => (0u8..24, 0u16..8000, 0u8..4)
            .prop_map(|(chunk, ms, priority)| Step::Want { chunk, ms, priority }),
        1 => byte().prop_map(Step::Cancel),
        6 => (0u8..14, 0u8..24, 0u16..8000, 0u8..7)
            .prop_map(|(from, chunk, ms, hops)| Step::Asked { from, chunk, ms, hops }),
        1 => byte().prop_map(Step::AskGone),
        3 => byte().prop_map(Step::Served),
        10 => (byte(), 0u8..14, byte()).prop_map(|(which, how, named)| Step::End { which, how, named }),
        4 => byte().prop_map(Step::Began),
        1 => any::<u16>().prop_map(Step::Roster),
        1 => (any::<bool>(), 0u8..12, any::<bool>())
            .prop_map(|(drop, who, leave)| Step::Change { drop, who, leave }),
        1 => (0u8..8, 0u8..12).prop_map(|(peering, sharing)| Step::Rules { peering, sharing }),
        1 => (0u8..24, any::<bool>()).prop_map(|(chunk, held)| Step::Cache { chunk, held }),
        1 => (20u8..30).prop_map(Step::Ban),
        6 => (0u16..3000).prop_map(Step::Pass),
        4 => (0u8..20).prop_map(Step::Control),
        2 => (0u8..24, any::<bool>()).prop_map(|(chunk, hold)| Step::Hold { chunk, hold }),
    ]
}

/// The world around one peer, which checks the contract.
struct World {
    desk: Desk,
    version: u64,
    wants: BTreeMap<RequestId, ChunkId>,
    asks: BTreeSet<AskId>,
    serving: BTreeSet<AskId>,
    fetches: BTreeMap<FetchId, Fetch>,
    held: BTreeSet<ChunkId>,
    caught: BTreeSet<DeviceId>,
    cap: u64,
    connected: bool,
    /// Bytes leased and not begun, those that lapsed included.
    leased: u64,
    /// When the fair share allows the next fetch.
    share_free_at: Instant,
    believed: Option<[u64; 4]>,
}

fn chunk(n: u8) -> ChunkId {
    ChunkId::of(&[n])
}

fn nth<T: Copy>(mut of: impl Iterator<Item = T> + Clone, n: u8) -> Option<T> {
    let len = of.clone().count();
    of.nth(usize::from(n).checked_rem(len)?)
}

impl World {
    fn new() -> Self {
        let config = Config {
            upload_slots: 3,
            peer_fetches: 4,
            origin_fetches: 2,
        };
        Self {
            desk: Desk::with(config, &[0, 1, 2, 3, 4, 5]),
            version: 1,
            wants: BTreeMap::new(),
            asks: BTreeSet::new(),
            serving: BTreeSet::new(),
            fetches: BTreeMap::new(),
            held: BTreeSet::new(),
            caught: BTreeSet::new(),
            cap: 0,
            connected: false,
            leased: 0,
            share_free_at: Instant(0),
            believed: None,
        }
    }

    fn tell(&mut self, input: Input) {
        let outputs = self.desk.tell(input);
        self.carry_out(outputs);
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Fetch(fetch) => self.fetch(fetch),
                Output::Abort(fetch) => {
                    assert!(self.fetches.remove(&fetch).is_some(), "aborted once")
                }
                Output::Answer { ask, answer } => {
                    assert!(self.asks.remove(&ask), "one answer to each ask");
                    if answer == Answer::Serve {
                        self.serving.insert(ask);
                    }
                    if let Answer::Refer(named) = answer {
                        assert!((1..=crate::wire::MAX_REFERRAL).contains(&named.len()));
                        let to_itself = named.contains(&device(0));
                        assert!(
                            !to_itself || named.len() == 1,
                            "only as an invitation to come again"
                        );
                    }
                }
                Output::Deliver { request, chunk, .. } => {
                    assert_eq!(
                        self.wants.remove(&request),
                        Some(chunk),
                        "one answer to each want"
                    );
                    assert!(self.held.contains(&chunk), "delivered from the cache");
                }
                Output::Fail { request, .. } => {
                    assert!(
                        self.wants.remove(&request).is_some(),
                        "one answer to each want"
                    );
                }
                Output::ReportBad { from, .. } => assert!(self.caught.contains(&from)),
                Output::WantLease(ask) => {
                    assert!(self.cap > 0 && self.connected, "there is a ledger to ask");
                    self.believed = Some([ask.live, ask.playing, ask.pre_position, ask.files]);
                }
                Output::WantRoster => {}
                Output::Worth { percent } => assert!((1..=100).contains(&percent)),
            }
        }
    }

    fn fetch(&mut self, fetch: Fetch) {
        assert!(
            !self.held.contains(&fetch.chunk),
            "nothing is fetched twice"
        );
        assert!(fetch.deadline >= self.desk.now && fetch.hops <= crate::wire::MAX_HOPS);
        if fetch.from == Source::Origin && self.cap > 0 {
            self.spend(fetch.len.unwrap_or(LEN));
        }
        if let Source::Peer(device) = fetch.from {
            assert!(self.desk.peer.takes() && device != self.desk.peer.me);
            assert!(
                !self.caught.contains(&device),
                "a poisoner is asked no more"
            );
            assert!(self.desk.peer.roster().peer(device).is_some());
        }
        let twice = self
            .fetches
            .values()
            .any(|f| (f.chunk, f.from) == (fetch.chunk, fetch.from));
        assert!(!twice, "one source is asked once at a time");
        assert!(self.fetches.insert(fetch.fetch, fetch).is_none());
    }

    /// A fetch from the origin starts under a cap.
    fn spend(&mut self, len: u32) {
        if self.connected {
            let left = self.leased.checked_sub(len.into());
            self.leased = left.expect("no fetch without a lease");
        } else {
            assert!(self.share_free_at <= self.desk.now, "one slice at a time");
            let us = u64::from(len) * 1_000_000 / self.cap;
            self.share_free_at = self.desk.now + Micros(us);
        }
    }

    fn control(&mut self, what: u8) {
        match what {
            0 | 1 => {
                self.cap = if what == 0 { 0 } else { 1 << 20 };
                if !std::mem::replace(&mut self.connected, true) {
                    (self.leased, self.believed) = (0, None);
                }
                self.tell(Input::WanCap(self.cap));
                let asked = self.believed.is_some() || self.cap == 0;
                assert!(asked, "it says that it is there");
            }
            2 => {
                self.connected = false;
                self.tell(Input::ControlLost);
            }
            _ => {
                let bytes = u64::from(what) << 17;
                self.leased += bytes;
                let (ttl_ms, among) = (1000 + 100 * u32::from(what), what.into());
                let lease = Lease {
                    bytes,
                    ttl_ms,
                    among,
                };
                self.tell(Input::Lease(lease));
            }
        }
    }

    fn apply(&mut self, step: Step) {
        let ms = |ms: u16| Micros::from_millis(ms.into());
        match step {
            Step::Want {
                chunk: c,
                ms: by,
                priority,
            } => {
                self.want(chunk(c), ms(by), priority);
            }
            Step::Cancel(n) => {
                if let Some(request) = nth(self.wants.keys().copied(), n) {
                    self.wants.remove(&request);
                    self.tell(Input::Cancel(request));
                }
            }
            Step::Asked {
                from,
                chunk: c,
                ms: by,
                hops,
            } => {
                self.asked(device(from), chunk(c), ms(by), hops);
            }
            Step::AskGone(n) => {
                if let Some(ask) = nth(self.asks.union(&self.serving).copied(), n) {
                    self.asks.remove(&ask);
                    self.serving.remove(&ask);
                    self.tell(Input::AskGone(ask));
                }
            }
            Step::Served(n) => {
                if let Some(ask) = nth(self.serving.iter().copied(), n) {
                    self.serving.remove(&ask);
                    self.tell(Input::Served(ask));
                }
            }
            Step::Began(which) => {
                if let Some(fetch) = nth(self.fetches.values().copied(), which) {
                    self.tell(Input::Began(fetch.fetch));
                }
            }
            Step::End { which, how, named } => self.end(which, how, named),
            Step::Roster(mask) => {
                self.version += 100;
                let peers: Vec<u8> = (0..12).filter(|n| mask >> n & 1 == 1).collect();
                self.tell(Input::Roster(snapshot(self.version, &peers)));
            }
            Step::Change { drop, who, leave } => self.change(drop, who, leave),
            Step::Rules { peering, sharing } => self.rules(peering, sharing),
            Step::Cache {
                chunk: c,
                held: true,
            } => {
                self.held.insert(chunk(c));
                self.tell(Input::Holds(chunk(c)));
            }
            Step::Cache {
                chunk: c,
                held: false,
            } => {
                self.held.remove(&chunk(c));
                self.tell(Input::Evicted(chunk(c)));
            }
            Step::Ban(n) => self.tell(Input::Banned(vec![device(n)])),
            Step::Pass(n) => self.pass(ms(n)),
            Step::Control(what) => self.control(what),
            Step::Hold { chunk: c, hold } => self.hold(chunk(c), hold),
        }
    }

    fn hold(&mut self, id: ChunkId, hold: bool) {
        let len = LEN;
        self.tell(if hold {
            Input::Hold {
                chunks: vec![ChunkRef { id, len }],
                copies: 1 + id.0[0] % 3,
            }
        } else {
            Input::LetGo(vec![id])
        });
    }

    fn want(&mut self, chunk: ChunkId, within: Micros, priority: u8) {
        self.desk.next += 1;
        let request = RequestId(self.desk.next);
        let priority = match priority {
            0 => Priority::Live,
            1 => Priority::Playing,
            2 => Priority::PrePosition,
            _ => Priority::File,
        };
        let deadline = self.desk.now + within;
        self.wants.insert(request, chunk);
        self.tell(Input::Want(Want {
            request,
            chunk,
            len: LEN,
            deadline,
            priority,
        }));
    }

    fn asked(&mut self, from: DeviceId, chunk: ChunkId, within: Micros, hops: u8) {
        self.desk.next += 1;
        let ask = AskId(self.desk.next);
        let deadline = self.desk.now + within;
        self.asks.insert(ask);
        self.tell(Input::Asked(Ask {
            ask,
            from,
            chunk,
            deadline,
            hops,
            priority: Priority::Playing,
            len: None,
        }));
    }

    fn pass(&mut self, time: Micros) {
        let end = self.desk.now + time;
        while let Some((at, _)) = self.desk.peer.next_timeout().filter(|(at, _)| *at <= end) {
            self.desk.now = self.desk.now.max(at);
            self.tell(Input::Timeout);
            let next = self.desk.peer.next_timeout();
            assert!(
                next.is_none_or(|(at, _)| at > self.desk.now),
                "time goes on"
            );
        }
        self.desk.now = end;
    }

    fn change(&mut self, drop: bool, who: u8, leave: bool) {
        let one = snapshot(0, &[who]).peers;
        let (upsert, remove) = if leave {
            (vec![], vec![device(who)])
        } else {
            (one, vec![])
        };
        let from = self.version;
        self.version += 1;
        if !drop {
            self.tell(Input::Change(RosterChange {
                from,
                to: self.version,
                upsert,
                remove,
            }));
        }
    }

    fn rules(&mut self, peering: u8, sharing: u8) {
        let peering = match peering {
            0 => None,
            1 => Some(Peering::Off),
            2 => Some(Peering::ConsumeOnly),
            _ => Some(Peering::On),
        };
        let sharing = match sharing {
            0 => Sharing::Paused,
            1 => Sharing::Vpn,
            2 => Sharing::Battery,
            _ => Sharing::On,
        };
        self.tell(Input::Site(peering));
        self.tell(Input::Sharing(sharing));
    }

    fn end(&mut self, which: u8, how: u8, named: u8) {
        let Some(fetch) = nth(self.fetches.values().copied(), which) else {
            return;
        };
        self.fetches.remove(&fetch.fetch);
        let outcome = match (how, fetch.from) {
            (0, Source::Peer(device)) => {
                self.caught.insert(device);
                Outcome::BadHash {
                    got: ChunkId([0; 32]),
                }
            }
            (0, _) => Outcome::BadHash {
                got: ChunkId([0; 32]),
            },
            (1, _) => Outcome::NotHere,
            (2 | 3, _) => Outcome::Busy,
            (4 | 5, _) => Outcome::Referred((0..5).map(|n| device((named ^ n) % 12)).collect()),
            (6 | 7, _) => Outcome::Failed,
            _ => {
                self.held.insert(fetch.chunk);
                let took = Micros(u64::from(named) * 1000);
                Outcome::Delivered {
                    len: LEN,
                    waited: took,
                    took,
                }
            }
        };
        self.tell(Input::Fetched {
            fetch: fetch.fetch,
            outcome,
        });
    }

    fn check(&self) {
        let load = self.desk.peer.load();
        assert!(load.jobs <= MAX_JOBS && load.wants <= MAX_WANTS && load.asks <= MAX_ASKS);
        assert!(load.uploads <= 3 && load.queued <= super::super::slots::MAX_QUEUED);
        assert!(
            load.peer_fetches <= 8 && load.origin_fetches <= 4,
            "{load:?}"
        );
        assert_eq!(load.wants, self.wants.len());
        assert_eq!(load.asks, self.asks.len() + self.serving.len());
        assert_eq!(load.uploads, self.serving.len());
        assert_eq!(load.peer_fetches + load.origin_fetches, self.fetches.len());
        assert_eq!(self.desk.peer.counters().misused, 0);
        for (id, job) in &self.desk.peer.jobs {
            assert!(!self.held.contains(id), "a chunk is in one state");
            let at_peers = |a: &&Attempt| a.source != Source::Origin;
            let peers = job.running.iter().filter(at_peers).count();
            assert!(peers <= MAX_PARALLEL && job.running.len() <= 1 + MAX_PARALLEL);
            assert!(job.is_needed(), "nothing is sought for nobody");
            let moves = !job.running.is_empty() || job.in_line.is_some() || job.wake.is_some();
            assert!(moves, "nothing is forgotten");
        }
    }

    /// Everybody leaves; then nothing may be left, and nothing may run.
    fn close(&mut self) {
        self.tell(Input::LetGo((0..24).map(chunk).collect()));
        for _ in 0..200 {
            self.apply(Step::End {
                which: 0,
                how: 6,
                named: 0,
            });
            self.apply(Step::Served(0));
            self.apply(Step::Pass(1000));
            self.check();
        }
        assert_eq!(self.desk.peer.load(), Load::default(), "all waits end");
        assert!(self.wants.is_empty() && self.asks.is_empty() && self.serving.is_empty());
        assert_eq!(self.desk.peer.next_timeout(), None);
        assert!(self.desk.peer.asks_of.is_empty() && self.desk.peer.copies.is_empty());
        assert!(self.desk.peer.order.is_idle(), "nobody waits for its turn");
        assert!(self.desk.peer.budget.is_idle(), "nobody waits for a lease");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn the_contract_holds_whatever_happens(steps in proptest::collection::vec(step(), 1..250)) {
        let mut world = World::new();
        for step in steps {
            world.apply(step);
            world.check();
        }
        world.close();
    }
}
