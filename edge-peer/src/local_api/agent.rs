//! The agent itself: who it is, what it shares and with whom, pause and resume, metrics.

use std::time::{Duration, SystemTime};

use axum::{Json, body::Bytes, extract::State, http::header, response::IntoResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use swarm::{
    content::{DeviceId, SiteId},
    wire::{Peering, Sharing},
};

use super::{
    Api, Shared,
    problem::{Problem, read},
};
use crate::{
    config::units::human_bytes,
    policy::{Pause, epoch_ms, reason},
};

/// What `GET /v1/status` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The version of this form, 1.
    pub schema: u32,
    /// What it shares and with whom, for people.
    pub sentence: String,
    /// Whether the control connection is up.
    pub connected: bool,
    /// Whether the DMS does not accept this device any more.
    pub refused: bool,
    /// The device.
    pub device_id: DeviceId,
    /// Its name.
    pub name: String,
    /// The agent's version.
    pub version: String,
    /// The company.
    pub tenant: String,
    /// The site; none: no peering.
    pub site: Option<SiteReport>,
    /// Members of the site besides this PC.
    pub roster: usize,
    /// Whether it gives, and if not, why.
    pub sharing: Sharing,
    /// When a pause ends, ms since 1970.
    pub paused_until_ms: Option<u64>,
    /// How full the cache is.
    pub cache: CacheReport,
    /// What moved since the agent started.
    pub bytes: BytesReport,
    /// Chunks being given right now.
    pub uploads: usize,
    /// Fetches from peers right now.
    pub peer_fetches: usize,
    /// Fetches from the origin right now.
    pub origin_fetches: usize,
    /// When the device's certificate ends, ms since 1970.
    pub certificate_until_ms: u64,
    /// Where peers ask.
    pub chunk_listen: String,
    /// The DMS's device listener.
    pub device_url: String,
    /// Seconds since the agent started.
    pub uptime_s: u64,
}

/// The site in a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteReport {
    /// The site.
    pub id: SiteId,
    /// Its name.
    pub name: String,
    /// What it lets its peers do.
    pub peering: Peering,
}

/// The cache in a status, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheReport {
    /// Held now.
    pub used: u64,
    /// The most.
    pub limit: u64,
    /// Chunks held now.
    pub chunks: usize,
}

/// What moved, payload bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BytesReport {
    /// Given to local players from the cache.
    pub cache: u64,
    /// Given to local players from peers.
    pub peers: u64,
    /// Given to local players from the origin.
    pub origin: u64,
    /// Given to peers since the start.
    pub given: u64,
    /// Given to peers today (UTC).
    pub given_today: u64,
    /// That part of it that went to addresses of the internet.
    pub outside_today: u64,
    /// Came from peers, used or not.
    pub received_peers: u64,
    /// Came from the origin, used or not.
    pub received_origin: u64,
    /// Players wait for these.
    pub waiting: u64,
}

/// Who is there.
pub(super) async fn hello(State(api): State<Shared>) -> Json<Value> {
    Json(json!({
        "agent": "edge-peer",
        "version": env!("CARGO_PKG_VERSION"),
        "device_id": api.parts.trust.device_id,
        "sharing": api.parts.status.borrow().sharing,
    }))
}

/// What it shares and with whom.
pub(super) async fn status(State(api): State<Shared>) -> Json<StatusReport> {
    Json(report(&api, SystemTime::now()))
}

/// How long to pause.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PauseRequest {
    seconds: Option<u64>,
}

/// Stops giving; playing goes on.
pub(super) async fn pause(State(api): State<Shared>, body: Bytes) -> Result<Json<Value>, Problem> {
    let request: PauseRequest = if body.is_empty() {
        PauseRequest::default()
    } else {
        read(&body, "{\"seconds\": n} or {}")?
    };
    if request.seconds == Some(0) {
        return Err(Problem::invalid(
            "seconds is 0, which is no pause; send at least 1, or {} for one without an end",
        ));
    }
    let now = SystemTime::now();
    set(
        &api,
        Pause::starting(now, request.seconds.map(Duration::from_secs)),
    )
    .await
}

/// Gives again.
pub(super) async fn resume(State(api): State<Shared>) -> Result<Json<Value>, Problem> {
    set(&api, Pause::No).await
}

/// Prometheus' text.
pub(super) async fn metrics(State(api): State<Shared>) -> impl IntoResponse {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, api.parts.metrics.text())
}

/// In force at once; an employee's wish that cannot be kept over a restart is still obeyed now.
async fn set(api: &Shared, pause: Pause) -> Result<Json<Value>, Problem> {
    api.parts.pause.send_replace(pause);
    let state = api.parts.state.clone();
    let saved = tokio::task::spawn_blocking(move || pause.save(&state)).await;
    if let Ok(Err(e)) = saved {
        let detail = format!("it is in force, but will not outlive a restart: {e}");
        let status = axum::http::StatusCode::INSUFFICIENT_STORAGE;
        return Err(Problem::new(status, "not_kept", detail));
    }
    Ok(Json(json!({
        "paused": pause != Pause::No,
        "paused_until_ms": ends(pause),
    })))
}

fn ends(pause: Pause) -> Option<u64> {
    match pause {
        Pause::Until(ms) => Some(ms),
        Pause::No | Pause::UntilResumed => None,
    }
}

/// What the agent says of itself now.
pub(super) fn report(api: &Api, now: SystemTime) -> StatusReport {
    let parts = &api.parts;
    let status = parts.status.borrow().clone();
    let totals = parts.metrics.totals();
    let fill = parts.cache.fill();
    let paused_until_ms = ends(*parts.pause.borrow()).filter(|end| *end > epoch_ms(now));
    let today = parts.given.borrow().today(now);
    let bytes = BytesReport {
        cache: parts.metrics.delivered_from("cache"),
        peers: parts.metrics.delivered_from("peer"),
        origin: parts.metrics.delivered_from("origin"),
        given: totals.to_peers,
        given_today: today.video,
        outside_today: today.outside,
        received_peers: totals.from_peers,
        received_origin: totals.from_origin,
        waiting: status.waiting_bytes,
    };
    let site = status.site.as_ref().map(|s| SiteReport {
        id: s.id,
        name: s.name.clone(),
        peering: s.peering,
    });
    let mut report = StatusReport {
        schema: 1,
        sentence: String::new(),
        connected: status.connected,
        refused: status.refused,
        device_id: parts.trust.device_id,
        name: parts.trust.name.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        tenant: parts.trust.tenant.clone(),
        site,
        roster: status.others,
        sharing: status.sharing,
        paused_until_ms,
        cache: CacheReport {
            used: fill.held,
            limit: fill.limit,
            chunks: fill.chunks,
        },
        bytes,
        uploads: status.load.uploads,
        peer_fetches: status.load.peer_fetches,
        origin_fetches: status.load.origin_fetches,
        certificate_until_ms: epoch_ms(parts.identity.validity().until),
        chunk_listen: parts.chunk_listening.to_string(),
        device_url: parts.trust.device_url.clone(),
        uptime_s: api.started.elapsed().as_secs(),
    };
    report.sentence = sentence(&report, now);
    report
}

/// The one sentence.
fn sentence(report: &StatusReport, now: SystemTime) -> String {
    let moved = format!(
        "{} given today, {} waiting.",
        human_bytes(report.bytes.given_today),
        human_bytes(report.bytes.waiting)
    );
    let with = match (&report.site, report.sharing) {
        _ if report.refused => {
            "Not sharing: the DMS refuses this PC, which was revoked; enrol it anew".into()
        }
        (_, sharing) if sharing != Sharing::On => {
            let until = report.paused_until_ms.map(|end| left(end, now));
            format!(
                "Not sharing: {}{}",
                reason(sharing),
                until.unwrap_or_default()
            )
        }
        (None, _) if report.connected => {
            "Not sharing: this PC's address is in no site, so it uses the origin alone".into()
        }
        (None, _) => "Not sharing: the DMS is not connected yet".into(),
        (Some(site), _) => match site.peering {
            Peering::On => {
                let pcs = if report.roster == 1 { "PC" } else { "PCs" };
                let outside = match report.bytes.outside_today {
                    0 => "nothing over the internet".into(),
                    bytes => format!("{} over the internet today", human_bytes(bytes)),
                };
                let (others, site) = (report.roster, &site.name);
                format!("Sharing with {others} {pcs} at {site}, {outside}")
            }
            Peering::ConsumeOnly => format!("Taking only, as set for {}", site.name),
            Peering::Off => format!("Not sharing: peering is off at {}", site.name),
        },
    };
    let away = if report.connected || report.site.is_none() {
        ""
    } else {
        " (the DMS is away)"
    };
    format!("{with}{away}; {moved}")
}

fn left(end_ms: u64, now: SystemTime) -> String {
    let minutes = end_ms.saturating_sub(epoch_ms(now)).div_ceil(60_000);
    match minutes {
        0..=90 => format!(" for another {minutes} min"),
        _ => format!(" for another {} h", minutes.div_ceil(60)),
    }
}
