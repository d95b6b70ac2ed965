//! `dms explain`: the catalogue of problems, without a server.

use super::Failure;
use crate::problem::catalogue::{self, KnownProblem};

/// Arguments of `dms explain`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  dms explain subnet_overlap
  dms explain subnet_overlap --json
  dms explain --all > docs/ERRORS.md")]
pub struct ExplainArgs {
    /// The `code` of a problem
    #[arg(required_unless_present = "all")]
    code: Option<String>,
    /// Print the whole catalogue, as a document
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Failure::Missing`] when there is no such code.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let chosen = match args.code.as_deref() {
        Some(code) => Some(named(code)?),
        None => None,
    };
    let text = match (chosen, args.json) {
        (Some(entry), true) => as_json(entry)?,
        (None, true) => as_json(&catalogue::all())?,
        (Some(entry), false) => told(entry),
        (None, false) => catalogue::markdown(),
    };
    println!("{}", text.trim_end());
    Ok(())
}

fn named(code: &str) -> Result<&'static KnownProblem, Failure> {
    catalogue::find(code).ok_or_else(|| {
        let hint = match catalogue::alike(code).as_slice() {
            [] => "dms explain --all prints every code".to_owned(),
            alike => format!("did you mean {}?", alike.join(", ")),
        };
        Failure::Missing(format!("no problem has the code '{code}'; {hint}"))
    })
}

fn told(entry: &KnownProblem) -> String {
    format!(
        "{} (HTTP {})\n  means: {}\n  do:    {}",
        entry.code,
        catalogue::statuses(entry),
        entry.means,
        entry.fix
    )
}

fn as_json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::Input(error.to_string()))
}
