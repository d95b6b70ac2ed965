//! The agent's own page: its files, and how it gets its bearer.

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use rust_embed::RustEmbed;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    guard::{CODE, Guard, random_token},
    problem::{Problem, read},
};

#[derive(RustEmbed)]
#[folder = "../dms-server/console/dist-agent"]
struct Page;

/// What stands in the built page where the nonce belongs: the library of its controls writes style elements, which
/// the policy allows by a nonce of this one answer.
const NONCE_MARK: &str = "nonce-of-this-answer";
/// Names with a hash in them: their content never changes.
pub(super) const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The ending of what was compressed when the page was built.
pub(super) const COMPRESSED: &str = ".gz";

/// A code that somebody gives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coded {
    code: String,
}

/// The routes that need the guard itself.
pub(super) fn routes(guard: Arc<Guard>) -> Router {
    Router::new()
        .route("/v1/ui/code", post(code))
        .route("/v1/ui/session", post(session))
        .with_state(guard)
}

/// A code for the page, for programs of who can read the state folder.
async fn code(State(guard): State<Arc<Guard>>) -> Result<Response, Problem> {
    let code = guard.new_code().ok_or_else(no_randomness)?;
    let answer = json!({ "code": code, "seconds": CODE.as_secs() });
    Ok(secret(answer))
}

/// The page's bearer for a code.
async fn session(
    State(guard): State<Arc<Guard>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    // The guard let portals not come here, so whoever names an origin names this listener's.
    if !headers.contains_key(header::ORIGIN) {
        let detail = "codes are for the agent's own page; programs use the bearer in local.token";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_a_page", detail));
    }
    let given: Coded = read(&body, "{\"code\": \"...\"}")?;
    let token = guard.redeem(&given.code, Instant::now()).ok_or_else(|| {
        let detail =
            "this link was used already, or is older than a minute; run edge-peer open again";
        Problem::new(StatusCode::FORBIDDEN, "code_over", detail)
    })?;
    Ok(secret(json!({ "token": token })))
}

/// An answer that nothing keeps.
pub(super) fn secret(answer: Value) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// There is no secret without it.
pub(super) fn no_randomness() -> Problem {
    let detail = "the system has no randomness";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no_randomness", detail)
}

/// The page's own scripts and style sheets, its own API, and nothing else from anywhere.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; font-src 'self'; \
         img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default"
    )
}

/// The page.
pub(super) async fn page() -> Result<Response, Problem> {
    let file = Page::get("agent.html").ok_or_else(none)?;
    let built = String::from_utf8_lossy(&file.data);
    let nonce = random_token().ok_or_else(no_randomness)?;
    let headers = describe("agent.html", "no-store", &policy(&nonce));
    Ok((headers, built.replace(NONCE_MARK, &nonce)).into_response())
}

/// A file of the page.
pub(super) async fn file(Path(path): Path<String>) -> Result<Response, Problem> {
    // In a debug build the files are read from the folder, where a path could climb.
    if path.split(['/', '\\']).any(|part| part == "..") || !path.starts_with("assets/") {
        return Err(none());
    }
    let mut headers = describe(&path, FOR_EVER, &policy(""));
    if let Some(file) = Page::get(&format!("{path}{COMPRESSED}")) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Ok((headers, file.data).into_response());
    }
    let file = Page::get(&path).ok_or_else(none)?;
    Ok((headers, file.data).into_response())
}

/// What is said of a file of a page.
pub(super) fn describe(name: &str, cache: &'static str, policy: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, media_type(name));
    set(header::CACHE_CONTROL, cache);
    set(header::CONTENT_SECURITY_POLICY, policy);
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    headers
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// There is no such file.
pub(super) fn none() -> Problem {
    Problem::not_found("no_route", "there is nothing at this path")
}
