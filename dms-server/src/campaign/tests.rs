//! Campaigns over the real server, with real control connections.

use http::Method;
use serde_json::{Value, json};
use swarm::content::{SiteId, TitleId, TrackId};
use swarm::wire::{Bits, Campaign, Enough, Holding, ToDms, ToPeer};

use crate::auth::Role;
use crate::testing::device::{Control, Device};
use crate::testing::title::{file, upload, video};
use crate::testing::{Server, json as answer, refusal, text};

const CAMPAIGNS: &str = "/api/v1/campaigns";
const HOUR_MS: i64 = 3_600_000;

async fn add(server: &Server, body: Value) -> Value {
    server.post(CAMPAIGNS, body).await
}

async fn show(server: &Server, campaign: &Value) -> Value {
    server.get(&path(campaign)).await
}

fn path(campaign: &Value) -> String {
    format!("{CAMPAIGNS}/{}", text(&campaign["id"]))
}

/// Waits until the campaign has ended: what it was about is let go first.
async fn ended(server: &Server, campaign: &Value) {
    let wait = async {
        while show(server, campaign).await["state"] != "ended" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(crate::testing::PATIENCE, wait).await;
    waited.expect("it ends");
}

/// The next word about campaigns; rosters and the like are passed over.
async fn told(control: &mut Control) -> Vec<Campaign> {
    loop {
        if let ToPeer::Hold(campaigns) = control.expect().await {
            return campaigns;
        }
    }
}

async fn enough(control: &mut Control) -> Enough {
    loop {
        if let ToPeer::Enough(enough) = control.expect().await {
            return enough;
        }
    }
}

fn all_of(title: TitleId) -> Campaign {
    Campaign {
        title,
        tracks: Vec::new(),
        copies: 2,
    }
}

/// Says what a peer holds and keeps, and waits until the server has heard it.
async fn report(
    control: &mut Control,
    title: TitleId,
    chunks: usize,
    held: &[usize],
    kept: &[usize],
) {
    let bits = |places: &[usize]| {
        let mut bits = Bits::none_of(chunks);
        places.iter().for_each(|place| bits.set(*place));
        bits
    };
    let holding = Holding {
        title,
        version: 1,
        held: bits(held),
        kept: bits(kept),
    };
    control.send(&ToDms::Holding(holding)).await;
    let request = 9;
    control.send(&ToDms::Resolve { request, title }).await;
    while !matches!(control.expect().await, ToPeer::Head { .. }) {}
}

#[tokio::test]
async fn a_campaign_is_told_counted_and_ended_on_both_databases() {
    for server in Server::both().await {
        let site = server.site("Lyon", "127.1.0.0/16").await;
        let title = file(&server, &[7; 3_000_000]).await;
        let (a, b) = (
            Device::enroll(&server, "a").await,
            Device::enroll(&server, "b").await,
        );
        let mut first = a.control("127.1.0.1").await;
        while !matches!(first.expect().await, ToPeer::Roster(_)) {}
        let made = add(&server, json!({"title": title, "sites": [site["id"]]})).await;
        assert_eq!(
            (&made["state"], &made["replicas"]),
            (&json!("running"), &json!(2)),
            "{made}"
        );
        assert_eq!(
            made["warnings"][0],
            "Lyon has 1 PC connected: 2 copies need 2."
        );
        assert_eq!(told(&mut first).await, [all_of(title)], "who is there");
        let mut second = b.control("127.1.0.2").await;
        assert_eq!(told(&mut second).await, [all_of(title)], "who comes later");

        let chunks = made["sites"][0]["chunks"].as_u64().expect("a number") as usize;
        assert_eq!(chunks, 4, "three of the file, one of its manifest");
        report(&mut first, title, chunks, &[0, 1, 2], &[0, 1]).await;
        report(&mut second, title, chunks, &[0, 3], &[0, 3]).await;
        let news = enough(&mut first).await;
        assert!(news.chunks.has(0) && news.chunks.count() == 1, "{news:?}");
        let got = show(&server, &made).await;
        let lyon = &got["sites"][0];
        let counts = ["chunks_held", "chunks_complete", "copies"].map(|name| lyon[name].as_u64());
        assert_eq!(counts, [Some(4), Some(1), Some(1)], "{got}");
        // Bits over another list count nothing.
        report(&mut second, title, chunks + 8, &[1], &[1]).await;
        let all: Vec<usize> = (0..chunks).collect();
        report(&mut first, title, chunks, &all, &all).await;
        report(&mut second, title, chunks, &all, &all).await;
        let got = show(&server, &made).await;
        assert_eq!(
            (&got["state"], &got["warnings"]),
            (&json!("complete"), &json!([])),
            "{got}"
        );
        drop(second);

        let gone = server.request(Method::DELETE, &path(&made)).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        assert_eq!(told(&mut first).await, [], "peers let go");
        let got = show(&server, &made).await;
        assert_eq!(got["state"], "ended", "{got}");
        server.stop().await;
    }
}

#[tokio::test]
async fn what_the_origin_sent_is_counted_and_outlives_a_restart() {
    for server in Server::both().await {
        server.site("Lyon", "127.1.0.0/16").await;
        let title = file(&server, &[7; 100_000]).await;
        let made = add(&server, json!({"title": title})).await;
        assert_eq!(made["all_sites"], true);
        let site = server
            .app
            .sites
            .site_of("127.1.0.1".parse().expect("an address"));
        let site = site.expect("a site");
        let published = crate::publish::published(&server.app, title).await;
        let published = published.expect("the database").expect("it");
        let chunk = all_of(title).chunks(published.manifest.manifest(), &published.signed)[0];
        assert_eq!(server.app.campaigns.title_of(site, chunk.id), Some(title));
        assert_eq!(
            server.app.campaigns.title_of(SiteId([9; 16]), chunk.id),
            None
        );
        let device = Device::enroll(&server, "a").await;
        let mut tls = device.connect_from("127.1.0.1").await;
        let head = format!(
            "GET /v1/chunks/{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            chunk.id
        );
        tokio::io::AsyncWriteExt::write_all(&mut tls, head.as_bytes())
            .await
            .expect("sent");
        let mut body = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut tls, &mut body).await;
        assert!(body.starts_with(b"HTTP/1.1 200"));
        let before = show(&server, &made).await;
        assert_eq!(before["sites"][0]["wan_bytes"], chunk.len, "{before}");
        let server = server.restart().await;
        let after = show(&server, &made).await;
        assert_eq!(after["sites"], before["sites"]);
        let mut control = device_again(&device, &server).control("127.1.0.1").await;
        assert_eq!(
            told(&mut control).await,
            [all_of(title)],
            "after a restart too"
        );
        server.stop().await;
    }
}

/// The device as it reaches a server that was started again.
fn device_again(device: &Device, server: &Server) -> Device {
    Device {
        id: device.id,
        key: rcgen::KeyPair::from_pem(&device.key.serialize_pem()).expect("a key"),
        certificate_pem: device.certificate_pem.clone(),
        ca_pem: device.ca_pem.clone(),
        addr: server.addresses.device,
    }
}

#[tokio::test]
async fn a_campaign_begins_and_ends_by_itself() {
    let server = Server::start().await;
    server.site("Lyon", "127.1.0.0/16").await;
    let title = file(&server, &[7; 1_000]).await;
    let now = server.app.clock.now_ms();
    let body = json!({
        "title": title, "not_before_ms": now + HOUR_MS, "deadline_ms": now + 2 * HOUR_MS,
        "until_ms": now + 3 * HOUR_MS,
    });
    let made = add(&server, body).await;
    assert_eq!(made["state"], "scheduled");
    let device = Device::enroll(&server, "a").await;
    let mut control = device.control("127.1.0.1").await;
    while !matches!(control.expect().await, ToPeer::Roster(_)) {}
    for (state, words) in [("running", Some(1)), ("late", None), ("ended", Some(0))] {
        server.app.clock.advance_ms(HOUR_MS + 1_000);
        server.app.campaigns.stir();
        if let Some(words) = words {
            assert_eq!(told(&mut control).await.len(), words, "{state}");
        }
        assert_eq!(show(&server, &made).await["state"], state);
    }
    let other = add(&server, json!({"title": title})).await;
    assert_eq!(told(&mut control).await, [all_of(title)]);
    let gone = server.request(Method::DELETE, &format!("/api/v1/titles/{title}"));
    assert_eq!(gone.send().await.expect("an answer").status(), 204);
    assert_eq!(told(&mut control).await, [], "a title that is deleted");
    ended(&server, &other).await;
    let list = server.get(CAMPAIGNS).await;
    let ids: Vec<_> = list["items"].as_array().expect("items").iter().collect();
    assert_eq!(
        ids.iter().map(|c| &c["id"]).collect::<Vec<_>>(),
        [&other["id"], &made["id"]]
    );
    server.stop().await;
}

#[tokio::test]
async fn campaigns_of_one_title_are_one_to_the_peers_and_moves_are_told() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let lyon = server.site("Lyon", "127.1.0.0/16").await;
    let lima = server.site("Lima", "127.2.0.0/16").await;
    let video = video(&server).await;
    let title = video.title;
    let device = Device::enroll(&server, "a").await;
    let mut control = device.control("127.1.0.1").await;
    while !matches!(control.expect().await, ToPeer::Roster(_)) {}
    let at_lyon = json!([lyon["id"]]);
    let one = add(
        &server,
        json!({"title": title, "sites": at_lyon, "tracks": [2], "replicas": 1}),
    )
    .await;
    let campaign = |tracks: &[u16], copies| Campaign {
        title,
        tracks: tracks.iter().map(|n| TrackId(*n)).collect(),
        copies,
    };
    assert_eq!(told(&mut control).await, [campaign(&[2], 1)]);
    add(
        &server,
        json!({"title": title, "sites": at_lyon, "tracks": [1], "replicas": 3}),
    )
    .await;
    assert_eq!(told(&mut control).await, [campaign(&[1, 2], 3)]);
    add(
        &server,
        json!({"title": title, "sites": at_lyon, "replicas": 1}),
    )
    .await;
    assert_eq!(told(&mut control).await, [campaign(&[], 3)]);
    let gone = server.request(Method::DELETE, &path(&one)).send().await;
    assert_eq!(gone.expect("an answer").status(), 204);
    assert_eq!(show(&server, &one).await["state"], "ended");
    // The address moves to a site that is to hold nothing.
    for (site, name, subnet) in [
        (&lyon, "Lyon", "127.3.0.0/16"),
        (&lima, "Lima", "127.1.0.0/16"),
    ] {
        let path = format!("/api/v1/sites/{}", text(&site["id"]));
        let body = json!({"name": name, "subnets": [subnet]});
        answer(server.request(Method::PUT, &path).json(&body)).await;
    }
    assert_eq!(told(&mut control).await, []);
    server.stop().await;
}

#[tokio::test]
async fn a_campaign_that_cannot_be_is_refused_with_the_field_and_the_fix() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let lyon = server.site("Lyon", "127.1.0.0/16").await;
    let quiet = json!({"name": "Quiet", "subnets": ["127.2.0.0/16"], "peering": "consume_only"});
    let quiet = server.post("/api/v1/sites", quiet).await;
    let title = video(&server).await.title;
    let now = server.app.clock.now_ms();
    let nobody = uuid::Uuid::now_v7();
    let cases = [
        (json!({"replicas": 0}), "/replicas", "range"),
        (json!({"replicas": 9}), "/replicas", "range"),
        (json!({"tracks": [1, 77]}), "/tracks/1", "unknown_track"),
        (json!({"tracks": [1, 1]}), "/tracks/1", "repeated"),
        (json!({"sites": []}), "/sites", "length"),
        (
            json!({"sites": [lyon["id"], nobody]}),
            "/sites/1",
            "unknown_site",
        ),
        (
            json!({"sites": [lyon["id"], lyon["id"]]}),
            "/sites/1",
            "repeated",
        ),
        (json!({"sites": [quiet["id"]]}), "/sites/0", "cannot_hold"),
        (
            json!({"not_before_ms": now - HOUR_MS}),
            "/not_before_ms",
            "past",
        ),
        (json!({"deadline_ms": now - 1}), "/deadline_ms", "past"),
        (
            json!({"until_ms": now / 1_000 + 9_999}),
            "/until_ms",
            "past",
        ),
        (json!({"until_ms": now * 1_000}), "/until_ms", "range"),
        (json!({"until_ms": i64::MAX}), "/until_ms", "range"),
        (
            json!({"deadline_ms": now + 9_999, "not_before_ms": now + HOUR_MS}),
            "/deadline_ms",
            "order",
        ),
        (
            json!({"deadline_ms": now + 2 * HOUR_MS, "until_ms": now + HOUR_MS}),
            "/until_ms",
            "order",
        ),
    ];
    for (mut body, pointer, code) in cases {
        body["title"] = json!(title);
        let (status, problem) = refusal(server.request(Method::POST, CAMPAIGNS).json(&body)).await;
        assert_eq!(
            (status, problem.code.as_str()),
            (400, "invalid_campaign"),
            "{body}"
        );
        let found = problem
            .errors
            .first()
            .map(|e| (e.pointer.as_str(), e.code.as_str()));
        assert_eq!(found, Some((pointer, code)), "{body}");
    }
    server.stop().await;
}

#[tokio::test]
async fn titles_and_callers_that_may_not_are_refused_and_more_copies_than_pcs_are_told() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let lyon = server.site("Lyon", "127.1.0.0/16").await;
    let title = video(&server).await.title;
    let unready = upload(&server, "video", b"source").await;
    let nobody = uuid::Uuid::now_v7();
    for (body, status, code) in [
        (json!({"title": nobody}), 404, "title_not_found"),
        (json!({"title": unready}), 409, "title_not_ready"),
        (json!({"title": title, "replica": 2}), 422, "invalid_body"),
        (json!({"title": title, "replicas": -1}), 422, "invalid_body"),
    ] {
        let refused = refusal(server.request(Method::POST, CAMPAIGNS).json(&body)).await;
        assert_eq!(
            (refused.0, refused.1.code.as_str()),
            (status, code),
            "{body}"
        );
    }
    let viewer = server.token(Role::Viewer).await;
    let body = json!({"title": title});
    let asked = server
        .anonymous(Method::POST, CAMPAIGNS)
        .bearer_auth(&viewer);
    let (status, problem) = refusal(asked.json(&body)).await;
    assert_eq!((status, problem.code.as_str()), (403, "forbidden"));
    for method in [Method::GET, Method::DELETE] {
        let (status, problem) =
            refusal(server.request(method, &format!("{CAMPAIGNS}/{nobody}"))).await;
        assert_eq!((status, problem.code.as_str()), (404, "campaign_not_found"));
    }
    assert_eq!(
        server.get(CAMPAIGNS).await["items"],
        json!([]),
        "nothing was made"
    );
    // More copies than PCs is no mistake: they may come. It is said.
    let made = add(
        &server,
        json!({"title": title, "replicas": 8, "sites": [lyon["id"]]}),
    )
    .await;
    assert_eq!(
        made["warnings"],
        json!(["Lyon has no PC connected: 8 copies need 8."])
    );
    server.stop().await;
}
