//! A real Chromium opens the watch page and plays to the end.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use harness::{Clip, MadeClip, Stack, Title, process::run};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::process::Command;

/// The program that drives Chromium with playwright-core.
fn drive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../player/web/dev/drive.mjs")
}

/// Plays the title in Chromium; gives back what the page reports of itself.
async fn watch(stack: &Stack, title: &Title, agent: Option<&str>) -> anyhow::Result<Value> {
    let url = format!("{}/watch/{}", stack.dms.url, title.id);
    let mut command = Command::new("node");
    command
        .arg(drive())
        .args(["--hashes", "--url", &url, "--timeout-s", "180"]);
    command.arg("--token-file").arg(stack.dms.token_file());
    if let Some(agent) = agent {
        // The page waits for the path, so that every segment comes by it.
        command.args(["--agent", agent, "--wait-path", "agent"]);
        // Chromium asks before a page may reach this computer; here the answer is yes.
        command.args(["--", "--disable-features=LocalNetworkAccessChecks"]);
    }
    let done = run(command, Duration::from_secs(240)).await?;
    ensure!(
        done.code == 0,
        "the page did not play: {} {}",
        done.stdout,
        done.stderr
    );
    serde_json::from_str(&done.stdout).with_context(|| format!("a report: {}", done.stdout))
}

async fn stack_with_title() -> anyhow::Result<(Stack, Title, MadeClip)> {
    let clip = Clip::new(8).make().await?;
    let stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 2)
        .start()
        .await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    Ok((stack, title, clip))
}

/// Each segment that the page opened is, byte for byte, what `dms-player` opens.
async fn opened_the_same(report: &Value, master: &str) -> anyhow::Result<()> {
    let base = master
        .strip_suffix("/master.m3u8")
        .context("the master playlist")?;
    let opened = report["hashes"]
        .as_object()
        .context("hashes of the opened segments")?;
    ensure!(opened.len() > 4, "the page opened too little: {report}");
    let version = report["version"]
        .as_u64()
        .context("the version that was played")?;
    for (place, hash) in opened {
        let url = format!("{base}/{version}/{place}.m4s");
        let clear = reqwest::get(&url)
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        assert_eq!(
            *hash,
            hex::encode(Sha256::digest(&clear)),
            "segment {place}"
        );
    }
    Ok(())
}

/// The clear stream, decoded, against the source, decoded: the same pictures, frame by frame.
/// 30 dB is what a careful re-encoding stays well above and another frame stays well below.
async fn shows_the_source(master: &str, source: &Path) -> anyhow::Result<u64> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i", master, "-i"]).arg(source);
    ffmpeg.args(["-lavfi", "[0:v][1:v]psnr=stats_file=-", "-f", "null", "-"]);
    let compared = run(ffmpeg, Duration::from_secs(120)).await?;
    ensure!(compared.code == 0, "ffmpeg compares: {}", compared.stderr);
    let mut frames = 0;
    for line in compared.stdout.lines() {
        let average = line
            .split_whitespace()
            .find_map(|f| f.strip_prefix("psnr_avg:"));
        let decibel: f64 = average
            .with_context(|| format!("psnr_avg in {line}"))?
            .parse()?;
        ensure!(decibel > 30.0, "another picture than the source's: {line}");
        frames += 1;
    }
    Ok(frames)
}

async fn plays_to_the_end(agent: bool) -> anyhow::Result<()> {
    let (stack, title, clip) = stack_with_title().await?;
    let address = agent.then(|| stack.peers[1].local_url.clone());
    let report = watch(&stack, &title, address.as_deref()).await?;
    let path = if agent { "agent" } else { "origin" };
    assert_eq!(report["path"], path, "{report}");
    assert_eq!(report["ended"], true, "{report}");
    assert_eq!(
        report["frames"]["decoded"].as_u64(),
        Some(clip.frames),
        "{report}"
    );
    let player = stack.peers[0].player(&stack.dms, &title.id);
    let gateway = player.serve().await?;
    opened_the_same(&report, &gateway.url).await?;
    assert_eq!(
        shows_the_source(&gateway.url, &clip.path).await?,
        clip.frames
    );
    gateway.end().await?;
    stack.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_plays_from_the_origin() -> anyhow::Result<()> {
    plays_to_the_end(false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_plays_through_an_agent() -> anyhow::Result<()> {
    plays_to_the_end(true).await
}
