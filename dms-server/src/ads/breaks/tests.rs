//! Breaks from request to manifest and playlist, over both databases.

use http::Method;
use serde_json::json;

use crate::auth::Role;
use crate::publish;
use crate::testing::{Server, json, refusal, text, title};

#[tokio::test]
async fn breaks_of_a_published_title_are_signed_and_drawn_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let video = title::video(&server).await;
        let path = format!("/api/v1/titles/{}/breaks", video.title);
        let playlist = format!(
            "/hls/{}/{}/1/index.m3u8",
            video.title, video.manifest.version
        );
        let plain = text(server.request(Method::GET, &playlist)).await;
        assert!(!plain.contains("DATE"), "{plain}");
        let put = |body| server.request(Method::PUT, &path).json(&body);
        let given = json!({"breaks": [
            {"at_ms": 1000}, {"at_ms": 0, "hold": true, "length_ms": 500}, {"at_ms": 400, "resume_ms": 100}]});
        let set = json(put(given.clone()).header("if-match", "\"0\"")).await;
        let at: Vec<_> = set["breaks"].as_array().expect("a list").iter().collect();
        let times: Vec<_> = at.iter().map(|b| b["at_ms"].as_u64()).collect();
        assert_eq!(times, [Some(0), Some(400), Some(1000)]);
        assert_eq!(server.get(&path).await["breaks"], set["breaks"]);

        let before = &video.manifest;
        let now = publish::published(&server.app, video.title).await;
        let now = now.expect("the database").expect("published");
        let manifest = now.manifest.manifest();
        assert_eq!(manifest.version, before.version);
        assert_eq!(manifest.tracks, before.tracks, "the segments stay");
        assert!(manifest.created_ms > before.created_ms, "signed later");
        assert_eq!(manifest.breaks.len(), 3);
        let head = publish::head(&server.app, video.title).await;
        for chunk in head.expect("the database").expect("a head").manifest {
            let length = publish::published_chunk(&server.app, chunk.id).await;
            assert_eq!(length.expect("the database"), Some(chunk.len));
        }
        let drawn = text(server.request(Method::GET, &playlist)).await;
        let list = format!("X-ASSET-LIST=\"/api/v1/titles/{}/breaks/", video.title);
        assert_eq!(drawn.matches(&list).count(), 3, "{drawn}");
        assert!(drawn.contains("CUE=\"POST,ONCE\"") && drawn.contains("CUE=\"PRE,ONCE\""));

        let (status, problem) = refusal(put(given).header("if-match", "\"0\"")).await;
        assert_eq!((status, problem.code.as_str()), (412, "version_changed"));
        let none = json(put(json!({"breaks": []}))).await;
        assert_eq!(none["breaks"], json!([]));
        assert_eq!(text(server.request(Method::GET, &playlist)).await, plain);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_place() {
    let server = Server::start_with(|config| config.media.jobs = 0).await;
    let video = title::video(&server).await;
    let path = format!("/api/v1/titles/{}/breaks", video.title);
    let put = |body| server.request(Method::PUT, &path).json(&body);
    for (wrong, pointer) in [
        (json!({"at_ms": 1001}), "/breaks/0/at_ms"),
        (
            json!({"at_ms": 900, "resume_ms": 101}),
            "/breaks/0/resume_ms",
        ),
        (json!({"at_ms": 0, "length_ms": 0}), "/breaks/0/length_ms"),
        (json!({"at_ms": 0, "id": 0}), "/breaks/0/id"),
        (json!({"at_ms": 0, "scte35": "AAAA"}), "/breaks/0/scte35"),
    ] {
        let (status, problem) = refusal(put(json!({"breaks": [wrong]}))).await;
        assert_eq!((status, problem.code.as_str()), (400, "invalid_breaks"));
        assert_eq!(problem.errors[0].pointer, pointer);
    }
    let many: Vec<_> = (0..501).map(|_| json!({"at_ms": 0})).collect();
    let (status, _) = refusal(put(json!({"breaks": many}))).await;
    assert_eq!(status, 400);
    let viewer = server.token(Role::Viewer).await;
    let asked = server.anonymous(Method::PUT, &path).bearer_auth(&viewer);
    assert_eq!(refusal(asked.json(&json!({"breaks": []}))).await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn documents_are_tried_taken_and_replace_what_they_brought() {
    let server = Server::start_with(|config| config.media.jobs = 0).await;
    let video = title::video(&server).await;
    let path = format!("/api/v1/titles/{}/breaks", video.title);
    let hand = json!({"breaks": [{"at_ms": 10}]});
    json(server.request(Method::PUT, &path).json(&hand)).await;
    let vmap = r#"<VMAP><AdBreak timeOffset="50%" breakType="linear"/><AdBreak timeOffset="end" breakType="linear"/></VMAP>"#;
    let import = |query: &str, body: &str| {
        let path = format!("{path}/import{query}");
        server.request(Method::POST, &path).body(body.to_owned())
    };
    let tried = json(import("?dry_run=true", vmap)).await;
    assert_eq!(
        (&tried["kept"], tried["breaks"].as_array().map(Vec::len)),
        (&json!(false), Some(3))
    );
    assert_eq!(
        server.get(&path).await["breaks"].as_array().map(Vec::len),
        Some(1)
    );
    for _ in 0..2 {
        let taken = json(import("", vmap)).await;
        assert_eq!(taken["breaks"].as_array().map(Vec::len), Some(3), "{taken}");
    }
    let (out, back) = dms_ads::scte35::build::splice_pair(1, 0, 90_000 / 5);
    let line = |seconds: &str, info| {
        let bytes = dms_ads::scte35::write(info).expect("a message");
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{seconds},0x{digits}\n")
    };
    let cues = line("0.2", &out) + &line("0.3", &back);
    let taken = json(import("", &cues)).await;
    let of = |origin: &str| {
        let all = taken["breaks"].as_array().expect("a list");
        all.iter().filter(|b| b["origin"] == origin).count()
    };
    assert_eq!((of("hand"), of("vmap"), of("scte35")), (1, 2, 1), "{taken}");
    let spliced = taken["breaks"].as_array().expect("a list").iter();
    let spliced = spliced
        .filter(|b| b["origin"] == "scte35")
        .next()
        .expect("one");
    assert_eq!(
        (&spliced["at_ms"], &spliced["resume_ms"]),
        (&json!(200), &json!(100))
    );
    let (status, problem) = refusal(import("", "<VAST/>")).await;
    assert_eq!((status, problem.code.as_str()), (400, "unreadable_breaks"));
    server.stop().await;
}
