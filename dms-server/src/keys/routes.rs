//! `/api/v1/keys`: which key encryption keys there are, rotating and removing them.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{db, rotation};
use crate::auth::KeyAdmin;
use crate::extract::{Json, Path};
use crate::problem::{ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(rotate))
        .routes(routes!(remove))
}

/// The key encryption keys, without the keys.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KekList {
    /// Whether what an older key wrapped is being wrapped anew.
    pub rewrapping: bool,
    /// How much of it is left.
    pub left: i64,
    /// Newest first.
    pub items: Vec<KekView>,
}

/// A key encryption key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KekView {
    /// Its name; its file is called after it.
    pub id: String,
    /// `current`, `rewrapping`, `retired` or `removed`.
    pub state: String,
    /// Title keys and sealed secrets that it wrapped, of those that are there.
    pub needed_by: i64,
    /// When it was made, milliseconds since the Unix epoch.
    pub made_ms: i64,
    /// When nothing was left that it had wrapped.
    pub retired_ms: Option<i64>,
    /// When it was removed.
    pub removed_ms: Option<i64>,
}

async fn listed(app: &App) -> Result<KekList> {
    let needs = db::needs(&app.db).await?;
    let needed_by = |id: &str| {
        let found = needs.iter().find(|(kek, _)| kek == id);
        found.map_or(0, |(_, count)| *count)
    };
    let items: Vec<KekView> = db::list(&app.db)
        .await?
        .into_iter()
        .map(|row| KekView {
            needed_by: needed_by(&row.id),
            id: row.id,
            state: row.state,
            made_ms: row.made_ms,
            retired_ms: row.retired_ms,
            removed_ms: row.removed_ms,
        })
        .collect();
    let old = items.iter().filter(|kek| kek.state == "rewrapping");
    Ok(KekList {
        rewrapping: old.clone().next().is_some(),
        left: old.map(|kek| kek.needed_by).sum(),
        items,
    })
}

/// The key encryption keys, and how far a rotation is.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", security(("token" = ["keys"])),
    responses((status = 200, body = KekList)))]
async fn status(_: KeyAdmin, State(app): State<App>) -> Result<Json<KekList>> {
    Ok(Json(listed(&app).await?))
}

/// Makes a new key encryption key; what the old one wrapped is wrapped anew in the background.
#[utoipa::path(post, path = "/api/v1/keys/rotate", tag = "keys", security(("token" = ["keys"])),
    responses((status = 202, body = KekList), (status = 409, body = ProblemBody)))]
async fn rotate(KeyAdmin(caller): KeyAdmin, State(app): State<App>) -> Result<impl IntoResponse> {
    rotation::rotate(&app, &caller).await?;
    Ok((StatusCode::ACCEPTED, Json(listed(&app).await?)))
}

/// Which key encryption key.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct KekPath {
    /// Its name.
    kek: String,
}

/// Removes a retired key encryption key for good. Backups of the database from before it was retired need it.
#[utoipa::path(delete, path = "/api/v1/keys/{kek}", tag = "keys", params(KekPath),
    security(("token" = ["keys"])),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn remove(
    KeyAdmin(caller): KeyAdmin,
    State(app): State<App>,
    Path(path): Path<KekPath>,
) -> Result<StatusCode> {
    rotation::remove(&app, &caller, &path.kek).await?;
    Ok(StatusCode::NO_CONTENT)
}
