//! The table for people and the line for machines.

use std::{fmt::Write, time::Duration};

use serde_json::{Value, json};

use crate::load::{Starts, Taken};

/// The least speed, in nginx with client certificates.
const SPEED_BAR: f64 = 1.0;
/// The most processor time, in nginx with client certificates.
const CPU_BAR: f64 = 0.6;
const PEER: &str = "edge-peer mTLS";
const NGINX: &str = "nginx mTLS";

/// One measurement.
pub struct Row {
    name: &'static str,
    connections: usize,
    mib_s: f64,
    cpu_s_per_gib: f64,
}

impl Row {
    /// What came and what it cost the server.
    pub fn new(name: &'static str, connections: usize, taken: &Taken, cpu: Duration) -> Self {
        let mib = taken.bytes as f64 / f64::from(1 << 20);
        Self {
            name,
            connections,
            mib_s: mib / taken.wall.as_secs_f64(),
            cpu_s_per_gib: cpu.as_secs_f64() / (mib / 1024.0),
        }
    }
}

/// Everything that was measured.
pub struct Report {
    /// All rounds.
    pub rows: Vec<Row>,
    /// Start-up latency by server.
    pub starts: Vec<(&'static str, Starts)>,
    /// The most memory the peer had, MiB.
    pub peer_peak_mib: f64,
}

impl Report {
    /// The table.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{:<16} {:>12} {:>10} {:>14}",
            "server", "connections", "MiB/s", "CPU s per GiB"
        );
        for (name, connections) in self.kinds() {
            let (mib_s, cpu) = self.median(name, connections);
            let _ = writeln!(
                out,
                "{name:<16} {connections:>12} {mib_s:>10.0} {cpu:>14.3}"
            );
        }
        for connections in self.connections() {
            let (speed, cpu) = self.ratios(connections);
            let _ = writeln!(
                out,
                "edge-peer / nginx, both mTLS, {connections} connections: {speed:.2}x the bytes a \
                 second (bar {SPEED_BAR}), {cpu:.2}x the processor time (bar {CPU_BAR})"
            );
        }
        for (name, starts) in &self.starts {
            let _ = writeln!(
                out,
                "{name:<16} first byte, new connection {:.2} ms (p95 {:.2}); open connection \
                 {:.2} ms (p95 {:.2}); whole chunk {:.2} ms",
                ms(&starts.cold, 50),
                ms(&starts.cold, 95),
                ms(&starts.warm, 50),
                ms(&starts.warm, 95),
                ms(&starts.whole, 50),
            );
        }
        let _ = writeln!(
            out,
            "edge-peer's most memory: {:.0} MiB",
            self.peer_peak_mib
        );
        out
    }

    /// One JSON object.
    pub fn json(&self) -> Value {
        let (worst_speed, worst_cpu) = self.worst();
        let rows: Vec<Value> = self
            .kinds()
            .into_iter()
            .map(|(name, connections)| {
                let (mib_s, cpu) = self.median(name, connections);
                json!({"server": name, "connections": connections,
                       "mib_s": round(mib_s), "cpu_s_per_gib": round(cpu)})
            })
            .collect();
        let starts: Vec<Value> = self
            .starts
            .iter()
            .map(|(name, s)| {
                json!({"server": name,
                       "first_byte_new_ms": round(ms(&s.cold, 50)),
                       "first_byte_new_p95_ms": round(ms(&s.cold, 95)),
                       "first_byte_open_ms": round(ms(&s.warm, 50)),
                       "first_byte_open_p95_ms": round(ms(&s.warm, 95)),
                       "chunk_open_ms": round(ms(&s.whole, 50))})
            })
            .collect();
        json!({"bench": "serve", "speed_ratio": round(worst_speed),
               "cpu_ratio": round(worst_cpu), "reached": self.reached(),
               "peer_peak_mib": round(self.peer_peak_mib), "rows": rows, "starts": starts})
    }

    /// Whether both bars are reached with every number of connections.
    pub fn reached(&self) -> bool {
        let (speed, cpu) = self.worst();
        speed >= SPEED_BAR && cpu <= CPU_BAR
    }

    fn worst(&self) -> (f64, f64) {
        let start = (f64::INFINITY, 0.0);
        let ratios = self.connections().into_iter().map(|c| self.ratios(c));
        ratios.fold(start, |(speed, cpu), (s, c)| (speed.min(s), cpu.max(c)))
    }

    fn ratios(&self, connections: usize) -> (f64, f64) {
        let (ours, our_cpu) = self.median(PEER, connections);
        let (theirs, their_cpu) = self.median(NGINX, connections);
        (ours / theirs, our_cpu / their_cpu)
    }

    fn connections(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.rows.iter().map(|r| r.connections).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn kinds(&self) -> Vec<(&'static str, usize)> {
        let mut kinds = Vec::new();
        for row in &self.rows {
            if !kinds.contains(&(row.name, row.connections)) {
                kinds.push((row.name, row.connections));
            }
        }
        kinds
    }

    fn median(&self, name: &str, connections: usize) -> (f64, f64) {
        let of = |value: fn(&Row) -> f64| {
            let rows = self.rows.iter();
            let rows = rows.filter(|r| r.name == name && r.connections == connections);
            let mut values: Vec<f64> = rows.map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        (of(|r| r.mib_s), of(|r| r.cpu_s_per_gib))
    }
}

fn ms(sorted: &[Duration], percent: usize) -> f64 {
    let at = sorted.len().saturating_sub(1) * percent / 100;
    sorted.get(at).map_or(f64::NAN, |d| d.as_secs_f64() * 1e3)
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
