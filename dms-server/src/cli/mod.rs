//! The publisher's commands: `dms publish`, `dms titles` and `dms campaign`.
//!
//! Clients of the public API like any other. Data goes to standard output, everything else to
//! standard error.

mod audit;
mod campaign;
pub mod client;
pub mod failure;
mod follow;
mod keys;
mod memory;
mod names;
mod progress;
mod publish;
#[cfg(test)]
mod tests;
mod titles;
mod upload;
pub mod when;

use std::process::ExitCode;

pub use audit::AuditArgs;
pub use campaign::CampaignArgs;
pub use client::{Client, Connection};
pub use failure::Failure;
pub use keys::KeysArgs;
pub use publish::PublishArgs;
pub use titles::TitlesArgs;

/// Runs `dms publish`.
pub async fn publish(args: PublishArgs) -> ExitCode {
    finish(publish::run(args).await)
}

/// Runs `dms titles`.
pub async fn titles(args: TitlesArgs) -> ExitCode {
    finish(titles::run(args).await)
}

/// Runs `dms campaign`.
pub async fn campaign(args: CampaignArgs) -> ExitCode {
    finish(campaign::run(args).await)
}

/// Runs `dms audit`.
pub async fn audit(args: AuditArgs) -> ExitCode {
    finish(audit::run(args).await)
}

/// Runs `dms keys`.
pub async fn keys(args: KeysArgs) -> ExitCode {
    finish(keys::run(args).await)
}

/// Says what went wrong, and gives the exit code that tells programs.
pub fn finish(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("dms: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
