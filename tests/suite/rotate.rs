//! The key encryption key is rotated, and the server killed, while licences are issued.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use drm::license::RecipientKeyPair;
use harness::{Clip, Stack, StackBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How often the key is rotated and the server killed.
const ROTATIONS: u32 = 5;

/// The hash of every file in a folder.
fn hashes(folder: &Path) -> anyhow::Result<BTreeMap<String, [u8; 32]>> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let name = entry.path().display().to_string();
            found.insert(name, Sha256::digest(std::fs::read(entry.path())?).into());
        }
    }
    Ok(found)
}

/// Asks for licences until told to stop. A server that is away is asked again; an answer must be a licence.
async fn licences(
    url: String,
    token: String,
    title: String,
    stop: &AtomicBool,
    issued: &AtomicU32,
) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    while !stop.load(Ordering::Relaxed) {
        let recipient = RecipientKeyPair::generate(&mut rand::rng());
        let request = http
            .post(format!("{url}/api/v1/titles/{title}/license"))
            .bearer_auth(&token);
        let body = json!({"title": title, "recipient_key": recipient.public()});
        let Ok(answer) = request.json(&body).send().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let status = answer.status();
        let Ok(bytes) = answer.bytes().await else {
            continue;
        };
        ensure!(
            status == 200,
            "{status}: {}",
            String::from_utf8_lossy(&bytes)
        );
        issued.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn rotated_and_killed(stack: StackBuilder) -> anyhow::Result<()> {
    let clip = Clip::new(4).make().await?;
    let mut stack = stack.site("lyon", "127.1.0.0/16", 1).start().await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    let store = stack.folder().join("dms").join("store");
    let before = hashes(&store)?;
    ensure!(before.len() > 2, "chunks are stored");
    let (stop, issued) = (AtomicBool::new(false), AtomicU32::new(0));
    let (url, token) = (stack.dms.url.clone(), stack.dms.token()?);
    let asking = licences(url, token, title.id.clone(), &stop, &issued);
    let rotating = async {
        let rotated = rotate_and_kill(&mut stack).await;
        stop.store(true, Ordering::Relaxed);
        rotated
    };
    tokio::try_join!(asking, rotating)?;
    let issued = issued.into_inner();
    println!("{issued} licences during {ROTATIONS} rotations and kills, 0 refused");
    ensure!(issued > 20, "{issued} licences");
    assert_eq!(hashes(&store)?, before, "no stored byte changes");
    let report = stack.peers[0].play(&stack.dms, &title.id).await?;
    assert_eq!(report.frames_decoded, clip.frames);
    stack.end().await
}

async fn rotate_and_kill(stack: &mut Stack) -> anyhow::Result<()> {
    for _ in 0..ROTATIONS {
        let done = stack.dms.run(&["keys", "rotate", "--json"]).await?;
        ensure!(done.code == 0, "{}", done.stderr);
        stack.dms.kill().await?;
        stack.dms.start_again().await?;
        let waited = tokio::time::timeout(Duration::from_secs(60), async {
            while stack.dms.get("/api/v1/keys").await?["rewrapping"] == true {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            anyhow::Ok(())
        });
        waited.await.context("the rotation ends")??;
    }
    let list: Value = stack.dms.get("/api/v1/keys").await?;
    let states: Vec<_> = list["items"]
        .as_array()
        .context("keys")?
        .iter()
        .map(|k| &k["state"])
        .collect();
    ensure!(
        states.iter().filter(|s| **s == "retired").count() == ROTATIONS as usize,
        "{list}"
    );
    ensure!(states.len() == ROTATIONS as usize + 1, "{list}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn licences_go_on_while_keys_are_rotated_on_sqlite() -> anyhow::Result<()> {
    rotated_and_killed(Stack::builder()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn licences_go_on_while_keys_are_rotated_on_postgres() -> anyhow::Result<()> {
    rotated_and_killed(Stack::builder().postgres()).await
}
