//! Odd files given to `dms publish`: published, or refused with a named code and a sentence.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use harness::{Clip, Stack, process::run};
use tokio::process::Command;

/// What must come of a file.
enum Fate {
    /// It is published and plays.
    Published,
    /// It is refused with this code.
    Refused(&'static str),
    /// Either of both, but nothing else.
    Either(&'static str),
}

struct Odd {
    name: &'static str,
    /// Arguments of ffmpeg that make it, `PICTURE` and `TONE` its sources; empty for one that is
    /// written by hand.
    ffmpeg: &'static str,
    fate: Fate,
}

const PICTURE: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=3";
const TONE: &str = "-f lavfi -i sine=frequency=440:duration=3";

const ODD: [Odd; 9] = [
    Odd {
        name: "notes.txt",
        ffmpeg: "",
        fate: Fate::Refused("not_video"),
    },
    Odd {
        name: "empty.mp4",
        ffmpeg: "",
        fate: Fate::Refused("not_video"),
    },
    Odd {
        name: "truncated.mp4",
        ffmpeg: "",
        fate: Fate::Refused("corrupt_container"),
    },
    Odd {
        name: "sound.m4a",
        ffmpeg: "TONE -c:a aac",
        fate: Fate::Published,
    },
    Odd {
        name: "tiny.mp4",
        ffmpeg: "-f lavfi -i color=red:size=3x5:rate=25:duration=2 -c:v mpeg4",
        fate: Fate::Either("unsupported_codec"),
    },
    Odd {
        name: "clip.webm",
        ffmpeg: "PICTURE TONE -c:v libvpx -deadline realtime -c:a libvorbis",
        fate: Fate::Published,
    },
    Odd {
        name: "clip.mkv",
        ffmpeg: "PICTURE TONE -c:a ac3",
        fate: Fate::Published,
    },
    Odd {
        name: "clip.ogv",
        ffmpeg: "PICTURE TONE -c:v libtheora -c:a libvorbis",
        fate: Fate::Published,
    },
    Odd {
        name: "ten-bit.mp4",
        ffmpeg: "PICTURE -c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params log-level=error",
        fate: Fate::Published,
    },
];

impl Odd {
    async fn make(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let path = folder.join(self.name);
        match self.name {
            "notes.txt" => std::fs::write(&path, "Agenda\n1. Welcome\n".repeat(200))?,
            "empty.mp4" => std::fs::write(&path, "")?,
            "truncated.mp4" => {
                Clip::new(3).make_at(&path).await?;
                let bytes = std::fs::read(&path)?;
                std::fs::write(&path, &bytes[..bytes.len() / 2])?;
            }
            _ => {
                let mut ffmpeg = Command::new("ffmpeg");
                let making = self
                    .ffmpeg
                    .replace("PICTURE", PICTURE)
                    .replace("TONE", TONE);
                ffmpeg
                    .args(["-v", "error", "-y"])
                    .args(making.split_whitespace())
                    .arg(&path);
                let made = run(ffmpeg, Duration::from_secs(60)).await?;
                ensure!(made.code == 0, "{} is not made: {}", self.name, made.stderr);
            }
        }
        Ok(path)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_odd_file_is_published_or_refused_with_a_reason() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut stack = Stack::builder().start().await?;
    for odd in ODD {
        let file = odd.make(folder.path()).await?;
        let file = file.to_str().context("a path in UTF-8")?;
        let done = stack
            .dms
            .run(&["publish", file, "--wait", "--json"])
            .await?;
        let said = format!(
            "{}: exit {}: {} {}",
            odd.name, done.code, done.stdout, done.stderr
        );
        let refused = |code: &str| {
            done.code == 5 && (done.stderr.contains(code) || done.stdout.contains(code))
        };
        match odd.fate {
            Fate::Published => assert_eq!(done.code, 0, "{said}"),
            Fate::Refused(code) => assert!(refused(code), "expected {code}: {said}"),
            Fate::Either(code) => assert!(done.code == 0 || refused(code), "{said}"),
        }
        stack.dms.process()?.alive()?;
    }
    stack.end().await
}
