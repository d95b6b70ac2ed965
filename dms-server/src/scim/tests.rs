//! Directories over HTTP: what Entra ID and Okta send, word by word, and what nobody should.

mod entra;
mod hostile;
mod okta;

use http::Method;
use serde_json::{Value, json};

use crate::testing::{Server, text};

/// One exchange of a transcript.
struct Said {
    status: u16,
    body: Value,
    headers: http::HeaderMap,
}

impl Server {
    /// A request of a directory with this token.
    async fn scim_as(&self, token: &str, method: Method, path: &str, body: Value) -> Said {
        let mut request = self
            .anonymous(method, &format!("/scim/v2{path}"))
            .bearer_auth(token);
        if !body.is_null() {
            request = request
                .header("content-type", "application/scim+json; charset=utf-8")
                .body(body.to_string());
        }
        said(request).await
    }

    /// A request of the directory.
    async fn scim(&self, method: Method, path: &str, body: Value) -> Said {
        self.scim_as(&self.owner, method, path, body).await
    }

    /// What the directory reads.
    async fn scim_get(&self, path: &str) -> Value {
        let said = self.scim(Method::GET, path, Value::Null).await;
        assert_eq!(said.status, 200, "{path}: {}", said.body);
        said.body
    }

    /// A person that the directory makes.
    async fn scim_user(&self, login: &str) -> String {
        let user = json!({"schemas": [super::USER], "userName": login, "externalId": format!("x-{login}")});
        let said = self.scim(Method::POST, "/Users", user).await;
        assert_eq!(said.status, 201, "{}", said.body);
        text(&said.body["id"])
    }

    /// Gives a person a password and signs them in; answers the cookie.
    async fn scim_sign_in(&self, id: &str, login: &str) -> String {
        let password = "correct horse battery";
        let path = format!("/api/v1/people/{id}");
        let set = self
            .request(Method::PATCH, &path)
            .json(&json!({ "password": password }));
        crate::testing::json(set).await;
        let body = json!({"login": login, "password": password});
        let answer = self
            .anonymous(Method::POST, "/session")
            .json(&body)
            .send()
            .await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()["set-cookie"].to_str().expect("text");
        cookie.split(';').next().expect("a pair").to_owned()
    }

    /// The status of what a page with this cookie reads.
    async fn scim_me(&self, cookie: &str) -> u16 {
        let asked = self
            .anonymous(Method::GET, "/session")
            .header("cookie", cookie);
        asked.send().await.expect("an answer").status().as_u16()
    }

    /// What the log says of this kind of act, newest first.
    async fn scim_log(&self, action: &str) -> Vec<Value> {
        let filter = crate::audit::db::Filter {
            action: Some(action.into()),
            ..Default::default()
        };
        let rows = crate::audit::db::search(&self.app.db, &filter, None, 100)
            .await
            .expect("rows");
        let details = rows
            .iter()
            .map(|row| serde_json::from_str(&row.detail).expect("JSON"));
        details.collect()
    }
}

/// Sends a request; what comes back is SCIM, whatever it is.
async fn said(request: reqwest::RequestBuilder) -> Said {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = answer.bytes().await.expect("a body");
    assert!(
        status < 500,
        "{status}: {}",
        String::from_utf8_lossy(&bytes)
    );
    if status == 204 {
        return Said {
            status,
            body: Value::Null,
            headers,
        };
    }
    assert_eq!(
        headers["content-type"],
        super::error::MEDIA_TYPE,
        "{status}"
    );
    let body: Value = serde_json::from_slice(&bytes).expect("JSON");
    if status >= 400 {
        let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
        assert_eq!(body["schemas"], json!([schema]));
        assert_eq!(body["status"], json!(status.to_string()), "{body}");
        assert!(body["detail"].is_string(), "{body}");
    }
    Said {
        status,
        body,
        headers,
    }
}

/// A PATCH with these operations.
fn patch(operations: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

/// A filter in a URL.
fn filtered(path: &str, filter: &str) -> String {
    let query: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    format!("{path}?filter={query}")
}

#[tokio::test]
async fn the_server_describes_itself() {
    let server = Server::start().await;
    let config = server.scim_get("/ServiceProviderConfig").await;
    assert_eq!(
        (
            &config["patch"]["supported"],
            &config["filter"]["maxResults"]
        ),
        (&json!(true), &json!(200))
    );
    let types = server.scim_get("/ResourceTypes").await;
    assert_eq!(types["totalResults"], 2);
    assert_eq!(
        server.scim_get("/ResourceTypes/Group").await["endpoint"],
        "/Groups"
    );
    let schemas = server.scim_get("/Schemas").await;
    for schema in schemas["Resources"].as_array().expect("schemas") {
        let one = server
            .scim_get(&format!("/Schemas/{}", text(&schema["id"])))
            .await;
        assert_eq!(one, *schema);
    }
    let none = server
        .scim(Method::GET, "/Schemas/urn:x", Value::Null)
        .await;
    assert_eq!(none.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn refusals_are_those_of_scim_whoever_refuses() {
    let server = Server::start().await;
    let anonymous = said(server.anonymous(Method::GET, "/scim/v2/Users")).await;
    assert_eq!(anonymous.status, 401);
    assert_eq!(anonymous.headers["www-authenticate"], "Bearer");
    for role in [crate::auth::Role::Viewer, crate::auth::Role::Auditor] {
        let token = server.token(role).await;
        let refused = server
            .scim_as(&token, Method::GET, "/Users", Value::Null)
            .await;
        assert_eq!(refused.status, 403, "{role:?}");
    }
    for (method, path, status) in [
        (Method::GET, "/Nothing", 404),
        (Method::PATCH, "/Users", 405),
        (Method::GET, "/Users/not-an-id", 404),
        (Method::POST, "/Users", 415),
    ] {
        let refused = server.scim(method, path, Value::Null).await;
        assert_eq!(refused.status, status, "{path}");
    }
    // Elsewhere refusals are what they were.
    let other = crate::testing::refusal(server.anonymous(Method::GET, "/scim/v20")).await;
    assert_eq!(other.0, 404);
    server.stop().await;
}

#[tokio::test]
async fn versions_are_told_and_an_old_one_changes_nothing_on_both_databases() {
    for server in Server::both().await {
        let path = format!("/Users/{}", server.scim_user("ana").await);
        let read = server.scim(Method::GET, &path, Value::Null).await;
        let old = read.headers["etag"].to_str().expect("text").to_owned();
        assert_eq!(read.body["meta"]["version"], json!(old));
        let with = |version: &str| {
            let request = server.request(Method::PATCH, &format!("/scim/v2{path}"));
            request.header("if-match", version).json(&patch(
                json!([{"op": "replace", "path": "displayName", "value": "Ana"}]),
            ))
        };
        assert_eq!(said(with(&old)).await.status, 200);
        assert_eq!(said(with(&old)).await.status, 412);
        assert_eq!(said(with("*")).await.status, 200);
        let gone = server
            .request(Method::DELETE, &format!("/scim/v2{path}"))
            .header("if-match", &old);
        assert_eq!(said(gone).await.status, 412);
        server.stop().await;
    }
}
