//! What nobody should send, and what nobody may do: refused in words, never a failure of the server.

use http::Method;
use serde_json::{Value, json};

use super::{filtered, patch, said};
use crate::auth::Role;
use crate::testing::{Server, text};

#[tokio::test]
async fn filters_that_are_none_are_refused_on_both_databases() {
    for server in Server::both().await {
        let deep = format!("{}id eq \"x\"{}", "(".repeat(500), ")".repeat(500));
        let long = format!("userName eq \"{}\"", "x".repeat(60_000));
        let filters = [
            "x",
            "userName ne \"x\"",
            "userName eq",
            "userName eq x",
            "title eq \"x\"",
            "userName eq 1",
            "userName eq \"x\" or id eq \"y\"",
            "emails[type eq \"work\"",
            "\u{0}",
            "'",
            "userName eq \"\u{0}\"",
            "userName eq \"\\u0000\"",
            "externalId eq \"\\u0000\"",
            &deep,
            &long,
        ];
        for filter in filters {
            for kind in ["/Users", "/Groups"] {
                let refused = server
                    .scim(Method::GET, &filtered(kind, filter), Value::Null)
                    .await;
                let cut: String = filter.chars().take(50).collect();
                let said = (refused.status, &refused.body["scimType"]);
                assert_eq!(said, (400, &json!("invalidFilter")), "{cut}");
            }
        }
        for query in [
            "startIndex=x",
            "count=99999999999999999999",
            "startIndex=9223372036854775807",
        ] {
            let asked = server
                .scim(Method::GET, &format!("/Users?{query}"), Value::Null)
                .await;
            assert!(
                asked.status == 400 || asked.body["itemsPerPage"] == 0,
                "{query}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_filter_of_a_mebibyte_is_refused_before_it_is_read() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start().await;
    let mut connection = tokio::net::TcpStream::connect(server.addresses.public)
        .await
        .expect("connected");
    let filter = "(".repeat(1 << 20);
    let request = format!(
        "GET /scim/v2/Users?filter={filter} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        server.owner
    );
    // The server may hang up in the middle of it.
    let _ = connection.write_all(request.as_bytes()).await;
    let mut answer = [0; 12];
    if connection.read_exact(&mut answer).await.is_ok() {
        assert!(
            answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert_eq!(
        server.scim_get("/Users").await["totalResults"],
        0,
        "it goes on"
    );
    server.stop().await;
}

async fn wrong_people(server: &Server) {
    let long = "x".repeat(201);
    let users = [
        json!({}),
        json!({"userName": 1}),
        json!({"userName": "a b"}),
        json!({"userName": null}),
        json!({"userName": "x", "active": "maybe"}),
        json!({"userName": "x", "emails": "x"}),
        json!({"userName": "x", "emails": ["x"]}),
        json!({"userName": "x", "emails": [{"value": 1}]}),
        json!({"userName": "x", "name": []}),
        json!({"userName": "x", "name": {"givenName": {}}}),
        json!({"userName": "x", "displayName": long}),
        json!({"userName": "x\u{0}"}),
        json!({"userName": "x", "displayName": "a\u{0}b"}),
        json!({"userName": "x", "externalId": 7}),
        json!({"userName": "x", "schemas": "y"}),
        json!({"userName": long}),
        json!({"userName": "x", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": "y"}),
    ];
    for body in users {
        let refused = server.scim(Method::POST, "/Users", body.clone()).await;
        assert_eq!(
            (refused.status, &refused.body["scimType"]),
            (400, &json!("invalidValue")),
            "{body}"
        );
    }
    let wrong = server
        .scim(
            Method::POST,
            "/Users",
            json!({"userName": "x", "active": 3}),
        )
        .await;
    assert!(
        text(&wrong.body["detail"]).starts_with("active:"),
        "{}",
        wrong.body
    );
}

async fn wrong_operations(server: &Server, id: &str) {
    let operations = [
        (json!(null), "invalidValue"),
        (json!([]), "invalidValue"),
        (json!([1]), "invalidValue"),
        (json!([{"op": "x"}]), "invalidValue"),
        (json!([{"op": "remove"}]), "noTarget"),
        (json!([{"op": "add", "value": 1}]), "invalidValue"),
        (
            json!([{"op": "add", "path": 1, "value": 1}]),
            "invalidValue",
        ),
        (
            json!([{"op": "add", "path": "a[", "value": 1}]),
            "invalidPath",
        ),
        (
            json!([{"op": "replace", "path": "active", "value": null}]),
            "invalidValue",
        ),
        (
            json!([{"op": "remove", "path": "userName"}]),
            "invalidValue",
        ),
    ];
    for (operations, word) in operations {
        let refused = server
            .scim(
                Method::PATCH,
                &format!("/Users/{id}"),
                patch(operations.clone()),
            )
            .await;
        assert_eq!(
            (refused.status, &refused.body["scimType"]),
            (400, &json!(word)),
            "{operations}"
        );
    }
}

#[tokio::test]
async fn bodies_of_wrong_types_are_refused_with_the_path_on_both_databases() {
    for server in Server::both().await {
        let id = server.scim_user("ana").await;
        let group = server
            .scim(Method::POST, "/Groups", json!({"displayName": "g"}))
            .await;
        let group = text(&group.body["id"]);
        wrong_people(&server).await;
        wrong_operations(&server, &id).await;
        let nobody = uuid::Uuid::now_v7();
        let members = [
            json!("x"),
            json!([1]),
            json!([{"value": "not an id"}]),
            json!([{"value": nobody}]),
            json!([{}]),
        ];
        for value in members {
            let add = patch(json!([{"op": "add", "path": "members", "value": value}]));
            let refused = server
                .scim(Method::PATCH, &format!("/Groups/{group}"), add)
                .await;
            assert_eq!(
                (refused.status, &refused.body["scimType"]),
                (400, &json!("invalidValue")),
                "{value}"
            );
        }
        for (method, path) in [
            (Method::GET, "Users"),
            (Method::DELETE, "Users"),
            (Method::DELETE, "Groups"),
        ] {
            let unknown = server
                .scim(method, &format!("/{path}/{nobody}"), Value::Null)
                .await;
            assert_eq!(unknown.status, 404);
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn texts_that_are_no_objects_and_too_much_of_them_are_refused() {
    let server = Server::start().await;
    let ask = |body: String| {
        let request = server.request(Method::POST, "/scim/v2/Users");
        said(
            request
                .header("content-type", "application/scim+json")
                .body(body),
        )
    };
    let deep = format!(
        "{{\"userName\":\"x\",\"a\":{}{}}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let texts = [
        "",
        "[]",
        "null",
        "{",
        "{\"userName\":\"x\",\"username\":\"y\"}",
        "{\"a\":1,\"a\":2}",
        &deep,
    ];
    for body in texts {
        let refused = ask(body.to_owned()).await;
        assert_eq!(
            (refused.status, &refused.body["scimType"]),
            (400, &json!("invalidSyntax"))
        );
    }
    let big = ask(format!("{{\"userName\":\"{}\"}}", "x".repeat(2 << 20))).await;
    assert_eq!(big.status, 413);

    let group = server
        .scim(Method::POST, "/Groups", json!({"displayName": "g"}))
        .await;
    let path = format!("/Groups/{}", text(&group.body["id"]));
    let id = server.scim_user("ana").await;
    let many = vec![json!({ "value": id }); 1_001];
    let add = |of: &[Value]| patch(json!([{"op": "add", "path": "members", "value": of}]));
    let refused = server.scim(Method::PATCH, &path, add(&many)).await;
    assert_eq!(refused.status, 413);
    assert!(text(&refused.body["detail"]).contains("1,000"));
    assert_eq!(
        server
            .scim(Method::PATCH, &path, add(&many[1..]))
            .await
            .status,
        204
    );
    let many = vec![json!({"op": "add", "path": "displayName", "value": "x"}); 1_001];
    assert_eq!(
        server
            .scim(Method::PATCH, &path, patch(json!(many)))
            .await
            .status,
        413
    );
    server.stop().await;
}

#[tokio::test]
async fn nothing_that_others_made_is_taken_over_on_both_databases() {
    for server in Server::both().await {
        let local = server
            .post("/api/v1/people", json!({"login": "ana", "name": "Ana"}))
            .await;
        let taken = server
            .scim(Method::POST, "/Users", json!({"userName": "ANA"}))
            .await;
        assert_eq!(
            (taken.status, &taken.body["scimType"]),
            (409, &json!("uniqueness"))
        );
        let path = format!("/Users/{}", text(&local["id"]));
        let off = patch(json!([{"op": "replace", "value": {"active": false}}]));
        for (method, body) in [
            (Method::GET, Value::Null),
            (Method::PATCH, off),
            (Method::DELETE, Value::Null),
        ] {
            assert_eq!(server.scim(method, &path, body).await.status, 404);
        }
        let ben = server.scim_user("ben").await;
        let rename = patch(json!([{"op": "replace", "path": "userName", "value": "ana"}]));
        let rename = server
            .scim(Method::PATCH, &format!("/Users/{ben}"), rename)
            .await;
        assert_eq!(
            (rename.status, &rename.body["scimType"]),
            (409, &json!("uniqueness"))
        );
        let group = server
            .post("/api/v1/groups", json!({"name": "g", "roles": ["owner"]}))
            .await;
        let taken = server
            .scim(Method::POST, "/Groups", json!({"displayName": "g"}))
            .await;
        assert_eq!(taken.status, 409);
        let add = patch(json!([{"op": "add", "path": "members", "value": [{"value": ben}]}]));
        let path = format!("/Groups/{}", text(&group["id"]));
        assert_eq!(server.scim(Method::PATCH, &path, add).await.status, 404);
        // Nor does a group of the directory take in whom others made.
        let mine = server
            .scim(Method::POST, "/Groups", json!({"displayName": "h"}))
            .await;
        let add =
            patch(json!([{"op": "add", "path": "members", "value": [{"value": local["id"]}]}]));
        let path = format!("/Groups/{}", text(&mine.body["id"]));
        assert_eq!(server.scim(Method::PATCH, &path, add).await.status, 400);
        server.stop().await;
    }
}

#[tokio::test]
async fn the_last_owner_stays_and_a_token_gives_no_more_than_it_has() {
    let server = Server::start().await;
    let it = server.token(Role::ItAdmin).await;
    let ana = server.scim_user("ana").await;
    let person = format!("/api/v1/people/{ana}");
    let owner = server
        .request(Method::PATCH, &person)
        .json(&json!({"roles": ["owner"]}));
    crate::testing::json(owner).await;
    let path = format!("/Users/{ana}");
    let off = || patch(json!([{"op": "replace", "path": "active", "value": "False"}]));
    let refused = server.scim_as(&it, Method::PATCH, &path, off()).await;
    assert_eq!(refused.status, 403, "it can do more");
    let last = server.scim(Method::PATCH, &path, off()).await;
    assert_eq!(last.status, 409);
    assert!(text(&last.body["detail"]).contains("last active owner"));
    assert_eq!(
        server.scim(Method::DELETE, &path, Value::Null).await.status,
        409
    );

    let made = server
        .scim_as(
            &it,
            Method::POST,
            "/Groups",
            json!({"displayName": "on call"}),
        )
        .await;
    let group = format!("/Groups/{}", text(&made.body["id"]));
    let ben = server
        .scim_as(&it, Method::POST, "/Users", json!({"userName": "ben"}))
        .await;
    assert_eq!(ben.status, 201);
    let add =
        || patch(json!([{"op": "add", "path": "members", "value": [{"value": ben.body["id"]}]}]));
    assert_eq!(
        server
            .scim_as(&it, Method::PATCH, &group, add())
            .await
            .status,
        204
    );
    let roles = format!("/api/v1/groups/{}", text(&made.body["id"]));
    let roles = server
        .request(Method::PUT, &roles)
        .json(&json!({"name": "on call", "roles": ["auditor"]}));
    crate::testing::json(roles).await;
    assert_eq!(
        server
            .scim_as(&it, Method::PATCH, &group, add())
            .await
            .status,
        403
    );
    assert_eq!(
        server
            .scim_as(&it, Method::DELETE, &group, Value::Null)
            .await
            .status,
        403
    );
    server.stop().await;
}

#[tokio::test]
async fn a_group_larger_than_any_answer_is_changed_and_emptied_on_both_databases() {
    for server in Server::both().await {
        let made = server
            .scim(Method::POST, "/Groups", json!({"displayName": "all"}))
            .await;
        let id = text(&made.body["id"]);
        let path = format!("/Groups/{id}");
        let group = id.parse().expect("an id");
        let crowd = crate::scim::db::add_crowd(&server.app.db, group, 12_000).await;
        crowd.expect("a crowd");
        let ana = server.scim_user("ana").await;
        for (op, action) in [
            ("add", "group.member_added"),
            ("remove", "group.member_removed"),
        ] {
            let one = patch(json!([{"op": op, "path": "members", "value": [{"value": ana}]}]));
            assert_eq!(server.scim(Method::PATCH, &path, one).await.status, 204);
            let noted = server.scim_log(action).await;
            assert_eq!(
                (&noted[0]["count"], &noted[0]["person"]),
                (&json!(1), &json!(ana))
            );
        }
        for path in [path.as_str(), "/Groups"] {
            let much = server.scim(Method::GET, path, Value::Null).await;
            assert_eq!(
                (much.status, &much.body["scimType"]),
                (400, &json!("tooMany"))
            );
            server
                .scim_get(&format!("{path}?excludedAttributes=members"))
                .await;
        }
        let page = server.scim_get("/Users?startIndex=12001").await;
        assert_eq!(
            (&page["totalResults"], &page["itemsPerPage"]),
            (&json!(12_001), &json!(1))
        );
        let put = json!({"displayName": "all", "members": [{"value": ana}]});
        assert_eq!(server.scim(Method::PUT, &path, put).await.status, 200);
        assert_eq!(
            server.scim_log("group.member_removed").await[0]["count"],
            12_000
        );
        server.stop().await;
    }
}
