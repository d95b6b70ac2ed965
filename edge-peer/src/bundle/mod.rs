//! The support bundle: what helps somebody find out what is wrong with this PC's agent, and names nobody.

mod scrub;
mod zip;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    config::{Config, LogFormat, personal},
    doctor,
    local_api::StatusReport,
    net::address::Origin,
    policy::{InForce, Moved},
    state::Trust,
};
pub use scrub::Scrubber;

/// What a bundle is made of.
pub struct Parts<'a> {
    /// What enrolment said.
    pub trust: &'a Trust,
    /// The configuration.
    pub config: &'a Config,
    /// What the agent says of itself.
    pub status: StatusReport,
    /// Every check.
    pub doctor: doctor::Report,
    /// What moved today.
    pub today: Moved,
    /// The caps.
    pub caps: InForce,
    /// Titles stored, and how many of them stay.
    pub stored: [usize; 2],
    /// Prometheus' text.
    pub metrics: String,
    /// The end of the log.
    pub log: String,
}

const README: &str = "\
Support bundle of an edge-peer agent.

status.json   what the agent says of itself
doctor.json   what keeps this PC from sharing and playing
config.json   the configuration in force
today.json    bytes that moved today, and the caps
metrics.txt   counters
log.txt       the end of the log

Left out or replaced: names of people, PCs, sites, companies and servers, folders, keys, tokens, mail
addresses, and the ids of titles, licences and other PCs (the same id is the same <id N> everywhere). Left in:
the id of this device, addresses inside the network, versions, times, sizes.
";

/// The bundle as a ZIP file.
#[must_use]
pub fn make(parts: Parts<'_>) -> Vec<u8> {
    let mut scrubber = scrubber(&parts);
    let today = json!({
        "schema": 1,
        "moved": parts.today,
        "caps": parts.caps,
        "titles_stored": parts.stored[0],
        "titles_that_stay": parts.stored[1],
    });
    let mut json = |value: Value| {
        let value = scrubber.value(value);
        serde_json::to_vec_pretty(&value).unwrap_or_default()
    };
    let files = [
        ("status.json", json(value(&parts.status))),
        ("doctor.json", json(value(&parts.doctor))),
        ("config.json", json(configuration(parts.config))),
        ("today.json", json(today)),
    ];
    let metrics = scrubber.text(&parts.metrics).into_bytes();
    let log = scrubber.text(&parts.log).into_bytes();
    let mut zip = zip::Zip::default();
    zip.add("README.txt", README.as_bytes());
    for (name, bytes) in files {
        zip.add(name, &bytes);
    }
    zip.add("metrics.txt", &metrics);
    zip.add("log.txt", &log);
    zip.finish()
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// What names somebody or something of this company.
fn scrubber(parts: &Parts<'_>) -> Scrubber {
    let trust = parts.trust;
    let mut scrubber = Scrubber::keeping(trust.device_id.to_string());
    scrubber.know(&parts.config.state.display().to_string(), "<state folder>");
    for name in personal() {
        scrubber.know(&name, "<person>");
    }
    scrubber.know(&trust.name, "<this PC>");
    scrubber.know(&trust.tenant, "<company>");
    if let Some(site) = &parts.status.site {
        scrubber.know(&site.name, "<site>");
    }
    for url in trust
        .portal_origins
        .iter()
        .chain([&trust.dms_url, &trust.device_url])
    {
        scrubber.know(url, "<server>");
        // As another URL, with another port, or on its own in a message of the system.
        let host = url
            .parse::<http::Uri>()
            .ok()
            .and_then(|uri| Some(uri.host()?.to_owned()));
        let host = host.or_else(|| Origin::parse(url).ok().map(|origin| origin.host));
        if let Some(host) = host {
            scrubber.know(&host, "<server>");
        }
    }
    scrubber
}

fn configuration(config: &Config) -> Value {
    let seconds = |time: std::time::Duration| time.as_secs_f64();
    json!({
        "bind": config.bind,
        "chunk_listen": config.chunk_listen,
        "advertise": config.advertise,
        "local_listen": config.local_listen,
        "cache_limit": config.cache_limit,
        "upload_limit": config.upload_limit,
        "lock": config.lock,
        "congestion": format!("{:?}", config.congestion),
        "upload_slots": config.upload_slots,
        "weight": config.weight,
        "metered": config.metered,
        "look_ahead_s": seconds(config.look_ahead),
        "deadline_s": seconds(config.deadline),
        "log_format": match config.log_format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        },
        "log": config.log,
    })
}
