//! `edge-peer caps`, `clear`, `stored` and `today`: what the agent takes of this PC, and what of it is free to choose.

use std::str::FromStr;

use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{FAILED, Failure, local::Local, say, say_json};
use crate::{
    config::{
        Config,
        units::{ByteSize, UnitError, human_bytes},
    },
    policy::{Cap, InForce, Moved},
};

#[derive(Debug, Args)]
pub(super) struct PlainArguments {
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CapsArguments {
    /// The most bytes a second given to peers, such as 2MB; none: as much as the company allows
    #[arg(long, value_name = "SIZE")]
    upload: Option<Wish>,
    /// The most bytes of chunks on disk, such as 5GiB; none: as much as the company allows
    #[arg(long, value_name = "SIZE")]
    disk: Option<Wish>,
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// A cap, or none.
#[derive(Debug, Clone, Copy)]
struct Wish(Option<u64>);

impl FromStr for Wish {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        match text {
            "none" => Ok(Self(None)),
            text => text.parse().map(|ByteSize(bytes)| Self(Some(bytes))),
        }
    }
}

pub(super) async fn caps(config: &Config, arguments: &CapsArguments) -> Result<(), Failure> {
    let mut change = Map::new();
    for (name, wish) in [("upload", arguments.upload), ("disk", arguments.disk)] {
        if let Some(Wish(bytes)) = wish {
            change.insert(name.into(), json!(bytes));
        }
    }
    let local = Local::of(config)?;
    let answer = if change.is_empty() {
        local.call(config, Method::GET, "/v1/caps", None).await?
    } else {
        let change = Some(change.into());
        local.call(config, Method::PUT, "/v1/caps", change).await?
    };
    if arguments.json {
        say_json(&answer);
        return Ok(());
    }
    let caps: InForce = read(&answer)?;
    say(line("upload", &caps.upload, "/s"));
    say(line("disk", &caps.disk, ""));
    for what in ["upload", "disk"] {
        if let Some(said) = answer[what]["said"].as_str() {
            say(said);
        }
    }
    Ok(())
}

fn line(name: &str, cap: &Cap, unit: &str) -> String {
    let shown = |bytes: u64| format!("{}{unit}", human_bytes(bytes));
    let value = cap.value.map_or_else(|| "no cap".into(), shown);
    let why = match (cap.locked, cap.limit) {
        (true, _) => "set by your IT".into(),
        (false, Some(limit)) => format!("your company allows {}", shown(limit)),
        (false, None) => "your company sets no limit".into(),
    };
    format!("{name:<8}{value} ({why})")
}

pub(super) async fn clear(config: &Config, arguments: &PlainArguments) -> Result<(), Failure> {
    let answer = ask(config, Method::POST, "/v1/clear").await?;
    if arguments.json {
        say_json(&answer);
        return Ok(());
    }
    let bytes = |name: &str| human_bytes(answer[name].as_u64().unwrap_or_default());
    let (freed, stays) = (bytes("freed_bytes"), bytes("stays_bytes"));
    say(format_args!(
        "{freed} freed; {stays} stay because they are in use, kept, or held for the site."
    ));
    Ok(())
}

pub(super) async fn stored(config: &Config, arguments: &PlainArguments) -> Result<(), Failure> {
    let answer = ask(config, Method::GET, "/v1/stored").await?;
    if arguments.json {
        say_json(&answer);
        return Ok(());
    }
    let none = Vec::new();
    for item in answer["items"].as_array().unwrap_or(&none) {
        let bytes = human_bytes(item["bytes"].as_u64().unwrap_or_default());
        let title = item["title"].as_str().unwrap_or("of unknown titles");
        let stays = item["stays"].as_str().unwrap_or_default().replace('_', " ");
        say(format_args!("{bytes:>9}  {title}  {stays}"));
    }
    say("All of it is encrypted: this PC has no key to it, and does not know the titles' names.");
    Ok(())
}

pub(super) async fn today(config: &Config, arguments: &PlainArguments) -> Result<(), Failure> {
    let answer = ask(config, Method::GET, "/v1/today").await?;
    if arguments.json {
        say_json(&answer);
        return Ok(());
    }
    let moved: Moved = read(&answer["moved"])?;
    for (what, bytes) in [
        ("sent to PCs of the site", moved.peers),
        ("  encrypted video of it", moved.video),
        ("  over the internet", moved.outside),
        ("asked of PCs of the site", moved.peer_requests),
        ("asked of the DMS", moved.origin_requests),
        ("control connection to the DMS", moved.control),
        ("other reports to the DMS", moved.reports),
        ("received from PCs of the site", moved.from_peers),
        ("received from the DMS", moved.from_origin),
        ("given to players of this PC", moved.players),
    ] {
        say(format_args!("{what:<31}{}", human_bytes(bytes)));
    }
    Ok(())
}

async fn ask(config: &Config, method: Method, path: &str) -> Result<Value, Failure> {
    Local::of(config)?.call(config, method, path, None).await
}

fn read<T: serde::de::DeserializeOwned>(answer: &Value) -> Result<T, Failure> {
    T::deserialize(answer).map_err(|e| Failure::new(FAILED, e))
}
