//! `/api/v1/storage`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db;
use crate::audit::act;
use crate::auth::{MetricsReader, SettingsAdmin};
use crate::extract::Json;
use crate::problem::{Result, catalogue};
use crate::publish::routes::seen_by;
use crate::state::App;
use crate::store::trial::{Step, Tried};

/// Titles in the list of the largest.
const LARGEST: i64 = 10;

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_storage))
        .routes(routes!(test_storage))
}

/// Where the store is, how full, and with what.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Storage {
    /// Where the chunks lie: the address in the server's configuration.
    place: String,
    /// Of the file system with the store's folder; null where it cannot be asked.
    room: Option<Room>,
    /// Bytes of chunks by what they belong to, each chunk once.
    bytes: Held,
    /// The titles with the most bytes, the largest first.
    largest: Vec<LargeTitle>,
}

/// A file system.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Room {
    /// Its size.
    size_bytes: u64,
    /// What this server may still write.
    free_bytes: u64,
}

/// Bytes of chunks by what they belong to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// Of published titles.
    titles: u64,
    /// Of them: what several titles have in common.
    shared: u64,
    /// Of titles that are being made.
    building: u64,
    /// Of deleted titles and of attempts that failed: removed within minutes.
    waiting: u64,
    /// Sources of uploads, which lie in the server's data folder.
    uploads: u64,
}

/// A title and its bytes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LargeTitle {
    /// The title.
    id: Uuid,
    /// What it is called; null when it is not for who asks.
    title: Option<String>,
    /// `video` or `file`.
    kind: String,
    /// Bytes of its published version.
    bytes: u64,
}

/// Where the store is, how full, and with what.
#[utoipa::path(get, path = "/api/v1/storage", tag = "storage", security(("token" = ["metrics"])),
    responses((status = 200, body = Storage)))]
async fn get_storage(
    MetricsReader(caller): MetricsReader,
    State(app): State<App>,
) -> Result<Json<Storage>> {
    let sums = db::sums(&app.db).await?;
    let uploads = db::uploads(&app.db).await?;
    let largest = db::largest(&app.db, seen_by(&caller), LARGEST).await?;
    let largest = largest.into_iter().map(|row| LargeTitle {
        id: row.id,
        title: row.name,
        kind: row.kind,
        bytes: row.bytes.unsigned_abs(),
    });
    Ok(Json(Storage {
        place: app.config.storage.url.clone(),
        room: app.store.folder().and_then(room),
        bytes: Held {
            titles: sums.titles.unsigned_abs(),
            shared: sums.shared.unsigned_abs(),
            building: sums.building.unsigned_abs(),
            waiting: sums.waiting.unsigned_abs(),
            uploads: uploads.unsigned_abs(),
        },
        largest: largest.collect(),
    }))
}

fn room(folder: &std::path::Path) -> Option<Room> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(Room {
        size_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
    })
}

/// How a trial of the store went.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StorageTrial {
    /// Whether every step did what it should.
    works: bool,
    /// The steps, in their order; the last is the one that failed, if one did.
    steps: Vec<TrialStep>,
}

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// A small object was written and synced.
    Write,
    /// It was read and compared.
    Read,
    /// A part of it was read and compared.
    ReadRange,
    /// It was removed.
    Delete,
}

/// How a step of the trial went.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TrialStep {
    /// What was tried.
    step: StepName,
    /// How long it took, microseconds.
    took_us: u64,
    /// Why it failed; null when it did not.
    failure: Option<TrialFailure>,
}

/// Why a step of the trial failed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TrialFailure {
    /// Stable code, as in the catalogue of problems.
    code: String,
    /// What is wrong.
    detail: String,
    /// What to do about it.
    fix: String,
}

impl TrialStep {
    fn of(tried: Tried) -> Self {
        let failure = tried.problem.map(|problem| TrialFailure {
            fix: catalogue::find(problem.code).map_or_else(String::new, |known| known.fix.clone()),
            code: problem.code.to_owned(),
            detail: problem.detail.into_owned(),
        });
        Self {
            step: match tried.step {
                Step::Write => StepName::Write,
                Step::Read => StepName::Read,
                Step::ReadRange => StepName::ReadRange,
                Step::Delete => StepName::Delete,
            },
            took_us: u64::try_from(tried.took.as_micros()).unwrap_or(u64::MAX),
            failure,
        }
    }
}

/// Tries the store out now: writes a small object, reads it, reads a part of it, removes it.
#[utoipa::path(post, path = "/api/v1/storage/test", tag = "storage", security(("token" = ["settings"])),
    responses((status = 200, body = StorageTrial)))]
async fn test_storage(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
) -> Result<Json<StorageTrial>> {
    let steps: Vec<_> = app
        .store
        .trial()
        .await
        .into_iter()
        .map(TrialStep::of)
        .collect();
    let failed = steps.iter().find_map(|step| step.failure.as_ref());
    let result = failed.map_or("works", |failure| failure.code.as_str());
    let note = app
        .note(&caller, act::STORE_TESTED, ("setting", "storage"))
        .with("result", result);
    crate::audit::db::add(&app.db, &note).await?;
    Ok(Json(StorageTrial {
        works: failed.is_none(),
        steps,
    }))
}
