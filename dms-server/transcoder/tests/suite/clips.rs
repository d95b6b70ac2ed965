//! Clips made with `ffmpeg -f lavfi`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Five seconds of a moving test card, 320x180 at 25 frames a second.
pub const CARD: &[&str] = &[
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=320x180:rate=25:duration=5",
];
/// Five seconds of a tone.
pub const TONE: &[&str] = &["-f", "lavfi", "-i", "sine=frequency=440:duration=5"];
/// H.264 without effort.
pub const H264: &[&str] = &["-c:v", "libx264", "-preset", "ultrafast"];

/// A folder for one test's clips; it is removed in the end.
pub struct Clips(TempDir);

impl Clips {
    /// An empty folder.
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `ffmpeg` with these arguments to make a file of this name.
    pub fn make(&self, name: &str, arguments: &[&[&str]]) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new("ffmpeg");
        command
            .args(["-hide_banner", "-v", "error", "-y"])
            .args(arguments.concat())
            .arg(&path);
        let made = command
            .stdin(Stdio::null())
            .output()
            .expect("ffmpeg must be installed");
        assert!(
            made.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        path
    }

    /// A test card with a tone, H.264 and AAC.
    pub fn ordinary(&self, name: &str, more: &[&str]) -> PathBuf {
        self.make(name, &[CARD, TONE, H264, &["-c:a", "aac"], more])
    }

    /// Writes a file of these bytes.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes the first part of a file, so many percent of it.
    pub fn cut(&self, source: &Path, name: &str, percent: usize) -> PathBuf {
        let bytes = std::fs::read(source).unwrap();
        self.write(name, &bytes[..bytes.len() * percent / 100])
    }
}

/// What `ffprobe` says about the first stream of a kind: the values of these entries in the
/// order in which ffprobe knows them.
pub fn probe(path: &Path, stream: &str, entries: &str) -> Vec<String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-count_frames", "-select_streams", stream]);
    command
        .args([
            "-show_entries",
            &format!("stream={entries}"),
            "-of",
            "csv=p=0",
        ])
        .arg(path);
    let probed = command
        .stdin(Stdio::null())
        .output()
        .expect("ffprobe must be installed");
    assert!(
        probed.status.success(),
        "{}",
        String::from_utf8_lossy(&probed.stderr)
    );
    let text = String::from_utf8_lossy(&probed.stdout);
    let first = text.lines().next().unwrap_or_default();
    first
        .trim_end_matches(',')
        .split(',')
        .map(str::to_owned)
        .collect()
}

/// Frames of the first picture stream, counted by decoding.
pub fn frames(path: &Path) -> u64 {
    probe(path, "v:0", "nb_read_frames")[0].parse().unwrap()
}

/// Runs `ffmpeg` over a file and returns what it writes to standard output. Anything on standard
/// error is a failure.
pub fn decode(path: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-hide_banner", "-v", "error", "-i"])
        .arg(path)
        .args(arguments)
        .arg("-");
    let decoded = command
        .stdin(Stdio::null())
        .output()
        .expect("ffmpeg must be installed");
    let said = String::from_utf8_lossy(&decoded.stderr);
    assert!(
        decoded.status.success() && said.is_empty(),
        "{}: {said}",
        path.display()
    );
    decoded.stdout
}
