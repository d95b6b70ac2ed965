//! Tokens, sessions, and the policy of every route.

use std::collections::BTreeSet;

use http::Method;
use serde_json::json;
use utoipa::openapi::path::Operation;

use super::*;
use crate::routes;
use crate::testing::{Server, refusal, text};

/// Operations that need no credentials. A route that is added without a policy fails the
/// test below until it is named here.
const OPEN: [&str; 14] = [
    "GET /api/v1/problems",
    "GET /api/v1/session-options",
    "GET /api/v1/trust",
    "GET /livez",
    "GET /oembed",
    "GET /readyz",
    "GET /session/oidc",
    "GET /session/oidc/callback",
    "OPTIONS /api/v1/uploads",
    "POST /api/v1/devices/enroll",
    "POST /api/v1/grants",
    "POST /api/v1/grants/token",
    "POST /api/v1/setup",
    "POST /session",
];

/// What an operation's description demands.
#[derive(Clone, Copy, Debug)]
enum Demand {
    SignedIn,
    /// It, or the other one where there is one.
    Permission(Permission, Option<Permission>),
}

impl Demand {
    fn admits(self, roles: &Roles) -> bool {
        match self {
            Self::SignedIn => true,
            Self::Permission(one, other) => roles.may(one) || other.is_some_and(|p| roles.may(p)),
        }
    }
}

fn demanded(operation: &Operation) -> Option<Demand> {
    let security = serde_json::to_value(operation.security.as_ref()?).expect("JSON");
    let name = security[0]["token"][0].as_str().expect("a permission");
    if name == "signed_in" {
        return Some(Demand::SignedIn);
    }
    let permission = Permission::of_name(name);
    Some(Demand::Permission(
        permission.unwrap_or_else(|| panic!("{name} is a permission")),
        security[1]["token"][0]
            .as_str()
            .and_then(Permission::of_name),
    ))
}

fn operations() -> Vec<(Method, String, Option<Demand>)> {
    let mut all = Vec::new();
    for (path, item) in routes::openapi().paths.paths {
        let of_method = [
            (Method::GET, item.get),
            (Method::PUT, item.put),
            (Method::POST, item.post),
            (Method::DELETE, item.delete),
            (Method::OPTIONS, item.options),
            (Method::HEAD, item.head),
            (Method::PATCH, item.patch),
        ];
        for (method, operation) in of_method {
            if let Some(operation) = operation {
                all.push((method, path.clone(), demanded(&operation)));
            }
        }
    }
    all
}

/// A path with something of the right form in place of its parameters.
fn filled(path: &str) -> String {
    let nobody = uuid::Uuid::nil().to_string();
    path.split('/')
        .map(|part| match part {
            "{version}" | "{track}" => "1".to_owned(),
            "{chunk}" => "0".repeat(64),
            "{segment}" => "1.m4s".to_owned(),
            part if part.starts_with('{') => nobody.clone(),
            part => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[tokio::test]
async fn every_route_admits_exactly_the_roles_it_states() {
    let server = Server::start().await;
    let mut callers = vec![None];
    for role in Role::ALL {
        callers.push(Some((Roles::from(role), server.token(role).await)));
    }
    let mut open = BTreeSet::new();
    let operations = operations();
    let mut cells = 0;
    for (method, path, demanded) in &operations {
        if demanded.is_none() {
            open.insert(format!("{method} {path}"));
        }
        for caller in &callers {
            // The matrix must not take its own callers away.
            if path.contains("/tokens/{token}") && *method == Method::DELETE && caller.is_some() {
                continue;
            }
            let mut request = server.anonymous(method.clone(), &filled(path));
            if let Some((_, token)) = caller {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            let roles = caller.as_ref().map(|(roles, _)| roles);
            let what = format!("{method} {path} as {roles:?} got {status}");
            match (demanded, roles) {
                (Some(_), None) => assert_eq!(status, 401, "{what}"),
                (Some(demand), Some(roles)) if !demand.admits(roles) => {
                    assert_eq!(status, 403, "{what}");
                }
                (Some(_), Some(_)) => assert!(status != 401 && status != 403, "{what}"),
                // A route without a policy may still refuse what the body says.
                (None, _) => assert!(!matches!(status, 405 | 500..), "{what}"),
            }
            cells += 1;
        }
    }
    println!("{} routes, {cells} cells", operations.len());
    assert!(operations.len() > 45, "the table was read");
    assert_eq!(open, OPEN.map(str::to_owned).into());
    server.stop().await;
}

#[tokio::test]
async fn tokens_of_others_are_seen_and_revoked_by_who_may_only() {
    let server = Server::start().await;
    let viewer = server.token(Role::Viewer).await;
    let it = server.token(Role::ItAdmin).await;
    let list = server.get("/api/v1/tokens").await;
    let id = |name: &str| {
        let items = list["items"].as_array().expect("items");
        let found = items.iter().find(|item| item["name"] == name);
        text(&found.expect("the token")["id"])
    };
    let revoke = |by: &str, name: &str| {
        let path = format!("/api/v1/tokens/{}", id(name));
        server.anonymous(Method::DELETE, &path).bearer_auth(by)
    };
    let seen = server
        .anonymous(Method::GET, "/api/v1/tokens")
        .bearer_auth(&viewer);
    let seen = crate::testing::json(seen).await;
    assert_eq!(seen["items"], json!([]), "a viewer sees nobody else's");
    assert_eq!(refusal(revoke(&viewer, "owner")).await.0, 404);
    assert_eq!(refusal(revoke(&it, "owner")).await.0, 403, "it can do more");
    let gone = revoke(&it, "viewer").send().await.expect("an answer");
    assert_eq!(gone.status(), 204);
    // Nor does anybody make a token that can do more.
    let more = server
        .anonymous(Method::POST, "/api/v1/tokens")
        .bearer_auth(&it)
        .json(&json!({"name": "x", "roles": ["owner"]}));
    assert_eq!(refusal(more).await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked_on_both_databases() {
    for server in Server::both().await {
        let made = server
            .post("/api/v1/tokens", json!({"name": "ci", "roles": ["viewer"]}))
            .await;
        let token = text(&made["token"]);
        assert!(
            token.starts_with("dms_") && token.len() > 44,
            "256 bits of it: {token}"
        );
        let me = || {
            server
                .anonymous(Method::GET, "/session")
                .bearer_auth(&token)
        };
        assert_eq!(crate::testing::json(me()).await["subject"], "ci");

        let list = server.get("/api/v1/tokens").await;
        let names: Vec<_> = list["items"].as_array().expect("items").iter().collect();
        assert_eq!(names.len(), 2);
        assert_eq!(
            (&names[0]["name"], &names[1]["name"]),
            (&json!("ci"), &json!("owner"))
        );
        assert!(!list.to_string().contains("dms_"), "a list shows no secret");
        let page = server.get("/api/v1/tokens?limit=1").await;
        let next = server
            .get(&format!(
                "/api/v1/tokens?limit=1&cursor={}",
                text(&page["next_cursor"])
            ))
            .await;
        assert_eq!(next["items"][0]["name"], "owner");
        assert_eq!(next["next_cursor"], json!(null));

        let path = format!("/api/v1/tokens/{}", text(&made["id"]));
        let revoked = server
            .request(Method::DELETE, &path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(revoked.status(), 204);
        assert_eq!(refusal(me()).await.1.code, "unauthenticated");
        assert_eq!(refusal(server.request(Method::DELETE, &path)).await.0, 404);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let server = Server::start().await;
    let new = json!({"name": "short", "roles": ["viewer"], "ttl_seconds": 60});
    let token = text(&server.post("/api/v1/tokens", new).await["token"]);
    let me = || {
        server
            .anonymous(Method::GET, "/session")
            .bearer_auth(&token)
    };
    assert_eq!(me().send().await.expect("an answer").status(), 200);
    server.app.clock.advance_ms(60_000);
    assert_eq!(refusal(me()).await.0, 401);
    server.stop().await;
}

#[tokio::test]
async fn malformed_credentials_are_refused_and_not_ignored() {
    let server = Server::start().await;
    let long = "x".repeat(500);
    let wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Basic b3duZXI6",
        "Bearer dms_wrong",
        &long,
    ];
    for value in wrong {
        let asked = server
            .anonymous(Method::GET, "/api/v1/sites")
            .header("authorization", value);
        assert_eq!(refusal(asked).await.0, 401, "{value:?}");
    }
    for body in [
        "",
        "{",
        "[]",
        "{\"name\":\"x\"}",
        "{\"name\":\"x\",\"roles\":[\"root\"]}",
    ] {
        let asked = server
            .request(Method::POST, "/api/v1/tokens")
            .header("content-type", "application/json")
            .body(body);
        let (status, problem) = refusal(asked).await;
        assert!((400..500).contains(&status), "{body}: {problem:?}");
    }
    let nameless = json!({"name": " ", "roles": ["viewer"]});
    let asked = server
        .request(Method::POST, "/api/v1/tokens")
        .json(&nameless);
    assert_eq!(refusal(asked).await.1.errors[0].pointer, "/name");
    server.stop().await;
}

/// Signs in; answers the cookie as a request sends it.
async fn sign_in(server: &Server, token: &str) -> String {
    let answer = server
        .anonymous(Method::POST, "/session")
        .json(&json!({"token": token}))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let set = answer.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Strict"),
        "{set}"
    );
    assert!(!set.contains(token), "the cookie is not the token");
    set.split(';').next().expect("a pair").to_owned()
}

#[tokio::test]
async fn a_session_acts_only_for_pages_of_this_server_on_both_databases() {
    for server in Server::both().await {
        let cookie = sign_in(&server, &server.owner).await;
        let site = json!({"name": "x", "subnets": []});
        let ask = |method, origin: Option<&str>, fetch_site: Option<&str>| {
            let mut request = server
                .anonymous(method, "/api/v1/sites")
                .header("cookie", &cookie)
                .json(&site);
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            if let Some(fetch_site) = fetch_site {
                request = request.header("sec-fetch-site", fetch_site);
            }
            request
        };
        let read = ask(Method::GET, None, None)
            .send()
            .await
            .expect("an answer");
        assert_eq!(read.status(), 200, "reading needs no origin");
        let own = server.app.public_origin().to_owned();
        let foreign: [(Option<&str>, Option<&str>); 6] = [
            (None, None),
            (Some("null"), None),
            (Some("http://evil.example"), None),
            (Some("http://127.0.0.1:1"), None),
            (Some("https://127.0.0.1"), None),
            (Some(own.as_str()), Some("cross-site")),
        ];
        for (origin, fetch_site) in foreign {
            let (status, problem) = refusal(ask(Method::POST, origin, fetch_site)).await;
            assert_eq!(
                (status, problem.code.as_str()),
                (403, "foreign_origin"),
                "{origin:?}"
            );
        }
        let made = ask(Method::POST, Some(&own), Some("same-origin"))
            .send()
            .await;
        assert_eq!(made.expect("an answer").status(), 201);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_session_ends_by_sign_out_by_time_and_with_its_token() {
    let server = Server::start().await;
    let origin = server.app.public_origin().to_owned();
    let me = |cookie: &str| {
        server
            .anonymous(Method::GET, "/session")
            .header("cookie", cookie.to_owned())
    };
    let cookie = sign_in(&server, &server.owner).await;
    let who = crate::testing::json(me(&cookie)).await;
    assert_eq!(
        (&who["subject"], &who["tenant"], &who["roles"]),
        (&json!("owner"), &json!("default"), &json!(["owner"]))
    );
    let out = server
        .anonymous(Method::DELETE, "/session")
        .header("cookie", &cookie)
        .header("origin", &origin);
    assert_eq!(out.send().await.expect("an answer").status(), 204);
    assert_eq!(refusal(me(&cookie)).await.0, 401);

    let made = server
        .post("/api/v1/tokens", json!({"name": "t", "roles": ["viewer"]}))
        .await;
    let cookie = sign_in(&server, &text(&made["token"])).await;
    let path = format!("/api/v1/tokens/{}", text(&made["id"]));
    server
        .request(Method::DELETE, &path)
        .send()
        .await
        .expect("an answer");
    assert_eq!(refusal(me(&cookie)).await.0, 401, "it ends with its token");

    let cookie = sign_in(&server, &server.owner).await;
    server.app.clock.advance_ms(SESSION_MS);
    assert_eq!(refusal(me(&cookie)).await.0, 401, "it ends by time");
    server.stop().await;
}

#[tokio::test]
async fn signing_in_is_refused_from_foreign_pages_and_with_wrong_tokens() {
    let server = Server::start().await;
    let token = json!({"token": server.owner});
    let foreign = server
        .anonymous(Method::POST, "/session")
        .header("origin", "http://evil.example")
        .json(&token);
    assert_eq!(refusal(foreign).await.1.code, "foreign_origin");
    for wrong in ["", "dms_", "dms_AAAA", "\u{1f511}"] {
        let asked = server
            .anonymous(Method::POST, "/session")
            .json(&json!({"token": wrong}));
        assert_eq!(refusal(asked).await.0, 401, "{wrong}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_owner_survives_a_restart_and_foreign_keys_are_refused() {
    let server = Server::start().await;
    let owner = server.owner.clone();
    let server = server.restart().await;
    assert_eq!(server.owner, owner, "the token's file is not written again");
    assert_eq!(server.get("/session").await["subject"], "owner");
    let config = server.app.config.clone();
    let folder = server.stop().await;
    let mut foreign = config.clone();
    foreign.keys.folder = folder.path().join("other-keys");
    let mut refused = vec![foreign];
    // A key that is missing is drawn anew: that is a foreign one, too.
    for key in ["kek.key", "manifest.key", "license.key", "ca.key"] {
        let mut without = config.clone();
        without.keys.folder = folder.path().join(key);
        std::fs::create_dir(&without.keys.folder).expect("a folder");
        for entry in std::fs::read_dir(&config.keys.folder).expect("listed") {
            let entry = entry.expect("an entry");
            let goes_with_it = key == "ca.key" && entry.file_name() == "ca.pem";
            if entry.file_name() != key && !goes_with_it {
                let to = without.keys.folder.join(entry.file_name());
                std::fs::copy(entry.path(), to).expect("copied");
            }
        }
        refused.push(without);
    }
    for other in refused {
        let keys = other.keys.folder.display().to_string();
        let refused = crate::serve::Dms::load(other).await.err();
        let refused = refused.unwrap_or_else(|| panic!("{keys} is taken"));
        let said = refused.to_string();
        let lacks = if keys.ends_with("kek.key") {
            "lacks the key encryption key"
        } else {
            "does not belong to this database"
        };
        assert!(said.contains(lacks), "{said}");
    }
    crate::serve::Dms::load(config).await.expect("its own keys");
}
