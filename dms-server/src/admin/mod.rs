//! The administrator's commands: `dms admin ...`, over the HTTP API of a running server.

mod args;
mod changes;
mod devices;
mod sites;
pub(crate) mod tokens;

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

pub use args::AdminArgs;
use args::Verb;

use crate::cli::{Client, Failure, finish};
use crate::device::routes::NewEnrollmentToken;

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

/// Runs `dms admin`.
pub async fn run(args: AdminArgs) -> ExitCode {
    finish(act(args).await)
}

async fn act(args: AdminArgs) -> Result<(), Failure> {
    if matches!(args.verb, Verb::Openapi) {
        return print_openapi();
    }
    let client = Client::new(&args.connection)?;
    match args.verb {
        Verb::Openapi => print_openapi(),
        Verb::Site(verb) => sites::run(&client, verb, args.json).await,
        Verb::Device(verb) => devices::run(&client, verb, args.json).await,
        Verb::Token(verb) => tokens::run(&client, verb, args.json).await,
        Verb::EnrollToken {
            uses,
            minutes,
            long_lived,
        } => {
            let ttl_seconds = minutes.saturating_mul(60);
            let new = NewEnrollmentToken {
                uses,
                ttl_seconds,
                long_lived,
            };
            tokens::enrollment(&client, &new, args.json).await
        }
    }
}

/// Prints the document that `GET /api/v1/openapi.json` answers.
fn print_openapi() -> Result<(), Failure> {
    let document = crate::routes::openapi().to_pretty_json();
    let document = document.map_err(|e| Failure::Input(e.to_string()))?;
    // Not `println!`: whoever reads less than all of it is no failure of this program's.
    let _ = writeln!(std::io::stdout(), "{document}");
    Ok(())
}

/// Prints a value as one line of JSON with the version of its shape.
fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut json = serde_json::to_value(value).map_err(|e| Failure::Input(e.to_string()))?;
    if let Some(object) = json.as_object_mut() {
        object.insert("schema".into(), SCHEMA.into());
    }
    println!("{json}");
    Ok(())
}
