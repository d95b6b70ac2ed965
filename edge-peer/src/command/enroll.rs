//! `edge-peer enroll`.

use std::{io::IsTerminal, io::Read, path::PathBuf};

use clap::Args;

use super::{CONFLICT, DENIED, FAILED, Failure, INVALID, UNREACHABLE, say};
use crate::{
    config::Config,
    device_key::SoftwareStore,
    net::enrolment::{Enrolment, EnrolmentError},
    state::{StateError, StateFolder},
};

/// The longest token, bytes.
const MAX_TOKEN: u64 = 4_096;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    // A doc comment would make this example a broken link.
    #[arg(
        long,
        value_name = "URL",
        help = "The DMS, such as https://dms.example.com"
    )]
    dms: String,
    /// The enrolment token; other users of this PC can see it, so prefer --token-file
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    token: Option<String>,
    /// A file with the token; `-`, or neither option: standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// This PC's name, for people [default: its host name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// PEM file of the authority that signed the DMS's certificate, when it is a private one
    #[arg(long, value_name = "FILE")]
    dms_ca: Option<PathBuf>,
}

/// Enrols this PC.
pub(super) async fn enroll(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let dms_ca = match &arguments.dms_ca {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|e| unreadable(path, &e))?),
    };
    let enrolment = Enrolment {
        token: token(&arguments)?,
        dms: arguments.dms,
        name: arguments.name.unwrap_or_else(host_name),
        dms_ca,
        bind: config.bind,
    };
    let state = StateFolder::at(&config.state);
    let keys = SoftwareStore::new(&state);
    let trust = enrolment.run(&state, &keys).await.map_err(failure)?;
    say(format_args!(
        "Enrolled as {} (device {}) of {}. Start sharing with: edge-peer run --state {}",
        trust.name,
        trust.device_id,
        trust.tenant,
        state.root().display()
    ));
    Ok(())
}

fn token(arguments: &Arguments) -> Result<String, Failure> {
    let text = match (&arguments.token, &arguments.token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(path)) if path.as_os_str() != "-" => {
            std::fs::read_to_string(path).map_err(|e| unreadable(path, &e))?
        }
        _ => {
            let stdin = std::io::stdin();
            if stdin.is_terminal() {
                let message = "give the token with --token-file FILE, or on standard input";
                return Err(Failure::new(INVALID, message));
            }
            let mut text = String::new();
            let read = stdin.lock().take(MAX_TOKEN).read_to_string(&mut text);
            read.map_err(|e| Failure::new(INVALID, format!("standard input: {e}")))?;
            text
        }
    };
    let token = text.trim();
    if token.is_empty() {
        return Err(Failure::new(INVALID, "the token is empty"));
    }
    Ok(token.to_owned())
}

fn host_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().into_owned();
    if name.is_empty() { "pc".into() } else { name }
}

fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(INVALID, format!("{}: {error}", path.display()))
}

fn failure(error: EnrolmentError) -> Failure {
    let code = match &error {
        EnrolmentError::Insecure(_) | EnrolmentError::Url(_) => INVALID,
        EnrolmentError::Unreachable { .. } => UNREACHABLE,
        EnrolmentError::Refused(_) => DENIED,
        EnrolmentError::State(StateError::AlreadyEnrolled(_)) => CONFLICT,
        _ => FAILED,
    };
    Failure::new(code, error)
}
