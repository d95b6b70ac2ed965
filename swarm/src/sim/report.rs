//! What came of a run, for tests and for people.

use std::fmt;

use super::{shell::Shell, world::World};
use crate::time::Micros;

/// What came of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The scenario's name.
    pub scenario: &'static str,
    /// One entry a site.
    pub sites: Vec<SiteReport>,
    /// Virtual time from the start to the last event.
    pub took: Micros,
    /// How many events there were.
    pub events: u64,
    /// A hash of all events: equal runs have equal traces.
    pub trace: u64,
}

/// What came of a run at one site.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SiteReport {
    /// Viewers whose machine was there to the end.
    pub viewers: u32,
    /// Of them, those who saw the whole title.
    pub finished: u32,
    /// Chunks delivered to viewers.
    pub delivered: u32,
    /// Wants that failed.
    pub failed: u32,
    /// Chunks delivered after their deadline.
    pub late: u32,
    /// Bytes the origin sent to the site, those of broken transfers included.
    pub origin_bytes: u64,
    /// Bytes of the different chunks among them.
    pub distinct_bytes: u64,
    /// Bytes peers got from one another.
    pub peer_bytes: u64,
    /// Chunks that came with wrong bytes; none was delivered.
    pub bad: u32,
    /// Fetches started beside a running one.
    pub hedges: u64,
    /// Asks answered with a referral.
    pub referred: u64,
    /// Pauses of the picture.
    pub stalls: u32,
    /// Viewers who saw at least one pause.
    pub stalled_viewers: u32,
    /// How long the pauses were together.
    pub stalled: Micros,
    /// From play to picture.
    pub start_up: StartUp,
    /// From the first arrival to the last viewer's last chunk, in thousandths of what the links
    /// allow at best; files only.
    pub bound_milli: Option<u64>,
    /// Breaches of the driving contract; a fault of the simulator.
    pub misused: u64,
}

/// How long viewers waited for the first picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StartUp {
    /// Half of them waited no longer than this.
    pub median: Micros,
    /// Nobody waited longer than this.
    pub worst: Micros,
}

impl SiteReport {
    /// How many times the site's chunks crossed the WAN, in thousandths: 1000 is ideal.
    #[must_use]
    pub fn wan_copies_milli(&self) -> u64 {
        (self.origin_bytes * 1000)
            .checked_div(self.distinct_bytes)
            .unwrap_or(0)
    }

    fn add(&mut self, shell: &Shell) {
        let counters = shell.peer.counters();
        self.peer_bytes += shell.tally.from_peers;
        self.bad += shell.tally.bad;
        self.hedges += counters.hedges;
        self.referred += counters.referred;
        self.misused += counters.misused;
        if !shell.is_running() {
            return;
        }
        self.viewers += 1;
        self.finished += u32::from(shell.viewer.is_done());
        self.delivered += shell.tally.delivered;
        self.failed += shell.tally.failed;
        self.late += shell.tally.late;
        self.stalls += shell.viewer.stalls;
        self.stalled_viewers += u32::from(shell.viewer.stalls > 0);
        self.stalled = self.stalled + shell.viewer.stalled;
    }
}

impl Report {
    pub(super) fn of(world: &World<'_>, trace: u64, events: u64) -> Self {
        let sites = (0..world.scenario.sites.len())
            .map(|n| site(world, n))
            .collect();
        let took = world.now.since(crate::time::Instant(0));
        Self {
            scenario: world.scenario.name,
            sites,
            took,
            events,
            trace,
        }
    }
}

fn site(world: &World<'_>, number: usize) -> SiteReport {
    let mut report = SiteReport {
        origin_bytes: world.origin_bytes[number],
        ..Default::default()
    };
    let chunks = world.origin_chunks[number].iter();
    report.distinct_bytes = chunks.map(|c| u64::from(world.chunks[*c as usize].1)).sum();
    let mut waits = Vec::new();
    for shell in world.shells.iter().filter(|s| s.site == number) {
        report.add(shell);
        waits.extend(shell.viewer.start_up);
    }
    waits.sort_unstable();
    report.start_up.median = waits.get(waits.len() / 2).copied().unwrap_or_default();
    report.start_up.worst = waits.last().copied().unwrap_or_default();
    report.bound_milli = bound(world, number);
    report
}

/// See [`SiteReport::bound_milli`]: the file crosses the WAN once, each peer's link once, and whatever
/// carries bytes to peers carries them for all (Kumar and Ross, Globecom 2006).
fn bound(world: &World<'_>, number: usize) -> Option<u64> {
    let (title, site) = (world.scenario.title, world.scenario.sites.get(number)?);
    let viewers = || {
        let here = world.shells.iter().filter(|s| s.site == number);
        here.filter(|s| s.is_running()).map(|s| &s.viewer)
    };
    let first = viewers().map(|v| v.arrived).min()?;
    let last = viewers().map(|v| v.arrived).max()?.since(first);
    let took = viewers().map(|v| v.ended).max()??.since(first);
    let bytes = u64::from(title.segments) * title.segment_len * 1_000_000;
    let peers = u64::from(site.peers);
    let once = bytes.checked_div(site.wan.rate)?;
    let own = last.0 + bytes.checked_div(site.nic.rate)?;
    let all = (bytes * peers).checked_div(site.wan.rate + peers * site.nic.rate)?;
    title
        .file
        .then(|| took.0 * 1000 / once.max(own).max(all).max(1))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_millis() / 1000;
        writeln!(
            f,
            "{}: {seconds} s, {} events, trace {:016x}",
            self.scenario, self.events, self.trace
        )?;
        writeln!(
            f,
            "  site viewers finished   late stalls stalled_ms start_ms worst_ms  copies origin_mb \
             peer_mb hedges referred bad bound"
        )?;
        for (number, s) in self.sites.iter().enumerate() {
            writeln!(
                f,
                "  {number:>4} {:>7} {:>8} {:>6} {:>6} {:>10} {:>8} {:>8} {:>3}.{:03} {:>9} {:>7} {:>6} \
                 {:>8} {:>3} {}",
                s.viewers,
                s.finished,
                s.late,
                s.stalls,
                s.stalled.as_millis(),
                s.start_up.median.as_millis(),
                s.start_up.worst.as_millis(),
                s.wan_copies_milli() / 1000,
                s.wan_copies_milli() % 1000,
                s.origin_bytes / 1_000_000,
                s.peer_bytes / 1_000_000,
                s.hedges,
                s.referred,
                s.bad,
                s.bound_milli
                    .map_or("-".into(), |b| format!("{}.{:03}", b / 1000, b % 1000)),
            )?;
        }
        Ok(())
    }
}
