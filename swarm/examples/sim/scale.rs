//! How cost grows with the number of peers.

use std::time::Instant;

use swarm::{
    sim::{Fleet, Measures, Scenario, decimal},
    time::Micros,
};

use super::load;

/// Every site is taken this far before the next one is looked at again: all of them live at once.
const SLICE: Micros = Micros::from_secs(1);
const SIZES: [u32; 3] = [1_000, 10_000, 100_000];

/// Runs the scale scenario with ever more sites. Answers whether nothing happened that must not.
pub fn run(sizes: &[&str]) -> Result<bool, String> {
    let sizes: Vec<u32> = if sizes.is_empty() {
        SIZES.to_vec()
    } else {
        let read = |s: &&str| {
            s.parse()
                .map_err(|_| format!("{s:?} is no number of peers"))
        };
        sizes.iter().map(read).collect::<Result<_, _>>()?
    };
    let base = load("scale")?;
    println!(
        "{:>7} {:>5} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6} {:>5}",
        "peers",
        "sites",
        "events",
        "messages",
        "msg/peer",
        "wall_s",
        "us/event",
        "rss_mb",
        "kb/peer",
        "copies",
        "bound",
        "never"
    );
    let mut well = true;
    for peers in sizes {
        well &= one(&base, peers)?;
    }
    Ok(well)
}

fn one(base: &Scenario, peers: u32) -> Result<bool, String> {
    let site = base.sites.first().ok_or("the scale scenario has a site")?;
    let sites = peers.div_ceil(site.peers).max(1) as usize;
    let scenario = Scenario {
        sites: vec![site.clone(); sites],
        ..base.clone()
    };
    let started = Instant::now();
    let half = sites.div_ceil(2);
    let fleets: Vec<Fleet<'_>> = std::thread::scope(|scope| {
        let ranges = [0..half, half..sites];
        let fly = |range| {
            let scenario = &scenario;
            scope.spawn(move || {
                let mut fleet = Fleet::new(scenario, 1, range);
                let mut to = SLICE;
                while fleet.advance(to) {
                    to = to + SLICE;
                }
                fleet
            })
        };
        let handles: Vec<_> = ranges.into_iter().map(fly).collect();
        handles.into_iter().filter_map(|h| h.join().ok()).collect()
    });
    let report = Fleet::report(&scenario, 1, &fleets);
    let wall = started.elapsed().as_secs_f64();
    let (m, messages) = (
        Measures::of(&report),
        report.sites.iter().map(|s| s.messages).sum::<u64>(),
    );
    let (peers, rss) = (scenario.peers(), resident_kb());
    println!(
        "{peers:>7} {sites:>5} {:>10} {messages:>10} {:>8} {wall:>8.1} {:>8.2} {:>8} {:>8} {:>6} {:>6} {:>5}",
        report.events,
        messages / u64::from(peers),
        wall * 1e6 / report.events as f64,
        rss / 1024,
        rss / u64::from(peers),
        decimal(m.copies),
        decimal(m.bound),
        report.violations.total(),
    );
    let unfinished: u32 = report.sites.iter().map(|s| s.viewers - s.finished).sum();
    Ok(report.violations.total() == 0 && unfinished == 0)
}

/// The memory of this process now, with everything still in it.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
