//! Who can be reached: the DMS, this PC's own chunk listener, the peers of the site.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt, stream};
use swarm::{content::DeviceId, peer::Source, wire::RosterPeer};

use super::{Check, Verdict};
use crate::{
    config::Config,
    driver::Known,
    metrics::Metrics,
    net::{
        address::{AddressBook, Origin},
        client::{Client, Passed},
        identity::Identity,
    },
    state::{StateFolder, Trust},
};

/// The most peers that are tried, and how many at once.
const MAX_PEERS: usize = 32;
const AT_ONCE: usize = 8;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// A clock further off than this is a warning, and than that a problem.
const OFF: Duration = Duration::from_secs(60);
const FAR_OFF: Duration = Duration::from_secs(3_600);

/// The DMS's device listener, and our clock against its.
pub(super) async fn dms(config: &Config, trust: &Trust, identity: &Identity) -> Vec<Check> {
    const WHY: &str = "chunks that no peer has, licences and the roster come from the DMS";
    const CLOCK: &str = "certificates and licences are valid from a time until a time";
    match probe(config, trust, identity, Vec::new(), Source::Origin).await {
        Err(why) => {
            let fix = format!("open the firewall to {} for this PC", trust.device_url);
            let measured = format!("{}: {why}", trust.device_url);
            let check = Check::new("dms", WHY, Verdict::Problem, measured).fix(fix);
            let clock = "the DMS's clock is unknown".to_owned();
            vec![check, Check::new("clock", CLOCK, Verdict::Skipped, clock)]
        }
        Ok(answer) => {
            let measured = format!("{} answers", trust.device_url);
            vec![
                Check::new("dms", WHY, Verdict::Ok, measured),
                clock(&answer, CLOCK),
            ]
        }
    }
}

fn clock(answer: &Passed, why: &'static str) -> Check {
    let Some(theirs) = answer.date else {
        let measured = "the DMS did not tell the time".to_owned();
        return Check::new("clock", why, Verdict::Skipped, measured);
    };
    let now = SystemTime::now();
    let ahead = now.duration_since(theirs);
    let off = ahead.clone().unwrap_or_else(|e| e.duration());
    let way = if ahead.is_ok() { "ahead of" } else { "behind" };
    let verdict = match off {
        off if off > FAR_OFF => Verdict::Problem,
        off if off > OFF => Verdict::Warning,
        _ => Verdict::Ok,
    };
    let measured = format!("{} s {way} the DMS", off.as_secs());
    Check::new("clock", why, verdict, measured).fix("timedatectl set-ntp true")
}

/// Our chunk listener, as a peer would ask it.
pub(super) async fn ourselves(
    config: &Config,
    trust: &Trust,
    identity: &Identity,
    listening: Option<&str>,
) -> Check {
    const WHY: &str = "peers fetch from this PC's chunk listener";
    let Some(mut address) = listening.and_then(|a| a.parse::<SocketAddr>().ok()) else {
        let measured = "the agent does not run".to_owned();
        return Check::new("chunk listener", WHY, Verdict::Skipped, measured);
    };
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let us = trust.device_id;
    let peer = RosterPeer {
        device: us,
        addr: address.to_string(),
        weight: 0,
    };
    let answer = probe(config, trust, identity, vec![peer], Source::Peer(us)).await;
    let (verdict, measured) = match answer {
        Ok(_) => (Verdict::Ok, format!("{address} answers over mutual TLS")),
        Err(why) => (Verdict::Problem, format!("{address}: {why}")),
    };
    let fix = format!(
        "allow incoming TCP to port {} in this PC's firewall",
        address.port()
    );
    Check::new("chunk listener", WHY, verdict, measured).fix(fix)
}

/// The peers of the last roster, each asked over TCP and TLS.
pub(super) async fn peers(
    config: &Config,
    state: &StateFolder,
    trust: &Trust,
    identity: &Identity,
) -> Check {
    const WHY: &str = "a peer that cannot be reached cannot give";
    let roster = Known::load(state, |_| true).and_then(|known| known.roster);
    let peers: Vec<RosterPeer> = roster.map(|r| r.peers).unwrap_or_default();
    let others = peers.into_iter().filter(|p| p.device != trust.device_id);
    let others: Vec<RosterPeer> = others.take(MAX_PEERS).collect();
    let count = others.len();
    let tries = others.into_iter().map(|peer| async move {
        let (device, at) = (peer.device, peer.addr.clone());
        let source = Source::Peer(device);
        let answer = probe(config, trust, identity, vec![peer], source).await;
        answer.err().map(|why| failed(device, &at, &why))
    });
    let failures: Vec<String> = stream::iter(tries)
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    let (verdict, measured) = match (count, failures.len()) {
        (0, _) => (Verdict::Ok, "no other PC is in the last roster".to_owned()),
        (_, 0) => (Verdict::Ok, format!("all {count} answer over mutual TLS")),
        (_, n) if n < count => (Verdict::Warning, describe(n, count, &failures)),
        (_, n) => (Verdict::Problem, describe(n, count, &failures)),
    };
    let fix = "allow TCP to the peers' chunk ports (7745 by default) inside the site";
    Check::new("peers", WHY, verdict, measured).fix(fix)
}

fn failed(device: DeviceId, address: &str, why: &str) -> String {
    format!("{device} at {address}: {why}")
}

fn describe(failed: usize, count: usize, failures: &[String]) -> String {
    let first = failures.first().map(String::as_str).unwrap_or_default();
    format!("{failed} of {count} do not answer, for example {first}")
}

async fn probe(
    config: &Config,
    trust: &Trust,
    identity: &Identity,
    roster: Vec<RosterPeer>,
    source: Source,
) -> Result<Passed, String> {
    let origin = Origin::parse(&trust.device_url).map_err(|e| e.to_string())?;
    let book = AddressBook::new(origin);
    book.replace(roster.iter());
    let metrics = Metrics::new().map_err(|e| e.to_string())?;
    let client = Client::new(identity, book, config.bind, metrics);
    let client = client.map_err(|e| e.to_string())?;
    match tokio::time::timeout(PATIENCE, client.probe(source)).await {
        Ok(answer) => answer.map_err(|e| e.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
