//! Captions and chapters from file to page, over both databases.

use http::Method;
use serde_json::json;

use super::language;
use crate::auth::Role;
use crate::testing::{Server, json, refusal, text, title};

const TALK: &str = "1\n00:00:00,100 --> 00:00:00,500\n<i>Hello</i> & <script>all</script>\n\n2\n00:00:00,400 --> 00:00:02,000\nThe budget\n";

#[test]
fn languages_have_one_spelling() {
    for (given, one) in [
        ("EN", "en"),
        ("pt-br", "pt-BR"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
    ] {
        assert_eq!(language(given).as_deref(), Some(one));
    }
    for none in [
        "",
        "e",
        "english",
        "en-",
        "en_US",
        "en-\u{e4}\u{e4}",
        "../x",
        "en-123456789",
        "e1",
    ] {
        assert_eq!(language(none), None, "{none}");
    }
}

#[tokio::test]
async fn captions_are_taken_shown_and_removed_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let video = title::video(&server).await;
        let base = format!("/api/v1/titles/{}/captions", video.title);
        let one = format!("{base}/pt-br");
        let put = |query: &str| {
            server
                .request(Method::PUT, &format!("{one}{query}"))
                .body(TALK)
        };
        let tried = json(put("?dry_run=true")).await;
        assert_eq!((&tried["kept"], &tried["cues"]), (&json!(false), &json!(2)));
        assert_eq!(server.get(&base).await["items"], json!([]));
        let taken = json(put("?label=Portugu%C3%AAs")).await;
        let codes: Vec<_> = taken["warnings"]
            .as_array()
            .expect("a list")
            .iter()
            .collect();
        assert_eq!(
            (&codes[0]["code"], &codes[0]["line"]),
            (&json!("overlap"), &json!(6))
        );
        assert_eq!(codes[1]["code"], "beyond_end");
        json(put("")).await;
        let list = server.get(&base).await;
        assert_eq!(
            (&list["items"][0]["lang"], &list["items"][0]["cues"]),
            (&json!("pt-BR"), &json!(2))
        );
        let viewer = server.token(Role::Viewer).await;
        let path = text(&list["items"][0]["url"]);
        let shown = server.anonymous(Method::GET, &path).bearer_auth(&viewer);
        let shown = shown.send().await.expect("an answer");
        assert_eq!(shown.headers()["content-type"], "text/vtt; charset=utf-8");
        assert_eq!(shown.headers()["x-content-type-options"], "nosniff");
        assert!(shown.headers().contains_key("content-security-policy"));
        let tag = shown.headers()["etag"].clone();
        let vtt = shown.text().await.expect("a text");
        assert!(
            vtt.starts_with("WEBVTT\n") && vtt.contains("\nHello &amp; all\n"),
            "{vtt}"
        );
        let again = server
            .request(Method::GET, &path)
            .header("if-none-match", tag);
        assert_eq!(again.send().await.expect("an answer").status(), 304);
        let gone = server.request(Method::DELETE, &path).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        let (status, problem) = refusal(server.request(Method::GET, &path)).await;
        assert_eq!((status, problem.code.as_str()), (404, "captions_not_found"));
        let log = server.get("/api/v1/audit?action=title.captions").await;
        assert_eq!(log["items"].as_array().expect("rows").len(), 3);
        // They go with their title.
        json(put("")).await;
        let path = format!("/api/v1/titles/{}", video.title);
        server
            .request(Method::DELETE, &path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(refusal(server.request(Method::GET, &base)).await.0, 404);
        server.stop().await;
    }
}

#[tokio::test]
async fn who_may_not_see_the_poster_sees_no_captions() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let video = title::video(&server).await;
    let base = format!("/api/v1/titles/{}", video.title);
    let put = server.request(Method::PUT, &format!("{base}/captions/en"));
    json(put.body(TALK)).await;
    let nobody = json!({"audience": {"groups": [server.group("board").await], "people": []}});
    server.set_policy(&video, nobody).await;
    let viewer = server.token(Role::Viewer).await;
    for path in ["captions", "captions/en", "chapters", "chapters.vtt"] {
        let path = format!("{base}/{path}");
        let asked = server.anonymous(Method::GET, &path).bearer_auth(&viewer);
        assert_eq!(refusal(asked).await.1.code, "title_not_found", "{path}");
    }
    let other = server.token(Role::Publisher).await;
    let path = format!("{base}/captions/en");
    let foreign = server.anonymous(Method::PUT, &path).bearer_auth(other);
    assert_eq!(refusal(foreign.body(TALK)).await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn wrong_files_are_refused_with_their_places() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let title = title::upload(&server, "video", b"x").await;
    let put = |lang: &str| {
        server.request(
            Method::PUT,
            &format!("/api/v1/titles/{title}/captions/{lang}"),
        )
    };
    let wrong = "WEBVTT\n\n00:05.000 --> 00:01.000\nA\n\nlost\n";
    let (status, problem) = refusal(put("en").body(wrong)).await;
    assert_eq!((status, problem.code.as_str()), (400, "invalid_captions"));
    let first = &problem.errors[0];
    assert_eq!(
        (first.pointer.as_str(), first.code.as_str()),
        ("3:15", "ends_before_it_begins")
    );
    assert!(first.fix.starts_with("Cue 1: ") && problem.errors.len() == 2);
    let huge = refusal(put("en").body(vec![b'x'; super::vtt::FILE_MAX + 2])).await;
    assert_eq!(huge.1.code, "body_too_large");
    assert_eq!(
        refusal(put("english").body(TALK)).await.1.code,
        "invalid_language"
    );
    let long = format!("en?label={}", "x".repeat(101));
    assert_eq!(refusal(put(&long).body(TALK)).await.1.code, "invalid_label");
    server.stop().await;
}

#[tokio::test]
async fn chapters_come_as_json_or_webvtt_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let video = title::video(&server).await;
        let path = format!("/api/v1/titles/{}/chapters", video.title);
        assert_eq!(server.get(&path).await, json!({"chapters": []}));
        let given = json!({"chapters": [{"start_ms": 0, "title": " Intro "}, {"start_ms": 500, "title": "A<b>"}]});
        let kept = json(server.request(Method::PUT, &path).json(&given)).await;
        assert_eq!(kept["chapters"][0]["title"], "Intro");
        let vtt = server.request(Method::GET, &format!("{path}.vtt"));
        let vtt = vtt
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("a text");
        let want = "WEBVTT\n\n00:00:00.000 --> 00:00:00.500\nIntro\n\n00:00:00.500 --> 00:00:01.000\nA&lt;b&gt;\n";
        assert_eq!(vtt, want);
        let again = server
            .request(Method::PUT, &path)
            .header("content-type", "text/vtt");
        assert_eq!(json(again.body(vtt)).await, kept);
        for (wrong, pointer) in [
            (json!({"chapters": []}), "/chapters"),
            (
                json!({"chapters": [{"start_ms": 9, "title": "x"}, {"start_ms": 9, "title": "y"}]}),
                "/chapters/1/start_ms",
            ),
            (
                json!({"chapters": [{"start_ms": 1000, "title": "x"}]}),
                "/chapters/0/start_ms",
            ),
            (
                json!({"chapters": [{"start_ms": 0, "title": "\n"}]}),
                "/chapters/0/title",
            ),
        ] {
            let (status, problem) = refusal(server.request(Method::PUT, &path).json(&wrong)).await;
            assert_eq!((status, problem.code.as_str()), (400, "invalid_chapters"));
            assert_eq!(problem.errors[0].pointer, pointer);
        }
        let gone = server.request(Method::DELETE, &path).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        server.stop().await;
    }
}

/// A file of subtitles as long as a day in court.
fn long(cues: usize) -> String {
    let stamp = |ms: usize| super::vtt::stamp(ms as u64).replace('.', ",");
    let cue = |n: usize| {
        format!(
            "{n}\n{} --> {}\nLine {n}\n\n",
            stamp(n * 2_000),
            stamp(n * 2_000 + 1_900)
        )
    };
    (1..=cues).map(cue).collect()
}

#[tokio::test]
async fn what_another_one_wrote_meanwhile_is_not_overwritten_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let video = title::video(&server).await;
        let base = format!("/api/v1/titles/{}", video.title);
        let chapters = json!({"chapters": [{"start_ms": 0, "title": "Welcome"}]}).to_string();
        for (path, body) in [("captions/en", long(25_000)), ("chapters", chapters)] {
            let path = format!("{base}/{path}");
            let put = |tag: &str| {
                let put = server.request(Method::PUT, &path).body(body.clone());
                put.header("if-match", tag.to_owned())
            };
            let made = put("\"0\"").send().await.expect("an answer");
            assert_eq!(made.status(), 200, "{path}");
            let first = made.headers()["etag"].to_str().expect("text").to_owned();
            let (status, problem) = refusal(put("\"0\"")).await;
            assert_eq!(
                (status, problem.code.as_str()),
                (412, "version_changed"),
                "{path}"
            );
            let again = put(&first).send().await.expect("an answer");
            assert_eq!(again.status(), 200, "{path}");
            let second = again.headers()["etag"].to_str().expect("text").to_owned();
            assert_ne!(first, second, "every edition has its own name");
            assert_eq!(refusal(put(&first)).await.0, 412, "{path}");
            let shown = server
                .request(Method::GET, &path)
                .send()
                .await
                .expect("an answer");
            assert_eq!(shown.headers()["etag"], second.as_str());
            // Who does not ask overwrites.
            json(server.request(Method::PUT, &path).body(body.clone())).await;
        }
        server.stop().await;
    }
}
