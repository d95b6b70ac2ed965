//! Prometheus metrics. Labels are bounded: routes come from the route table, sites from the
//! configuration up to a limit, never titles, people or devices.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};
use swarm::content::SiteId;

use crate::problem::{Problem, Result};
use crate::site::db as site_db;
use crate::state::App;

/// The site label of addresses in no site.
pub const NO_SITE: &str = "none";

/// The site label of sites beyond the limit.
pub const OTHER_SITES: &str = "other";

/// Seconds; from a cached answer to a slow upload part.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 30.0, 120.0];

/// The metrics of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// How long requests took.
    pub http: HistogramVec,
    /// Payload bytes sent, by where they came from and the site they went to.
    pub delivered: IntCounterVec,
    /// Licences, by outcome.
    pub licenses: IntCounterVec,
    /// Reports of wrong bytes.
    pub bad_chunks: IntCounter,
    peers: IntGaugeVec,
    jobs: IntGaugeVec,
    wan_cap: IntGaugeVec,
    distinct: IntGaugeVec,
    resident: IntGauge,
    site_labels: Mutex<HashSet<String>>,
    site_labels_max: usize,
}

impl Metrics {
    /// Fresh metrics with at most this many sites by name.
    ///
    /// # Errors
    /// When two metrics have one name, which a test would show.
    pub fn new(sites_max: usize) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let build = gauges(
            &registry,
            "dms_build_info",
            "Always 1; the version.",
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let http = HistogramVec::new(
            HistogramOpts::new(
                "dms_http_request_duration_seconds",
                "Time from the head of a request to the head of its answer.",
            )
            .buckets(BUCKETS.to_vec()),
            &["route", "method", "code"],
        )?;
        registry.register(Box::new(http.clone()))?;
        let bad_chunks = IntCounter::new(
            "dms_bad_chunk_reports_total",
            "Reports of peers that another peer sent wrong bytes.",
        )?;
        registry.register(Box::new(bad_chunks.clone()))?;
        let resident = IntGauge::new("process_resident_memory_bytes", "Memory of this process.")?;
        registry.register(Box::new(resident.clone()))?;
        Ok(Self {
            http,
            bad_chunks,
            resident,
            delivered: counters(
                &registry,
                "dms_delivered_bytes_total",
                "Payload bytes sent to addresses of a site.",
                &["source", "site"],
            )?,
            licenses: counters(
                &registry,
                "dms_licenses_total",
                "Licence requests.",
                &["outcome"],
            )?,
            peers: gauges(
                &registry,
                "dms_peers",
                "Connected peers.",
                &["site", "state"],
            )?,
            jobs: gauges(
                &registry,
                "dms_transcode_jobs",
                "Jobs by state.",
                &["state"],
            )?,
            wan_cap: gauges(
                &registry,
                "dms_site_wan_cap_bytes_per_second",
                "The configured WAN cap; 0 is none.",
                &["site"],
            )?,
            distinct: gauges(
                &registry,
                "dms_site_distinct_bytes",
                "Bytes of the distinct chunks the origin sent to a site.",
                &["site"],
            )?,
            site_labels: Mutex::default(),
            site_labels_max: sites_max,
            registry,
        })
    }

    /// The label of a site: its name, within the limit.
    #[must_use]
    pub fn site_label(&self, name: Option<&str>) -> String {
        let Some(name) = name else {
            return NO_SITE.to_owned();
        };
        let mut labels = self
            .site_labels
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if labels.contains(name) {
            return name.to_owned();
        }
        if labels.len() >= self.site_labels_max {
            return OTHER_SITES.to_owned();
        }
        labels.insert(name.to_owned());
        name.to_owned()
    }

    /// The counter of bytes that the origin sends to a site.
    #[must_use]
    pub fn origin_bytes(&self, site: Option<&str>) -> IntCounter {
        self.delivered
            .with_label_values(&["origin", &self.site_label(site)])
    }

    /// Sets the jobs gauge of one state.
    pub fn set_jobs(&self, state: &str, count: i64) {
        self.jobs.with_label_values(&[state]).set(count);
    }
}

fn gauges(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<IntGaugeVec> {
    let made = IntGaugeVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<IntCounterVec> {
    let made = IntCounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

/// `GET /metrics` of the metrics listener.
pub async fn scrape(State(app): State<App>) -> Result<impl IntoResponse> {
    let sites = site_db::sites(&app.db).await?;
    let metrics = &app.metrics;
    let name_of = |id: SiteId| sites.iter().find(|s| s.id == id).map(|s| s.name.as_str());
    metrics.peers.reset();
    for ((site, state), count) in app.sites.counts() {
        let label = metrics.site_label(site.and_then(name_of));
        metrics
            .peers
            .with_label_values(&[label.as_str(), state])
            .add(count);
    }
    metrics.wan_cap.reset();
    metrics.distinct.reset();
    for site in &sites {
        let label = metrics.site_label(Some(&site.name));
        let distinct = app.wan.of(site.id).distinct_bytes;
        metrics
            .wan_cap
            .with_label_values(&[&label])
            .add(site.wan_cap.cast_signed());
        metrics
            .distinct
            .with_label_values(&[&label])
            .add(distinct.cast_signed());
    }
    metrics.resident.set(resident_bytes());
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&metrics.registry.gather(), &mut text)
        .map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}

/// What the kernel says of this process; 0 where it does not.
fn resident_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<i64>().ok());
    kibibytes.map_or(0, |kib| kib * 1024)
}
