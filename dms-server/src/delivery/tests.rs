//! Reports from page to picture, over both databases.

use http::Method;
use serde_json::json;

use super::*;
use crate::auth::Role;
use crate::testing::{Server, refusal, title};

fn report(title: &str, began: bool) -> serde_json::Value {
    json!({"title": title, "began": began, "path": "origin", "reason": "denied", "origin_bytes": 3_000,
           "office_bytes": 100, "nearby_bytes": 1_000, "played_ms": 20_000, "stalled_ms": 400})
}

#[tokio::test]
async fn what_pages_say_is_summed_by_minute_site_and_path_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let site = json!({"name": "Lyon", "subnets": ["127.0.0.0/8"]});
        let site = server.post("/api/v1/sites", site).await;
        let video = title::video(&server).await;
        let id = video.title.to_string();
        let viewer = server.token(Role::Viewer).await;
        let send = async |began: bool| {
            let post = server
                .anonymous(Method::POST, "/api/v1/delivery")
                .bearer_auth(&viewer);
            let answer = post.json(&report(&id, began)).send().await;
            assert_eq!(answer.expect("an answer").status(), 204);
        };
        // A whole minute to be in: the first two reports are summed.
        let into = server.app.clock.now_ms().rem_euclid(MINUTE_MS);
        server.app.clock.advance_ms(MINUTE_MS - into);
        send(true).await;
        send(false).await;
        write(&server.app).await.expect("written");
        server.app.clock.advance_ms(3 * MINUTE_MS);
        send(true).await;
        write(&server.app).await.expect("written");
        write(&server.app).await.expect("nothing to write");
        let got = server.get(&format!("/api/v1/titles/{id}/delivery")).await;
        assert_eq!(got["step_ms"], MINUTE_MS);
        let steps = got["steps"].as_array().expect("steps");
        assert_eq!(
            steps.len(),
            2,
            "nothing is known of the minutes between: {got}"
        );
        let at = |step: usize| steps[step]["at_ms"].as_i64().expect("a moment");
        assert_eq!(at(1) - at(0), 3 * MINUTE_MS);
        assert_eq!(
            (&steps[0]["origin_bytes"], &steps[0]["views"]),
            (&json!(6_000), &json!(1))
        );
        let sums = &got["sites"][0];
        assert_eq!(
            (&sums["site"], &sums["name"]),
            (&site["id"], &json!("Lyon"))
        );
        assert_eq!(
            (&sums["stalled_ms"], &sums["played_ms"]),
            (&json!(1_200), &json!(60_000))
        );
        narrowed_and_widened(&server, &id, &got).await;
        // They go with their title, and nothing is counted for one that is gone.
        let path = format!("/api/v1/titles/{id}");
        let gone = server.request(Method::DELETE, &path).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        let late = serde_json::from_value(report(&id, true)).expect("a report");
        server
            .app
            .deliveries
            .count(&late, None, server.app.clock.now_ms());
        write(&server.app).await.expect("written");
        assert_eq!(
            server.get("/api/v1/delivery/sites").await["sites"],
            json!([])
        );
        server.stop().await;
    }
}

/// What `got` is of one site, over a week, and of all titles.
async fn narrowed_and_widened(server: &Server, id: &str, got: &serde_json::Value) {
    let elsewhere = Uuid::nil();
    let none = server
        .get(&format!("/api/v1/titles/{id}/delivery?site={elsewhere}"))
        .await;
    let sites = none["sites"].as_array().map(Vec::len);
    assert_eq!((&none["steps"], sites), (&json!([]), Some(1)));
    let wide = got["until_ms"].as_i64().expect("a moment") - 7 * DAY_MS;
    let wide = server
        .get(&format!("/api/v1/titles/{id}/delivery?from_ms={wide}"))
        .await;
    assert_eq!(wide["step_ms"], 60 * MINUTE_MS);
    // The reports may lie on both sides of a full hour.
    let steps = wide["steps"].as_array().expect("steps").iter();
    assert_eq!(
        steps.filter_map(|step| step["views"].as_i64()).sum::<i64>(),
        2
    );
    let all = server.get("/api/v1/delivery/sites").await;
    assert_eq!(all["sites"], got["sites"]);
    let paths = server.get("/api/v1/delivery/paths").await;
    let both = json!([{"path": "origin", "reason": "denied", "views": 2}]);
    assert_eq!(paths["items"], both);
}

#[tokio::test]
async fn what_a_page_cannot_mean_is_bounded_or_refused() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let video = title::video(&server).await;
    let id = video.title.to_string();
    let mut huge = report(&id, false);
    huge["origin_bytes"] = json!(u64::MAX);
    huge["stalled_ms"] = json!(u64::MAX);
    let sent = server
        .request(Method::POST, "/api/v1/delivery")
        .json(&huge)
        .send()
        .await;
    assert_eq!(sent.expect("an answer").status(), 204);
    write(&server.app).await.expect("written");
    let got = server.get("/api/v1/delivery/sites").await;
    let sums = &got["sites"][0];
    assert_eq!(sums["site"], json!(null));
    assert_eq!(sums["origin_bytes"], BYTES_MAX);
    assert_eq!(sums["stalled_ms"], TIME_MAX_MS);
    let nobody = json!({"audience": {"groups": [server.group("board").await]}});
    server.set_policy(&video, nobody).await;
    let viewer = server.token(Role::Viewer).await;
    let post = server
        .anonymous(Method::POST, "/api/v1/delivery")
        .bearer_auth(&viewer);
    assert_eq!(
        refusal(post.json(&report(&id, true))).await.1.code,
        "title_not_found"
    );
    let mut odd = report(&id, true);
    odd["reason"] = json!("because");
    assert_eq!(
        refusal(server.request(Method::POST, "/api/v1/delivery").json(&odd))
            .await
            .0,
        422
    );
    for query in ["from_ms=5&until_ms=5", "from_ms=-1&until_ms=5", "from_ms=0"] {
        let path = format!("/api/v1/delivery/sites?{query}");
        assert_eq!(
            refusal(server.request(Method::GET, &path)).await.1.code,
            "invalid_range",
            "{query}"
        );
    }
    server.stop().await;
}

#[test]
fn what_could_not_be_written_waits_and_memory_is_bounded() {
    let deliveries = Deliveries::default();
    let report: DeliveryReport =
        serde_json::from_value(report(&Uuid::nil().to_string(), true)).expect("a report");
    for minute in 0..SUMS_MAX as i64 + 10 {
        deliveries.count(&report, None, minute * MINUTE_MS);
    }
    let waiting = deliveries.take();
    assert_eq!(waiting.sums.len(), SUMS_MAX);
    deliveries.count(&report, None, 0);
    deliveries.restore(waiting);
    let again = deliveries.take();
    assert_eq!(again.sums.len(), SUMS_MAX);
    assert_eq!(again.sums[&(Uuid::nil(), 0, Uuid::nil())].views, 2);
}
