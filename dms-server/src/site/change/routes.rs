//! The changes of the last day, and taking one back.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, ChangeRow};
use super::{UNDO_MS, undo};
use crate::auth::{NetworkAdmin, NetworkReader};
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{ProblemBody, Result};
use crate::site::routes::change_header;
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_changes))
        .routes(routes!(undo_change))
}

/// A change of the sites.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeView {
    /// Its id.
    pub id: Uuid,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What, in words.
    pub summary: String,
    /// The change that took it back; null: none did.
    pub undone_by: Option<Uuid>,
}

impl From<ChangeRow> for ChangeView {
    fn from(row: ChangeRow) -> Self {
        Self {
            id: row.id,
            at_ms: row.at_ms,
            actor: row.actor,
            summary: row.summary,
            undone_by: row.undone_by,
        }
    }
}

/// The changes of the sites in the last 24 hours, newest first: those that can be taken back.
#[utoipa::path(get, path = "/api/v1/site-changes", tag = "sites", params(PageQuery),
    security(("token" = ["read_network"])), responses((status = 200, body = Page<ChangeView>)))]
async fn list_changes(
    _: NetworkReader,
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ChangeView>>> {
    let oldest = app.clock.now_ms() - UNDO_MS;
    let rows = db::since(&app.db, oldest, page.cursor, page.fetch()).await?;
    Ok(Json(page.page(rows, |row| row.id, ChangeView::from)))
}

/// Which change.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ChangePath {
    /// The change's id.
    change: Uuid,
}

/// Takes a change of the last 24 hours back, where nobody changed its sites since.
#[utoipa::path(post, path = "/api/v1/site-changes/{change}/undo", tag = "sites", params(ChangePath),
    security(("token" = ["network"])),
    responses((status = 204, headers(("dms-change" = String))), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn undo_change(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Path(path): Path<ChangePath>,
) -> Result<impl IntoResponse> {
    let change = undo(&app, &caller, path.change).await?;
    Ok((http::StatusCode::NO_CONTENT, change_header(change)))
}
