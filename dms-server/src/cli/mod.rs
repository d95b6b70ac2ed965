//! Commands that talk to a server: signing in, publishing, titles, people and their rights.
//!
//! Clients of the public API like any other. Data goes to standard output, everything else to
//! standard error.

mod ad_events;
mod ads;
mod audit;
mod campaign;
mod captions;
pub mod client;
mod explain;
pub mod failure;
mod find;
mod follow;
mod groups;
mod jobs;
mod keys;
mod login;
mod logins;
mod memory;
pub(crate) mod names;
mod people;
mod plans;
mod policy;
mod progress;
mod publish;
mod search;
#[cfg(test)]
mod tests;
mod titles;
mod token;
mod upload;
mod uploads;
pub mod when;

use std::process::ExitCode;

pub use ads::AdsArgs;
pub use audit::AuditArgs;
pub use campaign::CampaignArgs;
pub use client::{Client, Connection};
pub use explain::ExplainArgs;
pub use failure::Failure;
pub use groups::GroupsArgs;
pub use jobs::JobsArgs;
pub use keys::KeysArgs;
pub use login::{LoginArgs, LogoutArgs, WhoamiArgs};
pub use people::PeopleArgs;
pub use plans::PlansArgs;
pub use policy::PolicyArgs;
pub use publish::PublishArgs;
pub use search::SearchArgs;
pub use titles::TitlesArgs;
pub use token::TokenArgs;
pub use uploads::UploadsArgs;

/// Runs `dms login`.
pub async fn login(args: LoginArgs) -> ExitCode {
    finish(login::login(args).await)
}

/// Runs `dms logout`.
pub async fn logout(args: LogoutArgs) -> ExitCode {
    finish(login::logout(args).await)
}

/// Runs `dms explain`.
#[must_use]
pub fn explain(args: &ExplainArgs) -> ExitCode {
    finish(explain::run(args))
}

/// Runs `dms whoami`.
pub async fn whoami(args: WhoamiArgs) -> ExitCode {
    finish(login::whoami(args).await)
}

/// Runs `dms publish`.
pub async fn publish(args: PublishArgs) -> ExitCode {
    finish(publish::run(args).await)
}

/// Runs `dms titles`.
pub async fn titles(args: TitlesArgs) -> ExitCode {
    finish(titles::run(args).await)
}

/// Runs `dms jobs`.
pub async fn jobs(args: JobsArgs) -> ExitCode {
    finish(jobs::run(args).await)
}

/// Runs `dms uploads`.
pub async fn uploads(args: UploadsArgs) -> ExitCode {
    finish(uploads::run(args).await)
}

/// Runs `dms search`.
pub async fn search(args: SearchArgs) -> ExitCode {
    finish(search::run(args).await)
}

/// Runs `dms campaign`.
pub async fn campaign(args: CampaignArgs) -> ExitCode {
    finish(campaign::run(args).await)
}

/// Runs `dms ads`.
pub async fn ads(args: AdsArgs) -> ExitCode {
    finish(ads::run(args).await)
}

/// Runs `dms audit`.
pub async fn audit(args: AuditArgs) -> ExitCode {
    finish(audit::run(args).await)
}

/// Runs `dms people`.
pub async fn people(args: PeopleArgs) -> ExitCode {
    finish(people::run(args).await)
}

/// Runs `dms groups`.
pub async fn groups(args: GroupsArgs) -> ExitCode {
    finish(groups::run(args).await)
}

/// Runs `dms policy`.
pub async fn policy(args: PolicyArgs) -> ExitCode {
    finish(policy::run(args).await)
}

/// Runs `dms plans`.
pub async fn plans(args: PlansArgs) -> ExitCode {
    finish(plans::run(args).await)
}

/// Runs `dms token`.
pub async fn token(args: TokenArgs) -> ExitCode {
    finish(token::run(args).await)
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
