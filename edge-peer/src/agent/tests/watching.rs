//! The watch page that the agent serves: how it gets its bearer, and what goes on to the DMS.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Dms, Peer, dms::hearing::HANDED, face::alone};

const TITLE: &str = "/api/v1/titles/01a2045c-63c9-766f-9468-37e402be97ee";

/// A request of the page.
async fn ask(peer: &Peer, method: Method, path: &str, token: &str, body: &str) -> (u16, Value) {
    let request = peer.http.request(method, format!("{}{path}", peer.base));
    let request = request.header("origin", &peer.base).bearer_auth(token);
    let answer = request.body(body.to_owned()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

async fn trade(peer: &Peer, origin: Option<&str>, code: &str) -> (u16, Value) {
    let url = format!("{}/v1/watch/session", peer.base);
    let mut request = peer.http.post(url).json(&json!({ "code": code }));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_asks_the_dms_as_its_person_and_only_what_watching_needs() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    let [code, session] = HANDED;
    // Only the page itself trades a code.
    for origin in [
        None,
        Some("http://127.0.0.1:8080"),
        Some("https://evil.example"),
    ] {
        assert_eq!(trade(&peer, origin, code).await.0, 403, "{origin:?}");
    }
    let (status, refused) = trade(&peer, Some(&peer.base), "dms_here_other").await;
    assert_eq!((status, &refused["code"]), (403, &json!("handoff_over")));
    let (status, given) = trade(&peer, Some(&peer.base), code).await;
    assert_eq!(status, 200);
    let token = given["token"].as_str().unwrap();
    assert!(
        !given.to_string().contains(session),
        "the page never sees it"
    );

    let saved = format!("{TITLE}?x=1");
    let (status, answer) = ask(&peer, Method::GET, &saved, token, "").await;
    assert_eq!((status, answer), (201, Value::Null));
    let license = format!("{TITLE}/license");
    let (status, answer) = ask(&peer, Method::POST, &license, token, "{\"a\":1}").await;
    assert_eq!(
        (status, answer),
        (201, json!({"a": 1})),
        "bodies come through, both ways"
    );
    for (method, path) in [
        (Method::DELETE, TITLE),
        (Method::GET, "/api/v1/people"),
        (Method::GET, "/api/v1/titles/..%2fpeople"),
        (Method::POST, "/api/v1/me/handoff"),
    ] {
        assert_eq!(ask(&peer, method, path, token, "").await.0, 404, "{path}");
    }
    let long = "x".repeat(70_000);
    assert_eq!(
        ask(&peer, Method::POST, &license, token, &long).await.0,
        413
    );
    // Nobody else's bearer goes on, and nothing else does with this one.
    assert_eq!(ask(&peer, Method::GET, TITLE, "wrong", "").await.0, 401);
    assert_eq!(
        peer.send(Method::GET, TITLE, "").await.0,
        401,
        "a program's"
    );
    assert_eq!(ask(&peer, Method::POST, "/v1/quit", token, "").await.0, 401);
    let expected = [
        format!("GET /v1/page{saved} Bearer {session}"),
        format!("POST /v1/page{license} Bearer {session}"),
    ];
    assert_eq!(dms.asked(), expected);

    // What the DMS has ended, ends here.
    dms.hears(false);
    let (status, over) = ask(&peer, Method::GET, TITLE, token, "").await;
    assert_eq!((status, &over["code"]), (401, &json!("session_over")));
    dms.hears(true);
    assert_eq!(ask(&peer, Method::GET, TITLE, token, "").await.0, 401);
    assert_eq!(dms.asked().len(), 3);
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watch_page_is_served_under_a_policy_of_this_origin_only() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    let get = async |path: &str| {
        let request = peer.http.get(format!("{}{path}", peer.base));
        let request = request.header("sec-fetch-dest", "document");
        request
            .header("sec-fetch-site", "cross-site")
            .send()
            .await
            .unwrap()
    };
    let page = get("/watch/01a2045c-63c9-766f-9468-37e402be97ee").await;
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert_eq!(page.headers()["referrer-policy"], "no-referrer");
    assert_eq!(page.headers()["x-frame-options"], "DENY");
    let text = page.text().await.unwrap();
    // A page that was not built says so, and has no place for it.
    assert!(
        text.contains("agent http://127.0.0.1:8080") || text.contains("was not built"),
        "{text}"
    );
    for path in [
        "/watch/x",
        "/watch/%22onload",
        "/assets/..%2fcsp.txt",
        "/assets/none.js",
    ] {
        assert!(
            matches!(get(path).await.status().as_u16(), 403 | 404),
            "{path}"
        );
    }
    peer.end().await;
}
