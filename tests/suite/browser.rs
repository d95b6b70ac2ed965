//! A real Chromium opens the watch page and plays to the end.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, ensure};
use harness::{Clip, MadeClip, Stack, Title, process::run};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

/// The program that drives Chromium with playwright-core.
fn drive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../player/web/dev/drive.mjs")
}

async fn watch(stack: &Stack, title: &Title, agent: Option<&str>) -> anyhow::Result<Value> {
    let mut command = Command::new("node");
    command.arg(drive()).args([
        "--url",
        &format!("{}/watch/{}?debug=hashes", stack.dms.url, title.id),
    ]);
    command.arg("--token-file").arg(stack.dms.token_file());
    if let Some(agent) = agent {
        command.args(["--agent", agent]);
    }
    let done = run(command, Duration::from_secs(240)).await?;
    ensure!(
        done.code == 0,
        "the page did not play: {} {}",
        done.stdout,
        done.stderr
    );
    let last = done.stdout.lines().last().context("the page's state")?;
    serde_json::from_str(last).with_context(|| format!("the page's state: {last}"))
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

/// What `dms-player` opens of the title: SHA-256 of each clear segment, by `track/segment`.
async fn clear_segments(stack: &Stack, title: &Title) -> anyhow::Result<BTreeMap<String, String>> {
    let play = stack.peers[0].player(&stack.dms, &title.id);
    let done = play.output(&["--fast", "--segment-hashes"]).await?;
    ensure!(done.code == 0, "dms-player: {}", done.stderr);
    let report: Value = serde_json::from_str(done.stdout.trim()).context("a report")?;
    let hashes = report["segment_hashes"]
        .as_object()
        .context("segment_hashes")?;
    Ok(hashes
        .iter()
        .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
        .collect())
}

/// The clear stream, decoded, against the source, decoded: the same pictures, frame by frame.
/// 30 dB is what a careful re-encoding stays well above and another frame stays well below.
async fn shows_the_source(stack: &Stack, title: &Title, source: &Path) -> anyhow::Result<()> {
    let mut serve = stack.peers[0]
        .player(&stack.dms, &title.id)
        .command("serve")?;
    let mut gateway = serve
        .stdout(Stdio::piped())
        .spawn()
        .context("dms-player starts")?;
    let lines = BufReader::new(gateway.stdout.take().context("its output is piped")?);
    let url = lines
        .lines()
        .next_line()
        .await?
        .context("the gateway says its URL")?;
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i", &url, "-i"]).arg(source);
    ffmpeg.args(["-lavfi", "[0:v][1:v]psnr=stats_file=-", "-f", "null", "-"]);
    let compared = run(ffmpeg, Duration::from_secs(120)).await?;
    gateway.kill().await.context("the gateway ends")?;
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
    ensure!(frames > 0, "nothing was compared");
    Ok(())
}

async fn plays_to_the_end(agent: bool) -> anyhow::Result<()> {
    let (stack, title, clip) = stack_with_title().await?;
    let address = agent.then(|| stack.peers[1].local_url.clone());
    let state = watch(&stack, &title, address.as_deref()).await?;
    let path = if agent { "agent" } else { "origin" };
    assert_eq!(state["path"], path, "{state}");
    assert_eq!(state["ended"], true, "{state}");
    assert_eq!(
        state["frames"]["decoded"].as_u64(),
        Some(clip.frames),
        "{state}"
    );
    let opened = state["hashes"]
        .as_object()
        .context("hashes of the opened segments")?;
    ensure!(!opened.is_empty(), "the page opened nothing: {state}");
    let clear = clear_segments(&stack, &title).await?;
    for (segment, hash) in opened {
        assert_eq!(
            clear.get(segment).map(String::as_str),
            hash.as_str(),
            "segment {segment}"
        );
    }
    shows_the_source(&stack, &title, &clip.path).await?;
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
