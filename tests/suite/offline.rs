//! Saved titles with the real programs: kept by the agent, played while nobody answers, counted afterwards; and licences
//! that are taken back while they play.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use harness::{Clip, Dms, Stack, StackBuilder, play::Play, process};
use serde_json::{Value, json};

/// How long saving, and what is told afterwards, may take.
const PATIENCE: Duration = Duration::from_secs(60);

async fn verb(play: &Play, verb: &str, more: &[&str]) -> anyhow::Result<process::Output> {
    let mut command = play.command(verb)?;
    command.args(more);
    process::run(command, PATIENCE).await
}

async fn open_for_offline(dms: &Dms, title: &str) -> anyhow::Result<()> {
    let path = format!("/api/v1/titles/{title}/policy");
    let policy = json!({"offline_days": 3});
    dms.request(reqwest::Method::PUT, &path, Some(policy))
        .await?;
    Ok(())
}

/// Waits until the ledger says that so many seconds were played without contact.
async fn ledger(dms: &Dms, title: &str, seconds: i64) -> anyhow::Result<Value> {
    let began = Instant::now();
    loop {
        let ledger = dms.get("/api/v1/usage").await?;
        let rows = ledger["items"].as_array().context("rows")?;
        let row = rows.iter().find(|row| row["title"] == title);
        if let Some(row) = row.filter(|row| row["played_offline_s"] == seconds) {
            return Ok(row.clone());
        }
        ensure!(began.elapsed() < PATIENCE, "not in the ledger: {ledger}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn a_saved_title_plays_while_nobody_answers(stack: StackBuilder) -> anyhow::Result<()> {
    let clip = Clip::new(8).make().await?;
    let stack = stack.site("lyon", "127.1.0.0/16", 1);
    let mut stack = stack.start().await?;
    let saved = stack.dms.publish(&clip.path, "All hands").await?;
    let other = stack.dms.publish(&clip.path, "Not saved").await?;
    open_for_offline(&stack.dms, &saved.id).await?;
    let folder = stack.folder().join("player");
    let play = Play::new(&saved.id, &folder).agent(&stack.peers[0]);
    let not_saved = Play::new(&other.id, &folder).agent(&stack.peers[0]);

    // Its policy does not allow the other one to be kept.
    let refused = verb(&not_saved, "keep", &[]).await?;
    ensure!(refused.code == 4, "{}", refused.stderr);
    let kept = verb(&play, "keep", &["--json"]).await?;
    ensure!(kept.code == 0, "{}", kept.stderr);
    let kept: Value = serde_json::from_str(kept.stdout.trim())?;

    // The laptop is taken away and started elsewhere.
    stack.dms.kill().await?;
    stack.peers[0].kill().await?;
    stack.peers[0].start_again()?;
    let began = Instant::now();
    let report = loop {
        let report = play.run().await;
        let too_late = began.elapsed() > PATIENCE;
        match report {
            Ok(report) => break report,
            Err(error) if too_late => return Err(error),
            // The agent is starting.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    ensure!(report.frames_decoded == clip.frames, "{report:?}");
    ensure!(report.bytes.peer + report.bytes.origin == 0, "{report:?}");
    let refused = not_saved.output(&["--fast"]).await?;
    ensure!(refused.code == 7, "{}", refused.stderr);

    stack.dms.start_again().await?;
    stack.peers[0].wait_connected().await?;
    let row = ledger(&stack.dms, &saved.id, 8).await?;
    ensure!(row["offline_licenses"] == 1, "{row}");
    let licenses = stack.dms.get("/api/v1/licenses").await?;
    let license = licenses["items"][0]["id"].as_str().unwrap_or_default();
    ensure!(kept["license"] == license.replace('-', ""), "{licenses}");
    // Back in the office it plays as any other title; nothing is counted twice.
    let again = play.run().await?;
    ensure!(again.frames_decoded == clip.frames, "{again:?}");
    let gone = verb(&play, "forget", &[]).await?;
    ensure!(gone.code == 0, "{}", gone.stderr);
    let row = ledger(&stack.dms, &saved.id, 8).await?;
    ensure!(row["licenses"] == 2, "{row}");
    stack.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_title_plays_while_nobody_answers_on_sqlite() -> anyhow::Result<()> {
    a_saved_title_plays_while_nobody_answers(Stack::builder()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_title_plays_while_nobody_answers_on_postgres() -> anyhow::Result<()> {
    a_saved_title_plays_while_nobody_answers(Stack::builder().postgres()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_taken_back_ends_what_it_plays() -> anyhow::Result<()> {
    let clip = Clip::new(30).make().await?;
    let stack = Stack::builder().site("lyon", "127.1.0.0/16", 1);
    let stack = stack.start().await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    let play = Play::new(&title.id, &stack.folder().join("player")).agent(&stack.peers[0]);
    let playing = play.output(&["--ask-every", "0.5"]);
    let revoking = async {
        let began = Instant::now();
        let license = loop {
            let licenses = stack.dms.get("/api/v1/licenses").await?;
            match licenses["items"][0]["id"].as_str() {
                Some(id) => break id.to_owned(),
                None => ensure!(began.elapsed() < PATIENCE, "no licence was asked for"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let path = format!("/api/v1/licenses/{license}");
        stack
            .dms
            .request(reqwest::Method::DELETE, &path, None)
            .await?;
        anyhow::Ok(())
    };
    let (played, revoked) = tokio::join!(playing, revoking);
    revoked?;
    let played = played?;
    ensure!(played.code == 4, "{}: {}", played.code, played.stderr);
    ensure!(
        played.stderr.contains("license_withdrawn"),
        "{}",
        played.stderr
    );
    let report: Value = serde_json::from_str(played.stdout.trim())?;
    let frames = report["frames_decoded"].as_u64().context("a count")?;
    ensure!(frames < clip.frames / 2, "{frames} frames were played");
    stack.end().await
}
