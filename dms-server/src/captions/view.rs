//! Captions as the API shows them, and what is wrong with a file as a problem.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::db::CaptionsRow;
use super::vtt::Fault;
use crate::problem::Problem;

/// Captions in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaptionsView {
    /// The language (BCP 47).
    pub lang: String,
    /// What people read in the menu.
    pub label: String,
    /// How many cues.
    pub cues: u64,
    /// Where they are, as WebVTT.
    pub url: String,
    /// Who gave them.
    pub updated_by: String,
    /// When, milliseconds since the Unix epoch.
    pub updated_ms: i64,
}

impl CaptionsView {
    /// What the API shows of them.
    #[must_use]
    pub fn of(row: CaptionsRow) -> Self {
        Self {
            url: format!("/api/v1/titles/{}/captions/{}", row.title_id, row.lang),
            lang: row.lang,
            label: row.label,
            cues: row.cues.unsigned_abs(),
            updated_by: row.updated_by,
            updated_ms: row.updated_ms,
        }
    }
}

/// The captions of a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaptionsList {
    /// They, by language.
    pub items: Vec<CaptionsView>,
}

/// A place in a file that hardly was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaptionWarning {
    /// `overlap`, `out_of_order` or `beyond_end`.
    pub code: String,
    /// The line, from 1.
    pub line: u32,
    /// The character in it, from 1.
    pub column: u32,
    /// The cue, from 1.
    pub cue: u32,
    /// What it is and what to do.
    pub fix: String,
}

impl From<Fault> for CaptionWarning {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code.to_owned(),
            line: fault.line,
            column: fault.column,
            cue: fault.cue,
            fix: fault.fix,
        }
    }
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaptionsTaken {
    /// The language (BCP 47).
    pub lang: String,
    /// What people read in the menu.
    pub label: String,
    /// How many cues it has.
    pub cues: u64,
    /// Whether it was kept; false after a try.
    pub kept: bool,
    /// What was taken, but hardly meant; the first 50.
    pub warnings: Vec<CaptionWarning>,
}

/// A file that cannot be read: each fault at `line:column`.
#[must_use]
pub fn unreadable(faults: &[Fault]) -> Problem {
    let detail = match faults.len() {
        1 => "There is a fault in this file.".to_owned(),
        many => format!("There are {many} faults in this file."),
    };
    let problem = Problem::invalid("invalid_captions", detail);
    faults.iter().fold(problem, |problem, fault| {
        let place = format!("{}:{}", fault.line, fault.column);
        problem.at(place, fault.code, fault.sentence())
    })
}
