//! Breaks as the API says and takes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use swarm::content::Break;
use swarm::content::manifest::{MAX_BREAK_MS, MAX_SCTE35_LEN};
use utoipa::ToSchema;

use super::BREAKS_MAX;
use super::db::BreakRow;
use crate::problem::{Problem, Result};

/// Where a break came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Somebody said so.
    #[default]
    Hand,
    /// A VMAP document.
    Vmap,
    /// Splice messages.
    Scte35,
}

impl Origin {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Vmap => "vmap",
            Self::Scte35 => "scte35",
        }
    }

    fn of_name(name: &str) -> Self {
        match name {
            "vmap" => Self::Vmap,
            "scte35" => Self::Scte35,
            _ => Self::Hand,
        }
    }
}

/// A place in a title where something may be inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakView {
    /// Names it in the title, from 1. Of a new break it is left out.
    #[serde(default)]
    pub id: Option<u32>,
    /// Media time, milliseconds; the playing time itself is the end.
    pub at_ms: u64,
    /// How long it should be, milliseconds, at most a day; null: as long as what fills it.
    #[serde(default)]
    pub length_ms: Option<u64>,
    /// How much of the content it replaces, milliseconds; 0: it is an insertion.
    #[serde(default)]
    pub resume_ms: u64,
    /// Whether seeking over it plays it first.
    #[serde(default)]
    pub hold: bool,
    /// Where it came from.
    #[serde(default)]
    pub origin: Origin,
    /// The splice messages it came from, base64: the one that begins it, then the one that ends it, if there was one.
    #[serde(default)]
    pub scte35: Option<String>,
}

/// The breaks of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakList {
    /// They, by time; at most 500.
    pub breaks: Vec<BreakView>,
}

impl BreakView {
    fn of(row: &BreakRow) -> Self {
        Self {
            id: u32::try_from(row.id).ok(),
            at_ms: row.at_ms.unsigned_abs(),
            length_ms: row.length_ms.map(i64::unsigned_abs),
            resume_ms: row.resume_ms.unsigned_abs(),
            hold: row.hold != 0,
            origin: Origin::of_name(&row.origin),
            scte35: row.scte35.as_ref().map(|bytes| STANDARD.encode(bytes)),
        }
    }
}

impl BreakList {
    /// As the database has them.
    #[must_use]
    pub fn of(rows: &[BreakRow]) -> Self {
        Self {
            breaks: rows.iter().map(BreakView::of).collect(),
        }
    }

    /// As the database takes them, by time and each with an id, if they can be meant.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn checked(&self, duration_ms: Option<u64>) -> Result<Vec<BreakRow>> {
        let detail = "These cannot be the breaks of this title.";
        let mut problem = Problem::invalid("invalid_breaks", detail);
        if self.breaks.len() > BREAKS_MAX {
            let fix = format!("Give at most {BREAKS_MAX} breaks.");
            return Err(problem.at("/breaks", "count", fix));
        }
        let mut used = std::collections::BTreeSet::new();
        let mut rows = Vec::new();
        for (index, given) in self.breaks.iter().enumerate() {
            problem = given.judge(problem, index, duration_ms);
            if given.id.is_some_and(|id| id == 0 || !used.insert(id)) {
                let fix = "Give each break an id of its own, from 1, or none to a new one.";
                problem = problem.at(format!("/breaks/{index}/id"), "invalid_id", fix);
            }
            match given.message() {
                Ok(scte35) => rows.push(given.row(scte35)),
                Err(fix) => {
                    problem = problem.at(format!("/breaks/{index}/scte35"), "invalid_scte35", fix);
                }
            }
        }
        if !problem.errors.is_empty() {
            return Err(problem);
        }
        let mut next = 1;
        for row in rows.iter_mut().filter(|row| row.id == 0) {
            while !used.insert(next) {
                next += 1;
            }
            row.id = i64::from(next);
        }
        rows.sort_by_key(|row| (row.at_ms, row.id));
        Ok(rows)
    }
}

impl BreakView {
    /// Adds what is wrong with its times.
    fn judge(&self, mut problem: Problem, index: usize, duration_ms: Option<u64>) -> Problem {
        let limit = duration_ms.unwrap_or(i64::MAX.unsigned_abs() / 2);
        let ends = || format!("The title ends at {limit} ms: let it lie before.");
        if self.at_ms > limit {
            problem = problem.at(format!("/breaks/{index}/at_ms"), "beyond_end", ends());
        } else if self.resume_ms > limit - self.at_ms {
            problem = problem.at(format!("/breaks/{index}/resume_ms"), "beyond_end", ends());
        }
        if self
            .length_ms
            .is_some_and(|ms| ms == 0 || ms > MAX_BREAK_MS)
        {
            let fix = format!("Give 1 to {MAX_BREAK_MS} ms, or null.");
            problem = problem.at(format!("/breaks/{index}/length_ms"), "out_of_range", fix);
        }
        problem
    }

    fn message(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(text) = &self.scte35 else {
            return Ok(None);
        };
        // Base64 is a third longer than what is in it.
        if text.len() > MAX_SCTE35_LEN * 4 / 3 + 4 {
            return Err(format!("Give at most {MAX_SCTE35_LEN} bytes."));
        }
        let decoded = STANDARD.decode(text);
        let bytes = decoded.map_err(|error| format!("Give base64: {error}."))?;
        super::splices(&bytes)?;
        Ok(Some(bytes))
    }

    fn row(&self, scte35: Option<Vec<u8>>) -> BreakRow {
        let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        BreakRow {
            id: self.id.map_or(0, i64::from),
            at_ms: signed(self.at_ms),
            length_ms: self.length_ms.map(signed),
            resume_ms: signed(self.resume_ms),
            hold: i64::from(self.hold),
            origin: self.origin.name().to_owned(),
            scte35,
        }
    }
}

/// As the manifest has them; what lies behind the end of the title is left out or cut off.
#[must_use]
pub fn within(rows: &[BreakRow], duration_ms: u64) -> Vec<Break> {
    let of = |row: &BreakRow| {
        let at_ms = row.at_ms.unsigned_abs();
        let left = duration_ms.checked_sub(at_ms)?;
        Some(Break {
            id: u32::try_from(row.id).ok()?,
            at_ms,
            length_ms: row.length_ms.map(i64::unsigned_abs),
            resume_ms: row.resume_ms.unsigned_abs().min(left),
            hold: row.hold != 0,
            scte35: row.scte35.clone().unwrap_or_default(),
        })
    };
    rows.iter().filter_map(of).collect()
}
