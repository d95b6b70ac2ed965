//! The program around the job: its command line, its sandbox, and a parent that goes away.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use dms_transcoder_protocol::JobSpec;

use crate::clips::{Clips, frames};
use crate::harness::program;

#[test]
fn the_sandbox_refuses_what_it_must() {
    let output = program().arg("--sandbox-selftest").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        said.lines()
            .filter(|line| line.ends_with(": refused"))
            .count(),
        14,
        "{said}"
    );
    assert_eq!(
        said.lines()
            .filter(|line| line.ends_with(": works"))
            .count(),
        2,
        "{said}"
    );
}

#[test]
fn help_explains_and_wrong_use_is_told() {
    let output = program().arg("--help").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("--to-dir") && said.contains("Exit codes"));

    let piped = program()
        .arg("--probe")
        .stdin(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(piped.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&piped.stderr).contains("< FILE"));

    let wrong = program()
        .arg("nonsense")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    let other = JobSpec {
        protocol: 999,
        ..JobSpec::default()
    };
    let other = program()
        .arg(other.to_argument())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("same version"));
}

#[test]
fn probing_tells_what_a_source_is() {
    let clips = Clips::new();
    let source = File::open(clips.ordinary("a.mp4", &[])).unwrap();
    let output = program().arg("--probe").stdin(source).output().unwrap();
    assert!(output.status.success());
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["video"]["codec"], "h264");
    assert_eq!(told["duration_ms"], 5_000);
    assert_eq!(told["renditions"].as_array().unwrap().len(), 2);

    let text = File::open(clips.write("a.txt", b"hello, this is not a video")).unwrap();
    let output = program().arg("--probe").stdin(text).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["code"], "not_video");
}

#[test]
fn people_get_a_folder_that_plays() {
    let clips = Clips::new();
    let source = clips.ordinary("a.mp4", &[]);
    let folder = clips.path("out");
    std::fs::create_dir(&folder).unwrap();
    let run = || {
        let mut command = program();
        command
            .arg("--to-dir")
            .arg(&folder)
            .stdin(File::open(&source).unwrap());
        command.output().unwrap()
    };
    let first = run();
    assert!(
        first.status.success(),
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );
    assert_eq!(frames(&folder.join("1-video-180/track.mp4")), 125);
    assert!(folder.join("2-audio-und/2.m4s").is_file());
    assert!(folder.join("poster.jpg").is_file() && folder.join("sprites.jpg").is_file());
    assert_eq!(
        run().status.code(),
        Some(2),
        "a folder with files in it is not written over"
    );
}

#[test]
fn a_parent_that_goes_away_ends_the_child() {
    let clips = Clips::new();
    let long = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=640x360:rate=30:duration=20",
    ];
    let source = clips.make("a.mp4", &[&long, crate::clips::H264]);
    let mut child = program()
        .arg(JobSpec::default().to_argument())
        .stdin(File::open(source).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut [0; 4]).unwrap();
    drop(pipe);
    assert_eq!(child.wait().unwrap().code(), Some(74));
}
