//! Plants each known bug and shows which of the gate's checks catches it.

use swarm::sim::{self, Planted, Scenario};

use super::{
    load_all,
    runner::{Job, replay, run_all},
};

/// Answers whether every bug is caught.
pub fn run() -> Result<bool, String> {
    let scenarios = load_all()?;
    let mut all_caught = true;
    for (name, bug) in Planted::ALL {
        let planted = |s: &Scenario| Scenario {
            planted: Some(bug),
            ..s.clone()
        };
        // The small ones are enough, and a bug that is caught is caught quickly.
        let small = scenarios.iter().filter(|s| s.seeds > 0 && s.peers() <= 200);
        let planted: Vec<Scenario> = small.map(planted).collect();
        let jobs: Vec<Job<'_>> = planted
            .iter()
            .map(|scenario| Job {
                scenario,
                seed: 1,
                twice: false,
            })
            .collect();
        let done = run_all(&jobs);
        let caught: Vec<(&Scenario, String)> = jobs
            .iter()
            .zip(&done)
            .filter_map(|(job, done)| {
                let said = sim::judge(job.scenario, &done.report).into_iter().next()?;
                Some((job.scenario, said))
            })
            .collect();
        match caught.first() {
            Some((scenario, said)) => {
                println!(
                    "{name}: caught in {} scenarios, first in {}",
                    caught.len(),
                    scenario.name
                );
                println!("  {said}\n  {}", replay(scenario, 1));
            }
            None => {
                println!("{name}: NOT CAUGHT");
                all_caught = false;
            }
        }
    }
    Ok(all_caught)
}
