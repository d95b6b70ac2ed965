//! Webhooks over the real server, with receivers on a part of loopback that the operator opened.

mod delivery;
mod hostile;
mod store;

use base64::{Engine, engine::general_purpose::STANDARD};
use dms_transcoder_protocol::FailureCode;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::*;
use crate::auth::Role;
use crate::config::Config;
use crate::publish::jobs::{self, db::Ending};
use crate::testing::device::Device;
use crate::testing::receiver::{Part, Received, Receiver, reply};
use crate::testing::title::{file, upload};
use crate::testing::{Server, json as answer, refusal, text};

const WEBHOOKS: &str = "/api/v1/webhooks";

/// Where receivers listen.
const AT: &str = "127.77.0.1:0";

fn open(config: &mut Config) {
    config.egress.allow = vec!["127.77.0.0/16".to_owned()];
}

async fn start() -> Server {
    Server::with(open).await
}

/// A receiver that takes everything.
async fn takes() -> Receiver {
    Receiver::http(AT, |_, _| reply(204, "", b"")).await
}

async fn add(server: &Server, receiver: &Receiver, events: &[&str]) -> Value {
    let body = json!({"url": receiver.url("/hook"), "events": events});
    server.post(WEBHOOKS, body).await
}

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", text(&webhook["id"]))
}

async fn show(server: &Server, webhook: &Value) -> Value {
    server.get(&path(webhook)).await
}

async fn log(server: &Server, webhook: &Value) -> Vec<Value> {
    let page = server.get(&format!("{}/deliveries", path(webhook))).await;
    page["items"].as_array().expect("items").clone()
}

/// Waits until the log is as wanted; answers it.
async fn logged(server: &Server, webhook: &Value, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..600 {
        server.app.webhooks.stir();
        let log = log(server, webhook).await;
        if !log.is_empty() && wanted(&log) {
            return log;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the log never becomes so: {:?}", log(server, webhook).await);
}

/// Tells the webhooks of something small.
async fn happen(server: &Server, number: u64) {
    let data = json!({"title": Uuid::nil(), "name": format!("n{number}")});
    let emitted = emit(&server.app, Kind::TitleDeleted, data).await;
    emitted.expect("the database");
}

/// Checks a message as a receiver does, by nothing but the standard's words; answers its body.
fn verified(webhook: &Value, request: &Received) -> Value {
    let secret = text(&webhook["secret"]);
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix"));
    let key = key.expect("base64");
    assert_eq!(key.len(), 32);
    let field = |name: &str| {
        request
            .field(name)
            .unwrap_or_else(|| panic!("{name}"))
            .to_owned()
    };
    let (id, at) = (field("webhook-id"), field("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(at.as_bytes());
    mac.update(b".");
    mac.update(&request.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(field("webhook-signature"), expected);
    assert_eq!(field("content-type"), "application/json");
    assert_eq!(request.line, "POST /hook HTTP/1.1");
    assert!(id.parse::<Uuid>().is_ok());
    serde_json::from_slice(&request.body).expect("JSON")
}

fn moment(request: &Received) -> i64 {
    let at = request.field("webhook-timestamp").expect("a moment");
    at.parse().expect("a number")
}

#[tokio::test]
async fn what_happens_is_told_signed_on_both_databases() {
    for server in Server::both_with(open).await {
        let receiver = takes().await;
        let webhook = add(&server, &receiver, &[]).await;
        let title = file(&server, b"content").await;
        let campaign = server
            .post("/api/v1/campaigns", json!({"title": title}))
            .await;
        let device = Device::enroll(&server, "build server").await;
        let delete = async |path: String| {
            let gone = server.request(Method::DELETE, &path).send().await;
            assert_eq!(gone.expect("an answer").status(), 204);
        };
        for _ in 0..2 {
            // Revoking and ending again is no event.
            delete(format!("/api/v1/devices/{}", device.id)).await;
            delete(format!("/api/v1/campaigns/{}", text(&campaign["id"]))).await;
        }
        delete(format!("/api/v1/titles/{title}")).await;
        let requests = receiver.wait(6).await;
        let mut told: Vec<Value> = requests.iter().map(|r| verified(&webhook, r)).collect();
        told.sort_by_key(|body| text(&body["type"]));
        let types: Vec<_> = told.iter().map(|body| text(&body["type"])).collect();
        let expected = [
            "campaign.finished",
            "peer.enrolled",
            "peer.revoked",
            "title.complete",
            "title.deleted",
            "upload.completed",
        ];
        assert_eq!(types, expected);
        let origin = server.app.public_origin().to_owned();
        let title = title.to_string();
        let uuid = title.parse::<Uuid>().expect("an id").to_string();
        for (body, pointer, value) in [
            (&told[0], "/campaign", campaign["id"].clone()),
            (&told[0], "/title_name", json!("a")),
            (&told[1], "/name", json!("build server")),
            (&told[1], "/kind", json!("edge_peer")),
            (&told[2], "/device", told[1]["data"]["device"].clone()),
            (&told[3], "/title", json!(uuid)),
            (&told[3], "/kind", json!("file")),
            (&told[3], "/version", json!(1)),
            (
                &told[3],
                "/links/console",
                json!(format!("{origin}/watch/{uuid}")),
            ),
            (&told[4], "/name", json!("a")),
            (&told[5], "/bytes", json!(7)),
            (&told[5], "/links/console", json!(format!("{origin}/"))),
        ] {
            assert_eq!(
                body["data"].pointer(pointer),
                Some(&value),
                "{pointer} {body}"
            );
        }
        let all = |log: &[Value]| log.iter().all(|d| d["state"] == "delivered");
        assert_eq!(logged(&server, &webhook, all).await.len(), 6);
        assert_eq!(receiver.requests().len(), 6, "once each");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_title_that_fails_is_told_with_its_code_on_both_databases() {
    let change = |config: &mut Config| {
        open(config);
        config.media.jobs = 0;
    };
    for server in Server::both_with(change).await {
        let receiver = takes().await;
        let webhook = add(&server, &receiver, &["title.failed"]).await;
        let title = upload(&server, "video", b"no video").await;
        let (app, now) = (&server.app, server.app.clock.now_ms());
        for ending in [Ending::Released, Ending::Failed(FailureCode::NotVideo)] {
            let claim = jobs::db::claim(&app.db, &app.publish.node, "test", now + 1, now + 60_000);
            let claim = claim.await.expect("the database").expect("a job");
            let ended = jobs::db::end(&app.db, &claim, ending, "log", now);
            assert!(ended.await.expect("the database"));
        }
        let requests = receiver.wait(1).await;
        let body = verified(&webhook, &requests[0]);
        let expected = json!({
            "title": Uuid::from_bytes(title.0), "name": "a", "kind": "video",
            "error": {"code": "not_video", "message": FailureCode::NotVideo.sentence()},
            "links": {"console": format!("{}/", app.public_origin())},
        });
        assert_eq!(
            (&body["type"], &body["data"]),
            (&json!("title.failed"), &expected)
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_webhook_gets_what_it_asked_for_and_a_disabled_one_nothing() {
    let server = start().await;
    let receivers = [takes().await, takes().await, takes().await];
    let chosen = add(&server, &receivers[0], &["title.deleted", "peer.revoked"]).await;
    add(&server, &receivers[1], &["peer.enrolled"]).await;
    let disabled = add(&server, &receivers[2], &[]).await;
    let body = json!({"url": receivers[2].url("/hook"), "enabled": false});
    let put = server.request(Method::PUT, &path(&disabled)).json(&body);
    assert_eq!(answer(put).await["enabled"], false);
    happen(&server, 1).await;
    let requests = receivers[0].wait(1).await;
    assert_eq!(verified(&chosen, &requests[0])["data"]["name"], "n1");
    let log = logged(&server, &chosen, |log| log[0]["state"] == "delivered").await;
    let expected = json!({
        "id": requests[0].field("webhook-id"), "type": "title.deleted", "state": "delivered",
        "attempts": 1, "next_ms": null, "status": 204, "error": null,
        "created_ms": log[0]["created_ms"], "done_ms": log[0]["done_ms"],
    });
    assert_eq!(log, [expected]);
    assert_eq!(
        (receivers[1].connections(), receivers[2].connections()),
        (0, 0)
    );
    let retry = format!("{}/deliveries/{}/retry", path(&disabled), Uuid::nil());
    let (status, problem) = refusal(server.request(Method::POST, &retry)).await;
    assert_eq!((status, problem.code.as_str()), (409, "webhook_disabled"));
    server.stop().await;
}

#[tokio::test]
async fn a_secret_is_shown_once_and_stays_when_the_webhook_is_replaced() {
    for server in Server::both_with(open).await {
        let receiver = takes().await;
        let made = add(&server, &receiver, &["title.deleted"]).await;
        let secret = text(&made["secret"]);
        let id: Uuid = text(&made["id"]).parse().expect("an id");
        let row = db::one(&server.app.db, id)
            .await
            .expect("the database")
            .expect("it");
        let clear = STANDARD.decode(&secret[6..]).expect("base64");
        for kept in [clear.as_slice(), secret.as_bytes()] {
            assert!(
                !row.secret.windows(kept.len()).any(|window| window == kept),
                "sealed"
            );
        }
        assert!(!format!("{row:?}").contains("http"), "no URL in logs");
        let body = json!({"url": receiver.url("/hook?a=b"), "events": []});
        let replaced = answer(server.request(Method::PUT, &path(&made)).json(&body)).await;
        let list = server.get(WEBHOOKS).await;
        for shown in [&show(&server, &made).await, &replaced, &list["items"][0]] {
            assert_eq!(
                (&shown["id"], &shown["secret"]),
                (&made["id"], &Value::Null)
            );
            assert_eq!(
                (&shown["url"], &shown["events"]),
                (&body["url"], &json!([]))
            );
            assert_eq!(shown["created_by"], "owner");
        }
        let body = json!({"url": receiver.url("/hook")});
        answer(server.request(Method::PUT, &path(&made)).json(&body)).await;
        let server = server.restart().await;
        happen(&server, 1).await;
        verified(&made, &receiver.wait(1).await[0]);
        let gone = server.request(Method::DELETE, &path(&made)).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_test_says_what_the_receiver_said() {
    let server = start().await;
    let receiver = Receiver::http(AT, |n, _| match n {
        0 => reply(200, "", b"taken\r\nwith thanks"),
        1 => reply(401, "", &[b'x'; 5_000]),
        2 => reply(302, "location: /elsewhere\r\n", b""),
        _ => vec![Part::Bytes(b"hello?".to_vec())],
    })
    .await;
    let webhook = add(&server, &receiver, &["peer.revoked"]).await;
    let test = format!("{}/test", path(&webhook));
    for (delivered, status, error, said) in [
        (true, json!(200), json!(null), "taken  with thanks"),
        (false, json!(401), json!("the receiver answered 401"), "xxx"),
        (
            false,
            json!(302),
            json!(
                "the receiver redirects (302), which is not followed; give the address it ends at"
            ),
            "",
        ),
        (
            false,
            json!(null),
            json!("the host did not answer in HTTP/1.1, or its answer's head is too large"),
            "",
        ),
    ] {
        let told = answer(server.request(Method::POST, &test)).await;
        assert_eq!(told["delivered"], delivered, "{told}");
        assert_eq!((&told["status"], &told["error"]), (&status, &error));
        let answer = text(&told["answer"]);
        assert!(answer.starts_with(said) && answer.len() <= 500, "{answer}");
    }
    let body = verified(&webhook, &receiver.requests()[0]);
    assert_eq!(
        (&body["type"], &body["data"]["webhook"]),
        (&json!("webhook.test"), &webhook["id"])
    );
    assert!(log(&server, &webhook).await.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_field_and_the_fix() {
    let server = start().await;
    let receiver = takes().await;
    let url = receiver.url("/hook");
    for (body, status, code) in [
        (json!({}), 422, "invalid_body"),
        (json!({"url": url, "event": []}), 422, "invalid_body"),
        (json!({"url": url, "events": "all"}), 422, "invalid_body"),
        (
            json!({"url": url, "events": ["title.gone"]}),
            400,
            "invalid_webhook",
        ),
        (
            json!({"url": url, "events": ["title.complete", "title.complete"]}),
            400,
            "invalid_webhook",
        ),
        (
            json!({"url": url, "events": ["webhook.test"]}),
            400,
            "invalid_webhook",
        ),
    ] {
        let refused = refusal(server.request(Method::POST, WEBHOOKS).json(&body)).await;
        assert_eq!(
            (refused.0, refused.1.code.as_str()),
            (status, code),
            "{body}"
        );
    }
    let publisher = server.token(Role::Publisher).await;
    let asked = server
        .anonymous(Method::GET, WEBHOOKS)
        .bearer_auth(&publisher);
    assert_eq!(refusal(asked).await.0, 403);
    let nobody = format!("{WEBHOOKS}/{}", Uuid::now_v7());
    for (method, path) in [
        (Method::GET, nobody.clone()),
        (Method::DELETE, nobody.clone()),
        (Method::GET, format!("{nobody}/deliveries")),
        (Method::POST, format!("{nobody}/test")),
        (
            Method::POST,
            format!("{nobody}/deliveries/{}/retry", Uuid::nil()),
        ),
    ] {
        let (status, problem) = refusal(server.request(method, &path)).await;
        assert_eq!(
            (status, problem.code.as_str()),
            (404, "webhook_not_found"),
            "{path}"
        );
    }
    let put = server
        .request(Method::PUT, &nobody)
        .json(&json!({"url": url}));
    assert_eq!(refusal(put).await.1.code, "webhook_not_found");
    let webhook = add(&server, &receiver, &[]).await;
    let retry = format!("{}/deliveries/{}/retry", path(&webhook), Uuid::nil());
    let (status, problem) = refusal(server.request(Method::POST, &retry)).await;
    assert_eq!((status, problem.code.as_str()), (404, "delivery_not_found"));
    for _ in 1..WEBHOOKS_MAX {
        add(&server, &receiver, &[]).await;
    }
    let body = json!({"url": url});
    let (status, problem) = refusal(server.request(Method::POST, WEBHOOKS).json(&body)).await;
    assert_eq!((status, problem.code.as_str()), (409, "too_many_webhooks"));
    server.stop().await;
}

#[test]
fn the_documents_name_every_event_type() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/API.md");
    let page = std::fs::read_to_string(page).expect("the page");
    for kind in Kind::ALL {
        assert!(page.contains(&format!("`{}`", kind.name())), "{kind:?}");
    }
}
