//! How a peer gets what it wants.

use super::*;

const SITE: [u8; 4] = [0, 1, 2, 3];

#[test]
fn without_a_site_everything_comes_from_the_origin() {
    let chunk = chunk_of(&SITE, &[1, 2]);
    for (peering, roster) in [
        (None, false),
        (Some(Peering::Off), true),
        (Some(Peering::On), false),
    ] {
        let mut desk = Desk::alone(Config::default());
        desk.tell(Input::Site(peering));
        if roster {
            desk.tell(Input::Roster(snapshot(1, &SITE)));
        }
        let (_, outputs) = desk.want(chunk);
        fetch_from(&outputs, Source::Origin);
    }
}

#[test]
fn over_a_vpn_nobody_is_asked_but_the_origin() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    let outputs = desk.tell(Input::Sharing(Sharing::Vpn));
    assert_eq!(outputs[0], Output::Abort(fetch));
    fetch_from(&outputs[1..], Source::Origin);
}

#[test]
fn a_peer_that_does_not_give_still_takes() {
    let chunk = chunk_of(&SITE, &[1, 2]);
    for input in [
        Input::Sharing(Sharing::Paused),
        Input::Site(Some(Peering::ConsumeOnly)),
    ] {
        let mut desk = Desk::in_site(&SITE);
        desk.tell(input);
        let (_, outputs) = desk.want(chunk);
        fetch_from(&outputs, at(1));
        let (ask, outputs) = desk.asked(3, chunk, 0);
        assert_eq!(outputs, [answer(ask, Answer::NotHere)]);
    }
}

#[test]
fn what_is_here_is_delivered_at_once() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    desk.tell(Input::Holds(chunk));
    assert_eq!(desk.peer.state(chunk), ChunkState::Have);
    let (request, outputs) = desk.want(chunk);
    assert_eq!(
        outputs,
        [Output::Deliver {
            request,
            chunk,
            via: Via::Cache
        }]
    );
    desk.tell(Input::Evicted(chunk));
    assert_eq!(desk.peer.state(chunk), ChunkState::Missing);
}

#[test]
fn two_wants_are_one_fetch() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (first, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    let (second, outputs) = desk.want(chunk);
    assert!(outputs.is_empty());
    assert_eq!(desk.peer.state(chunk), ChunkState::InFlight);
    let outputs = desk.delivered(fetch);
    assert_eq!(
        outputs,
        [deliver(first, chunk, at(1)), deliver(second, chunk, at(1))]
    );
    assert_eq!(desk.peer.next_timeout(), None);
}

#[test]
fn home_1_asks_around_before_the_origin() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[0, 2]);
    let (request, outputs) = desk.want(chunk);
    let probe = fetch_from(&outputs, at(2));
    let fetch = nobody_has_it(&mut desk, probe);
    assert_eq!(desk.peer.counters().peer_fetches, 3, "the roster is fresh");
    assert_eq!(
        desk.delivered(fetch),
        [deliver(request, chunk, Source::Origin)]
    );
    desk.pass(301_000);
    let other = chunk_of(&SITE, &[0, 1]);
    let (_, outputs) = desk.want(other);
    let probe = fetch_from(&outputs, at(1));
    nobody_has_it(&mut desk, probe);
    assert_eq!(desk.peer.counters().peer_fetches, 4, "and now it is not");
}

#[test]
fn home_1_does_not_wait_for_a_silent_home_2() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[0, 2]);
    let (request, outputs) = desk.want(chunk);
    let probe = fetch_from(&outputs, at(2));
    let outputs = desk.pass(160);
    let fetch = fetch_from(&outputs, Source::Origin);
    let outputs = desk.delivered(fetch);
    assert_eq!(
        outputs,
        [
            Output::Abort(probe),
            deliver(request, chunk, Source::Origin)
        ]
    );
}

#[test]
fn the_next_home_takes_over_from_one_that_is_gone() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    let outputs = desk.ended(fetch, Outcome::Failed);
    fetch_from(&outputs, at(2));
    // For a while it is not asked first for other chunks either.
    let other = chunk_of(&SITE, &[1, 3]);
    let (_, outputs) = desk.want(other);
    fetch_from(&outputs, at(3));
}

#[test]
fn a_peer_that_becomes_home_1_by_a_failure_fetches_from_the_origin() {
    let mut desk = Desk::in_site(&[0, 1]);
    let chunk = chunk_of(&[0, 1], &[1, 0]);
    let (_, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    let outputs = desk.ended(fetch, Outcome::Failed);
    fetch_from(&outputs, Source::Origin);
}

#[test]
fn a_peer_that_leaves_the_roster_is_not_waited_for() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    let outputs = desk.tell(Input::Roster(snapshot(2, &[0, 2, 3])));
    assert_eq!(outputs[0], Output::Abort(fetch));
    fetch_from(&outputs[1..], at(2));
}

#[test]
fn the_origin_is_asked_while_it_can_still_be_in_time_and_the_loser_is_cancelled() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (request, outputs) = desk.want_by(chunk, 20_000);
    let silent = fetch_from(&outputs, at(1));
    let hedges = desk.pass(20_000);
    let [Output::Fetch(second), Output::Fetch(last)] = hedges[..] else {
        panic!("{hedges:?}")
    };
    assert_eq!((second.from, last.from), (at(2), Source::Origin));
    let outputs = desk.delivered(last.fetch);
    let aborts = [Output::Abort(silent), Output::Abort(second.fetch)];
    assert_eq!(outputs[..2], aborts);
    assert_eq!(outputs[2..], [deliver(request, chunk, Source::Origin)]);
    assert_eq!(desk.peer.counters().hedges, 2);
}

#[test]
fn peers_that_all_keep_this_one_waiting_leave_a_place_for_the_origin() {
    let mut desk = Desk::in_site(&[0, 1, 2, 3, 4, 5]);
    let chunk = chunk_of(&[0, 1, 2, 3, 4, 5], &[1, 2]);
    let (request, outputs) = desk.want_by(chunk, 20_000);
    let home = fetch_from(&outputs, at(1));
    let named = (3..=5).map(device).collect();
    let outputs = desk.ended(home, Outcome::Referred(named));
    let asked = outputs.into_iter().chain(desk.pass(25_000));
    let asked: Vec<Fetch> = asked
        .filter_map(|output| match output {
            Output::Fetch(fetch) => Some(fetch),
            _ => None,
        })
        .collect();
    let last = asked.last().copied().unwrap();
    assert_eq!(last.from, Source::Origin, "{asked:?}");
    assert_eq!(asked.len(), 4, "{asked:?}");
    let outputs = desk.delivered(last.fetch);
    assert_eq!(outputs[3], deliver(request, chunk, Source::Origin));
}

#[test]
fn a_hedge_leaves_the_origin_enough_time() {
    let mut desk = Desk::in_site(&[0, 1]);
    let chunk = chunk_of(&[0, 1], &[1]);
    let (_, outputs) = desk.want_by(chunk, 20_000);
    let fetch = fetch_from(&outputs, at(1));
    assert!(desk.tell(Input::Began(fetch)).is_empty());
    let started = desk.now;
    let asked_at = loop {
        let (at, timer) = desk.peer.next_timeout().expect("a hedge is planned");
        assert_eq!(timer, Timer::Hedge);
        desk.now = at;
        let outputs = desk.tell(Input::Timeout);
        if let [Output::Fetch(f)] = outputs[..] {
            assert_eq!(f.from, Source::Origin);
            break desk.now;
        }
    };
    let left = Micros::from_secs(20).0 - asked_at.since(started).0;
    assert!(
        (1_300_000..3_000_000).contains(&left),
        "an untried origin is expected to take 1.25 s: {left}"
    );
}

#[test]
fn a_silent_peer_is_replaced_long_before_the_deadline() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = desk.want_by(chunk, 30_000);
    fetch_from(&outputs, at(1));
    assert!(desk.pass(3_900).is_empty());
    let next = fetch_from(&desk.pass(200), at(2));
    // This one has it, but its bytes are slow: only the deadline calls for another source.
    assert!(desk.tell(Input::Began(next)).is_empty());
    assert!(desk.pass(15_000).is_empty());
    // The silent one is a home no more for a while.
    let other = chunk_of(&SITE, &[1, 3]);
    desk.ended(next, Outcome::Failed);
    let (_, outputs) = desk.want(chunk_of(&SITE, &[1, 2, 3]));
    assert_ne!(fetch_from_any(&outputs).1, at(2), "it failed just now");
    let (_, outputs) = desk.want(other);
    assert_eq!(fetch_from_any(&outputs).1, at(1), "its time is over");
}

#[test]
fn a_peer_that_is_alive_and_seeks_the_chunk_is_waited_for() {
    let mut desk = Desk::in_site(&[0, 1]);
    let chunk = chunk_of(&[0, 1], &[1]);
    let (_, mut outputs) = desk.want_by(chunk, 3_000);
    let mut origin_at = None;
    let started = desk.now;
    for _ in 0..10 {
        let (fetch, _) = fetch_from_any(&outputs);
        let meanwhile = desk.pass(2_000);
        if !meanwhile.is_empty() {
            fetch_from(&meanwhile, Source::Origin);
            origin_at = Some(desk.now.since(started));
            break;
        }
        outputs = desk.ended(fetch, Outcome::Referred(vec![device(1)]));
    }
    let after = origin_at.expect("not for ever");
    let seconds = after.0 / 1_000_000;
    assert!((4..=12).contains(&seconds), "{after:?}");
}

#[test]
fn a_full_lane_is_no_reason_for_the_origin() {
    let config = Config {
        peer_fetches: 1,
        ..Config::default()
    };
    let mut desk = Desk::with(config, &SITE);
    let (first, second) = (chunk_of(&SITE, &[1, 2]), chunk_of(&SITE, &[1, 3]));
    let (_, outputs) = desk.want_by(first, 60_000);
    let fetch = fetch_from(&outputs, at(1));
    assert!(desk.tell(Input::Began(fetch)).is_empty());
    let (_, outputs) = desk.want_by(second, 5_000);
    assert_eq!(outputs, [], "the lane is full");
    let outputs = desk.pass(4_900);
    let asked = outputs.iter().filter_map(|o| match o {
        Output::Fetch(f) if f.chunk == second => Some(f.from),
        _ => None,
    });
    assert_eq!(asked.take(1).collect::<Vec<_>>(), [at(1)], "{outputs:?}");
}

#[test]
fn a_referral_is_followed_and_the_home_comes_after_it() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    // Itself, a stranger and a usable peer.
    let outputs = desk.ended(
        fetch,
        Outcome::Referred(vec![device(0), device(9), device(3)]),
    );
    let [Output::Fetch(referred)] = outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((referred.from, referred.hops), (at(3), 1));
    let outputs = desk.ended(referred.fetch, Outcome::NotHere);
    let second = fetch_from(&outputs, at(2));
    assert!(desk.ended(second, Outcome::Busy).is_empty());
    let outputs = desk.pass(100);
    assert!(matches!(outputs[0], Output::Fetch(f) if f.from == at(1) || f.from == at(2)));
}

#[test]
fn referrals_do_not_go_round_for_ever() {
    let all: Vec<u8> = (0..30).collect();
    let mut desk = Desk::in_site(&all);
    let chunk = chunk_of(&all, &[1, 2]);
    let (_, mut outputs) = desk.want_by(chunk, 3_600_000);
    let mut asked = 0u32;
    while let [Output::Fetch(f)] = outputs[..] {
        if f.from == Source::Origin {
            break;
        }
        asked += 1;
        assert!(f.hops <= crate::wire::MAX_HOPS && asked < 200, "{f:?}");
        let named = (0..4)
            .map(|n| device(((asked * 4 + n) % 30) as u8))
            .collect();
        outputs = desk.ended(f.fetch, Outcome::Referred(named));
        if outputs.is_empty() {
            outputs = desk.pass(5000);
        }
    }
}

#[test]
fn busy_homes_are_asked_again_and_the_origin_waits_for_the_deadline() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, mut outputs) = desk.want_by(chunk, 4000);
    let start = desk.now;
    let mut asks = 0;
    loop {
        match outputs.first() {
            Some(Output::Fetch(f)) if f.from == Source::Origin => break,
            Some(Output::Fetch(f)) => {
                asks += 1;
                let fetch = f.fetch;
                outputs = desk.ended(fetch, Outcome::Busy);
            }
            _ => outputs = desk.pass(10),
        }
    }
    assert!(asks >= 6, "{asks}");
    let waited = desk.now.since(start);
    assert!((1000..4000).contains(&waited.as_millis()), "{waited:?}");
}

#[test]
fn the_first_bad_chunk_is_the_last() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let other = chunk_of(&SITE, &[1, 3]);
    let (_, outputs) = desk.want(other);
    let innocent = fetch_from(&outputs, at(1));
    let (_, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    let got = ChunkId([0xbb; 32]);
    let outputs = desk.ended(fetch, Outcome::BadHash { got });
    assert_eq!(
        outputs[0],
        Output::ReportBad {
            from: device(1),
            chunk,
            got
        }
    );
    assert_eq!(outputs[1], Output::Abort(innocent));
    let mut next = outputs[2..].iter().map(|o| match o {
        Output::Fetch(f) => (f.chunk, f.from),
        other => panic!("{other:?}"),
    });
    assert!(next.clone().any(|n| n == (chunk, at(2))));
    assert!(next.any(|n| n == (other, at(3))));
    // It gets nothing any more, either.
    let (ask, outputs) = desk.asked(1, chunk_of(&SITE, &[0, 2]), 0);
    assert_eq!(outputs, [answer(ask, Answer::NotHere)]);
    assert_eq!(desk.peer.counters().caught, 1);
}

#[test]
fn what_the_dms_bans_is_left_at_once() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    let outputs = desk.tell(Input::Banned(vec![device(1)]));
    assert_eq!(outputs[0], Output::Abort(fetch));
    fetch_from(&outputs[1..], at(2));
}

#[test]
fn a_chunk_the_origin_does_not_have_fails_its_wants() {
    let mut desk = Desk::alone(Config::default());
    let chunk = ChunkId([5; 32]);
    let (request, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, Source::Origin);
    let outputs = desk.ended(fetch, Outcome::NotHere);
    assert_eq!(
        outputs,
        [Output::Fail {
            request,
            reason: FailReason::Unavailable
        }]
    );
    assert_eq!(desk.peer.load(), Load::default());
}

#[test]
fn a_broken_origin_is_tried_again_until_it_is_far_too_late() {
    let mut desk = Desk::alone(Config::default());
    let (request, mut outputs) = desk.want_by(ChunkId([5; 32]), 5000);
    let mut tries = 0;
    loop {
        match &outputs[..] {
            [Output::Fetch(f)] => {
                tries += 1;
                outputs = desk.ended(f.fetch, Outcome::Failed);
            }
            [] => outputs = desk.pass(100),
            [
                Output::Fail {
                    request: r,
                    reason: FailReason::TooLate,
                },
            ] => break assert_eq!(*r, request),
            other => panic!("{other:?}"),
        }
    }
    assert!((8..20).contains(&tries), "{tries}");
}

#[test]
fn a_cancelled_want_leaves_nothing_behind() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (request, outputs) = desk.want(chunk);
    let fetch = fetch_from(&outputs, at(1));
    assert_eq!(desk.tell(Input::Cancel(request)), [Output::Abort(fetch)]);
    assert_eq!(desk.peer.load(), Load::default());
    assert_eq!(desk.peer.next_timeout(), None);
    assert!(desk.delivered(fetch).is_empty(), "a late end is ignored");
}

#[test]
fn a_home_finishes_what_it_began_at_the_origin() {
    let mut desk = Desk::in_site(&[0, 1]);
    let chunk = chunk_of(&[0, 1], &[0, 1]);
    let (request, outputs) = desk.want(chunk);
    let probe = fetch_from(&outputs, at(1));
    let outputs = desk.ended(probe, Outcome::NotHere);
    let fetch = fetch_from(&outputs, Source::Origin);
    assert!(desk.tell(Input::Cancel(request)).is_empty());
    assert!(desk.delivered(fetch).is_empty());
    assert_eq!(desk.peer.state(chunk), ChunkState::Have);
}

#[test]
fn fetches_at_once_are_bounded_and_the_most_urgent_is_next() {
    let config = Config {
        origin_fetches: 2,
        ..Config::default()
    };
    let mut desk = Desk::alone(config);
    let chunks: Vec<_> = (0..6u8).map(|n| ChunkId([n; 32])).collect();
    let mut running = Vec::new();
    for (n, chunk) in chunks.iter().enumerate() {
        let (_, outputs) = desk.want_by(*chunk, 60_000 - n as u64);
        running.extend(outputs);
    }
    assert_eq!(running.len(), 2);
    assert_eq!(desk.peer.state(chunks[5]), ChunkState::Wanted);
    let Output::Fetch(first) = running[0] else {
        panic!()
    };
    let outputs = desk.delivered(first.fetch);
    assert!(
        matches!(outputs[..], [Output::Deliver { .. }, Output::Fetch(f)] if f.chunk == chunks[5])
    );
}

#[test]
fn a_missed_roster_change_is_asked_about() {
    let mut desk = Desk::in_site(&SITE);
    let change = |from| crate::wire::RosterChange {
        from,
        to: from + 1,
        upsert: vec![],
        remove: vec![],
    };
    assert_eq!(desk.tell(Input::Change(change(5))), [Output::WantRoster]);
    assert!(desk.tell(Input::Change(change(6))).is_empty());
    desk.tell(Input::ControlLost);
    assert_eq!(desk.tell(Input::Change(change(7))), [Output::WantRoster]);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic = "outputs were not taken"]
fn an_input_before_the_outputs_were_taken_is_misuse() {
    let mut desk = Desk::alone(Config::default());
    let now = desk.now;
    let want = |n| Want {
        request: RequestId(n),
        chunk: ChunkId([n as u8; 32]),
        len: 1,
        deadline: now,
        priority: Priority::File,
    };
    desk.peer.handle(Input::Want(want(1)), now);
    desk.peer.handle(Input::Want(want(2)), now);
}
