//! Prometheus can read what is told, and strangers cannot make it grow.

mod shipped;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use axum::body::Body;
use http::{HeaderValue, Request, StatusCode, header};
use tower::ServiceExt;

use super::*;
use crate::observe::testing::{TestServer, ask};
use crate::site::{self, Site};
use crate::state::App;
use crate::{observe, routes};
use swarm::content::{ChunkId, DeviceId, SiteId};
use swarm::wire::{Peering, Sharing, TransferTotals};

/// The most series an installation of one server may have, whatever is asked of it.
const SERIES_MAX: usize = 5_000;

/// Series by their name and labels.
fn series(text: &str) -> BTreeMap<&str, f64> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            (series, value.parse().expect("a number"))
        })
        .collect()
}

async fn scrape(server: &TestServer) -> String {
    let request = Request::get("/metrics")
        .body(Body::empty())
        .expect("a request");
    let answer = ask(routes::metrics(server.app()), request).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        HeaderValue::from_static(prometheus::TEXT_FORMAT)
    );
    answer.body
}

/// A site that the origin sent one chunk of 1000 bytes to, twice.
fn lyon(app: &App) -> Site {
    let site = Site {
        id: SiteId([1; 16]),
        name: "lyon".into(),
        subnets: Vec::new(),
        peering: Peering::On,
        wan_cap: 5_000,
        hours: Default::default(),
    };
    let map = site::map_of(&[]).expect("an empty map");
    app.sites.configure(vec![site.clone()], map, 0);
    app.wan.begin(site.id, ChunkId([7; 32]), 1_000);
    app.wan.sent(site.id, 2_000);
    site
}

/// Makes every metric have a series.
fn touch_all(app: &App) {
    lyon(app);
    let metrics = &app.metrics;
    for source in [Source::Origin, Source::Peer] {
        metrics.delivered(source, Some("lyon"), 1_000);
        metrics.delivered(source, None, 10);
    }
    metrics.bad_chunk(Some("lyon"));
    metrics.uploaded(4_096);
    metrics.upload_resumed();
    metrics.transcoded(Duration::from_secs(5), Duration::from_secs(2));
    for outcome in LicenseOutcome::ALL {
        metrics.license(outcome);
    }
    for outcome in DeliveryOutcome::ALL {
        metrics.delivery(outcome);
    }
}

/// A server with HTTPS, whose certificate ends at the start of 2031.
async fn https_server() -> TestServer {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters =
        rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    parameters.not_after = rcgen::date_time_ymd(2031, 1, 1);
    let certificate = parameters.self_signed(&key).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the file is written");
        path
    };
    let (pem, key) = (
        file("tls.pem", certificate.pem()),
        file("tls.key", key.serialize_pem()),
    );
    TestServer::with(|config| {
        config.public.tls_certificate = pem;
        config.public.tls_key = key;
    })
    .await
}

/// Runs Debian's `promtool` and answers whether it found nothing to complain about, and its words.
fn promtool(args: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new("promtool")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is installed: scripts/setup installs the package prometheus");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("promtool reads");
    drop(stdin);
    let out = child.wait_with_output().expect("promtool ends");
    let words = [out.stdout, out.stderr].concat();
    (
        out.status.success(),
        String::from_utf8_lossy(&words).into_owned(),
    )
}

#[tokio::test]
async fn promtool_finds_nothing_wrong_with_a_scrape() {
    let server = TestServer::new().await;
    touch_all(server.app());
    server.get("/livez", None).await;
    let (passed, words) = promtool(&["check", "metrics"], &scrape(&server).await);
    assert!(passed && words.is_empty(), "{words}");
    // The tool does complain when there is reason to.
    let bad = "# HELP dms_time_ms Time.\n# TYPE dms_time_ms counter\ndms_time_ms 1\n";
    assert!(!promtool(&["check", "metrics"], bad).0);
}

#[tokio::test]
async fn every_method_counts_what_it_says() {
    let server = TestServer::new().await;
    touch_all(server.app());
    server.get("/livez", None).await;
    server.get("/nowhere", None).await;
    let text = scrape(&server).await;
    let series = series(&text);
    for (name, value) in [
        (
            r#"dms_delivered_bytes_total{site="lyon",source="origin"}"#,
            1_000.0,
        ),
        (
            r#"dms_delivered_bytes_total{site="none",source="peer"}"#,
            10.0,
        ),
        (r#"dms_bad_chunks_total{site="lyon"}"#, 1.0),
        (r#"dms_peers{site="lyon",state="on"}"#, 0.0),
        (r#"dms_site_wan_cap_bytes_per_second{site="lyon"}"#, 5_000.0),
        (r#"dms_site_wan_copies_ratio{site="lyon"}"#, 2.0),
        (r#"dms_transcode_jobs{state="queued"}"#, 0.0),
        ("dms_upload_bytes_total", 4_096.0),
        ("dms_upload_resumes_total", 1.0),
        ("dms_transcode_speed_ratio", 2.5),
        (r#"dms_licenses_issued_total{outcome="refused"}"#, 1.0),
        (r#"dms_webhook_deliveries_total{outcome="dead"}"#, 1.0),
        (
            r#"dms_http_request_duration_seconds_count{code="200",method="GET",route="/livez"}"#,
            1.0,
        ),
        (
            r#"dms_http_request_duration_seconds_count{code="404",method="other",route="none"}"#,
            1.0,
        ),
    ] {
        assert_eq!(series.get(name), Some(&value), "{name}\n{text}");
    }
}

#[tokio::test]
async fn the_end_of_the_public_certificate_is_told() {
    let https = scrape(&https_server().await).await;
    let ends = r#"dms_tls_certificate_expiry_timestamp_seconds{listener="public"}"#;
    assert_eq!(series(&https).get(ends), Some(&1_924_992_000.0));
    let http = scrape(&TestServer::new().await).await;
    assert_eq!(series(&http).get(ends), None);
}

#[tokio::test]
async fn peers_count_once_by_what_they_say_they_do() {
    let server = TestServer::new().await;
    let app = server.app();
    let hello = site::hub::Hello {
        agent: "test".into(),
        listen: "10.0.0.9:7745".into(),
        weight: 1,
        sharing: Sharing::Battery,
    };
    let (device, remote) = (DeviceId([9; 16]), [10, 0, 0, 9].into());
    let first = app.sites.join(device, remote, hello.clone(), 10);
    let totals = |from_peers| TransferTotals {
        from_peers,
        ..TransferTotals::default()
    };
    // The first totals of a connection are a start: this peer may be older than the connection.
    assert_eq!(app.sites.totals(device, first.number, totals(1_000)), None);
    let gained = app.sites.totals(device, first.number, totals(1_500));
    assert_eq!(gained.map(|gained| gained.from_peers), Some(500));
    let again = app.sites.join(device, remote, hello, 10);
    assert_eq!(app.sites.totals(device, again.number, totals(1_700)), None);
    let gained = app.sites.totals(device, again.number, totals(100));
    assert_eq!(gained.map(|gained| gained.from_peers), Some(0));
    let text = scrape(&server).await;
    let series = series(&text);
    let peers = r#"dms_peers{site="none",state="battery"}"#;
    assert_eq!(series.get(peers), Some(&1.0), "{text}");
}

#[tokio::test]
async fn jobs_are_counted_on_both_databases() {
    for engine in crate::db::testing::engines().await {
        observe::db::add_job(&engine.db, "queued", 5_000)
            .await
            .expect("a job");
        observe::db::add_job(&engine.db, "queued", 4_000)
            .await
            .expect("a job");
        observe::db::add_job(&engine.db, "failed", 1_000)
            .await
            .expect("a job");
        let mut jobs = observe::db::jobs(&engine.db).await.expect("jobs");
        jobs.by_state.sort();
        assert_eq!(
            jobs.by_state,
            [("failed".to_owned(), 1), ("queued".to_owned(), 2)],
            "{}",
            engine.name
        );
        assert_eq!(jobs.oldest_queued_ms, Some(4_000), "{}", engine.name);
    }
}

#[tokio::test]
async fn a_scrape_goes_without_the_jobs_when_the_database_is_away() {
    let server = TestServer::new().await;
    server.app().db.close().await;
    let text = scrape(&server).await;
    let series = series(&text);
    assert_eq!(series.get("dms_scrape_failures_total"), Some(&1.0));
    assert!(!text.contains("dms_transcode_jobs{"), "{text}");
    assert!(series.contains_key("process_open_fds"));
}

#[tokio::test]
async fn the_process_and_its_disks_are_described() {
    let server = TestServer::new().await;
    let text = scrape(&server).await;
    let series = series(&text);
    assert!(series["process_resident_memory_bytes"] > 1e6);
    assert!(series["process_virtual_memory_bytes"] > series["process_resident_memory_bytes"]);
    assert!(series["process_open_fds"] > 3.0);
    assert!(series["process_max_fds"] >= series["process_open_fds"]);
    assert!(series["process_threads"] >= 1.0);
    assert!(series["process_cpu_seconds_total"] > 0.0);
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    let age = now.as_secs_f64() - series["process_start_time_seconds"];
    assert!((0.0..86_400.0).contains(&age), "{age}");
    for place in ["uploads", "store", "work", "database"] {
        let free = series[format!(r#"dms_disk_free_bytes{{place="{place}"}}"#).as_str()];
        let size = series[format!(r#"dms_disk_size_bytes{{place="{place}"}}"#).as_str()];
        assert!(0.0 < free && free < size);
    }
}

#[tokio::test]
async fn strangers_words_make_no_series() {
    const INPUTS: usize = 100_000;
    let server = TestServer::new().await;
    let metrics = &server.app().metrics;
    let router = routes::public(server.app());
    for n in 0..INPUTS {
        let (method, path) = match n % 4 {
            0 => ("GET".to_owned(), format!("/nowhere/{n}")),
            1 => (format!("M{n}"), format!("/{n}")),
            2 => (format!("M{n}"), "/livez".to_owned()),
            _ => ("DELETE".to_owned(), format!("/api/v1/tokens/{n}")),
        };
        let request = Request::builder()
            .method(method.as_str())
            .uri(path)
            .body(Body::empty())
            .expect("a request");
        let _ = router.clone().oneshot(request).await;
        let site = format!("site {n}");
        metrics.delivered(Source::Origin, Some(&site), 1);
        metrics.bad_chunk(Some(&site));
    }
    let text = scrape(&server).await;
    let series = series(&text);
    assert!(series.len() <= SERIES_MAX, "{} series", series.len());
    let sum = |name: &str| -> f64 {
        let of_name = |(series, _): &(&&str, &f64)| series.split('{').next() == Some(name);
        series.iter().filter(of_name).map(|(_, value)| value).sum()
    };
    // Bounded, and still counted every one.
    for name in [
        "dms_http_request_duration_seconds_count",
        "dms_delivered_bytes_total",
        "dms_bad_chunks_total",
    ] {
        assert!((sum(name) - INPUTS as f64).abs() < 0.5, "{name}");
    }
    let max = server.app().config.metrics.max_sites;
    let named = series
        .keys()
        .filter(|s| s.starts_with("dms_bad_chunks_total"));
    assert_eq!(named.count(), max + 1);
}

#[tokio::test]
async fn the_public_listener_tells_administrators_only() {
    let server = TestServer::new().await;
    let stranger = server.get("/metrics", None).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    assert!(!stranger.body.contains("dms_build_info"));
    let owner = server.get("/metrics", Some(&server.owner_token())).await;
    assert_eq!(owner.status, StatusCode::OK);
    assert!(owner.body.contains("dms_build_info{version="));
}
