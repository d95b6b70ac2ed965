//! Grants over HTTP: the whole way, what is refused, guesses, and how many may wait.

use http::Method;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::routes::{self, GRANT_TYPE};
use super::{GRANT_MS, INTERVAL_S, WAITING_MAX};
use crate::auth::{Role, Secret};
use crate::testing::{Server, json as read, refusal, text};

const PASSWORD: &str = "correct horse battery";

impl Server {
    /// A person, signed in; answers their session's cookie.
    async fn signed_in(&self, login: &str, role: Role) -> String {
        let new = json!({"login": login, "name": login, "roles": [role], "password": PASSWORD});
        self.post("/api/v1/people", new).await;
        let body = json!({"login": login, "password": PASSWORD});
        let asked = self.anonymous(Method::POST, "/session").json(&body);
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let set = answer.headers()["set-cookie"].to_str().expect("text");
        set.split(';').next().expect("a pair").to_owned()
    }

    fn ask_for_grant(&self) -> RequestBuilder {
        let form = [("client_id", "dms"), ("device_name", "laptop-7")];
        self.anonymous(Method::POST, "/api/v1/grants").form(&form)
    }

    fn poll(&self, device_code: &str) -> RequestBuilder {
        let form = [("grant_type", GRANT_TYPE), ("device_code", device_code)];
        self.anonymous(Method::POST, "/api/v1/grants/token")
            .form(&form)
    }

    /// What the RFC's endpoint says no with.
    async fn error(&self, device_code: &str) -> String {
        let answer = self.poll(device_code).send().await.expect("an answer");
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let body: Value = answer.json().await.expect("JSON");
        text(&body["error"])
    }

    fn page(&self, cookie: &str, path: &str, body: &Value) -> RequestBuilder {
        self.anonymous(Method::POST, path)
            .header("cookie", cookie)
            .header("origin", self.app.public_origin())
            .json(body)
    }

    fn decide(&self, cookie: &str, user_code: &str, approve: bool) -> RequestBuilder {
        let body = json!({"user_code": user_code, "approve": approve});
        self.page(cookie, "/api/v1/grants/answer", &body)
    }

    fn look(&self, cookie: &str, user_code: &str) -> RequestBuilder {
        let body = json!({"user_code": user_code});
        self.page(cookie, "/api/v1/grants/look", &body)
    }
}

#[tokio::test]
async fn a_command_line_is_let_in_once_by_who_is_signed_in_on_both_databases() {
    for server in Server::both().await {
        let ana = server.signed_in("ana", Role::Publisher).await;
        let asked = read(server.ask_for_grant()).await;
        let (device, user) = (text(&asked["device_code"]), text(&asked["user_code"]));
        let page = format!("{}/device?code={user}", server.app.public_origin());
        assert_eq!(text(&asked["verification_uri_complete"]), page);
        assert_eq!(server.error(&device).await, "authorization_pending");
        // At once again is too soon; so is what was the interval before.
        assert_eq!(server.error(&device).await, "slow_down");
        server.app.clock.advance_ms(INTERVAL_S * 1000 + 1);
        assert_eq!(server.error(&device).await, "slow_down");
        server.app.clock.advance_ms(INTERVAL_S * 3000 + 1);
        assert_eq!(server.error(&device).await, "authorization_pending");

        let seen = read(server.look(&ana, &user.to_lowercase().replace('-', " "))).await;
        assert_eq!(
            (&seen["name"], &seen["address"], &seen["user_code"]),
            (&json!("dms on laptop-7"), &json!("127.0.0.1"), &json!(user))
        );
        assert_eq!(seen["roles"], json!(["publisher"]));
        read(server.decide(&ana, &user, true)).await;
        assert_eq!(refusal(server.decide(&ana, &user, true)).await.0, 404);
        let granted = read(server.poll(&device)).await;
        assert_eq!(
            (
                &granted["token_type"],
                &granted["scope"],
                &granted["expires_in"]
            ),
            (
                &json!("Bearer"),
                &json!("publisher"),
                &json!(30 * 24 * 3600)
            )
        );
        assert_eq!(server.error(&device).await, "invalid_grant", "once");

        let token = text(&granted["access_token"]);
        let as_token = |method, path: &str| server.anonymous(method, path).bearer_auth(&token);
        let me = || as_token(Method::GET, "/session");
        assert_eq!(read(me()).await["subject"], "ana");
        let mine = read(as_token(Method::GET, "/api/v1/tokens")).await;
        assert_eq!(mine["items"][0]["id"], granted["token_id"]);
        assert_eq!(mine["items"][0]["name"], "dms on laptop-7");
        for (action, object) in [("grant.approved", "grant"), ("token.made", "token")] {
            let path = format!("/api/v1/audit?action={action}&actor=ana");
            let rows = server.get(&path).await;
            assert_eq!(rows["items"][0]["object_kind"], object, "{action}");
        }
        // It ends by itself, by its person, and with them.
        let path = format!("/api/v1/tokens/{}", text(&granted["token_id"]));
        let gone = as_token(Method::DELETE, &path).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        assert_eq!(refusal(me()).await.0, 401);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_refused_or_late_gets_no_token() {
    let server = Server::start().await;
    let ana = server.signed_in("ana", Role::Viewer).await;
    let asked = read(server.ask_for_grant()).await;
    let (device, user) = (text(&asked["device_code"]), text(&asked["user_code"]));
    read(server.decide(&ana, &user, false)).await;
    assert_eq!(server.error(&device).await, "access_denied");
    assert_eq!(refusal(server.decide(&ana, &user, true)).await.0, 404);
    assert_eq!(server.error(&device).await, "access_denied");
    let refused = server.get("/api/v1/audit?action=grant.refused").await;
    assert_eq!(refused["items"][0]["detail"]["address"], "127.0.0.1");

    // Approved, but nobody came for it in time.
    let asked = read(server.ask_for_grant()).await;
    let (device, user) = (text(&asked["device_code"]), text(&asked["user_code"]));
    read(server.decide(&ana, &user, true)).await;
    server.app.clock.advance_ms(GRANT_MS);
    assert_eq!(server.error(&device).await, "expired_token");
    // Nor is anybody let in after the time.
    let asked = read(server.ask_for_grant()).await;
    server.app.clock.advance_ms(GRANT_MS);
    let user = text(&asked["user_code"]);
    assert_eq!(refusal(server.look(&ana, &user)).await.0, 404);
    assert_eq!(refusal(server.decide(&ana, &user, true)).await.0, 404);

    // Who was let in and lost their account has nothing.
    let asked = read(server.ask_for_grant()).await;
    let (device, user) = (text(&asked["device_code"]), text(&asked["user_code"]));
    read(server.decide(&ana, &user, true)).await;
    let people = server.get("/api/v1/people").await;
    let path = format!("/api/v1/people/{}", text(&people["items"][0]["id"]));
    let closed = server.request(Method::PATCH, &path);
    read(closed.json(&json!({"active": false}))).await;
    let granted = read(server.poll(&device)).await;
    let token = text(&granted["access_token"]);
    let me = server
        .anonymous(Method::GET, "/session")
        .bearer_auth(&token);
    assert_eq!(refusal(me).await.0, 401);
    server.stop().await;
}

#[tokio::test]
async fn only_a_person_on_a_page_of_this_server_lets_in() {
    let server = Server::start().await;
    let ana = server.signed_in("ana", Role::Viewer).await;
    let asked = read(server.ask_for_grant()).await;
    let user = text(&asked["user_code"]);
    let body = json!({"user_code": user, "approve": true});
    let answer = || {
        server
            .anonymous(Method::POST, "/api/v1/grants/answer")
            .json(&body)
    };
    assert_eq!(refusal(answer()).await.0, 401, "nobody");
    let foreign = answer()
        .header("cookie", &ana)
        .header("origin", "https://evil.example");
    assert_eq!(refusal(foreign).await.1.code, "foreign_origin");
    let bare = answer().header("cookie", &ana);
    assert_eq!(refusal(bare).await.1.code, "foreign_origin");
    let by_token = answer().bearer_auth(&server.owner);
    assert_eq!(refusal(by_token).await.1.code, "no_account");
    // A session that must give a code first lets nobody in.
    let olga = server.signed_in("olga", Role::Owner).await;
    let limited = server.decide(&olga, &user, true);
    assert_eq!(refusal(limited).await.1.code, "codes_needed");
    let device = text(&asked["device_code"]);
    assert_eq!(server.error(&device).await, "authorization_pending");
    server.stop().await;
}

#[tokio::test]
async fn no_forged_or_guessed_code_gets_anything() {
    let server = Server::start().await;
    let ana = server.signed_in("ana", Role::Viewer).await;
    let asked = read(server.ask_for_grant()).await;
    let (device, user) = (text(&asked["device_code"]), text(&asked["user_code"]));
    read(server.decide(&ana, &user, true)).await;
    let mut tried = 0;
    let mut forged: Vec<String> = (0..device.len())
        .map(|at| {
            let other = |(n, c): (usize, char)| match (n == at, c) {
                (true, 'A') => 'B',
                (true, _) => 'A',
                (false, c) => c,
            };
            device.chars().enumerate().map(other).collect()
        })
        .collect();
    forged.extend((1..device.len()).map(|end| device[..end].to_owned()));
    forged.extend(["", "dms_grant_", &server.owner, &user, " ", "\u{1f511}"].map(str::to_owned));
    forged.push(format!("{device} "));
    forged.push("x".repeat(5000));
    for code in forged.iter().filter(|code| **code != device) {
        assert_eq!(server.error(code).await, "invalid_grant", "{code:?}");
        tried += 1;
    }
    let form = [("grant_type", "password"), ("device_code", &device)];
    let other = server
        .anonymous(Method::POST, "/api/v1/grants/token")
        .form(&form);
    let body: Value = other
        .send()
        .await
        .expect("sent")
        .json()
        .await
        .expect("JSON");
    assert_eq!(body["error"], "unsupported_grant_type");
    println!("{tried} forged codes, none let in");
    assert!(tried > 100);

    // Short codes: ten wrong ones, then one every six seconds.
    let waiting = text(&read(server.ask_for_grant()).await["user_code"]);
    let mut statuses = Vec::new();
    for n in 0..40 {
        let letter = |at: u32| char::from(b"BCDF"[(n >> (2 * at)) as usize % 4]);
        let guess: String = "QQQQQ".chars().chain((0..3).map(letter)).collect();
        statuses.push(refusal(server.decide(&ana, &guess, true)).await.0);
    }
    assert!(
        statuses.iter().all(|s| matches!(s, 404 | 429)),
        "{statuses:?}"
    );
    let let_through = statuses.iter().filter(|s| **s == 404).count();
    assert!((10..=12).contains(&let_through), "{statuses:?}");
    // Somebody else's tries are their own.
    let ben = server.signed_in("ben", Role::Viewer).await;
    read(server.look(&ben, &waiting)).await;
    server.stop().await;
}

#[tokio::test]
async fn one_address_asks_so_often_and_so_many_wait() {
    let server = Server::start().await;
    for wrong in [
        json!({}),
        json!({"client_id": " "}),
        json!({"client_id": "dms\u{7}"}),
        json!({"client_id": "x".repeat(81)}),
    ] {
        let asked = server
            .anonymous(Method::POST, "/api/v1/grants")
            .form(&wrong);
        assert_eq!(refusal(asked).await.1.errors[0].pointer, "client_id");
    }
    let mut refused = 0;
    for _ in 0..14 {
        let answer = server.ask_for_grant().send().await.expect("an answer");
        refused += u32::from(answer.status() == 429);
    }
    assert!((3..=4).contains(&refused), "{refused}");
    // However many addresses ask: so many wait, and no more; those whose time is over make room.
    let stuffed = super::db::stuff(&server.app.db, WAITING_MAX, server.app.clock.now_ms());
    stuffed.await.expect("added");
    let (app, device) = (&server.app, Secret::draw(""));
    let one_more = || async {
        let row = routes::waiting(app, "x".to_owned(), None);
        routes::add(app, &row, device.hash()).await
    };
    let full = one_more().await.expect_err("full");
    assert_eq!(full.code, "too_many_grants");
    app.clock.advance_ms(GRANT_MS);
    one_more().await.expect("room again");
    server.stop().await;
}
