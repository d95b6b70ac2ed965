//! Clips made for a test with the ffmpeg program.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::process::run;

/// What a clip should be.
#[derive(Clone, Debug)]
pub struct Clip {
    seconds: u32,
    width: u32,
    height: u32,
    rate: u32,
    sound: bool,
}

/// A clip on disk; its folder goes with it.
pub struct MadeClip {
    /// The file.
    pub path: PathBuf,
    /// Frames of video in it.
    pub frames: u64,
    _folder: tempfile::TempDir,
}

impl Clip {
    /// A moving test picture of so many seconds, 640x360, 25 frames a second, with a tone.
    #[must_use]
    pub fn new(seconds: u32) -> Self {
        Self {
            seconds,
            width: 640,
            height: 360,
            rate: 25,
            sound: true,
        }
    }

    /// Another size, pixels.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// Without sound.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.sound = false;
        self
    }

    /// Makes it, in a folder of its own.
    ///
    /// # Errors
    /// When ffmpeg is missing or fails.
    pub async fn make(&self) -> anyhow::Result<MadeClip> {
        let folder = tempfile::tempdir().context("a temporary folder is made")?;
        let path = folder.path().join("clip.mp4");
        self.make_at(&path).await?;
        Ok(MadeClip {
            path,
            frames: u64::from(self.seconds * self.rate),
            _folder: folder,
        })
    }

    /// Makes it as this file.
    ///
    /// # Errors
    /// When ffmpeg is missing or fails.
    pub async fn make_at(&self, path: &Path) -> anyhow::Result<()> {
        let Self {
            seconds,
            width,
            height,
            rate,
            ..
        } = self;
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-f", "lavfi", "-i"]);
        ffmpeg.arg(format!(
            "testsrc2=size={width}x{height}:rate={rate}:duration={seconds}"
        ));
        if self.sound {
            ffmpeg.args([
                "-f",
                "lavfi",
                "-i",
                &format!("sine=frequency=440:duration={seconds}"),
            ]);
            ffmpeg.args(["-c:a", "aac", "-shortest"]);
        }
        ffmpeg
            .args([
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
            ])
            .arg(path);
        let made = run(ffmpeg, Duration::from_secs(120)).await?;
        ensure!(made.code == 0, "ffmpeg made no clip: {}", made.stderr);
        Ok(())
    }
}

/// Frames of the first video stream, by decoding it with ffprobe.
///
/// # Errors
/// When ffprobe is missing or finds no video.
pub async fn count_frames(source: &str) -> anyhow::Result<u64> {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-select_streams", "v:0", "-count_frames"]);
    ffprobe
        .args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"])
        .arg(source);
    let probed = run(ffprobe, Duration::from_secs(120)).await?;
    ensure!(
        probed.code == 0,
        "ffprobe of {source} failed: {}",
        probed.stderr
    );
    let first = probed
        .stdout
        .lines()
        .find_map(|l| l.trim().trim_end_matches(',').parse().ok());
    first.with_context(|| format!("ffprobe counted no frames in {source}: {}", probed.stdout))
}
