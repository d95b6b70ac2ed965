//! The loopback HLS gateway, played by programs that are not ours.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command},
};

use crate::{
    clip::{FPS, SECONDS, clip},
    player::{Desk, Ran},
    server::{Server, TOKEN},
};

/// A serving player; stopped with the value.
pub struct Serving {
    child: Child,
    pub url: String,
}

impl Serving {
    fn start(desk: &Desk) -> Self {
        Self::with(desk, &[])
    }

    pub fn with(desk: &Desk, arguments: &[&str]) -> Self {
        let title = clip().manifest.title.to_string();
        let arguments = [&[title.as_str(), "-vvv"], arguments].concat();
        let mut child = desk.spawn("serve", &arguments);
        let mut url = String::new();
        let stdout = child.stdout.as_mut().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut url).expect("a line");
        Self {
            child,
            url: url.trim().to_owned(),
        }
    }

    /// Stops the player and returns what it logged.
    pub fn log(mut self) -> String {
        self.child.kill().expect("it runs");
        let mut log = String::new();
        let stderr = self.child.stderr.as_mut().expect("stderr is piped");
        stderr.read_to_string(&mut log).expect("text");
        log
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn output(command: &mut Command) -> Ran {
    Ran::of(command.output().expect("the program is installed"))
}

#[test]
fn ffprobe_counts_every_frame_of_every_rendition() {
    let agent = Server::agent(|_| {});
    let serving = Serving::start(&Desk::new().agent(&agent));
    let ran = output(Command::new("ffprobe").args([
        "-v",
        "error",
        "-count_frames",
        "-show_entries",
        "stream=codec_type,width,nb_read_frames",
        "-of",
        "csv=p=0",
        &serving.url,
    ]));
    let frames = FPS * SECONDS;
    for line in [format!("video,320,{frames}"), format!("video,640,{frames}")] {
        assert!(
            ran.stdout.contains(&line),
            "{line} in {}{}",
            ran.stdout,
            ran.stderr
        );
    }
    assert!(ran.stdout.contains("audio,"), "{}", ran.stdout);
}

#[test]
fn mpv_and_ffplay_play_to_the_end() {
    let agent = Server::agent(|_| {});
    let serving = Serving::start(&Desk::new().agent(&agent));
    let ran = output(Command::new("mpv").args([
        "--no-config",
        "--vo=null",
        "--ao=null",
        "--msg-level=all=warn",
        "--term-status-msg=at=${=time-pos} drops=${frame-drop-count}",
        &serving.url,
    ]));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let ran = output(
        Command::new("ffplay")
            .args(["-autoexit", "-loglevel", "error", &serving.url])
            .env("SDL_VIDEODRIVER", "dummy")
            .env("SDL_AUDIODRIVER", "dummy"),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!ran.stderr.contains("error"), "{}", ran.stderr);
}

#[test]
fn the_secret_and_the_host_must_be_exact() {
    let agent = Server::agent(|_| {});
    let serving = Serving::start(&Desk::new().agent(&agent));
    let url = reqwest::Url::parse(&serving.url).expect("a URL");
    let secret = url.path().split('/').nth(1).expect("a secret").to_owned();
    assert!(secret.len() * 4 >= 128, "{} bits", secret.len() * 4);
    let origin = url.origin().ascii_serialization();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let status = |method: reqwest::Method, path: &str, host: Option<&str>| {
        let mut request = http.request(method, format!("{origin}{path}"));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        runtime
            .block_on(request.send())
            .expect("an answer")
            .status()
            .as_u16()
    };
    let get = |path: &str| status(reqwest::Method::GET, path, None);
    let version = clip().manifest.version;
    let (master, header) = (
        format!("/{secret}/master.m3u8"),
        format!("/{secret}/{version}/2/0.m4s"),
    );
    assert_eq!((get(&master), get(&header)), (200, 200));
    assert_eq!(get("/"), 404);
    assert_eq!(get("/master.m3u8"), 404);
    let wrong = secret.replacen(
        &secret[..1],
        if secret.starts_with('0') { "1" } else { "0" },
        1,
    );
    assert_eq!(get(&format!("/{wrong}/master.m3u8")), 404);
    assert_eq!(get(&format!("/{}/master.m3u8", &secret[1..])), 404);
    for path in [
        "8/2/1.m4s",
        "7/9/1.m4s",
        "7/2/99.m4s",
        "7/2/x.m4s",
        "7/2/1.ts",
    ] {
        assert_eq!(get(&format!("/{secret}/{path}")), 404, "{path}");
    }
    let rebound = status(reqwest::Method::GET, &master, Some("evil.example"));
    assert_eq!(rebound, 421);
    assert_eq!(status(reqwest::Method::POST, &master, None), 405);

    let log = serving.log();
    assert!(log.contains("licence granted"), "the log is verbose: {log}");
    assert!(
        !log.contains(&secret) && !log.contains(TOKEN),
        "no secret is logged"
    );
}

#[test]
fn a_licence_without_third_party_players_is_kept() {
    let third_party_players = false;
    let agent = Server::agent(|b| b.third_party_players = third_party_players);
    let title = clip().manifest.title.to_string();
    let desk = Desk::new().agent(&agent);
    let ran = desk.run("serve", &[&title]);
    ran.refused(4, "third_party_forbidden");
    assert_eq!(ran.stdout, "", "no address is printed");
    desk.play(&[]).played_everything();
}

#[test]
fn the_gateway_listens_on_loopback_only() {
    let agent = Server::agent(|_| {});
    let title = clip().manifest.title.to_string();
    let desk = Desk::new().agent(&agent);
    desk.run("serve", &[&title, "--listen", "0.0.0.0:0"])
        .refused(2, "usage");
}

#[test]
fn a_tampered_chunk_never_leaves_the_gateway() {
    let tampered = Some(clip().chunk_of(crate::clip::LARGE, 2));
    let agent = Server::agent(|b| b.tampered = tampered);
    let serving = Serving::start(&Desk::new().agent(&agent));
    let base = serving.url.trim_end_matches("master.m3u8");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let version = clip().manifest.version;
    let get = |segment: usize| {
        let url = format!("{base}{version}/2/{segment}.m4s");
        let answer = runtime.block_on(http.get(url).send()).expect("an answer");
        (answer.status().as_u16(), runtime.block_on(answer.text()))
    };
    assert_eq!(get(1).0, 200);
    let (status, text) = get(2);
    assert_eq!(status, 502);
    assert!(text.expect("text").starts_with("corrupt_chunk"));
}
