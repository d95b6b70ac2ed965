//! `edge-peer doctor`: shows what keeps this PC from sharing and playing.

use clap::Args;

use super::{Failure, PROBLEMS, local::Local, say, say_json};
use crate::{
    config::Config,
    doctor::{Check, Verdict, examine},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// Runs every check.
pub(super) async fn doctor(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let status = match Local::of(config) {
        Ok(local) => local.status(config).await.map_err(|f| f.message),
        Err(failure) => Err(failure.message),
    };
    let report = examine(config, status).await;
    let problems = report.problems();
    if arguments.json {
        say_json(&report);
    } else {
        report.checks.iter().for_each(show);
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
