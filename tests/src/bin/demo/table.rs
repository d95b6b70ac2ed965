//! Who got what from where.

use std::collections::BTreeMap;

use anyhow::Context;
use harness::Report;
use serde::Serialize;
use serde_json::Value;

/// One playback.
pub struct Row {
    /// The PC's name.
    pub peer: String,
    /// Which round it was.
    pub round: &'static str,
    /// What the player said.
    pub report: Report,
}

/// All playbacks together, in the order of the last line.
#[derive(Default, Serialize)]
pub struct Summary {
    titles: u64,
    players: usize,
    frames_expected: u64,
    frames_decoded: u64,
    #[serde(skip)]
    every_frame: bool,
    stalls: u64,
    wan_copies: BTreeMap<String, f64>,
    origin_bytes: u64,
    peer_bytes: u64,
}

impl Summary {
    /// The sums over the playbacks.
    pub fn of(rows: &[Row]) -> Self {
        let sum = |f: fn(&Report) -> u64| rows.iter().map(|r| f(&r.report)).sum();
        let whole = |r: &Report| r.frames_expected > 0 && r.frames_decoded == r.frames_expected;
        Self {
            titles: 1,
            players: rows.len(),
            frames_expected: sum(|r| r.frames_expected),
            frames_decoded: sum(|r| r.frames_decoded),
            // An audio title has no frames to count; then the players' exit codes speak alone.
            every_frame: rows.iter().all(|r| whole(&r.report))
                || rows.iter().all(|r| r.report.frames_expected == 0),
            stalls: sum(|r| r.stalls),
            peer_bytes: sum(|r| r.bytes.peer),
            ..Self::default()
        }
    }

    /// Adds what the origin sent to a site.
    ///
    /// # Errors
    /// When the API shows no figures.
    pub fn add_site(&mut self, name: &str, site: &Value) -> anyhow::Result<()> {
        let copies = site["wan_copies"]
            .as_f64()
            .with_context(|| format!("wan_copies of {site}"))?;
        self.wan_copies
            .insert(name.to_owned(), (copies * 1e4).round() / 1e4);
        self.origin_bytes += site["origin_bytes"]
            .as_u64()
            .context("origin_bytes of a site")?;
        Ok(())
    }

    /// Whether every player decoded every frame and none stalled.
    pub fn is_good(&self) -> bool {
        self.every_frame && self.stalls == 0
    }

    /// The last line of the demo.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn json(&self) -> anyhow::Result<String> {
        serde_json::to_string(self).context("the summary as JSON")
    }
}

/// Prints the table for people.
pub fn print(rows: &[Row], summary: &Summary) {
    eprintln!();
    eprintln!(
        "  {:<10} {:<8} {:>9} {:>7} {:>13} {:>10} {:>10} {:>10}",
        "PC", "round", "start-up", "stalls", "frames", "cache", "peers", "origin"
    );
    for Row {
        peer,
        round,
        report,
    } in rows
    {
        eprintln!(
            "  {peer:<10} {round:<8} {:>6} ms {:>7} {:>13} {:>10} {:>10} {:>10}",
            report.startup_ms,
            report.stalls,
            format!("{}/{}", report.frames_decoded, report.frames_expected),
            size(report.bytes.cache),
            size(report.bytes.peer),
            size(report.bytes.origin),
        );
    }
    eprintln!();
    for (site, copies) in &summary.wan_copies {
        eprintln!(
            "  {site}: {copies:.3} WAN copies (1.0 is ideal: each chunk crossed the WAN once)"
        );
    }
    eprintln!(
        "  the origin sent {}, peers sent one another {}",
        size(summary.origin_bytes),
        size(summary.peer_bytes)
    );
    eprintln!();
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}
