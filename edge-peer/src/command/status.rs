//! `edge-peer status`, `pause` and `resume`.

use clap::Args;
use reqwest::Method;
use serde_json::json;

use super::{Failure, local::Local, say, say_json};
use crate::{
    config::{
        Config,
        units::{Span, human_bytes},
    },
    local_api::StatusReport,
};

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PauseArguments {
    /// For how long, such as 1h [default: until resumed]
    #[arg(long = "for", value_name = "TIME")]
    length: Option<Span>,
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArguments {
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn status(config: &Config, arguments: &StatusArguments) -> Result<(), Failure> {
    let report = Local::of(config)?.status(config).await?;
    if arguments.json {
        say_json(&report);
    } else {
        say(&report.sentence);
        say(details(&report));
    }
    Ok(())
}

pub(super) async fn pause(config: &Config, arguments: &PauseArguments) -> Result<(), Failure> {
    let body = match arguments.length {
        Some(Span(length)) => json!({ "seconds": length.as_secs().max(1) }),
        None => json!({}),
    };
    set(config, "/v1/pause", Some(body), arguments.json).await
}

pub(super) async fn resume(config: &Config, arguments: &ResumeArguments) -> Result<(), Failure> {
    set(config, "/v1/resume", None, arguments.json).await
}

async fn set(
    config: &Config,
    path: &str,
    body: Option<serde_json::Value>,
    as_json: bool,
) -> Result<(), Failure> {
    let answer = Local::of(config)?
        .call(config, Method::POST, path, body)
        .await?;
    if as_json {
        say_json(&answer);
        return Ok(());
    }
    let paused = answer["paused"].as_bool().unwrap_or(false);
    let timed = answer["paused_until_ms"].is_u64();
    say(match (paused, timed) {
        (false, _) => "Sharing is on.",
        (true, true) => "Sharing is paused; it goes on by itself. Playing is not affected.",
        (true, false) => "Sharing is paused until: edge-peer resume. Playing is not affected.",
    });
    Ok(())
}

fn details(report: &StatusReport) -> String {
    let bytes = &report.bytes;
    let site = report.site.as_ref().map_or("none", |s| s.name.as_str());
    let dms = if report.connected {
        "connected"
    } else {
        "away"
    };
    let lines = [
        ("device", format!("{} ({})", report.name, report.device_id)),
        ("DMS", format!("{dms} ({})", report.device_url)),
        ("site", format!("{site}, {} other PCs", report.roster)),
        (
            "played here",
            format!(
                "{} from the cache, {} from peers, {} from the origin",
                human_bytes(bytes.cache),
                human_bytes(bytes.peers),
                human_bytes(bytes.origin)
            ),
        ),
        (
            "given",
            format!(
                "{} today, {} since the start, {} uploads now",
                human_bytes(bytes.given_today),
                human_bytes(bytes.given),
                report.uploads
            ),
        ),
        (
            "cache",
            format!(
                "{} of {} in {} chunks",
                human_bytes(report.cache.used),
                human_bytes(report.cache.limit),
                report.cache.chunks
            ),
        ),
        ("peers ask at", report.chunk_listen.clone()),
    ];
    let lines = lines.map(|(name, value)| format!("  {name:<13}{value}"));
    lines.join("\n")
}
