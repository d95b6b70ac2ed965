//! Finding, over both databases.

use http::Method;
use serde_json::{Value, json};

use super::db;
use crate::auth::Role;
use crate::testing::{Server, json, refusal, text, title};

#[tokio::test]
async fn titles_of_before_are_indexed_once() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let title = title::upload(&server, "file", b"x").await;
        assert_eq!(
            db::index_missing(&server.app.db, 10).await.expect("done"),
            0
        );
        db::forget(&server.app.db).await.expect("done");
        let found = || server.get("/api/v1/titles?matching=a");
        assert_eq!(found().await["items"], serde_json::json!([]));
        assert_eq!(
            db::index_missing(&server.app.db, 10).await.expect("done"),
            1
        );
        assert_eq!(found().await["items"][0]["id"], title.to_string());
        server.stop().await;
    }
}

/// The titles found, with how many lines of each.
fn found(answer: &Value) -> Vec<(String, bool, usize)> {
    let items = answer["items"].as_array().expect("items").iter();
    let one = |item: &Value| {
        let lines = item["lines"].as_array().expect("lines").len();
        (
            text(&item["title"]["id"]),
            item["by_description"] == true,
            lines,
        )
    };
    items.map(one).collect()
}

#[tokio::test]
async fn names_tags_descriptions_and_spoken_lines_are_found_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let talk = title::video(&server).await.title;
        let other = title::upload(&server, "file", b"x").await;
        let change = |title, body: Value| {
            let path = format!("/api/v1/titles/{title}");
            server.request(Method::PATCH, &path).json(&body)
        };
        json(change(
            talk,
            json!({"title": "All hands", "description": "About the budget", "tags": ["Q3"]}),
        ))
        .await;
        json(change(other, json!({"title": "Budget plan 2027"}))).await;
        let vtt = "WEBVTT\n\n00:00.100 --> 00:00.200\nCaf\u{e9} and\ncroissants\n\n00:00.300 --> 00:00.400\nmore croissants\n";
        let path = format!("/api/v1/titles/{talk}/captions/en");
        json(server.request(Method::PUT, &path).body(vtt)).await;
        let (talk, other) = (talk.to_string(), other.to_string());
        let ask = async |q: &str| server.get(&format!("/api/v1/search?q={q}")).await;
        let both = [(other.clone(), true, 0), (talk.clone(), true, 0)];
        assert_eq!(found(&ask("BUDG").await), both, "the name weighs more");
        assert_eq!(found(&ask("croiss").await), [(talk.clone(), false, 2)]);
        assert_eq!(found(&ask("cafe+crois").await), [(talk.clone(), false, 1)]);
        assert_eq!(found(&ask("q3+hands").await), [(talk.clone(), true, 0)]);
        let lines = ask("croissants").await["items"][0]["lines"].clone();
        let first = json!({"lang": "en", "at_ms": 100, "text": "Caf\u{e9} and croissants"});
        assert_eq!(lines[0], first);
        assert!(found(&ask("udget").await).is_empty() && found(&ask("").await).is_empty());

        // A viewer finds complete titles that are for them, and nothing of others.
        let viewer = server.token(Role::Viewer).await;
        let as_viewer = |q: &str| {
            let path = format!("/api/v1/search?q={q}");
            json(server.anonymous(Method::GET, &path).bearer_auth(&viewer))
        };
        assert_eq!(found(&as_viewer("budget").await), [(talk.clone(), true, 0)]);
        let board = json!({"audience": {"groups": [server.group("board").await]}});
        let path = format!("/api/v1/titles/{talk}/policy");
        json(server.request(Method::PUT, &path).json(&board)).await;
        for q in ["budget", "croissants"] {
            assert!(found(&as_viewer(q).await).is_empty(), "{q}");
        }

        // What goes is not found any more.
        let path = format!("/api/v1/titles/{talk}/captions/en");
        server
            .request(Method::DELETE, &path)
            .send()
            .await
            .expect("an answer");
        assert!(found(&ask("croissants").await).is_empty());
        let path = format!("/api/v1/titles/{other}");
        server
            .request(Method::DELETE, &path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(found(&ask("budget").await), [(talk.clone(), true, 0)]);
        server.stop().await;
    }
}

#[tokio::test]
async fn no_query_is_an_error_of_the_server_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        title::upload(&server, "file", b"x").await;
        let hostile = [
            "\"",
            "*",
            "a*",
            "NEAR(a b)",
            "a OR",
            "NOT",
            "-a",
            "a:b",
            "name:a",
            "(a",
            "^a",
            "a\0b",
            "'",
            "';--",
            "&",
            "|",
            "!",
            "<->",
            "a:*",
            "\\",
            "%",
            "_",
            "\u{202e}a",
            "\u{fdfa}",
            "\u{1f468}\u{200d}\u{1f469}",
            "1e5",
            "1.5",
            "a.b@c.d",
            "/x/y",
            "\u{0915}\u{094d}\u{0937}",
        ];
        for q in hostile {
            for path in ["/api/v1/search?q=", "/api/v1/titles?matching="] {
                let mut url = format!("{}{path}", server.url);
                url.extend(url::form_urlencoded::byte_serialize(q.as_bytes()));
                let asked = server.http.get(&url).bearer_auth(&server.owner);
                assert_eq!(
                    asked.send().await.expect("an answer").status(),
                    200,
                    "{q:?}"
                );
            }
        }
        let long = format!("/api/v1/search?q={}", "a".repeat(201));
        let (status, problem) = refusal(server.request(Method::GET, &long)).await;
        assert_eq!((status, problem.code.as_str()), (400, "invalid_query"));
        server.stop().await;
    }
}
