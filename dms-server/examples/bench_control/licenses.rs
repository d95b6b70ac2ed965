//! Licences: how many a second the server issues, records and logs, each asked for over HTTP with a policy to be looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use drm::license::RecipientKeyPair;
use reqwest::Method;
use serde_json::json;

use crate::server::Server;
use crate::{Figures, origin};

/// Players that ask at once.
const PLAYERS: usize = 64;
/// MiB of the title; a licence costs the same whatever it is.
const MIB: usize = 8;
/// How long a chunk of 1 MiB plays in a video of 5 Mbit/s.
const CHUNK_PLAYS: Duration = Duration::from_millis(1_678);

pub async fn measure(server: &Server, figures: &mut Figures, seconds: u64) -> anyhow::Result<()> {
    let title = origin::publish(server, MIB).await?;
    let policy = json!({"offline_days": 7, "until_ms": 4_102_444_800_000_u64});
    let path = format!("/api/v1/titles/{title}/policy");
    server.json(Method::PUT, &path, &policy).await?;
    let (over, issued, refused) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let counts: Counts = Arc::new((over, issued, refused));
    let watching = tokio::spawn(watch(chunk_requests(server, &title)?, Arc::clone(&counts)));
    let (began, cpu) = (Instant::now(), server.cpu()?);
    let mut players = Vec::with_capacity(PLAYERS);
    for _ in 0..PLAYERS {
        let key = RecipientKeyPair::generate(&mut rand::rng());
        let body = json!({"title": title, "recipient_key": key.public()});
        let path = format!("/api/v1/titles/{title}/license");
        let request = server.request(Method::POST, &path)?.json(&body);
        let counts = Arc::clone(&counts);
        players.push(tokio::spawn(async move {
            let mut took = Vec::new();
            while !counts.0.load(Relaxed) {
                let asked = Instant::now();
                let request = request.try_clone().context("a request without a stream")?;
                let answer = request.send().await?;
                let good = answer.status().is_success();
                let _license = answer.bytes().await?;
                took.push(asked.elapsed());
                let count = if good { &counts.1 } else { &counts.2 };
                count.fetch_add(1, Relaxed);
            }
            anyhow::Ok(took)
        }));
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (issued, wall) = (counts.1.load(Relaxed), began.elapsed().as_secs_f64());
    let cpu = server.cpu()? - cpu;
    counts.0.store(true, Relaxed);
    let mut took = Vec::new();
    for player in players {
        took.extend(player.await??);
    }
    let (chunks, late) = watching.await??;
    figures.note(
        "video_chunks",
        chunks.into(),
        "chunks of a video of 5 Mbit/s meanwhile",
    );
    figures.note(
        "video_stalls",
        late.into(),
        "of them that came too late for it",
    );
    let refused = counts.2.load(Relaxed);
    let seconds = (wall, cpu);
    tell(figures, issued, refused, seconds, took)?;
    ensure!(refused == 0, "{refused} licences were refused");
    Ok(())
}

/// Notes what came of it; the seconds are of the wall and of the server's processor.
fn tell(
    figures: &mut Figures,
    issued: u64,
    refused: u64,
    (wall, cpu): (f64, f64),
    mut took: Vec<Duration>,
) -> anyhow::Result<()> {
    took.sort_unstable();
    let p99 = took.get(took.len() * 99 / 100).context("a licence")?;
    let count = u32::try_from(issued).unwrap_or(u32::MAX);
    figures.note(
        "licenses_per_s",
        f64::from(count) / wall,
        "licences a second, issued, recorded and logged",
    );
    figures.note(
        "licenses_per_core_s",
        f64::from(count) / cpu,
        "licences a second of the server's processor",
    );
    figures.note(
        "licenses_p99_ms",
        p99.as_secs_f64() * 1e3,
        "ms, the slowest of a hundred",
    );
    let refused = u32::try_from(refused).unwrap_or(u32::MAX);
    figures.note("licenses_refused", refused.into(), "licences refused");
    Ok(())
}

/// Whether it is over; licences issued, and refused.
type Counts = Arc<(AtomicBool, AtomicU64, AtomicU64)>;

/// Requests for the title's chunks, in any order: to the server they are all the same.
fn chunk_requests(server: &Server, title: &str) -> anyhow::Result<Vec<reqwest::RequestBuilder>> {
    let chunks = origin::chunks(&server.store().join("chunks"))?;
    ensure!(!chunks.is_empty(), "nothing was published");
    let request = |id: &String| {
        let request = server.request(Method::GET, &format!("/v1/chunks/{id}"))?;
        Ok(request.header(swarm::wire::http::TITLE, title))
    };
    chunks.iter().map(request).collect()
}

/// Somebody watches meanwhile: a chunk each time the one before has played. Answers how many, and how many came too late.
async fn watch(
    requests: Vec<reqwest::RequestBuilder>,
    counts: Counts,
) -> anyhow::Result<(u32, u32)> {
    let (mut chunks, mut late) = (0, 0);
    for request in requests.iter().cycle() {
        if counts.0.load(Relaxed) {
            break;
        }
        let asked = Instant::now();
        let answer = request
            .try_clone()
            .context("a request without a stream")?
            .send()
            .await?;
        ensure!(answer.status().is_success(), "a chunk: {}", answer.status());
        let _chunk = answer.bytes().await?;
        chunks += 1;
        late += u32::from(asked.elapsed() > CHUNK_PLAYS);
        tokio::time::sleep(CHUNK_PLAYS.saturating_sub(asked.elapsed())).await;
    }
    Ok((chunks, late))
}
