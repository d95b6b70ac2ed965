//! The command line: `dms-player play` and `dms-player serve`.

mod play;
mod serve;

use std::{io::IsTerminal, process::ExitCode, time::Instant};

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
    /// Serve a title as HLS on this computer, for other players
    Serve(serve::ServeArgs),
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
  q, esc          quit

Exit codes: 0 played, 1 failed (such as a wrong frame count), 2 wrong usage, 3 no such title,
4 not allowed, 5 content refused, 6 signing keys changed, 7 unreachable, 130 interrupted.";

/// Runs the program. The time is taken first: start-up is measured from here.
#[must_use]
pub fn run() -> ExitCode {
    let began = Instant::now();
    let cli = Cli::parse();
    start_log(cli.verbose);
    decode::init(cli.verbose > 1);
    let result = match cli.command {
        Command::Play(args) => play::run(args, began),
        Command::Serve(args) => serve::run(args),
    };
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
