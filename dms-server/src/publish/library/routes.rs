//! `PATCH /api/v1/titles/{title}` and `/api/v1/tags`.

use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use swarm::content::TitleId;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{TitleChange, Told};
use crate::audit::act;
use crate::auth::{Publisher, Viewer};
use crate::etag;
use crate::events::Event;
use crate::extract::{Json, Path};
use crate::problem::{ProblemBody, Result};
use crate::publish::routes::{may_change, seen_by};
use crate::publish::view::{self, Title};
use crate::state::App;

/// This part's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(change_title))
        .routes(routes!(list_tags))
}

/// Changes what is said of a title. With `If-Match` it is done only to the edition that the `ETag` named.
#[utoipa::path(patch, path = "/api/v1/titles/{title}", tag = "titles",
    security(("token" = ["publish"])), params(("title" = String, Path,),
    ("if-match" = Option<String>, Header, description = "The `ETag` of what was read")),
    responses((status = 200, body = Title), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 412, body = ProblemBody)))]
async fn change_title(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(title): Path<TitleId>,
    headers: HeaderMap,
    Json(change): Json<TitleChange>,
) -> Result<impl IntoResponse> {
    let id = Uuid::from_bytes(title.0);
    let row = crate::publish::db::title(&app.db, title)
        .await?
        .ok_or_else(view::not_found)?;
    may_change(&caller, &row)?;
    etag::require_match(&headers, row.edition)?;
    let before = Told::of(&row);
    let after = before.clone().after(&change)?;
    let mut edition = row.edition;
    if after != before {
        let mut note = app.note(&caller, act::TITLE_CHANGED, ("title", title));
        if after.name != before.name {
            note = note
                .with("name", after.name.as_str())
                .with("name_before", before.name.as_str());
        }
        if after.description != before.description {
            note = note.with("description", "changed");
        }
        if after.tags != before.tags {
            note = note.with("tags", after.tags.join(", "));
        }
        let told = super::db::tell(&app.db, id, edition, &after, &note).await?;
        edition = told.ok_or_else(etag::changed)?;
        app.events.emit(Event::TitleChanged(title));
    }
    let row = crate::publish::db::title(&app.db, title)
        .await?
        .ok_or_else(view::not_found)?;
    Ok(([(header::ETAG, etag::of(edition))], Json(Title::of(row))))
}

/// Tags in use.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Tags {
    /// The most used first, at most 500.
    items: Vec<TagCount>,
}

/// A tag.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TagCount {
    /// It.
    tag: String,
    /// How many titles that the caller sees have it.
    titles: u64,
}

/// The tags of the titles that the caller sees.
#[utoipa::path(get, path = "/api/v1/tags", tag = "titles", security(("token" = ["watch"])),
    responses((status = 200, body = Tags)))]
async fn list_tags(Viewer(caller): Viewer, State(app): State<App>) -> Result<Json<Tags>> {
    let rows = super::db::tags(&app.db, seen_by(&caller)).await?;
    let items = rows.into_iter().map(|(tag, titles)| TagCount {
        tag,
        titles: titles.unsigned_abs(),
    });
    Ok(Json(Tags {
        items: items.collect(),
    }))
}
