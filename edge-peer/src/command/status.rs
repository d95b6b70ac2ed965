//! `edge-peer status`, `pause` and `resume`.

use clap::{Args, ValueEnum};
use reqwest::Method;
use serde_json::json;
use time::{OffsetDateTime, Time, error::IndeterminateOffset};

use super::{Failure, INVALID, local::Local, say, say_json};
use crate::{
    config::{
        Config,
        units::{Span, human_bytes},
    },
    local_api::StatusReport,
};

/// Seconds.
const DAY: i64 = 86_400;

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
    /// Until when: tomorrow
    #[arg(long, value_name = "WHEN", conflicts_with = "length")]
    until: Option<Until>,
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// When a pause may end.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Until {
    /// The next midnight by this PC's clock
    Tomorrow,
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
    let seconds = match (arguments.until, arguments.length) {
        (Some(Until::Tomorrow), _) => Some(until_tomorrow(OffsetDateTime::now_local)?),
        (None, length) => length.map(|Span(length)| length.as_secs().max(1)),
    };
    let body = seconds.map_or_else(|| json!({}), |seconds| json!({ "seconds": seconds }));
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

/// Seconds until the next midnight of a clock.
fn until_tomorrow(
    now: impl FnOnce() -> Result<OffsetDateTime, IndeterminateOffset>,
) -> Result<u64, Failure> {
    let now = now().map_err(|_| {
        let message = "this PC's time zone is unknown; say how long instead, such as --for 12h";
        Failure::new(INVALID, message)
    })?;
    let since = now.time().duration_since(Time::MIDNIGHT).whole_seconds();
    Ok((DAY - since).unsigned_abs().max(1))
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::{Date, Month, UtcOffset};

    #[test]
    fn tomorrow_begins_at_midnight_of_this_pc() {
        let day = Date::from_calendar_date(2026, Month::November, 23).unwrap();
        for (hour, minute, east, seconds) in
            [(0, 0, 1, 86_400), (23, 59, -8, 60), (18, 30, 9, 19_800)]
        {
            let time = Time::from_hms(hour, minute, 0).unwrap();
            let offset = UtcOffset::from_hms(east, 0, 0).unwrap();
            let now = OffsetDateTime::new_in_offset(day, time, offset);
            assert_eq!(until_tomorrow(|| Ok(now)).unwrap(), seconds);
        }
        assert!(until_tomorrow(|| Err(IndeterminateOffset)).is_err());
    }
}
