//! `edge-peer bundle` and `quit`.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use reqwest::Method;

use super::{CONFLICT, FAILED, Failure, local::Local, say, say_json};
use crate::{
    config::Config,
    state::{Access, StateFolder, write_atomic},
};

/// How long an agent may take to end: uploads that run are finished first.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether it did.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(super) struct BundleArguments {
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "edge-peer-support.zip")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct QuitArguments {
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn bundle(config: &Config, arguments: &BundleArguments) -> Result<(), Failure> {
    let zip = Local::of(config)?.download(config, "/v1/bundle").await?;
    let to = arguments.to.display();
    write_atomic(&arguments.to, &zip, Access::Private)
        .map_err(|e| Failure::new(FAILED, format!("{to} cannot be written: {e}")))?;
    say(format_args!(
        "{to}: names, keys and titles are left out; README.txt in it says what is in."
    ));
    Ok(())
}

pub(super) async fn quit(config: &Config, arguments: &QuitArguments) -> Result<(), Failure> {
    let local = Local::of(config)?;
    let answer = local.call(config, Method::POST, "/v1/quit", None).await?;
    let state = StateFolder::at(&config.state);
    let start = Instant::now();
    while state.is_locked() {
        if start.elapsed() > PATIENCE {
            return Err(Failure::new(
                CONFLICT,
                "the agent was told to end and still runs",
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
    if arguments.json {
        say_json(&answer);
        return Ok(());
    }
    say("The agent ended: nothing is shared, and nothing plays through it.");
    if answer["service"] == true {
        say(
            "A service manager started it and will start it again with this PC; to keep it off, disable its service.",
        );
    }
    Ok(())
}
