//! Saved titles: played without the DMS, for as long and as often as their licence says, and told of afterwards.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};

use crate::{
    clip::{LARGE, SECONDS, SMALL, SOUND, clip},
    player::{Desk, Ran},
    server::{Licensing, Server},
};

fn title() -> String {
    clip().manifest.title.to_string()
}

fn keep(desk: &Desk, more: &[&str]) -> Ran {
    let title = title();
    let arguments: Vec<&str> = [title.as_str(), "--json"]
        .iter()
        .chain(more)
        .copied()
        .collect();
    desk.run("keep", &arguments)
}

/// A desk with the clip saved, and the agent, whose DMS is away from now on.
fn saved(change: impl FnOnce(&mut crate::server::Behaviour)) -> (Desk, Server) {
    let agent = Server::agent(change);
    let desk = Desk::new().agent(&agent);
    let ran = keep(&desk, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    agent.away(true);
    (desk, agent)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (entry, target) = entry
            .map(|e| (e.path(), to.join(e.file_name())))
            .expect("an entry");
        match entry.is_dir() {
            true => copy(&entry, &target),
            false => _ = fs::copy(&entry, &target).expect("a copy"),
        }
    }
}

#[test]
fn a_saved_title_plays_without_the_dms_and_what_was_played_is_told() {
    let (desk, agent) = saved(|_| {});
    assert_eq!(agent.kept(), Some(json!([LARGE.0, SOUND.0])));
    let asked = agent.licenses_asked();
    let ran = desk.play(&[]);
    ran.played_everything();
    assert_eq!(ran.report["offline"], true);
    assert_eq!(
        agent.licenses_asked(),
        asked,
        "nothing was asked for that came"
    );
    let told = agent.told();
    let play = &told.last().expect("a report")["plays"][0];
    assert_eq!(
        (&play["played_ms"], &play["offline"]),
        (&json!(SECONDS * 1000), &json!(true))
    );
    assert!(told.last().expect("a report")["watch"]["counter"].as_u64() > Some(0));
    let plays = desk.path("state/offline/plays");
    assert_eq!(
        fs::read_dir(plays).expect("a folder").count(),
        0,
        "it is told once"
    );

    // With the DMS there again the title plays as any other, and is told as such.
    agent.away(false);
    let ran = desk.play(&[]);
    ran.played_everything();
    assert_eq!(ran.report["offline"], false);
    let play = agent.told().last().expect("a report")["plays"][0].clone();
    assert_eq!(play["offline"], false);
    assert_eq!(play["played_ms"], SECONDS * 1000);
}

#[test]
fn only_the_rendition_that_was_saved_is_played() {
    let agent = Server::agent(|_| {});
    let desk = Desk::new().agent(&agent);
    assert_eq!(keep(&desk, &["--quality", "180"]).code, Some(0));
    assert_eq!(agent.kept(), Some(json!([SMALL.0, SOUND.0])));
    agent.away(true);
    let ran = desk.play(&["--quality", "highest"]);
    ran.played_everything();
    assert_eq!(ran.report["tracks"][0]["height"], 180);
    keep(&desk, &["--quality", "auto"]).refused(2, "usage");
}

#[test]
fn a_budget_is_ten_plays_and_a_restored_folder_is_told_of() {
    let (desk, agent) = saved(|_| {});
    let (state, before) = (desk.path("state"), desk.path("before"));
    copy(&state, &before);
    for play in 0..10 {
        assert_eq!(desk.play(&[]).code, Some(0), "play {play}");
    }
    let ran = desk.play(&[]);
    ran.refused(4, "not_offline");
    assert!(ran.stderr.contains("used up"), "{}", ran.stderr);
    // Saving it again gives it a licence with a budget of its own, and tells how often the watch was stored.
    agent.away(false);
    assert_eq!(keep(&desk, &[]).code, Some(0));
    let counted = agent
        .contacts()
        .last()
        .expect("asked")
        .expect("a watch")
        .counter;
    assert!(counted > 10, "{counted}");
    // An older folder has its old budget back; the DMS hears an older count.
    fs::remove_dir_all(&state).expect("removed");
    copy(&before, &state);
    agent.away(true);
    assert_eq!(desk.play(&[]).code, Some(0));
    agent.away(false);
    assert_eq!(keep(&desk, &[]).code, Some(0));
    let older = agent
        .contacts()
        .last()
        .expect("asked")
        .expect("a watch")
        .counter;
    assert!(older < counted, "{older} after {counted}");
}

#[test]
fn a_saved_title_opens_on_its_device_with_its_secrets_only() {
    let (desk, _agent) = saved(|_| {});
    let other = Server::agent(|b| b.device = [7; 16]);
    other.away(true);
    let elsewhere = Desk::new().agent(&other);
    copy(&desk.path("state"), &elsewhere.path("state"));
    // Its agent is another device's: the licence is not for it.
    let trust = elsewhere.path("state/trust");
    fs::remove_dir_all(trust).expect("removed");
    elsewhere.play(&[]).refused(4, "license_invalid");

    let offline = desk.path("state/offline");
    let name = |ending: &str| offline.join(format!("{}.{ending}", title()));
    let table = [
        (name("key"), 1, "state_unusable"),
        (name("license"), 4, "license_invalid"),
        (name("manifest"), 5, "manifest_invalid"),
        (offline.join("watch.sealed"), 4, "not_offline"),
        (offline.join("watch.key"), 4, "not_offline"),
    ];
    for (file, exit, code) in table {
        let good = fs::read(&file).expect("a file");
        let mut bad = good.clone();
        match file.extension().is_some_and(|x| x == "key") {
            true => bad.truncate(31),
            false => *bad.last_mut().expect("bytes") ^= 1,
        }
        fs::write(&file, &bad).expect("written");
        let ran = desk.play(&[]);
        assert_ne!(ran.code, Some(0), "{}", file.display());
        if bad.len() == good.len() {
            ran.refused(exit, code);
        }
        fs::write(&file, &good).expect("written");
    }
    assert_eq!(desk.play(&[]).code, Some(0), "all is as it was");

    let key = name("key");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&key, open).expect("changed");
    let ran = desk.play(&[]);
    ran.refused(1, "state_unusable");
    assert!(ran.stderr.contains("chmod 600"), "{}", ran.stderr);
}

#[test]
fn a_licence_that_is_over_or_was_never_given_plays_nothing() {
    let (desk, _agent) = saved(|b| b.license_for = Duration::from_millis(2500));
    std::thread::sleep(Duration::from_millis(2600));
    desk.play(&[]).refused(4, "license_expired");

    let agent = Server::agent(|b| b.offline = false);
    let desk = Desk::new().agent(&agent);
    keep(&desk, &[]).refused(4, "not_licensed");
    assert_eq!(agent.kept(), None, "nothing is kept that cannot be played");
    agent.away(true);
    desk.play(&[]).refused(7, "unreachable");
}

#[test]
fn what_the_dms_refuses_is_not_played_from_what_is_saved() {
    let agent = Server::agent(|_| {});
    let desk = Desk::new().agent(&agent);
    assert_eq!(keep(&desk, &[]).code, Some(0));
    // The same computer, the same keys, a DMS that has changed its mind.
    let strict = Server::agent(|b| b.licensing = Licensing::Deny);
    let desk = desk.agent_instead(&strict);
    desk.play(&[]).refused(4, "not_licensed");
}

#[test]
fn a_saved_title_that_was_taken_back_is_gone_at_the_next_contact() {
    // Elsewhere, with contact: what was saved plays, until it is taken back.
    let (desk, agent) = saved(|_| {});
    agent.away(false);
    agent.elsewhere();
    let ran = desk.play(&[]);
    ran.played_everything();
    assert_eq!(ran.report["offline"], true);
    agent.withdraw();
    desk.play(&[]).refused(4, "license_withdrawn");
    agent.away(true);
    desk.play(&[]).refused(7, "unreachable");

    // Contact comes while it plays.
    let (desk, agent) = saved(|_| {});
    let watch = [
        "--headless",
        "--report",
        "json",
        "--ask-every",
        "0.3",
        &title(),
    ];
    let mut playing = desk.spawn("play", &watch);
    while agent.chunks_served() == 0 {
        assert!(playing.try_wait().expect("it runs").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    agent.withdraw();
    agent.away(false);
    let ran = Ran::of(playing.wait_with_output().expect("it ends"));
    ran.refused(4, "license_withdrawn");
    agent.away(true);
    desk.play(&[]).refused(7, "unreachable");
}

#[test]
fn saved_titles_are_listed_and_forgotten() {
    let (desk, agent) = saved(|_| {});
    let list = |desk: &Desk| {
        let state = desk.path("state").display().to_string();
        let mut command = desk.bare("kept");
        let output = command.args(["--state", &state, "--json"]).output();
        let text = String::from_utf8(output.expect("it runs").stdout).expect("text");
        serde_json::from_str::<Value>(&text).expect("JSON")["items"].clone()
    };
    let items = list(&desk);
    assert_eq!(items[0]["title"], title());
    assert_eq!(items[0]["tracks"], json!([LARGE.0, SOUND.0]));
    assert_eq!(desk.run("forget", &[&title()]).code, Some(0));
    assert_eq!(agent.kept(), None);
    assert_eq!(list(&desk), json!([]));
    desk.run("forget", &[&title()]).refused(3, "not_saved");
    desk.play(&[]).refused(7, "unreachable");
    let left = fs::read_dir(desk.path("state/offline")).expect("a folder");
    let left: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains(&title())),
        "{left:?}"
    );
}

#[test]
fn a_withdrawn_licence_ends_the_playing() {
    let agent = Server::agent(|_| {});
    agent.withdraw();
    let watch = [
        "--headless",
        "--report",
        "json",
        "--ask-every",
        "0.3",
        &title(),
    ];
    let ran = Desk::new().agent(&agent).run("play", &watch);
    ran.refused(4, "license_withdrawn");
    assert!(
        ran.number("frames_decoded") < clip().samples(LARGE),
        "{}",
        ran.stdout
    );
    // Nobody who can be asked: it plays on.
    let agent = Server::agent(|_| {});
    let desk = Desk::new().agent(&agent);
    let mut playing = desk.spawn("play", &watch);
    while agent.chunks_served() == 0 {
        assert!(playing.try_wait().expect("it runs").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    agent.away(true);
    let ran = Ran::of(playing.wait_with_output().expect("it ends"));
    ran.played_everything();
}
