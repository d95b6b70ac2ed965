//! The watch page, served by the agent itself: no browser gates a page of this PC. What it asks of the DMS goes on over
//! the agent's own connection, as far as [`may_ask`] goes, for the person whose code it was opened with.
//!
//! The page holds a bearer of this agent's; the session at the DMS stays here, in memory alone. Licences come sealed to
//! a key of the page's, so the agent passes on what it cannot open.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use rust_embed::RustEmbed;
use serde::Deserialize;
use serde_json::{Value, json};
use swarm::{
    content::TitleId,
    wire::page::{MAX_PAGE_ASK, may_ask},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    Shared, content,
    guard::Guard,
    problem::{Problem, read},
    ui::{COMPRESSED, FOR_EVER, describe, no_randomness, none, secret},
};
use crate::{
    net::client::{PageAsk, Passed},
    policy::epoch_ms,
};

#[derive(RustEmbed)]
#[folder = "../player/web/dist-agent"]
struct Page;

/// What the build says the page may load and connect to.
const POLICY_FILE: &str = "csp.txt";
/// What holds where the build wrote none: the page says that it was not built.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// What stands in the built page where it learns who serves it.
const SERVER_MARK: &str = "content=\"auto\"";
/// Requests of pages on their way to the DMS at one time.
const ASKS: usize = 16;
/// How long one waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// What these routes share.
#[derive(Clone)]
struct Watching {
    guard: Arc<Guard>,
    api: Shared,
    asks: Arc<Semaphore>,
}

/// The routes of the watch page.
pub(super) fn routes(guard: Arc<Guard>, api: Shared) -> Router {
    let watching = Watching {
        guard,
        api,
        asks: Arc::new(Semaphore::new(ASKS)),
    };
    Router::new()
        .route("/watch/{title}", get(page))
        .route("/assets/{*path}", get(asset))
        .route("/favicon.svg", get(icon))
        .route("/v1/watch/session", post(session))
        .route("/api/v1/{*path}", any(pass_on))
        .with_state(watching)
}

/// The page. It learns that an agent serves it, and where its DMS has the same.
async fn page(
    State(watching): State<Watching>,
    Path(title): Path<String>,
) -> Result<Response, Problem> {
    title.parse::<TitleId>().map_err(|_| none())?;
    let file = Page::get("watch.html").ok_or_else(none)?;
    let origins = &watching.api.parts.trust.portal_origins;
    let home = origins.iter().find(|origin| is_plain(origin));
    let says = format!("content=\"agent {}\"", home.map_or("", String::as_str));
    let text = String::from_utf8_lossy(&file.data).replacen(SERVER_MARK, &says, 1);
    Ok((describe("watch.html", "no-store", &policy()), text).into_response())
}

/// Whether an origin can stand in an attribute of HTML as it is.
fn is_plain(origin: &str) -> bool {
    let also = |b: u8| matches!(b, b':' | b'/' | b'.' | b'-' | b'[' | b']');
    origin.bytes().all(|b| b.is_ascii_alphanumeric() || also(b))
}

fn policy() -> String {
    let file = Page::get(POLICY_FILE);
    let built = file.and_then(|file| String::from_utf8(file.data.into_owned()).ok());
    built.map_or_else(|| POLICY.to_owned(), |text| text.trim().to_owned())
}

async fn asset(Path(path): Path<String>) -> Result<Response, Problem> {
    // In a debug build the files are read from the folder, where a path could climb.
    if path.split(['/', '\\']).any(|part| part == "..") {
        return Err(none());
    }
    let path = format!("assets/{path}");
    let mut headers = describe(&path, FOR_EVER, POLICY);
    let file = Page::get(&format!("{path}{COMPRESSED}")).ok_or_else(none)?;
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok((headers, file.data).into_response())
}

async fn icon() -> Result<Response, Problem> {
    let file = Page::get("favicon.svg").ok_or_else(none)?;
    Ok((describe("favicon.svg", "no-cache", POLICY), file.data).into_response())
}

/// The code that the person's click brought.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coded {
    code: String,
}

/// What the DMS gives for it.
#[derive(Deserialize)]
struct Granted {
    token: String,
    expires_ms: u64,
}

/// The page's bearer for a code of the DMS.
async fn session(State(watching): State<Watching>, request: Request) -> Result<Response, Problem> {
    // The guard let portals not come here, so whoever names an origin names this listener's.
    if !request.headers().contains_key(header::ORIGIN) {
        let detail = "codes are for the watch page that this agent serves";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_a_page", detail));
    }
    let _turn = turn(&watching).await?;
    let body = body_of(request.into_body()).await?;
    let given: Coded = read(&body, "{\"code\": \"...\"}")?;
    let passed = watching.api.parts.messenger.trade(&given.code).await?;
    if !passed.status.is_success() {
        return Ok(content::passed_on(passed));
    }
    let granted: Granted = serde_json::from_slice(&passed.body).map_err(|_| {
        let detail = "the DMS answered something else than a session";
        Problem::new(StatusCode::BAD_GATEWAY, "strange_answer", detail)
    })?;
    let left = granted
        .expires_ms
        .saturating_sub(epoch_ms(SystemTime::now()));
    let left = Duration::from_millis(left);
    let token = watching.guard.open_watching(granted.token.into(), left);
    let token = token.ok_or_else(no_randomness)?;
    Ok(secret(json!({ "token": token })))
}

/// Passes on what the page asks of the DMS.
async fn pass_on(State(watching): State<Watching>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    if !may_ask(head.method.as_str(), target) {
        let detail = "the watch page that an agent serves may not ask this of the DMS";
        return Err(Problem::not_found("no_route", detail));
    }
    let session = watching.guard.carried(&head.headers).ok_or_else(over)?;
    let _turn = turn(&watching).await?;
    let ask = PageAsk {
        target: target.to_owned(),
        method: head.method,
        session,
        content_type: head.headers.get(header::CONTENT_TYPE).cloned(),
        body: body_of(body).await?,
    };
    let passed = watching.api.parts.messenger.page(ask).await?;
    if is_over(&passed) {
        watching.guard.end(&head.headers);
        return Err(over());
    }
    Ok(content::passed_on(passed))
}

/// Whether the DMS knows the session no more, or this device.
fn is_over(passed: &Passed) -> bool {
    let revoked = || {
        let said: Option<Value> = serde_json::from_slice(&passed.body).ok();
        said.is_some_and(|said| said["code"] == "device_revoked")
    };
    match passed.status {
        StatusCode::UNAUTHORIZED => true,
        StatusCode::FORBIDDEN => revoked(),
        _ => false,
    }
}

fn over() -> Problem {
    let detail = "the session of this page has ended; open the player anew from the video's page";
    Problem::new(StatusCode::UNAUTHORIZED, "session_over", detail)
}

async fn turn(watching: &Watching) -> Result<OwnedSemaphorePermit, Problem> {
    let turn = timeout(TURN, Arc::clone(&watching.asks).acquire_owned()).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| {
        let detail = "too many requests of pages are on their way; try again";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail)
    })
}

async fn body_of(body: Body) -> Result<bytes::Bytes, Problem> {
    to_bytes(body, MAX_PAGE_ASK).await.map_err(|_| {
        let detail = format!("send at most {MAX_PAGE_ASK} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_would_end_the_attribute_comes_into_no_page() {
        for plain in [
            "https://dms.example",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for wild in [
            "https://a\"><script>",
            "https://a b",
            "https://a'",
            "https://a&quot;",
        ] {
            assert!(!is_plain(wild), "{wild}");
        }
    }
}
