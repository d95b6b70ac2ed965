//! What a peer does for others.

use super::*;
use crate::wire::MAX_HOPS;

const SITE: [u8; 5] = [0, 1, 2, 3, 4];

/// A desk of a peer that holds a chunk and has this many slots.
fn holder(slots: usize, peers: &[u8]) -> (Desk, ChunkId) {
    let config = Config {
        upload_slots: slots,
        ..Config::default()
    };
    let mut desk = Desk::with(config, peers);
    let chunk = chunk_of(peers, &[0, 1]);
    desk.tell(Input::Holds(chunk));
    (desk, chunk)
}

#[test]
fn many_asks_at_home_1_are_one_fetch_from_the_origin() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[0, 1]);
    let (first, outputs) = desk.asked(2, chunk, 0);
    let probe = fetch_from(&outputs, at(1));
    let fetch = nobody_has_it(&mut desk, probe);
    let (second, outputs) = desk.asked(3, chunk, 0);
    assert!(outputs.is_empty());
    let (third, outputs) = desk.asked(4, chunk, 1);
    assert!(outputs.is_empty());
    let outputs = desk.delivered(fetch);
    assert_eq!(
        outputs,
        [first, second, third].map(|ask| answer(ask, Answer::Serve))
    );
    assert_eq!(desk.peer.counters().origin_fetches, 1);
    for ask in [first, second, third] {
        assert!(desk.tell(Input::Served(ask)).is_empty());
    }
    assert_eq!(desk.peer.load(), Load::default());
}

#[test]
fn a_new_home_1_waits_for_the_old_one_that_is_fetching_already() {
    let mut desk = Desk::in_site(&[0, 1]);
    let chunk = chunk_of(&[0, 1, 2], &[2, 0]);
    let (mine, outputs) = desk.want(chunk);
    let fetch = match fetch_from_any(&outputs) {
        (probe, Source::Peer(_)) => nobody_has_it(&mut desk, probe),
        (fetch, Source::Origin) => fetch,
    };
    desk.tell(Input::Roster(snapshot(2, &[0, 1, 2])));
    let (probe, outputs) = desk.asked(2, chunk, 0);
    assert_eq!(outputs, [answer(probe, Answer::Refer(vec![device(0)]))]);
    let (ask, outputs) = desk.asked(2, chunk, 1);
    assert!(outputs.is_empty());
    let outputs = desk.delivered(fetch);
    assert_eq!(
        outputs,
        [
            deliver(mine, chunk, Source::Origin),
            answer(ask, Answer::Serve)
        ]
    );
}

#[test]
fn who_refers_to_itself_is_asked_again_and_waited_for() {
    let mut desk = Desk::in_site(&[0, 1]);
    let chunk = chunk_of(&[0, 1], &[0, 1]);
    let (_, outputs) = desk.want(chunk);
    let probe = fetch_from(&outputs, at(1));
    let outputs = desk.ended(probe, Outcome::Referred(vec![device(1)]));
    fetch_from(&outputs, at(1));
    assert!(desk.pass(1000).is_empty(), "no hedge while there is time");
}

#[test]
fn home_2_gets_what_it_is_asked_for_from_home_1() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 0]);
    let (ask, outputs) = desk.asked(2, chunk, 0);
    let [Output::Fetch(fetch)] = outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((fetch.from, fetch.hops), (at(1), 1));
    // Home 1 is gone: home 2 takes over.
    let outputs = desk.ended(fetch.fetch, Outcome::Failed);
    let [Output::Fetch(fetch)] = outputs[..] else {
        panic!("{outputs:?}")
    };
    let fetch = match fetch.from {
        Source::Origin => fetch.fetch,
        Source::Peer(_) => nobody_has_it(&mut desk, fetch.fetch),
    };
    assert_eq!(desk.delivered(fetch), [answer(ask, Answer::Serve)]);
}

#[test]
fn a_home_before_this_one_is_never_kept_waiting_and_starts_a_copy() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 0]);
    let (ask, outputs) = desk.asked(1, chunk, 0);
    assert_eq!(outputs, [answer(ask, Answer::NotHere)]);
    assert_eq!(desk.peer.state(chunk), ChunkState::Wanted);
    let outputs = desk.pass(2000);
    let fetch = fetch_from(&outputs, at(1));
    assert!(desk.delivered(fetch).is_empty());
    assert_eq!(desk.peer.state(chunk), ChunkState::Have);
    assert_eq!(
        (desk.peer.load(), desk.peer.counters().copies),
        (Load::default(), 1)
    );
}

#[test]
fn a_copy_is_given_up_rather_than_fetched_over_the_wan() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 0]);
    desk.asked(1, chunk, 0);
    let outputs = desk.pass(2000);
    let fetch = fetch_from(&outputs, at(1));
    assert!(desk.ended(fetch, Outcome::NotHere).is_empty());
    assert_eq!(desk.peer.state(chunk), ChunkState::Missing);
}

#[test]
fn a_peer_that_is_no_home_passes_on_until_the_hops_are_used_up() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (ask, outputs) = desk.asked(3, chunk, 0);
    assert_eq!(
        outputs,
        [answer(ask, Answer::Refer(vec![device(1), device(2)]))]
    );
    let (ask, outputs) = desk.asked(2, chunk, 0);
    assert_eq!(outputs, [answer(ask, Answer::Refer(vec![device(1)]))]);
    let (ask, outputs) = desk.asked(3, chunk, MAX_HOPS);
    assert_eq!(outputs, [answer(ask, Answer::NotHere)]);
}

#[test]
fn two_peers_never_wait_for_each_other() {
    let mut desk = Desk::in_site(&SITE);
    let chunk = chunk_of(&SITE, &[1, 2]);
    let (_, outputs) = desk.want(chunk);
    fetch_from(&outputs, at(1));
    let (ask, outputs) = desk.asked(1, chunk, 0);
    assert_eq!(outputs, [answer(ask, Answer::NotHere)]);
    // Another one may wait for what is on its way.
    let (_, outputs) = desk.asked(3, chunk, 1);
    assert!(outputs.is_empty());
}

#[test]
fn strangers_and_floods_are_turned_away() {
    let (mut desk, chunk) = holder(8, &SITE);
    let (ask, outputs) = desk.asked(99, chunk, 0);
    assert_eq!(outputs, [answer(ask, Answer::Busy)]);
    let mut waiting = 0;
    for _ in 0..1000 {
        let (_, outputs) = desk.asked(3, chunk, 0);
        waiting += usize::from(outputs.is_empty() || outputs.iter().any(is_serve));
    }
    assert_eq!(waiting, MAX_ASKS_PER_DEVICE);
    let (ask, outputs) = desk.asked(4, chunk, 0);
    assert_eq!(
        outputs,
        [answer(ask, Answer::Serve)],
        "others are served all the same"
    );
}

fn is_serve(output: &Output) -> bool {
    matches!(
        output,
        Output::Answer {
            answer: Answer::Serve,
            ..
        }
    )
}

#[test]
fn full_slots_refer_to_who_took_the_chunk_before() {
    let (mut desk, chunk) = holder(1, &SITE);
    let (first, outputs) = desk.asked(2, chunk, 0);
    assert!(is_serve(&outputs[0]));
    // Nobody else has it yet: wait.
    let (second, outputs) = desk.asked(3, chunk, 0);
    assert!(outputs.is_empty());
    let (third, outputs) = desk.asked(4, chunk, 0);
    assert!(outputs.is_empty());
    let outputs = desk.tell(Input::Served(first));
    let referral = Answer::Refer(vec![device(2)]);
    assert_eq!(
        outputs,
        [
            answer(second, Answer::Serve),
            answer(third, referral.clone())
        ]
    );
    let (ask, outputs) = desk.asked(4, chunk, 0);
    assert_eq!(outputs, [answer(ask, referral)]);
    let (_, outputs) = desk.asked(4, chunk, MAX_HOPS);
    assert!(outputs.is_empty(), "a request at its last hop waits");
}

#[test]
fn a_slot_is_free_again_when_the_asker_is_gone() {
    let (mut desk, chunk) = holder(1, &SITE);
    let (first, _) = desk.asked(2, chunk, 0);
    let (second, _) = desk.asked(3, chunk, 0);
    let (third, _) = desk.asked(4, chunk, 0);
    assert!(desk.tell(Input::AskGone(second)).is_empty());
    assert_eq!(
        desk.tell(Input::AskGone(first)),
        [answer(third, Answer::Serve)]
    );
    assert!(desk.tell(Input::AskGone(third)).is_empty());
    assert_eq!(desk.peer.load(), Load::default());
    assert!(
        desk.tell(Input::Served(third)).is_empty(),
        "it is not a holder"
    );
}

#[test]
fn nobody_waits_longer_than_is_any_use() {
    let (mut desk, chunk) = holder(1, &SITE);
    desk.asked(2, chunk, 0);
    let (waiting, _) = desk.asked(3, chunk, 0);
    let missing = chunk_of(&SITE, &[0, 2]);
    let (other, outputs) = desk.asked(3, missing, 0);
    fetch_from(&outputs, at(2));
    let outputs = desk.pass(60_000);
    assert!(outputs.contains(&answer(waiting, Answer::Busy)));
    let come_again = Answer::Refer(vec![device(0)]);
    assert!(outputs.contains(&answer(other, come_again)));
}

#[test]
fn pausing_turns_away_who_waits_and_lets_uploads_end() {
    let (mut desk, chunk) = holder(1, &SITE);
    let (served, _) = desk.asked(2, chunk, 0);
    let (queued, _) = desk.asked(3, chunk, 0);
    let missing = chunk_of(&SITE, &[0, 2]);
    let (waiting, _) = desk.asked(4, missing, 0);
    let outputs = desk.tell(Input::Sharing(Sharing::Paused));
    assert!(outputs.contains(&answer(queued, Answer::NotHere)));
    assert!(outputs.contains(&answer(waiting, Answer::NotHere)));
    assert!(desk.tell(Input::Served(served)).is_empty());
    assert_eq!(desk.peer.load().asks, 0);
}

#[test]
fn an_evicted_chunk_is_fetched_again_from_who_took_it() {
    let (mut desk, chunk) = holder(2, &SITE);
    let (ask, _) = desk.asked(3, chunk, 0);
    desk.tell(Input::Served(ask));
    desk.tell(Input::Evicted(chunk));
    desk.pass(1);
    let (_, outputs) = desk.asked(4, chunk, 0);
    fetch_from(&outputs, at(3));
}

#[test]
fn a_chunk_nobody_has_is_not_sought_again_and_again() {
    let mut desk = Desk::in_site(&[0, 1]);
    let chunk = chunk_of(&[0, 1], &[0, 1]);
    let (first, outputs) = desk.asked(1, chunk, 0);
    // The asker is home 2, so that there is nobody else to ask.
    let fetch = match outputs[..] {
        [Output::Fetch(f)] if f.from == at(1) => {
            fetch_from(&desk.ended(f.fetch, Outcome::NotHere), Source::Origin)
        }
        _ => fetch_from(&outputs, Source::Origin),
    };
    assert_eq!(
        desk.ended(fetch, Outcome::NotHere),
        [answer(first, Answer::NotHere)]
    );
    let (second, outputs) = desk.asked(1, chunk, 0);
    assert_eq!(outputs, [answer(second, Answer::NotHere)]);
    desk.pass(6000);
    let (_, outputs) = desk.asked(1, chunk, 0);
    assert!(matches!(outputs[..], [Output::Fetch(_)]));
}

#[test]
fn a_living_peer_is_never_silent_for_long() {
    let mut desk = Desk::with(
        Config {
            upload_slots: 1,
            ..Config::default()
        },
        &SITE,
    );
    // It seeks this one as a home.
    let sought = chunk_of(&SITE, &[0, 1]);
    let (ask, outputs) = desk.asked(2, sought, 0);
    assert_eq!(outputs.len(), 1, "{outputs:?}");
    let come_again = answer(ask, Answer::Refer(vec![device(0)]));
    assert!(desk.pass(1_900).iter().all(|o| *o != come_again));
    assert!(desk.pass(200).contains(&come_again));
    // This one is here, but the only slot is taken.
    let held = chunk_of(&SITE, &[0, 2]);
    desk.tell(Input::Holds(held));
    let (first, outputs) = desk.asked(1, held, 4);
    assert_eq!(outputs, [answer(first, Answer::Serve)]);
    let (second, outputs) = desk.asked(2, held, 4);
    assert_eq!(outputs, []);
    assert!(desk.pass(2_100).contains(&answer(second, Answer::Busy)));
}
