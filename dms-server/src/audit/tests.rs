//! The log over HTTP, and what a changed database looks like.

use http::Method;
use serde_json::json;

use super::db;
use crate::auth::Role;
use crate::testing::{Server, refusal, text};

#[tokio::test]
async fn acts_are_logged_with_who_did_them_and_the_log_is_whole_on_both_databases() {
    for server in Server::both().await {
        let site = server.site("Lyon", "10.9.0.0/16").await;
        let path = format!("/api/v1/sites/{}", text(&site["id"]));
        let gone = server.request(Method::DELETE, &path).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        server.token(Role::Auditor).await;
        let log = server.get("/api/v1/audit?limit=500").await;
        let rows = log["items"].as_array().expect("rows");
        let actions: Vec<_> = rows.iter().map(|row| text(&row["action"])).collect();
        for action in ["token.made", "site.deleted", "site.made"] {
            assert!(actions.iter().any(|a| a == action), "{actions:?}");
        }
        assert_eq!(rows[0]["actor"], "owner");
        let made = server
            .get("/api/v1/audit?action=site.made&actor=owner")
            .await;
        assert_eq!(made["items"].as_array().expect("rows").len(), 1);
        assert_eq!(made["items"][0]["detail"]["subnets"], "10.9.0.0/16");
        assert_eq!(made["items"][0]["object"], site["id"]);
        let report = server.get("/api/v1/audit/verify").await;
        assert_eq!(
            (&report["whole"], &report["faults"]),
            (&json!(true), &json!([]))
        );
        let wrong = server.request(Method::GET, "/api/v1/audit/verify?head=1");
        assert_eq!(refusal(wrong).await.1.code, "invalid_head");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_change_in_the_database_is_named_on_both() {
    for server in Server::both().await {
        for name in ["Lyon", "Turin", "Graz"] {
            server
                .site(
                    name,
                    &format!(
                        "10.{}.0.0/16",
                        name.len() * 10 + 1 + usize::from(name.as_bytes()[0]) % 9
                    ),
                )
                .await;
        }
        let head = text(&server.get("/api/v1/audit/verify").await["head"]);
        let refused = db::tamper(&server.app.db, false).await;
        let said = refused.expect_err("a trigger stands before it").to_string();
        assert!(said.contains("only grows"), "{said}");
        db::tamper(&server.app.db, true).await.expect("changed");
        let report = server.get("/api/v1/audit/verify").await;
        assert_eq!(report["faults"], json!([{"kind": "changed", "seq": 2}]));
        let noted = server
            .get(&format!("/api/v1/audit/verify?head={head}"))
            .await;
        assert_eq!(
            noted["faults"], report["faults"],
            "the head itself still fits"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn the_export_is_the_log_and_is_logged() {
    let server = Server::start().await;
    let path = "/api/v1/audit/export";
    let answer = server.request(Method::GET, path).send().await;
    let lines = answer.expect("an answer").text().await.expect("a body");
    let rows: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let length = db::length(&server.app.db).await.expect("read");
    assert_eq!(rows.len() as i64, length - 1, "it ends before itself");
    assert_eq!(rows[0]["seq"], 1);
    let newest = server.get("/api/v1/audit?limit=1").await;
    assert_eq!(newest["items"][0]["action"], "audit.exported");
    let past = format!("{path}?after={}", i64::MAX);
    let answer = server
        .request(Method::GET, &past)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.text().await.expect("a body").as_str()
        ),
        (200, "")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_hundred_acts_at_once_make_one_chain_on_both_databases() {
    for server in Server::both().await {
        let acts = (0..100).map(|n| {
            let body = json!({"name": format!("t{n}"), "roles": ["viewer"]});
            server
                .request(Method::POST, "/api/v1/tokens")
                .json(&body)
                .send()
        });
        for answer in futures_util::future::join_all(acts).await {
            assert_eq!(answer.expect("an answer").status(), 201);
        }
        let report = server.get("/api/v1/audit/verify").await;
        assert_eq!(report["whole"], true, "{report}");
        assert!(report["rows"].as_u64().expect("a number") >= 100);
        server.stop().await;
    }
}
