//! A title as the API shows it.

use dms_transcoder_protocol::FailureCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::db::TitleRow;
use super::pipeline::assembly::RenditionProgress;
use super::profiles::MadeWith;
use super::state::TitleState;
use crate::problem::Problem;

/// A title.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Title {
    /// Its id.
    pub id: Uuid,
    /// Its name for people.
    pub title: String,
    /// What it is about; empty when nobody said.
    #[serde(default)]
    pub description: String,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `video` or `file`.
    pub kind: String,
    /// Where it stands.
    pub state: TitleState,
    /// How far its job is, 0 to 100.
    pub progress_percent: f32,
    /// How far each rendition is, while a video is transcoded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<RenditionProgress>,
    /// Estimated seconds until it is complete; null while unknown.
    pub eta_seconds: Option<u64>,
    /// The published version; null until there is one.
    pub version: Option<u64>,
    /// Playing time, milliseconds; null until known, 0 for a file.
    pub duration_ms: Option<u64>,
    /// Length of what was uploaded, bytes.
    pub bytes: u64,
    /// When it was uploaded, milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// Why it failed; null otherwise.
    pub error: Option<TitleError>,
    /// The profile with which it was made; null for files, and where it was made before there were profiles.
    #[serde(default)]
    pub made_with: Option<MadeWith>,
}

/// Why a title failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TitleError {
    /// A stable code of a closed list.
    pub code: String,
    /// One sentence: what happened and what to do.
    pub message: String,
}

impl TitleError {
    /// What a code means.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let message = match code.parse::<FailureCode>() {
            Ok(code) => code.sentence().to_owned(),
            Err(_) => "Publishing failed. Ask an administrator for the job's log.".to_owned(),
        };
        Self {
            code: code.to_owned(),
            message,
        }
    }
}

impl Title {
    /// What the API shows of a title.
    #[must_use]
    pub fn of(row: TitleRow) -> Self {
        let state = row.state.parse().unwrap_or(TitleState::Queued);
        let working = !state.is_final();
        let tags = row.tags();
        let renditions = row.renditions.filter(|_| working);
        Self {
            id: row.id,
            title: row.name,
            description: row.description,
            tags,
            kind: row.kind,
            state,
            progress_percent: match state {
                TitleState::Complete => 100.0,
                _ => row.permille.unwrap_or(0).clamp(0, 1000) as f32 / 10.0,
            },
            renditions: renditions
                .and_then(|json| serde_json::from_str(&json).ok())
                .unwrap_or_default(),
            eta_seconds: row
                .eta_ms
                .filter(|_| working)
                .map(|ms| ms.unsigned_abs().div_ceil(1000)),
            version: row.version.map(i64::unsigned_abs),
            duration_ms: row.duration_ms.map(i64::unsigned_abs),
            bytes: row.bytes.unsigned_abs(),
            created_ms: row.created_ms.unsigned_abs(),
            error: row.error_code.as_deref().map(TitleError::of),
            made_with: row
                .made_with
                .and_then(|json| serde_json::from_str(&json).ok()),
        }
    }
}

/// 404: no such title, or none this caller may see.
#[must_use]
pub fn not_found() -> Problem {
    Problem::not_found(
        "title_not_found",
        "There is no such title. It may have been deleted.",
    )
}

/// 409: the title is not published.
#[must_use]
pub fn not_ready(row: &TitleRow) -> Problem {
    let detail = match &row.error_code {
        Some(code) => format!(
            "Publishing this title failed: {}",
            TitleError::of(code).message
        ),
        None => format!(
            "This title is not ready: it is {}. Try again later.",
            row.state
        ),
    };
    Problem::conflict("title_not_ready", detail)
}

/// 404: the title has no such picture; sound and files have none.
#[must_use]
pub fn no_picture() -> Problem {
    Problem::not_found("no_picture", "This title has no picture.")
}
