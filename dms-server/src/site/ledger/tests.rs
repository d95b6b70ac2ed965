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

/// What Lyon is, with a window that begins so many minutes from now and lasts an hour.
fn with_window(server: &Server, in_minutes: i64, cap: u64) -> serde_json::Value {
    let minute = server.app.clock.now_ms().div_euclid(60_000) + in_minutes;
    let stamp = |minute: i64| {
        let of_day = minute.rem_euclid(24 * 60);
        format!("{:02}:{:02}", of_day / 60, of_day % 60)
    };
    json!({
        "name": "Lyon", "subnets": ["127.1.0.0/16"], "wan_cap_bytes_per_second": CAP,
        "wan_hours": {"utc_offset_minutes": 0, "windows": [{
            "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "from": stamp(minute), "until": stamp(minute + 60), "wan_cap_bytes_per_second": cap,
        }]},
    })
}

/// The next site that the peer is told of.
async fn told(control: &mut Control) -> u64 {
    loop {
        if let ToPeer::Site { site: Some(site) } = control.expect().await {
            return site.wan_cap;
        }
    }
}

#[tokio::test]
async fn the_cap_of_a_window_holds_from_its_first_moment_for_peers_that_hold_leases_on_both_databases()
 {
    for server in Server::both_with(|_| {}).await {
        let site = server
            .post("/api/v1/sites", with_window(&server, 30, 2 * MIB))
            .await;
        assert_eq!(site["wan_cap_now_bytes_per_second"], CAP);
        let path = format!("/api/v1/sites/{}", crate::testing::text(&site["id"]));
        let a = Device::enroll(&server, "a").await;
        let mut on_a = a.control("127.1.0.1").await;
        on_a.send(&files(64 * MIB)).await;
        lease(&mut on_a).await;
        // A lease of the wide cap is on its way; now the window begins.
        server.app.clock.advance_ms(30 * 60_000);
        server.app.ledgers.hours.wake();
        assert_eq!(told(&mut on_a).await, 2 * MIB);
        let shown = server.get(&path).await;
        assert_eq!(shown["wan_cap_now_bytes_per_second"], 2 * MIB);
        assert_eq!(shown["wan_cap_bytes_per_second"], CAP);
        assert_eq!(
            shown["wan_hours"]["windows"][0]["wan_cap_bytes_per_second"],
            2 * MIB
        );
        lease(&mut on_a).await;
        // And when it ends, the site's own cap holds again.
        server.app.clock.advance_ms(60 * 60_000);
        server.app.ledgers.hours.wake();
        assert_eq!(told(&mut on_a).await, CAP);
        server.stop().await;
    }
}
