//! What the log says of sign-ins and codes, and roles that come while a session lasts.

use http::Method;
use serde_json::{Value, json};

use super::super::refusals;
use super::{PASSWORD, cookie_of};
use crate::auth::Role;
use crate::testing::{Server, json as read, refusal, text};

impl Server {
    async fn join(&self, group: &Value, person: &Value, method: Method) {
        let (group, person) = (text(&group["id"]), text(&person["id"]));
        let path = format!("/api/v1/groups/{group}/members/{person}");
        let put = self.request(method, &path).send().await;
        assert_eq!(put.expect("an answer").status(), 204);
    }

    /// What the log says, newest first.
    async fn log(&self, action: &str) -> Vec<Value> {
        let found = self
            .get(&format!("/api/v1/audit?action={action}&limit=500"))
            .await;
        found["items"].as_array().expect("rows").clone()
    }
}

#[tokio::test]
async fn who_gets_a_role_by_a_group_is_asked_for_a_code_now_on_both_databases() {
    for server in Server::both().await {
        let ana = server.person("ana", &[Role::Viewer]).await;
        let group = json!({"name": "admins", "roles": ["it_admin"]});
        let group = server.post("/api/v1/groups", group).await;
        let cookie = server.session("ana", None).await;
        let may = |cookie: &str| server.as_page(cookie, Method::GET, "/api/v1/tokens");
        read(may(&cookie)).await;
        server.join(&group, &ana, Method::PUT).await;
        // At once, and not for the new role alone: the session is what is in doubt.
        assert_eq!(refusal(may(&cookie)).await.1.code, "codes_needed");
        let me = |cookie: &str| server.as_page(cookie, Method::GET, "/session");
        assert_eq!(read(me(&cookie)).await["codes_needed"], true);
        server.join(&group, &ana, Method::DELETE).await;
        read(may(&cookie)).await;

        // Who has codes gives one, in the session that they are in.
        let other = server.session("ana", None).await;
        let drawn = read(server.as_page(&other, Method::POST, "/api/v1/me/codes")).await;
        let secret = text(&drawn["secret"]);
        let prove = |cookie: &str, code: String| {
            let request = server.as_page(cookie, Method::PUT, "/api/v1/me/codes");
            request.json(&json!({ "code": code }))
        };
        let proven = prove(&other, server.code(&secret)).send().await;
        let other = cookie_of(&proven.expect("an answer"));
        server.join(&group, &ana, Method::PUT).await;
        read(may(&other)).await;
        assert_eq!(refusal(may(&cookie)).await.1.code, "code_needed");
        let seen = read(me(&cookie)).await;
        assert_eq!(
            (&seen["codes_needed"], &seen["code_needed"], &seen["may"]),
            (&json!(false), &json!(true), &json!([]))
        );
        server.app.clock.advance_ms(30_000);
        let wrong = refusal(prove(&cookie, "000000".into())).await;
        assert_eq!(wrong.1.code, "code_wrong");
        let given = prove(&cookie, server.code(&secret)).send().await;
        let given = given.expect("an answer");
        assert_eq!(given.status(), 204);
        assert_eq!(refusal(may(&cookie)).await.0, 401, "the old secret ended");
        let may_now = read(me(&cookie_of(&given))).await;
        assert_eq!(may_now["roles"], json!(["viewer", "it_admin"]));
        assert_eq!(server.log("person.codes_proven").await.len(), 2);

        // A token was made with its roles; none comes to it by a group.
        let token = json!({"name": "mine", "roles": ["viewer"]});
        let made = server.as_page(&other, Method::POST, "/api/v1/tokens");
        let token = text(&read(made.json(&token)).await["token"]);
        let seen = server
            .anonymous(Method::GET, "/session")
            .bearer_auth(&token);
        assert_eq!(read(seen).await["roles"], json!(["viewer"]));
        server.stop().await;
    }
}

#[tokio::test]
async fn without_the_rule_a_password_is_enough_for_every_role() {
    let server = Server::with(|config| config.people.require_codes = false).await;
    server.person("olga", &[Role::Owner]).await;
    let cookie = server.session("olga", None).await;
    read(server.as_page(&cookie, Method::GET, "/api/v1/people")).await;
    server.stop().await;
}

#[tokio::test]
async fn refused_sign_ins_are_in_the_log_once_a_minute_on_both_databases() {
    for server in Server::both().await {
        let ana = server.person("ana", &[Role::Viewer]).await;
        for _ in 0..14 {
            let wrong = server.sign_in("ana", "wrong horse battery", None);
            refusal(wrong).await;
        }
        let by_token = server.anonymous(Method::POST, "/session");
        refusal(by_token.json(&json!({"token": "dms_wrong"}))).await;
        assert!(server.log("session.refused").await.is_empty(), "not yet");
        refusals::write(&server.app).await;
        let rows = server.log("session.refused").await;
        let row = |why: &str| {
            let found = rows.iter().find(|row| row["detail"]["why"] == why);
            found.unwrap_or_else(|| panic!("{why} is in {rows:?}"))
        };
        let guessed = row("password");
        assert_eq!(
            (&guessed["object"], &guessed["detail"]["login"]),
            (&ana["id"], &json!("ana"))
        );
        assert_eq!(guessed["detail"]["address"], "127.0.0.1");
        assert_eq!(guessed["detail"]["tries"], 10);
        assert_eq!(row("too_many_tries")["detail"]["tries"], 4);
        assert_eq!(row("token")["detail"]["tries"], 1);
        assert_eq!(rows.len(), 3);
        let report = server.get("/api/v1/audit/verify").await;
        assert_eq!(report["whole"], true, "{report}");
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_name_here_and_what_is_no_password_is_not_in_the_log() {
    let server = Server::start().await;
    server.person("ana", &[Role::Viewer]).await;
    // The password in the field of the name; a right password does not make a row of refusal.
    refusal(server.sign_in(&PASSWORD.replace(' ', "-"), PASSWORD, None)).await;
    server.session("ana", None).await;
    // The minute is written when the server ends, too.
    let server = server.restart().await;
    let log = server.get("/api/v1/audit?limit=500").await.to_string();
    assert!(log.contains("session.refused"), "{log}");
    assert!(!log.contains("horse"), "{log}");
    assert_eq!(server.log("session.refused").await.len(), 1);
    let started = server.log("session.started").await;
    assert_eq!(started[0]["detail"]["code"], false);
    server.stop().await;
}
