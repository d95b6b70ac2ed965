//! Uploads and jobs as the API shows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::db::{JobRow, UploadRow};
use crate::publish::pipeline::assembly::RenditionProgress;
use crate::publish::view::TitleError;

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadView {
    /// Its id; its owner goes on with it at `/api/v1/uploads/{id}`.
    pub id: Uuid,
    /// What its title is called.
    pub title_name: String,
    /// The file's name.
    pub filename: String,
    /// `video` or `file`.
    pub kind: String,
    /// Its whole length.
    pub bytes: u64,
    /// How much is here; null when another server holds it.
    pub offset: Option<u64>,
    /// The title it became; null while bytes are missing.
    pub title: Option<Uuid>,
    /// Whose it is: a person's id, or a token's name.
    pub owner: String,
    /// Whether its title gets a policy with the last byte.
    pub armed: bool,
    /// When it was declared, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it is removed if nothing more comes.
    pub expires_ms: i64,
}

impl UploadView {
    /// What the API shows of it.
    #[must_use]
    pub fn of(row: UploadRow, offset: Option<u64>) -> Self {
        Self {
            id: row.id,
            title_name: row.name,
            filename: row.filename,
            kind: row.kind,
            bytes: row.bytes.unsigned_abs(),
            offset,
            title: row.title,
            owner: row.owner,
            armed: row.armed != 0,
            created_ms: row.created_ms,
            expires_ms: row.expires_ms,
        }
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for a worker, or for its next attempt.
    Queued,
    /// A worker works on it.
    Running,
    /// Its title is published.
    Done,
    /// Its title will not be published, unless it is tried again.
    Failed,
}

impl JobState {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn of(name: &str) -> Self {
        let all = [Self::Queued, Self::Running, Self::Done];
        let found = all.into_iter().find(|state| state.as_str() == name);
        found.unwrap_or(Self::Failed)
    }
}

/// A job: what makes a title's version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    /// Its id.
    pub id: Uuid,
    /// The title it makes.
    pub title: Uuid,
    /// What the title is called.
    pub title_name: String,
    /// `video` or `file`.
    pub kind: String,
    /// Whose the title is: a person's id, or a token's name.
    pub owner: String,
    /// Where it stands.
    pub state: JobState,
    /// Where its title stands: `probing`, `transcoding`, ...
    pub title_state: String,
    /// How far it is, 0 to 100.
    pub progress_percent: f32,
    /// How far each rendition is, while a video is transcoded.
    pub renditions: Vec<RenditionProgress>,
    /// Estimated seconds left; null while unknown.
    pub eta_seconds: Option<u64>,
    /// Which attempt this is, from 1; 0: none began.
    pub attempt: u64,
    /// Attempts that failed by themselves.
    pub failures: u64,
    /// Not before this moment, while it waits; milliseconds since the Unix epoch.
    pub not_before_ms: i64,
    /// Why it failed; null otherwise.
    pub error: Option<TitleError>,
    /// Whether it can be cancelled.
    pub can_cancel: bool,
    /// Whether it can be tried again: its source is still here.
    pub can_retry: bool,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When something of it was noted last.
    pub updated_ms: i64,
}

impl JobView {
    /// What the API shows of it.
    #[must_use]
    pub fn of(row: JobRow) -> Self {
        let state = JobState::of(&row.state);
        let running = state == JobState::Running;
        let renditions = row.renditions.filter(|_| running);
        Self {
            id: row.id,
            title: row.title,
            title_name: row.name,
            kind: row.kind,
            owner: row.owner,
            state,
            title_state: row.title_state,
            progress_percent: row.permille.clamp(0, 1000) as f32 / 10.0,
            renditions: renditions
                .and_then(|json| serde_json::from_str(&json).ok())
                .unwrap_or_default(),
            eta_seconds: row
                .eta_ms
                .filter(|_| running)
                .map(|ms| ms.unsigned_abs().div_ceil(1000)),
            attempt: row.attempt.unsigned_abs(),
            failures: row.failures.unsigned_abs(),
            not_before_ms: row.not_before_ms,
            error: row.error_code.as_deref().map(TitleError::of),
            can_cancel: matches!(state, JobState::Queued | JobState::Running),
            can_retry: row.can_retry != 0,
            created_ms: row.created_ms,
            updated_ms: row.updated_ms,
        }
    }
}
