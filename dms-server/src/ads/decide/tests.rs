//! Breaks filled by ad campaigns over the real server, on both databases.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::db::{BreakRow, Kept, NewDecision, NewInstance, add_break, keep};
use crate::auth::Role;
use crate::db::Db;
use crate::testing::title::{Video, video};
use crate::testing::{Server, json as answer, refusal, text};

/// A server that runs no jobs, with a title that has a break, and another to show in it.
async fn stage(server: &Server) -> (Video, Video) {
    let (content, creative) = (video(server).await, video(server).await);
    a_break(server, &content, 1, None).await;
    (content, creative)
}

async fn servers() -> [Server; 2] {
    Server::both_with(|config| config.media.jobs = 0).await
}

async fn a_break(server: &Server, content: &Video, id: u32, length_ms: Option<i64>) {
    let row = BreakRow {
        at_ms: 500,
        length_ms,
        resume_ms: 0,
        hold: 1,
    };
    let title = Uuid::from_bytes(content.title.0);
    let added = add_break(&server.app.db, title, id, row).await;
    added.expect("the database");
}

async fn creative(server: &Server, of: &Video) -> Value {
    let body = json!({"title": of.title.to_string(), "click": "https://a.example/"});
    server.post("/api/v1/ads/creatives", body).await
}

async fn campaign(server: &Server, creative: &Value, more: Value) -> Value {
    let mut body = json!({"name": "Soap", "creative": creative["id"]});
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    server.post("/api/v1/ads/campaigns", body).await
}

fn path(content: &Video, id: u32, session: u128) -> String {
    let session = Uuid::from_u128(session);
    format!(
        "/api/v1/titles/{}/breaks/{id}/assets?session={session}",
        content.title
    )
}

async fn assets(server: &Server, content: &Video, session: u128) -> Value {
    server.get(&path(content, 1, session)).await
}

fn is_empty(list: &Value) -> bool {
    list == &json!({"ASSETS": []})
}

/// One asset, said as docs/ADS.md says it.
fn is_of_the_contract(list: &Value, uri: &str) {
    let asset = &list["ASSETS"][0];
    assert_eq!(asset["URI"], uri, "{list}");
    assert_eq!(asset["DURATION"], 1.0);
    assert_eq!(
        list["SKIP-CONTROL"],
        json!({"OFFSET": 0.4, "DURATION": 0.6})
    );
    assert_eq!(
        (&list["X-DMS"]["break"], &list["X-DMS"]["hold"]),
        (&json!(1), &json!(true))
    );
    let own = &asset["X-DMS"];
    assert_eq!(
        own["why"],
        json!({"kind": "campaign", "text": "For everybody"})
    );
    assert_eq!(
        (&own["report"], &own["click"]),
        (&json!("server"), &json!("https://a.example/"))
    );
}

#[tokio::test]
async fn a_break_is_filled_the_same_each_time() {
    for server in servers().await {
        let (content, shown) = stage(&server).await;
        let unknown = refusal(server.request(Method::GET, &path(&content, 9, 1))).await;
        assert_eq!(
            (unknown.0, unknown.1.code.as_str()),
            (404, "break_not_found")
        );
        assert!(
            is_empty(&assets(&server, &content, 1).await),
            "nothing is to be shown"
        );

        let soap = creative(&server, &shown).await;
        assert_eq!(
            (&soap["state"], &soap["duration_ms"]),
            (&json!("ready"), &json!(1_000)),
            "{soap}"
        );
        assert_eq!(
            creative(&server, &shown).await["id"],
            soap["id"],
            "a title is one creative"
        );
        let made = campaign(&server, &soap, json!({"skip_after_ms": 400})).await;
        assert_eq!(made["state"], "running");
        assert!(
            is_empty(&assets(&server, &content, 1).await),
            "what was decided stays"
        );

        let list = assets(&server, &content, 2).await;
        is_of_the_contract(&list, &format!("/hls/{}/master.m3u8", shown.title));
        let own = &list["ASSETS"][0]["X-DMS"];
        assert_eq!(assets(&server, &content, 2).await, list);
        assert_ne!(
            assets(&server, &content, 3).await["ASSETS"][0]["X-DMS"]["instance"],
            own["instance"]
        );

        let ended = server.request(
            Method::DELETE,
            &format!("/api/v1/ads/campaigns/{}", text(&made["id"])),
        );
        assert_eq!(ended.send().await.expect("an answer").status(), 204);
        assert!(is_empty(&assets(&server, &content, 4).await));
        assert_eq!(
            assets(&server, &content, 2).await,
            list,
            "a playback goes on as it was"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn sites_and_caps_of_viewers_hold() {
    for server in servers().await {
        let (content, shown) = stage(&server).await;
        let soap = creative(&server, &shown).await;
        let lyon = server.site("Lyon", "127.1.0.0/16").await;
        server.site("Lima", "127.2.0.0/16").await;
        let anna = server.someone("anna", Role::Viewer).await;
        let bert = server.someone("bert", Role::Viewer).await;
        let more = json!({"sites": [lyon["id"]], "cap_viewer_day": 2});
        campaign(&server, &soap, more).await;
        let from = async |address: &str, token: &str, session| {
            let client = reqwest::Client::builder()
                .local_address(Some(address.parse().expect("an address")));
            let url = format!("{}{}", server.url, path(&content, 1, session));
            let request = client
                .build()
                .expect("a client")
                .get(url)
                .bearer_auth(token);
            answer(request).await
        };
        assert!(is_empty(&from("127.2.0.1", &anna.token, 1).await), "Lima");
        let list = from("127.1.0.1", &anna.token, 2).await;
        assert_eq!(
            list["ASSETS"][0]["X-DMS"]["why"]["text"],
            "For everybody at Lyon"
        );
        assert!(!is_empty(&from("127.1.0.1", &anna.token, 3).await));
        assert!(
            is_empty(&from("127.1.0.1", &anna.token, 4).await),
            "twice a day"
        );
        assert!(!is_empty(&from("127.1.0.1", &bert.token, 5).await));
        let taken = server
            .anonymous(Method::GET, &path(&content, 1, 5))
            .bearer_auth(&anna.token);
        assert_eq!(refusal(taken).await.1.code, "session_taken");
        server.app.clock.advance_ms(24 * 3_600_000);
        assert!(!is_empty(&from("127.1.0.1", &bert.token, 6).await));
        server.stop().await;
    }
}

#[tokio::test]
async fn a_total_cap_is_never_exceeded() {
    for server in servers().await {
        let (content, shown) = stage(&server).await;
        let soap = creative(&server, &shown).await;
        let made = campaign(&server, &soap, json!({"cap_total": 5})).await;
        let asked = (0..24).map(|session| assets(&server, &content, 100 + session));
        let lists = futures_util::future::join_all(asked).await;
        assert_eq!(lists.iter().filter(|list| !is_empty(list)).count(), 5);
        let path = format!("/api/v1/ads/campaigns/{}", text(&made["id"]));
        let now = server.get(&path).await;
        assert_eq!(
            (&now["shown"], &now["state"]),
            (&json!(5), &json!("used_up"))
        );
        // The same playback twice at once is decided once.
        let twice = json!({"cap_total": 100});
        campaign(&server, &soap, twice).await;
        let asked = (0..8).map(|_| assets(&server, &content, 900));
        let lists = futures_util::future::join_all(asked).await;
        assert!(
            lists
                .iter()
                .all(|list| list == &lists[0] && !is_empty(list)),
            "{lists:?}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn an_emergency_comes_first_once_a_playback_also_without_a_break() {
    for server in servers().await {
        let (content, shown) = stage(&server).await;
        let alarm = video(&server).await;
        let soap = creative(&server, &shown).await;
        campaign(&server, &soap, json!({})).await;
        assert!(
            is_empty(&server.get(&path(&content, 0, 1)).await),
            "no break at the beginning"
        );
        let alarm = creative(&server, &alarm).await;
        campaign(&server, &alarm, json!({"emergency": true, "name": "Leave"})).await;
        let first = server.get(&path(&content, 0, 2)).await;
        assert_eq!(
            first["ASSETS"][0]["X-DMS"]["why"]["kind"], "emergency",
            "{first}"
        );
        let next = assets(&server, &content, 2).await;
        assert_eq!(
            next["ASSETS"][0]["X-DMS"]["why"]["kind"], "campaign",
            "it was shown"
        );
        let other = assets(&server, &content, 3).await;
        assert_eq!(other["ASSETS"][0]["X-DMS"]["name"], "Leave");
        server.stop().await;
    }
}

#[tokio::test]
async fn who_was_to_see_a_creative_may_play_it_and_nobody_finds_it() {
    for server in servers().await {
        let (content, shown) = stage(&server).await;
        let anna = server.someone("anna", Role::Viewer).await;
        let bert = server.someone("bert", Role::Viewer).await;
        let nobody = server.group("nobody").await;
        server
            .set_policy(&shown, json!({"audience": {"groups": [nobody]}}))
            .await;
        let soap = creative(&server, &shown).await;
        campaign(&server, &soap, json!({})).await;
        let licence = async |token: &str| {
            let asked = server.license(&shown, token, json!({}));
            asked.send().await.expect("an answer").status().as_u16()
        };
        let playlist = async |token: &str| {
            let path = format!("/api/v1/titles/{}/manifest", shown.title);
            let asked = server.anonymous(Method::GET, &path).bearer_auth(token);
            asked.send().await.expect("an answer").status().as_u16()
        };
        assert_eq!(
            (licence(&anna.token).await, playlist(&anna.token).await),
            (403, 404)
        );
        let asked = server
            .anonymous(Method::GET, &path(&content, 1, 1))
            .bearer_auth(&anna.token);
        assert!(!is_empty(&answer(asked).await));
        assert_eq!(
            (licence(&anna.token).await, playlist(&anna.token).await),
            (200, 200)
        );
        assert_eq!(
            (licence(&bert.token).await, playlist(&bert.token).await),
            (403, 404)
        );
        server.app.clock.advance_ms(25 * 3_600_000);
        assert_eq!(licence(&anna.token).await, 403, "a day later");
        server.set_policy(&shown, json!({})).await;
        let listed = server
            .anonymous(Method::GET, "/api/v1/titles")
            .bearer_auth(&anna.token);
        let listed = answer(listed).await;
        let ids: Vec<String> = listed["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|t| text(&t["id"]))
            .collect();
        assert_eq!(ids, [content.title.to_string()]);
        server.stop().await;
    }
}

#[tokio::test]
async fn two_servers_of_one_database_exceed_no_cap() {
    for server in servers().await {
        let (content, shown) = stage(&server).await;
        let soap = creative(&server, &shown).await;
        let total = campaign(&server, &soap, json!({"cap_total": 5})).await;
        let viewer = campaign(&server, &soap, json!({"cap_viewer": 3})).await;
        let other = Db::open(&server.app.config.database)
            .await
            .expect("the same database");
        for (made, cap) in [(total, 5), (viewer, 3)] {
            let source = text(&made["id"]).parse().expect("an id");
            let asked = (0..24).map(|nth| {
                let db = if nth % 2 == 0 { &server.app.db } else { &other };
                decided(db, &content, &shown, source)
            });
            let kept = futures_util::future::join_all(asked).await;
            assert_eq!(kept.iter().filter(|kept| **kept == Kept::Yes).count(), cap);
            assert!(
                kept.iter()
                    .all(|kept| matches!(kept, Kept::Yes | Kept::UsedUp(_)))
            );
            let path = format!("/api/v1/ads/campaigns/{source}");
            assert_eq!(
                server.get(&path).await["shown"],
                json!(cap),
                "what was given up counts nothing"
            );
        }
        other.close().await;
        server.stop().await;
    }
}

/// A decision of one viewer's next playback that shows the creative for this ad campaign.
async fn decided(db: &Db, content: &Video, creative: &Video, source: Uuid) -> Kept {
    let instance = NewInstance {
        id: Uuid::now_v7(),
        kind: "campaign",
        source: Some(source),
        is_counted: true,
        ad: String::new(),
        creative: Uuid::from_bytes(creative.title.0),
        duration_ms: 1_000,
        tracking: "[]".to_owned(),
        errors: "[]".to_owned(),
        report: "server",
    };
    let new = NewDecision {
        id: Uuid::now_v7(),
        session: Uuid::new_v4(),
        title: Uuid::from_bytes(content.title.0),
        break_id: 1,
        person: None,
        device: None,
        site: None,
        viewer: Uuid::from_u128(77),
        hooks: "[]",
        list: "{}",
        made_ms: 1,
        day: 1,
        instances: &[instance],
    };
    keep(db, &new).await.expect("the database")
}
