//! What the built programs link: FFmpeg is GPL, large, and a parser of hostile input.

use std::{process::Command, time::Duration};

use anyhow::Context;
use harness::{bins::bin, process::run};

/// Shared libraries of a program, one a line.
fn libraries(name: &str) -> anyhow::Result<String> {
    let output = Command::new("ldd")
        .arg(bin(name)?)
        .output()
        .context("ldd runs")?;
    anyhow::ensure!(output.status.success(), "ldd {name} failed");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn dms_and_edge_peer_link_no_ffmpeg_and_the_media_programs_do() -> anyhow::Result<()> {
    for name in ["dms", "edge-peer"] {
        let linked = libraries(name)?;
        assert!(
            !linked.contains("libav") && !linked.contains("libsw"),
            "{name} links\n{linked}"
        );
    }
    for name in ["dms-transcoder", "dms-player"] {
        assert!(
            libraries(name)?.contains("libavcodec"),
            "{name} links no FFmpeg: the check is blind"
        );
    }
    Ok(())
}

#[tokio::test]
async fn every_program_explains_itself() -> anyhow::Result<()> {
    for name in ["dms", "edge-peer", "dms-player", "dms-transcoder"] {
        let mut command = tokio::process::Command::new(bin(name)?);
        command.arg("--help");
        let help = run(command, Duration::from_secs(20)).await?;
        assert_eq!(help.code, 0, "{name} --help: {}", help.stderr);
        assert!(
            help.stdout.lines().count() > 8,
            "{name} --help teaches little:\n{}",
            help.stdout
        );
    }
    Ok(())
}
