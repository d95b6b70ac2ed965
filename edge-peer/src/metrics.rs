//! What is counted, for Prometheus and for the employee.
//!
//! Labels come from closed sets: no title, device, user or address is ever one.

use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};
use swarm::{peer, wire::TransferTotals};

use crate::policy::Moved;

/// The counters of one agent; clones share them.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    /// Payload bytes that came, by source, used or not.
    received: IntCounterVec,
    /// Payload bytes given to local players, by where they came from.
    delivered: IntCounterVec,
    /// Payload bytes given to peers.
    pub given: IntCounter,
    /// That part of it that went to addresses of the internet.
    pub outside: IntCounter,
    /// Bytes that left for the network, by what they are.
    sent: IntCounterVec,
    /// Fetches that ended, by source and outcome.
    fetches: IntCounterVec,
    /// Answers to peers.
    pub asks: IntCounterVec,
    /// Bytes in the cache.
    pub cache_bytes: IntGauge,
    /// The most bytes in the cache.
    pub cache_limit: IntGauge,
    /// Chunks in the cache.
    pub cache_chunks: IntGauge,
    /// Chunks that had to go for others.
    pub cache_evictions: IntCounter,
    /// Chunks whose bytes rotted on disk.
    pub cache_rot: IntCounter,
    /// Whether the control connection is up, 0 or 1.
    pub control_up: IntGauge,
    /// Members of the site besides this PC.
    pub roster: IntGauge,
    /// Whether this PC gives, 0 or 1.
    pub sharing: IntGauge,
    /// Chunks that the site is to hold, by what this PC has of them.
    campaign_chunks: IntGaugeVec,
    /// Bytes local players wait for.
    pub waiting: IntGauge,
    /// Second sources asked beside slow ones.
    hedges: IntCounter,
    /// Breaches of the contract between loop and machine: a mistake in the agent.
    misuses: IntCounter,
    /// When the device's certificate ends, seconds since 1970.
    pub certificate_until: IntGauge,
    /// How long local players waited for a chunk.
    wait: Histogram,
}

/// What leaves for the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Answers to peers: video, and what carries it.
    Peers,
    /// Questions to peers.
    PeerRequests,
    /// Questions for chunks to the DMS.
    OriginRequests,
    /// The control connection.
    Control,
    /// What else the DMS is told.
    Reports,
}

impl Sent {
    const ALL: [Self; 5] = [
        Self::Peers,
        Self::PeerRequests,
        Self::OriginRequests,
        Self::Control,
        Self::Reports,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Peers => "peers",
            Self::PeerRequests => "peer_requests",
            Self::OriginRequests => "origin_requests",
            Self::Control => "control",
            Self::Reports => "reports",
        }
    }
}

/// How a fetch ended, as a label.
#[must_use]
pub fn outcome_label(outcome: &peer::Outcome) -> &'static str {
    match outcome {
        peer::Outcome::Delivered { .. } => "delivered",
        peer::Outcome::BadHash { .. } => "bad_hash",
        peer::Outcome::NotHere => "not_here",
        peer::Outcome::Busy => "busy",
        peer::Outcome::Referred(_) => "referred",
        peer::Outcome::Failed => "failed",
    }
}

/// Where a chunk came from, in the words of the loopback API.
#[must_use]
pub fn via_label(via: peer::Via) -> &'static str {
    match via {
        peer::Via::Cache => "cache",
        peer::Via::Fetched(peer::Source::Peer(_)) => "peer",
        peer::Via::Fetched(peer::Source::Origin) => "origin",
    }
}

impl Metrics {
    /// Counters at zero.
    ///
    /// # Errors
    /// [`prometheus::Error`] when two have one name: a mistake in this file.
    pub fn new() -> Result<Self, prometheus::Error> {
        let new = Maker {
            registry: Registry::new(),
        };
        let build = new.gauges("build_info", "The version of this agent.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            received: new.counters(
                "received_bytes_total",
                "Payload bytes that came from others, used or not.",
                &["source"],
            )?,
            delivered: new.counters(
                "delivered_bytes_total",
                "Payload bytes given to players, pages and programs of this PC.",
                &["source"],
            )?,
            given: new.counter("given_bytes_total", "Payload bytes given to peers.")?,
            outside: new.counter(
                "given_outside_bytes_total",
                "Payload bytes given to peers at addresses of the internet.",
            )?,
            sent: new.counters(
                "sent_bytes_total",
                "Bytes that left for the network, by what they are.",
                &["what"],
            )?,
            fetches: new.counters(
                "fetches_total",
                "Attempts to get a chunk, by how they ended.",
                &["source", "outcome"],
            )?,
            asks: new.counters("asks_total", "Answers to peers.", &["answer"])?,
            cache_bytes: new.gauge("cache_bytes", "Bytes of chunks on disk.")?,
            cache_limit: new.gauge("cache_limit_bytes", "The most bytes of chunks on disk.")?,
            cache_chunks: new.gauge("cache_chunks", "Chunks on disk.")?,
            cache_evictions: new.counter(
                "cache_evictions_total",
                "Chunks that had to go to make room.",
            )?,
            cache_rot: new.counter(
                "cache_rotten_chunks_total",
                "Chunks whose bytes changed on disk; they were dropped.",
            )?,
            control_up: new.gauge("control_up", "Whether the DMS is connected, 0 or 1.")?,
            roster: new.gauge("roster_peers", "Peers of the site besides this PC.")?,
            sharing: new.gauge("sharing", "Whether this PC gives, 0 or 1.")?,
            campaign_chunks: new.gauges(
                "campaign_chunks",
                "Chunks that the site is to hold: all, those on this PC, those this PC keeps for it.",
                &["state"],
            )?,
            waiting: new.gauge("waiting_bytes", "Bytes that players of this PC wait for.")?,
            hedges: new.counter("hedges_total", "Second sources asked beside slow ones.")?,
            misuses: new.counter("machine_misuses_total", "Mistakes in the agent.")?,
            certificate_until: new.gauge(
                "certificate_expiry_timestamp_seconds",
                "When the device's certificate ends.",
            )?,
            wait: new.histogram("chunk_wait_seconds", "How long players waited for a chunk.")?,
            registry: new.registry,
        };
        metrics.begin();
        Ok(metrics)
    }

    /// What was not counted yet is shown as 0, not left out.
    fn begin(&self) {
        for source in ["cache", "peer", "origin"] {
            self.delivered.with_label_values(&[source]);
        }
        self.campaigns([0; 3]);
        for what in Sent::ALL {
            let _ = self.sent(what);
        }
        for source in ["peer", "origin"] {
            self.received.with_label_values(&[source]);
        }
    }

    /// Chunks that the site is to hold, those of them that are here, and those that are kept here.
    pub fn campaigns(&self, chunks: [usize; 3]) {
        for (state, count) in ["wanted", "held", "kept"].into_iter().zip(chunks) {
            let gauge = self.campaign_chunks.with_label_values(&[state]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Payload bytes came.
    pub fn received(&self, source: peer::Source, bytes: u64) {
        let source = source_label(source);
        self.received.with_label_values(&[source]).inc_by(bytes);
    }

    /// Counts bytes that leave for the network.
    #[must_use]
    pub fn sent(&self, what: Sent) -> IntCounter {
        self.sent.with_label_values(&[what.label()])
    }

    /// Everything that moved since the agent started.
    #[must_use]
    pub fn moved(&self) -> Moved {
        let totals = self.totals();
        let sent = |what| self.sent(what).get();
        let players = ["cache", "peer", "origin"];
        Moved {
            video: totals.to_peers,
            outside: self.outside.get(),
            peers: sent(Sent::Peers),
            peer_requests: sent(Sent::PeerRequests),
            origin_requests: sent(Sent::OriginRequests),
            control: sent(Sent::Control),
            reports: sent(Sent::Reports),
            from_peers: totals.from_peers,
            from_origin: totals.from_origin,
            players: players.map(|from| self.delivered_from(from)).iter().sum(),
        }
    }

    /// A local player got bytes after waiting this long.
    pub fn delivered(&self, via: peer::Via, bytes: u64, waited: Duration) {
        let source = via_label(via);
        self.delivered.with_label_values(&[source]).inc_by(bytes);
        self.wait.observe(waited.as_secs_f64());
    }

    /// What the machine counted itself.
    pub fn machine(&self, counted: peer::Counters) {
        let bring = |counter: &IntCounter, to: u64| {
            counter.inc_by(to.saturating_sub(counter.get()));
        };
        bring(&self.hedges, counted.hedges);
        bring(&self.misuses, counted.misused);
    }

    /// A fetch ended.
    pub fn fetched(&self, source: peer::Source, outcome: &peer::Outcome) {
        let labels = [source_label(source), outcome_label(outcome)];
        self.fetches.with_label_values(&labels).inc();
    }

    /// Bytes given to local players, by where they came from: `cache`, `peer` or `origin`.
    #[must_use]
    pub fn delivered_from(&self, source: &str) -> u64 {
        self.delivered.with_label_values(&[source]).get()
    }

    /// The totals the DMS is told.
    #[must_use]
    pub fn totals(&self) -> TransferTotals {
        let from = |source| self.received.with_label_values(&[source]).get();
        TransferTotals {
            from_origin: from("origin"),
            from_peers: from("peer"),
            to_peers: self.given.get(),
            cached: u64::try_from(self.cache_bytes.get()).unwrap_or(0),
        }
    }

    /// Everything in Prometheus' text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        if let Err(e) = TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            tracing::warn!(error = %e, "the metrics were not written");
        }
        String::from_utf8(out).unwrap_or_default()
    }
}

fn source_label(source: peer::Source) -> &'static str {
    match source {
        peer::Source::Origin => "origin",
        peer::Source::Peer(_) => "peer",
    }
}

struct Maker {
    registry: Registry,
}

impl Maker {
    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let made = IntCounter::with_opts(opts(name, help))?;
        self.registry.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        let made = IntCounterVec::new(opts(name, help), labels)?;
        self.registry.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        let made = IntGauge::with_opts(opts(name, help))?;
        self.registry.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, prometheus::Error> {
        let made = IntGaugeVec::new(opts(name, help), labels)?;
        self.registry.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn histogram(&self, name: &str, help: &str) -> Result<Histogram, prometheus::Error> {
        let buckets = vec![0.002, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
        let options = HistogramOpts::new(full(name), help).buckets(buckets);
        let made = Histogram::with_opts(options)?;
        self.registry.register(Box::new(made.clone()))?;
        Ok(made)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(full(name), help)
}

fn full(name: &str) -> String {
    format!("edge_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_show_in_the_text_and_in_the_totals() {
        let metrics = Metrics::new().unwrap();
        metrics.received(peer::Source::Origin, 7);
        metrics.given.inc_by(5);
        metrics.fetched(peer::Source::Origin, &peer::Outcome::Busy);
        metrics.delivered(peer::Via::Cache, 3, Duration::ZERO);
        assert_eq!(metrics.totals().from_origin, 7);
        assert_eq!(metrics.totals().to_peers, 5);
        let text = metrics.text();
        for line in [
            "edge_received_bytes_total{source=\"origin\"} 7",
            "edge_given_bytes_total 5",
            "edge_fetches_total{outcome=\"busy\",source=\"origin\"} 1",
            "edge_delivered_bytes_total{source=\"cache\"} 3",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
