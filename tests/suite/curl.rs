//! Anyone with a device certificate can look at a chunk with curl, by one path.

use std::time::Duration;

use anyhow::Context;
use harness::{Clip, EdgePeer, Stack, process::run};
use swarm::content::{ChunkId, Manifest};
use tokio::process::Command;

/// The first chunk of the last track of a title.
async fn a_chunk(stack: &Stack, title: &str) -> anyhow::Result<(ChunkId, usize)> {
    let path = format!("/api/v1/titles/{title}/manifest");
    let signed = stack
        .dms
        .request(reqwest::Method::GET, &path, None)
        .await?
        .bytes()
        .await?;
    let manifest = unsigned(&signed)?;
    let track = manifest.tracks.last().context("a track")?;
    let chunk = track
        .segments
        .last()
        .context("a segment")?
        .chunks
        .first()
        .context("a chunk")?;
    Ok((chunk.id, chunk.len as usize))
}

/// The payload of a COSE_Sign1, by its CBOR structure: the signature is checked elsewhere.
fn unsigned(signed: &[u8]) -> anyhow::Result<Manifest> {
    let mut cbor = minicbor::Decoder::new(signed);
    cbor.array().context("a COSE_Sign1 is an array")?;
    cbor.skip().context("protected header")?;
    cbor.skip().context("unprotected header")?;
    minicbor::decode(cbor.bytes().context("payload")?).context("a manifest")
}

async fn curl(
    peer: &EdgePeer,
    connect_to: &str,
    name: &str,
    id: ChunkId,
) -> anyhow::Result<Vec<u8>> {
    let into = peer.state().join(format!("{name}.chunk"));
    let file = |name: &str| peer.state().join(name).display().to_string();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*"]);
    curl.args([
        "--cacert",
        &file("ca.pem"),
        "--cert",
        &file("device.pem"),
        "--key",
        &file("device.key"),
    ]);
    curl.args([
        "--interface",
        &peer.ip,
        "--connect-to",
        &format!("::{connect_to}"),
    ]);
    curl.arg("--output")
        .arg(&into)
        .arg(format!("https://{name}/v1/chunks/{id}"));
    let done = run(curl, Duration::from_secs(60)).await?;
    anyhow::ensure!(
        done.code == 0,
        "curl of {name} ended with {}: {}",
        done.code,
        done.stderr
    );
    std::fs::read(&into).context("the chunk was saved")
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_fetches_a_chunk_from_a_peer_and_from_the_origin_by_the_same_path()
-> anyhow::Result<()> {
    let clip = Clip::new(4).make().await?;
    let stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 2)
        .start()
        .await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    for peer in &stack.peers {
        peer.play(&stack.dms, &title.id).await?;
    }
    let (id, len) = a_chunk(&stack, &title.id).await?;
    let [asker, holder] = &stack.peers[..] else {
        anyhow::bail!("two peers were started")
    };
    let from_origin = curl(asker, &stack.dms.device_addr, "origin.dms.internal", id).await?;
    assert_eq!(from_origin.len(), len);
    assert_eq!(ChunkId::of(&from_origin), id);
    let device = holder.status().await?["device_id"]
        .as_str()
        .context("device_id")?
        .to_owned();
    let name = format!("{device}.peer.dms.internal");
    let from_peer = curl(asker, &holder.chunk_addr, &name, id).await?;
    assert_eq!(from_peer, from_origin);
    stack.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_device_certificate_neither_answers() -> anyhow::Result<()> {
    let stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 1)
        .start()
        .await?;
    for addr in [
        stack.dms.device_addr.clone(),
        stack.peers[0].chunk_addr.clone(),
    ] {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--insecure",
            "--noproxy",
            "*",
            "--write-out",
            "%{http_code}",
        ]);
        curl.arg(format!("https://{addr}/v1/chunks/{}", "0".repeat(64)));
        let done = run(curl, Duration::from_secs(60)).await?;
        assert_ne!(done.code, 0, "{addr} spoke to a stranger: {}", done.stdout);
    }
    stack.end().await
}
