//! Who is asked, in which order.

use super::*;
use crate::{
    content::ChunkId,
    peer::{Priority, RequestId, Want, job::Attempt},
    time::Micros,
};

const ME: DeviceId = DeviceId([0; 16]);
const NOW: Instant = Instant(1_000_000);
const LATE: Instant = Instant(9_000_000);

fn device(n: u8) -> DeviceId {
    DeviceId([n; 16])
}

fn peer(n: u8) -> Source {
    Source::Peer(device(n))
}

fn wanted() -> Job {
    let mut job = Job::new();
    job.wants.push(Want {
        request: RequestId(1),
        chunk: ChunkId([1; 32]),
        len: 100,
        deadline: LATE,
        priority: Priority::Playing,
    });
    job
}

fn running(job: &mut Job, source: Source) {
    let fetch = crate::peer::FetchId(job.running.len() as u64);
    job.running.push(Attempt {
        fetch,
        source,
        started: NOW,
        hops: 0,
        probe: false,
        named: false,
        by: None,
        began: false,
        counts_from: Instant(0),
        silent: false,
        len: 100,
    });
}

#[test]
fn the_order_follows_from_the_place_in_the_ranking() {
    use Role::{Home, LastResort, Origin, Probe};
    type Row<'a> = (&'a [u8], &'a [(Source, Role)]);
    let table: [Row<'_>; 6] = [
        (&[], &[(Source::Origin, Origin)]),
        (&[0], &[(Source::Origin, Origin)]),
        (&[0, 1], &[(peer(1), Probe), (Source::Origin, Origin)]),
        (&[1, 0], &[(peer(1), Home), (Source::Origin, LastResort)]),
        (
            &[1, 2],
            &[
                (peer(1), Home),
                (peer(2), Home),
                (Source::Origin, LastResort),
            ],
        ),
        (
            &[1, 2, 0],
            &[
                (peer(1), Home),
                (peer(2), Home),
                (Source::Origin, LastResort),
            ],
        ),
    ];
    for (homes, expected) in table {
        let homes: Vec<_> = homes.iter().map(|n| device(*n)).collect();
        let mut job = wanted();
        job.probes = homes.iter().copied().filter(|home| *home != ME).collect();
        let list = candidates(ME, &homes, &job);
        let list: Vec<_> = list.iter().map(|c| (c.source, c.role)).collect();
        assert_eq!(list, expected, "{homes:?}");
    }
}

#[test]
fn a_copy_that_nobody_needs_never_uses_the_origin() {
    let mut job = Job::new();
    job.copy_until = Some(LATE);
    let list = candidates(ME, &[device(1), ME], &job);
    assert_eq!(list.iter().map(|c| c.source).collect::<Vec<_>>(), [peer(1)]);
    job.gave_up_on(peer(1));
    assert_eq!(first(&list, &job, NOW, LATE), Next::Nobody);
}

#[test]
fn referred_peers_come_first_unless_peering_is_off() {
    let mut job = wanted();
    job.refer(&[device(7), device(7), device(8)], 1, None);
    let list = candidates(ME, &[device(1), device(2)], &job);
    assert_eq!(
        list[0],
        Candidate {
            source: peer(7),
            role: Role::Referred { hops: 1, by: None }
        }
    );
    assert_eq!(list[1].source, peer(8));
    assert_eq!(list[2].source, peer(1));
    assert_eq!(candidates(ME, &[], &job).len(), 1);
}

#[test]
fn the_origin_waits_for_a_busy_peer_until_the_deadline_calls() {
    let mut job = wanted();
    let list = candidates(ME, &[device(1), device(2)], &job);
    let ask = |job: &Job, now| match first(&list, job, now, LATE) {
        Next::Ask(c) => Ok(c.source),
        other => Err(other),
    };
    assert_eq!(ask(&job, NOW), Ok(peer(1)));
    job.try_again(peer(1), NOW, Micros::from_millis(50), Micros::from_secs(1));
    assert_eq!(ask(&job, NOW), Ok(peer(2)));
    job.gave_up_on(peer(2));
    let again = NOW + Micros::from_millis(50);
    assert_eq!(ask(&job, NOW), Err(Next::At(again)));
    assert_eq!(ask(&job, again), Ok(peer(1)));
    // The deadline has come: the origin, though a peer could be asked a little later.
    let close = first(&list, &job, NOW, NOW);
    assert!(matches!(close, Next::Ask(c) if c.role == Role::LastResort));
    // No peer is left: the origin at once.
    job.gave_up_on(peer(1));
    assert_eq!(ask(&job, NOW), Ok(Source::Origin));
}

#[test]
fn a_busy_peer_is_given_up_after_a_number_of_times_and_the_origin_never() {
    let mut job = wanted();
    for _ in 0..100 {
        job.try_again(peer(1), NOW, Micros(10), Micros(1000));
        job.try_again(Source::Origin, NOW, Micros(10), Micros(1000));
    }
    assert_eq!(job.askable_from(peer(1)), None);
    assert_eq!(job.askable_from(Source::Origin), Some(NOW + Micros(1000)));
}

#[test]
fn beside_a_running_source_the_next_in_the_list_is_asked() {
    let mut job = wanted();
    let list = candidates(ME, &[device(1), device(2)], &job);
    running(&mut job, peer(1));
    assert_eq!(beside(&list, &job, NOW).map(|c| c.source), Some(peer(2)));
    running(&mut job, peer(2));
    assert_eq!(
        beside(&list, &job, NOW).map(|c| c.source),
        Some(Source::Origin)
    );
    running(&mut job, Source::Origin);
    assert_eq!(beside(&list, &job, NOW), None);
    let mut job = wanted();
    job.probes = vec![device(1), device(2)];
    let probing = candidates(ME, &[ME, device(1)], &job);
    running(&mut job, peer(1));
    assert_eq!(
        beside(&probing, &job, NOW).map(|c| c.source),
        Some(Source::Origin)
    );
    let mut job = wanted();
    running(&mut job, Source::Origin);
    assert_eq!(
        beside(&list, &job, NOW),
        None,
        "nobody is hedged against the origin"
    );
}

#[test]
fn when_as_many_as_may_are_asked_only_the_origin_is_left() {
    let mut job = wanted();
    job.refer(&[device(7), device(8)], 1, None);
    let list = candidates(ME, &[device(1), device(2)], &job);
    assert_eq!(list.len(), 5);
    let left = origin_of(&list);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].source, Source::Origin);
    for n in [1, 7, 8] {
        running(&mut job, peer(n));
    }
    assert_eq!(beside(left, &job, NOW), Some(left[0]));
    running(&mut job, Source::Origin);
    assert_eq!(beside(left, &job, NOW), None);
    // A copy that nobody needs has no origin in its list.
    let list = candidates(ME, &[device(1), ME], &Job::new());
    assert_eq!(origin_of(&list), []);
}
