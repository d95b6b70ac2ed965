//! The server is killed at any moment; nothing half done is ever seen.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use harness::{Clip, Stack};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;

/// How often the server is killed.
const KILLS: usize = 10;
/// The moments lie in this span after the upload began, milliseconds. A clip of this size takes
/// about as long from upload to publication.
const SPAN_MS: u64 = 4_000;
/// How long the rest may take after the last start.
const REST: Duration = Duration::from_secs(300);

/// States of a title that are over.
fn is_over(title: &Value) -> bool {
    matches!(
        title["state"].as_str(),
        Some("published" | "complete" | "failed")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_a_title_is_whole_or_says_why_not() -> anyhow::Result<()> {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let clip = Clip::new(8).size(640, 360).make().await?;
    let mut stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 1)
        .start()
        .await?;
    let file = clip.path.to_str().context("a path in UTF-8")?.to_owned();
    for number in 0..KILLS {
        let name = format!("take {number}");
        let command = ["publish", &file, "--title", &name, "--wait", "--json"];
        let publishing = stack.dms.command(&command)?.kill_on_drop(true).output();
        let publishing = tokio::spawn(publishing);
        tokio::time::sleep(Duration::from_millis(random.random_range(0..SPAN_MS))).await;
        stack.dms.kill().await?;
        nothing_half_visible_after_restart(&mut stack).await?;
        let done = tokio::time::timeout(REST, publishing)
            .await
            .context("publish ends")???;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(
            done.status.success(),
            "publish {number} did not outlive the restart (seed {seed}): {said}"
        );
    }
    every_title_plays(&stack, clip.frames).await?;
    stack.end().await
}

/// Every title that says it is published has its manifest; no other has one.
async fn nothing_half_visible_after_restart(stack: &mut Stack) -> anyhow::Result<()> {
    stack.dms.start_again().await?;
    for title in titles(stack).await? {
        let id = title["id"].as_str().context("an id")?;
        let path = format!("/api/v1/titles/{id}/manifest");
        let manifest = stack.dms.request(reqwest::Method::GET, &path, None).await;
        let published = title["state"] == "published" || title["state"] == "complete";
        if manifest.is_ok() && !published {
            // It may have become published between the two questions.
            let now = stack.dms.get(&format!("/api/v1/titles/{id}")).await?;
            ensure!(
                is_over(&now) && now["state"] != "failed",
                "{id} is half visible: {now}"
            );
        }
        ensure!(
            manifest.is_ok() || !published,
            "{id} is published without a manifest"
        );
    }
    Ok(())
}

async fn titles(stack: &Stack) -> anyhow::Result<Vec<Value>> {
    let list = stack.dms.get("/api/v1/titles?limit=100").await?;
    let items = list["items"]
        .as_array()
        .or_else(|| list.as_array())
        .cloned();
    items.with_context(|| format!("a list of titles: {list}"))
}

async fn every_title_plays(stack: &Stack, frames: u64) -> anyhow::Result<()> {
    let mut published = 0;
    for title in titles(stack).await? {
        if !is_over(&title) {
            bail!("a title is left behind: {title}");
        }
        if title["state"] == "failed" {
            ensure!(
                title["error"].is_object() || title["error_code"].is_string(),
                "no reason: {title}"
            );
            continue;
        }
        let id = title["id"].as_str().context("an id")?;
        let report = stack.peers[0].play(&stack.dms, id).await?;
        assert_eq!(report.frames_decoded, frames, "{title}");
        published += 1;
    }
    ensure!(
        published >= KILLS,
        "{published} of {KILLS} titles were published"
    );
    Ok(())
}
