//! `edge-peer open`: the agent's page, with a code that lets it in once.

use std::process::Stdio;

use clap::Args;
use reqwest::Method;

use super::{FAILED, Failure, local::Local, say};
use crate::{
    config::Config,
    state::{Access, StateFolder, names},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Prints the link, which works once and for a minute, and opens nothing
    #[arg(long)]
    print: bool,
}

pub(super) async fn open(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let local = Local::of(config)?;
    let answer = local
        .call(config, Method::POST, "/v1/ui/code", None)
        .await?;
    let code = answer["code"].as_str().unwrap_or_default();
    let link = format!("{}/ui#code={code}", local.base());
    if arguments.print {
        say(link);
        return Ok(());
    }
    // Everybody on this PC sees the arguments of programs. So the browser is given a file that only its owner reads,
    // and that leads on.
    let state = StateFolder::at(&config.state);
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0;url={link}\"><title>edge-peer</title>\
         <a href=\"{link}\">The page of the agent</a>\n"
    );
    let written = state.write(names::OPEN, page.as_bytes(), Access::Private);
    written.map_err(|e| Failure::new(FAILED, e))?;
    let path = state.path(names::OPEN);
    match browser(&path) {
        Ok(()) => say("The page opens in your browser. If it does not: edge-peer open --print"),
        Err(why) => {
            let message =
                format!("no browser could be started ({why}); run: edge-peer open --print");
            return Err(Failure::new(FAILED, message));
        }
    }
    Ok(())
}

fn browser(path: &std::path::Path) -> std::io::Result<()> {
    let opener = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let quiet = Stdio::null;
    let mut command = std::process::Command::new(opener);
    let command = command.arg(path).stdin(quiet()).stdout(quiet());
    command.stderr(quiet()).spawn().map(|_| ())
}
