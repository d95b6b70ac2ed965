//! The gate: what each scenario is held to, and what it reached before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{report::Report, scenario::Scenario};

/// What a scenario reached, the worst of its sites and seeds. Ratios are in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measures {
    /// WAN copies.
    pub copies: u64,
    /// Completion against the bound; 0 where there is none.
    pub bound: u64,
    /// Pauses of the picture.
    pub stalls: u64,
    /// From play to picture, 95 of a hundred viewers, milliseconds.
    pub start_p95_ms: u64,
    /// The same, the slowest.
    pub start_ms: u64,
    /// The same, half of them.
    pub start_median_ms: u64,
    /// Messages for each chunk delivered.
    pub messages_a_chunk: u64,
    /// Messages a peer.
    pub messages_a_peer: u64,
    /// Jain's index of the bytes given, the least.
    pub fairness: u64,
}

impl Measures {
    /// Of one run.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let most =
            |of: fn(&super::SiteReport) -> u64| report.sites.iter().map(of).max().unwrap_or(0);
        Self {
            copies: most(super::SiteReport::copies),
            bound: most(|s| s.bound.unwrap_or(0)),
            stalls: most(|s| s.stalls.into()),
            start_p95_ms: most(|s| s.start_up.p95_us / 1000),
            start_ms: most(|s| s.start_up.worst_us / 1000),
            start_median_ms: most(|s| s.start_up.median_us / 1000),
            messages_a_chunk: most(super::SiteReport::messages_a_chunk),
            messages_a_peer: most(|s| s.messages / u64::from(s.peers.max(1))),
            fairness: report
                .sites
                .iter()
                .map(|s| s.fairness)
                .min()
                .unwrap_or(1000),
        }
    }

    /// The worse of both in everything.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        Self {
            copies: self.copies.max(other.copies),
            bound: self.bound.max(other.bound),
            stalls: self.stalls.max(other.stalls),
            start_p95_ms: self.start_p95_ms.max(other.start_p95_ms),
            start_ms: self.start_ms.max(other.start_ms),
            start_median_ms: self.start_median_ms.max(other.start_median_ms),
            messages_a_chunk: self.messages_a_chunk.max(other.messages_a_chunk),
            messages_a_peer: self.messages_a_peer.max(other.messages_a_peer),
            fairness: self.fairness.min(other.fairness),
        }
    }
}

/// How much worse than the baseline is let pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// In percent of the baseline.
    pub percent: u64,
    /// And on top of that, in the measure's own unit.
    pub plus: u64,
}

/// What was reached before: a file beside the scenarios.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// By the measure's name.
    pub tolerances: BTreeMap<String, Tolerance>,
    /// By the scenario's name.
    pub scenarios: BTreeMap<String, Measures>,
}

impl Baseline {
    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// What got worse by more than is tolerated, in words. A scenario without a baseline passes: it is new.
    #[must_use]
    pub fn regressions(&self, scenario: &str, now: &Measures) -> Vec<String> {
        let Some(before) = self.scenarios.get(scenario) else {
            return Vec::new();
        };
        let rows = [
            ("copies", before.copies, now.copies),
            ("bound", before.bound, now.bound),
            ("stalls", before.stalls, now.stalls),
            ("start_p95_ms", before.start_p95_ms, now.start_p95_ms),
            (
                "messages_a_chunk",
                before.messages_a_chunk,
                now.messages_a_chunk,
            ),
            // The one of which more is better.
            (
                "unfairness",
                1000 - before.fairness.min(1000),
                1000 - now.fairness.min(1000),
            ),
        ];
        let worse = rows.iter().filter_map(|(name, before, now)| {
            let tolerance = self.tolerances.get(*name)?;
            let most = before + before * tolerance.percent / 100 + tolerance.plus;
            (*now > most).then(|| format!("{name} was {before}, is {now}, at most {most} passes"))
        });
        worse.collect()
    }
}

/// What a run did not reach of what its scenario expects, in words.
#[must_use]
pub fn judge(scenario: &Scenario, report: &Report) -> Vec<String> {
    let mut failures = Vec::new();
    if report.violations.total() > 0 {
        failures.push(format!("what must never happen did: {}", report.violations));
    }
    let expect = &scenario.expect;
    for (number, site) in report.sites.iter().enumerate() {
        let unfinished = u64::from(site.viewers - site.finished);
        let rows: [(&str, u64, Option<u64>); 12] = [
            ("viewers not finished", unfinished, Some(expect.unfinished)),
            ("wants failed", site.failed.into(), Some(expect.failed)),
            ("WAN copies (thousandths)", site.copies(), expect.copies),
            (
                "of the bound (thousandths)",
                site.bound.unwrap_or(0),
                expect.bound,
            ),
            ("stalls", site.stalls.into(), expect.stalls),
            (
                "stalled viewers",
                site.stalled_viewers.into(),
                expect.stalled_viewers,
            ),
            ("chunks late", site.late.into(), expect.late),
            (
                "ms to the last start",
                site.start_up.worst_us / 1000,
                expect.start_ms,
            ),
            (
                "ms to the median start",
                site.start_up.median_us / 1000,
                expect.start_median_ms,
            ),
            (
                "of a segment's WAN time to the first start (thousandths)",
                site.first_start.unwrap_or(0),
                expect.first_start,
            ),
            (
                "bad chunks at one peer",
                site.bad_a_peer.into(),
                expect.bad_a_peer,
            ),
            (
                "messages a chunk (thousandths)",
                site.messages_a_chunk(),
                expect.messages_a_chunk,
            ),
        ];
        for (what, is, most) in rows {
            if most.is_some_and(|most| is > most) {
                let most = most.unwrap_or(0);
                failures.push(format!("site {number}: {is} {what}, at most {most} pass"));
            }
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_than_the_tolerance_is_a_regression() {
        let text = r#"{"tolerances": {"copies": {"percent": 1, "plus": 2}},
            "scenarios": {"a": {"copies": 1000, "bound": 1, "stalls": 0, "start_p95_ms": 1, "start_ms": 1,
            "start_median_ms": 1, "messages_a_chunk": 1, "messages_a_peer": 1, "fairness": 900}}}"#;
        let baseline = Baseline::parse(text).expect("a baseline");
        let now = |copies| Measures {
            copies,
            bound: 9000,
            ..Default::default()
        };
        assert_eq!(baseline.regressions("a", &now(1012)), Vec::<String>::new());
        let said = baseline.regressions("a", &now(1013));
        assert_eq!(said, ["copies was 1000, is 1013, at most 1012 passes"]);
        assert!(baseline.regressions("b", &now(9999)).is_empty());
        assert!(Baseline::parse("{}").is_err());
    }
}
