//! `edge-peer doctor`: measures what can keep this PC from sharing and playing, and says how to
//! put it right.

mod checks;
mod reach;

use clap::Args;
use serde::Serialize;

use super::{Failure, PROBLEMS, say, say_json};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What came out of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but not as it should.
    Warning,
    /// It does not work.
    Problem,
    /// It could not be checked, because of another problem.
    Skipped,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// A word for programs.
    pub(super) check: &'static str,
    /// What came out.
    pub(super) verdict: Verdict,
    /// What was measured.
    pub(super) measured: String,
    /// Why it matters.
    pub(super) why: &'static str,
    /// What to do; empty when nothing needs doing.
    pub(super) fix: String,
}

impl Check {
    fn new(check: &'static str, why: &'static str, verdict: Verdict, measured: String) -> Self {
        Self {
            check,
            verdict,
            measured,
            why,
            fix: String::new(),
        }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        if matches!(self.verdict, Verdict::Warning | Verdict::Problem) {
            self.fix = fix.into();
        }
        self
    }
}

#[derive(Serialize)]
struct Report {
    schema: u32,
    ok: bool,
    checks: Vec<Check>,
}

/// Runs every check.
pub(super) async fn doctor(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let checks = checks::all(config).await;
    let problems = checks
        .iter()
        .filter(|c| c.verdict == Verdict::Problem)
        .count();
    if arguments.json {
        say_json(&Report {
            schema: 1,
            ok: problems == 0,
            checks,
        });
    } else {
        checks.iter().for_each(show);
        say(match problems {
            0 => "Nothing keeps this PC from sharing and playing.".to_owned(),
            1 => "1 problem was found.".to_owned(),
            n => format!("{n} problems were found."),
        });
    }
    if problems > 0 {
        return Err(Failure::new(PROBLEMS, ""));
    }
    Ok(())
}

fn show(check: &Check) {
    let mark = match check.verdict {
        Verdict::Ok => "ok     ",
        Verdict::Warning => "warning",
        Verdict::Problem => "PROBLEM",
        Verdict::Skipped => "skipped",
    };
    say(format_args!(
        "{mark}  {:<14} {}",
        check.check, check.measured
    ));
    if !check.fix.is_empty() {
        say(format_args!("         why: {}", check.why));
        say(format_args!("         fix: {}", check.fix));
    }
}
