//! The window, on a virtual display.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::{
    clip::{FPS, SECONDS, clip},
    player::{Desk, Ran},
    server::Server,
};

/// A virtual display; it ends with the value.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "800x600x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let mut number = String::new();
        let stdout = server.stdout.as_mut().expect("stdout is piped");
        BufReader::new(stdout)
            .read_line(&mut number)
            .expect("a display number");
        Self {
            server,
            name: format!(":{}", number.trim()),
        }
    }

    /// Presses a key over the window in the middle, once there is one; false if none comes.
    fn press(&self, key: &str) -> bool {
        let pressed = Command::new("timeout")
            .args(["20", "xdotool", "search", "--sync", "--onlyvisible"])
            .args(["--name", ".", "mousemove", "400", "300", "key", key])
            .env("DISPLAY", &self.name)
            .stdout(Stdio::null())
            .status();
        pressed.expect("xdotool is installed").success()
    }

    /// The colours on the screen, as lines of ImageMagick's histogram.
    fn colours(&self) -> BTreeSet<String> {
        let shot = Command::new("import")
            .args(["-window", "root", "-depth", "8", "rgb:-"])
            .env("DISPLAY", &self.name)
            .output()
            .expect("ImageMagick is installed");
        shot.stdout.chunks_exact(3).map(hex::encode).collect()
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn play(desk: &Desk, display: &Display, sound: &str) -> Child {
    let title = clip().manifest.title.to_string();
    let arguments = [
        title.as_str(),
        "--report",
        "json",
        "--quality",
        "highest",
        "-v",
    ];
    let mut command = desk.command("play", &arguments);
    command
        .env("DISPLAY", &display.name)
        .env("SDL_AUDIODRIVER", sound);
    command.spawn().expect("the player starts")
}

fn finish(child: Child) -> Ran {
    let output: Output = child.wait_with_output().expect("it ends");
    Ran::of(output)
}

/// Looks at the screen until it shows a picture; the most colours seen.
fn most_colours(display: &Display, child: &mut Child) -> usize {
    let began = Instant::now();
    let mut most = 0;
    while most < 50 && began.elapsed() < Duration::from_secs(20) {
        most = most.max(display.colours().len());
        if child.try_wait().expect("a state").is_some() {
            break;
        }
    }
    most
}

#[test]
fn a_window_shows_the_picture_and_plays_to_the_end() {
    let agent = Server::agent(|_| {});
    let display = Display::start();
    assert_eq!(
        display.colours().len(),
        1,
        "an empty display has one colour"
    );
    let desk = Desk::new().agent(&agent);
    let began = Instant::now();
    let mut child = play(&desk, &display, "dummy");
    let colours = most_colours(&display, &mut child);
    let ran = finish(child);
    ran.played_everything();
    assert!(colours >= 50, "{colours} colours: {}", ran.stderr);
    assert_eq!(ran.number("stalls"), 0, "{}", ran.stderr);
    let took = began.elapsed();
    assert!(
        took >= Duration::from_secs(SECONDS),
        "in real time: {took:?}"
    );
    assert!(ran.stderr.contains("driver=\"dummy\""), "{}", ran.stderr);
    assert!(ran.number("startup_ms") > 0);
}

#[test]
fn after_a_seek_the_rest_is_counted_and_a_missing_frame_is_an_error() {
    // Five seconds forward in four: the last segment is left.
    let seek = |agent: &Server| {
        let (display, desk) = (Display::start(), Desk::new().agent(agent));
        let child = play(&desk, &display, "dummy");
        let pressed = display.press("Right");
        let ran = finish(child);
        assert!(pressed, "no window: {}", ran.stderr);
        assert!(ran.stderr.contains("seek"), "{}", ran.stderr);
        assert_eq!(ran.number("frames_decoded"), FPS, "{}", ran.stdout);
        ran
    };
    let ran = seek(&Server::agent(|_| {}));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran = seek(&Server::agent(|b| {
        b.manifest.tracks[1].segments[4].samples += 1;
    }));
    ran.refused(1, "wrong_frame_count");
}

#[test]
fn without_a_sound_device_it_says_so_and_plays() {
    let agent = Server::agent(|_| {});
    let display = Display::start();
    let desk = Desk::new().agent(&agent);
    let began = Instant::now();
    let ran = finish(play(&desk, &display, "none-such"));
    ran.played_everything();
    assert!(
        ran.stderr.contains("There is no sound device"),
        "{}",
        ran.stderr
    );
    assert!(began.elapsed() >= Duration::from_secs(SECONDS));
}

#[test]
fn without_a_display_the_error_names_the_way_out() {
    let agent = Server::agent(|_| {});
    let title = clip().manifest.title.to_string();
    let desk = Desk::new().agent(&agent);
    let mut command = desk.command("play", &[&title]);
    command.env("SDL_VIDEODRIVER", "x11");
    let ran = Ran::of(command.output().expect("the player starts"));
    ran.refused(1, "window_failed");
    assert!(ran.stderr.contains("--headless"), "{}", ran.stderr);
}
