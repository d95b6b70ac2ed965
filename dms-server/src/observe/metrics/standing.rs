//! What stands somewhere else and is read when somebody asks: peers, sites, jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus::{Gauge, GaugeVec, IntCounter, IntGaugeVec, Opts, Result};
use tokio::time::timeout;

use super::Maker;
use crate::observe::db;
use crate::site::hub::sharing_name;
use crate::state::App;
use swarm::wire::Sharing;

/// How long the database may take: a scraper gives up after ten seconds and would then miss all.
const PATIENCE: Duration = Duration::from_secs(2);

/// The states of a job.
const JOB_STATES: [&str; 4] = ["queued", "running", "done", "failed"];

/// Gauges that are right only after [`Standing::read`].
#[derive(Debug)]
pub(super) struct Standing {
    peers: IntGaugeVec,
    wan_cap: IntGaugeVec,
    wan_copies: GaugeVec,
    campaign_chunks: IntGaugeVec,
    campaign_wan: IntGaugeVec,
    jobs: IntGaugeVec,
    queue_age: Gauge,
    failures: IntCounter,
}

/// One label's sum over its sites.
#[derive(Default)]
struct Site {
    cap: u64,
    sent: u64,
    distinct: u64,
}

impl Standing {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        Ok(Self {
            peers: maker.gauges(
                "dms_peers",
                "Connected peers of a site, by whether they share.",
                &["site", "state"],
            )?,
            wan_cap: maker.gauges(
                "dms_site_wan_cap_bytes_per_second",
                "What a site may fetch over its WAN link; 0 is no cap.",
                &["site"],
            )?,
            wan_copies: maker.add(GaugeVec::new(
                Opts::new(
                    "dms_site_wan_copies_ratio",
                    "Bytes sent to a site per byte of the distinct chunks among them; 1 is ideal.",
                ),
                &["site"],
            )?)?,
            campaign_chunks: maker.gauges(
                "dms_campaign_chunks",
                "Chunks that a site is to hold: all, those that a PC has, those with all copies.",
                &["site", "state"],
            )?,
            campaign_wan: maker.gauges(
                "dms_campaign_wan_bytes",
                "Payload bytes sent to a site for the campaigns that run there.",
                &["site"],
            )?,
            jobs: maker.gauges("dms_transcode_jobs", "Jobs of all titles.", &["state"])?,
            queue_age: maker.gauge(
                "dms_transcode_queue_age_seconds",
                "How long the oldest waiting job waits; 0 when none does.",
            )?,
            failures: maker.counter(
                "dms_scrape_failures_total",
                "Scrapes that go without the jobs, because the database did not answer.",
            )?,
        })
    }

    pub(super) async fn read(&self, app: &App) {
        self.read_sites(app);
        self.read_campaigns(app);
        self.jobs.reset();
        let failed = match timeout(PATIENCE, db::jobs(&app.db)).await {
            Ok(Ok(jobs)) => return self.set_jobs(&jobs, app.clock.now_ms()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        tracing::warn!(cause = failed, "a scrape goes without the jobs");
        self.failures.inc();
    }

    fn read_sites(&self, app: &App) {
        let labels = &app.metrics.sites;
        let configured = app.sites.sites();
        let mut sites = BTreeMap::<&str, Site>::new();
        for site in &configured {
            let sent = app.wan.of(site.id);
            let sum = sites.entry(labels.label(Some(&site.name))).or_default();
            sum.cap = sum.cap.saturating_add(site.wan_cap);
            sum.sent = sum.sent.saturating_add(sent.bytes);
            sum.distinct = sum.distinct.saturating_add(sent.distinct_bytes);
        }
        self.peers.reset();
        self.wan_cap.reset();
        self.wan_copies.reset();
        let on = sharing_name(Sharing::On);
        for (label, site) in sites {
            // Zeros and not gaps: also the first event of a site must show as an increase.
            app.metrics.begin_site(label);
            self.peers.with_label_values(&[label, on]);
            let cap = i64::try_from(site.cap).unwrap_or(i64::MAX);
            self.wan_cap.with_label_values(&[label]).set(cap);
            if site.distinct > 0 {
                #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
                let copies = site.sent as f64 / site.distinct as f64;
                self.wan_copies.with_label_values(&[label]).set(copies);
            }
        }
        for ((site, state), count) in app.sites.counts() {
            let name = configured.iter().find(|known| Some(known.id) == site);
            let label = labels.label(name.map(|site| site.name.as_str()));
            self.peers.with_label_values(&[label, state]).add(count);
        }
    }

    fn read_campaigns(&self, app: &App) {
        let labels = &app.metrics.sites;
        self.campaign_chunks.reset();
        self.campaign_wan.reset();
        for (site, progress) in app.campaigns.all() {
            let name = app.sites.site_name(site);
            let label = labels.label(name.as_deref());
            for (state, chunks) in [
                ("wanted", progress.chunks),
                ("held", progress.held),
                ("complete", progress.complete),
            ] {
                let chunks = i64::try_from(chunks).unwrap_or(i64::MAX);
                let gauge = self.campaign_chunks.with_label_values(&[label, state]);
                gauge.add(chunks);
            }
            let bytes = i64::try_from(progress.wan_bytes).unwrap_or(i64::MAX);
            self.campaign_wan.with_label_values(&[label]).add(bytes);
        }
    }

    fn set_jobs(&self, jobs: &db::Jobs, now_ms: i64) {
        for state in JOB_STATES {
            let count = jobs.by_state.iter().find(|(name, _)| name == state);
            let count = count.map_or(0, |(_, count)| *count);
            self.jobs.with_label_values(&[state]).set(count);
        }
        let waits = jobs
            .oldest_queued_ms
            .map_or(0, |since| now_ms.saturating_sub(since).max(0));
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 for 285,000 years")]
        self.queue_age.set(waits as f64 / 1000.0);
    }
}
