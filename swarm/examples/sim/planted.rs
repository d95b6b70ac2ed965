//! Plants each known bug and shows which of the gate's checks catches it.

use swarm::sim::{self, Baseline, Measures, Planted, Policy, Scenario};

use super::{
    folder, load_all,
    runner::{Job, replay, run_all},
};

/// How many seeds of each scenario are tried.
const SEEDS: u32 = 3;

/// Answers whether every bug is caught by a check that passes without it.
pub fn run() -> Result<bool, String> {
    let path = folder().join("baseline.json");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let baseline = Baseline::parse(&text)?;
    let mut scenarios = load_all()?;
    scenarios.retain(|s| s.seeds > 0 && s.policy == Policy::Swarm);
    let sound: Vec<bool> = said(&scenarios, None, &baseline)
        .iter()
        .map(|s| s.2.is_empty())
        .collect();
    let mut all_caught = true;
    for (name, bug) in Planted::ALL {
        let with = said(&scenarios, Some(bug), &baseline);
        let caught = with
            .iter()
            .zip(&sound)
            .filter(|((_, _, said), sound)| **sound && !said.is_empty());
        let mut caught = caught.map(|(with, _)| with);
        let Some((scenario, seed, said)) = caught.next() else {
            println!("{name}: NOT CAUGHT");
            all_caught = false;
            continue;
        };
        println!(
            "{name}: caught by {} of {} runs, first {} seed {seed}",
            caught.count() + 1,
            with.len(),
            scenario.name
        );
        println!("  {}", said.first().map_or("", String::as_str));
        let planted = Scenario {
            planted: Some(bug),
            ..(*scenario).clone()
        };
        println!("  {}", replay(&planted, *seed));
    }
    Ok(all_caught)
}

/// What the gate says of each run, with a bug or without.
fn said<'a>(
    scenarios: &'a [Scenario],
    bug: Option<Planted>,
    baseline: &Baseline,
) -> Vec<(&'a Scenario, u64, Vec<String>)> {
    let planted = |s: &Scenario| Scenario {
        planted: bug,
        ..s.clone()
    };
    let planted: Vec<Scenario> = scenarios.iter().map(planted).collect();
    let runs = planted
        .iter()
        .zip(scenarios)
        .flat_map(|(planted, scenario)| {
            (1..=u64::from(scenario.seeds.min(SEEDS))).map(move |seed| (planted, scenario, seed))
        });
    let runs: Vec<_> = runs.collect();
    let jobs: Vec<Job<'_>> = runs
        .iter()
        .map(|(planted, _, seed)| Job {
            scenario: planted,
            seed: *seed,
            twice: false,
        })
        .collect();
    let done = run_all(&jobs);
    let judged = runs
        .iter()
        .zip(&done)
        .map(|((planted, scenario, seed), done)| {
            let mut said = sim::judge(planted, &done.report);
            said.extend(baseline.regressions(&scenario.name, &Measures::of(&done.report)));
            (*scenario, *seed, said)
        });
    judged.collect()
}
