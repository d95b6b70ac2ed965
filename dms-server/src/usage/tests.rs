//! What holds of licences, what players report, and what the ledger makes of it, on both databases.

use drm::lease::Contact;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auth::Role;
use crate::db::testing::postgres_url;
use crate::testing::device::Device;
use crate::testing::title::{self, Video};
use crate::testing::{Server, json, refusal, text};

async fn servers() -> [Server; 2] {
    let postgres = postgres_url().await;
    let with_url = |url: Option<String>| {
        Server::with(|config| {
            config.media.jobs = 0;
            config.database.url = url.unwrap_or(config.database.url.clone());
        })
    };
    [with_url(None).await, with_url(Some(postgres)).await]
}

/// The licence of somebody's page.
async fn page_license(server: &Server, video: &Video, token: &str) -> Uuid {
    let asked = server.license(video, token, json!({}));
    Uuid::from_bytes(server.given(video, asked).await.0.license_id)
}

fn device_license(
    device: &Device,
    video: &Video,
    person: &str,
    watch: Option<Contact>,
) -> reqwest::RequestBuilder {
    let key = drm::license::RecipientKeyPair::generate(&mut rand::rng());
    let body = json!({"title": video.title.to_string(), "recipient_key": key.public(),
                      "person": person, "offline": true, "watch": watch});
    device.client().post(device.url("/v1/license")).json(&body)
}

async fn holds(server: &Server, token: &str, license: Uuid) -> Value {
    let path = format!("/api/v1/licenses/{license}");
    let asked = server.anonymous(Method::GET, &path).bearer_auth(token);
    json(asked).await["holds"].clone()
}

#[tokio::test]
async fn a_licence_stops_holding_when_it_is_revoked_its_person_is_locked_out_or_its_title_deleted()
{
    for server in servers().await {
        let (video, other) = (title::video(&server).await, title::video(&server).await);
        let ana = server.someone("ana", Role::Viewer).await;
        let ben = server.someone("ben", Role::Viewer).await;
        let device = Device::enroll(&server, "pc").await;
        let first = page_license(&server, &video, &ana.token).await;
        let second = page_license(&server, &other, &ana.token).await;
        let bens = page_license(&server, &video, &ben.token).await;
        assert_eq!(holds(&server, &ana.token, first).await, true);

        // Neither anybody else nor a device learns anything of it.
        let path = format!("/api/v1/licenses/{first}");
        let foreign = server.anonymous(Method::GET, &path).bearer_auth(&ben.token);
        assert_eq!(refusal(foreign).await.1.code, "license_not_found");
        let of_device = device
            .client()
            .get(device.url(&format!("/v1/licenses/{first}")));
        assert_eq!(refusal(of_device).await.1.code, "license_not_found");

        let revoked = server.request(Method::DELETE, &path).send().await;
        assert_eq!(revoked.expect("an answer").status(), 204);
        assert_eq!(holds(&server, &ana.token, first).await, false);
        assert_eq!(holds(&server, &ana.token, second).await, true);

        let path = format!("/api/v1/titles/{}", other.title);
        let deleted = server.request(Method::DELETE, &path).send().await;
        assert_eq!(deleted.expect("an answer").status(), 204);
        assert_eq!(holds(&server, &ana.token, second).await, false);

        let path = format!("/api/v1/people/{}", ben.id);
        json(
            server
                .request(Method::PATCH, &path)
                .json(&json!({"active": false})),
        )
        .await;
        assert_eq!(holds(&server, &server.owner, bens).await, false);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_played_is_counted_once_for_the_department_of_whoever_watched() {
    for server in servers().await {
        let video = title::video(&server).await;
        server.set_policy(&video, json!({"offline_days": 3})).await;
        let ana = server.someone("ana", Role::Viewer).await;
        let ben = server.someone("ben", Role::Viewer).await;
        let device = Device::enroll(&server, "pc").await;
        let page = page_license(&server, &video, &ana.token).await;
        let asked = device_license(&device, &video, &ben.token, None);
        let license = asked.send().await.expect("an answer");
        let license = license.bytes().await.expect("a body");
        let kept = Uuid::from_bytes(server.read(&video, &license).0.license_id);
        let now = server.app.clock.now_ms();

        let play = |license: Uuid, from: i64, played: i64, offline: bool| {
            json!({"license": license, "from_ms": from, "until_ms": from + played,
                   "played_ms": played, "offline": offline})
        };
        let path = device.url("/v1/usage");
        let send = |plays: Value| device.client().post(&path).json(&json!({ "plays": plays }));
        // A year too early, twice, and grown meanwhile; a licence of a page; one that is nobody's.
        let offline = json!([
            play(kept, 5, 30_000, true),
            play(page, now, 1_000, false),
            play(Uuid::now_v7(), now, 1_000, false)
        ]);
        assert_eq!(
            json(send(offline.clone())).await,
            json!({"taken": 1, "unknown": 2})
        );
        assert_eq!(json(send(offline)).await, json!({"taken": 1, "unknown": 2}));
        json(send(json!([play(kept, 5, 90_000, true)]))).await;
        json(send(json!([
            play(kept, 5, 60_000, true),
            play(kept, now + 999_999, -5, false)
        ])))
        .await;
        let own = server
            .anonymous(Method::POST, "/api/v1/usage")
            .bearer_auth(&ana.token)
            .json(&json!({"plays": [play(page, now, 7_000, false)]}));
        assert_eq!(json(own).await, json!({"taken": 1, "unknown": 0}));
        let many = json!(vec![play(kept, now, 1, false); 257]);
        assert_eq!(refusal(send(many)).await.1.errors[0].pointer, "/plays");

        check_ledger(&server, &video, now).await;
        server.stop().await;
    }
}

/// The ledger of what is reported above, as JSON and as a sheet.
async fn check_ledger(server: &Server, video: &Video, now: i64) {
    let ledger = server.get("/api/v1/usage").await;
    let row = |department: &str, offline: u8, played: u32, away: u32| {
        json!({"department": department, "title": video.title.to_string(), "name": "clip",
               "licenses": 1, "offline_licenses": offline, "people": 1, "devices": 0,
               "played_s": played, "played_offline_s": away})
    };
    let mut items = ledger["items"].clone();
    let name = items[0]["name"].clone();
    for item in items.as_array_mut().expect("rows") {
        assert_eq!(item["name"], name);
        item["name"] = json!("clip");
    }
    assert_eq!(
        items,
        json!([row("ana's", 0, 7, 0), row("ben's", 1, 90, 90)])
    );
    let sheet = server
        .request(Method::GET, "/api/v1/usage?format=csv")
        .send()
        .await;
    let sheet = sheet.expect("an answer");
    assert_eq!(sheet.headers()["content-type"], "text/csv; charset=utf-8");
    let lines = sheet.text().await.expect("text");
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(
        lines
            .lines()
            .nth(2)
            .expect("a line")
            .ends_with(",1,1,1,0,90,90"),
        "{lines}"
    );
    let before = server
        .get(&format!("/api/v1/usage?until_ms={}", now - 60_000))
        .await;
    assert_eq!(before["items"], json!([]));
}

#[tokio::test]
async fn what_is_saved_is_no_stream() {
    for server in servers().await {
        let video = title::video(&server).await;
        let policy = json!({"offline_days": 3, "streams": 1});
        server.set_policy(&video, policy).await;
        let ana = server.someone("ana", Role::Viewer).await;
        let device = Device::enroll(&server, "pc").await;
        let saved = device_license(&device, &video, &ana.token, None)
            .send()
            .await;
        assert_eq!(saved.expect("an answer").status(), 200);
        page_license(&server, &video, &ana.token).await;
        let second = refusal(server.license(&video, &ana.token, json!({}))).await;
        assert_eq!(second.1.code, "too_many_streams");
        server.stop().await;
    }
}

#[tokio::test]
async fn entitlements_are_counted_by_department() {
    for server in servers().await {
        let video = title::video(&server).await;
        let ana = server.someone("ana", Role::Viewer).await;
        let ben = server.someone("ben", Role::Viewer).await;
        let board = server.group("board").await;
        server.member(board, ana.id, true).await;
        let collection = server
            .post("/api/v1/collections", json!({"name": "Board"}))
            .await;
        let now = server.app.clock.now_ms();
        let path = "/api/v1/subscriptions";
        let period = |member: Uuid| {
            json!({"collection": collection["id"], "member": member, "from_ms": now - 10,
                   "until_ms": now + 3_600_000})
        };
        server.post(path, period(board)).await;
        server.post(path, period(ana.id)).await;
        let policy = json!({"plan": {"kind": "rental", "seconds": 3600}});
        server.set_policy(&video, policy).await;
        let rental = json!({"title": video.title.to_string(), "person": ben.id});
        server.post("/api/v1/rentals", rental.clone()).await;
        page_license(&server, &video, &ben.token).await;
        server.post("/api/v1/rentals", rental).await;

        let items = server.get("/api/v1/entitlements").await["items"].clone();
        let counts = |item: &Value| {
            let counts =
                ["people", "bought", "used"].map(|name| item[name].as_i64().expect("a count"));
            (text(&item["department"]), text(&item["kind"]), counts)
        };
        let rows: Vec<_> = items.as_array().expect("rows").iter().map(counts).collect();
        let wanted = [
            ("ana's".to_owned(), "subscription".to_owned(), [1, 1, 1]),
            ("ben's".to_owned(), "rental".to_owned(), [1, 2, 1]),
        ];
        assert_eq!(rows, wanted);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_device_whose_watch_went_back_keeps_no_titles_until_somebody_has_looked() {
    for server in servers().await {
        let video = title::video(&server).await;
        server.set_policy(&video, json!({"offline_days": 3})).await;
        let ana = server.someone("ana", Role::Viewer).await;
        let ben = server.someone("ben", Role::Viewer).await;
        let device = Device::enroll(&server, "pc").await;
        let now = server.app.clock.now_ms().unsigned_abs();
        let ask = |person: String, counter: Option<u64>| {
            let watch = counter.map(|counter| Contact {
                counter,
                mark_ms: now,
            });
            device_license(&device, &video, &person, watch)
        };
        let given = async |person: &str, counter: Option<u64>| {
            let answer = ask(person.to_owned(), counter).send().await;
            answer.expect("an answer").status() == 200
        };
        // The first time nothing is known of it yet; an answer that was lost is asked for again.
        for counter in [None, Some(3), Some(3), Some(9)] {
            assert!(given(&ana.token, counter).await, "{counter:?}");
        }
        let (status, problem) = refusal(ask(ana.token.clone(), Some(8))).await;
        assert_eq!((status, problem.code.as_str()), (403, "watch_went_back"));
        assert!(
            !given(&ana.token, Some(20)).await,
            "going on does not mend it"
        );
        assert!(
            given(&ben.token, Some(1)).await,
            "another person's is another watch"
        );
        assert!(
            !given(&ben.token, None).await,
            "a watch that was thrown away"
        );

        let log = server
            .get("/api/v1/audit?action=device.watch_went_back")
            .await;
        assert_eq!(log["items"].as_array().expect("rows").len(), 2);
        let path = format!("/api/v1/devices/{}/watch", device.id);
        let clear = || server.request(Method::DELETE, &path);
        assert_eq!(clear().send().await.expect("an answer").status(), 204);
        assert_eq!(refusal(clear()).await.1.code, "no_watch");
        assert!(given(&ana.token, Some(0)).await);
        server.stop().await;
    }
}
