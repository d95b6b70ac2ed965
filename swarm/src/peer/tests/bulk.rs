//! What nobody watches: files, and chunks that the site is to hold.

use super::*;
use crate::{content::ChunkRef, wire::RosterChange};

const SITE: [u8; 5] = [0, 1, 2, 3, 4];
const HOUR: u64 = 3_600_000;

fn file(desk: &mut Desk, chunk: ChunkId) -> (RequestId, Vec<Output>) {
    desk.next += 1;
    let want = Want {
        request: RequestId(desk.next),
        chunk,
        len: LEN,
        deadline: Instant(u64::MAX),
        priority: Priority::File,
    };
    (want.request, desk.tell(Input::Want(want)))
}

fn hold(desk: &mut Desk, chunk: ChunkId) -> Vec<Output> {
    hold_copies(desk, chunk, 2)
}

fn hold_copies(desk: &mut Desk, chunk: ChunkId, copies: u8) -> Vec<Output> {
    let chunks = vec![ChunkRef {
        id: chunk,
        len: LEN,
    }];
    desk.tell(Input::Hold { chunks, copies });
    desk.pass(0)
}

fn from_origin(outputs: &[Output]) -> bool {
    let origin = |o: &Output| matches!(o, Output::Fetch(f) if f.from == Source::Origin);
    outputs.iter().any(origin)
}

#[test]
fn a_slow_home_is_waited_for_and_a_silent_one_is_replaced() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = file(&mut desk, chunk);
    fetch_from(&outputs, at(1));
    let Output::Fetch(fetch) = outputs[0] else {
        panic!()
    };
    assert!(
        fetch.deadline <= desk.now + Micros::from_secs(5),
        "a sign of life"
    );
    assert!(desk.pass(11_900).is_empty());
    let outputs = desk.pass(200);
    fetch_from(&outputs, at(2));
    assert!(desk.pass(11_700).is_empty(), "it gets as long");
    assert!(from_origin(&desk.pass(40_000)), "all are silent");
}

#[test]
fn home_1_waits_for_another_home_whose_slots_are_taken() {
    let chunk = chunk_of(&SITE, &[0, 1]);
    let asking = || {
        let mut desk = Desk::in_site(&SITE);
        let (_, outputs) = file(&mut desk, chunk);
        let fetch = fetch_from(&outputs, at(1));
        assert!(desk.pass(1_900).is_empty(), "it may have the chunk");
        (desk, fetch)
    };
    let (mut desk, _) = asking();
    assert!(from_origin(&desk.pass(200)), "not for ever");
    let (mut desk, fetch) = asking();
    assert!(desk.tell(Input::Began(fetch)).is_empty());
    assert!(desk.pass(10_000).is_empty(), "it has");
}

#[test]
fn home_1_asks_more_of_the_others_while_they_come_and_go() {
    let site: Vec<u8> = (0..10).collect();
    let chunk = chunk_of(&site, &[0, 1]);
    // Since the roster changed, ms -> how many are asked before the origin.
    for (since, asked) in [(0, 6), (1_100, 3), (301_000, 1)] {
        let mut desk = Desk::in_site(&site);
        desk.pass(since);
        let (_, mut outputs) = file(&mut desk, chunk);
        let mut probes = 0;
        while let (fetch, Source::Peer(_)) = fetch_from_any(&outputs) {
            probes += 1;
            outputs = desk.ended(fetch, Outcome::NotHere);
        }
        assert_eq!(probes, asked, "{since}");
    }
}

#[test]
fn whoever_says_come_again_is_asked_again_for_as_long_as_it_takes() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, mut outputs) = file(&mut desk, chunk);
    for round in 0..50 {
        let (fetch, source) = fetch_from_any(&outputs);
        assert_eq!(source, at(1), "round {round}");
        desk.pass(10_000);
        outputs = desk.ended(fetch, Outcome::Referred(vec![device(1)]));
    }
    for round in 0..200 {
        let mut next = Vec::new();
        for output in outputs {
            let Output::Fetch(fetch) = output else {
                continue;
            };
            assert_ne!(fetch.from, Source::Origin, "round {round}");
            next.extend(desk.ended(fetch.fetch, Outcome::Busy));
        }
        next.extend(desk.pass(3_000));
        outputs = next;
    }
}

#[test]
fn a_home_that_still_seeks_a_chunk_says_come_again() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[0, 1]);
    let (ask, outputs) = desk.asked(2, chunk, 0);
    let probe = fetch_from(&outputs, at(1));
    nobody_has_it(&mut desk, probe);
    let outputs = desk.pass(16_000);
    assert!(outputs.contains(&answer(ask, Answer::Refer(vec![device(0)]))));
}

#[test]
fn home_1_fetches_what_the_site_is_to_hold_behind_everybody_else() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[0, 2]);
    let outputs = hold(&mut desk, chunk);
    let probe = fetch_from(&outputs, at(2));
    let fetch = nobody_has_it(&mut desk, probe);
    assert!(desk.delivered(fetch).is_empty());
    assert!(desk.peer.keeps(chunk) && desk.peer.home(chunk) == Some(0));
    assert!(desk.pass(HOUR).is_empty(), "it is here");
    desk.tell(Input::Evicted(chunk));
    let outputs = desk.pass(30_020);
    fetch_from(&outputs, at(2));
}

#[test]
fn only_homes_hold_and_only_home_1_uses_the_wan() {
    let mut desk = Desk::in_site(&SITE);
    assert!(hold(&mut desk, chunk_of(&SITE, &[1, 2])).is_empty());
    let chunk = chunk_of(&SITE, &[1, 0]);
    let outputs = hold(&mut desk, chunk);
    let mut fetch = fetch_from(&outputs, at(1));
    for _ in 0..5 {
        assert!(desk.ended(fetch, Outcome::NotHere).is_empty());
        let outputs = desk.pass(31_000);
        fetch = fetch_from(&outputs, at(1));
    }
    assert!(desk.delivered(fetch).is_empty());
    assert_eq!(desk.peer.counters().origin_fetches, 0);
}

#[test]
fn a_peer_that_becomes_a_home_copies_from_one_that_is_left() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2, 0]);
    assert!(hold(&mut desk, chunk).is_empty());
    let gone = RosterChange {
        from: 1,
        to: 2,
        upsert: Vec::new(),
        remove: vec![device(1)],
    };
    assert!(desk.tell(Input::Change(gone)).is_empty());
    let outputs = desk.pass(2_000);
    let fetch = fetch_from(&outputs, at(2));
    desk.delivered(fetch);
    assert_eq!(desk.peer.home(chunk), Some(1));
    // And if it is home 1 now, it still asks the others first.
    let gone = RosterChange {
        from: 2,
        to: 3,
        upsert: Vec::new(),
        remove: vec![device(2)],
    };
    let other = chunk_of(&SITE, &[2, 0, 3]);
    desk.tell(Input::Evicted(chunk));
    desk.tell(Input::LetGo(vec![chunk]));
    let outputs = hold(&mut desk, other);
    let fetch = fetch_from(&outputs, at(2));
    let outputs = desk.tell(Input::Change(gone));
    assert!(outputs.contains(&Output::Abort(fetch)));
    assert!(
        outputs
            .iter()
            .any(|o| matches!(o, Output::Fetch(f) if f.from == at(3)))
    );
}

#[test]
fn so_many_homes_keep_a_chunk_as_the_site_is_to_hold_copies() {
    for (place, copies, keeps) in [(1, 1, false), (1, 2, true), (2, 2, false), (2, 3, true)] {
        let mut desk = Desk::in_site(&SITE);
        let ranked: Vec<u8> = [1, 2, 3].into_iter().take(place).chain([0]).collect();
        let chunk = chunk_of(&SITE, &ranked);
        let outputs = hold_copies(&mut desk, chunk, copies);
        let asks = outputs
            .iter()
            .any(|o| matches!(o, Output::Fetch(f) if f.from == at(1)));
        let case = format!("place {place} of {copies} copies");
        assert_eq!((asks, desk.peer.is_keeper(chunk)), (keeps, keeps), "{case}");
        assert!(!from_origin(&outputs), "{case}");
    }
}

#[test]
fn a_lower_home_copies_what_the_site_is_to_hold_only_when_it_is_to_keep_it() {
    for (copies, expected) in [(1, 0), (2, 1)] {
        let mut desk = Desk::in_site(&SITE);
        let chunk = chunk_of(&SITE, &[1, 0]);
        hold_copies(&mut desk, chunk, copies);
        // Home 1 asks around before it goes to the origin.
        desk.asked(1, chunk, 0);
        assert_eq!(desk.peer.load().jobs, expected, "{copies} copies");
    }
}

#[test]
fn a_pardoned_peer_is_asked_again() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = file(&mut desk, chunk);
    let fetch = fetch_from(&outputs, at(1));
    let got = ChunkId([0xee; 32]);
    let outputs = desk.ended(fetch, Outcome::BadHash { got });
    fetch_from(&outputs[1..], at(2));
    let other = chunk_of(&SITE, &[1, 3]);
    fetch_from(&file(&mut desk, other).1, at(3));
    desk.tell(Input::Pardoned(vec![device(1)]));
    let third = chunk_of(&SITE, &[1, 4]);
    fetch_from(&file(&mut desk, third).1, at(1));
}

#[test]
fn what_is_let_go_is_sought_no_more() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 0]);
    let outputs = hold(&mut desk, chunk);
    let fetch = fetch_from(&outputs, at(1));
    assert_eq!(desk.tell(Input::LetGo(vec![chunk])), [Output::Abort(fetch)]);
    assert!(desk.pass(HOUR).is_empty());
    assert_eq!(desk.peer.load(), Load::default());
    assert_eq!(desk.peer.next_timeout(), None);
}

#[test]
fn under_a_cap_even_a_pressed_viewer_waits_for_a_lease() {
    let mut desk = Desk::alone(Config::default());
    let outputs = desk.tell(Input::WanCap(1 << 20));
    assert!(matches!(outputs[..], [Output::WantLease(ask)] if ask.playing == 0));
    let chunk = ChunkId([1; 32]);
    let (request, outputs) = desk.want_by(chunk, 100);
    let mut asked = outputs;
    asked.extend(desk.pass(100));
    assert!(matches!(asked[..], [Output::WantLease(ask)] if ask.playing == u64::from(LEN)));
    assert_eq!(desk.peer.state(chunk), ChunkState::Wanted);
    let (bytes, ttl_ms, among) = (LEN.into(), 1000, 1);
    let lease = crate::wire::Lease {
        bytes,
        ttl_ms,
        among,
    };
    let outputs = desk.tell(Input::Lease(lease));
    let fetch = fetch_from(&outputs, Source::Origin);
    assert_eq!(
        desk.delivered(fetch),
        [deliver(request, chunk, Source::Origin)]
    );
    assert!(
        desk.pass(HOUR).is_empty(),
        "nothing is needed, nothing is said"
    );
}
