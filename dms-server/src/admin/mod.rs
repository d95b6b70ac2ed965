//! The administrator's commands: `dms admin ...`, over the HTTP API of a running server.

use std::process::ExitCode;

/// Arguments of `dms admin`.
#[derive(clap::Args, Debug)]
pub struct AdminArgs {}

/// Runs `dms admin`.
pub async fn run(_args: AdminArgs) -> ExitCode {
    ExitCode::FAILURE
}
