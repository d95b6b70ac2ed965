//! Refusals as SCIM says them (RFC 7644, section 3.12): of handlers, of who may call, of paths that there are not.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::problem::Problem;

/// Media type of everything that SCIM answers.
pub const MEDIA_TYPE: &str = "application/scim+json";

/// The schema of a refusal.
const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The codes of problems that SCIM has a word for.
const WORDS: [(&str, &str); 10] = [
    ("invalid_filter", "invalidFilter"),
    ("invalid_value", "invalidValue"),
    ("invalid_query", "invalidValue"),
    ("invalid_path", "invalidPath"),
    ("invalid_body", "invalidSyntax"),
    ("not_json", "invalidSyntax"),
    ("no_target", "noTarget"),
    ("mutability", "mutability"),
    ("too_many", "tooMany"),
    ("uniqueness", "uniqueness"),
];

/// Whether a path is answered as SCIM wants it.
#[must_use]
pub fn is_scim(path: &str) -> bool {
    path.strip_prefix(super::PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer.
#[must_use]
pub fn response(problem: &Problem) -> Response {
    let word = WORDS.iter().find(|(code, _)| *code == problem.code);
    // SCIM knows no other status for a body that cannot be read.
    let status = match problem.status {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        other => other,
    };
    let mut body = json!({
        "schemas": [SCHEMA],
        "status": status.as_u16().to_string(),
        "detail": problem.detail,
    });
    if let (Some((_, word)), Some(body)) = (word, body.as_object_mut()) {
        body.insert("scimType".into(), (*word).into());
    }
    // The status with its headers is the problem's own.
    let mut answer = problem.response(None, None);
    *answer.status_mut() = status;
    let (mut head, _) = answer.into_parts();
    head.headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    head.headers.remove(header::CONTENT_LENGTH);
    (head.status, head.headers, body.to_string()).into_response()
}
