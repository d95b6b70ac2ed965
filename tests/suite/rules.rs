//! The peering rules of sites, with real agents: who is in no site, or in one that says so, shares nothing.

use anyhow::{Context, ensure};
use harness::{Clip, EdgePeer, Stack};
use serde_json::json;

/// Changes a site's rule.
async fn set_rule(stack: &Stack, name: &str, subnet: &str, rule: &str) -> anyhow::Result<()> {
    let site = stack.dms.site(name).await?;
    let path = format!("/api/v1/sites/{}", site["id"].as_str().context("an id")?);
    let body = json!({"name": name, "subnets": [subnet], "peering": rule});
    let put = reqwest::Method::PUT;
    stack.dms.request(put, &path, Some(body)).await.map(|_| ())
}

async fn wait_rule(peer: &EdgePeer, rule: &str) -> anyhow::Result<()> {
    for _ in 0..200 {
        if peer.status().await?["site"]["peering"] == rule {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("{} is not told the rule {rule}", peer.name)
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_take_and_give_as_their_site_says() -> anyhow::Result<()> {
    let clip = Clip::new(4).make().await?;
    let subnet = "127.1.0.0/16";
    let mut stack = Stack::builder().site("lyon", subnet, 2).start().await?;
    let folder = stack.folder().to_path_buf();
    let stray = EdgePeer::start(&stack.dms, &folder, "stray", "127.9.0.1").await?;
    stack.peers.push(stray);
    // Each rule gets a title of its own, so that nothing is in a cache.
    for (rule, told, shares) in [
        ("off", "off", false),
        ("consume_only", "consume_only", false),
        ("on", "on", true),
    ] {
        set_rule(&stack, "lyon", subnet, rule).await?;
        let title = stack.dms.publish(&clip.path, rule).await?;
        let mut from_peers = Vec::new();
        for peer in &stack.peers {
            if peer.name != "stray" {
                wait_rule(peer, told).await?;
            }
            let report = peer.play(&stack.dms, &title.id).await?;
            assert_eq!(report.frames_decoded, clip.frames, "{} {rule}", peer.name);
            from_peers.push(report.bytes.peer);
        }
        let [first, second, stray] = from_peers[..] else {
            anyhow::bail!("three PCs played");
        };
        assert_eq!(first + second > 0, shares, "{rule}: {from_peers:?}");
        assert_eq!(stray, 0, "{rule}: an address in no site");
        for peer in &stack.peers {
            let given = peer.status().await?["bytes"]["given"].as_u64();
            let gave = given.context("a number")? > 0;
            ensure!(
                !gave || (shares && peer.name != "stray"),
                "{} gave: {rule}",
                peer.name
            );
        }
    }
    stack.end().await
}
