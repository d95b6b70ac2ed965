//! Accounts over HTTP: set-up, sign-in, codes, groups, and who may change whom.

mod refused;

use http::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::auth::Role;
use crate::testing::{Server, json, refusal, text};

const PASSWORD: &str = "correct horse battery";

/// The session's cookie as a request sends it.
fn cookie_of(answer: &reqwest::Response) -> String {
    let set = answer.headers()["set-cookie"].to_str().expect("text");
    set.split(';').next().expect("a pair").to_owned()
}

impl Server {
    /// A person with this password; answers what the API says of them.
    async fn person(&self, login: &str, roles: &[Role]) -> Value {
        let new = json!({"login": login, "name": login, "roles": roles, "password": PASSWORD});
        self.post("/api/v1/people", new).await
    }

    fn sign_in(&self, login: &str, password: &str, code: Option<&str>) -> reqwest::RequestBuilder {
        let body = json!({"login": login, "password": password, "code": code});
        self.anonymous(Method::POST, "/session").json(&body)
    }

    /// The cookie of a session.
    async fn session(&self, login: &str, code: Option<&str>) -> String {
        let answer = self.sign_in(login, PASSWORD, code).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200, "{login}");
        cookie_of(&answer)
    }

    /// A request from a page with a session.
    fn as_page(&self, cookie: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path)
            .header("cookie", cookie)
            .header("origin", self.app.public_origin())
    }

    /// The code that an authenticator app shows for this secret now.
    fn code(&self, secret: &str) -> String {
        let secret = Secret::try_from_base32(secret).expect("base 32");
        let app = Builder::new().with_secret(secret).build().expect("an app");
        let now = self.app.clock.now_ms().unsigned_abs() / 1000;
        app.generate(now).to_string()
    }
}

#[tokio::test]
async fn a_person_signs_in_and_may_what_their_roles_and_groups_say_on_both_databases() {
    for server in Server::both().await {
        let ana = server.person("Ana@Example.com", &[Role::Viewer]).await;
        assert_eq!(ana["login"], "ana@example.com");
        let cookie = server.session("ANA@example.com", None).await;
        let me = json(server.as_page(&cookie, Method::GET, "/session")).await;
        assert_eq!(me["subject"], "Ana@Example.com");
        assert_eq!((&me["may"], &me["person"]), (&json!(["watch"]), &ana["id"]));
        let devices = || server.as_page(&cookie, Method::GET, "/api/v1/devices");
        assert_eq!(refusal(devices()).await.0, 403);

        let group = json!({"name": "on call", "roles": ["operator"]});
        let group = server.post("/api/v1/groups", group).await;
        let member = format!(
            "/api/v1/groups/{}/members/{}",
            text(&group["id"]),
            text(&ana["id"])
        );
        let put = server.request(Method::PUT, &member).send().await;
        assert_eq!(put.expect("an answer").status(), 204);
        json(devices()).await;
        let path = format!("/api/v1/people/{}", text(&ana["id"]));
        let seen = server.get(&path).await;
        assert_eq!(seen["groups"][0]["name"], "on call");
        let out = server.request(Method::DELETE, &member).send().await;
        assert_eq!(out.expect("an answer").status(), 204);
        assert_eq!(refusal(devices()).await.0, 403);

        let closed = server.request(Method::PATCH, &path);
        json(closed.json(&json!({"active": false}))).await;
        assert_eq!(refusal(devices()).await.0, 401, "signed out everywhere");
        let again = server.sign_in("ana@example.com", PASSWORD, None);
        assert_eq!(refusal(again).await.0, 401);
        server.stop().await;
    }
}

#[tokio::test]
async fn who_is_wrong_learns_nothing_and_guesses_ten_times() {
    let server = Server::start().await;
    server.person("ana", &[Role::Viewer]).await;
    let answers = [
        refusal(server.sign_in("ana", "wrong horse battery", None)).await,
        refusal(server.sign_in("nobody", PASSWORD, None)).await,
        refusal(server.sign_in("", PASSWORD, None)).await,
        refusal(server.sign_in("ana", &"x".repeat(5000), None)).await,
    ];
    for (status, problem) in &answers {
        assert_eq!((*status, &problem.detail), (401, &answers[0].1.detail));
    }
    let mut told = 0;
    for _ in 0..12 {
        let wrong = server.sign_in("ana", "wrong horse battery", None);
        told += u32::from(refusal(wrong).await.0 == 429);
    }
    assert!(told >= 2, "{told}");
    // From this address nobody else guesses now, either.
    let other = refusal(server.sign_in("ben", PASSWORD, None)).await;
    assert_eq!((other.0, other.1.code.as_str()), (429, "too_many_tries"));
    server.stop().await;
}

#[tokio::test]
async fn the_first_owner_is_made_once_and_needs_codes() {
    let server = Server::start().await;
    let token = super::setup_token(&server.app.db, server.app.clock.now_ms()).await;
    let token = token.expect("the database").expect("nobody is there");
    let setup = |token: &str, login: &str, password: &str| {
        let body = json!({"token": token, "login": login, "name": "Olga", "password": password});
        server.anonymous(Method::POST, "/api/v1/setup").json(&body)
    };
    let weak = refusal(setup(token.reveal(), "olga", "olga-olga-olga")).await;
    assert_eq!(weak.1.errors[0].pointer, "/password");
    assert_eq!(refusal(setup("dms_setup_x", "olga", PASSWORD)).await.0, 403);
    let owner = json(setup(token.reveal(), "olga", PASSWORD)).await;
    assert_eq!(owner["roles"], json!(["owner"]));
    assert_eq!(refusal(setup(token.reveal(), "eve", PASSWORD)).await.0, 403);
    let now = server.app.clock.now_ms();
    let none = super::setup_token(&server.app.db, now).await.expect("read");
    assert!(none.is_none(), "somebody is there");

    // A password alone opens nothing but setting up codes.
    let cookie = server.session("olga", None).await;
    let me = json(server.as_page(&cookie, Method::GET, "/session")).await;
    assert_eq!(
        (&me["codes_needed"], &me["may"]),
        (&json!(true), &json!([]))
    );
    let people = |cookie: &str| server.as_page(cookie, Method::GET, "/api/v1/people");
    assert_eq!(refusal(people(&cookie)).await.1.code, "codes_needed");
    let drawn = json(server.as_page(&cookie, Method::POST, "/api/v1/me/codes")).await;
    let secret = text(&drawn["secret"]);
    let prove = |code: &str| {
        let request = server.as_page(&cookie, Method::PUT, "/api/v1/me/codes");
        request.json(&json!({ "code": code }))
    };
    assert_eq!(refusal(prove("000000")).await.1.code, "code_wrong");
    let code = server.code(&secret);
    let proven = prove(&code).send().await.expect("an answer");
    assert_eq!(proven.status(), 204);
    // The session goes on under another secret, and may everything now.
    assert_eq!(refusal(prove(&code)).await.0, 401, "the old secret ended");
    let renewed = cookie_of(&proven);
    json(people(&renewed)).await;
    let request = server.as_page(&renewed, Method::PUT, "/api/v1/me/codes");
    let again = refusal(request.json(&json!({ "code": code }))).await;
    assert_eq!(again.1.code, "code_wrong", "used");

    let without = refusal(server.sign_in("olga", PASSWORD, None)).await;
    assert_eq!((without.0, without.1.code.as_str()), (401, "code_needed"));
    let used = refusal(server.sign_in("olga", PASSWORD, Some(&code))).await;
    assert_eq!(used.1.code, "code_wrong");
    server.app.clock.advance_ms(30_000);
    let cookie = server.session("olga", Some(&server.code(&secret))).await;
    json(people(&cookie)).await;
    server.stop().await;
}

#[tokio::test]
async fn nobody_makes_or_changes_somebody_who_can_do_more() {
    let server = Server::start().await;
    let it = server.token(Role::ItAdmin).await;
    let olga = server.person("olga", &[Role::Owner]).await;
    let ask = |method, path: &str| server.anonymous(method, path).bearer_auth(&it);
    let more = json!({"login": "eve", "name": "Eve", "roles": ["owner"]});
    assert_eq!(
        refusal(ask(Method::POST, "/api/v1/people").json(&more))
            .await
            .0,
        403
    );
    let path = format!("/api/v1/people/{}", text(&olga["id"]));
    let change = ask(Method::PATCH, &path).json(&json!({"password": PASSWORD}));
    assert_eq!(refusal(change).await.0, 403);
    assert_eq!(refusal(ask(Method::DELETE, &path)).await.0, 403);
    let group = json!({"name": "x", "roles": ["owner"]});
    assert_eq!(
        refusal(ask(Method::POST, "/api/v1/groups").json(&group))
            .await
            .0,
        403
    );
    let group = server.post("/api/v1/groups", group).await;
    let ben = json!({"login": "ben", "name": "Ben"});
    let ben = json(ask(Method::POST, "/api/v1/people").json(&ben)).await;
    let member = format!(
        "/api/v1/groups/{}/members/{}",
        text(&group["id"]),
        text(&ben["id"])
    );
    assert_eq!(refusal(ask(Method::PUT, &member)).await.0, 403);
    // Nor does anybody change who can do more by a group.
    let put = server.request(Method::PUT, &member).send().await;
    assert_eq!(put.expect("an answer").status(), 204);
    let of_ben = format!("/api/v1/people/{}", text(&ben["id"]));
    let change = ask(Method::PATCH, &of_ben).json(&json!({"password": PASSWORD}));
    assert_eq!(refusal(change).await.0, 403);
    assert_eq!(refusal(ask(Method::DELETE, &of_ben)).await.0, 403);
    // And a password alone is too little for them, too.
    let set = server.request(Method::PATCH, &of_ben);
    json(set.json(&json!({ "password": PASSWORD }))).await;
    let cookie = server.session("ben", None).await;
    let me = json(server.as_page(&cookie, Method::GET, "/session")).await;
    assert_eq!(
        (&me["codes_needed"], &me["may"]),
        (&json!(true), &json!([]))
    );
    // The last owner stays.
    let last = server.request(Method::DELETE, &path);
    assert_eq!(refusal(last).await.1.code, "last_owner");
    let demoted = server
        .request(Method::PATCH, &path)
        .json(&json!({"roles": ["viewer"]}));
    assert_eq!(refusal(demoted).await.1.code, "last_owner");
    let twice = json!({"login": "BEN", "name": "Ben"});
    let twice = server.request(Method::POST, "/api/v1/people").json(&twice);
    assert_eq!(refusal(twice).await.1.code, "login_taken");
    server.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_a_token_cannot_set_one() {
    let server = Server::start().await;
    server.person("ana", &[Role::Viewer]).await;
    let (one, other) = (
        server.session("ana", None).await,
        server.session("ana", None).await,
    );
    let change = |old: &str, new: &str| {
        let request = server.as_page(&one, Method::PUT, "/api/v1/me/password");
        request.json(&json!({"old": old, "new": new}))
    };
    assert_eq!(
        refusal(change("wrong", "another good one")).await.1.code,
        "wrong_password"
    );
    assert_eq!(
        refusal(change(PASSWORD, "short")).await.1.code,
        "weak_password"
    );
    let done = change(PASSWORD, "another good one").send().await;
    assert_eq!(done.expect("an answer").status(), 204);
    let me = |cookie: &str| server.as_page(cookie, Method::GET, "/session");
    json(me(&one)).await;
    assert_eq!(refusal(me(&other)).await.0, 401);
    assert_eq!(refusal(server.sign_in("ana", PASSWORD, None)).await.0, 401);

    let token = json!({"name": "mine", "roles": ["viewer"]});
    let token = json(
        server
            .as_page(&one, Method::POST, "/api/v1/tokens")
            .json(&token),
    )
    .await;
    let token = text(&token["token"]);
    let by_token = server
        .anonymous(Method::PUT, "/api/v1/me/password")
        .bearer_auth(&token)
        .json(&json!({"old": "another good one", "new": "yet another good one"}));
    assert_eq!(refusal(by_token).await.1.code, "no_account");
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_signs_in_again_gets_another_secret() {
    let server = Server::start().await;
    server.person("ana", &[Role::Viewer]).await;
    let old = server.session("ana", None).await;
    let again = server.sign_in("ana", PASSWORD, None).header("cookie", &old);
    assert_eq!(again.send().await.expect("an answer").status(), 200);
    let me = server.as_page(&old, Method::GET, "/session");
    assert_eq!(refusal(me).await.0, 401, "the old one ended");
    server.stop().await;
}
