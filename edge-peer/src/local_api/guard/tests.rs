//! Every combination of host, origin, path, method and bearer: only the good cells answer.

use axum::{
    Router,
    body::{Body, to_bytes},
    http, middleware,
    routing::{get, post},
};
use tower::ServiceExt;

use super::*;

const NATIVE: &str = "native-token-native-token-native-token-0";
const PORTAL: &str = "https://portal.example";
const OURS: &str = "http://127.0.0.1:7747";
const SECOND: &str = "http://127.0.0.1:8080";

struct Setup {
    router: Router,
    guard: Arc<Guard>,
    session: String,
    other_session: String,
    our_session: String,
}

fn setup() -> Setup {
    let address = "127.0.0.1:7747".parse().unwrap();
    let guard = Guard::new(address, vec![PORTAL.into(), SECOND.into()], NATIVE);
    let session = guard.open_session(PORTAL).unwrap();
    let other_session = guard.open_session(SECOND).unwrap();
    let code = guard.new_code().unwrap();
    let our_session = guard.redeem(&code, Instant::now()).unwrap();
    let guard = Arc::new(guard);
    let router = Router::new()
        .route("/v1/hello", get(async || "hello"))
        .route("/v1/status", get(async || "status"))
        .route("/v1/pause", post(async || "pause"))
        .route("/v1/quit", post(async || "quit"))
        .route("/v1/ui/code", post(async || "code"))
        .route(
            "/v1/session",
            post(super::session).with_state(guard.clone()),
        )
        .layer(middleware::from_fn_with_state(guard.clone(), check));
    Setup {
        router,
        guard,
        session,
        other_session,
        our_session,
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell<'a> {
    host: Option<&'a str>,
    origin: Option<&'a str>,
    site: Option<&'a str>,
    token: Option<&'a str>,
    method: &'a str,
    path: &'a str,
}

impl Setup {
    async fn ask(&self, cell: Cell<'_>) -> http::Response<Body> {
        let mut request = http::Request::builder().method(cell.method).uri(cell.path);
        let bearer = cell.token.map(|t| format!("Bearer {t}"));
        let headers = [
            ("host", cell.host),
            ("origin", cell.origin),
            ("sec-fetch-site", cell.site),
            ("authorization", bearer.as_deref()),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }
}

/// What the protocol says, in its own words and order.
fn expected(cell: Cell<'_>, setup: &Setup) -> u16 {
    let ours = [Some("127.0.0.1:7747"), Some("localhost:7747")];
    if !ours.contains(&cell.host) {
        return 421;
    }
    let page = match cell.origin {
        Some(PORTAL | SECOND) if matches!(cell.path, "/v1/quit" | "/v1/ui/code") => return 403,
        Some(PORTAL | SECOND) => true,
        // Ours, if it is the very name that the request goes to.
        Some(OURS) if cell.host == Some("127.0.0.1:7747") => false,
        Some(_) => return 403,
        None if matches!(cell.site, None | Some("none" | "same-origin")) => false,
        None => return 403,
    };
    if page && cell.method == "OPTIONS" {
        return 204;
    }
    let good = match (cell.origin, cell.token) {
        (None, Some(token)) => {
            token == NATIVE || (token == setup.our_session && cell.path != "/v1/ui/code")
        }
        (Some(OURS), Some(token)) => token == setup.our_session && cell.path != "/v1/ui/code",
        (Some(PORTAL), Some(token)) => token == setup.session,
        (Some(SECOND), Some(token)) => token == setup.other_session,
        _ => false,
    };
    match (cell.method, cell.path) {
        ("GET", "/v1/hello") => 200,
        ("POST", "/v1/session") => {
            if page {
                200
            } else {
                403
            }
        }
        _ if !good => 401,
        ("GET" | "HEAD", "/v1/hello" | "/v1/status")
        | ("POST", "/v1/pause" | "/v1/quit" | "/v1/ui/code") => 200,
        _ => 405,
    }
}

const HOSTS: [Option<&str>; 8] = [
    Some("127.0.0.1:7747"),
    Some("localhost:7747"),
    Some("127.0.0.1"),
    Some("127.0.0.1:7748"),
    Some("LOCALHOST:7747"),
    Some("evil.example:7747"),
    Some("127.0.0.1:7747.evil.example"),
    None,
];
/// `Origin` and `Sec-Fetch-Site`.
const ORIGINS: [(Option<&str>, Option<&str>); 13] = [
    (None, None),
    (None, Some("none")),
    (None, Some("cross-site")),
    (Some(PORTAL), Some("cross-site")),
    (Some(SECOND), None),
    (Some("https://portal.example.evil.example"), None),
    (Some("http://portal.example"), None),
    (Some("https://portal.example:8443"), None),
    (Some("null"), None),
    (Some(""), None),
    (Some(OURS), Some("same-origin")),
    (Some("http://127.0.0.1:7748"), Some("same-site")),
    (Some("https://127.0.0.1:7747"), None),
];

#[tokio::test]
async fn only_the_good_cells_of_the_matrix_answer() {
    let setup = setup();
    let (session, other) = (setup.session.clone(), setup.other_session.clone());
    let ours = setup.our_session.clone();
    let tokens = [
        None,
        Some(NATIVE),
        Some(""),
        Some("wrong"),
        Some(&*session),
        Some(&*other),
        Some(&*ours),
    ];
    let paths = [
        "/v1/hello",
        "/v1/status",
        "/v1/pause",
        "/v1/session",
        "/v1/quit",
        "/v1/ui/code",
    ];
    let methods = ["GET", "POST", "OPTIONS", "DELETE"];
    let mut cells = 0;
    for host in HOSTS {
        for (origin, site) in ORIGINS {
            for token in tokens {
                for path in paths {
                    for method in methods {
                        let cell = Cell {
                            host,
                            origin,
                            site,
                            token,
                            method,
                            path,
                        };
                        let answer = setup.ask(cell).await;
                        let status = answer.status().as_u16();
                        assert_eq!(status, expected(cell, &setup), "{cell:?}");
                        let allowed = answer.headers().get("access-control-allow-origin");
                        let may_read = allowed.map(|v| v.to_str().unwrap());
                        let portal = origin.filter(|o| *o != OURS && !matches!(status, 403 | 421));
                        assert_eq!(may_read, portal, "{cell:?}");
                        cells += 1;
                    }
                }
            }
        }
    }
    assert!(cells >= 2_000, "{cells} cells");
}

#[tokio::test]
async fn doubled_headers_are_refused() {
    let setup = setup();
    for (name, second) in [("host", "localhost:7747"), ("origin", PORTAL)] {
        let request = http::Request::get("/v1/hello")
            .header("host", "127.0.0.1:7747")
            .header("origin", PORTAL)
            .header(name, second);
        let request = request.body(Body::empty()).unwrap();
        let answer = setup.router.clone().oneshot(request).await.unwrap();
        assert!(matches!(answer.status().as_u16(), 403 | 421), "{name}");
    }
}

#[tokio::test]
async fn a_preflight_from_a_portal_opens_the_private_network_and_no_other_does() {
    let setup = setup();
    let preflight = |origin: &'static str, asked: bool| {
        let mut request = http::Request::options("/v1/status")
            .header("host", "127.0.0.1:7747")
            .header("origin", origin)
            .header("access-control-request-method", "GET");
        if asked {
            request = request.header("access-control-request-private-network", "true");
        }
        let request = request.body(Body::empty()).unwrap();
        setup.router.clone().oneshot(request)
    };
    let header = |answer: &http::Response<Body>| {
        answer
            .headers()
            .contains_key("access-control-allow-private-network")
    };
    let answer = preflight(PORTAL, true).await.unwrap();
    assert_eq!(answer.status(), 204);
    assert!(header(&answer));
    assert!(!header(&preflight(PORTAL, false).await.unwrap()));
    let foreign = preflight("https://evil.example", true).await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert!(!header(&foreign));
    assert!(
        foreign
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );
}

#[tokio::test]
async fn a_page_gets_a_session_that_only_its_origin_can_use() {
    let setup = setup();
    let ask = |method, path, origin, token| Cell {
        host: Some("127.0.0.1:7747"),
        origin,
        site: None,
        token,
        method,
        path,
    };
    let answer = setup
        .ask(ask("POST", "/v1/session", Some(PORTAL), None))
        .await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body = to_bytes(answer.into_body(), 1_000).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let token = body["token"].as_str().unwrap();
    assert!(token.len() >= 43);
    let with = |origin| setup.ask(ask("GET", "/v1/status", origin, Some(token)));
    assert_eq!(with(Some(PORTAL)).await.status(), 200);
    assert_eq!(with(Some(SECOND)).await.status(), 401);
    assert_eq!(with(None).await.status(), 401);
}

#[test]
fn codes_work_once_and_for_a_minute_and_few_wait() {
    let setup = setup();
    let (guard, now) = (&setup.guard, Instant::now());
    let code = guard.new_code().unwrap();
    assert!(guard.redeem("", now).is_none());
    assert!(guard.redeem(&code, now).is_some());
    assert!(guard.redeem(&code, now).is_none());
    let late = guard.new_code().unwrap();
    let over = Instant::now() + CODE;
    assert!(guard.redeem(&late, over).is_none());
    assert!(
        guard.redeem(&late, now).is_none(),
        "a late try spends it, too"
    );
    let codes: Vec<String> = (0..=MAX_CODES).map(|_| guard.new_code().unwrap()).collect();
    assert!(guard.redeem(&codes[0], now).is_none());
    assert!(guard.redeem(&codes[1], now).is_some());
    // Portals that ask for many sessions do not end those of the agent's own page.
    for _ in 0..MAX_SESSIONS * 2 {
        guard.open_session(PORTAL).unwrap();
    }
    assert!(guard.is_session(hash(&setup.our_session), &Whose::Ours));
}

#[test]
fn sessions_are_bounded_and_the_oldest_goes() {
    let setup = setup();
    let tokens: Vec<String> = (0..MAX_SESSIONS)
        .map(|_| setup.guard.open_session(PORTAL).unwrap())
        .collect();
    let sessions = setup.guard.sessions.lock().unwrap();
    // And the one of the agent's own page.
    assert_eq!(sessions.len(), MAX_SESSIONS + 1);
    assert!(!sessions.contains_key(&hash(&setup.session)));
    assert!(tokens.iter().all(|t| sessions.contains_key(&hash(t))));
}

/// What becomes of a request to this path, by its status had nobody answered.
fn judged(guard: &Guard, method: &Method, path: &str, headers: &[(&str, &str)]) -> &'static str {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    match guard.judge(method, path, &map) {
        Verdict::WrongHost => "wrong host",
        Verdict::Forbidden => "forbidden",
        Verdict::Unauthenticated(_) => "unauthenticated",
        Verdict::Preflight(_) => "preflight",
        Verdict::Admitted(_) => "admitted",
    }
}

const ASKED: &str = "/api/v1/titles/01a2045c-63c9-766f-9468-37e402be97ee";

#[test]
fn the_watch_page_has_a_bearer_for_watching_only() {
    let setup = setup();
    let guard = &setup.guard;
    let watching = guard.open_watching("dms_page_x".into(), SESSION).unwrap();
    let ask = |path: &str, token: &str, origin: Option<&str>| {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("host", "127.0.0.1:7747"), ("authorization", &*bearer)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        judged(guard, &Method::POST, path, &headers)
    };
    for origin in [None, Some(OURS)] {
        for path in [ASKED, "/v1/hls/x/master.m3u8"] {
            assert_eq!(ask(path, &watching, origin), "admitted", "{path}");
        }
        // It opens nothing of the agent's own page, of programs, or of portals.
        for path in [
            "/v1/status",
            "/v1/quit",
            "/v1/caps",
            "/v1/license",
            "/v1/ui/code",
            "/metrics",
        ] {
            assert_eq!(ask(path, &watching, origin), "unauthenticated", "{path}");
        }
        // And nobody else's goes on to the DMS as the person.
        for token in [NATIVE, &setup.session, &setup.our_session, "", "wrong"] {
            assert_eq!(ask(ASKED, token, origin), "unauthenticated");
        }
    }
    assert_eq!(ask(ASKED, &watching, Some(PORTAL)), "forbidden");
    assert_eq!(
        ask("/v1/hls/x/master.m3u8", &watching, Some(PORTAL)),
        "unauthenticated"
    );
    assert_eq!(
        ask("/v1/watch/session", &watching, Some(PORTAL)),
        "forbidden"
    );
    let rebound = [("host", "evil.example"), ("authorization", "Bearer x")];
    assert_eq!(judged(guard, &Method::GET, ASKED, &rebound), "wrong host");
    assert_eq!(
        judged(guard, &Method::GET, "/watch/x", &rebound),
        "wrong host"
    );
}

#[test]
fn the_session_behind_the_watch_pages_bearer_ends_with_it() {
    let setup = setup();
    let guard = &setup.guard;
    let bearer = |token: &str| {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        HeaderMap::from_iter([(header::AUTHORIZATION, value)])
    };
    let carried = |token: &str| {
        guard
            .carried(&bearer(token))
            .map(|carried| carried.to_string())
    };
    let watching = guard.open_watching("dms_page_x".into(), SESSION).unwrap();
    assert_eq!(carried(&watching).as_deref(), Some("dms_page_x"));
    let short = guard
        .open_watching("dms_page_y".into(), Duration::ZERO)
        .unwrap();
    assert_eq!(carried(&short), None, "it ends with the session at the DMS");
    assert_eq!(carried(&setup.our_session), None);
    guard.end(&bearer(&watching));
    assert_eq!(carried(&watching), None);
}

#[test]
fn a_link_leads_to_the_watch_page_as_a_document_and_in_no_other_way() {
    let setup = setup();
    let host = ("host", "127.0.0.1:7747");
    let site = ("sec-fetch-site", "cross-site");
    let led = |path: &str, dest: &str| {
        let headers = [host, site, ("sec-fetch-dest", dest)];
        judged(&setup.guard, &Method::GET, path, &headers)
    };
    assert_eq!(led("/watch/x", "document"), "admitted");
    for dest in ["iframe", "script", "image", "empty"] {
        assert_eq!(led("/watch/x", dest), "forbidden", "{dest}");
    }
    assert_eq!(led(ASKED, "document"), "forbidden");
    // Its files, to itself.
    let own = [host, ("sec-fetch-site", "same-origin")];
    for path in ["/watch/x", "/assets/x.js", "/favicon.svg"] {
        assert_eq!(judged(&setup.guard, &Method::GET, path, &own), "admitted");
        assert_eq!(
            judged(&setup.guard, &Method::POST, path, &own),
            "unauthenticated"
        );
    }
}
