//! The outermost layer of every listener: the request id, the span that carries it into every log line,
//! and the last touch on problems.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use tracing::Instrument;

use crate::problem::Problem;
use crate::scim;

/// Carries the request id both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id taken from a caller, bytes.
const ID_MAX: usize = 64;

/// The id of the running request; an extension of every request.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Runs the request inside a span with its id and finishes problems.
pub async fn trace(mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    // The path only: a query may hold what logs must not.
    let path = request.uri().path().to_owned();
    let span =
        tracing::info_span!("request", request_id = %id, method = %request.method(), path = %path);
    let mut response = async {
        let started = Instant::now();
        let response = finish(next.run(request).await, &path, &id);
        let millis = started.elapsed().as_millis();
        tracing::debug!(
            status = response.status().as_u16(),
            duration_ms = millis,
            "answered"
        );
        response
    }
    .instrument(span)
    .await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Writes a problem again with what the handler did not know, and logs what failed inside.
fn finish(mut response: Response, path: &str, id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(cause) = &problem.cause {
            let causes = chain(cause.as_ref());
            tracing::error!(
                status = problem.status.as_u16(),
                code = problem.code,
                cause = causes,
                "failed"
            );
        }
        let mut finished = written(&problem, path, id);
        for (name, value) in response.headers() {
            if !finished.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
                finished.headers_mut().append(name, value.clone());
            }
        }
        return finished;
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // axum's own answer; the header with the methods there are stays.
        let problem = Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This path does not take this method.",
        );
        let mut finished = written(&problem, path, id);
        if let Some(allow) = response.headers_mut().remove(http::header::ALLOW) {
            finished.headers_mut().insert(http::header::ALLOW, allow);
        }
        return finished;
    }
    response
}

/// A problem as those who call this path read it.
fn written(problem: &Problem, path: &str, id: &str) -> Response {
    if scim::error::is_scim(path) {
        return scim::error::response(problem);
    }
    problem.response(Some(path.to_owned()), Some(id.to_owned()))
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        out.push_str(": ");
        out.push_str(&e.to_string());
        cause = e.source();
    }
    out
}

/// The caller's id if it is harmless in a log, else a new one.
fn request_id(request: &Request) -> String {
    request
        .headers()
        .get(REQUEST_ID)
        .and_then(|v| v.to_str().ok())
        .filter(|id| !id.is_empty() && id.len() <= ID_MAX)
        .filter(|id| {
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        })
        .map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}
