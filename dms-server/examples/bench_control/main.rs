//! Loads a real `dms serve` with thousands of light edge peers and measures it: a process of its own,
//! enrolment over its API, mutual TLS, one WebSocket a peer, each from a loopback address of its own.
//!
//! `scripts/bench-control --help` says how to run it. People read standard error; the last line of
//! standard output is one JSON object.

mod embargo;
mod fleet;
mod licenses;
mod link;
mod origin;
mod phases;
mod process;
mod server;
mod slow;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use serde_json::{Map, Value};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the control plane and the origin of a `dms serve` that it starts.
#[derive(Parser, Clone, Debug)]
struct Arguments {
    /// The program `dms`, built for release
    #[arg(long)]
    dms: PathBuf,
    /// Edge peers to connect; half of them in sites of 1,000, the others in sites of 100
    #[arg(long, default_value_t = 10_000)]
    peers: usize,
    /// Seconds of each run of heartbeats
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Processor the server is held to; the load takes the others
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// MiB published and fetched to measure the origin; 0 leaves it out
    #[arg(long, default_value_t = 256)]
    origin_mib: usize,
    /// Seconds in which licences are asked for; 0 leaves it out
    #[arg(long, default_value_t = 5)]
    licenses_seconds: u64,
    /// Viewers who wait for the end of an embargo, at most one a peer; 0 leaves it out
    #[arg(long, default_value_t = 1_000)]
    embargo_viewers: usize,
    /// Leave out what changes rosters and restarts the server
    #[arg(long)]
    quick: bool,
}

/// The figures, in the order they were taken.
#[derive(Default)]
struct Figures(Map<String, Value>);

impl Figures {
    /// Notes a figure and shows it to people.
    fn note(&mut self, name: &str, value: f64, words: &str) {
        eprintln!("{value:>12.2}  {words}");
        let rounded = (value * 1000.0).round() / 1000.0;
        self.0.insert(name.to_owned(), rounded.into());
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = runtime
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(bench(&arguments)));
    match ended {
        Ok(figures) => {
            println!("{}", Value::Object(figures.0));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench_control: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(arguments: &Arguments) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    figures
        .0
        .insert("bench".into(), Value::String("control".into()));
    let files = process::raise_open_files()?;
    // Besides the peers: the database, the store, listeners, enrolment.
    let most = files.saturating_sub(512);
    anyhow::ensure!(
        arguments.peers <= most,
        "{} peers need {} open files and this session may open {files}: raise the limit, or pass \
         --peers {most}",
        arguments.peers,
        arguments.peers + 512,
    );
    phases::all(arguments, &mut figures).await?;
    Ok(figures)
}
