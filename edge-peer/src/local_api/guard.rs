//! Who may speak to the loopback API.
//!
//! Any page of any site can make a browser send requests to 127.0.0.1. Three things keep them out:
//! the `Host` must be the listener's own name (a rebound DNS name is not), an `Origin` must be a
//! portal's, and all but the greeting needs a bearer that such a page cannot read.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::{TryRng, rngs::SysRng};
use sha2::{Digest, Sha256};
use swarm::wire::http as names;

use super::problem::Problem;

/// How long a page's session lasts.
const SESSION: Duration = Duration::from_secs(12 * 3_600);
/// The most sessions; the one that ends first goes.
const MAX_SESSIONS: usize = 64;
/// How long a browser may remember a preflight's answer, seconds.
const PREFLIGHT_AGE: &str = "600";

const PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Only the hash of a token is kept and compared: neither memory nor timing tells the token.
type TokenHash = [u8; 32];

/// The rules, and the sessions of pages.
pub struct Guard {
    hosts: [String; 2],
    origins: Vec<String>,
    native: TokenHash,
    /// Guards the map only.
    sessions: Mutex<HashMap<TokenHash, Session>>,
}

struct Session {
    origin: String,
    until: Instant,
}

/// What becomes of a request, told from its head alone.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// It is not for this listener.
    WrongHost,
    /// A page of an origin that may not ask.
    Forbidden,
    /// The bearer is missing, wrong, another page's, or over.
    Unauthenticated(Asker<'a>),
    /// A browser asks whether a page of this origin may ask.
    Preflight(&'a str),
    /// It goes on to its route.
    Admitted(Asker<'a>),
}

/// What a request's `Origin` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker<'a> {
    /// There is none: not a page's script.
    Native,
    /// A page of an allowed origin.
    Page(&'a str),
}

impl Guard {
    /// Rules for the listener at `address`, pages of `origins`, and native programs with `token`.
    #[must_use]
    pub fn new(address: SocketAddr, origins: Vec<String>, token: &str) -> Self {
        Self {
            hosts: [address.to_string(), format!("localhost:{}", address.port())],
            origins,
            native: hash(token),
            sessions: Mutex::default(),
        }
    }

    fn host_is_ours(&self, headers: &HeaderMap) -> bool {
        let host = single(headers, &header::HOST);
        host.is_some_and(|host| self.hosts.iter().any(|ours| ours == host))
    }

    /// Judges the head of a request.
    #[must_use]
    pub fn judge<'a>(&self, method: &Method, path: &str, headers: &'a HeaderMap) -> Verdict<'a> {
        if !self.host_is_ours(headers) {
            return Verdict::WrongHost;
        }
        let Some(asker) = self.asker(headers) else {
            return Verdict::Forbidden;
        };
        match asker {
            Asker::Page(origin) if method == Method::OPTIONS => Verdict::Preflight(origin),
            _ if needs_bearer(method, path) && !self.bearer_is_good(headers, &asker) => {
                Verdict::Unauthenticated(asker)
            }
            _ => Verdict::Admitted(asker),
        }
    }

    /// Who asks; none: a page that may not.
    fn asker<'a>(&self, headers: &'a HeaderMap) -> Option<Asker<'a>> {
        if !headers.contains_key(header::ORIGIN) {
            // A picture or script element of a foreign page sends no origin, but says this.
            let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
            return match site {
                None | Some(b"none" | b"same-origin") => Some(Asker::Native),
                Some(_) => None,
            };
        }
        let origin = single(headers, &header::ORIGIN)?;
        let allowed = self.origins.iter().any(|allowed| allowed == origin);
        allowed.then_some(Asker::Page(origin))
    }

    fn bearer_is_good(&self, headers: &HeaderMap, asker: &Asker<'_>) -> bool {
        let bearer =
            single(headers, &header::AUTHORIZATION).and_then(|v| v.strip_prefix("Bearer "));
        let Some(token) = bearer.map(hash) else {
            return false;
        };
        match asker {
            Asker::Native => token == self.native,
            Asker::Page(origin) => {
                let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
                let session = sessions.get(&token);
                session.is_some_and(|s| s.origin == *origin && Instant::now() < s.until)
            }
        }
    }

    fn open_session(&self, origin: &str) -> Option<String> {
        let token = random_token()?;
        let now = Instant::now();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, s| now < s.until);
        if sessions.len() >= MAX_SESSIONS {
            let first = sessions.iter().min_by_key(|(_, s)| s.until);
            if let Some(first) = first.map(|(token, _)| *token) {
                sessions.remove(&first);
            }
        }
        let session = Session {
            origin: origin.to_owned(),
            until: now + SESSION,
        };
        sessions.insert(hash(&token), session);
        Some(token)
    }
}

/// 256 random bits as text; none when the system has no randomness.
#[must_use]
pub fn random_token() -> Option<String> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Stands before every route.
pub(super) async fn check(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let text = |origin: &str| HeaderValue::from_str(origin).ok();
    let shown = |asker: Asker<'_>| match asker {
        Asker::Native => None,
        Asker::Page(origin) => text(origin),
    };
    match guard.judge(request.method(), request.uri().path(), headers) {
        Verdict::WrongHost => {
            let detail = "this is the agent's loopback API; use its address as the host";
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", detail).into_response()
        }
        Verdict::Forbidden => Problem::new(
            StatusCode::FORBIDDEN,
            "origin_forbidden",
            "pages of this origin may not use the agent; the DMS names the ones that may",
        )
        .into_response(),
        Verdict::Unauthenticated(asker) => with_cors(unauthenticated(), shown(asker)),
        Verdict::Preflight(origin) => with_cors(preflight_answer(headers), text(origin)),
        Verdict::Admitted(asker) => {
            let origin = shown(asker);
            with_cors(next.run(request).await, origin)
        }
    }
}

/// A session for a page: the only route for which its origin is enough.
pub(super) async fn session(State(guard): State<Arc<Guard>>, headers: HeaderMap) -> Response {
    let Some(Asker::Page(origin)) = guard.asker(&headers) else {
        let detail = "sessions are for pages; programs use the bearer in local.token";
        return Problem::new(StatusCode::FORBIDDEN, "not_a_page", detail).into_response();
    };
    match guard.open_session(origin) {
        Some(token) => {
            let secret = [(header::CACHE_CONTROL, "no-store")];
            (secret, Json(serde_json::json!({ "token": token }))).into_response()
        }
        None => {
            let detail = "the system has no randomness";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no_randomness", detail).into_response()
        }
    }
}

fn needs_bearer(method: &Method, path: &str) -> bool {
    let open = [(Method::GET, "/v1/hello"), (Method::POST, "/v1/session")];
    !open.iter().any(|(m, p)| m == method && *p == path)
}

fn unauthenticated() -> Response {
    let detail = "a bearer is needed: programs find theirs in local.token of the agent's state \
                  folder, pages get one from POST /v1/session";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail);
    ([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response()
}

fn preflight_answer(headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answers = response.headers_mut();
    let value = HeaderValue::from_static;
    answers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, value("GET, POST"));
    answers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        value("authorization, content-type, range, dms-deadline-ms"),
    );
    answers.insert(header::ACCESS_CONTROL_MAX_AGE, value(PREFLIGHT_AGE));
    if headers.get(PRIVATE_NETWORK).is_some_and(|v| v == "true") {
        answers.insert(ALLOW_PRIVATE_NETWORK, value("true"));
    }
    response
}

fn with_cors(mut response: Response, origin: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static(EXPOSED);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

/// Headers that pages may read.
const EXPOSED: &str = "dms-source, etag, content-length, content-range";
const _: () = assert!(matches!(names::SOURCE.as_bytes(), b"dms-source"));

/// The header's value if it is there exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests;
