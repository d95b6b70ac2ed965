//! What an office may take over its WAN, and what it is told to hold.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_with_a_cap_takes_only_what_is_leased() {
    let dms = Dms::start().await;
    dms.cap(1_000_000);
    let peers = office(&dms, 3).await;
    tokio::join!(
        peers[0].play(&dms),
        peers[1].play(&dms),
        peers[2].play(&dms)
    );
    let sums = dms.leased_and_taken();
    assert_eq!(sums.len(), 3, "each said that it is there: {sums:?}");
    for (leased, taken) in sums.values() {
        assert!(taken <= leased, "{sums:?}");
    }
    let taken: u64 = sums.values().map(|(_, taken)| taken).sum();
    assert!(taken >= dms.bytes(), "it played: {sums:?}");
    for (chunk, askers) in dms.copies() {
        assert_eq!(askers.len(), 1, "{chunk:?}: {askers:?}");
    }
    for peer in peers {
        peer.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_that_is_to_hold_a_title_fetches_it_once_and_keeps_it_twice() {
    let dms = Dms::start().await;
    dms.hold();
    let peers = office(&dms, 3).await;
    let chunks = dms.objects() as u64;
    let start = tokio::time::Instant::now();
    loop {
        let mut held = 0;
        for peer in &peers {
            held += peer.status().await["cache"]["chunks"].as_u64().unwrap();
        }
        if held >= 2 * chunks {
            break;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{held} of {} are held",
            2 * chunks
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Now the DMS may go: the office plays what nobody played before.
    dms.go_away();
    let [_, _, from_origin] = peers[0].play(&dms).await;
    assert_eq!(from_origin, 0);
    for peer in peers {
        peer.end().await;
    }
}
