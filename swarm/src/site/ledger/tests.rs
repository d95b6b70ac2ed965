//! The ledger alone, by hand and by chance.

use proptest::prelude::*;

use super::*;

const MB: u64 = 1_000_000;
const MIB: u64 = MAX_CHUNK_LEN as u64;

fn device(n: u8) -> DeviceId {
    DeviceId([n; 16])
}

fn at(ms: u64) -> Instant {
    Instant(0) + Micros::from_millis(ms)
}

fn files(bytes: u64) -> LeaseAsk {
    let files = bytes;
    LeaseAsk {
        files,
        ..LeaseAsk::default()
    }
}

/// A ledger with these peers, all of which have asked for nothing.
fn ledger(cap: Rate, peers: &[u8]) -> Ledger {
    let mut ledger = Ledger::new(cap, at(0));
    for peer in peers {
        ledger.joined(device(*peer), at(0));
        ledger.asked(device(*peer), LeaseAsk::default(), at(0));
    }
    while ledger.poll(at(0)).is_some() {}
    ledger
}

#[test]
fn a_lease_is_the_whole_cap_for_its_slice() {
    let mut ledger = ledger(MIB, &[1, 2]);
    ledger.asked(device(1), files(3 * MIB), at(0));
    let (to, lease) = ledger.poll(at(0)).expect("nothing is leased yet");
    assert_eq!((to, lease.bytes), (device(1), MIB));
    assert!(lease.ttl_ms >= 2000);
    assert_eq!(ledger.poll(at(999)), None);
    assert_eq!(ledger.next_timeout(at(0)), Some(at(1000)));
    assert!(ledger.poll(at(1000)).is_some() && ledger.poll(at(1000)).is_none());
}

#[test]
fn the_most_urgent_is_first_and_equals_take_turns() {
    let mut ledger = ledger(MIB, &[1, 2, 3]);
    ledger.asked(device(1), files(2 * MIB), at(0));
    ledger.asked(device(2), files(2 * MIB), at(0));
    let playing = LeaseAsk {
        playing: MIB / 2,
        files: MIB,
        ..LeaseAsk::default()
    };
    ledger.asked(device(3), playing, at(0));
    let mut order = Vec::new();
    for second in 0..6 {
        let lease = ledger.poll(at(second * 1000));
        order.extend(lease.map(|(to, lease)| (to.0[0], lease.bytes)));
    }
    let half = MIB / 2;
    assert_eq!(
        order,
        [(3, half), (1, MIB), (2, MIB), (3, MIB), (1, MIB), (2, MIB)]
    );
    assert_eq!(ledger.next_timeout(at(9000)), None, "nobody waits");
}

/// Bytes leased from `from` on until `until`, a look every millisecond.
fn leased(ledger: &mut Ledger, from: u64, until: u64) -> u64 {
    let mut sum = 0;
    for ms in from..until {
        while let Some((_, lease)) = ledger.poll(at(ms)) {
            sum += lease.bytes;
        }
    }
    sum
}

#[test]
fn when_another_cap_begins_only_the_slice_that_runs_is_of_the_old_one() {
    // 50 and 10 Mbit/s, in turns, while two peers hold leases all the time.
    let [wide, narrow] = [50_000_000 / 8, 10_000_000 / 8];
    let mut ledger = ledger(wide, &[1, 2]);
    for peer in [1, 2] {
        ledger.asked(device(peer), files(1_000 * MIB), at(0));
    }
    let mut now = 0;
    for (cap, seconds) in [(wide, 8), (narrow, 10), (wide, 4), (narrow, 30), (wide, 4)] {
        ledger.set_cap(cap);
        let sum = leased(&mut ledger, now, now + seconds * 1_000);
        now += seconds * 1_000;
        // The lease at the very beginning and the one whose slice reaches over the end.
        let most = cap * seconds + quantum(cap);
        assert!(sum <= most, "{sum} of at most {most} at {cap} B/s");
        // The slice of the cap before: at the narrow one a chunk lasts 840 ms.
        let least = (cap * seconds).saturating_sub(cap + quantum(cap));
        assert!(sum >= least, "{sum} of at least {least} at {cap} B/s");
    }
    // No limit: nothing has to be leased, and what was leased is paid by nobody.
    ledger.set_cap(0);
    assert_eq!(
        (ledger.poll(at(now)), ledger.next_timeout(at(now))),
        (None, None)
    );
    ledger.set_cap(narrow);
    assert!(leased(&mut ledger, now, now + 2_000) <= 2 * narrow + quantum(narrow));
}

#[test]
fn a_lease_on_its_way_is_not_given_twice() {
    let mut ledger = ledger(100 * MIB, &[1]);
    ledger.asked(device(1), files(2 * MIB), at(0));
    assert_eq!(ledger.poll(at(0)).map(|(_, l)| l.bytes), Some(2 * MIB));
    // It asks for one more before the lease reached it.
    ledger.asked(device(1), files(3 * MIB), at(1));
    assert_eq!(ledger.poll(at(1000)).map(|(_, l)| l.bytes), Some(MIB));
    let heard = LeaseAsk {
        got: 3 * MIB,
        ..files(MIB)
    };
    ledger.asked(device(1), heard, at(1001));
    assert_eq!(ledger.poll(at(2000)).map(|(_, l)| l.bytes), Some(MIB));
}

#[test]
fn the_share_of_a_peer_that_broke_off_is_held_back_for_a_while() {
    let mut ledger = ledger(10 * MB, &[1, 2, 3, 4]);
    assert_eq!(ledger.leasable(at(0)), 10 * MB);
    ledger.left(device(1), true, at(0));
    assert_eq!(ledger.leasable(at(0)), 10 * MB, "it said goodbye");
    ledger.left(device(2), false, at(0));
    let held = 10 * MB - ledger.leasable(at(0));
    assert!((MB..=10 * MB / 4).contains(&held), "{held}");
    ledger.joined(device(2), at(1000));
    assert!(ledger.leasable(at(1000)) < 10 * MB, "it has not asked yet");
    let busy = LeaseAsk {
        busy_ms: 500,
        ..LeaseAsk::default()
    };
    ledger.asked(device(2), busy, at(1000));
    assert!(ledger.leasable(at(1499)) < 10 * MB);
    assert_eq!(ledger.leasable(at(1500)), 10 * MB);
    ledger.left(device(3), false, at(2000));
    assert_eq!(ledger.leasable(at(2000) + RESERVE_FOR), 10 * MB);
}

#[test]
fn after_a_restart_the_shares_of_those_who_are_not_back_are_held_back() {
    let mut ledger = Ledger::new(10 * MB, at(0));
    let back = LeaseAsk {
        among: 10,
        ..files(100 * MIB)
    };
    ledger.asked(device(1), back, at(0));
    assert_eq!(ledger.leasable(at(0)), MB);
    ledger.asked(device(2), back, at(10));
    assert_eq!(ledger.leasable(at(10)), 2 * MB);
    assert_eq!(ledger.leasable(at(0) + WARM_UP), 10 * MB);
}

#[test]
fn what_this_ledger_told_is_no_word_of_another_one() {
    let mut ledger = ledger(10 * MB, &[1, 2, 3, 4]);
    ledger.asked(device(1), files(MIB), at(0));
    let (to, lease) = ledger.poll(at(0)).expect("a lease");
    assert!(lease.among > 4, "there is room for newcomers");
    let told = LeaseAsk {
        among: lease.among,
        ..LeaseAsk::default()
    };
    ledger.asked(to, told, at(1));
    ledger.left(to, false, at(2));
    ledger.joined(to, at(3));
    ledger.asked(to, told, at(4));
    assert_eq!(ledger.leasable(at(5)), 10 * MB, "nobody is missing");
    ledger.joined(device(5), at(6));
    ledger.asked(device(5), LeaseAsk { among: 9, ..told }, at(6));
    assert!(
        ledger.leasable(at(6)) < 10 * MB,
        "this one heard it elsewhere"
    );
}

#[test]
fn among_is_renewed_before_the_shares_are_too_large() {
    let mut ledger = ledger(10 * MB, &[1]);
    let mut told = std::collections::BTreeMap::new();
    for n in 1..=40u8 {
        ledger.joined(device(n), at(0));
        ledger.asked(device(n), LeaseAsk::default(), at(0));
        while let Some((to, lease)) = ledger.poll(at(0)) {
            assert_eq!(lease.bytes, 0);
            told.insert(to, lease.among);
        }
        assert!(
            told.values().all(|among| *among >= n.into()),
            "{n} {told:?}"
        );
    }
}

#[test]
fn no_cap_no_leases() {
    let mut ledger = ledger(0, &[1]);
    ledger.asked(device(1), files(MIB), at(0));
    assert_eq!(
        (ledger.poll(at(9)), ledger.next_timeout(at(9))),
        (None, None)
    );
    ledger.set_cap(MB);
    assert!(ledger.poll(at(9)).is_some());
}

#[derive(Clone, Debug)]
enum Step {
    Ask(u8, [u64; 4]),
    Join(u8),
    Leave(u8, bool),
    Pass(u16),
    Cap(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let needs = || proptest::array::uniform4(0u64..4 * MIB);
    prop_oneof![
        6 => (0u8..6, needs()).prop_map(|(who, needs)| Step::Ask(who, needs)),
        2 => (0u8..6).prop_map(Step::Join),
        2 => (0u8..6, any::<bool>()).prop_map(|(who, goodbye)| Step::Leave(who, goodbye)),
        8 => (0u16..3000).prop_map(Step::Pass),
        1 => (1u64..20 * MB).prop_map(Step::Cap),
    ]
}

proptest! {
    #[test]
    fn slices_never_overlap_and_nobody_is_owed(steps in proptest::collection::vec(step(), 1..120)) {
        let mut ledger = Ledger::new(5 * MB, at(0));
        let mut now = at(0);
        let mut busy_until = at(0);
        for step in steps {
            match step {
                Step::Ask(who, [live, playing, pre_position, files]) => {
                    let ask = LeaseAsk { live, playing, pre_position, files, ..LeaseAsk::default() };
                    ledger.asked(device(who), ask, now);
                }
                Step::Join(who) => ledger.joined(device(who), now),
                Step::Leave(who, goodbye) => ledger.left(device(who), goodbye, now),
                Step::Pass(ms) => now = now + Micros::from_millis(ms.into()),
                Step::Cap(cap) => ledger.set_cap(cap),
            }
            while let Some((_, lease)) = ledger.poll(now) {
                prop_assert!(lease.among as usize >= ledger.accounts.len());
                if lease.bytes > 0 {
                    prop_assert!(busy_until <= now, "two slices at once");
                    prop_assert!(lease.bytes <= quantum(ledger.cap));
                    prop_assert!(ledger.leasable(now) <= ledger.cap);
                    busy_until = now + slice(lease.bytes, ledger.cap);
                }
            }
            let due = ledger.next_timeout(now);
            prop_assert!(due.is_none_or(|at| at > now), "what is due was given");
        }
        // Whoever waits gets everything in the end.
        for _ in 0..10_000 {
            let Some(at) = ledger.next_timeout(now) else { break };
            now = now.max(at);
            while ledger.poll(now).is_some() {}
        }
        let waits = |a: &Account| a.standing == Standing::Leased && a.first_need().is_some();
        prop_assert!(!ledger.accounts.values().any(waits));
    }
}
