//! What a sign-in makes of the account, its groups and its roles.

use std::sync::Arc;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::issuer::{Issuer, Key};
use super::{both, come_back, connect, leave, me, read, says, session, sign_in};
use crate::oidc::claims::GROUPS_MAX;
use crate::testing::{Server, refusal, text};

/// The names of a person's groups.
async fn groups(server: &Server, path: &str) -> Vec<String> {
    let person = server.get(path).await;
    let groups = person["groups"].as_array().expect("groups");
    groups.iter().map(|group| text(&group["name"])).collect()
}

/// The first sign-in; answers the person's path.
async fn first(server: &Server, issuer: &Issuer, key: &Arc<Key>) -> String {
    let both = json!({"groups": ["staff", "dms-admins"]});
    says(server, issuer, key, both);
    let visit = leave(server, "/session/oidc?next=/watch/1?a%26b", "").await;
    let (cookie, page) = session(come_back(server, &visit)).await;
    assert!(page.contains("0;url=/watch/1?a&amp;b\""), "{page}");
    assert!(!page.contains("script"), "{page}");
    let asked = issuer.set(|scene| scene.asked.clone());
    assert_eq!(asked.get("response_type"), "code");
    assert_eq!(asked.get("code_challenge_method"), "S256");
    assert_eq!(asked.get("scope"), "openid profile email groups");
    let tenant = asked.get("tenant");
    assert_eq!(tenant, "acme", "the endpoint's own query stays");
    let who = read(me(server, &cookie)).await;
    assert_eq!(who["subject"], "Ana Lima");
    assert_eq!(who["roles"], json!(["viewer", "owner"]));
    let path = format!("/api/v1/people/{}", text(&who["person"]));
    let person = server.get(&path).await;
    assert_eq!(person["login"], "ana");
    assert_eq!(person["source"], "oidc");
    assert_eq!(person["department"], "Studio");
    path
}

#[tokio::test]
async fn a_person_comes_in_with_groups_and_roles_on_both_databases() {
    for (server, issuer, key) in both().await {
        let options = read(server.anonymous(Method::GET, "/api/v1/session-options")).await;
        let ways = json!({"password": true, "oidc": {"name": "ACME"}, "set_up": true});
        assert_eq!(options, ways);
        let local = json!({"name": "staff"});
        let local = server.post("/api/v1/groups", local).await;
        let path = first(&server, &issuer, &key).await;
        let names = groups(&server, &path).await;
        assert_eq!((names.len(), names[0].as_str()), (2, "dms-admins"));
        // A group that was made here is another one.
        assert!(names[1].starts_with("staff ("), "{names:?}");

        // A local membership stays, the provider's are replaced, and so are the roles.
        let (_, person) = path.rsplit_once('/').expect("an id");
        let member = format!("/api/v1/groups/{}/members/{person}", text(&local["id"]));
        read(server.request(Method::PUT, &member)).await;
        let other = json!({"groups": ["other"], "name": "Ana L."});
        says(&server, &issuer, &key, other);
        let again = sign_in(&server).await;
        assert_eq!(groups(&server, &path).await, ["other", "staff"]);
        assert_eq!(server.get(&path).await["name"], "Ana L.");
        assert_eq!(read(me(&server, &again)).await["roles"], json!(["viewer"]));

        // Entra has no room for all of them: everything stays.
        let untold = json!({"groups": null, "_claim_names": {"groups": "src1"}});
        issuer.set(|scene| scene.userinfo = json!({"sub": "subject-1"}));
        says(&server, &issuer, &key, untold);
        sign_in(&server).await;
        assert_eq!(groups(&server, &path).await, ["other", "staff"]);
        logged(&server).await;
        server.stop().await;
    }
}

/// What the log has of the three sign-ins.
async fn logged(server: &Server) {
    let log = server.get("/api/v1/audit?limit=100").await;
    let rows = log["items"].as_array().expect("rows");
    let of = |action: &str| -> Vec<&Value> {
        let rows = rows.iter().filter(|row| row["action"] == action);
        rows.map(|row| &row["detail"]).collect()
    };
    let moves = of("person.groups_set");
    let moved = |made: i32, added: i32, removed: i32| json!({"by": "oidc", "made": made, "added": added, "removed": removed});
    assert_eq!(moves, [&moved(1, 1, 2), &moved(2, 2, 0)]);
    // The name changed twice, the roles once with it.
    let made = of("person.made");
    assert_eq!((made.len(), of("person.changed").len()), (1, 2));
    assert_eq!(of("session.started"), [&json!({"by": "oidc"}); 3]);
    assert_eq!(
        *made[0],
        json!({"by": "oidc", "login": "ana", "roles": "viewer owner"})
    );
}

#[tokio::test]
async fn no_more_groups_are_taken_over_than_there_is_room_for() {
    let [one, other] = both()
        .await
        .try_into()
        .unwrap_or_else(|_| panic!("two servers"));
    for (server, issuer, key) in [one, other] {
        let names: Vec<_> = (0..GROUPS_MAX + 50).map(|n| format!("g{n:03}")).collect();
        // The mapping sees those that are not taken over, too.
        let names: Vec<_> = names
            .into_iter()
            .chain(["zz".into(), "dms-admins".into()])
            .collect();
        says(&server, &issuer, &key, json!({"groups": names}));
        let who = sign_in(&server).await;
        let who = read(me(&server, &who)).await;
        assert_eq!(who["roles"], json!(["viewer", "owner"]));
        let path = format!("/api/v1/people/{}", text(&who["person"]));
        assert_eq!(groups(&server, &path).await.len(), GROUPS_MAX);
        server.stop().await;
    }
}

#[tokio::test]
async fn over_https_both_cookies_are_of_this_host_only() {
    let key = Arc::new(Key::draw("one", "ES256"));
    let issuer = Issuer::start(&[&key]).await;
    let connected = connect(&issuer);
    let server = Server::with(|config| {
        connected(config);
        // As behind a proxy that ends TLS.
        config.public.origin = "https://dms.example".to_owned();
    })
    .await;
    says(&server, &issuer, &key, json!({}));
    let begun = server.anonymous(Method::GET, "/session/oidc").send().await;
    let begun = begun.expect("an answer");
    let kept = begun.headers()["set-cookie"].to_str().expect("text");
    let (pair, rest) = kept.split_once(';').expect("attributes");
    assert!(pair.starts_with("__Host-dms_oidc="), "{kept}");
    assert_eq!(rest, " Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
    let there = begun.headers()["location"].to_str().expect("text");
    let there = server.http.get(there).send().await.expect("an answer");
    let back = there.headers()["location"].to_str().expect("text");
    let back = back.strip_prefix("https://dms.example").expect("back here");
    let request = server.anonymous(Method::GET, back).header("cookie", pair);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let sets: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert_eq!(sets.len(), 2);
    for set in sets {
        let set = set.to_str().expect("text");
        assert!(
            set.starts_with("__Host-dms_") && set.ends_with("; Secure"),
            "{set}"
        );
        assert!(
            set.contains("; Path=/; ") && !set.contains("Domain"),
            "{set}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn somebody_who_comes_in_twice_at_once_is_one_person_on_both_databases() {
    for (server, issuer, key) in both().await {
        says(&server, &issuer, &key, json!({"groups": ["a", "b", "c"]}));
        let mut visits = Vec::new();
        for _ in 0..2 {
            visits.push(leave(&server, "/session/oidc", "").await);
        }
        // This provider remembers the last challenge only.
        issuer.set(|scene| scene.lenient = true);
        let cookies = join_all(visits.iter().map(|v| session(come_back(&server, v)))).await;
        for (cookie, _) in cookies {
            assert_eq!(read(me(&server, &cookie)).await["subject"], "Ana Lima");
        }
        let people = server.get("/api/v1/people").await;
        assert_eq!(people["items"].as_array().expect("people").len(), 1);
        let groups = server.get("/api/v1/groups").await;
        assert_eq!(groups["items"].as_array().expect("groups").len(), 3);
        server.stop().await;
    }
}

#[tokio::test]
async fn an_account_that_is_there_is_not_taken_over_on_both_databases() {
    for (server, issuer, key) in both().await {
        let local = json!({"login": "ana", "name": "Another Ana"});
        let local = server.post("/api/v1/people", local).await;
        says(&server, &issuer, &key, json!({"groups": ["dms-admins"]}));
        let visit = leave(&server, "/session/oidc", "").await;
        let (status, problem) = refusal(come_back(&server, &visit)).await;
        assert_eq!((status, problem.code.as_str()), (409, "oidc_login_taken"));
        let path = format!("/api/v1/people/{}", text(&local["id"]));
        assert_eq!(server.get(&path).await, local, "nothing of it changed");

        // Somebody of another subject with the same name is somebody else.
        says(&server, &issuer, &key, json!({"preferred_username": "ben"}));
        let ben = sign_in(&server).await;
        let ben = read(me(&server, &ben)).await;
        says(
            &server,
            &issuer,
            &key,
            json!({"preferred_username": "ben", "sub": "subject-2"}),
        );
        let visit = leave(&server, "/session/oidc", "").await;
        assert_eq!(
            refusal(come_back(&server, &visit)).await.1.code,
            "oidc_login_taken"
        );

        // Who is closed stays out.
        let path = format!("/api/v1/people/{}", text(&ben["person"]));
        read(
            server
                .request(Method::PATCH, &path)
                .json(&json!({"active": false})),
        )
        .await;
        says(&server, &issuer, &key, json!({"preferred_username": "ben"}));
        let visit = leave(&server, "/session/oidc", "").await;
        let (status, problem) = refusal(come_back(&server, &visit)).await;
        assert_eq!((status, problem.code.as_str()), (403, "account_closed"));
        server.stop().await;
    }
}

#[tokio::test]
async fn whom_the_directory_made_is_known_when_they_come_and_stays_the_directorys_on_both_databases()
 {
    for (server, issuer, key) in both().await {
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ana",
            "displayName": "Ana of the directory", "externalId": "7", "active": true});
        let made = server.request(Method::POST, "/scim/v2/Users");
        let made = read(made.json(&user)).await;
        says(
            &server,
            &issuer,
            &key,
            json!({"name": "Ana of the provider"}),
        );
        let cookie = sign_in(&server).await;
        let who = read(me(&server, &cookie)).await;
        assert_eq!(who["person"], made["id"]);
        assert_eq!(who["subject"], "Ana of the directory");
        // Somebody else who gets the name at the provider does not get the account.
        says(&server, &issuer, &key, json!({"sub": "subject-2"}));
        let visit = leave(&server, "/session/oidc", "").await;
        let refused = refusal(come_back(&server, &visit)).await;
        assert_eq!(refused.1.code, "oidc_login_taken");
        // Whoever came once is known by the subject, whatever they are called there now.
        says(
            &server,
            &issuer,
            &key,
            json!({"preferred_username": "ana.lima"}),
        );
        let cookie = sign_in(&server).await;
        assert_eq!(read(me(&server, &cookie)).await["person"], made["id"]);
        let linked = server.get("/api/v1/audit?action=person.linked").await;
        assert_eq!(linked["items"].as_array().expect("rows").len(), 1);
        // The directory closes the account: they are out, and stay out.
        let path = format!("/scim/v2/Users/{}", text(&made["id"]));
        let close = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": false}]});
        read(server.request(Method::PATCH, &path).json(&close)).await;
        assert_eq!(refusal(me(&server, &cookie)).await.0, 401);
        let visit = leave(&server, "/session/oidc", "").await;
        let refused = refusal(come_back(&server, &visit)).await;
        assert_eq!(refused.1.code, "account_closed");
        server.stop().await;
    }
}
