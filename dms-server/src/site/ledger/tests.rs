//! Leases as connected peers get them.

use std::time::Instant;

use serde_json::json;
use swarm::wire::{LeaseAsk, ToDms, ToPeer};

use crate::testing::Server;
use crate::testing::device::{Control, Device};

const MIB: u64 = 1 << 20;
const CAP: u64 = 8 * MIB;

/// The next lease of bytes.
async fn lease(control: &mut Control) -> u64 {
    loop {
        match control.expect().await {
            ToPeer::Lease(lease) if lease.bytes > 0 => return lease.bytes,
            ToPeer::Lease(lease) => assert!(lease.among > 0),
            _ => {}
        }
    }
}

/// Leases until there are 6 MiB.
async fn all(control: &mut Control) -> u64 {
    let mut sum = 0;
    while sum < 6 * MIB {
        sum += lease(control).await;
    }
    sum
}

fn files(files: u64) -> ToDms {
    ToDms::Lease(LeaseAsk {
        files,
        ..LeaseAsk::default()
    })
}

#[tokio::test]
async fn two_peers_of_a_capped_site_never_get_more_than_the_cap_together() {
    let server = Server::start().await;
    let site = json!({
        "name": "Lyon", "subnets": ["127.1.0.0/16"], "wan_cap_bytes_per_second": CAP,
    });
    server.post("/api/v1/sites", site).await;
    let a = Device::enroll(&server, "a").await;
    let b = Device::enroll(&server, "b").await;
    let mut on_a = a.control("127.1.0.1").await;
    let mut on_b = b.control("127.1.0.2").await;
    let start = Instant::now();
    on_a.send(&files(6 * MIB)).await;
    on_b.send(&files(6 * MIB)).await;
    let (got_a, got_b) = tokio::join!(all(&mut on_a), all(&mut on_b));
    assert_eq!(
        (got_a, got_b),
        (6 * MIB, 6 * MIB),
        "exactly what was asked for"
    );
    // The first chunk goes at once; each further one after the slices before it.
    let took = start.elapsed().as_micros();
    let least = u128::from(11 * MIB) * 1_000_000 / u128::from(CAP);
    assert!(took >= least, "{took} < {least} us: more than the cap");
    server.stop().await;
}
