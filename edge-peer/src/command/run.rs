//! `edge-peer run`.

use std::{ffi::OsString, process::Stdio};

use clap::Args;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, fmt, fmt::writer::MakeWriterExt};

use super::{CONFLICT, DENIED, FAILED, Failure, INVALID};
use crate::{
    agent::{Agent, AgentError},
    config::{Config, LogFormat},
    logs::Tail,
    state::StateError,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A program to start beside the agent once it listens; the agent runs on when that ends
    #[arg(last = true, value_name = "PROGRAM")]
    beside: Vec<OsString>,
}

/// Runs the agent until a signal asks it to stop; a second signal ends it at once.
pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failure> {
    let log = Tail::default();
    start_logging(&config, log.clone())?;
    let agent = Agent::load(config).await.map_err(failure)?.with_log(log);
    if let Some((program, rest)) = arguments.beside.split_first() {
        start_beside(program, rest)?;
    }
    let shutdown = CancellationToken::new();
    let signals = shutdown.clone();
    tokio::spawn(async move {
        signal().await;
        signals.cancel();
        signal().await;
        std::process::exit(130);
    });
    agent.run(shutdown).await.map_err(failure)
}

/// Starts a program that ends with the agent at the latest.
fn start_beside(program: &OsString, arguments: &[OsString]) -> Result<(), Failure> {
    let started = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut child = started.map_err(|e| {
        let name = program.to_string_lossy();
        Failure::new(INVALID, format!("{name} cannot be started: {e}"))
    })?;
    tokio::spawn(async move {
        match child.wait().await {
            Ok(status) if status.success() => {
                tracing::info!("the program beside the agent is done")
            }
            Ok(status) => tracing::warn!(%status, "the program beside the agent failed"),
            Err(error) => tracing::warn!(%error, "the program beside the agent is lost"),
        }
    });
    Ok(())
}

fn start_logging(config: &Config, log: Tail) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|e| Failure::new(INVALID, format!("--log {:?}: {e}", config.log)))?;
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr.and(log));
    let started = match config.log_format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|e| Failure::new(FAILED, e))
}

fn failure(error: AgentError) -> Failure {
    let code = match &error {
        AgentError::State(StateError::NotEnrolled(_)) => DENIED,
        AgentError::State(StateError::Locked(_)) | AgentError::Listen { .. } => CONFLICT,
        _ => FAILED,
    };
    Failure::new(code, error)
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
