//! Every policy on the same work, as a Markdown table.

use swarm::sim::{Measures, Policy, Scenario, decimal};

use super::{
    load,
    runner::{Job, run_all},
};

/// What is compared, and over how many seeds each.
const SCENARIOS: [(&str, u64); 5] = [
    ("file-crowd", 3),
    ("equal-links", 3),
    ("vod", 3),
    ("churn-vod", 3),
    ("churn-file", 3),
];

/// Prints the table. Everything in it is the worst of the sites and seeds.
pub fn run() -> Result<bool, String> {
    let mut all: Vec<(Scenario, u64)> = Vec::new();
    for (name, seeds) in SCENARIOS {
        let scenario = load(name)?;
        for policy in Policy::ALL {
            let scenario = Scenario {
                policy,
                ..scenario.clone()
            };
            all.push((scenario, seeds));
        }
    }
    let jobs: Vec<Job<'_>> = all
        .iter()
        .flat_map(|(scenario, seeds)| {
            (1..=*seeds).map(move |seed| Job {
                scenario,
                seed,
                twice: false,
            })
        })
        .collect();
    let done = run_all(&jobs);
    println!(
        "| scenario | policy | WAN copies | x bound | stalls | start median ms | start worst ms | \
         messages a chunk | fairness | not finished |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    let mut results = done.iter();
    for (scenario, seeds) in &all {
        let (mut worst, mut unfinished): (Option<Measures>, u32) = (None, 0);
        for done in results.by_ref().take(*seeds as usize) {
            let measures = Measures::of(&done.report);
            worst = Some(worst.map_or(measures, |w| w.worst(measures)));
            let left = done
                .report
                .sites
                .iter()
                .map(|s| s.viewers - s.finished)
                .sum();
            unfinished = unfinished.max(left);
        }
        let Some(m) = worst else { continue };
        let bound = if m.bound == 0 {
            "-".into()
        } else {
            decimal(m.bound)
        };
        println!(
            "| {} | {} | {} | {bound} | {} | {} | {} | {} | {} | {unfinished} |",
            scenario.name,
            scenario.policy.name(),
            decimal(m.copies),
            m.stalls,
            m.start_median_ms,
            m.start_ms,
            decimal(m.messages_a_chunk),
            decimal(m.fairness),
        );
    }
    Ok(true)
}
