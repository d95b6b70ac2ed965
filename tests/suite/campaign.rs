//! Campaigns: an office holds a title before anybody watches it.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use harness::{Clip, Stack};
use serde_json::Value;

/// How long a small office may take to hold a small title, or to put right what a lost PC held.
const HELD: Duration = Duration::from_secs(90);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A `dms` command that prints one object.
async fn command(stack: &Stack, arguments: &[&str]) -> anyhow::Result<Value> {
    let done = stack.dms.run(arguments).await?;
    ensure!(done.code == 0, "{arguments:?}: {}", done.stderr);
    serde_json::from_str(done.stdout.trim()).with_context(|| format!("an object: {}", done.stdout))
}

async fn show(stack: &Stack, campaign: &str) -> anyhow::Result<Value> {
    stack
        .dms
        .get(&format!("/api/v1/campaigns/{campaign}"))
        .await
}

/// Waits until the campaign is so.
async fn until(
    stack: &Stack,
    campaign: &str,
    what: &str,
    is_so: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let start = Instant::now();
    loop {
        let now = show(stack, campaign).await?;
        if is_so(&now) {
            return Ok(now);
        }
        ensure!(start.elapsed() < HELD, "{what} does not come: {now}");
        tokio::time::sleep(LOOK).await;
    }
}

fn is_complete(campaign: &Value) -> bool {
    campaign["state"] == "complete"
}

/// The sum of a metric's samples whose labels contain `label`, as a PC shows it.
async fn metric(peer: &harness::EdgePeer, name: &str) -> anyhow::Result<f64> {
    let url = format!("{}/metrics", peer.local_url);
    let token = std::fs::read_to_string(peer.local_token_file())?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let text = http.get(url).bearer_auth(token.trim()).send().await?;
    let text = text.error_for_status()?.text().await?;
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.rsplit(' ').next());
    value
        .with_context(|| format!("{name} in {text}"))?
        .parse()
        .context("a number")
}

async fn an_office_holds_a_title_before_anybody_watches(
    stack: harness::StackBuilder,
) -> anyhow::Result<()> {
    let clip = Clip::new(8).make().await?;
    let mut stack = stack
        .site("lyon", "127.1.0.0/16", 3)
        .site("lima", "127.2.0.0/16", 1)
        .start()
        .await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    let add = [
        "campaign", "add", "--title", &title.id, "--site", "lyon", "--until", "2d", "--json",
    ];
    let made = command(&stack, &add).await?;
    let id = made["id"].as_str().context("an id")?.to_owned();
    let full = until(&stack, &id, "every chunk with two copies", is_complete).await?;
    let lyon = full["sites"][0].clone();
    assert_eq!(
        (&lyon["chunks_held"], &lyon["copies"]),
        (&lyon["chunks"], &2.into())
    );
    assert_eq!(
        lyon["wan_copies"], 1.0,
        "each chunk once over the WAN: {full}"
    );
    let site = stack.dms.site("lyon").await?;
    assert_eq!(site["wan_copies"], 1.0, "{site}");
    assert_eq!(
        stack.dms.site("lima").await?["origin_bytes"],
        0,
        "another office"
    );

    let report = stack.peers[0].play(&stack.dms, &title.id).await?;
    assert_eq!(
        (report.frames_decoded, report.bytes.origin),
        (clip.frames, 0)
    );
    let after = stack.dms.site("lyon").await?;
    assert_eq!(
        after["origin_bytes"], site["origin_bytes"],
        "a viewer starts from the LAN"
    );

    a_lost_pc_is_replaced_and_restarts_change_nothing(&mut stack, &id, &lyon).await?;

    an_end_lets_go(&stack, &id).await?;
    stack.end().await
}

async fn an_end_lets_go(stack: &Stack, id: &str) -> anyhow::Result<()> {
    ensure!(metric(&stack.peers[1], "edge_campaign_chunks{state=\"wanted\"}").await? > 0.0);
    let ended = stack.dms.run(&["campaign", "end", id]).await?;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let start = Instant::now();
    for peer in &stack.peers[1..3] {
        while metric(peer, "edge_campaign_chunks{state=\"wanted\"}").await? > 0.0 {
            ensure!(start.elapsed() < HELD, "{} does not let go", peer.name);
            tokio::time::sleep(LOOK).await;
        }
    }
    assert_eq!(show(stack, id).await?["state"], "ended");
    let listed = command(stack, &["campaign", "list", "--json"]).await?;
    assert_eq!(
        listed["items"].as_array().map(Vec::len),
        Some(0),
        "only with --all"
    );
    Ok(())
}

async fn a_lost_pc_is_replaced_and_restarts_change_nothing(
    stack: &mut Stack,
    id: &str,
    before: &Value,
) -> anyhow::Result<()> {
    let wan_bytes = &before["wan_bytes"];
    stack.peers[0].kill().await?;
    let two_left = |c: &Value| c["sites"][0]["peers"] == 2 && is_complete(c);
    let now = until(stack, id, "two copies at the two that are left", two_left).await?;
    assert_eq!(
        &now["sites"][0]["wan_bytes"], wan_bytes,
        "copied over the LAN"
    );

    stack.dms.kill().await?;
    stack.dms.start_again().await?;
    stack.peers[0].start_again()?;
    stack.peers[0].wait_connected().await?;
    let all_back = |c: &Value| c["sites"][0]["peers"] == 3 && is_complete(c);
    let now = until(stack, id, "the same after a restart of both", all_back).await?;
    assert_eq!(now["sites"][0]["chunks"], before["chunks"]);
    assert_eq!(
        stack.dms.site("lyon").await?["origin_bytes"],
        0,
        "nothing came anew"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_holds_a_title_before_anybody_watches_on_sqlite() -> anyhow::Result<()> {
    an_office_holds_a_title_before_anybody_watches(Stack::builder()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_holds_a_title_before_anybody_watches_on_postgres() -> anyhow::Result<()> {
    an_office_holds_a_title_before_anybody_watches(Stack::builder().postgres()).await
}
