//! `/api/v1/backups`: making backups on the server's machine, and removing them.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::kept::{self, BACKUPS_MAX, Backup, Doing};
use crate::audit::act;
use crate::auth::KeyAdmin;
use crate::db::Db;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_backups))
        .routes(routes!(make_backup))
        .routes(routes!(remove_backup))
}

/// The backups on the server's machine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupList {
    /// The folder they are in, on the server's machine.
    pub folder: String,
    /// Whether this server can make them: it copies SQLite. PostgreSQL has programs of its own.
    pub possible: bool,
    /// The most that are kept.
    pub most: usize,
    /// Where the store is, which is in no backup.
    pub store: String,
    /// One that is being made.
    pub making: Option<BackupMaking>,
    /// Why the last one did not come about.
    pub failed: Option<BackupFailure>,
    /// Newest first.
    pub items: Vec<BackupView>,
}

/// A backup that is being made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupMaking {
    /// Since when, milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// Bytes of the database that are copied.
    pub written_bytes: u64,
    /// About how many there will be.
    pub expected_bytes: u64,
}

/// A backup that did not come about.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupFailure {
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// `storage_full` or `backup_failed`.
    pub code: String,
}

/// A backup.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupView {
    /// What its folder is called: its moment.
    pub name: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub made_ms: i64,
    /// Bytes of the database in it.
    pub database_bytes: u64,
    /// Files of keys in it.
    pub keys: usize,
}

impl From<Backup> for BackupView {
    fn from(backup: Backup) -> Self {
        Self {
            name: backup.name,
            made_ms: backup.made_ms,
            database_bytes: backup.database_bytes,
            keys: backup.keys,
        }
    }
}

/// Bytes of the database's file; 0 when it is none.
fn database_bytes(app: &App) -> u64 {
    let file = app.config.database.url.strip_prefix("sqlite://");
    file.and_then(|file| std::fs::metadata(file).ok())
        .map_or(0, |about| about.len())
}

fn listed(app: &App) -> Result<BackupList> {
    let folder = kept::folder(&app.config);
    let (mut making, mut failed) = (None, None);
    match app.backups.doing() {
        Doing::Nothing => {}
        Doing::Making { since_ms } => {
            making = Some(BackupMaking {
                since_ms,
                written_bytes: kept::written(&folder),
                expected_bytes: database_bytes(app),
            });
        }
        Doing::Failed { at_ms, full } => {
            let code = if full {
                "storage_full"
            } else {
                "backup_failed"
            };
            failed = Some(BackupFailure {
                at_ms,
                code: code.to_owned(),
            });
        }
    }
    let items = kept::list(&folder).map_err(Problem::internal)?;
    Ok(BackupList {
        folder: folder.display().to_string(),
        possible: matches!(app.db, Db::Sqlite { .. }),
        most: BACKUPS_MAX,
        store: app.config.storage.url.clone(),
        making,
        failed,
        items: items.into_iter().map(BackupView::from).collect(),
    })
}

/// The backups on the server's machine, and how far the one is that is being made.
#[utoipa::path(get, path = "/api/v1/backups", tag = "keys", security(("token" = ["keys"])),
    responses((status = 200, body = BackupList)))]
async fn list_backups(_: KeyAdmin, State(app): State<App>) -> Result<Json<BackupList>> {
    Ok(Json(listed(&app)?))
}

/// Begins a backup: one moment of the database and the keys, in a folder on the server's machine.
#[utoipa::path(post, path = "/api/v1/backups", tag = "keys", security(("token" = ["keys"])),
    responses((status = 202, body = BackupList), (status = 409, body = ProblemBody)))]
async fn make_backup(
    KeyAdmin(caller): KeyAdmin,
    State(app): State<App>,
) -> Result<impl IntoResponse> {
    if !matches!(app.db, Db::Sqlite { .. }) {
        let detail = "The database is PostgreSQL, which this server does not copy.";
        return Err(Problem::conflict("backup_elsewhere", detail));
    }
    let there = kept::list(&kept::folder(&app.config)).map_err(Problem::internal)?;
    if there.len() >= BACKUPS_MAX {
        let detail = format!("{BACKUPS_MAX} backups are kept already.");
        return Err(Problem::conflict("too_many_backups", detail));
    }
    let now_ms = app.clock.now_ms();
    if !app.backups.begin(now_ms) {
        return Err(Problem::conflict(
            "backup_running",
            "A backup is being made.",
        ));
    }
    let its_app = app.clone();
    app.tasks.spawn(async move {
        let app = its_app;
        let made = kept::make(&app.config, now_ms).await;
        let result = match &made {
            Ok(()) => "made",
            Err(error) => {
                tracing::error!(%error, "no backup was made");
                "failed"
            }
        };
        let note = app
            .note(&caller, act::BACKUP_MADE, ("setting", "backup"))
            .with("result", result);
        if let Err(error) = crate::audit::db::add(&app.db, &note).await {
            tracing::error!(%error, "a backup is not in the log");
        }
        app.backups.end(match made {
            Ok(()) => Doing::Nothing,
            Err(error) => Doing::Failed {
                at_ms: app.clock.now_ms(),
                full: kept::is_full(&error),
            },
        });
    });
    Ok((StatusCode::ACCEPTED, Json(listed(&app)?)))
}

/// Which backup.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct BackupPath {
    /// What its folder is called.
    backup: String,
}

/// Removes a backup for good.
#[utoipa::path(delete, path = "/api/v1/backups/{backup}", tag = "keys", params(BackupPath),
    security(("token" = ["keys"])),
    responses((status = 204), (status = 404, body = ProblemBody)))]
async fn remove_backup(
    KeyAdmin(caller): KeyAdmin,
    State(app): State<App>,
    Path(BackupPath { backup }): Path<BackupPath>,
) -> Result<StatusCode> {
    let folder = kept::folder(&app.config);
    if !kept::remove(&folder, &backup).map_err(Problem::internal)? {
        let detail = "There is no backup that is called so.";
        return Err(Problem::not_found("backup_not_found", detail));
    }
    let note = app
        .note(&caller, act::BACKUP_REMOVED, ("setting", "backup"))
        .with("name", backup);
    crate::audit::db::add(&app.db, &note).await?;
    Ok(StatusCode::NO_CONTENT)
}
