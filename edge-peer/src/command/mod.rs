//! The program's subcommands.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failure,
//! 2 usage, 4 not enrolled or refused, 5 invalid input, 6 conflict, 7 unreachable, 9 `doctor`
//! found problems.

mod caps;
mod doctor;
mod enroll;
mod local;
mod open;
mod run;
mod status;
mod support;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError, Settings};

/// The agent on this PC: fetches, verifies, caches and shares encrypted video.
#[derive(Debug, Parser)]
#[command(name = "edge-peer", version, about, max_term_width = 100)]
struct Program {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the agent until it is told to stop
    Run(run::Arguments),
    /// Enrols this PC with a token
    Enroll(enroll::Arguments),
    /// Says what the running agent shares and with whom
    Status(status::StatusArguments),
    /// Stops sharing; playing goes on
    Pause(status::PauseArguments),
    /// Shares again
    Resume(status::ResumeArguments),
    /// Shows the caps on upload and disk, or chooses them within the company's limits
    Caps(caps::CapsArguments),
    /// Frees disk: drops what is not in use, kept or held for the site
    Clear(caps::PlainArguments),
    /// Says what is stored, and for how long
    Stored(caps::PlainArguments),
    /// Says what was sent and received today, class by class
    Today(caps::PlainArguments),
    /// Opens the agent's page in the browser
    Open(open::Arguments),
    /// Writes a support bundle that names nobody
    Bundle(support::BundleArguments),
    /// Ends the running agent, and with it sharing
    Quit(support::QuitArguments),
    /// Looks for what keeps this PC from sharing and playing
    Doctor(doctor::Arguments),
}

/// How a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

/// Something else went wrong.
const FAILED: u8 = 1;
/// Not enrolled, or refused.
const DENIED: u8 = 4;
/// Input that cannot be used.
const INVALID: u8 = 5;
/// Something is there already.
const CONFLICT: u8 = 6;
/// Nobody answers.
const UNREACHABLE: u8 = 7;
/// `doctor` found problems.
const PROBLEMS: u8 = 9;

impl Failure {
    fn new(code: u8, message: impl std::fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(INVALID, error)
    }
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let program = Program::parse();
    match start(program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                let _ = writeln!(std::io::stderr(), "edge-peer: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

fn start(program: Program) -> Result<(), Failure> {
    let config = Config::load(program.settings)?;
    // One thread for everything but files: an employee's PC keeps its other cores, and nothing
    // is handed from one to another. Hashing and encrypting on it outrun ten gigabits a second.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(FAILED, format!("no runtime: {e}")))?;
    runtime.block_on(async {
        match program.command {
            Command::Run(arguments) => run::run(config, arguments).await,
            Command::Enroll(arguments) => enroll::enroll(&config, arguments).await,
            Command::Status(arguments) => status::status(&config, &arguments).await,
            Command::Pause(arguments) => status::pause(&config, &arguments).await,
            Command::Resume(arguments) => status::resume(&config, &arguments).await,
            Command::Caps(arguments) => caps::caps(&config, &arguments).await,
            Command::Clear(arguments) => caps::clear(&config, &arguments).await,
            Command::Stored(arguments) => caps::stored(&config, &arguments).await,
            Command::Today(arguments) => caps::today(&config, &arguments).await,
            Command::Open(arguments) => open::open(&config, &arguments).await,
            Command::Bundle(arguments) => support::bundle(&config, &arguments).await,
            Command::Quit(arguments) => support::quit(&config, &arguments).await,
            Command::Doctor(arguments) => doctor::doctor(&config, &arguments).await,
        }
    })
}

/// Writes a line of data; a closed pipe is not a failure.
fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn say_json(value: &impl serde::Serialize) {
    say(serde_json::to_string_pretty(value).unwrap_or_default());
}

#[cfg(test)]
mod tests;
