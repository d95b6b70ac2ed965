//! The simulator's program: runs scenario files and prints what came of them.

// A program has arguments, files, threads and a clock; the library has none of them.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod compare;
mod gate;
mod planted;
mod runner;
mod scale;
mod show;

use std::{path::PathBuf, process::ExitCode};

use swarm::sim::{Planted, Policy, Scenario};

const HELP: &str = "\
The swarm in the simulator: the production decisions under virtual time.

  sim [gate]            every scenario of swarm/scenarios against its bars and the baseline
  sim NAME [SEED]       one scenario, one seed (default 1), every site
  sim FILE.toml [SEED]  the same for a file of yours
  sim seeds N [NAME..]  N runs of the small scenarios, a seed each
  sim compare           every policy on the comparison scenarios, as a table
  sim planted           plants each known bug and shows which check catches it
  sim scale [PEERS..]   messages, memory and time per event (default 1000 10000 100000)
  sim list              the scenarios, and what each shows

Options
  --policy NAME   who decides: swarm, plain, box, tracker, mesh (default: what the file says)
  --plant BUG     skip-hash-check, ledger-off-by-one, forget-holders, no-hedge, referral-loop
  --trace         every request, answer and arrival, one line each: why it went as it did
  --json          the report as JSON instead of a table
  --bless         gate only: write what was reached into baseline.json

A scenario and a seed are everything: equal ones give equal runs, and the trace's hash proves it.
To ask \"why\" run `sim NAME SEED --trace | grep 'chunk 17\\b'`; peers are p0, p1, ..., site by site.
To try an idea, copy a file of swarm/scenarios, change it, and give its path.
Ratios: copies is payload over the WAN / bytes of the different chunks (1.000 is ideal); bound is the time
to the last peer's last chunk / what the links allow at best (Kumar and Ross for files).";

/// What the command line says.
#[derive(Debug, Default)]
pub struct Arguments {
    words: Vec<String>,
    policy: Option<Policy>,
    planted: Option<Planted>,
    trace: bool,
    json: bool,
    bless: bool,
}

fn main() -> ExitCode {
    match Arguments::read(std::env::args().skip(1)).and_then(|arguments| dispatch(&arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("sim: {why}\nsim: --help says what there is");
            ExitCode::from(2)
        }
    }
}

/// Answers whether all was well.
fn dispatch(arguments: &Arguments) -> Result<bool, String> {
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["help"] => {
            println!("{HELP}");
            Ok(true)
        }
        [] | ["gate"] => gate::run(arguments),
        ["list"] => {
            for scenario in load_all()? {
                println!("{:<18} {}", scenario.name, scenario.about);
            }
            Ok(true)
        }
        ["compare"] => compare::run(),
        ["planted"] => planted::run(),
        ["scale", sizes @ ..] => scale::run(sizes),
        ["seeds", many, names @ ..] => {
            let many = many
                .parse()
                .map_err(|_| format!("{many:?} is no number of seeds"))?;
            gate::seeds(many, names, arguments)
        }
        [name] => show::run(name, 1, arguments),
        [name, seed] => {
            let seed = seed
                .parse()
                .map_err(|_| format!("{seed:?} is no seed: a seed is a number"))?;
            show::run(name, seed, arguments)
        }
        _ => Err("too many words".into()),
    }
}

impl Arguments {
    fn read(all: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self::default();
        let mut all = all;
        while let Some(word) = all.next() {
            let mut value = |what: &str| all.next().ok_or(format!("{word} needs {what}"));
            match word.as_str() {
                "--policy" => arguments.policy = Some(policy(&value("a policy")?)?),
                "--plant" => arguments.planted = Some(planted(&value("a bug")?)?),
                "--trace" => arguments.trace = true,
                "--json" => arguments.json = true,
                "--bless" => arguments.bless = true,
                "--help" | "-h" => arguments.words = vec!["help".into()],
                option if option.starts_with('-') => return Err(format!("no option {option}")),
                _ => arguments.words.push(word),
            }
        }
        Ok(arguments)
    }

    /// Changes a scenario as the options say.
    fn apply(&self, mut scenario: Scenario) -> Scenario {
        scenario.policy = self.policy.unwrap_or(scenario.policy);
        scenario.planted = self.planted.or(scenario.planted);
        scenario
    }
}

fn policy(name: &str) -> Result<Policy, String> {
    let found = Policy::ALL.into_iter().find(|p| p.name() == name);
    found.ok_or(format!("no policy is called {name:?}"))
}

fn planted(name: &str) -> Result<Planted, String> {
    let found = Planted::ALL.into_iter().find(|(n, _)| *n == name);
    found
        .map(|(_, bug)| bug)
        .ok_or(format!("no bug is called {name:?}"))
}

/// The folder of the scenario files.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Reads one scenario: a name in the folder, or the path of a file.
fn load(name: &str) -> Result<Scenario, String> {
    let path = if name.ends_with(".toml") {
        PathBuf::from(name)
    } else {
        folder().join(format!("{name}.toml"))
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        format!(
            "no scenario at {}: {error}; `sim list` names them",
            path.display()
        )
    })?;
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
    Scenario::parse(&stem.unwrap_or_default(), &text).map_err(|error| error.to_string())
}

/// Reads every scenario of the folder, by name.
pub fn load_all() -> Result<Vec<Scenario>, String> {
    let folder = folder();
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            names.extend(path.file_stem().map(|s| s.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    names.iter().map(|name| load(name)).collect()
}
