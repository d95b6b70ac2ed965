//! Who may speak to the loopback API.
//!
//! Any page of any site can make a browser send requests to 127.0.0.1. Three things keep them out:
//! the `Host` must be the listener's own name (a rebound DNS name is not), an `Origin` must be a
//! portal's or this listener's, and all but the greeting needs a bearer that such a page cannot read.
//!
//! The agent's own page gets its bearer for a code that works once and for a minute, and that only who can read the
//! state folder can ask for. It is no cookie: browsers send those to every port of 127.0.0.1, so a server of another
//! user of this PC would get it. The page keeps the bearer in its tab, where only its own origin, port included, can
//! read it.
//!
//! The watch page that the agent serves has a session of its own, opened for a code that the DMS trades
//! (`super::watching`). It is good for watching and opens nothing of the agent's page, nor the other way about.

use std::{
    collections::HashMap,
    mem::discriminant,
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
/// The most sessions of portals, and the most of the agent's own page; the one that ends first goes.
const MAX_SESSIONS: usize = 64;
/// How long a code for the agent's own page works.
pub const CODE: Duration = Duration::from_secs(60);
/// The most codes that nobody used yet; the oldest goes.
const MAX_CODES: usize = 8;
/// What pages of portals may ask. Everything else is for who is at this PC.
const PORTALS_MAY: [&str; 13] = [
    "/v1/hello",
    "/v1/session",
    "/v1/status",
    "/v1/pause",
    "/v1/resume",
    "/v1/trust",
    "/v1/titles/",
    "/v1/chunks/",
    "/v1/license",
    "/v1/usage",
    "/v1/receipts",
    "/v1/kept",
    "/v1/hls/",
];
/// What the watch page that the agent serves may ask.
const WATCHERS_MAY: [&str; 2] = [FORWARDED, "/v1/hls/"];
/// What goes on to the DMS; of nobody else.
const FORWARDED: &str = "/api/v1/";
/// How long a browser may remember a preflight's answer, seconds.
const PREFLIGHT_AGE: &str = "600";

const PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Only the hash of a token is kept and compared: neither memory nor timing tells the token.
type TokenHash = [u8; 32];

/// The rules, and the sessions of pages.
pub struct Guard {
    hosts: [String; 2],
    origins: Vec<String>,
    native: TokenHash,
    /// Guards the map only.
    sessions: Mutex<HashMap<TokenHash, Session>>,
    /// Codes for the agent's own page, oldest first. Guards the list only.
    codes: Mutex<Vec<(TokenHash, Instant)>>,
}

struct Session {
    whose: Whose,
    until: Instant,
    /// The session at the DMS, which the page never sees.
    carried: Option<Arc<str>>,
}

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whose {
    /// A portal's, by its origin.
    Portal(String),
    /// The agent's own page's.
    Ours,
    /// The watch page's that the agent serves.
    Watcher,
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
    /// The agent's own page, which says so because it sends something.
    Ours,
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
            codes: Mutex::default(),
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
        if leads_to_page(method, path, headers) {
            return Verdict::Admitted(Asker::Native);
        }
        let Some(asker) = self.asker(headers) else {
            return Verdict::Forbidden;
        };
        match asker {
            Asker::Page(_) if !PORTALS_MAY.iter().any(|may| path.starts_with(may)) => {
                Verdict::Forbidden
            }
            Asker::Page(origin) if method == Method::OPTIONS => Verdict::Preflight(origin),
            _ if needs_bearer(method, path) && !self.bearer_is_good(path, headers, &asker) => {
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
        let host = single(headers, &header::HOST)?;
        if origin.strip_prefix("http://") == Some(host) {
            return Some(Asker::Ours);
        }
        let allowed = self.origins.iter().any(|allowed| allowed == origin);
        allowed.then_some(Asker::Page(origin))
    }

    fn bearer_is_good(&self, path: &str, headers: &HeaderMap, asker: &Asker<'_>) -> bool {
        let Some(token) = bearer(headers) else {
            return false;
        };
        let ours = || path != CODES && self.is_session(token, &Whose::Ours);
        let watches = || {
            WATCHERS_MAY.iter().any(|may| path.starts_with(may))
                && self.is_session(token, &Whose::Watcher)
        };
        match asker {
            Asker::Native | Asker::Ours if path.starts_with(FORWARDED) => watches(),
            // The page reads without saying that it is one; what is no page never has its bearer.
            Asker::Native => token == self.native || ours() || watches(),
            Asker::Ours => ours() || watches(),
            Asker::Page(origin) => self.is_session(token, &Whose::Portal((*origin).to_owned())),
        }
    }

    fn is_session(&self, token: TokenHash, whose: &Whose) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&token);
        session.is_some_and(|s| s.whose == *whose && Instant::now() < s.until)
    }

    /// A code for the agent's own page; none when the system has no randomness.
    pub(super) fn new_code(&self) -> Option<String> {
        let code = random_token()?;
        let now = Instant::now();
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|(_, until)| now < *until);
        if codes.len() >= MAX_CODES {
            codes.remove(0);
        }
        codes.push((hash(&code), now + CODE));
        Some(code)
    }

    /// A session of the agent's own page for a code, which then works no more.
    pub(super) fn redeem(&self, code: &str, now: Instant) -> Option<String> {
        let given = hash(code);
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let at = codes.iter().position(|(code, _)| *code == given)?;
        let (_, until) = codes.remove(at);
        drop(codes);
        (now < until)
            .then(|| self.open(Whose::Ours, SESSION, None))
            .flatten()
    }

    fn open_session(&self, origin: &str) -> Option<String> {
        self.open(Whose::Portal(origin.to_owned()), SESSION, None)
    }

    /// A session of the watch page, which stands for this one at the DMS for so long; none when the system has no
    /// randomness.
    pub(super) fn open_watching(&self, carried: Arc<str>, lasts: Duration) -> Option<String> {
        self.open(Whose::Watcher, lasts.min(SESSION), Some(carried))
    }

    /// What the bearer of the watch page stands for at the DMS.
    pub(super) fn carried(&self, headers: &HeaderMap) -> Option<Arc<str>> {
        let token = bearer(headers)?;
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&token).filter(|s| Instant::now() < s.until)?;
        session.carried.clone()
    }

    /// Ends the session of this bearer.
    pub(super) fn end(&self, headers: &HeaderMap) {
        if let Some(token) = bearer(headers) {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.remove(&token);
        }
    }

    fn open(&self, whose: Whose, lasts: Duration, carried: Option<Arc<str>>) -> Option<String> {
        let token = random_token()?;
        let now = Instant::now();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, s| now < s.until);
        // Portals that ask for many do not end the sessions of the agent's own page.
        let kind = discriminant(&whose);
        let alike = || {
            sessions
                .iter()
                .filter(|(_, s)| discriminant(&s.whose) == kind)
        };
        if alike().count() >= MAX_SESSIONS {
            let first = alike().min_by_key(|(_, s)| s.until);
            if let Some(first) = first.map(|(token, _)| *token) {
                sessions.remove(&first);
            }
        }
        let session = Session {
            whose,
            until: now + lasts,
            carried,
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
        Asker::Native | Asker::Ours => None,
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
            "pages of this origin may not ask this of the agent; the DMS names those that may play and pause, and the \
             rest is for the agent's own page: run edge-peer open",
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
    let open = [
        (Method::GET, "/v1/hello"),
        (Method::POST, "/v1/session"),
        (Method::POST, "/v1/ui/session"),
        (Method::POST, "/v1/watch/session"),
    ];
    let files = is_page(path) && (method == Method::GET || method == Method::HEAD);
    !files && !open.iter().any(|(m, p)| m == method && *p == path)
}

/// The only route that takes the programs' bearer alone.
const CODES: &str = "/v1/ui/code";

/// The files of the agent's own pages: they hold nothing that is not in the program anyway.
fn is_page(path: &str) -> bool {
    let files = ["/ui/", "/watch/", "/assets/"];
    matches!(path, "/ui" | "/favicon.svg") || files.iter().any(|folder| path.starts_with(folder))
}

/// A link, wherever it stands, may lead somebody to a page, as a document of its own and in no frame.
fn leads_to_page(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    method == Method::GET
        && (path == "/ui" || path.starts_with("/watch/"))
        && !headers.contains_key(header::ORIGIN)
        && single(headers, &FETCH_DEST) == Some("document")
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
    answers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        value("GET, POST, PUT, DELETE"),
    );
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

fn bearer(headers: &HeaderMap) -> Option<TokenHash> {
    let value = single(headers, &header::AUTHORIZATION)?;
    value.strip_prefix("Bearer ").map(hash)
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests;
