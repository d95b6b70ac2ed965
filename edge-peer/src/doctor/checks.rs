//! The checks, in the order in which one explains the next.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use swarm::wire::{Peering, Sharing};

use super::{Check, Verdict, reach};
use crate::{
    agent::read_identity,
    cache::{Sample, sample},
    config::{Config, units::human_bytes},
    local_api::StatusReport,
    net::identity::Identity,
    platform::free_space,
    policy::reason,
    state::{Access, StateFolder, Trust, names, write_atomic},
};

/// Less free disk than this is worth a word.
const LITTLE_SPACE: u64 = 1 << 30;
/// Chunks read for the integrity sample.
const SAMPLE: usize = 32;

/// Runs every check.
pub(super) async fn all(config: &Config, status: &Result<StatusReport, String>) -> Vec<Check> {
    let state = StateFolder::at(&config.state);
    let (mut checks, enrolled) = enrolment(config, &state);
    if let Some((trust, identity)) = &enrolled {
        checks.push(certificate(config, identity));
        checks.extend(reach::dms(config, trust, identity).await);
    }
    checks.push(running(config, status));
    if let Ok(report) = status {
        checks.push(connected(report));
        checks.push(site(report));
        checks.push(sharing(report));
    }
    if let Some((trust, identity)) = &enrolled {
        let listening = status.as_ref().ok().map(|s| s.chunk_listen.as_str());
        checks.push(reach::ourselves(config, trust, identity, listening).await);
        checks.push(reach::peers(config, &state, trust, identity).await);
    }
    // The running agent examines itself on the thread of its loop: the disk is looked at on another.
    let local = tokio::task::spawn_blocking(move || [disk(&state), integrity(&state)]).await;
    checks.extend(local.into_iter().flatten());
    checks
}

fn enrolment(config: &Config, state: &StateFolder) -> (Vec<Check>, Option<(Trust, Identity)>) {
    const WHY: &str = "without an enrolment the DMS and the peers do not know this PC";
    let found = state.trust().map_err(|e| e.to_string()).and_then(|trust| {
        let identity = read_identity(state, &trust).map_err(|e| e.to_string())?;
        Ok((trust, identity))
    });
    let folder = config.state.display();
    match found {
        Ok((trust, identity)) => {
            let measured = format!("device {} of {}", trust.device_id, trust.tenant);
            let check = Check::new("enrolment", WHY, Verdict::Ok, measured);
            (vec![check], Some((trust, identity)))
        }
        Err(why) => {
            let check = Check::new("enrolment", WHY, Verdict::Problem, why);
            let fix = format!("edge-peer enroll --dms URL --token-file FILE --state {folder}");
            (vec![check.fix(fix)], None)
        }
    }
}

fn certificate(config: &Config, identity: &Identity) -> Check {
    const WHY: &str = "nobody accepts a connection with a certificate that is not valid";
    let (validity, now) = (identity.validity(), SystemTime::now());
    let (verdict, measured) = match validity.until.duration_since(now) {
        Err(_) => (Verdict::Problem, "it has expired".to_owned()),
        Ok(_) if now < validity.from => (Verdict::Problem, "it is not valid yet".to_owned()),
        Ok(left) => {
            let late = now > validity.renew_at() + Duration::from_secs(3_600);
            let verdict = if late { Verdict::Warning } else { Verdict::Ok };
            (
                verdict,
                format!("valid for another {} min", left.as_secs() / 60),
            )
        }
    };
    let fix = match verdict {
        Verdict::Warning => "keep the agent running and connected: it renews by itself".to_owned(),
        _ => format!(
            "check the clock; else enrol anew: remove {} and run edge-peer enroll",
            config.state.display()
        ),
    };
    Check::new("certificate", WHY, verdict, measured).fix(fix)
}

fn running(config: &Config, status: &Result<StatusReport, String>) -> Check {
    const WHY: &str = "pages and players of this PC ask the agent's loopback API";
    let fix = format!("edge-peer run --state {}", config.state.display());
    match status {
        Ok(report) => {
            let measured = format!(
                "running for {} s, version {}",
                report.uptime_s, report.version
            );
            Check::new("agent", WHY, Verdict::Ok, measured)
        }
        Err(why) => Check::new("agent", WHY, Verdict::Problem, why.clone()).fix(fix),
    }
}

fn connected(report: &StatusReport) -> Check {
    const WHY: &str = "the roster of the site and new titles come over the control connection";
    let (verdict, measured) = match (report.connected, report.refused) {
        (true, _) => (Verdict::Ok, "up"),
        (false, true) => (
            Verdict::Problem,
            "the DMS refuses this device: it was revoked",
        ),
        (false, false) => (Verdict::Problem, "down"),
    };
    let fix = if report.refused {
        "enrol this PC anew with another --state folder".to_owned()
    } else {
        format!("open the firewall to {} for this PC", report.device_url)
    };
    Check::new("control", WHY, verdict, measured.into()).fix(fix)
}

fn site(report: &StatusReport) -> Check {
    const WHY: &str = "only PCs of one site share; others use the origin";
    let (verdict, measured) = match &report.site {
        None => (
            Verdict::Warning,
            "this PC's address is in no site".to_owned(),
        ),
        Some(site) if site.peering == Peering::Off => (
            Verdict::Warning,
            format!("{}, where peering is off", site.name),
        ),
        Some(site) => (
            Verdict::Ok,
            format!("{}, {} other PCs", site.name, report.roster),
        ),
    };
    let fix = "add this PC's subnet to a site, or turn its peering on, in the DMS";
    Check::new("site", WHY, verdict, measured).fix(fix)
}

fn sharing(report: &StatusReport) -> Check {
    const WHY: &str = "a PC that does not give makes the others use the WAN";
    let (verdict, measured) = match report.sharing {
        Sharing::On => (Verdict::Ok, "on".to_owned()),
        other => (Verdict::Warning, format!("off: {}", reason(other))),
    };
    let fix = match report.sharing {
        Sharing::Paused => "edge-peer resume",
        Sharing::Battery => "plug the PC in",
        _ => "use another link, or set --metered false if the link is free",
    };
    Check::new("sharing", WHY, verdict, measured).fix(fix)
}

fn disk(state: &StateFolder) -> Check {
    const WHY: &str = "chunks that cannot be stored are fetched again and again";
    let folder = state.path(names::CACHE);
    let place = if folder.is_dir() {
        folder.as_path()
    } else {
        state.root()
    };
    let (verdict, measured) = match (try_write(place), free_space(place)) {
        (Err(e), _) => (
            Verdict::Problem,
            format!("{} cannot be written: {e}", place.display()),
        ),
        (_, Err(e)) => (Verdict::Warning, format!("free space is unknown: {e}")),
        (Ok(()), Ok(free)) if free < LITTLE_SPACE => {
            (Verdict::Warning, format!("only {} free", human_bytes(free)))
        }
        (Ok(()), Ok(free)) => (Verdict::Ok, format!("writable, {} free", human_bytes(free))),
    };
    let fix = format!("make room in {}, or lower --cache-limit", place.display());
    Check::new("disk", WHY, verdict, measured).fix(fix)
}

fn try_write(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join("doctor.probe");
    write_atomic(&probe, b"doctor", Access::Private)?;
    std::fs::remove_file(probe)
}

fn integrity(state: &StateFolder) -> Check {
    const WHY: &str =
        "a disk that changes bytes wastes the network: rotten chunks are fetched again";
    let (verdict, measured) = match sample(&state.path(names::CACHE), SAMPLE) {
        Err(e) => (Verdict::Skipped, format!("the cache cannot be read: {e}")),
        Ok(Sample { read: 0, .. }) => (Verdict::Ok, "the cache is empty".to_owned()),
        Ok(Sample { read, rotten: 0 }) => (Verdict::Ok, format!("{read} chunks hash right")),
        Ok(Sample { read, rotten }) => (
            Verdict::Problem,
            format!("{rotten} of {read} chunks rotted"),
        ),
    };
    Check::new("integrity", WHY, verdict, measured).fix("check the disk (smartctl -a DEVICE)")
}
