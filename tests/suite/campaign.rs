//! Campaigns: an office holds a title before anybody watches it.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use harness::{Clip, EdgePeer, Stack};
use rand::{RngExt, SeedableRng, rngs::StdRng};
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
async fn metric(peer: &EdgePeer, name: &str) -> anyhow::Result<f64> {
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

const MIB: usize = 1 << 20;

/// Publishes a file of so many MiB.
async fn publish(stack: &Stack, name: &str, mib: usize) -> anyhow::Result<String> {
    let file = stack.folder().join(name);
    let mut random = StdRng::seed_from_u64(name.bytes().map(u64::from).sum());
    let bytes: Vec<u8> = (0..mib * MIB).map(|_| random.random()).collect();
    std::fs::write(&file, bytes)?;
    let file = file.to_str().context("a path in UTF-8")?;
    let arguments = ["publish", file, "--kind", "file", "--wait", "--json"];
    let title = command(stack, &arguments).await?;
    Ok(title["id"].as_str().context("an id")?.to_owned())
}

/// Fetches a file through a PC; answers how many of its chunks were in the PC's cache, and how many there are.
async fn fetch(peer: &EdgePeer, title: &str) -> anyhow::Result<(usize, usize)> {
    let url = format!("{}/v1/titles/{title}/fetch", peer.local_url);
    let token = std::fs::read_to_string(peer.local_token_file())?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let answer = http.post(url).bearer_auth(token.trim()).send().await?;
    let body = answer.error_for_status()?.bytes().await?;
    let (mut cached, mut all, mut at) = (0, 0, 0);
    while at < body.len() {
        // An id, a length, where it was; length 0 says that the rest is still sought.
        let head = body.get(at..at + 37).context("a whole row")?;
        let len = u32::from_be_bytes(head[32..36].try_into()?) as usize;
        at += 37 + len;
        if len > 0 {
            cached += usize::from(head[36] == 0);
            all += 1;
        }
    }
    Ok((cached, all))
}

/// An office of two PCs whose caches hold 11 MiB each.
async fn small_office() -> anyhow::Result<Stack> {
    let lyon = Stack::builder().site("lyon", "127.1.0.0/16", 2);
    let mut stack = lyon.start().await?;
    for peer in &mut stack.peers {
        peer.process()?.end().await?;
        peer.arguments = vec!["--cache-limit".into(), "11MiB".into()];
        peer.start_again()?;
        peer.wait_connected().await?;
    }
    for peer in &mut stack.peers {
        peer.wait_roster(1).await?;
    }
    Ok(stack)
}

async fn add_one_copy(stack: &Stack, title: &str) -> anyhow::Result<String> {
    let arguments = [
        "campaign",
        "add",
        "--title",
        title,
        "--replicas",
        "1",
        "--json",
    ];
    let made = command(stack, &arguments).await?;
    Ok(made["id"].as_str().context("an id")?.to_owned())
}

const KEPT: &str = "edge_campaign_chunks{state=\"kept\"}";

#[tokio::test(flavor = "multi_thread")]
async fn a_full_cache_drops_spare_copies_and_never_the_last_one() -> anyhow::Result<()> {
    let stack = small_office().await?;
    let (a, b) = (
        publish(&stack, "a", 6).await?,
        publish(&stack, "b", 6).await?,
    );
    let campaign = add_one_copy(&stack, &a).await?;
    let full = until(&stack, &campaign, "one copy of each chunk", is_complete).await?;
    let kept = [
        metric(&stack.peers[0], KEPT).await?,
        metric(&stack.peers[1], KEPT).await?,
    ];
    let (few, many) = if kept[0] <= kept[1] { (0, 1) } else { (1, 0) };
    // The PC that keeps fewer of them takes all, and then a file that only fits when the spare ones go.
    fetch(&stack.peers[few], &a).await?;
    let start = Instant::now();
    loop {
        let (cached, all) = fetch(&stack.peers[few], &b).await?;
        if cached == all {
            break;
        }
        ensure!(
            start.elapsed() < HELD,
            "spare copies stay: {cached} of {all} fit"
        );
        tokio::time::sleep(LOOK).await;
    }
    assert!(metric(&stack.peers[few], "edge_cache_evictions_total").await? > 0.0);
    fetch(&stack.peers[many], &b).await?;
    for (number, kept) in kept.iter().enumerate() {
        assert_eq!(
            metric(&stack.peers[number], KEPT).await?,
            *kept,
            "PC {number}"
        );
    }
    let now = show(&stack, &campaign).await?;
    assert_eq!(
        (&now["state"], &now["sites"]),
        (&full["state"], &full["sites"])
    );
    assert_eq!(
        now["sites"][0]["wan_copies"], 1.0,
        "nothing had to come again"
    );

    // Once it is over, they go like all others.
    let ended = stack.dms.run(&["campaign", "end", &campaign]).await?;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    while metric(&stack.peers[many], KEPT).await? > 0.0 {
        ensure!(start.elapsed() < HELD, "the campaign's end is not heard");
        tokio::time::sleep(LOOK).await;
    }
    let c = publish(&stack, "c", 6).await?;
    fetch(&stack.peers[many], &c).await?;
    fetch(&stack.peers[many], &b).await?;
    let (cached, _) = fetch(&stack.peers[many], &a).await?;
    assert!(
        (cached as f64) < kept[many],
        "{cached} of {} are still there",
        kept[many]
    );
    stack.end().await
}

/// Longer than what failed is tried again after, were it tried again soon.
const WATCHED: Duration = Duration::from_secs(35);

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_larger_than_the_caches_does_not_come_over_the_wan_again_and_again()
-> anyhow::Result<()> {
    let stack = small_office().await?;
    let title = publish(&stack, "large", 30).await?;
    let campaign = add_one_copy(&stack, &title).await?;
    let full = |c: &Value| c["sites"][0]["chunks_held"].as_u64() >= Some(15);
    until(&stack, &campaign, "caches full of it", full).await?;
    tokio::time::sleep(WATCHED).await;
    let now = show(&stack, &campaign).await?;
    assert_eq!(now["state"], "running");
    let copies = now["sites"][0]["wan_copies"].as_f64().context("a number")?;
    assert!(copies <= 1.0, "{now}");
    let held = now["sites"][0]["chunks_held"]
        .as_u64()
        .context("a number")?;
    assert!((15..=22).contains(&held), "the caches are used: {now}");
    stack.end().await
}
