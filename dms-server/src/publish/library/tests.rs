//! Names, descriptions, tags and filters, over both databases.

use http::Method;
use serde_json::{Value, json};
use swarm::content::TitleId;

use super::{DESCRIPTION_MAX, TAG_MAX, TAGS_MAX};
use crate::auth::Role;
use crate::testing::{Server, refusal, title};

fn change(server: &Server, title: TitleId, body: &Value) -> reqwest::RequestBuilder {
    let path = format!("/api/v1/titles/{title}");
    server.request(Method::PATCH, &path).json(body)
}

async fn ids(server: &Server, query: &str) -> Vec<String> {
    let list = server.get(&format!("/api/v1/titles?{query}")).await;
    let items = list["items"].as_array().expect("items");
    let id = |item: &Value| crate::testing::text(&item["id"]);
    items.iter().map(id).collect()
}

#[tokio::test]
async fn what_is_said_of_a_title_changes_once_for_each_edition_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let title = title::upload(&server, "file", b"x").await;
        let path = format!("/api/v1/titles/{title}");
        let read = server
            .request(Method::GET, &path)
            .send()
            .await
            .expect("an answer");
        let tag = read.headers()["etag"].to_str().expect("text").to_owned();
        let body = json!({"title": " Q3 all hands ", "description": "One\r\nTwo", "tags": ["Town  Hall", "q3", "Q3"]});
        let done = change(&server, title, &body)
            .header("if-match", &tag)
            .send()
            .await
            .expect("an answer");
        assert_eq!(done.status(), 200);
        assert_ne!(done.headers()["etag"], tag.as_str());
        let view = server.get(&path).await;
        assert_eq!(view["title"], "Q3 all hands");
        assert_eq!(view["description"], "One\nTwo");
        assert_eq!(view["tags"], json!(["town hall", "q3"]));
        let late = change(&server, title, &json!({"title": "x"})).header("if-match", &tag);
        let (status, problem) = refusal(late).await;
        assert_eq!((status, problem.code.as_str()), (412, "version_changed"));
        // What is left out stays; what changes nothing is no change.
        let same = crate::testing::json(change(&server, title, &json!({"tags": ["q3"]}))).await;
        assert_eq!(
            (&same["title"], &same["tags"]),
            (&view["title"], &json!(["q3"]))
        );
        crate::testing::json(change(&server, title, &json!({}))).await;
        let log = server.get("/api/v1/audit?action=title.changed").await;
        assert_eq!(log["items"].as_array().expect("items").len(), 2, "{log}");
        assert_eq!(
            server.get("/api/v1/tags").await["items"],
            json!([{"tag": "q3", "titles": 1}])
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let title = title::upload(&server, "file", b"x").await;
    let long = |n: usize| "x".repeat(n + 1);
    let wrong = [
        (json!({"title": " "}), "/title"),
        (json!({"title": long(200)}), "/title"),
        (json!({"title": "a\u{7}"}), "/title"),
        (
            json!({"description": long(DESCRIPTION_MAX)}),
            "/description",
        ),
        (json!({"description": "\u{0}"}), "/description"),
        (json!({"tags": ["ok", " "]}), "/tags/1"),
        (json!({"tags": [long(TAG_MAX)]}), "/tags/0"),
        (json!({"tags": vec!["x"; TAGS_MAX + 1]}), "/tags"),
    ];
    for (body, pointer) in wrong {
        let (status, problem) = refusal(change(&server, title, &body)).await;
        assert_eq!(
            (status, problem.code.as_str()),
            (400, "invalid_title"),
            "{body}"
        );
        assert_eq!(problem.errors[0].pointer, pointer, "{body}");
    }
    assert!(
        refusal(change(&server, title, &json!({"name": "x"})))
            .await
            .0
            == 422
    );
    let other = server.token(Role::Publisher).await;
    let path = format!("/api/v1/titles/{title}");
    let foreign = server.anonymous(Method::PATCH, &path).bearer_auth(other);
    assert_eq!(
        refusal(foreign.json(&json!({"title": "mine"}))).await.0,
        403
    );
    server.stop().await;
}

#[tokio::test]
async fn lists_are_narrowed_by_state_tag_and_text_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let second = title::video(&server).await.title;
        let first = title::upload(&server, "file", b"1").await;
        let tell =
            json!({"title": "Café budget", "tags": ["finance"], "description": "The board's plan"});
        crate::testing::json(change(&server, first, &tell)).await;
        let (first, second) = (first.to_string(), second.to_string());
        assert_eq!(ids(&server, "").await, [first.clone(), second.clone()]);
        assert_eq!(
            ids(&server, "state=queued").await,
            std::slice::from_ref(&first)
        );
        assert_eq!(
            ids(&server, "state=complete").await,
            std::slice::from_ref(&second)
        );
        for found in [
            "tag=Finance",
            "matching=CAFE",
            "matching=bud",
            "matching=plan+caf",
            "matching=financ",
        ] {
            assert_eq!(
                ids(&server, found).await,
                std::slice::from_ref(&first),
                "{found}"
            );
        }
        for nothing in [
            "tag=fin",
            "matching=udget",
            "matching=%22*",
            "matching=budget+nope",
            "matching=a+AND+OR",
        ] {
            assert!(ids(&server, nothing).await.is_empty(), "{nothing}");
        }
        assert_eq!(ids(&server, "matching=a&state=complete").await, [second]);
        let page = server.get("/api/v1/titles?limit=1&state=queued").await;
        assert_eq!(page["next_cursor"], json!(null));
        let (status, _) = refusal(server.request(Method::GET, "/api/v1/titles?state=gone")).await;
        assert_eq!(status, 400);
        let long = format!("/api/v1/titles?matching={}", "x".repeat(300));
        assert_eq!(
            refusal(server.request(Method::GET, &long)).await.1.code,
            "invalid_query"
        );
        server.stop().await;
    }
}
