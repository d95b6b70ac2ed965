//! The gate: every scenario, its seeds, its bars, and the baseline.

use std::time::Instant;

use swarm::sim::{self, Baseline, Measures, Scenario, decimal};

use super::{
    Arguments, folder, load_all,
    runner::{Job, replay, run_all},
};

/// Failures that are printed in full.
const MAX_PRINTED: usize = 40;

/// The last line.
#[derive(Default)]
struct Summary {
    scenarios: usize,
    failed: usize,
    runs: usize,
    copies: u64,
    bound: u64,
    ledger: u64,
    peers: u32,
}

impl Summary {
    fn print(&self) {
        println!(
            "{{\"scenarios\":{},\"failed\":{},\"seeds\":{},\"wan_copies_max\":{},\"bound_ratio_max\":{},\
             \"ledger_violations\":{},\"peers_max\":{}}}",
            self.scenarios,
            self.failed,
            self.runs,
            decimal(self.copies),
            decimal(self.bound),
            self.ledger,
            self.peers
        );
    }
}

/// Runs the gate. Answers whether everything passed.
pub fn run(arguments: &Arguments) -> Result<bool, String> {
    let scenarios: Vec<Scenario> = load_all()?
        .into_iter()
        .map(|s| arguments.apply(s))
        .collect();
    let path = folder().join("baseline.json");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut baseline = Baseline::parse(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let jobs: Vec<Job<'_>> = scenarios
        .iter()
        .flat_map(|scenario| {
            let seeds = 1..=u64::from(scenario.seeds);
            seeds.map(move |seed| Job {
                scenario,
                seed,
                twice: seed == 1,
            })
        })
        .collect();
    let started = Instant::now();
    let (summary, reached, failures) = judge_all(&jobs, &baseline, arguments.bless);
    if arguments.bless {
        baseline.scenarios = reached.into_iter().collect();
        let text = serde_json::to_string_pretty(&baseline).map_err(|e| e.to_string())?;
        std::fs::write(&path, text + "\n").map_err(|e| format!("{}: {e}", path.display()))?;
        println!("wrote {}", path.display());
    }
    print_failures(&failures);
    println!(
        "{} runs in {:.1} s; * counts for wan_copies_max and bound_ratio_max",
        summary.runs,
        started.elapsed().as_secs_f32()
    );
    summary.print();
    Ok(summary.failed == 0)
}

type Reached = Vec<(String, Measures)>;

fn judge_all(
    jobs: &[Job<'_>],
    baseline: &Baseline,
    bless: bool,
) -> (Summary, Reached, Vec<String>) {
    let done = run_all(jobs);
    let (mut summary, mut failures) = (Summary::default(), Vec::new());
    let mut reached: Reached = Vec::new();
    head();
    let mut from = 0;
    while let Some(first) = jobs.get(from) {
        let scenario = first.scenario;
        let same = jobs[from..]
            .iter()
            .take_while(|j| std::ptr::eq(j.scenario, scenario));
        let to = from + same.count();
        let mut all: Option<(Measures, u64)> = None;
        let before = failures.len();
        for (job, done) in jobs[from..to].iter().zip(&done[from..to]) {
            let measures = Measures::of(&done.report);
            let mut said = sim::judge(scenario, &done.report);
            if done.differs {
                said.push("two runs of the same seed differ".into());
            }
            if !bless {
                said.extend(baseline.regressions(&scenario.name, &measures));
            }
            for what in said {
                let replay = replay(scenario, job.seed);
                failures.push(format!(
                    "{} seed {}: {what}\n     {replay}",
                    scenario.name, job.seed
                ));
            }
            summary.ledger += done.report.violations.ledger;
            let (worst, never) = all.unwrap_or((measures, 0));
            all = Some((
                worst.worst(measures),
                never + done.report.violations.total(),
            ));
        }
        let passed = failures.len() == before;
        summary.scenarios += 1;
        summary.failed += usize::from(!passed);
        summary.runs += to - from;
        summary.peers = summary.peers.max(scenario.peers());
        if let Some((worst, never)) = all {
            if scenario.expect.headline {
                summary.copies = summary.copies.max(worst.copies);
                summary.bound = summary.bound.max(worst.bound);
            }
            row(scenario, to - from, &worst, never, passed);
            reached.push((scenario.name.clone(), worst));
        }
        from = to;
    }
    (summary, reached, failures)
}

fn head() {
    println!(
        "  scenario           policy  peers seeds copies  bound stalls start_ms p95_ms worst_ms msg/peer \
         msg/chunk  fair never"
    );
}

fn row(scenario: &Scenario, seeds: usize, m: &Measures, never: u64, passed: bool) {
    let mark = if scenario.expect.headline { '*' } else { ' ' };
    let bound = if m.bound == 0 {
        "-".into()
    } else {
        decimal(m.bound)
    };
    println!(
        "{mark} {:<18} {:<7} {:>5} {:>5} {:>6} {:>6} {:>6} {:>8} {:>6} {:>8} {:>8} {:>9} {:>5} {:>5} {}",
        scenario.name,
        scenario.policy.name(),
        scenario.peers(),
        seeds,
        decimal(m.copies),
        bound,
        m.stalls,
        m.start_median_ms,
        m.start_p95_ms,
        m.start_ms,
        m.messages_a_peer,
        decimal(m.messages_a_chunk),
        decimal(m.fairness),
        never,
        if passed { "ok" } else { "FAIL" },
    );
}

fn print_failures(failures: &[String]) {
    for failure in failures.iter().take(MAX_PRINTED) {
        println!("FAIL {failure}");
    }
    if failures.len() > MAX_PRINTED {
        println!("FAIL ... and {} more", failures.len() - MAX_PRINTED);
    }
}

/// Many runs of the small scenarios, a seed each. Answers whether everything passed.
pub fn seeds(many: u64, names: &[&str], arguments: &Arguments) -> Result<bool, String> {
    let chosen = |s: &Scenario| {
        if names.is_empty() {
            s.many_seeds
        } else {
            names.contains(&s.name.as_str())
        }
    };
    let scenarios: Vec<Scenario> = load_all()?
        .into_iter()
        .filter(chosen)
        .map(|s| arguments.apply(s))
        .collect();
    if scenarios.is_empty() {
        return Err("no such scenario; `sim list` names them".into());
    }
    let share = |at: usize| {
        let turns = scenarios.len() as u64;
        1..=(many / turns + u64::from((at as u64) < many % turns))
    };
    let jobs: Vec<Job<'_>> = scenarios
        .iter()
        .enumerate()
        .flat_map(|(at, scenario)| {
            share(at).map(move |seed| Job {
                scenario,
                seed,
                twice: false,
            })
        })
        .collect();
    let (summary, _, failures) = judge_all(&jobs, &Baseline::default(), true);
    print_failures(&failures);
    summary.print();
    Ok(summary.failed == 0)
}
