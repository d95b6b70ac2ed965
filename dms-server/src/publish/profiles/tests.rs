//! Profiles are kept, chosen, and change what the media program makes; over both databases.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::*;
use crate::auth::Role;
use crate::testing::{Server, json, refusal, text};

const LIST: &str = "/api/v1/profiles";

fn profile(name: &str, height: u16) -> Value {
    json!({"name": name, "max_height": height, "bit_rate_percent": 100, "max_frame_rate": 30, "audio_kbit": 96})
}

fn codes(problem: &crate::problem::ProblemBody) -> Vec<(&str, &str)> {
    let errors = problem.errors.iter();
    errors
        .map(|error| (error.pointer.as_str(), error.code.as_str()))
        .collect()
}

#[tokio::test]
async fn profiles_are_kept_and_one_is_the_default_on_both_databases() {
    for server in Server::both().await {
        let list = server.get(LIST).await;
        let items = list["items"].as_array().expect("items");
        let names: Vec<_> = items.iter().map(|one| text(&one["name"])).collect();
        assert_eq!(
            names,
            ["High", "Small offices", "Speech and slides", "Standard"]
        );
        let standard = items.iter().find(|one| one["default"] == true);
        let standard = standard.expect("a default").clone();
        assert_eq!(
            (&standard["name"], &standard["max_height"]),
            (&json!("Standard"), &json!(1080))
        );
        let numbers: Numbers = serde_json::from_value(json!({
            "max_height": standard["max_height"], "bit_rate_percent": standard["bit_rate_percent"],
            "max_frame_rate": standard["max_frame_rate"], "audio_kbit": standard["audio_kbit"],
        }))
        .expect("numbers");
        assert_eq!(
            numbers.limits(),
            LadderLimits::default(),
            "as before there were profiles"
        );

        let new = server
            .request(Method::POST, LIST)
            .json(&profile(" Lobby ", 480));
        let new = new.send().await.expect("an answer");
        let tag = new.headers()["etag"].to_str().expect("text").to_owned();
        assert_eq!((new.status().as_u16(), tag.as_str()), (201, "\"1\""));
        let lobby: Value = new.json().await.expect("JSON");
        assert_eq!(lobby["name"], "Lobby");
        let path = format!("{LIST}/{}", text(&lobby["id"]));
        let put = |body: Value, tag: &str| {
            let request = server.request(Method::PUT, &path);
            request.header("if-match", tag).json(&body)
        };
        let mut changed = profile("Lobby", 360);
        changed["default"] = true.into();
        let now = json(put(changed, &tag)).await;
        assert_eq!(
            (&now["max_height"], &now["default"]),
            (&json!(360), &json!(true))
        );
        assert_eq!(server.get(&path).await, now, "it is read as it was written");
        let late = refusal(put(profile("Lobby", 240), &tag)).await;
        assert_eq!((late.0, late.1.code.as_str()), (412, "version_changed"));
        let list = server.get(LIST).await;
        let defaults = list["items"].as_array().expect("items").iter();
        assert_eq!(defaults.filter(|one| one["default"] == true).count(), 1);
        let stays = refusal(put(profile("Lobby", 240), "*")).await;
        assert_eq!(
            (stays.0, stays.1.code.as_str()),
            (409, "profile_is_default")
        );
        let kept = refusal(server.request(Method::DELETE, &path)).await;
        assert_eq!((kept.0, kept.1.code.as_str()), (409, "profile_is_default"));
        let other = format!("{LIST}/{}", text(&standard["id"]));
        let gone = server.request(Method::DELETE, &other).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        let none = refusal(server.request(Method::GET, &other)).await;
        assert_eq!((none.0, none.1.code.as_str()), (404, "profile_not_found"));
        let log = server.get("/api/v1/audit?action=profile.").await;
        assert_eq!(log["items"].as_array().expect("rows").len(), 3);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_profile_is_refused_at_its_field() {
    let server = Server::start().await;
    let post = |body: Value| server.request(Method::POST, LIST).json(&body);
    let wild = json!({"name": " ", "max_height": 1081, "bit_rate_percent": 29, "max_frame_rate": 61, "audio_kbit": 47});
    let (status, problem) = refusal(post(wild)).await;
    assert_eq!((status, problem.code.as_str()), (400, "invalid_profile"));
    let wrong = [
        ("/max_height", "out_of_range"),
        ("/bit_rate_percent", "out_of_range"),
        ("/max_frame_rate", "out_of_range"),
        ("/audio_kbit", "out_of_range"),
        ("/name", "invalid_text"),
    ];
    assert_eq!(codes(&problem), wrong);
    let (status, problem) = refusal(post(profile("sTANDARD ", 720))).await;
    assert_eq!((status, problem.code.as_str()), (409, "profile_taken"));
    for number in 0..16 {
        json(post(profile(&format!("P{number}"), 720))).await;
    }
    let (status, problem) = refusal(post(profile("one more", 720))).await;
    assert_eq!((status, problem.code.as_str()), (409, "too_many_profiles"));
    let publisher = server.token(Role::Publisher).await;
    let theirs = |method| server.anonymous(method, LIST).bearer_auth(&publisher);
    assert_eq!(
        json(theirs(Method::GET)).await["items"]
            .as_array()
            .map(Vec::len),
        Some(20)
    );
    assert_eq!(
        refusal(theirs(Method::POST).json(&profile("mine", 720)))
            .await
            .0,
        403
    );
    server.stop().await;
}

#[tokio::test]
async fn the_ladder_of_a_profile_is_said_before_anything_is_made() {
    let server = Server::start().await;
    let ask = |numbers: Value| {
        let body = json!({"numbers": numbers, "width": 1920, "height": 1080, "frame_rate": 30});
        server
            .request(Method::POST, "/api/v1/profiles/ladder")
            .json(&body)
    };
    let usual = json!({"max_height": 1080, "bit_rate_percent": 100, "max_frame_rate": 60, "audio_kbit": 128});
    let ladder = json(ask(usual)).await;
    let heights = |ladder: &Value| -> Vec<u64> {
        let rungs = ladder["rungs"].as_array().expect("rungs").iter();
        rungs.filter_map(|rung| rung["height"].as_u64()).collect()
    };
    assert_eq!(heights(&ladder), [1080, 720, 480, 360]);
    assert_eq!(ladder["rungs"][0]["bits_per_second"], 5_000_000);
    let small =
        json!({"max_height": 720, "bit_rate_percent": 50, "max_frame_rate": 15, "audio_kbit": 96});
    let ladder = json(ask(small)).await;
    assert_eq!(heights(&ladder), [720, 480, 360]);
    assert_eq!(ladder["rungs"][0]["frame_rate"], 15);
    let wild =
        json!({"max_height": 9, "bit_rate_percent": 50, "max_frame_rate": 15, "audio_kbit": 96});
    let (_, problem) = refusal(ask(wild)).await;
    assert_eq!(codes(&problem), [("/numbers/max_height", "out_of_range")]);
    server.stop().await;
}

fn declare(server: &Server, profile: &str, bytes: &[u8]) -> RequestBuilder {
    let pair = |key: &str, value: &str| format!("{key} {}", STANDARD.encode(value));
    let metadata = [pair("filename", "clip.mp4"), pair("profile", profile)].join(",");
    server
        .request(Method::POST, "/api/v1/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", bytes.len())
        .header("upload-metadata", metadata)
        .header("content-type", "application/offset+octet-stream")
        .body(bytes.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_clip_with_two_profiles_gets_different_rungs() {
    let program = crate::publish::tests::transcoder();
    let server = Server::with(|config| config.media.transcoder = program).await;
    let (status, problem) = refusal(declare(&server, "Cinema", b"x")).await;
    assert_eq!((status, problem.code.as_str()), (400, "unknown_profile"));
    assert!(problem.detail.contains("Small offices"), "{problem:?}");
    let low = json(
        server
            .request(Method::POST, LIST)
            .json(&profile("Low", 360)),
    )
    .await;
    let clip = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/media/big-buck-bunny-720p-5s.mp4"
    ));
    let clip = clip.expect("the clip");
    let mut made = Vec::new();
    for chosen in ["standard", &text(&low["id"])] {
        let answer = declare(&server, chosen, &clip)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 201);
        let title = answer.headers()["dms-title"].to_str().expect("text");
        made.push(title.to_owned());
    }
    let mut heights = Vec::new();
    for title in &made {
        server.published(title.parse().expect("an id")).await;
        let path = format!("/hls/{title}/master.m3u8");
        let master = server.request(Method::GET, &path).send().await;
        let master = master.expect("an answer").text().await.expect("text");
        let sizes = master.split("RESOLUTION=").skip(1);
        let sizes: Vec<_> = sizes
            .filter_map(|rest| rest.split([',', '\n']).next().map(str::to_owned))
            .collect();
        heights.push(sizes);
    }
    assert_eq!(
        heights[0],
        ["1280x720", "854x480", "640x360"],
        "{heights:?}"
    );
    assert_eq!(heights[1], ["640x360"], "{heights:?}");
    let title = server.get(&format!("/api/v1/titles/{}", made[1])).await;
    assert_eq!(title["made_with"]["name"], "Low", "{title}");
    assert_eq!(title["made_with"]["max_height"], 360);
    let title = server.get(&format!("/api/v1/titles/{}", made[0])).await;
    assert_eq!(title["made_with"]["name"], "Standard", "{title}");
    server.stop().await;
}
