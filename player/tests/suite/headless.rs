//! Playing without a window.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    clip::{FPS, LARGE, SECONDS, SMALL, SOUND, clip},
    player::{Desk, Ran},
    server::{Licensing, Server},
};

/// The one file of a folder.
fn only_file(folder: &Path) -> PathBuf {
    let mut entries = std::fs::read_dir(folder).expect("a folder");
    let entry = entries.next().expect("a file").expect("a file");
    assert!(entries.next().is_none(), "one file in {}", folder.display());
    entry.path()
}

#[test]
fn every_frame_is_decoded_exactly_and_bytes_are_counted_by_source() {
    let agent = Server::agent(|_| {});
    let ran = Desk::new().agent(&agent).play(&["--frames-sha256"]);
    ran.played_everything();
    assert_eq!(clip().samples(LARGE), FPS * SECONDS);
    assert_eq!(
        ran.report["frames_sha256"],
        clip().large_sha256.as_str(),
        "the same pictures"
    );
    assert_eq!(ran.report["path"], "agent");
    assert_eq!(ran.number("bytes/peer"), clip().sealed_bytes(LARGE));
    assert_eq!(ran.number("bytes/cache"), clip().sealed_bytes(SOUND));
    assert_eq!(ran.number("bytes/origin"), 0);
    let total = clip().sealed_bytes(LARGE) + clip().sealed_bytes(SOUND);
    assert_eq!(ran.number("bytes_total"), total);
    assert_eq!(ran.number("stalls"), 0);
    assert_eq!(ran.number("version"), clip().manifest.version);
    assert_eq!(ran.number("duration_ms"), SECONDS * 1000);
    let startup = ran.number("startup_ms");
    assert!((1..5000).contains(&startup), "{startup} ms");
}

#[test]
fn without_an_agent_the_dms_serves() {
    let dms = Server::dms(|_| {});
    let ran = Desk::new().no_agent().dms(&dms).play(&["--quality", "180"]);
    ran.played_everything();
    assert_eq!(ran.report["path"], "dms");
    let bytes = clip().sealed_bytes(SMALL) + clip().sealed_bytes(SOUND);
    assert_eq!(ran.number("bytes/origin"), bytes);
    assert_eq!(ran.report["tracks"][0]["height"], 180);
}

#[test]
fn a_watch_page_names_title_and_dms() {
    let dms = Server::dms(|_| {});
    let desk = Desk::new().no_agent();
    let token = desk.path("token").display().to_string();
    let page = format!("{}/watch/{}", dms.url(), clip().manifest.title);
    let arguments = [
        &page,
        "--headless",
        "--fast",
        "--report",
        "json",
        "--token-file",
        &token,
    ];
    desk.run("play", &arguments).played_everything();
}

#[test]
fn real_time_takes_the_playing_time() {
    let agent = Server::agent(|_| {});
    let title = clip().manifest.title.to_string();
    let began = Instant::now();
    let desk = Desk::new().agent(&agent);
    let ran = desk.run("play", &[&title, "--headless", "--report", "json"]);
    ran.played_everything();
    let took = began.elapsed();
    let whole = Duration::from_secs(SECONDS);
    assert!(took >= whole && took < whole * 4, "{took:?}");
    assert_eq!(ran.number("stalls"), 0);
}

#[test]
fn automatic_quality_changes_the_rendition_without_losing_a_frame() {
    let agent = Server::agent(|_| {});
    let ran = Desk::new().agent(&agent).play(&["--quality", "auto"]);
    ran.played_everything();
    let played: Vec<_> = ran.report["tracks"]
        .as_array()
        .expect("tracks")
        .iter()
        .filter_map(|track| track["height"].as_u64())
        .collect();
    assert_eq!(played, [180, 360], "it starts low and rises");
}

#[test]
fn starting_later_plays_the_rest() {
    let agent = Server::agent(|_| {});
    let ran = Desk::new().agent(&agent).play(&["--start", "2.5"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // The segments of the third and the fourth second.
    assert_eq!(ran.number("frames_decoded"), 2 * FPS);
    assert_eq!(ran.number("stalls"), 0);
    let whole = Desk::new().agent(&agent).play(&["--start", "600"]);
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    assert_eq!(whole.number("frames_decoded"), FPS, "the last segment");
}

#[test]
fn a_slow_server_makes_stalls_that_are_counted() {
    for (pace, slack) in [(Some("--fast"), 900), (None, 900)] {
        // Segment 3 covers the third second; it comes 3 s after it was asked for.
        let slow = Some((clip().chunk_of(LARGE, 3), Duration::from_secs(4)));
        let agent = Server::agent(|b| b.slow = slow);
        let title = clip().manifest.title.to_string();
        let mut arguments = vec![title.as_str(), "--headless", "--report", "json"];
        arguments.extend(pace);
        let ran = Desk::new().agent(&agent).run("play", &arguments);
        ran.played_everything();
        assert_eq!(ran.number("stalls"), 1, "{pace:?} {}", ran.stdout);
        // It is asked for at about 0 s and needed at 2 s.
        let stalled = ran.number("stalled_ms");
        assert!(stalled.abs_diff(2000) < slack, "{pace:?}: {stalled} ms");
    }
}

#[test]
fn a_tampered_chunk_is_refused() {
    let tampered = Some(clip().chunk_of(LARGE, 2));
    let agent = Server::agent(|b| b.tampered = tampered);
    let ran = Desk::new().agent(&agent).play(&[]);
    ran.refused(5, "corrupt_chunk");
    assert!(
        ran.number("frames_decoded") <= FPS,
        "nothing after the bad chunk"
    );
    assert!(
        ran.report["errors"][0]
            .as_str()
            .expect("an error")
            .starts_with("corrupt_chunk")
    );
}

#[test]
fn a_chunk_that_the_agent_corrupts_comes_from_the_dms() {
    let tampered = Some(clip().chunk_of(LARGE, 2));
    let agent = Server::agent(|b| b.tampered = tampered);
    let dms = Server::dms(|_| {});
    let ran = Desk::new()
        .agent(&agent)
        .dms(&dms)
        .play(&["--frames-sha256"]);
    ran.played_everything();
    assert_eq!(ran.report["frames_sha256"], clip().large_sha256.as_str());
    assert_eq!(ran.report["path"], "dms");
    assert!(
        ran.report["notes"][0]
            .as_str()
            .expect("a note")
            .starts_with("corrupt_chunk")
    );
}

#[test]
fn an_agent_that_fails_while_playing_is_replaced_by_the_dms() {
    let agent = Server::agent(|b| b.dies_after = 4);
    let dms = Server::dms(|_| {});
    let ran = Desk::new().agent(&agent).dms(&dms).play(&[]);
    ran.played_everything();
    assert_eq!(ran.report["path"], "dms");
    assert!(agent.chunks_served() > 4 && dms.chunks_served() > 0);
    assert!(ran.number("bytes/origin") > 0);
    assert!(ran.number("bytes/cache") + ran.number("bytes/peer") > 0);
}

#[test]
fn a_chunk_that_never_comes_from_the_agent_comes_from_the_dms() {
    let slow = Some((clip().chunk_of(LARGE, 3), Duration::from_secs(3600)));
    let agent = Server::agent(|b| b.slow = slow);
    let dms = Server::dms(|_| {});
    let began = Instant::now();
    let ran = Desk::new().agent(&agent).dms(&dms).play(&[]);
    ran.played_everything();
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(dms.chunks_served(), 1, "only that one");
    assert_eq!(ran.report["path"], "agent");
}

#[test]
fn ctrl_c_ends_at_once_with_a_report() {
    // The first pictures never come; the player waits in the network.
    let slow = Some((clip().chunk_of(LARGE, 1), Duration::from_secs(3600)));
    let agent = Server::agent(|b| b.slow = slow);
    let title = clip().manifest.title.to_string();
    let desk = Desk::new().agent(&agent);
    let child = desk.spawn("play", &[&title, "--headless", "--report", "json"]);
    while agent.chunks_served() == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let began = Instant::now();
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.expect("kill is a command").success());
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    ran.refused(130, "interrupted");
    assert_eq!(ran.number("frames_decoded"), 0);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn licences_are_checked() {
    let table = [
        (Licensing::Deny, "not_licensed"),
        (Licensing::Expired, "license_expired"),
        (Licensing::OtherSigner, "license_invalid"),
        (Licensing::OtherDevice, "license_invalid"),
        (Licensing::OtherRecipient, "license_invalid"),
        (Licensing::OtherVersion, "license_invalid"),
    ];
    for (licensing, code) in table {
        let agent = Server::agent(|b| b.licensing = licensing);
        let ran = Desk::new().agent(&agent).play(&[]);
        ran.refused(4, code);
        assert_eq!(
            agent.chunks_served(),
            0,
            "{code}: nothing is fetched without a licence"
        );
    }
}

#[test]
fn a_title_longer_than_its_licence_plays_on() {
    let title = clip().manifest.title.to_string();
    // Only a second is fetched ahead: the last segments are opened when the first licence is over.
    let watch = ["--headless", "--report", "json", "--buffer", "1", &title];
    let agent = Server::agent(|b| b.license_for = Duration::from_secs(2));
    let ran = Desk::new().agent(&agent).run("play", &watch);
    ran.played_everything();
    assert!(agent.licenses_asked() > 1, "it was not renewed");

    // An agent that gives no second one is passed by.
    let agent = Server::agent(|b| (b.license_for, b.licenses) = (Duration::from_secs(2), 1));
    let dms = Server::dms(|_| {});
    let ran = Desk::new().agent(&agent).dms(&dms).run("play", &watch);
    ran.played_everything();
    assert!(agent.licenses_asked() > 1 && dms.licenses_asked() == 1);
    assert_eq!(dms.chunks_served(), 0, "chunks still come by the agent");
}

#[test]
fn a_licence_for_the_small_rendition_plays_only_that() {
    let tracks = vec![SMALL.0, SOUND.0];
    let agent = Server::agent(|b| b.tracks = tracks);
    let ran = Desk::new().agent(&agent).play(&["--quality", "highest"]);
    ran.played_everything();
    assert_eq!(ran.report["tracks"][0]["height"], 180);
}

#[test]
fn sound_alone_and_a_silent_picture_play() {
    for (keep, frames, packets) in [
        (SOUND, 0, clip().samples(SOUND)),
        (LARGE, clip().samples(LARGE), 0),
    ] {
        let mut manifest = clip().manifest.clone();
        manifest.tracks.retain(|track| track.id == keep);
        let agent = Server::agent(|b| b.manifest = manifest);
        let ran = Desk::new().agent(&agent).play(&[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(ran.number("frames_decoded"), frames);
        assert_eq!(ran.number("audio_packets_decoded"), packets);
        assert!(ran.number("startup_ms") > 0);
    }
}

#[test]
fn a_wrong_frame_count_fails() {
    let mut manifest = clip().manifest.clone();
    manifest.tracks[1].segments[2].samples += 1;
    let agent = Server::agent(|b| b.manifest = manifest);
    let ran = Desk::new().agent(&agent).play(&[]);
    ran.refused(1, "wrong_frame_count");
    assert_eq!(
        ran.number("frames_expected"),
        ran.number("frames_decoded") + 1
    );
}

#[test]
fn what_cannot_be_found_or_reached_says_so() {
    let agent = Server::agent(|_| {});
    let nobody = "0196f0c2-7d3a-7c11-8a3e-000000000001";
    let ran = Desk::new()
        .agent(&agent)
        .run("play", &[nobody, "--headless"]);
    ran.refused(3, "title_not_found");

    let address = agent.url();
    drop(agent);
    let title = clip().manifest.title.to_string();
    let gone = ["--headless", "--agent", &address, &title];
    Desk::new()
        .run("play", &gone)
        .refused(7, "agent_unreachable");
    let gone = ["--headless", "--no-agent", "--dms", &address, &title];
    Desk::new().run("play", &gone).refused(7, "unreachable");

    let dms = Server::dms(|b| b.not_ready = true);
    Desk::new()
        .no_agent()
        .dms(&dms)
        .play(&[])
        .refused(6, "title_not_ready");

    let dms = Server::dms(|_| {});
    let ran = Desk::new()
        .no_agent()
        .run("play", &["--headless", "--dms", &dms.url(), &title]);
    ran.refused(4, "sign_in_needed");
    Desk::new()
        .run("play", &["film", "--headless"])
        .refused(2, "usage");
}

#[test]
fn changed_keys_are_refused_until_accepted() {
    let desk = |server: &Server| Desk::new().no_agent().dms(server);
    let honest = Server::dms(|_| {});
    let first = desk(&honest);
    first.play(&[]).played_everything();
    // The keys are pinned by address: the same pins meet another server.
    let other = Server::dms(|b| b.other_keys = true);
    let second = desk(&other);
    let copied = second.path("state");
    std::fs::create_dir_all(copied.join("trust")).expect("a folder");
    let pin = only_file(&first.path("state").join("trust"));
    let ran = second.play(&[]);
    assert_eq!(
        ran.code,
        Some(0),
        "first use of this address: {}",
        ran.stderr
    );
    std::fs::copy(pin, only_file(&copied.join("trust"))).expect("copied");
    second.play(&[]).refused(6, "keys_changed");
    second.play(&["--accept-new-keys"]).played_everything();
    second.play(&[]).played_everything();
}

#[test]
fn an_older_version_than_seen_is_refused() {
    let dms = Server::dms(|_| {});
    let desk = Desk::new().no_agent().dms(&dms);
    desk.play(&[]).played_everything();
    let seen = only_file(&desk.path("state").join("titles"));
    let text = std::fs::read_to_string(&seen).expect("json");
    let newer = text.replace("\"version\": 7", "\"version\": 8");
    assert_ne!(text, newer);
    std::fs::write(&seen, newer).expect("written");
    desk.play(&[]).refused(5, "manifest_invalid");
}
