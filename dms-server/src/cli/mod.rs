//! The publisher's commands: `dms publish` and `dms titles`.

use std::process::ExitCode;

/// Arguments of `dms publish`.
#[derive(clap::Args, Debug)]
pub struct PublishArgs {}

/// Arguments of `dms titles`.
#[derive(clap::Args, Debug)]
pub struct TitlesArgs {}

/// Runs `dms publish`.
pub async fn publish(_args: PublishArgs) -> ExitCode {
    ExitCode::FAILURE
}

/// Runs `dms titles`.
pub async fn titles(_args: TitlesArgs) -> ExitCode {
    ExitCode::FAILURE
}
