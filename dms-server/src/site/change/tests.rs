//! Changes of sites, and taking them back.

use http::Method;
use serde_json::{Value, json};

use crate::testing::{Server, refusal, text};

/// Sends, and answers the change that it was.
async fn change(server: &Server, method: Method, path: &str, body: Value) -> String {
    let answer = server.request(method, path).json(&body).send().await;
    let answer = answer.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    let change = answer.headers().get("dms-change").expect("the change");
    change.to_str().expect("text").to_owned()
}

async fn undo(server: &Server, id: &str) -> (u16, String) {
    let path = format!("/api/v1/site-changes/{id}/undo");
    let answer = server.request(Method::POST, &path).send().await;
    let answer = answer.expect("an answer");
    if answer.status() == 204 {
        let change = answer.headers().get("dms-change").expect("the change");
        return (204, change.to_str().expect("text").to_owned());
    }
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.expect("JSON");
    (status, text(&problem["code"]))
}

/// The sites without what changes by itself.
async fn sites(server: &Server) -> Vec<(String, Value)> {
    let list = server.get("/api/v1/sites").await;
    let items = list["items"].as_array().expect("items").clone();
    let shown = |site: Value| (text(&site["name"]), site["subnets"].clone());
    items.into_iter().map(shown).collect()
}

#[tokio::test]
async fn each_change_is_taken_back_and_that_too_on_both_databases() {
    for server in Server::both().await {
        let lyon = server.site("Lyon", "10.20.0.0/16").await;
        let path = format!("/api/v1/sites/{}", text(&lyon["id"]));
        let first = sites(&server).await;
        let body = json!({"name": "Lyon 2", "subnets": ["10.21.0.0/16", "10.22.0.0/16"]});
        let changed = change(&server, Method::PUT, &path, body).await;
        let second = sites(&server).await;
        assert_ne!(first, second);

        let (status, back) = undo(&server, &changed).await;
        assert_eq!((status, &sites(&server).await), (204, &first));
        assert_eq!(undo(&server, &changed).await, (409, "change_undone".into()));
        let (status, _) = undo(&server, &back).await;
        assert_eq!((status, &sites(&server).await), (204, &second));

        let deleted = change(&server, Method::DELETE, &path, json!({})).await;
        assert!(sites(&server).await.is_empty());
        assert_eq!(undo(&server, &deleted).await.0, 204);
        assert_eq!(sites(&server).await, second);
        assert_eq!(server.get(&path).await["id"], lyon["id"], "the same site");

        let list = server.get("/api/v1/site-changes").await;
        let list = list["items"].as_array().expect("items");
        let summaries: Vec<_> = list.iter().map(|c| text(&c["summary"])).collect();
        let wanted = [
            "Undone: Lyon 2 deleted",
            "Lyon 2 deleted",
            "Undone: Undone: Lyon changed",
            "Undone: Lyon changed",
            "Lyon changed",
            "Lyon made",
        ];
        assert_eq!(summaries, wanted);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_was_changed_since_is_not_taken_back() {
    for server in Server::both().await {
        let body = json!({"name": "Lyon", "subnets": ["10.20.0.0/16"]});
        let made = change(&server, Method::POST, "/api/v1/sites", body).await;
        let id = text(&server.get("/api/v1/sites").await["items"][0]["id"]);
        let path = format!("/api/v1/sites/{id}");
        let other = json!({"name": "Lyon", "subnets": ["10.21.0.0/16"]});
        change(&server, Method::PUT, &path, other).await;
        assert_eq!(undo(&server, &made).await, (409, "changed_since".into()));
        let deleted = change(&server, Method::DELETE, &path, json!({})).await;
        let new = json!({"name": "Paris", "subnets": ["10.21.0.0/16"]});
        change(&server, Method::POST, "/api/v1/sites", new).await;
        // Its subnet has another site by now.
        assert_eq!(
            undo(&server, &deleted).await,
            (409, "subnet_overlap".into())
        );
        let nobody = uuid::Uuid::nil().to_string();
        assert_eq!(
            undo(&server, &nobody).await,
            (404, "change_not_found".into())
        );
        let path = "/api/v1/site-changes/x/undo";
        let (status, _) = refusal(server.request(Method::POST, path)).await;
        assert_eq!(status, 400);
        server.stop().await;
    }
}

#[tokio::test]
async fn after_a_day_nothing_is_taken_back() {
    let server = Server::start().await;
    let body = json!({"name": "Lyon", "subnets": ["10.20.0.0/16"]});
    let made = change(&server, Method::POST, "/api/v1/sites", body).await;
    server.app.clock.advance_ms(super::UNDO_MS + 1);
    assert_eq!(undo(&server, &made).await, (404, "change_not_found".into()));
    server.stop().await;
}
