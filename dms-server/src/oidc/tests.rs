//! Signing in through a provider: what comes of it, and what never does.

mod arrival;
mod browser;
mod forged;
mod issuer;
mod real;

use http::Method;
use serde_json::{Value, json};

use self::issuer::{CLIENT, Issuer, Key, SUBNET};
use crate::auth::Role;
use crate::config::Config;
use crate::testing::{Server, json as read, refusal};

/// Connects a server with a provider.
fn connect(issuer: &Issuer) -> impl Fn(&mut Config) + use<> {
    let url = issuer.url.clone();
    move |config| {
        config.egress.allow = vec![SUBNET.to_owned()];
        config.oidc.issuer.clone_from(&url);
        config.oidc.client_id = CLIENT.to_owned();
        config.oidc.name = "ACME".to_owned();
        config.oidc.roles = vec!["dms-admins=owner".to_owned()];
    }
}

/// What a good token says.
fn claims(issuer: &str, nonce: &str, now_ms: i64) -> Value {
    let now = now_ms / 1000;
    json!({
        "iss": issuer, "aud": CLIENT, "sub": "subject-1", "nonce": nonce, "iat": now,
        "exp": now + 300, "preferred_username": "Ana", "name": "Ana Lima",
        "email": "ana@acme.example", "groups": ["staff"], "department": "Studio",
    })
}

/// Good tokens with these further claims.
fn says(server: &Server, issuer: &Issuer, key: &std::sync::Arc<Key>, more: Value) {
    let (url, key) = (issuer.url.clone(), std::sync::Arc::clone(key));
    let clock = server.app.clock.clone();
    let token = move |nonce: &str| {
        let mut claims = claims(&url, nonce, clock.now_ms());
        for (name, value) in more.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        key.token(&key.header(), &claims)
    };
    issuer.set(|scene| scene.token = Box::new(token));
}

/// What a browser has after it left for the provider and was sent back.
struct Visit {
    /// The cookie of the sign-in.
    cookie: String,
    /// The path that it is sent back to.
    back: String,
}

/// Leaves for the provider, with what is in the browser already.
async fn leave(server: &Server, path: &str, cookie: &str) -> Visit {
    let begun = server.anonymous(Method::GET, path).header("cookie", cookie);
    let begun = begun.send().await.expect("an answer");
    let location = begun.headers().get("location").cloned();
    let status = begun.status();
    let set = begun.headers().get("set-cookie").cloned();
    let said = begun.text().await.expect("a body");
    assert_eq!(status, 302, "{said}");
    let set = set.expect("a cookie");
    let set = set.to_str().expect("text");
    assert!(set.contains("HttpOnly; SameSite=Lax") && set.contains("Max-Age=600"));
    let location = location.expect("a place");
    let there = server.http.get(location.to_str().expect("text"));
    let there = there.send().await.expect("an answer");
    let back = there.headers()["location"].to_str().expect("text");
    Visit {
        cookie: set.split(';').next().expect("a pair").to_owned(),
        back: back
            .strip_prefix(&server.url)
            .expect("back here")
            .to_owned(),
    }
}

/// Comes back from the provider.
fn come_back(server: &Server, visit: &Visit) -> reqwest::RequestBuilder {
    server
        .anonymous(Method::GET, &visit.back)
        .header("cookie", &visit.cookie)
}

/// The session's cookie that an answer sets, and its page.
async fn session(request: reqwest::RequestBuilder) -> (String, String) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let set: Vec<_> = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .cloned()
        .collect();
    let policy = answer.headers().get("content-security-policy").cloned();
    let page = answer.text().await.expect("a body");
    assert_eq!(status, 200, "{page}");
    let policy = policy.expect("a policy");
    assert!(
        policy
            .to_str()
            .expect("text")
            .starts_with("default-src 'none';")
    );
    let set: Vec<_> = set
        .iter()
        .map(|value| value.to_str().expect("text"))
        .collect();
    assert!(
        set.iter()
            .any(|s| s.starts_with("dms_oidc=;") && s.contains("Max-Age=0"))
    );
    let session = set
        .iter()
        .find(|s| s.starts_with("dms_session="))
        .expect("a session");
    assert!(session.contains("HttpOnly; SameSite=Strict"));
    (session.split(';').next().expect("a pair").to_owned(), page)
}

async fn sign_in(server: &Server) -> String {
    let visit = leave(server, "/session/oidc", "").await;
    session(come_back(server, &visit)).await.0
}

fn me(server: &Server, cookie: &str) -> reqwest::RequestBuilder {
    server
        .anonymous(Method::GET, "/session")
        .header("cookie", cookie)
}

/// A server for each database, a provider for each, and its key.
async fn both() -> Vec<(Server, Issuer, std::sync::Arc<Key>)> {
    let key = std::sync::Arc::new(Key::draw("one", "ES256"));
    let mut all = Vec::new();
    let first = Issuer::start(&[&key]).await;
    let [sqlite, pg] = Server::both_with(connect(&first)).await;
    let second = Issuer::start(&[&key]).await;
    let pg = pg.restart_with(connect(&second)).await;
    all.push((sqlite, first, std::sync::Arc::clone(&key)));
    all.push((pg, second, key));
    all
}

#[tokio::test]
async fn a_session_takes_the_place_of_the_one_before() {
    let key = std::sync::Arc::new(Key::draw("one", "RS256"));
    let issuer = Issuer::start(&[&key]).await;
    let server = Server::with(connect(&issuer)).await;
    says(&server, &issuer, &key, json!({}));
    let first = sign_in(&server).await;
    assert_eq!(read(me(&server, &first)).await["subject"], "Ana Lima");
    // The old cookie goes along when the person leaves, and not when another site sends them back.
    let visit = leave(&server, "/session/oidc", &first).await;
    let (second, _) = session(come_back(&server, &visit)).await;
    assert_eq!(refusal(me(&server, &first)).await.0, 401);
    assert_eq!(read(me(&server, &second)).await["subject"], "Ana Lima");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_to_another_sign_in_is_refused() {
    let key = std::sync::Arc::new(Key::draw("one", "EdDSA"));
    let issuer = Issuer::start(&[&key]).await;
    let server = Server::with(connect(&issuer)).await;
    says(&server, &issuer, &key, json!({}));
    let (one, other) = (
        leave(&server, "/session/oidc", "").await,
        leave(&server, "/session/oidc", "").await,
    );
    let mixed = Visit {
        cookie: one.cookie.clone(),
        back: other.back.clone(),
    };
    let bare = Visit {
        cookie: String::new(),
        back: one.back.clone(),
    };
    let issuer_of = |path: &str, new: &str| {
        let (head, _) = path.split_once("&iss=").expect("it is named");
        format!("{head}{new}")
    };
    let foreign = issuer_of(&other.back, "&iss=https%3A%2F%2Fevil.example");
    let foreign = Visit {
        cookie: other.cookie.clone(),
        back: foreign,
    };
    let unnamed = Visit {
        cookie: other.cookie.clone(),
        back: issuer_of(&other.back, ""),
    };
    let twice = Visit {
        cookie: other.cookie.clone(),
        back: format!("{}&state=x", other.back),
    };
    for wrong in [mixed, bare, foreign, unnamed, twice] {
        let (status, _) = refusal(come_back(&server, &wrong)).await;
        assert_eq!(status, 400, "{}", wrong.back);
    }
    server.app.clock.advance_ms(super::attempt::ATTEMPT_MS);
    let (_, problem) = refusal(come_back(&server, &other)).await;
    assert_eq!(problem.code, "oidc_begin_again", "ten minutes are over");
    assert_eq!(issuer.fetched(), 0, "no token was looked at");
    server.stop().await;
}

#[tokio::test]
async fn what_the_provider_says_is_not_repeated() {
    let key = std::sync::Arc::new(Key::draw("one", "ES256"));
    let issuer = Issuer::start(&[&key]).await;
    let server = Server::with(connect(&issuer)).await;
    for (error, status, code) in [
        ("access_denied", 403, "oidc_denied"),
        ("login_required", 400, "oidc_begin_again"),
        ("temporarily_unavailable", 503, "oidc_unavailable"),
        ("<script>alert(1)</script>", 502, "oidc_provider"),
    ] {
        let visit = leave(&server, "/session/oidc", "").await;
        let (path, query) = visit.back.split_once('?').expect("a query");
        let mut query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .filter(|(name, _)| name != "code")
            .collect();
        query.push(("error".into(), error.into()));
        query.push(("error_description".into(), "<b>evil".into()));
        let ask = |accept: &str| {
            let request = server.anonymous(Method::GET, path).query(&query);
            request
                .header("cookie", &visit.cookie)
                .header("accept", accept)
        };
        let (told, problem) = refusal(ask("application/json")).await;
        assert_eq!((told, problem.code.as_str()), (status, code), "{error}");
        let page = ask("text/html,*/*").send().await.expect("an answer");
        assert_eq!(page.status(), status);
        assert_eq!(page.headers().contains_key("retry-after"), status == 503);
        assert!(page.headers().contains_key("content-security-policy"));
        let page = page.text().await.expect("a page");
        assert!(
            page.contains("Try again") && !page.contains("evil"),
            "{page}"
        );
        assert!(
            !page.contains("script") && !page.contains("alert"),
            "{page}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_provider_that_fails_is_told_apart_and_waited_for() {
    let key = std::sync::Arc::new(Key::draw("one", "ES256"));
    let issuer = Issuer::start(&[&key]).await;
    let server = Server::with(connect(&issuer)).await;
    says(&server, &issuer, &key, json!({}));
    for (denial, status, code) in [
        (
            (400, "{\"error\":\"invalid_grant\"}"),
            400,
            "oidc_begin_again",
        ),
        (
            (401, "{\"error\":\"invalid_client\"}"),
            502,
            "oidc_provider",
        ),
        ((500, "boom"), 503, "oidc_unavailable"),
        ((200, "{}"), 502, "oidc_provider"),
    ] {
        issuer.set(|scene| scene.denial = Some(denial));
        let visit = leave(&server, "/session/oidc", "").await;
        let (told, problem) = refusal(come_back(&server, &visit)).await;
        assert_eq!((told, problem.code.as_str()), (status, code));
    }
    issuer.set(|scene| scene.denial = None);
    sign_in(&server).await;
    let gone = Issuer::start(&[&key]).await;
    let nobody = gone.url.clone();
    drop(gone);
    let server = server
        .restart_with(|config| config.oidc.issuer = nobody)
        .await;
    for _ in 0..2 {
        let begun = server.anonymous(Method::GET, "/session/oidc").send().await;
        let begun = begun.expect("an answer");
        assert_eq!(
            (
                begun.status().as_u16(),
                begun.headers().contains_key("retry-after")
            ),
            (503, true)
        );
    }
    // A provider that calls itself otherwise, or leads to places that are not safe, is none.
    let url = issuer.url.clone();
    let server = server
        .restart_with(|config| config.oidc.issuer = format!("{url}/"))
        .await;
    let begun = server.anonymous(Method::GET, "/session/oidc");
    assert_eq!(refusal(begun).await.1.code, "oidc_provider");
    issuer
        .set(|scene| scene.description = json!({"authorization_endpoint": "javascript:alert(1)"}));
    let server = server.restart_with(|config| config.oidc.issuer = url).await;
    let begun = server.anonymous(Method::GET, "/session/oidc");
    assert_eq!(refusal(begun).await.1.code, "oidc_provider");
    // Nor is one that the operator did not open.
    issuer.set(|scene| scene.description = json!({}));
    let server = server
        .restart_with(|config| config.egress.allow = Vec::new())
        .await;
    let begun = server.anonymous(Method::GET, "/session/oidc");
    assert_eq!(refusal(begun).await.1.code, "oidc_provider");
    server.stop().await;
}

#[tokio::test]
async fn keys_are_fetched_again_for_a_new_one_and_not_more_than_once_a_minute() {
    let (one, two, three) = (
        Key::draw("one", "ES256"),
        Key::draw("two", "RS256"),
        Key::draw("three", "EdDSA"),
    );
    let [one, two, three] = [one, two, three].map(std::sync::Arc::new);
    let issuer = Issuer::start(&[&one]).await;
    let server = Server::with(connect(&issuer)).await;
    says(&server, &issuer, &one, json!({}));
    sign_in(&server).await;
    sign_in(&server).await;
    assert_eq!(issuer.fetched(), 1);
    issuer.set(|scene| scene.keys = vec![two.jwk()]);
    says(&server, &issuer, &two, json!({}));
    sign_in(&server).await;
    assert_eq!(issuer.fetched(), 2);
    issuer.set(|scene| scene.keys = vec![three.jwk()]);
    says(&server, &issuer, &three, json!({}));
    for _ in 0..3 {
        let visit = leave(&server, "/session/oidc", "").await;
        let (status, problem) = refusal(come_back(&server, &visit)).await;
        assert_eq!((status, problem.code.as_str()), (403, "oidc_token_refused"));
    }
    assert_eq!(issuer.fetched(), 2, "a minute is not over");
    server.stop().await;
}

#[tokio::test]
async fn userinfo_fills_what_the_token_leaves_out_for_the_same_person_only() {
    let key = std::sync::Arc::new(Key::draw("one", "ES256"));
    let issuer = Issuer::start(&[&key]).await;
    let server = Server::with(connect(&issuer)).await;
    let thin = {
        let (url, key) = (issuer.url.clone(), std::sync::Arc::clone(&key));
        let clock = server.app.clock.clone();
        move |nonce: &str| {
            let mut all = claims(&url, nonce, clock.now_ms());
            let all = all.as_object_mut().expect("an object");
            all.retain(|name, _| {
                !["groups", "preferred_username", "name"].contains(&name.as_str())
            });
            key.token(&key.header(), &Value::Object(all.clone()))
        }
    };
    issuer.set(|scene| scene.token = Box::new(thin));
    for other in [
        Value::Null,
        json!({"groups": ["dms-admins"]}),
        json!({"sub": "subject-2", "groups": ["dms-admins"]}),
    ] {
        issuer.set(|scene| scene.userinfo = other);
        let visit = leave(&server, "/session/oidc", "").await;
        assert_eq!(
            refusal(come_back(&server, &visit)).await.1.code,
            "oidc_provider"
        );
    }
    issuer.set(|scene| {
        scene.userinfo = json!({
            "sub": "subject-1", "groups": ["dms-admins"], "preferred_username": "ana", "iss": "x",
        });
    });
    let who = sign_in(&server).await;
    let who = read(me(&server, &who)).await;
    assert_eq!(who["roles"], json!(["viewer", Role::Owner.name()]));
    server.stop().await;
}

#[tokio::test]
async fn without_a_provider_there_is_no_button_and_no_way() {
    let server = Server::start().await;
    let options = read(server.anonymous(Method::GET, "/api/v1/session-options")).await;
    let ways = json!({"password": true, "oidc": null, "set_up": true});
    assert_eq!(options, ways);
    for path in ["/session/oidc", "/session/oidc/callback?code=x&state=y"] {
        let (status, problem) = refusal(server.anonymous(Method::GET, path)).await;
        assert_eq!((status, problem.code.as_str()), (404, "oidc_off"));
    }
    server.stop().await;
}
