//! The budget by hand, and several budgets with the ledger of the DMS by chance.

use proptest::prelude::*;

use super::*;
use crate::{
    content::{ChunkId, DeviceId},
    peer::Priority,
    site::Ledger,
};

const CAP: Rate = 1 << 20;
const MIB: u32 = 1 << 20;

fn at(ms: u64) -> Instant {
    Instant(0) + Micros::from_millis(ms)
}

fn place(priority: Priority, n: u8) -> Place {
    (priority, Instant(n.into()), ChunkId([n; 32]))
}

fn lease(bytes: u64, ttl_ms: u32) -> Lease {
    let among = 4;
    Lease {
        bytes,
        ttl_ms,
        among,
    }
}

fn capped() -> Budget {
    let mut budget = Budget::new();
    budget.capped(CAP);
    budget
        .ask(1, at(0))
        .expect("the first ask says that it is there");
    budget
}

#[test]
fn without_a_cap_everything_may_start_and_nothing_is_asked() {
    let mut budget = Budget::new();
    budget.capped(0);
    assert!(budget.allows(MIB, at(0)));
    budget.take(MIB, 1, at(0));
    assert!(budget.allows(MIB, at(0)));
    assert_eq!((budget.ask(1, at(0)), budget.wake_at(at(0))), (None, None));
}

#[test]
fn a_fetch_starts_only_against_a_lease_and_the_most_urgent_first() {
    let mut budget = capped();
    assert!(!budget.allows(1, at(0)));
    budget.line_up(place(Priority::File, 1), MIB);
    budget.line_up(place(Priority::Playing, 2), 1000);
    assert_eq!(budget.ask(1, at(19)), None, "not so soon after the first");
    let ask = budget.ask(1, at(20)).expect("the DMS knows of no need");
    assert_eq!((ask.playing, ask.files), (1000, u64::from(MIB)));
    assert_eq!(budget.next(at(20)), None);
    budget.leased(lease(1000, 1000), at(30));
    assert_eq!(budget.ask(1, at(100)), None, "the DMS knows what it gave");
    assert_eq!(budget.next(at(100)), Some(place(Priority::Playing, 2)));
    budget.take(1000, 1, at(100));
    assert_eq!(budget.next(at(100)), None);
    budget.leased(lease(MIB.into(), 1000), at(200));
    assert_eq!(budget.next(at(300)), Some(place(Priority::File, 1)));
}

#[test]
fn a_lease_that_lapses_is_asked_for_again() {
    let mut budget = capped();
    budget.line_up(place(Priority::File, 1), MIB);
    budget.ask(1, at(20)).expect("a need");
    budget.leased(lease(u64::from(MIB) / 2, 1000), at(20));
    assert_eq!(budget.wake_at(at(30)), Some(at(1020)));
    let ask = budget.ask(1, at(1020)).expect("half of it lapsed");
    assert_eq!((ask.files, ask.got), (u64::from(MIB), u64::from(MIB) / 2));
}

#[test]
fn a_chunk_longer_than_was_said_is_paid_later() {
    let mut budget = capped();
    budget.leased(lease(1000, 9000), at(0));
    budget.take(1000, 1, at(0));
    budget.brought(1000, 5000);
    budget.leased(lease(4001, 9000), at(1));
    assert!(budget.allows(1, at(1)) && !budget.allows(2, at(1)));
}

#[test]
fn alone_it_takes_its_share_one_slice_after_another() {
    let mut budget = capped();
    budget.leased(lease(0, 0), at(0));
    budget.alone(at(0));
    assert!(
        !budget.allows(MIB, at(999)),
        "the last slices may still run"
    );
    assert!(budget.allows(MIB, at(1000)));
    budget.take(MIB, 2, at(1000));
    budget.line_up(place(Priority::File, 1), MIB);
    assert_eq!(
        budget.wake_at(at(1000)),
        Some(at(5000)),
        "a quarter of the cap"
    );
    assert_eq!(
        (budget.next(at(4999)), budget.ask(1, at(4999))),
        (None, None)
    );
    budget.capped(CAP);
    let ask = budget.ask(2, at(3000)).expect("it is back");
    assert_eq!((ask.busy_ms, ask.among, ask.got), (2000, 4, 0));
}

/// Some peers, the ledger if the DMS is there, and every slice that was used.
struct Site {
    now: Instant,
    peers: Vec<(DeviceId, Budget, bool)>,
    ledger: Option<Ledger>,
    /// From, until, bytes per second; and whether it was given while shares were held back.
    slices: Vec<(Instant, Instant, Rate, bool)>,
    lost_at: Instant,
    next: u8,
}

#[derive(Clone, Debug)]
enum Step {
    Need(u8, u32),
    Pass(u16),
    Lose(u8),
    Return(u8),
    LoseDms,
    ReturnDms,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u8..4, 1u32..MIB).prop_map(|(who, len)| Step::Need(who, len)),
        8 => (0u16..2500).prop_map(Step::Pass),
        1 => (0u8..4).prop_map(Step::Lose),
        2 => (0u8..4).prop_map(Step::Return),
        1 => Just(Step::LoseDms),
        2 => Just(Step::ReturnDms),
    ]
}

impl Site {
    fn new() -> Self {
        let peer = |n: u8| (DeviceId([n; 16]), Budget::new(), false);
        let mut site = Self {
            now: at(0),
            peers: (0..4).map(peer).collect(),
            ledger: Some(Ledger::new(CAP, at(0))),
            slices: Vec::new(),
            lost_at: at(0),
            next: 0,
        };
        (0..4).for_each(|who| site.connect(who));
        site.settle();
        site
    }

    fn connect(&mut self, who: usize) {
        let (device, budget, connected) = &mut self.peers[who];
        if let Some(ledger) = self.ledger.as_mut().filter(|_| !*connected) {
            *connected = true;
            ledger.joined(*device, self.now);
            budget.capped(CAP);
        }
    }

    fn lose(&mut self, who: usize) {
        let (device, budget, connected) = &mut self.peers[who];
        if std::mem::take(connected) {
            self.lost_at = self.now;
            budget.alone(self.now);
            if let Some(ledger) = self.ledger.as_mut() {
                ledger.left(*device, false, self.now);
            }
        }
    }

    /// Everything that can happen now happens: asks, leases, fetches.
    fn settle(&mut self) {
        let now = self.now;
        for (device, budget, connected) in &mut self.peers {
            let ask = budget.ask(4, now);
            assert!(ask.is_none() || *connected, "nobody is there to be asked");
            if let (Some(ledger), Some(ask)) = (self.ledger.as_mut(), ask) {
                ledger.asked(*device, ask, now);
            }
        }
        while let Some(ledger) = self.ledger.as_mut() {
            let rate = ledger.leasable(now);
            let Some((to, lease)) = ledger.poll(now) else {
                break;
            };
            let peer = self.peers.iter_mut().find(|(device, ..)| *device == to);
            peer.expect("it is one of them").1.leased(lease, now);
            let until = now + slice(lease.bytes, rate);
            self.used(until, rate, rate < CAP);
        }
        for who in 0..self.peers.len() {
            let (_, budget, connected) = &mut self.peers[who];
            let alone = !*connected && budget.allows(MIB, now);
            while let Some((_, _, chunk)) = budget.next(now) {
                let len = u32::from(chunk.0[0]) << 12;
                budget.take(len, 4, now);
                let until = budget.share_free_at;
                if alone {
                    self.used(until, CAP / 5, false);
                    break;
                }
            }
        }
    }

    fn used(&mut self, until: Instant, rate: Rate, slow: bool) {
        let now = self.now;
        if until <= now {
            return;
        }
        self.slices.push((now, until, rate, slow));
        // A slow slice that another peer's loss overtook may overlap that peer's share.
        let lost_at = self.lost_at;
        let counts = |s: &&(Instant, Instant, Rate, bool)| s.1 > now && !(s.3 && s.0 <= lost_at);
        let sum: Rate = self.slices.iter().filter(counts).map(|s| s.2).sum();
        assert!(sum <= CAP, "{sum} of {CAP}: {:?}", self.slices);
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Need(who, len) => {
                self.next = self.next.wrapping_add(1);
                let size = (len >> 12).clamp(1, 255) as u8;
                let mut id = [self.next; 32];
                id[0] = size;
                let priority =
                    [Priority::Live, Priority::Playing, Priority::File][len as usize % 3];
                let place = (priority, Instant(self.next.into()), ChunkId(id));
                self.peers[usize::from(who)]
                    .1
                    .line_up(place, u32::from(size) << 12);
            }
            Step::Pass(ms) => {
                let end = self.now + Micros::from_millis(ms.into());
                while self.now < end {
                    let now = self.now;
                    let wakes = self.peers.iter().filter_map(|(_, b, _)| b.wake_at(now));
                    let due = self.ledger.as_ref().and_then(|l| l.next_timeout(now));
                    let next = wakes.chain(due).filter(|at| *at > now).min();
                    self.now = next.unwrap_or(end).min(end);
                    self.settle();
                }
            }
            Step::Lose(who) => self.lose(who.into()),
            Step::Return(who) => self.connect(who.into()),
            Step::LoseDms => {
                self.ledger = None;
                (0..4).for_each(|who| self.lose(who));
            }
            Step::ReturnDms if self.ledger.is_none() => {
                self.ledger = Some(Ledger::new(CAP, self.now));
            }
            Step::ReturnDms => {}
        }
        self.settle();
    }
}

proptest! {
    #[test]
    fn what_all_use_is_never_above_the_cap(steps in proptest::collection::vec(step(), 1..150)) {
        let mut site = Site::new();
        for step in steps {
            site.apply(step);
        }
    }
}
