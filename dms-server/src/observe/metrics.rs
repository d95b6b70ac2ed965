//! What is counted, for Prometheus.
//!
//! Every label value comes from a closed set, and the sites' names are capped, so that no caller from
//! outside can make new series without end. No title, person, device or address is ever a label.

mod place;
mod process;
pub mod requests;
pub mod scrape;
mod sites;
mod standing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
    Result,
};

use crate::config::Config;
use sites::SiteLabels;
use standing::Standing;

/// Bounds of a request's time, seconds: from an answer out of memory to a slow part of an upload.
const REQUEST_BUCKETS: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0];

/// The most bytes one report of a peer counts for: it is the peer's word.
const TOLD_MAX: u64 = 64 << 30;

/// Who sent payload bytes to the PCs of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This server.
    Origin,
    /// A peer of the same site, as the receiver tells it.
    Peer,
}

impl Source {
    const fn label(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Peer => "peer",
        }
    }
}

/// How a request for a licence ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseOutcome {
    /// The licence was signed and sent.
    Issued,
    /// The caller may not have it, or asked for nothing there is.
    Refused,
    /// Something inside failed.
    Failed,
}

impl LicenseOutcome {
    const ALL: [Self; 3] = [Self::Issued, Self::Refused, Self::Failed];

    const fn label(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// How an attempt to deliver a webhook ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver took it.
    Delivered,
    /// It is tried again.
    Failed,
    /// It was given up.
    Dead,
}

impl DeliveryOutcome {
    const ALL: [Self; 3] = [Self::Delivered, Self::Failed, Self::Dead];

    const fn label(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }
}

/// The metrics of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Read anew for every scrape; the lock keeps two from mixing.
    standing: tokio::sync::Mutex<Standing>,
    sites: SiteLabels,
    requests: HistogramVec,
    delivered: IntCounterVec,
    bad_chunks: IntCounterVec,
    upload_bytes: IntCounter,
    upload_resumes: IntCounter,
    transcode_speed: Gauge,
    licenses: IntCounterVec,
    deliveries: IntCounterVec,
}

impl Metrics {
    /// Everything at zero.
    ///
    /// # Errors
    /// When two metrics share a name, which every test of a server would show.
    pub fn new(config: &Config) -> Result<Self> {
        let maker = Maker(Registry::new());
        let build = maker.gauges("dms_build_info", "Always 1.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let expiry = maker.gauges(
            "dms_tls_certificate_expiry_timestamp_seconds",
            "When the certificate of a listener ends, since the Unix epoch.",
            &["listener"],
        )?;
        if let Some(ends) = certificate_end(config) {
            expiry.with_label_values(&["public"]).set(ends);
        }
        maker.add(process::Process::new()?)?;
        maker.add(place::Places::new(config)?)?;
        let metrics = Self {
            standing: Standing::new(&maker)?.into(),
            sites: SiteLabels::new(config.metrics.max_sites),
            requests: maker.add(HistogramVec::new(
                HistogramOpts::new(
                    "dms_http_request_duration_seconds",
                    "Time from a request's head to its answer's head.",
                )
                .buckets(REQUEST_BUCKETS.to_vec()),
                &["route", "method", "code"],
            )?)?,
            delivered: maker.counters(
                "dms_delivered_bytes_total",
                "Payload bytes sent to a site, by who sent them.",
                &["source", "site"],
            )?,
            bad_chunks: maker.counters(
                "dms_bad_chunks_total",
                "Reports of peers of a site that another one sent them wrong bytes.",
                &["site"],
            )?,
            upload_bytes: maker
                .counter("dms_upload_bytes_total", "Bytes taken from publishers.")?,
            upload_resumes: maker.counter(
                "dms_upload_resumes_total",
                "Uploads that went on after an interruption.",
            )?,
            transcode_speed: maker.gauge(
                "dms_transcode_speed_ratio",
                "Seconds of video made per second by the newest transcoding of this process.",
            )?,
            licenses: maker.counters(
                "dms_licenses_issued_total",
                "Requests for licences, by how they ended.",
                &["outcome"],
            )?,
            deliveries: maker.counters(
                "dms_webhook_deliveries_total",
                "Attempts to deliver webhooks, by how they ended.",
                &["outcome"],
            )?,
            registry: maker.0,
        };
        for outcome in LicenseOutcome::ALL {
            metrics.licenses.with_label_values(&[outcome.label()]);
        }
        for outcome in DeliveryOutcome::ALL {
            metrics.deliveries.with_label_values(&[outcome.label()]);
        }
        Ok(metrics)
    }

    /// Payload bytes reached a site (none: addresses of no site).
    pub fn delivered(&self, source: Source, site: Option<&str>, bytes: u64) {
        self.delivered_to(source, site).inc_by(bytes);
    }

    /// A peer of a site says that so many bytes came from other peers.
    pub fn told(&self, site: Option<&str>, from_peers: u64) {
        self.delivered(Source::Peer, site, from_peers.min(TOLD_MAX));
    }

    /// The counter behind [`Metrics::delivered`], for who counts many small pieces.
    #[must_use]
    pub fn delivered_to(&self, source: Source, site: Option<&str>) -> IntCounter {
        self.delivered
            .with_label_values(&[source.label(), self.sites.label(site)])
    }

    /// A peer of a site reports that another one sent it wrong bytes.
    pub fn bad_chunk(&self, site: Option<&str>) {
        self.bad_chunks
            .with_label_values(&[self.sites.label(site)])
            .inc();
    }

    /// Lets the counters of a site's label begin at zero.
    fn begin_site(&self, label: &str) {
        for source in [Source::Origin, Source::Peer] {
            self.delivered.with_label_values(&[source.label(), label]);
        }
        self.bad_chunks.with_label_values(&[label]);
    }

    /// Bytes of an upload were stored.
    pub fn uploaded(&self, bytes: u64) {
        self.upload_bytes.inc_by(bytes);
    }

    /// An upload goes on after an interruption.
    pub fn upload_resumed(&self) {
        self.upload_resumes.inc();
    }

    /// A video of this length was transcoded and sealed in this time.
    pub fn transcoded(&self, video: Duration, took: Duration) {
        if !took.is_zero() {
            self.transcode_speed
                .set(video.as_secs_f64() / took.as_secs_f64());
        }
    }

    /// A request for a licence ended.
    pub fn license(&self, outcome: LicenseOutcome) {
        self.licenses.with_label_values(&[outcome.label()]).inc();
    }

    /// An attempt to deliver a webhook ended.
    pub fn delivery(&self, outcome: DeliveryOutcome) {
        self.deliveries.with_label_values(&[outcome.label()]).inc();
    }
}

/// The end of the public listener's certificate. The listener itself complains about one that
/// cannot be read.
fn certificate_end(config: &Config) -> Option<i64> {
    if !config.public_tls() {
        return None;
    }
    let pem = std::fs::read(&config.public.tls_certificate).ok()?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).ok()?;
    let certificate = pem.parse_x509().ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// Makes metrics that are registered at once.
struct Maker(Registry);

impl Maker {
    fn add<C: Collector + Clone + 'static>(&self, made: C) -> Result<C> {
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.add(IntCounter::new(name, help)?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<Gauge> {
        self.add(Gauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }
}
