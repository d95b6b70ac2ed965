//! Policies over HTTP: what lists show, what licences say, and the server against a small model.

mod cases;
mod model;

use drm::license::RecipientKeyPair;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auth::Role;
use crate::db::testing::postgres_url;
use crate::testing::device::Device;
use crate::testing::rights::Person;
use crate::testing::title;
use crate::testing::{Server, json, refusal};

const HOUR_MS: i64 = 3_600_000;

/// A server whose titles the test publishes itself.
async fn server() -> Server {
    Server::with(|config| config.media.jobs = 0).await
}

#[tokio::test]
async fn who_is_not_in_the_audience_neither_sees_nor_plays_it_on_both_databases() {
    let postgres = postgres_url().await;
    let with_url = |url: Option<String>| {
        Server::with(|config| {
            config.media.jobs = 0;
            config.database.url = url.unwrap_or(config.database.url.clone());
        })
    };
    for server in [with_url(None).await, with_url(Some(postgres)).await] {
        let video = title::video(&server).await;
        let (ana, ben) = (
            server.someone("ana", Role::Viewer).await,
            server.someone("ben", Role::Viewer).await,
        );
        let board = server.group("board").await;
        server.member(board, ana.id, true).await;
        server
            .set_policy(&video, json!({"audience": {"groups": [board]}}))
            .await;
        let list = |who: &Person| {
            let asked = server.anonymous(Method::GET, "/api/v1/titles");
            json(asked.bearer_auth(&who.token))
        };
        assert_eq!(
            list(&ana).await["items"].as_array().expect("items").len(),
            1
        );
        assert_eq!(list(&ben).await["items"], json!([]));
        for path in ["", "/manifest", "/poster.jpg", "/storyboard.vtt"] {
            let path = format!("/api/v1/titles/{}{path}", video.title);
            let asked = server.anonymous(Method::GET, &path).bearer_auth(&ben.token);
            assert_eq!(refusal(asked).await.1.code, "title_not_found", "{path}");
        }
        let master = format!("/hls/{}/master.m3u8", video.title);
        let asked = server.anonymous(Method::GET, &master);
        assert_eq!(refusal(asked.bearer_auth(&ben.token)).await.0, 404);
        server
            .given(&video, server.license(&video, &ana.token, json!({})))
            .await;
        let outside = refusal(server.license(&video, &ben.token, json!({}))).await;
        assert_eq!(
            (outside.0, outside.1.code.as_str()),
            (403, "not_in_audience")
        );
        // A token of the installation stands for nobody.
        let nobody = refusal(server.license(&video, &server.owner, json!({}))).await;
        assert_eq!(nobody.1.code, "sign_in_needed");
        server.member(board, ana.id, false).await;
        let out = refusal(server.license(&video, &ana.token, json!({}))).await;
        assert_eq!(out.1.code, "not_in_audience");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_device_asks_for_the_person_at_it() {
    let server = server().await;
    let video = title::video(&server).await;
    let ana = server.someone("ana", Role::Viewer).await;
    let device = Device::enroll(&server, "pc").await;
    let policy = json!({"audience": {"people": [ana.id]}});
    server.set_policy(&video, policy).await;
    let key = RecipientKeyPair::generate(&mut rand::rng());
    let ask = |person: Value| {
        let body = json!({"title": video.title.to_string(), "recipient_key": key.public(),
                          "person": person});
        device.client().post(device.url("/v1/license")).json(&body)
    };
    assert_eq!(refusal(ask(json!(null))).await.1.code, "sign_in_needed");
    assert_eq!(refusal(ask(json!("dms_wrong"))).await.0, 401);
    let owner = refusal(ask(json!(server.owner))).await;
    assert_eq!(owner.1.code, "sign_in_needed", "it stands for nobody");
    let (grant, _) = server.given(&video, ask(json!(ana.token))).await;
    assert_eq!((grant.subject.as_str(), grant.device), ("ana", device.id.0));
    let list = server
        .get(&format!("/api/v1/licenses?person={}", ana.id))
        .await;
    assert_eq!(list["items"][0]["department"], "ana's");
    assert_eq!(
        list["items"][0]["device"],
        json!(Uuid::from_bytes(device.id.0))
    );
    server.stop().await;
}

#[tokio::test]
async fn an_embargo_holds_for_publishers_too_and_a_preview_says_so() {
    let server = server().await;
    let video = title::video(&server).await;
    let pia = server.someone("pia", Role::Publisher).await;
    let now = server.app.clock.now_ms();
    let policy = json!({"from_ms": now + 2 * HOUR_MS, "embargo_ms": now + HOUR_MS});
    server.set_policy(&video, policy.clone()).await;
    let held = refusal(server.license(&video, &pia.token, json!({}))).await;
    assert_eq!((held.0, held.1.code.as_str()), (403, "embargo"));
    let path = format!("/api/v1/titles/{}/policy/preview", video.title);
    let preview = |person: Option<Uuid>, at_ms: i64| {
        server.post(&path, json!({"person": person, "at_ms": at_ms}))
    };
    let soon = preview(Some(pia.id), now + HOUR_MS).await;
    assert_eq!(soon["allowed"], true, "publishers preview: {soon}");
    let others = preview(None, now + HOUR_MS).await;
    assert_eq!(
        (&others["allowed"], &others["code"]),
        (&json!(false), &json!("not_yet"))
    );
    assert_eq!(preview(None, now + 2 * HOUR_MS).await["allowed"], true);
    server.app.clock.advance_ms(HOUR_MS);
    server
        .given(&video, server.license(&video, &pia.token, json!({})))
        .await;
    let shown = server
        .get(&format!("/api/v1/titles/{}/policy", video.title))
        .await;
    assert_eq!(shown["policy"]["embargo_ms"], policy["embargo_ms"]);
    server.stop().await;
}

#[tokio::test]
async fn streams_are_counted_also_when_they_are_asked_for_at_once() {
    let server = server().await;
    let video = title::video(&server).await;
    let ana = server.someone("ana", Role::Viewer).await;
    server.set_policy(&video, json!({"streams": 2})).await;
    let asks = (0..10).map(|_| server.license(&video, &ana.token, json!({})).send());
    let answers = futures_util::future::join_all(asks).await;
    let mut given = Vec::new();
    for answer in answers {
        let answer = answer.expect("an answer");
        match answer.status().as_u16() {
            200 => given.push(
                server
                    .read(&video, &answer.bytes().await.expect("a body"))
                    .0,
            ),
            403 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(given.len(), 2);
    let first = Uuid::from_bytes(given[0].license_id);
    assert_eq!(given[0].not_after_ms - given[0].issued_ms, 300_000);
    let more = refusal(server.license(&video, &ana.token, json!({}))).await;
    assert_eq!(more.1.code, "too_many_streams");
    // The same stream goes on; another one comes when one is given back.
    let renews = json!({"renews": first});
    server
        .given(&video, server.license(&video, &ana.token, renews))
        .await;
    let back = server
        .anonymous(Method::DELETE, &format!("/api/v1/licenses/{first}"))
        .bearer_auth(&ana.token);
    assert_eq!(back.send().await.expect("an answer").status(), 204);
    server
        .given(&video, server.license(&video, &ana.token, json!({})))
        .await;
    // What was given back is not gone on with.
    let renews = json!({"renews": first});
    let over = refusal(server.license(&video, &ana.token, renews)).await;
    assert_eq!(over.1.code, "too_many_streams");
    server.stop().await;
}

#[tokio::test]
async fn a_policy_that_contradicts_itself_is_refused_with_each_wrong_field() {
    let server = server().await;
    let video = title::video(&server).await;
    let path = format!("/api/v1/titles/{}/policy", video.title);
    let put = |policy: Value| server.request(Method::PUT, &path).json(&policy);
    let nobody = Uuid::nil();
    for (policy, pointer) in [
        (json!({"from_ms": 9, "until_ms": 9}), "/until_ms"),
        (json!({"embargo_ms": 10, "until_ms": 9}), "/embargo_ms"),
        (json!({"audience": {}}), "/audience"),
        (
            json!({"audience": {"groups": [nobody]}}),
            "/audience/groups/0",
        ),
        (
            json!({"audience": {"people": [nobody]}}),
            "/audience/people/0",
        ),
        (json!({"places": {"sites": [nobody]}}), "/places/sites/0"),
        (json!({"places": {}}), "/places"),
        (json!({"streams": 0}), "/streams"),
        (json!({"offline_days": 400}), "/offline_days"),
        (json!({"plan": {"kind": "rental", "seconds": 0}}), "/plan"),
        (
            json!({"plan": {"kind": "subscription", "collection": nobody}}),
            "/plan/collection",
        ),
    ] {
        let (status, problem) = refusal(put(policy.clone())).await;
        assert_eq!(
            (status, problem.code.as_str()),
            (400, "invalid_policy"),
            "{policy}"
        );
        assert!(
            problem.errors.iter().any(|e| e.pointer == pointer),
            "{problem:?}"
        );
    }
    assert_eq!(refusal(put(json!({"who": []}))).await.0, 422);
    let eve = server.someone("eve", Role::Publisher).await;
    let others = server
        .anonymous(Method::PUT, &path)
        .bearer_auth(&eve.token)
        .json(&json!({}));
    assert_eq!(refusal(others).await.0, 403, "somebody else's title");
    server.stop().await;
}
