//! What holds for every route: request ids, problems, and the description of the API.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::testing::{Server, refusal};

#[tokio::test]
async fn a_request_keeps_its_sane_id_and_gets_one_otherwise() {
    let server = Server::start().await;
    let ask = |id: &[u8]| {
        server
            .anonymous(Method::GET, "/nowhere")
            .header("x-request-id", id)
    };
    let (status, problem) = refusal(ask(b"abc-1.2_3")).await;
    assert_eq!((status, problem.code.as_str()), (404, "no_such_path"));
    assert_eq!(problem.request_id.as_deref(), Some("abc-1.2_3"));
    assert_eq!(problem.instance.as_deref(), Some("/nowhere"));
    for wild in ["", "with space", "a\"b", "a\u{e9}", &"x".repeat(65)] {
        let id = refusal(ask(wild.as_bytes()))
            .await
            .1
            .request_id
            .expect("an id");
        assert!(uuid::Uuid::parse_str(&id).is_ok(), "{id}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let server = Server::start().await;
    let answer = server
        .anonymous(Method::PATCH, "/livez")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["allow"], "GET,HEAD");
    let (status, problem) = refusal(server.anonymous(Method::PATCH, "/livez")).await;
    assert_eq!((status, problem.code.as_str()), (405, "method_not_allowed"));
    server.stop().await;
}

#[tokio::test]
async fn the_api_describes_itself() {
    let server = Server::start().await;
    let document =
        crate::testing::json(server.anonymous(Method::GET, "/api/v1/openapi.json")).await;
    assert_eq!(document["openapi"], "3.1.0");
    let printed = serde_json::to_value(crate::routes::openapi()).expect("JSON");
    assert_eq!(document, printed, "what is printed is what is served");
    for path in [
        "/api/v1/uploads",
        "/api/v1/titles/{title}/license",
        "/hls/{title}/master.m3u8",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    server.stop().await;
}

/// Every value in a document that stands under this key.
fn under<'a>(key: &str, value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get(key));
            map.values().for_each(|inner| under(key, inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| under(key, inner, found)),
        _ => {}
    }
}

/// Programs make types of it: every reference leads somewhere, and no two operations have one name.
#[test]
fn types_can_be_made_of_the_description() {
    let document = serde_json::to_value(crate::routes::openapi()).expect("JSON");
    let mut references = Vec::new();
    under("$ref", &document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.as_str().and_then(|r| r.strip_prefix('#'));
        assert!(
            document.pointer(pointer.expect("local")).is_some(),
            "{reference}"
        );
    }
    let mut names = Vec::new();
    under("operationId", &document, &mut names);
    let distinct: BTreeSet<_> = names.iter().map(|name| name.to_string()).collect();
    assert!(names.len() > 90);
    assert_eq!(distinct.len(), names.len(), "{names:?}");
}

/// Whoever makes a client of it meets no answer that is not described.
#[test]
fn refusals_are_described_at_every_operation() {
    let document = serde_json::to_value(crate::routes::openapi()).expect("JSON");
    let mut problems = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            let Some(responses) = operation["responses"].as_object() else {
                continue;
            };
            let has = |status: &str| responses.contains_key(status);
            assert!(
                operation["security"].is_null() || has("401"),
                "{method} {path}"
            );
            assert!(!path.contains('{') || has("404"), "{method} {path}");
            assert!(
                operation["requestBody"].is_null() || has("415"),
                "{method} {path}"
            );
            for (status, response) in responses {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_ne!(
                    schema, "#/components/schemas/ProblemBody",
                    "{method} {path} {status}"
                );
                problems += usize::from(!response["content"]["application/problem+json"].is_null());
            }
        }
    }
    assert!(problems > 300, "{problems}");
}
