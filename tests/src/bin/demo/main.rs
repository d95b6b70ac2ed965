//! `make demo`: a DMS, two sites of three PCs, one video, played by all of them.
//!
//! Reads `VIDEO` (a file to publish instead of the generated clip) and `ONCE` (end after the
//! playbacks instead of staying up). People read standard error; the last line of standard
//! output is one JSON object.

mod table;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, ensure};
use harness::{Clip, EdgePeer, Report, Stack, Title, play::Play};
use table::{Row, Summary};

/// Name and addresses of the two sites.
const SITES: [(&str, &str); 2] = [("site-a", "127.1.0.0/16"), ("site-b", "127.2.0.0/16")];
/// PCs at each site.
const PEERS: u8 = 3;
/// The largest picture played: six decoders share this one machine, which may have two cores.
const QUALITY: &str = "480";
/// Up to this long a video is watched in real time at once; a longer one is decoded as fast as
/// the machine has time for, stalls judged as if it were watched.
const REAL_TIME_MS: u64 = 240_000;

#[tokio::main]
async fn main() -> ExitCode {
    match demo().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> anyhow::Result<bool> {
    let once = std::env::var_os("ONCE").is_some_and(|v| v != "0" && !v.is_empty());
    let folder = tempfile::Builder::new()
        .prefix("dms-demo-")
        .tempdir()
        .context("a folder is made")?;
    let video = video(folder.path()).await?;
    say("starting a DMS and two sites of three PCs");
    let mut builder = Stack::builder().folder(folder.path());
    for (name, subnet) in SITES {
        builder = builder.site(name, subnet, PEERS);
    }
    let stack = builder.start().await?;
    say(&format!("publishing {}", video.display()));
    let title = publish(&stack, &video).await?;
    say("playing on all six PCs at once, with empty caches, as in an office at nine");
    let mut rows = at_once(&stack, &title).await?;
    say("playing on each PC once more, one after another");
    for peer in &stack.peers {
        rows.push(row(
            peer,
            "alone",
            player(&stack, peer, &title).run().await?,
        ));
    }
    let mut summary = Summary::of(&rows);
    for (name, _) in SITES {
        summary.add_site(name, &stack.dms.site(name).await?)?;
    }
    table::print(&rows, &summary);
    let good = summary.is_good();
    if !once {
        stay(&stack, &title).await?;
    }
    stack.end().await?;
    if !good {
        eprintln!("demo: not every player decoded every frame without a stall");
    }
    println!("{}", summary.json()?);
    Ok(good)
}

/// The file to publish: `VIDEO`, else a clip made now.
async fn video(folder: &std::path::Path) -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("VIDEO").filter(|v| !v.is_empty()) {
        let path = PathBuf::from(path);
        ensure!(path.is_file(), "VIDEO={} is not a file", path.display());
        return path.canonicalize().context("the file's full path");
    }
    say("making a clip of 20 seconds");
    let path = folder.join("demo.mp4");
    Clip::new(20).size(1280, 720).make_at(&path).await?;
    Ok(path)
}

/// Publishes with the command a publisher uses, its progress shown.
async fn publish(stack: &Stack, video: &std::path::Path) -> anyhow::Result<Title> {
    let name = video
        .file_stem()
        .map_or("Demo".into(), |s| s.to_string_lossy().into_owned());
    let file = video.to_str().context("a file name in UTF-8")?;
    let mut command = stack
        .dms
        .command(&["publish", file, "--title", &name, "--wait", "--json"])?;
    command
        .stderr(std::process::Stdio::inherit())
        .stdout(std::process::Stdio::piped());
    let output = command
        .kill_on_drop(true)
        .output()
        .await
        .context("dms publish runs")?;
    ensure!(
        output.status.success(),
        "dms publish ended with {}",
        output.status
    );
    let json: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("dms publish --json prints an object")?;
    let id = json["id"].as_str().context("a title has an id")?.to_owned();
    Ok(Title { id, json })
}

async fn at_once(stack: &Stack, title: &Title) -> anyhow::Result<Vec<Row>> {
    let short = title.json["duration_ms"]
        .as_u64()
        .is_some_and(|ms| ms <= REAL_TIME_MS);
    let plays = stack.peers.iter().map(|peer| async move {
        let player = player(stack, peer, title);
        let report = if short {
            player.watch().await?
        } else {
            player.yielding().run().await?
        };
        anyhow::Ok(row(peer, "at once", report))
    });
    futures_util::future::try_join_all(plays).await
}

fn player(stack: &Stack, peer: &EdgePeer, title: &Title) -> Play {
    peer.player(&stack.dms, &title.id)
        .with(&["--quality", QUALITY])
}

fn row(peer: &EdgePeer, round: &'static str, report: Report) -> Row {
    Row {
        peer: peer.name.clone(),
        round,
        report,
    }
}

/// Tells how to look at it, and waits for Ctrl-C.
async fn stay(stack: &Stack, title: &Title) -> anyhow::Result<()> {
    let agent = &stack.peers[0].local_url;
    eprintln!();
    eprintln!("  console     {}/", stack.dms.url);
    eprintln!("  sign in     {}", stack.dms.token()?);
    eprintln!("  watch       {}/watch/{}", stack.dms.url, title.id);
    eprintln!(
        "  by a PC     {}/watch/{}?agent={agent}",
        stack.dms.url, title.id
    );
    eprintln!("  metrics     {}", stack.dms.metrics_url);
    eprintln!("  logs, state {}", stack.folder().display());
    eprintln!();
    say("up; Ctrl-C ends it");
    tokio::signal::ctrl_c().await.context("Ctrl-C is heard")?;
    say("ending");
    Ok(())
}

fn say(text: &str) {
    eprintln!("==> {text}");
}
