//! What the person at the PC sees and decides: caps, clearing, what is stored, the bundle, the page's bearer, quitting.

use reqwest::Method;
use serde_json::{Value, json};
use swarm::content::DeviceId;

use super::{Dms, PATIENCE, Peer, names};

const GIB: u64 = 1 << 30;

pub(super) async fn alone(dms: &Dms, options: &[(&str, &str)]) -> Peer {
    let state = tempfile::tempdir().unwrap();
    let device = DeviceId([1; 16]);
    dms.enrol(device, state.path());
    let peer = Peer::start_on(state, device, options).await;
    peer.until("the DMS", |s| s["connected"] == true).await;
    peer
}

/// A request as a browser sends it.
struct Browser<'a> {
    peer: &'a Peer,
    origin: Option<String>,
    token: Option<String>,
}

impl Browser<'_> {
    async fn send(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.peer.base);
        let mut request = self.peer.http.request(method, url).body(body.to_owned());
        if let Some(origin) = &self.origin {
            request = request.header("origin", origin);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }
}

async fn code(peer: &Peer) -> String {
    let (status, answer) = peer.send(Method::POST, "/v1/ui/code", "").await;
    assert_eq!((status, &answer["seconds"]), (200, &json!(60)));
    answer["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caps_stay_within_the_companys_and_outlive_the_agent() {
    let dms = Dms::start().await;
    let limits = [("cache_limit", "'2GiB'"), ("upload_limit", "'5MB'")];
    let peer = alone(&dms, &limits).await;
    let (_, caps) = peer.send(Method::GET, "/v1/caps", "").await;
    assert_eq!(caps["upload"]["value"], 5_000_000);
    let wish = json!({ "upload": 1_000_000, "disk": 9 * GIB }).to_string();
    let (status, caps) = peer.send(Method::PUT, "/v1/caps", &wish).await;
    assert_eq!(status, 200);
    assert_eq!(caps["upload"]["value"], 1_000_000);
    assert_eq!(caps["upload"]["said"], Value::Null);
    assert_eq!(
        (&caps["disk"]["value"], &caps["disk"]["snapped"]),
        (&json!(2 * GIB), &json!("above_limit"))
    );
    assert!(
        caps["disk"]["said"]
            .as_str()
            .unwrap()
            .contains("Your company allows")
    );
    let (_, caps) = peer
        .send(Method::PUT, "/v1/caps", "{\"disk\":1073741824}")
        .await;
    assert_eq!(caps["upload"]["value"], 1_000_000);
    assert_eq!(peer.status().await["cache"]["limit"], GIB);

    let peer = peer
        .again(&[("cache_limit", "'2GiB'"), ("lock", "['upload']")])
        .await;
    assert_eq!(peer.status().await["cache"]["limit"], GIB);
    let (_, caps) = peer.send(Method::GET, "/v1/caps", "").await;
    assert_eq!(
        (&caps["upload"]["locked"], &caps["upload"]["value"]),
        (&json!(true), &Value::Null)
    );
    let (_, caps) = peer
        .send(Method::PUT, "/v1/caps", "{\"upload\":400000}")
        .await;
    assert_eq!(caps["upload"]["snapped"], "locked");
    let (_, caps) = peer.send(Method::PUT, "/v1/caps", "{\"disk\":null}").await;
    assert_eq!(caps["disk"]["value"], 2 * GIB);
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_shares_under_a_cap_and_says_what_was_sent() {
    let dms = Dms::start().await;
    let peers = super::office(&dms, 2).await;
    for peer in &peers {
        let (status, _) = peer
            .send(Method::PUT, "/v1/caps", "{\"upload\":2000000}")
            .await;
        assert_eq!(status, 200);
        peer.play(&dms).await;
    }
    let given = |s: &Value| s["bytes"]["given_today"].as_u64() > Some(0);
    let mut sent = 0;
    for peer in &peers {
        let status = peer
            .until("bytes of today", |s| given(s) || s["bytes"]["given"] == 0)
            .await;
        let (_, today) = peer.send(Method::GET, "/v1/today", "").await;
        let moved = |what: &str| today["moved"][what].as_u64().unwrap();
        assert_eq!(
            moved("bytes"),
            status["bytes"]["given_today"].as_u64().unwrap()
        );
        // Everything that was sent to peers holds the video and what carries it; nobody is outside of loopback.
        assert!(moved("peers") >= moved("bytes") && moved("outside") == 0);
        assert!(
            moved("control") > 0 && moved("origin_requests") > 0,
            "{today}"
        );
        sent += moved("bytes");
        let sentence = status["sentence"].as_str().unwrap();
        assert!(
            sentence.contains("at lyon, nothing over the internet; "),
            "{sentence}"
        );
    }
    assert!(sent > 0);
    for peer in peers {
        peer.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clearing_frees_what_nobody_needs_and_playing_goes_on() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    peer.play(&dms).await;
    let (_, stored) = peer.send(Method::GET, "/v1/stored", "").await;
    let item = &stored["items"][0];
    assert_eq!(
        (&item["title"], &item["stays"]),
        (&json!(dms.title()), &json!("until_room_is_needed"))
    );
    assert_eq!(stored["encrypted"], true);
    // What is still being written is in use.
    let mut freed = 0;
    let start = tokio::time::Instant::now();
    loop {
        let (_, cleared) = peer.send(Method::POST, "/v1/clear", "").await;
        freed += cleared["freed_bytes"].as_u64().unwrap();
        if cleared["stays_bytes"] == 0 {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{cleared}");
    }
    assert!(freed >= dms.bytes());
    assert_eq!(peer.status().await["cache"]["used"], 0);
    let [cache, ..] = peer.play(&dms).await;
    assert_eq!(cache, 0, "the machine knows that nothing is here");

    let path = format!("/v1/kept/{}", dms.title());
    assert_eq!(peer.send(Method::PUT, &path, "").await.0, 200);
    peer.whole().await;
    let (_, cleared) = peer.send(Method::POST, "/v1/clear", "").await;
    assert!(
        cleared["stays_bytes"].as_u64().unwrap() >= dms.bytes(),
        "{cleared}"
    );
    let (_, stored) = peer.send(Method::GET, "/v1/stored", "").await;
    assert_eq!(stored["items"][0]["stays"], "until_let_go");
    assert_eq!(peer.play(&dms).await, [dms.bytes(), 0, 0]);
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_names_nobody() {
    let dms = Dms::start().await;
    let state = tempfile::tempdir().unwrap();
    let device = DeviceId([1; 16]);
    dms.enrol(device, state.path());
    let path = state.path().join(names::TRUST);
    let mut trust: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    trust["name"] = "Canary Müller's laptop".into();
    trust["portal_origins"] = json!(["https://canary-portal.example"]);
    std::fs::write(&path, trust.to_string()).unwrap();
    let log = crate::logs::Tail::default();
    let mut peer = Peer::start_with(state, device, &[], log.clone()).await;
    peer.until("the DMS", |s| s["connected"] == true).await;
    peer.play(&dms).await;
    let title = dms.title().to_string();
    {
        use std::io::Write;
        let token = &peer.token;
        let line =
            format!("canary müller's LAPTOP played {title} with {token} of a.canary@example.com");
        writeln!(log.clone(), "{line}").unwrap();
    }
    let answer = peer.get("/v1/bundle").await;
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let zip = answer.bytes().await.unwrap();
    assert!(zip.starts_with(b"PK"));
    let text = String::from_utf8_lossy(&zip).to_lowercase();
    for file in [
        "status.json",
        "doctor.json",
        "config.json",
        "today.json",
        "metrics.txt",
        "log.txt",
    ] {
        assert!(text.contains(file), "{file}");
    }
    let folder = peer.state.path().display().to_string().to_lowercase();
    let tenant = trust["tenant"].as_str().unwrap().to_lowercase();
    let keys = std::fs::read_to_string(peer.state.path().join(names::KEY)).unwrap();
    let key = keys.lines().nth(1).unwrap().to_lowercase();
    let token = peer.token.to_lowercase();
    let secrets = [&title, &token, &folder, &tenant, &key];
    let names = ["canary", "müller", "lyon"].map(str::to_owned);
    for canary in secrets.into_iter().chain(&names) {
        assert!(!text.contains(canary.as_str()), "{canary} is in\n{text}");
    }
    // It still says what is wrong, and of which device.
    assert!(
        text.contains("<this pc> played <id 1>") || text.contains("<this pc> played <id"),
        "{text}"
    );
    assert!(text.contains(&device.to_string()) && text.contains("chunk listener"));
    peer.wait("nothing", |_| true).await;
    peer.end().await;
}

/// A page of this origin in a browser, with a bearer or without; no origin: a program.
fn browser<'a>(peer: &'a Peer, origin: Option<&str>, token: Option<&str>) -> Browser<'a> {
    Browser {
        peer,
        origin: origin.map(str::to_owned),
        token: token.map(str::to_owned),
    }
}

/// The bearer of the agent's own page.
async fn own_bearer(peer: &Peer) -> String {
    let given = json!({ "code": code(peer).await }).to_string();
    let page = browser(peer, Some(&peer.base), None);
    let (status, session) = page.send(Method::POST, "/v1/ui/session", &given).await;
    assert_eq!(status, 200);
    session["token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_bearer_comes_for_a_code_that_works_once() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    let given = json!({ "code": code(&peer).await }).to_string();
    // A program cannot use it, a page of another port cannot, and neither spends it.
    for origin in [None, Some("http://127.0.0.1:9")] {
        let other = browser(&peer, origin, None);
        let (status, _) = other.send(Method::POST, "/v1/ui/session", &given).await;
        assert_eq!(status, 403, "{origin:?}");
    }
    let page = browser(&peer, Some(&peer.base), None);
    let (status, session) = page.send(Method::POST, "/v1/ui/session", &given).await;
    assert_eq!(status, 200);
    let (status, again) = page.send(Method::POST, "/v1/ui/session", &given).await;
    assert_eq!((status, &again["code"]), (403, &json!("code_over")));
    let wrong = [
        "",
        "{}",
        "{\"code\":1}",
        "{\"code\":\"x\",\"y\":1}",
        "[]",
        "\u{0}",
    ];
    for wrong in wrong {
        let (status, _) = page.send(Method::POST, "/v1/ui/session", wrong).await;
        assert_eq!(status, 400, "{wrong}");
    }
    let ours = browser(&peer, Some(&peer.base), session["token"].as_str());
    assert_eq!(ours.send(Method::PUT, "/v1/caps", "{}").await.0, 200);
    let pause = ours
        .send(Method::POST, "/v1/pause", "{\"seconds\":60}")
        .await;
    assert_eq!(pause.0, 200);
    assert_eq!(peer.status().await["sharing"], "paused");
    // It makes no further codes.
    assert_eq!(ours.send(Method::POST, "/v1/ui/code", "").await.0, 401);
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn portals_and_programs_without_a_bearer_get_nothing_of_the_page() {
    const PORTAL: Option<&str> = Some("http://127.0.0.1:8080");
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    let token = own_bearer(&peer).await;
    let stolen = browser(&peer, PORTAL, Some(&token));
    assert_eq!(stolen.send(Method::GET, "/v1/status", "").await.0, 401);
    let asking = browser(&peer, PORTAL, None);
    let (_, session) = asking.send(Method::POST, "/v1/session", "").await;
    let theirs = session["token"].as_str();
    let portal = browser(&peer, PORTAL, theirs);
    assert_eq!(portal.send(Method::GET, "/v1/status", "").await.0, 200);
    let page = browser(&peer, Some(&peer.base), theirs);
    assert_eq!(page.send(Method::GET, "/v1/status", "").await.0, 401);
    let program = browser(&peer, None, None);
    for (method, path) in [
        (Method::GET, "/v1/caps"),
        (Method::PUT, "/v1/caps"),
        (Method::POST, "/v1/clear"),
        (Method::GET, "/v1/stored"),
        (Method::GET, "/v1/today"),
        (Method::POST, "/v1/doctor"),
        (Method::GET, "/v1/bundle"),
        (Method::POST, "/v1/quit"),
        (Method::POST, "/v1/ui/code"),
        (Method::POST, "/v1/ui/session"),
        (Method::GET, "/metrics"),
    ] {
        let (status, problem) = portal.send(method.clone(), path, "{}").await;
        let refused = (403, &json!("origin_forbidden"));
        assert_eq!((status, &problem["code"]), refused, "{method} {path}");
        let open = path == "/v1/ui/session";
        let status = program.send(method, path, "{}").await.0;
        assert_eq!(status, if open { 403 } else { 401 }, "{path}");
    }
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_wishes_are_refused_with_what_to_send() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    let before = peer.send(Method::GET, "/v1/caps", "").await.1;
    for wrong in [
        "",
        "{",
        "[]",
        "\"5MB\"",
        "{\"upload\":-1}",
        "{\"upload\":1.5}",
        "{\"upload\":\"5MB\"}",
        "{\"upload\":18446744073709551616}",
        "{\"disk\":[1]}",
        "{\"disc\":1}",
        "{\"disk\":1,\"disk\":2}",
    ] {
        let (status, problem) = peer.send(Method::PUT, "/v1/caps", wrong).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("invalid")),
            "{wrong}"
        );
        assert!(
            problem["detail"].as_str().unwrap().starts_with("send {"),
            "{problem}"
        );
    }
    for wrong in [
        "[5]",
        "{\"seconds\":0}",
        "{\"seconds\":-5}",
        "{\"until\":\"tomorrow\"}",
        "nonsense",
    ] {
        let (status, problem) = peer.send(Method::POST, "/v1/pause", wrong).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("invalid")),
            "{wrong}"
        );
    }
    let long = format!("{{\"upload\":{}}}", "1".repeat(100_000));
    assert_eq!(peer.send(Method::PUT, "/v1/caps", &long).await.0, 413);
    for path in [
        "/ui/../Cargo.toml",
        "/ui/assets/..%2f..%2fpackage.json",
        "/ui/assets/..%5c..%5cx",
        "/ui/agent.html",
    ] {
        assert_eq!(peer.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(peer.send(Method::GET, "/v1/caps", "").await.1, before);
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_served_as_a_document_of_its_own_only() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    let ask = async |site: &str, dest: &str| {
        let request = peer.http.get(format!("{}/ui", peer.base));
        let request = request
            .header("sec-fetch-site", site)
            .header("sec-fetch-dest", dest);
        request.send().await.unwrap()
    };
    for site in ["none", "same-origin", "cross-site", "same-site"] {
        let answer = ask(site, "document").await;
        assert_eq!(answer.status(), 200, "{site}");
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["x-frame-options"], "DENY");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    for (site, dest) in [
        ("cross-site", "iframe"),
        ("same-site", "empty"),
        ("cross-site", "script"),
    ] {
        assert_eq!(ask(site, dest).await.status(), 403, "{site} {dest}");
    }
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_of_the_connection_finds_what_is_there() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    let (status, report) = peer.send(Method::POST, "/v1/doctor", "").await;
    assert_eq!((status, &report["schema"]), (200, &json!(1)));
    let verdict = |name: &str| {
        let checks = report["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["check"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {report}"))["verdict"].clone()
    };
    for name in [
        "enrolment",
        "certificate",
        "dms",
        "agent",
        "control",
        "site",
        "chunk listener",
        "disk",
    ] {
        assert_eq!(verdict(name), "ok", "{name}: {report}");
    }
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_means_quit() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    let (status, answer) = peer.send(Method::POST, "/v1/quit", "").await;
    assert_eq!((status, &answer["quitting"]), (200, &json!(true)));
    let ended = tokio::time::timeout(PATIENCE, peer.task).await;
    ended.expect("it ends").unwrap().unwrap();
    assert!(!peer.state.path().join(names::LOCAL_ADDRESS).exists());
    dms.until("it left", |d| d.members() == 0).await;
}
