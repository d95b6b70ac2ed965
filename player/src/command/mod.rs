//! The command line: `dms-player play`, `dms-player serve` and `dms-player save`.

mod keep;
mod play;
mod save;
mod serve;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Instant,
};

use clap::{ArgAction, Parser, Subcommand};

use crate::{config, decode, error::PlayError};

/// Plays titles of the company's DMS.
#[derive(Parser, Debug)]
#[command(name = "dms-player", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say more on stderr; twice for the details
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Play a title in a window, or without one
    #[command(after_help = KEYS)]
    Play(play::PlayArgs),
    /// Save a title, to play it where there is no network
    #[command(after_help = KEEPING)]
    Keep(keep::KeepArgs),
    /// List what is saved
    Kept(keep::KeptArgs),
    /// Let go of a saved title
    Forget(keep::ForgetArgs),
    /// Serve a title as HLS on this computer, for other players
    Serve(serve::ServeArgs),
    /// Receive a file title as a clear file
    #[command(after_help = SAVING)]
    Save(save::SaveArgs),
}

/// What `play --help` says about the window.
const KEYS: &str = "\
Keys in the window:
  space, k        pause and go on
  left, right     5 seconds back, forward
  j, l            10 seconds back, forward
  up, down, + -   volume
  m               sound off and on
  f               full screen
  s               skip what fills a break, where that is allowed
  q, esc          quit

Exit codes: 0 played, 1 failed (such as a wrong frame count), 2 wrong usage, 3 no such title,
4 not allowed, 5 content refused, 6 signing keys changed, 7 unreachable, 130 interrupted.";

/// What `keep --help` adds.
const KEEPING: &str = "\
The agent on this computer keeps the title, encrypted; `dms-player play TITLE` then plays it whether the DMS answers or
not, until the days that its publisher allows are over. What you play is told to the DMS when there is a network again.

  dms-player keep https://dms.example/watch/ID --quality 720 --token-file me.token
  dms-player kept
  dms-player play ID
  dms-player forget ID

Exit codes: 0 saved, 1 failed (such as no room), 2 wrong usage, 3 no such title, 4 not allowed, 5 content refused,
6 signing keys changed or saved titles in use, 7 unreachable, 130 interrupted.";

/// What `save --help` adds.
const SAVING: &str = "\
While it is received the file carries the ending .dms-part. A run that was killed begins anew; what the
agent holds by then comes from its cache.

Exit codes: 0 saved, 1 failed, 2 wrong usage, 3 no such title, 4 not allowed, 5 content refused or not a
file, 6 signing keys changed or title not ready, 7 unreachable, 130 interrupted.";

/// Runs the program. The time is taken first: start-up is measured from here.
#[must_use]
pub fn run() -> ExitCode {
    let began = Instant::now();
    let cli = Cli::parse();
    start_log(cli.verbose);
    let result = match cli.command {
        Command::Play(args) => {
            decode::init(cli.verbose > 1);
            play::run(args, began)
        }
        Command::Keep(args) => keep::keep(args),
        Command::Kept(args) => keep::kept(args),
        Command::Forget(args) => keep::forget(args),
        Command::Serve(args) => serve::run(args),
        Command::Save(args) => save::run(args, began),
    };
    exit_code(result)
}

/// Receives a file title as a clear file.
#[derive(Parser, Debug)]
#[command(name = "dms-save", version, about, after_help = SAVING)]
struct SaveCli {
    #[command(flatten)]
    save: save::SaveArgs,

    /// Say more on stderr; twice for the details
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

/// Runs `dms-save`. Nothing it reaches decodes anything.
#[must_use]
pub fn run_save() -> ExitCode {
    let began = Instant::now();
    let cli = SaveCli::parse();
    start_log(cli.verbose);
    exit_code(save::run(cli.save, began))
}

fn exit_code(result: Result<(), PlayError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error[{}]: {error}", error.code());
            ExitCode::from(error.exit_code())
        }
    }
}

fn start_log(verbosity: u8) {
    let filter = tracing_subscriber::EnvFilter::try_new(config::log_filter(verbosity))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

fn runtime() -> Result<tokio::runtime::Runtime, PlayError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| PlayError::Usage(format!("No runtime can be started: {error}.")))
}

/// For programs that only wait for the network and a file.
fn small_runtime() -> Result<tokio::runtime::Runtime, PlayError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| PlayError::Usage(format!("No runtime can be started: {error}.")))
}

fn print_json(object: &impl serde::Serialize) -> Result<(), PlayError> {
    let written = serde_json::to_string(object)
        .map_err(std::io::Error::from)
        .and_then(|text| writeln!(std::io::stdout(), "{text}"));
    written.map_err(|error| PlayError::Output {
        path: "stdout".into(),
        reason: error.to_string(),
    })
}
