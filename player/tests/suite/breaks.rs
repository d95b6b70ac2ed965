//! Breaks: what fills them is played where they are, told once, and never keeps the content from playing.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use swarm::content::Break;

use crate::{
    clip::{FPS, SECONDS, clip},
    gateway::{Serving, output},
    player::Desk,
    server::{Behaviour, Server},
};

const WHOLE: [&str; 6] = [
    "impression",
    "start",
    "first_quartile",
    "midpoint",
    "third_quartile",
    "complete",
];

/// A list of the clip itself, so many times.
fn list(times: usize) -> Value {
    let asset = json!({
        "URI": "/hls/x/master.m3u8",
        "DURATION": SECONDS as f64,
        "X-DMS": {"title": clip().manifest.title.to_string(), "name": "An ad", "why": {"kind": "slate", "text": "House."}},
    });
    json!({ "ASSETS": vec![asset; times] })
}

fn with_breaks(behaviour: &mut Behaviour, times: &[u64]) {
    behaviour.manifest.breaks = (1..)
        .zip(times)
        .map(|(id, at_ms)| Break {
            id,
            at_ms: *at_ms,
            ..Break::default()
        })
        .collect();
}

fn names(report: &Value) -> Vec<&str> {
    let events = report["events"].as_array().expect("events");
    events.iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_break_before_in_and_after_the_content_is_played_and_told() {
    let agent = Server::agent(|b| {
        with_breaks(b, &[0, 1_000, SECONDS * 1_000]);
        b.list = list(1);
    });
    let ran = Desk::new().agent(&agent).play(&[]);
    ran.played_everything();
    let breaks = ran.report["breaks"].as_array().expect("breaks");
    assert_eq!(breaks.len(), 3, "{}", ran.report);
    for one in breaks {
        assert_eq!(one["filled"], true, "{one}");
        assert_eq!(names(one), WHOLE, "{one}");
        assert_eq!(one["errors"], json!([]), "{one}");
        assert!(one["frames_decoded"].as_u64() > Some(0), "{one}");
    }
    let (lists, told) = agent.heard();
    let playbacks: BTreeSet<_> = lists.iter().filter_map(|l| l.split(' ').nth(1)).collect();
    assert_eq!((lists.len(), playbacks.len()), (3, 1), "{lists:?}");
    assert_eq!(told.len(), 3 * WHOLE.len(), "{told:?}");
    let once: BTreeSet<_> = told
        .iter()
        .map(|event| format!("{} {}", event["instance"], event["event"]))
        .collect();
    assert_eq!(once.len(), told.len());
}

#[test]
fn what_could_not_be_told_is_told_by_the_next_playback() {
    let deaf = Server::agent(|b| {
        with_breaks(b, &[0]);
        b.list = list(1);
        b.events_down = true;
    });
    let desk = Desk::new().agent(&deaf);
    let ran = desk.play(&[]);
    ran.played_everything();
    assert_eq!(names(&ran.report["breaks"][0]), WHOLE);
    let hears = Server::agent(|_| {});
    desk.agent_instead(&hears).play(&[]).played_everything();
    let (_, told) = hears.heard();
    assert_eq!(told.len(), WHOLE.len(), "{told:?}");
}

#[test]
fn the_content_plays_on_past_what_is_slow_empty_or_broken() {
    let mut nowhere = list(1);
    nowhere["ASSETS"][0]["X-DMS"]["title"] = uuid::Uuid::new_v4().to_string().into();
    let table = [
        (json!({ "ASSETS": [] }), Duration::ZERO, json!([])),
        (json!({ "ASSETS": "none" }), Duration::ZERO, json!([])),
        (list(1), Duration::from_secs(60), json!([])),
        (nowhere, Duration::ZERO, json!([401])),
    ];
    for (list, delay, errors) in table {
        let agent = Server::agent(|b| {
            with_breaks(b, &[1_000]);
            b.list = list.clone();
            b.list_delay = delay;
        });
        let ran = Desk::new().agent(&agent).play(&[]);
        ran.played_everything();
        let report = &ran.report["breaks"][0];
        assert_eq!(report["filled"], false, "{report}");
        assert_eq!(report["errors"], errors, "{report}");
    }
}

#[test]
fn without_ads_the_content_plays_alone_unless_a_break_holds() {
    let agent = Server::agent(|b| {
        with_breaks(b, &[0]);
        b.list = list(1);
    });
    let ran = Desk::new().agent(&agent).play(&["--no-ads"]);
    ran.played_everything();
    assert!(agent.heard().0.is_empty());
    let holds = Server::agent(|b| {
        with_breaks(b, &[0]);
        b.manifest.breaks[0].hold = true;
    });
    let desk = Desk::new().agent(&holds);
    desk.play(&["--no-ads"]).refused(2, "usage");
}

#[test]
fn the_gateway_hands_breaks_out_under_its_secret() {
    let agent = Server::agent(|b| {
        with_breaks(b, &[0, 2_000]);
        b.list = list(2);
        b.list["ASSETS"][1]["X-DMS"]["title"] = uuid::Uuid::new_v4().to_string().into();
    });
    let page = "https://player.example";
    let desk = Desk::new().agent(&agent);
    let serving = Serving::with(&desk, &["--allow-origin", page]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let http = reqwest::Client::builder().no_proxy().build();
    let http = http.expect("a client");
    let get = |url: &str, origin: &str| {
        runtime.block_on(async {
            let answer = http.get(url).header("origin", origin).send().await;
            let answer = answer.expect("an answer");
            let allowed = answer.headers().get("access-control-allow-origin").cloned();
            let allowed = allowed.map(|value| value.to_str().expect("text").to_owned());
            (
                answer.status().as_u16(),
                allowed,
                answer.text().await.unwrap_or_default(),
            )
        })
    };
    let base = serving.url.trim_end_matches("master.m3u8").to_owned();
    let version = clip().manifest.version;
    let media = format!("{base}{version}/2/index.m3u8");
    let (status, allowed, text) = get(&media, page);
    assert_eq!((status, allowed.as_deref()), (200, Some(page)));
    assert_eq!(get(&media, "https://evil.example").1, None);
    assert!(
        text.contains("X-ASSET-LIST=\"../../breaks/2/assets\""),
        "{text}"
    );

    let (status, _, text) = get(&format!("{base}breaks/2/assets?_HLS_primary_id=x"), page);
    assert_eq!(status, 200, "{text}");
    let list: Value = serde_json::from_str(&text).expect("a list");
    let assets = list["ASSETS"].as_array().expect("assets");
    if assets.len() != 1 {
        let log = serving.log();
        panic!("what has no licence is left out, and nothing else: {list} {log}");
    }
    let creative = assets[0]["URI"].as_str().expect("an address");
    assert_eq!(
        creative,
        format!("{base}ads/{}/master.m3u8", clip().manifest.title)
    );
    let elsewhere = creative.replace(
        &clip().manifest.title.to_string(),
        &uuid::Uuid::new_v4().to_string(),
    );
    assert_eq!(get(&elsewhere, page).0, 404);

    // Programs that know nothing of breaks play content and creative alike.
    for url in [&serving.url, creative] {
        is_read_whole(url);
    }
}

/// By a program of others, without a word of complaint.
fn is_read_whole(url: &str) {
    let mut probe = std::process::Command::new("ffprobe");
    let ran = output(probe.args([
        "-v",
        "error",
        "-count_frames",
        "-select_streams",
        "v:0",
        "-show_entries",
        "stream=nb_read_frames",
        "-of",
        "csv=p=0",
        url,
    ]));
    assert!(
        ran.stdout.contains(&(FPS * SECONDS).to_string()),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert_eq!(ran.stderr, "");
}
