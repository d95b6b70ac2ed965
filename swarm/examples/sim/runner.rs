//! Runs many (scenario, seed) pairs on all cores. The order of the results is that of the pairs.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use swarm::sim::{self, Report, Scenario};

/// One run to make.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub scenario: &'a Scenario,
    pub seed: u64,
    /// Run it twice and compare the traces.
    pub twice: bool,
}

/// What came of one.
pub struct Done {
    pub report: Report,
    /// The second run differed from the first.
    pub differs: bool,
}

/// Runs them all.
pub fn run_all(jobs: &[Job<'_>]) -> Vec<Done> {
    let threads = std::thread::available_parallelism()
        .map_or(2, |n| n.get())
        .min(jobs.len().max(1));
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { return };
                    let result = run_one(job);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn run_one(job: &Job<'_>) -> Done {
    let report = sim::run(job.scenario, job.seed);
    let differs = job.twice && sim::run(job.scenario, job.seed) != report;
    Done { report, differs }
}

/// The command that makes a run again.
pub fn replay(scenario: &Scenario, seed: u64) -> String {
    let planted = sim::Planted::ALL
        .iter()
        .find(|(_, bug)| Some(*bug) == scenario.planted);
    let planted = planted.map_or(String::new(), |(name, _)| format!(" --plant {name}"));
    format!(
        "cargo run -q --release -p swarm --example sim -- {} {seed} --policy {}{planted} --trace",
        scenario.name,
        scenario.policy.name()
    )
}
