//! What is counted, for whom, and what odd tellers get, on both databases.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dms_ads::decision::{Event, Tracker};
use http::Method;
use rcgen::SigningKey;
use serde_json::{Value, json};
use uuid::Uuid;

use super::db::{InstanceRow, add_instance};
use super::{AdEvent, receipt};
use crate::ads::report::export;
use crate::auth::Role;
use crate::device::row_id;
use crate::testing::device::Device;
use crate::testing::{Server, json, refusal, title};

/// An instance of a title, for nobody in particular, without URLs.
pub(crate) fn instance(title: Uuid) -> InstanceRow {
    InstanceRow {
        id: Uuid::now_v7(),
        kind: "vast".to_owned(),
        source: Some(Uuid::from_u128(77)),
        duration_ms: 10_000,
        tracking: "[]".to_owned(),
        errors: "[]".to_owned(),
        report: "server".to_owned(),
        title,
        person: None,
        device: None,
        site: None,
    }
}

/// Trackers of these events at these URLs.
pub(crate) fn trackers(urls: &[(Event, Option<u64>, String)]) -> String {
    let tracker = |(event, at_ms, url): &(Event, Option<u64>, String)| Tracker {
        event: *event,
        at_ms: *at_ms,
        url: url.clone(),
    };
    let trackers: Vec<Tracker> = urls.iter().map(tracker).collect();
    serde_json::to_string(&trackers).expect("JSON")
}

async fn shown(server: &Server, row: &InstanceRow) -> Uuid {
    let now = server.app.clock.now_ms();
    add_instance(&server.app.db, row, now).await.expect("added");
    row.id
}

fn told(instance: Uuid, event: &str, media_ms: i64, at_ms: i64) -> Value {
    json!({"instance": instance, "event": event, "media_ms": media_ms, "at_ms": at_ms})
}

async fn tell(server: &Server, token: &str, events: Value) -> Value {
    let asked = server.anonymous(Method::POST, "/api/v1/ads/events");
    let body = json!({ "events": events });
    json(asked.bearer_auth(token).json(&body)).await["results"].clone()
}

async fn a_title(server: &Server) -> Uuid {
    Uuid::from_bytes(title::upload(server, "video", b"source").await.0)
}

#[tokio::test]
async fn an_event_counts_once_for_whoever_it_belongs_to() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let title = a_title(&server).await;
        let ana = server.someone("ana", Role::Viewer).await;
        let ben = server.someone("ben", Role::Viewer).await;
        let device = Device::enroll(&server, "pc").await;
        let now = server.app.clock.now_ms();
        let anas = InstanceRow {
            person: Some(ana.id),
            ..instance(title)
        };
        let pcs = InstanceRow {
            device: Some(row_id(device.id)),
            ..instance(title)
        };
        let (anas, pcs) = (shown(&server, &anas).await, shown(&server, &pcs).await);
        let anyones = shown(&server, &instance(title)).await;
        let start = |id| told(id, "start", 0, now);
        let events = json!([start(anas), start(pcs), start(anyones), start(Uuid::nil())]);
        let got = tell(&server, &ben.token, events.clone()).await;
        assert_eq!(got, json!(["unknown", "unknown", "counted", "unknown"]));
        let got = tell(&server, &ana.token, events.clone()).await;
        assert_eq!(got, json!(["counted", "unknown", "known", "unknown"]));
        let path = device.url("/v1/ads/events");
        let asked = device
            .client()
            .post(path)
            .json(&json!({ "events": events }));
        let got = json(asked).await["results"].clone();
        assert_eq!(got, json!(["known", "counted", "known", "unknown"]));

        // Twice in one request, too old, a mark that nothing waits for.
        let old = now - 31 * 24 * 3_600_000;
        let events = json!([
            told(anas, "click", 1, now),
            told(anas, "click", 2, now),
            told(anas, "pause", 1, old),
            told(anas, "progress", 5, now)
        ]);
        let got = tell(&server, &ana.token, events).await;
        assert_eq!(got, json!(["counted", "known", "unknown", "unknown"]));
        let report = server.get("/api/v1/ads/report?by=server").await;
        let row = &report["items"][0];
        assert_eq!(row["key"], Uuid::from_u128(77).to_string());
        assert_eq!((&row["starts"], &row["clicks"]), (&json!(3), &json!(1)));
        assert_eq!(
            (&row["asked"], &row["filled"], &row["told"]),
            (&json!(3), &json!(3), &json!(4))
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_wrong_field_is_named_with_its_event() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let id = Uuid::now_v7();
    let fine = told(id, "start", 0, 1);
    let wrong = |field: &str, value: Value| {
        let mut event = fine.clone();
        event[field] = value;
        json!({"events": [fine.clone(), event]})
    };
    let many: Vec<Value> = vec![fine.clone(); 201];
    let table = [
        (wrong("event", json!("started")), "/events/1/event"),
        (wrong("instance", json!("x")), "/events/1/instance"),
        (wrong("media_ms", json!(-1)), "/events/1/media_ms"),
        (wrong("at_ms", json!(-1)), "/events/1/at_ms"),
        (wrong("code", json!(405)), "/events/1/code"),
        (wrong("receipt", json!("a+/=")), "/events/1/receipt"),
        (wrong("more", json!(1)), "/events/1/more"),
        (json!({ "events": many }), "/events"),
    ];
    for (body, place) in table {
        let asked = server
            .request(Method::POST, "/api/v1/ads/events")
            .json(&body);
        let (status, problem) = refusal(asked).await;
        // What has another shape is 422, what breaks a rule 400.
        assert!(matches!(status, 400 | 422), "{place}: {status}");
        assert_eq!(problem.code, "invalid_body", "{place}");
        assert_eq!(problem.errors[0].pointer, place);
    }
    let long = json!({"events": [], "x": "x".repeat(70_000)});
    let asked = server
        .request(Method::POST, "/api/v1/ads/events")
        .json(&long);
    assert_eq!(refusal(asked).await.0, 413);
    server.stop().await;
}

/// Two receipts of which one was changed, and two of another authority.
fn changed_is_found(text: &str) {
    for (from, to) in [
        ("\"start\"", "\"skip\""),
        ("\"media_ms\":5000", "\"media_ms\":9000"),
    ] {
        let verified = export::verify(&text.replace(from, to), None);
        assert_eq!((verified.good, verified.bad.len()), (1, 1));
    }
    let own = rcgen::generate_simple_self_signed(["x".to_owned()]).expect("made");
    assert_eq!(export::verify(text, Some(&own.cert.pem())).bad.len(), 2);
}

#[tokio::test]
async fn what_a_device_signed_can_be_checked_by_anyone() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let title = a_title(&server).await;
        let device = Device::enroll(&server, "pc").await;
        let other = Device::enroll(&server, "other").await;
        let now = server.app.clock.now_ms();
        let id = shown(&server, &instance(title)).await;
        let signed = |device: &Device, by: &Device, event: Event, media_ms: i64| {
            let mut event = AdEvent {
                instance: id,
                event,
                media_ms,
                at_ms: now,
                code: None,
                receipt: None,
            };
            let message = receipt::message(&event, row_id(device.id));
            let signature = by.key.sign(&message).expect("signed");
            event.receipt = Some(URL_SAFE_NO_PAD.encode(signature));
            serde_json::to_value(event).expect("JSON")
        };
        // The page told of the start already, a little earlier; it is signed all the same.
        tell(
            &server,
            &server.owner,
            json!([told(id, "start", 0, now - 5)]),
        )
        .await;
        let events = json!({"events": [
            signed(&device, &device, Event::Start, 1),
            signed(&device, &device, Event::Midpoint, 5_000),
            signed(&device, &other, Event::Click, 5_000),
            signed(&other, &other, Event::Skip, 5_000),
        ]});
        for expected in [["known", "counted", "counted", "counted"], ["known"; 4]] {
            let asked = device
                .client()
                .post(device.url("/v1/ads/events"))
                .json(&events);
            assert_eq!(json(asked).await["results"], json!(expected));
        }
        let report = server.get("/api/v1/ads/report?by=title").await;
        let row = &report["items"][0];
        assert_eq!((&row["told"], &row["signed"]), (&json!(4), &json!(2)));

        let export = server
            .request(Method::GET, "/api/v1/ads/receipts")
            .send()
            .await;
        let text = export.expect("an answer").text().await.expect("text");
        let verified = export::verify(&text, Some(&device.ca_pem));
        assert_eq!((verified.good, verified.bad.len()), (2, 0), "{text}");
        changed_is_found(&text);
        let none = format!("/api/v1/ads/receipts?campaign={}", Uuid::from_u128(5));
        let none = server
            .request(Method::GET, &none)
            .send()
            .await
            .expect("an answer");
        assert_eq!(none.text().await.expect("text").lines().count(), 1);
        server.stop().await;
    }
}
