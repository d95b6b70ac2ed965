//! What came of a run: for people, for tests, and as JSON.

use std::fmt;

use serde::Serialize;

use super::{
    check::Violations,
    scenario::{Scenario, TitleSpec},
    shell::Shell,
    world::{Site, World},
};
use crate::time::{Instant, Micros};

/// What came of a run. Ratios are in thousandths, times in microseconds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The policy's.
    pub policy: &'static str,
    /// The seed.
    pub seed: u64,
    /// One entry a site.
    pub sites: Vec<SiteReport>,
    /// Virtual time from the start to the last event, microseconds.
    pub took_us: u64,
    /// How many events there were.
    pub events: u64,
    /// A hash of all events: equal runs have equal traces.
    pub trace: u64,
    /// What must never happen.
    pub violations: Violations,
}

/// What came of a run at one site.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SiteReport {
    /// Viewers whose machine was there at the end.
    pub viewers: u32,
    /// Of them, those who saw the whole title.
    pub finished: u32,
    /// Chunks delivered to viewers.
    pub delivered: u32,
    /// Wants that failed.
    pub failed: u32,
    /// Chunks delivered after their deadline.
    pub late: u32,
    /// Payload that came over the WAN, that of broken transfers included.
    pub wan_bytes: u64,
    /// Bytes of the different chunks among it.
    pub distinct_bytes: u64,
    /// Requests at the origin.
    pub origin_requests: u64,
    /// Bytes peers got from one another.
    pub peer_bytes: u64,
    /// Chunks that came with wrong bytes.
    pub bad: u32,
    /// The most of them at one peer.
    pub bad_a_peer: u32,
    /// Fetches started beside a running one.
    pub hedges: u64,
    /// Asks answered with a referral.
    pub referred: u64,
    /// Pauses of the picture.
    pub stalls: u32,
    /// Viewers who saw at least one pause.
    pub stalled_viewers: u32,
    /// How long the pauses of each such viewer were together.
    pub stalled: Spread,
    /// From play to picture.
    pub start_up: Spread,
    /// The start-up of the first viewer against the time the first segment takes over the WAN alone.
    pub first_start: Option<u64>,
    /// From the first arrival to the last viewer's last chunk, against what the links allow; files only.
    pub bound: Option<u64>,
    /// Messages without payload, sent and received.
    pub messages: u64,
    /// Machines.
    pub peers: u32,
    /// Jain's index of the bytes peers gave: 1000 is all alike, 1000/n is one for all.
    pub fairness: u64,
}

/// A distribution.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Spread {
    /// Half of them are no longer than this, microseconds.
    pub median_us: u64,
    /// 95 of a hundred are no longer than this, microseconds.
    pub p95_us: u64,
    /// None is longer, microseconds.
    pub worst_us: u64,
}

impl Spread {
    fn of(mut times: Vec<Micros>) -> Self {
        times.sort_unstable();
        let at = |per_mille: usize| {
            let place = (times.len() * per_mille).div_ceil(1000).max(1) - 1;
            times.get(place).map_or(0, |t| t.0)
        };
        Self {
            median_us: at(500),
            p95_us: at(950),
            worst_us: at(1000),
        }
    }
}

impl SiteReport {
    /// How many times the site's chunks crossed the WAN: 1000 is ideal.
    #[must_use]
    pub fn copies(&self) -> u64 {
        ratio(self.wan_bytes, self.distinct_bytes)
    }

    /// Messages for each chunk delivered.
    #[must_use]
    pub fn messages_a_chunk(&self) -> u64 {
        ratio(self.messages, self.delivered.into())
    }

    fn add(&mut self, shell: &Shell) {
        let (counters, tally) = (shell.counters(), &shell.tally);
        self.peer_bytes += tally.from_peers;
        self.bad += tally.bad;
        self.bad_a_peer = self.bad_a_peer.max(tally.bad);
        self.hedges += counters.hedges;
        self.referred += counters.referred;
        self.messages += tally.messages;
        if shell.evil.is_none() {
            self.delivered += tally.delivered;
            self.late += tally.late;
        }
        if !shell.counts {
            return;
        }
        let viewer = &shell.viewer;
        self.viewers += 1;
        self.finished += u32::from(viewer.ended.is_some());
        self.failed += tally.failed;
        self.stalls += viewer.stalls;
        self.stalled_viewers += u32::from(viewer.stalls > 0);
    }
}

fn ratio(of: u64, to: u64) -> u64 {
    (of * 1000).checked_div(to).unwrap_or(0)
}

/// What came of some sites: those of one world.
#[derive(Debug)]
pub(super) struct Part {
    first: usize,
    sites: Vec<SiteReport>,
    took: u64,
    events: u64,
    trace: u64,
    violations: Violations,
}

impl Part {
    pub(super) fn of(world: &World<'_>) -> Self {
        let numbers = world.sites.iter().map(|s| s.number);
        let mut violations = world.violations.clone();
        violations.misused = world.shells.iter().map(|s| s.counters().misused).sum();
        let mut of_site: Vec<Vec<&Shell>> = vec![Vec::new(); world.sites.len()];
        for shell in &world.shells {
            of_site[shell.site].push(shell);
        }
        let sites = world.sites.iter().zip(&of_site);
        Self {
            first: numbers.min().unwrap_or(0),
            sites: sites
                .map(|(site, shells)| site_report(world, site, shells))
                .collect(),
            took: world.now.0,
            events: world.events,
            trace: world.trace(),
            violations,
        }
    }
}

impl Report {
    pub(super) fn merge(scenario: &Scenario, seed: u64, mut parts: Vec<Part>) -> Self {
        parts.sort_by_key(|part| part.first);
        let mut report = Self {
            scenario: scenario.name.clone(),
            policy: scenario.policy.name(),
            seed,
            sites: Vec::new(),
            took_us: 0,
            events: 0,
            trace: 0,
            violations: Violations::default(),
        };
        for part in parts {
            report.sites.extend(part.sites);
            report.took_us = report.took_us.max(part.took);
            report.events += part.events;
            report.trace = report
                .trace
                .rotate_left(7)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ part.trace;
            report.violations.add(&part.violations);
        }
        report
    }

    /// The whole report as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn site_report(world: &World<'_>, site: &Site, shells: &[&Shell]) -> SiteReport {
    let mut report = SiteReport {
        wan_bytes: site.wan_bytes,
        origin_requests: site.origin_requests,
        peers: site.spec.peers,
        ..Default::default()
    };
    let chunks = site.wan_chunks.iter();
    report.distinct_bytes = chunks.map(|chunk| world.title.len_of(chunk)).sum();
    shells.iter().for_each(|shell| report.add(shell));
    let viewers = || shells.iter().filter(|s| s.counts).map(|s| &s.viewer);
    report.start_up = Spread::of(viewers().filter_map(|v| v.start_up).collect());
    let stalled = viewers().filter(|v| v.stalls > 0);
    report.stalled = Spread::of(stalled.map(|v| v.stalled).collect());
    report.first_start = first_start(world, site, shells);
    report.bound = bound(world, site, shells);
    report.fairness = fairness(site, shells);
    report
}

/// Jain, Chiu and Hawe (DEC TR-301, 1984), over honest peers.
fn fairness(site: &Site, shells: &[&Shell]) -> u64 {
    let mut given: std::collections::BTreeMap<_, u128> = std::collections::BTreeMap::new();
    for shell in shells {
        let boxed = site.cache_box.is_some_and(|b| {
            shells
                .first()
                .is_some_and(|f| f.device == shell.device && b == 0)
        });
        if shell.evil.is_none() && !boxed {
            *given.entry(shell.device).or_default() += u128::from(shell.tally.to_peers);
        }
    }
    let sum: u128 = given.values().sum();
    let squares: u128 = given.values().map(|g| g * g).sum();
    (sum * sum * 1000)
        .checked_div(squares * given.len() as u128)
        .unwrap_or(1000) as u64
}

/// What crosses the WAN at most.
fn wan_rate(site: &Site) -> u64 {
    let wan = site.spec.wan;
    wan.link.rate.min(wan.cap.unwrap_or(u64::MAX)).max(1)
}

fn first_start(world: &World<'_>, site: &Site, shells: &[&Shell]) -> Option<u64> {
    let TitleSpec::Video { segment_len, .. } = world.scenario.title else {
        return None;
    };
    let first = shells
        .iter()
        .filter(|s| s.counts)
        .min_by_key(|s| s.viewer.arrived)?;
    let took = first.viewer.start_up?.0;
    Some(ratio(took, segment_len * 1_000_000 / wan_rate(site)))
}

/// See [`SiteReport::bound`]: the file crosses the WAN once, each peer's link once, and whatever carries
/// bytes to peers carries them for all (Kumar and Ross, HotWeb 2006), from when the first comes.
fn bound(world: &World<'_>, site: &Site, shells: &[&Shell]) -> Option<u64> {
    let TitleSpec::File { size, .. } = world.scenario.title else {
        return None;
    };
    let viewers = || shells.iter().filter(|s| s.counts);
    let arrived = |s: &&&Shell| s.viewer.arrived.unwrap_or(Instant(0));
    let first = viewers().map(|s| arrived(&s)).min()?;
    let took = viewers().map(|s| s.viewer.ended).max()??.since(first);
    let bytes = u128::from(size) * 1_000_000;
    let over = |rate: u64| (bytes / u128::from(rate.max(1))) as u64;
    let once = over(wan_rate(site));
    let own = viewers()
        .map(|s| arrived(&s).since(first).0 + over(s.nic.link.rate))
        .max()?;
    let peers = viewers().count() as u128;
    let up: u64 = viewers().map(|s| s.nic.link.rate).sum();
    let all = (bytes * peers / u128::from(wan_rate(site) + up)) as u64;
    let origin = world
        .scenario
        .origin
        .map_or(0, |rate| over(rate) * world.sites.len() as u64);
    Some(ratio(took.0, once.max(own).max(all).max(origin).max(1)))
}

/// Thousandths as a decimal number.
#[must_use]
pub fn decimal(milli: u64) -> String {
    format!("{}.{:03}", milli / 1000, milli % 1000)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} ({}), seed {}: {}.{:01} s, {} events, trace {:016x}\n  never: {}",
            self.scenario,
            self.policy,
            self.seed,
            self.took_us / 1_000_000,
            self.took_us / 100_000 % 10,
            self.events,
            self.trace,
            self.violations,
        )?;
        writeln!(
            f,
            "  site viewers finished late stalls stalled_ms start_ms  p95_ms worst_ms copies  bound wan_mb \
             peer_mb msg/peer msg/chunk  fair hedges refers bad"
        )?;
        for (number, s) in self.sites.iter().enumerate() {
            writeln!(
                f,
                "  {number:>4} {:>7} {:>8} {:>4} {:>6} {:>10} {:>8} {:>7} {:>8} {:>6} {:>6} {:>6} {:>7} {:>8} \
                 {:>9} {:>5} {:>6} {:>6} {:>3}",
                s.viewers,
                s.finished,
                s.late,
                s.stalls,
                s.stalled.worst_us / 1000,
                s.start_up.median_us / 1000,
                s.start_up.p95_us / 1000,
                s.start_up.worst_us / 1000,
                decimal(s.copies()),
                s.bound.map_or("-".into(), decimal),
                s.wan_bytes / 1_000_000,
                s.peer_bytes / 1_000_000,
                s.messages / u64::from(s.peers.max(1)),
                decimal(s.messages_a_chunk()),
                decimal(s.fairness),
                s.hedges,
                s.referred,
                s.bad,
            )?;
        }
        Ok(())
    }
}
