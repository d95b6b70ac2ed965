//! Prometheus can read what is told, and strangers cannot make it grow.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use axum::body::Body;
use http::{HeaderValue, Request, StatusCode, header};
use tower::ServiceExt;

use super::*;
use crate::observe::testing::{TestServer, ask};
use crate::routes;

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

/// Calls every method that counts, so that every metric has a series.
fn touch_all(metrics: &Metrics) {
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
    touch_all(&server.app().metrics);
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
    touch_all(&server.app().metrics);
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
        ("dms_upload_bytes_total", 4_096.0),
        ("dms_upload_resumes_total", 1.0),
        ("dms_transcode_speed_ratio", 2.5),
        (r#"dms_licenses_issued_total{outcome="refused"}"#, 1.0),
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
    for place in ["store", "work", "database"] {
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
