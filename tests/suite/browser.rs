//! A real Chromium opens the watch page and plays to the end.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use harness::{Clip, MadeClip, Stack, Title, process::run};
use serde_json::Value;
use tokio::process::Command;

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

/// SHA-256 of each clear segment, by track and segment, as the gateway serves them.
async fn clear_segments(stack: &Stack, title: &Title) -> anyhow::Result<BTreeMap<String, String>> {
    let state = &stack.folder().join("hashes");
    let play = stack.peers[0].player(&stack.dms, &title.id);
    let done = play.output(&["--fast", "--segment-hashes"]).await?;
    ensure!(
        done.code == 0,
        "dms-player: {} in {}",
        done.stderr,
        state.display()
    );
    let report: Value = serde_json::from_str(done.stdout.trim()).context("a report")?;
    let hashes = report["segment_hashes"]
        .as_object()
        .context("segment_hashes")?;
    Ok(hashes
        .iter()
        .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
        .collect())
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
