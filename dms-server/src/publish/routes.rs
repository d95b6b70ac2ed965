//! `/api/v1/titles`: what there is, how far it is, and its pictures.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{Seen, Wanted};
use super::view::{self, Title};
use super::{TitleState, db, jobs, library, profiles, upload, work};
use crate::audit::act;
use crate::auth::{Permission, Principal, Publisher, Viewer};
use crate::etag;
use crate::events::Event;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::rights::{require_audience, sees_all};
use crate::search;
use crate::state::App;
use crate::store::Image;

/// How long a picture may be kept without asking again; its `ETag` changes with the version.
const PICTURE_CACHE: &str = "private, max-age=60";

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(upload::routes::routes())
        .merge(library::routes::routes())
        .merge(profiles::routes::routes())
        .merge(work::routes::routes())
        .routes(routes!(list))
        .routes(routes!(show, delete))
        .routes(routes!(poster))
        .routes(routes!(sprites))
        .routes(routes!(storyboard))
}

/// Who publishes changes their own titles; an owner all of them.
///
/// # Errors
/// 403.
pub fn may_change(caller: &Principal, title: &db::TitleRow) -> Result<()> {
    if title.owner == caller.owner() || caller.may(Permission::PublishAll) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "This title is somebody else's: they, or an owner, can change it.",
    ))
}

/// The titles that a caller sees in lists.
#[must_use]
pub fn seen_by(caller: &Principal) -> Seen {
    if sees_all(caller) {
        Seen::All
    } else {
        Seen::ByViewer(caller.person)
    }
}

/// Which titles of which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TitlesQuery {
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<Uuid>,
    /// Items, 1 to 500.
    limit: Option<u16>,
    /// Only titles in this state.
    state: Option<TitleState>,
    /// Only titles with this tag.
    tag: Option<String>,
    /// Only titles with all these words in name, tags or description; each may be the beginning of one.
    matching: Option<String>,
}

/// The words that somebody looks for. None: nothing can be found by them.
///
/// # Errors
/// 400 for more than anybody means.
pub fn words(text: &str, parameter: &str) -> Result<Option<search::Query>> {
    if text.chars().count() > search::QUERY_MAX {
        let fix = format!("Give at most {} characters.", search::QUERY_MAX);
        let problem = Problem::invalid("invalid_query", "This is too long to look for.");
        return Err(problem.at(parameter, "too_long", fix));
    }
    Ok(search::Query::parse(text))
}

/// Titles, the newest first. Who does not publish sees complete ones that are for them.
#[utoipa::path(get, path = "/api/v1/titles", tag = "titles", security(("token" = ["watch"])),
    params(TitlesQuery), responses((status = 200, body = Page<Title>), (status = 400, body = ProblemBody)))]
async fn list(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Query(asked): Query<TitlesQuery>,
) -> Result<Json<Page<Title>>> {
    let page = PageQuery {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let mut wanted = Wanted {
        seen: seen_by(&caller),
        state: asked.state,
        tag: asked.tag.map(|tag| library::tag(&tag).unwrap_or(tag)),
        words: None,
    };
    if let Some(text) = asked.matching.filter(|text| !text.trim().is_empty()) {
        wanted.words = words(&text, "matching")?;
        if wanted.words.is_none() {
            return Ok(Json(page.page(
                Vec::new(),
                |row: &db::TitleRow| row.id,
                Title::of,
            )));
        }
    }
    let rows = db::titles(&app.db, page.cursor, &wanted, page.fetch()).await?;
    Ok(Json(page.page(rows, |row| row.id, Title::of)))
}

/// One title.
#[utoipa::path(get, path = "/api/v1/titles/{title}", tag = "titles",
    security(("token" = ["watch"])), params(("title" = String, Path,)),
    responses((status = 200, body = Title, headers(("etag" = String, description = "For `If-Match`"))),
              (status = 404, body = ProblemBody)))]
async fn show(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(title): Path<TitleId>,
) -> Result<impl IntoResponse> {
    let row = super::require_seen(&app, &caller, title).await?;
    Ok((
        [(header::ETAG, etag::of(row.edition))],
        Json(Title::of(row)),
    ))
}

/// Deletes a title: it is gone at once, its chunks soon after.
#[utoipa::path(delete, path = "/api/v1/titles/{title}", tag = "titles",
    security(("token" = ["publish"])), params(("title" = String, Path,)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(title): Path<TitleId>,
) -> Result<StatusCode> {
    let now_ms = app.clock.now_ms();
    let row = db::title(&app.db, title)
        .await?
        .ok_or_else(view::not_found)?;
    may_change(&caller, &row)?;
    let note = app
        .note(&caller, act::TITLE_DELETED, ("title", title))
        .with("name", row.name);
    if !db::delete_title(&app.db, title, now_ms, jobs::LEASE_MS, &note).await? {
        return Err(view::not_found());
    }
    app.campaigns.stir();
    app.publish.forget(title);
    app.events.emit(Event::TitleDeleted(title));
    app.publish.wake.notify_one();
    tracing::info!(title.id = %title, "title deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// A picture that stands for the title.
#[utoipa::path(get, path = "/api/v1/titles/{title}/poster.jpg", tag = "titles",
    security(("token" = ["watch"])), params(("title" = String, Path,)),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = ProblemBody)))]
async fn poster(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(title): Path<TitleId>,
    headers: HeaderMap,
) -> Result<Response> {
    picture(&app, &caller, title, Image::Poster, &headers).await
}

/// The small pictures of the seek bar, in one sheet.
#[utoipa::path(get, path = "/api/v1/titles/{title}/sprites.jpg", tag = "titles",
    security(("token" = ["watch"])), params(("title" = String, Path,)),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = ProblemBody)))]
async fn sprites(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(title): Path<TitleId>,
    headers: HeaderMap,
) -> Result<Response> {
    picture(&app, &caller, title, Image::Sprites, &headers).await
}

/// Which small picture belongs to which time: WebVTT whose cues name places in `sprites.jpg`.
#[utoipa::path(get, path = "/api/v1/titles/{title}/storyboard.vtt", tag = "titles",
    security(("token" = ["watch"])), params(("title" = String, Path,)),
    responses((status = 200, content_type = "text/vtt"), (status = 404, body = ProblemBody)))]
async fn storyboard(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(title): Path<TitleId>,
    headers: HeaderMap,
) -> Result<Response> {
    picture(&app, &caller, title, Image::Storyboard, &headers).await
}

async fn picture(
    app: &App,
    caller: &Principal,
    title: TitleId,
    image: Image,
    asked: &HeaderMap,
) -> Result<Response> {
    require_audience(app, caller, title).await?;
    let published = super::require_published(app, title).await?;
    let etag = format!("\"{}-{}\"", published.version, image.file_name());
    let seen = asked.get(header::IF_NONE_MATCH).map(HeaderValue::as_bytes);
    let headers = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, PICTURE_CACHE.to_owned()),
        (header::CONTENT_TYPE, image.media_type().to_owned()),
    ];
    if seen == Some(etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let bytes = app.store.image(title, published.version, image).await?;
    let bytes = bytes.ok_or_else(view::no_picture)?;
    Ok((headers, bytes).into_response())
}
