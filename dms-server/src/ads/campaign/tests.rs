//! Ad campaigns over the real server, on both databases.

use http::Method;
use serde_json::{Value, json};

use crate::auth::Role;
use crate::testing::title::video;
use crate::testing::{Server, json as answer, refusal, text};

const CAMPAIGNS: &str = "/api/v1/ads/campaigns";

fn path(campaign: &Value) -> String {
    format!("{CAMPAIGNS}/{}", text(&campaign["id"]))
}

async fn creative(server: &Server) -> Value {
    let title = video(server).await.title.to_string();
    server
        .post("/api/v1/ads/creatives", json!({"title": title}))
        .await
}

/// Its creative is needed until it ends; ended once more, it is ended.
async fn ended_twice(server: &Server, creative: &Value, made: &Value) {
    let needed = server.request(
        Method::DELETE,
        &format!("/api/v1/ads/creatives/{}", text(&creative["id"])),
    );
    assert_eq!(refusal(needed).await.1.code, "creative_needed");
    for _ in 0..2 {
        let end = server.request(Method::DELETE, &path(made)).send().await;
        assert_eq!(end.expect("an answer").status(), 204);
    }
}

#[tokio::test]
async fn a_campaign_is_changed_by_who_saw_it_and_its_sites_hold_the_creative() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let soap = creative(&server).await;
        let lyon = server.site("Lyon", "127.1.0.0/16").await;
        let opens = server.app.clock.now_ms() + 3_600_000;
        let body = json!({"name": "Soap", "creative": soap["id"], "sites": [lyon["id"]], "from_ms": opens});
        let made = server.post(CAMPAIGNS, body.clone()).await;
        assert_eq!(
            (&made["state"], &made["sites"]),
            (&json!("scheduled"), &json!([lyon["id"]]))
        );
        let held = server
            .get(&format!("/api/v1/campaigns/{}", text(&made["held_by"])))
            .await;
        assert_eq!(
            (&held["state"], &held["title"]),
            (&json!("running"), &soap["title"]),
            "{held}"
        );
        assert_eq!(held["sites"][0]["id"], lyon["id"]);
        assert_eq!(
            (&held["all_sites"], &held["deadline_ms"]),
            (&json!(false), &json!(opens))
        );

        let mut everywhere = body.clone();
        everywhere["sites"] = json!([]);
        let put = |tag: &str| {
            let request = server
                .request(Method::PUT, &path(&made))
                .header("if-match", tag);
            request.json(&everywhere)
        };
        assert_eq!(refusal(put("\"7\"")).await.0, 412);
        let changed = answer(put("\"1\"")).await;
        assert_eq!(
            (&changed["edition"], &changed["sites"]),
            (&json!(2), &json!([]))
        );
        assert_ne!(changed["held_by"], made["held_by"]);
        let before = server
            .get(&format!("/api/v1/campaigns/{}", text(&made["held_by"])))
            .await;
        let after = server
            .get(&format!("/api/v1/campaigns/{}", text(&changed["held_by"])))
            .await;
        assert_eq!(
            (&before["state"], &after["all_sites"]),
            (&json!("ended"), &json!(true))
        );

        ended_twice(&server, &soap, &made).await;
        let after = server
            .get(&format!("/api/v1/campaigns/{}", text(&changed["held_by"])))
            .await;
        assert_eq!(after["state"], "ended");
        assert_eq!(refusal(put("*")).await.1.code, "ad_campaign_ended");
        let forecast = server.get(&format!("{}/forecast", path(&made))).await;
        assert_eq!(
            (&forecast["showings"], &forecast["bounded_by"]),
            (&json!(0), &json!("views"))
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn only_ad_operations_fill_breaks_and_wrong_campaigns_are_refused() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    for (role, status) in [
        (Role::Viewer, 403),
        (Role::Publisher, 403),
        (Role::AdOperations, 200),
    ] {
        let token = server.token(role).await;
        for path in [
            CAMPAIGNS,
            "/api/v1/ads/creatives",
            "/api/v1/ads/servers",
            "/api/v1/ads/settings",
        ] {
            let asked = server
                .anonymous(Method::GET, path)
                .bearer_auth(&token)
                .send()
                .await;
            assert_eq!(
                asked.expect("an answer").status(),
                status,
                "{role:?} {path}"
            );
        }
    }
    let wrong = json!({"name": "", "creative": uuid::Uuid::nil(), "sites": [uuid::Uuid::nil()]});
    let (status, problem) = refusal(server.request(Method::POST, CAMPAIGNS).json(&wrong)).await;
    let places: Vec<&str> = problem.errors.iter().map(|e| e.pointer.as_str()).collect();
    assert_eq!((status, places), (400, vec!["/name", "/sites/0"]));
    let none = json!({"name": "a", "creative": uuid::Uuid::nil()});
    let (_, problem) = refusal(server.request(Method::POST, CAMPAIGNS).json(&none)).await;
    assert_eq!(problem.errors[0].pointer, "/creative");
    let slate = json!({"hooks": ["campaigns", "campaigns", "x"], "report": "server", "slate": uuid::Uuid::nil()});
    let put = server
        .request(Method::PUT, "/api/v1/ads/settings")
        .json(&slate);
    let places: Vec<String> = refusal(put)
        .await
        .1
        .errors
        .into_iter()
        .map(|e| e.pointer)
        .collect();
    assert_eq!(places, ["/hooks/1", "/hooks/2", "/slate"]);
    server.stop().await;
}
