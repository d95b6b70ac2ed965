//! Sites, rosters and control connections, with real devices on loopback addresses.

use http::Method;
use serde_json::json;
use swarm::content::{ChunkId, DeviceId, TitleId};
use swarm::site::{Applied, RosterView};
use swarm::wire::{BadChunk, Sharing, ToDms, ToPeer, TransferTotals};

use super::*;
use crate::testing::device::{Control, Device};
use crate::testing::{Server, refusal, text};

mod questions;
mod rules;

#[tokio::test]
async fn sites_are_made_changed_listed_and_deleted_on_both_databases() {
    for server in Server::both().await {
        let lyon = server.site("Lyon", "10.20.0.0/16").await;
        assert_eq!(lyon["peering"], "on");
        assert_eq!(lyon["wan_copies"], 0.0);
        let path = format!("/api/v1/sites/{}", text(&lyon["id"]));
        let change = json!({
            "name": "Lyon 2", "subnets": ["10.20.0.0/17", "fd00:20::/32"],
            "peering": "consume_only", "wan_cap_bytes_per_second": 1_000_000,
        });
        let put = crate::testing::json(server.request(Method::PUT, &path).json(&change)).await;
        assert_eq!(put["id"], lyon["id"]);
        let list = server.get("/api/v1/sites").await;
        assert_eq!(list["items"].as_array().expect("items").len(), 1);
        let got = server.get(&path).await;
        assert_eq!(got, list["items"][0]);
        assert_eq!(got["subnets"], change["subnets"]);
        assert_eq!(got["peering"], "consume_only");
        assert_eq!(got["wan_cap_bytes_per_second"], 1_000_000);

        let gone = server
            .request(Method::DELETE, &path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(gone.status(), 204);
        for method in [Method::GET, Method::DELETE, Method::PUT] {
            let (status, problem) = refusal(server.request(method, &path).json(&change)).await;
            assert_eq!((status, problem.code.as_str()), (404, "site_not_found"));
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_site_that_cannot_be_is_refused_with_the_field_and_the_fix() {
    for server in Server::both().await {
        server.site("Lyon", "10.20.0.0/16").await;
        let cases = [
            (json!({"name": "", "subnets": []}), 400, "/name", "length"),
            (
                json!({"name": "B", "subnets": ["10.1.2.3/16"]}),
                400,
                "/subnets/0",
                "invalid_subnet",
            ),
            (
                json!({"name": "B", "subnets": ["x"]}),
                400,
                "/subnets/0",
                "invalid_subnet",
            ),
            (
                json!({"name": "B", "subnets": ["10.0.0.0/33"]}),
                400,
                "/subnets/0",
                "invalid_subnet",
            ),
            (
                json!({"name": "B", "subnets": ["10.1.0.0/16", "10.1.0.0/16"]}),
                400,
                "/subnets/1",
                "repeated",
            ),
            (
                json!({"name": "B", "subnets": ["10.9.0.0/16", "10.20.0.0/16"]}),
                409,
                "/subnets/1",
                "overlap",
            ),
            (
                json!({"name": "Lyon", "subnets": []}),
                409,
                "/name",
                "taken",
            ),
        ];
        for (body, status, pointer, code) in cases {
            let asked = server.request(Method::POST, "/api/v1/sites").json(&body);
            let (got, problem) = refusal(asked).await;
            let error = &problem.errors[0];
            let found = (got, error.pointer.as_str(), error.code.as_str());
            assert_eq!(found, (status, pointer, code), "{body}");
        }
        let host_bits = json!({"name": "B", "subnets": ["10.1.2.3/16"]});
        let asked = server
            .request(Method::POST, "/api/v1/sites")
            .json(&host_bits);
        assert!(
            refusal(asked).await.1.errors[0].fix.contains("10.1.0.0/16"),
            "it offers the fix"
        );
        // A smaller subnet inside is an exception to the larger one, not an overlap.
        server.site("Lyon lab", "10.20.4.0/24").await;
        let site = server
            .app
            .sites
            .site_of("10.20.4.1".parse().expect("an address"));
        let name = site.and_then(|site| server.app.sites.site_name(site));
        assert_eq!(name.as_deref(), Some("Lyon lab"));
        server.stop().await;
    }
}

/// Reads the welcome; answers the name of the site.
async fn welcome(control: &mut Control, device: &Device) -> Option<String> {
    match control.expect().await {
        ToPeer::Welcome {
            device: named,
            site,
            ..
        } => {
            assert_eq!(named, device.id);
            site.map(|site| site.name)
        }
        other => panic!("{other:?} is no welcome"),
    }
}

async fn roster(control: &mut Control) -> RosterView {
    let mut view = RosterView::default();
    match control.expect().await {
        ToPeer::Roster(snapshot) => assert_eq!(view.snapshot(snapshot), Applied::Yes),
        other => panic!("{other:?} is no roster"),
    }
    view
}

async fn follow(control: &mut Control, view: &mut RosterView) {
    match control.expect().await {
        ToPeer::Change(change) => assert_eq!(view.change(change), Applied::Yes),
        other => panic!("{other:?} is no change"),
    }
}

fn peers(view: &RosterView) -> Vec<(DeviceId, u32)> {
    view.peers()
        .map(|peer| (peer.device, peer.weight))
        .collect()
}

#[tokio::test]
async fn two_peers_of_a_site_follow_one_roster() {
    for server in Server::both().await {
        server.site("Lyon", "127.1.0.0/16").await;
        let (a, b) = (
            Device::enroll(&server, "a").await,
            Device::enroll(&server, "b").await,
        );
        let mut on_a = a.control("127.1.0.1").await;
        assert_eq!(welcome(&mut on_a, &a).await.as_deref(), Some("Lyon"));
        let mut seen_by_a = roster(&mut on_a).await;
        assert_eq!(peers(&seen_by_a), [(a.id, 100)]);

        let mut on_b = b.control("127.1.0.2").await;
        welcome(&mut on_b, &b).await;
        let mut seen_by_b = roster(&mut on_b).await;
        follow(&mut on_a, &mut seen_by_a).await;
        assert_eq!(peers(&seen_by_a), peers(&seen_by_b));
        assert_eq!(peers(&seen_by_a).len(), 2);

        on_b.send(&ToDms::State {
            weight: 100,
            sharing: Sharing::Paused,
        })
        .await;
        follow(&mut on_a, &mut seen_by_a).await;
        follow(&mut on_b, &mut seen_by_b).await;
        assert_eq!(
            seen_by_a.peer(b.id).expect("there").weight,
            0,
            "a paused peer is no home"
        );
        assert_eq!(seen_by_a.version(), seen_by_b.version());

        on_a.send(&ToDms::WantRoster).await;
        assert_eq!(peers(&roster(&mut on_a).await), peers(&seen_by_a));

        let moved = TransferTotals {
            from_origin: 1,
            from_peers: 2,
            to_peers: 3,
            cached: 4,
        };
        on_b.send(&ToDms::Totals(moved)).await;
        // An answer to a later question proves that the totals were read.
        on_b.send(&ToDms::Resolve {
            request: 9,
            title: TitleId([9; 16]),
        })
        .await;
        assert_eq!(
            on_b.expect().await,
            ToPeer::Head {
                request: 9,
                head: None
            }
        );
        let devices = server.get("/api/v1/devices").await;
        assert_eq!(devices["items"][0]["peer"]["to_peers_bytes"], 3);
        assert_eq!(devices["items"][0]["state"], "online");
        assert_eq!(server.get("/api/v1/sites").await["items"][0]["peers"], 2);

        drop(on_b);
        follow(&mut on_a, &mut seen_by_a).await;
        assert_eq!(peers(&seen_by_a), [(a.id, 100)]);
        server.stop().await;
    }
}

#[tokio::test]
async fn an_address_in_no_site_gets_no_roster() {
    let server = Server::start().await;
    server.site("Lyon", "127.1.0.0/16").await;
    server
        .post(
            "/api/v1/sites",
            json!({"name": "Off", "subnets": ["127.9.0.0/16"], "peering": "off"}),
        )
        .await;
    let outside = Device::enroll(&server, "outside").await;
    let mut control = outside.control("127.2.0.1").await;
    assert_eq!(welcome(&mut control, &outside).await, None);
    let off = Device::enroll(&server, "off").await;
    let mut control = off.control("127.9.0.1").await;
    assert_eq!(welcome(&mut control, &off).await.as_deref(), Some("Off"));
    control.send(&ToDms::WantRoster).await;
    control
        .send(&ToDms::Resolve {
            request: 1,
            title: TitleId([1; 16]),
        })
        .await;
    assert!(
        matches!(control.expect().await, ToPeer::Head { .. }),
        "no roster came before it"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_peer_that_listens_in_another_site_gets_none() {
    let server = Server::start().await;
    server.site("Lyon", "127.1.0.0/16").await;
    server.site("Paris", "127.2.0.0/16").await;
    let device = Device::enroll(&server, "liar").await;
    for listen in ["127.2.0.1:7745", "10.0.0.1:7745", "nonsense", "127.1.0.1"] {
        let attached = server.app.sites.join(
            device.id,
            "127.1.0.1".parse().expect("an address"),
            hub::Hello {
                agent: "test".into(),
                listen: listen.into(),
                weight: 100,
                sharing: Sharing::On,
            },
            10,
        );
        assert_eq!(
            server.app.sites.peer(device.id).expect("there").site,
            None,
            "{listen}"
        );
        server.app.sites.leave(device.id, attached.number);
    }
    server.stop().await;
}

#[tokio::test]
async fn peers_move_when_the_sites_change() {
    let server = Server::start().await;
    let lyon = server.site("Lyon", "127.1.0.0/16").await;
    let device = Device::enroll(&server, "a").await;
    let mut control = device.control("127.1.0.1").await;
    welcome(&mut control, &device).await;
    roster(&mut control).await;

    server.site("Lab", "127.1.0.0/24").await;
    match control.expect().await {
        ToPeer::Site { site } => assert_eq!(site.expect("a site").name, "Lab"),
        other => panic!("{other:?} is no site"),
    }
    assert_eq!(peers(&roster(&mut control).await), [(device.id, 100)]);

    let list = server.get("/api/v1/sites").await;
    let lab = &list["items"][0];
    let path = format!("/api/v1/sites/{}", text(&lab["id"]));
    let consume = json!({"name": "Lab", "subnets": ["127.1.0.0/24"], "peering": "consume_only"});
    crate::testing::json(server.request(Method::PUT, &path).json(&consume)).await;
    assert!(matches!(control.expect().await, ToPeer::Site { .. }));
    assert_eq!(
        peers(&roster(&mut control).await),
        [(device.id, 0)],
        "nobody gives there"
    );

    for id in [&lab["id"], &lyon["id"]] {
        let path = format!("/api/v1/sites/{}", text(id));
        server
            .request(Method::DELETE, &path)
            .send()
            .await
            .expect("an answer");
    }
    assert!(
        matches!(control.expect().await, ToPeer::Site { site: Some(_) }),
        "Lyon again"
    );
    roster(&mut control).await;
    assert_eq!(control.expect().await, ToPeer::Site { site: None });
    server.stop().await;
}

#[tokio::test]
async fn a_new_cap_or_name_of_a_site_is_told_and_nobody_moves() {
    let server = Server::start().await;
    let lyon = server.site("Lyon", "127.1.0.0/16").await;
    let device = Device::enroll(&server, "a").await;
    let mut control = device.control("127.1.0.1").await;
    welcome(&mut control, &device).await;
    let mut view = roster(&mut control).await;
    let path = format!("/api/v1/sites/{}", text(&lyon["id"]));
    let capped = json!({"name": "Lyon 2", "subnets": ["127.1.0.0/16"], "peering": "on",
                        "wan_cap_bytes_per_second": 1_000});
    crate::testing::json(server.request(Method::PUT, &path).json(&capped)).await;
    match control.expect().await {
        ToPeer::Site { site: Some(site) } => {
            assert_eq!((site.name.as_str(), site.wan_cap), ("Lyon 2", 1_000));
        }
        other => panic!("{other:?} is no site"),
    }
    // The next it hears of the roster is the next change of it.
    let other = Device::enroll(&server, "b").await;
    let _on_other = other.control("127.1.0.2").await;
    follow(&mut control, &mut view).await;
    assert_eq!(peers(&view).len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_burst_of_changes_ends_with_everybody_knowing_the_last() {
    let server = Server::start().await;
    server.site("Lyon", "127.1.0.0/16").await;
    let (a, b) = (
        Device::enroll(&server, "a").await,
        Device::enroll(&server, "b").await,
    );
    let mut on_a = a.control("127.1.0.1").await;
    welcome(&mut on_a, &a).await;
    let mut view = roster(&mut on_a).await;
    let mut on_b = b.control("127.1.0.2").await;
    welcome(&mut on_b, &b).await;
    for weight in 1..=60 {
        let sharing = Sharing::On;
        on_b.send(&ToDms::State { weight, sharing }).await;
    }
    let mut changes = 0;
    while view.peer(b.id).is_none_or(|peer| peer.weight != 60) {
        follow(&mut on_a, &mut view).await;
        changes += 1;
        assert!(changes <= 61, "one change a message at most");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_peer_is_cut_off_and_shunned() {
    let server = Server::start().await;
    server.site("Lyon", "127.1.0.0/16").await;
    let (a, b) = (
        Device::enroll(&server, "a").await,
        Device::enroll(&server, "b").await,
    );
    let mut on_a = a.control("127.1.0.1").await;
    welcome(&mut on_a, &a).await;
    let mut view = roster(&mut on_a).await;
    let mut on_b = b.control("127.1.0.2").await;
    welcome(&mut on_b, &b).await;
    follow(&mut on_a, &mut view).await;

    let path = format!("/api/v1/devices/{}", b.id);
    server
        .request(Method::DELETE, &path)
        .send()
        .await
        .expect("an answer");
    follow(&mut on_a, &mut view).await;
    assert_eq!(peers(&view), [(a.id, 100)]);
    assert_eq!(on_a.expect().await, ToPeer::Banned(vec![b.id]));
    assert!(on_b.closed().await.contains("revoked"));

    // Who connects later is told too, also after a restart.
    drop(on_a);
    let server = server.restart().await;
    let c = Device::enroll(&server, "c").await;
    let mut on_c = c.control("127.1.0.3").await;
    welcome(&mut on_c, &c).await;
    assert_eq!(on_c.expect().await, ToPeer::Banned(vec![b.id]));
    server.stop().await;
}

#[tokio::test]
async fn the_newer_connection_of_a_device_replaces_the_older() {
    let server = Server::start().await;
    server.site("Lyon", "127.1.0.0/16").await;
    let device = Device::enroll(&server, "a").await;
    let mut old = device.control("127.1.0.1").await;
    welcome(&mut old, &device).await;
    let mut new = device.control("127.1.0.1").await;
    welcome(&mut new, &device).await;
    assert!(old.closed().await.contains("replaced"));
    assert_eq!(peers(&roster(&mut new).await), [(device.id, 100)]);
    server.stop().await;
}

#[tokio::test]
async fn misbehaving_peers_are_disconnected_with_the_reason() {
    let server = Server::with(|config| config.device.heartbeat_s = 1).await;
    let device = Device::enroll(&server, "a").await;
    let mut garbage = device.control("127.0.0.1").await;
    welcome(&mut garbage, &device).await;
    garbage.send_frame(vec![0xff; 8]).await;
    assert_eq!(garbage.closed().await, "not a control message");

    let mut twice = device.control("127.0.0.1").await;
    welcome(&mut twice, &device).await;
    let hello = ToDms::Hello {
        protocol: 1,
        agent: "x".into(),
        listen: "127.0.0.1:1".into(),
        weight: 1,
        sharing: Sharing::On,
    };
    twice.send(&hello).await;
    assert_eq!(twice.closed().await, "a second hello");

    let mut silent = device.control("127.0.0.1").await;
    welcome(&mut silent, &device).await;
    assert_eq!(silent.closed().await, "silent for too long");
    assert!(server.app.sites.peer(device.id).is_none());
    server.stop().await;
}

#[tokio::test]
async fn a_stopping_server_says_when_to_come_back() {
    let server = Server::start().await;
    let device = Device::enroll(&server, "a").await;
    let mut control = device.control("127.0.0.1").await;
    welcome(&mut control, &device).await;
    let stopped = tokio::spawn(server.stop());
    match control.expect().await {
        ToPeer::Goodbye { retry_after_ms } => assert!((500..5_000).contains(&retry_after_ms)),
        other => panic!("{other:?} is no goodbye"),
    }
    assert_eq!(control.closed().await, "the server stops");
    stopped.await.expect("stopped");
}

#[tokio::test]
async fn reports_of_bad_chunks_are_recorded_once_and_ban_nobody() {
    for server in Server::both().await {
        server.site("Lyon", "127.1.0.0/16").await;
        let (a, b) = (
            Device::enroll(&server, "a").await,
            Device::enroll(&server, "b").await,
        );
        let mut control = a.control("127.1.0.1").await;
        welcome(&mut control, &a).await;
        roster(&mut control).await;
        let bad = BadChunk {
            from: b.id,
            chunk: ChunkId([1; 32]),
            got: ChunkId([2; 32]),
        };
        for _ in 0..3 {
            control.send(&ToDms::Bad(bad.clone())).await;
        }
        control
            .send(&ToDms::Resolve {
                request: 1,
                title: TitleId([1; 16]),
            })
            .await;
        assert!(matches!(control.expect().await, ToPeer::Head { .. }));
        let metrics = server
            .request(Method::GET, "/metrics")
            .send()
            .await
            .expect("an answer");
        let metrics = metrics.text().await.expect("text");
        assert!(
            metrics.contains("dms_bad_chunks_total{site=\"Lyon\"} 1\n"),
            "{metrics}"
        );
        let device = crate::device::db::active(&server.app.db, uuid::Uuid::from_bytes(b.id.0));
        assert!(
            device.await.expect("the database").is_some(),
            "one device's word bans nobody"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_disconnected_and_the_others_go_on() {
    let hub = hub::Hub::default();
    let id = SiteId([1; 16]);
    let site = Site {
        id,
        name: "Lyon".into(),
        subnets: vec!["10.0.0.0/8".parse().expect("a subnet")],
        peering: Peering::On,
        wan_cap: 0,
        hours: Default::default(),
    };
    hub.configure(vec![site.clone()], map_of(&[site]).expect("a map"), 1);
    let join = |n: u8| {
        let hello = hub::Hello {
            agent: "test".into(),
            listen: format!("10.0.0.{n}:7745"),
            weight: 100,
            sharing: Sharing::On,
        };
        hub.join(
            DeviceId([n; 16]),
            "10.0.0.1".parse().expect("an address"),
            hello,
            10,
        )
    };
    let slow = join(1);
    let mut quick = join(2);
    for round in 0..1_000_u32 {
        let mut gone = [9; 16];
        gone[..4].copy_from_slice(&round.to_be_bytes());
        hub.revoke(DeviceId(gone));
        while quick.outgoing.try_recv().is_ok() {}
    }
    assert!(slow.ended.is_cancelled());
    assert!(!quick.ended.is_cancelled());
}
