//! Who may give and who may take: by the site's rule, and by what others say of a device.

use super::*;
use crate::auth::Role;

/// What a peer must be told where it is: its rule, and the weights of its site's roster if it gets one.
async fn told(control: &mut Control) -> (Option<Peering>, Option<Vec<u32>>) {
    let site = match control.expect().await {
        ToPeer::Welcome { site, .. } => site,
        other => panic!("{other:?} is no welcome"),
    };
    let request = 7;
    let title = TitleId([1; 16]);
    control.send(&ToDms::WantRoster).await;
    control.send(&ToDms::Resolve { request, title }).await;
    let mut weights = None;
    loop {
        match control.expect().await {
            ToPeer::Roster(roster) => {
                weights = Some(roster.peers.iter().map(|peer| peer.weight).collect());
            }
            ToPeer::Head { .. } => return (site.map(|site| site.peering), weights),
            other => panic!("{other:?} was not asked for"),
        }
    }
}

#[tokio::test]
async fn the_rule_of_its_address_decides_what_a_peer_is_told() {
    let server = Server::start().await;
    for (name, subnet, peering) in [
        ("on", "127.1.0.0/16", "on"),
        ("takers", "127.2.0.0/16", "consume_only"),
        ("off", "127.3.0.0/16", "off"),
        // An exception inside a site: the longest prefix wins.
        ("lab", "127.1.7.0/24", "off"),
    ] {
        let site = json!({"name": name, "subnets": [subnet], "peering": peering});
        server.post("/api/v1/sites", site).await;
    }
    let device = Device::enroll(&server, "a").await;
    for (address, rule, weights) in [
        ("127.1.0.1", Some(Peering::On), Some(vec![100])),
        ("127.2.0.1", Some(Peering::ConsumeOnly), Some(vec![0])),
        ("127.3.0.1", Some(Peering::Off), None),
        ("127.1.7.1", Some(Peering::Off), None),
        ("127.4.0.1", None, None),
    ] {
        let mut control = device.control(address).await;
        assert_eq!(told(&mut control).await, (rule, weights), "{address}");
    }
    server.stop().await;
}

/// A report, and an answer that shows that the server took it.
async fn report(control: &mut Control, culprit: DeviceId, chunk: u8) {
    let bad = BadChunk {
        from: culprit,
        chunk: ChunkId([chunk; 32]),
        got: ChunkId([0xee; 32]),
    };
    control.send(&ToDms::Bad(bad)).await;
    let (request, title) = (1, TitleId([1; 16]));
    control.send(&ToDms::Resolve { request, title }).await;
    while !matches!(control.expect().await, ToPeer::Head { .. }) {}
}

async fn banned(server: &Server) -> Vec<serde_json::Value> {
    let list = server.get("/api/v1/devices?banned=true").await;
    list["items"].as_array().expect("items").clone()
}

async fn pardon(server: &Server, device: DeviceId) -> (u16, String) {
    let path = format!("/api/v1/devices/{device}/pardon");
    let answer = server.request(Method::POST, &path).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    let problem: serde_json::Value = answer.json().await.unwrap_or_default();
    (
        status,
        problem["code"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_reported_device_is_listed_with_its_evidence_and_pardoned_once_for_it() {
    for server in Server::both().await {
        server.site("Lyon", "127.1.0.0/16").await;
        let reporter = Device::enroll(&server, "reporter").await;
        let culprit = Device::enroll(&server, "culprit").await;
        let mut control = reporter.control("127.1.0.1").await;
        assert_eq!(banned(&server).await.len(), 0);
        assert_eq!(
            pardon(&server, culprit.id).await,
            (409, "not_banned".into())
        );
        for chunk in [1, 2, 2] {
            report(&mut control, culprit.id, chunk).await;
        }
        let list = banned(&server).await;
        let shown = (
            list.len(),
            &list[0]["name"],
            &list[0]["reported"]["reports"],
        );
        assert_eq!(shown, (1, &json!("culprit"), &json!(2)));
        let path = format!("/api/v1/devices/{}/reports", culprit.id);
        let evidence = server.get(&path).await["items"].clone();
        assert_eq!(evidence.as_array().expect("items").len(), 2);
        assert_eq!(evidence[0]["reporter_name"], "reporter");
        assert_eq!(evidence[0]["got"], "ee".repeat(32));

        assert_eq!(pardon(&server, culprit.id).await.0, 204);
        assert!(matches!(control.expect().await, ToPeer::Pardoned(p) if p[0].device == culprit.id));
        assert_eq!(banned(&server).await.len(), 0);
        assert_eq!(
            pardon(&server, culprit.id).await,
            (409, "not_banned".into())
        );
        // Who was away hears of it when it comes, and the same bytes again count again.
        let late = Device::enroll(&server, "late").await;
        let mut other = late.control("127.1.0.2").await;
        welcome(&mut other, &late).await;
        assert!(matches!(other.expect().await, ToPeer::Pardoned(p) if p.len() == 1));
        server.app.clock.advance_ms(10);
        report(&mut control, culprit.id, 2).await;
        assert_eq!(banned(&server).await.len(), 1);

        let server = server.restart().await;
        assert!(banned(&server).await[0]["pardoned_ms"].is_i64());
        let revoke = server.request(Method::DELETE, &format!("/api/v1/devices/{}", culprit.id));
        assert_eq!(revoke.send().await.expect("an answer").status(), 204);
        assert_eq!(pardon(&server, culprit.id).await, (409, "revoked".into()));
        let nobody = DeviceId([9; 16]);
        assert_eq!(
            pardon(&server, nobody).await,
            (404, "device_not_found".into())
        );
        let publisher = server.token(Role::Publisher).await;
        let path = format!("/api/v1/devices/{}/pardon", culprit.id);
        let asked = server.anonymous(Method::POST, &path).bearer_auth(publisher);
        assert_eq!(refusal(asked).await.1.code, "forbidden");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_thousand_false_reports_of_one_device_ban_nobody() {
    let server = Server::start().await;
    server.site("Lyon", "127.1.0.0/16").await;
    let liar = Device::enroll(&server, "liar").await;
    let honest = Device::enroll(&server, "honest").await;
    let mut watcher = honest.control("127.1.0.2").await;
    welcome(&mut watcher, &honest).await;
    let mut view = roster(&mut watcher).await;
    let mut control = liar.control("127.1.0.1").await;
    for n in 0..1_000_u16 {
        let mut chunk = [7; 32];
        chunk[..2].copy_from_slice(&n.to_be_bytes());
        let bad = BadChunk {
            from: honest.id,
            chunk: ChunkId(chunk),
            got: ChunkId([0xee; 32]),
        };
        control.send(&ToDms::Bad(bad)).await;
        let nobody = BadChunk {
            from: DeviceId(chunk[..16].try_into().expect("16 bytes")),
            chunk: ChunkId(chunk),
            got: ChunkId([0xee; 32]),
        };
        control.send(&ToDms::Bad(nobody)).await;
    }
    report(&mut control, honest.id, 1).await;
    let list = banned(&server).await;
    assert_eq!(list.len(), 1, "devices that do not exist are not listed");
    let reported = &list[0]["reported"];
    assert_eq!(
        (&reported["reports"], &reported["reporters"]),
        (&json!(100), &json!(1))
    );
    assert_eq!(list[0]["state"], "online");
    // The honest one is in its roster still, and was told nothing but that the liar came.
    follow(&mut watcher, &mut view).await;
    assert_eq!(peers(&view).len(), 2);
    watcher.send(&ToDms::WantRoster).await;
    assert_eq!(peers(&roster(&mut watcher).await).len(), 2);
    server.stop().await;
}
