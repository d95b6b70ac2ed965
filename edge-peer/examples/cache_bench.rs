//! How fast a cache of very many chunks starts, what it takes in memory, and what checking costs.
//!
//! The chunks are tiny but real: each is a file. Printed are a table and one JSON object.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clap::Parser;
use edge_peer::{
    cache::{Cache, Got},
    chunk::{Sealing, VerifiedChunk},
};
use serde_json::json;
use swarm::{
    content::{ChunkId, DeviceId, TitleId},
    peer::{Config, Input, Peer},
    time::Instant as Moment,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The longest start of a cache with a million chunks.
const START_BAR: Duration = Duration::from_secs(2);
/// Chunks written at the same time.
const AT_ONCE: u32 = 64;

/// A cache of very many chunks: start-up, memory, rot.
#[derive(Debug, Parser)]
struct Arguments {
    /// Chunks in the cache
    #[arg(long, default_value_t = 1_000_000)]
    chunks: u32,
    /// Where the cache is made; it is removed afterwards [default: a temporary folder]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Fail when the start takes 2 s or more
    #[arg(long)]
    gate: bool,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let measured = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(measure(&arguments)));
    match measured {
        Ok(reached) if reached || !arguments.gate => ExitCode::SUCCESS,
        Ok(_) => {
            eprintln!("cache_bench: the start took {START_BAR:?} or more");
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("cache_bench: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<bool, Problem> {
    let folder = match &arguments.folder {
        Some(at) => tempfile::tempdir_in(at)?,
        None => tempfile::tempdir()?,
    };
    let hashing = hashing();
    let filling = fill(folder.path(), arguments.chunks).await?;

    let before = rss_kib()?;
    let start = Instant::now();
    let cache = Cache::open(folder.path(), u64::MAX)?;
    let opened = start.elapsed();
    let memory = (rss_kib()?.saturating_sub(before) * 1024) as f64 / f64::from(arguments.chunks);
    if cache.fill().chunks != arguments.chunks as usize {
        return Err("the cache does not hold what was put into it".into());
    }
    let start = Instant::now();
    let mut machine = Peer::new(Config::default(), DeviceId([1; 16]), 1);
    for (chunk, _) in cache.held() {
        machine.handle(Input::Holds(chunk), Moment(0));
    }
    let told = start.elapsed();
    let rotten = rot(folder.path(), &cache).await?;
    drop(cache);

    std::fs::remove_file(folder.path().join("index.journal"))?;
    let start = Instant::now();
    drop(Cache::open(folder.path(), u64::MAX)?);
    let rebuilt = start.elapsed();

    let chunks = arguments.chunks;
    println!("{chunks} chunks written in {:.1} s", filling.as_secs_f64());
    println!(
        "start {:.2} s (bar: under 2), decisions told {:.2} s",
        opened.as_secs_f64(),
        told.as_secs_f64()
    );
    println!(
        "memory {memory:.0} bytes a chunk; start without index, from the files {:.1} s",
        rebuilt.as_secs_f64()
    );
    println!(
        "1 MiB hashed {:.2} ms, checked again {:.3} ms; {rotten} of 1000 changed files found",
        hashing.0, hashing.1
    );
    let reached = opened < START_BAR;
    let line = json!({
        "bench": "cache", "chunks": chunks, "start_s": round(opened.as_secs_f64()),
        "decisions_told_s": round(told.as_secs_f64()), "bytes_per_chunk": round(memory),
        "rebuild_s": round(rebuilt.as_secs_f64()), "write_s": round(filling.as_secs_f64()),
        "hash_ms_per_mib": round(hashing.0), "check_ms_per_mib": round(hashing.1),
        "rot_found_of_1000": rotten, "reached": reached,
    });
    println!("{line}");
    Ok(reached)
}

/// The bytes of chunk `n`: 32 of them.
fn tiny(n: u32) -> Vec<u8> {
    n.to_le_bytes().repeat(8)
}

async fn fill(folder: &std::path::Path, chunks: u32) -> Result<Duration, Problem> {
    let cache = Cache::open(folder, u64::MAX)?;
    let start = Instant::now();
    let mut first = 0;
    while first < chunks {
        let last = chunks.min(first + AT_ONCE);
        let puts = (first..last).map(|n| {
            let cache = cache.clone();
            tokio::spawn(async move {
                let bytes = tiny(n);
                let chunk = VerifiedChunk::check(ChunkId::of(&bytes), Bytes::from(bytes));
                match chunk {
                    Ok(chunk) => cache.put(chunk, Some(TitleId([7; 16]))).await.stored,
                    Err(_) => false,
                }
            })
        });
        for put in puts.collect::<Vec<_>>() {
            if !put.await? {
                return Err("a chunk was not stored; is the disk full, or out of inodes?".into());
            }
        }
        first = last;
    }
    Ok(start.elapsed())
}

/// Changes one bit in each of up to 1000 files; answers how many the reads found.
async fn rot(folder: &std::path::Path, cache: &Cache) -> Result<usize, Problem> {
    let held = cache.held();
    let step = held.len().div_ceil(1_000).max(1);
    let mut found = 0;
    for (n, (id, _)) in held.into_iter().step_by(step).enumerate() {
        let name = id.to_string();
        let path = folder.join("chunks").join(&name[..2]).join(&name);
        let mut bytes = std::fs::read(&path)?;
        let at = n % bytes.len();
        bytes[at] ^= 1 << (n % 8);
        std::fs::write(&path, bytes)?;
        found += usize::from(cache.get(id).await == Got::Rotten);
    }
    Ok(found)
}

/// Milliseconds for hashing 1 MiB, and for checking it again.
fn hashing() -> (f64, f64) {
    let bytes = vec![0x5a; 1 << 20];
    let timed = |work: &dyn Fn()| {
        let start = Instant::now();
        (0..200).for_each(|_| work());
        start.elapsed().as_secs_f64() * 1e3 / 200.0
    };
    let hash = timed(&|| _ = std::hint::black_box(ChunkId::of(&bytes)));
    let check = timed(&|| {
        let mut sum = Sealing::new();
        sum.update(&bytes);
        std::hint::black_box(&sum);
    });
    (hash, check)
}

fn rss_kib() -> Result<u64, Problem> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.split_whitespace().next());
    Ok(kib.ok_or("no VmRSS")?.parse()?)
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
