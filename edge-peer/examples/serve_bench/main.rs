//! How fast a peer gives chunks, beside nginx serving the same files on the same machine.
//!
//! One real `edge-peer` with a cache of 1 MiB chunks and one nginx (sendfile in the clear, TLS, and
//! TLS with client certificates) are asked in turn by the same client, round by round. Counted are
//! bytes a second and the processor time of the server alone. `scripts/bench-serve` builds and
//! pins everything.

mod load;
mod report;
mod servers;
mod site;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;

use load::Load;
use report::{Report, Row};
use servers::{Nginx, Server, Target};
use site::Site;

/// The peer has mimalloc; so has the client, for both servers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A peer against nginx: bytes a second and processor time per GiB.
#[derive(Debug, Parser)]
struct Arguments {
    /// The edge-peer program
    #[arg(long)]
    edge_peer: PathBuf,
    /// How the servers are started, such as `taskset -c 0`; empty: directly
    #[arg(long, default_value = "")]
    servers_by: String,
    /// MiB asked for in each measurement
    #[arg(long, default_value_t = 1_536)]
    mib: u64,
    /// Chunks of 1 MiB on disk
    #[arg(long, default_value_t = 128)]
    chunks: usize,
    /// Connections at the same time; each number is a row of the table
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4])]
    connections: Vec<usize>,
    /// Rounds; the middle one counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// New connections for the start-up latency
    #[arg(long, default_value_t = 200)]
    starts: usize,
    /// Fail when the peer is slower than nginx with client certificates, or costs more than 0.6
    /// of its processor time
    #[arg(long)]
    gate: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let measured = runtime
        .map_err(anyhow)
        .and_then(|runtime| runtime.block_on(measure(&arguments)));
    match measured {
        Ok(report) => {
            print!("{}", report.table());
            println!("{}", report.json());
            if arguments.gate && !report.reached() {
                eprintln!("serve_bench: a bar was missed");
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("serve_bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever goes wrong ends the measurement with its text.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;

fn anyhow(error: std::io::Error) -> Problem {
    error.into()
}

async fn measure(arguments: &Arguments) -> Result<Report, Problem> {
    let site = Site::make(arguments.chunks)?;
    let peer = servers::edge_peer(&site, &arguments.edge_peer, &arguments.servers_by).await?;
    let nginx = Nginx::start(&site, &arguments.servers_by).await?;
    let targets = nginx.targets();
    let mut all: Vec<(&Server, Target)> = targets
        .into_iter()
        .map(|target| (&nginx.server, target))
        .collect();
    all.push((&peer, servers::peer_target(&site)));

    let mut rows: Vec<Row> = Vec::new();
    for (_, target) in &all {
        load::check(&site, target).await?;
    }
    for round in 0..arguments.rounds {
        for &connections in &arguments.connections {
            for (server, target) in &all {
                let load = Load {
                    connections,
                    bytes: arguments.mib << 20,
                };
                eprintln!(
                    "round {}: {}, {connections} connections",
                    round + 1,
                    target.name
                );
                let before = server.cpu()?;
                let taken = load.run(&site, target).await?;
                let cpu = server.cpu()?.saturating_sub(before);
                rows.push(Row::new(target.name, connections, &taken, cpu));
                // What the kernel still does for the last connections is not the next one's cost.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let mut starts = Vec::new();
    for (_, target) in all.iter().filter(|(_, t)| t.mutual) {
        let measured = load::starts(&site, target, arguments.starts).await?;
        starts.push((target.name, measured));
    }
    Ok(Report {
        rows,
        starts,
        peer_peak_mib: peer.peak_mib()?,
    })
}
