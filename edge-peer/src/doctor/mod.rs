//! What can keep this PC from sharing and playing, measured, and how to put it right.

mod checks;
mod reach;

use serde::Serialize;

use crate::{config::Config, local_api::StatusReport};

/// What came out of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but not as it should.
    Warning,
    /// It does not work.
    Problem,
    /// It could not be checked, because of another problem.
    Skipped,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// A word for programs.
    pub check: &'static str,
    /// What came out.
    pub verdict: Verdict,
    /// What was measured.
    pub measured: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do; empty when nothing needs doing.
    pub fix: String,
}

impl Check {
    fn new(check: &'static str, why: &'static str, verdict: Verdict, measured: String) -> Self {
        Self {
            check,
            verdict,
            measured,
            why,
            fix: String::new(),
        }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        if matches!(self.verdict, Verdict::Warning | Verdict::Problem) {
            self.fix = fix.into();
        }
        self
    }
}

/// Every check.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of this form, 1.
    pub schema: u32,
    /// Whether there is no problem.
    pub ok: bool,
    /// The checks, in the order in which one explains the next.
    pub checks: Vec<Check>,
}

impl Report {
    /// The checks that found a problem.
    #[must_use]
    pub fn problems(&self) -> usize {
        let problem = |check: &&Check| check.verdict == Verdict::Problem;
        self.checks.iter().filter(problem).count()
    }
}

/// Runs every check. `status` is what the running agent says of itself, or why it does not.
pub async fn examine(config: &Config, status: Result<StatusReport, String>) -> Report {
    let checks = checks::all(config, &status).await;
    let mut report = Report {
        schema: 1,
        ok: false,
        checks,
    };
    report.ok = report.problems() == 0;
    report
}
