//! `/api/v1/me/...`: where somebody is, what they saved and like, and what may be for them.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use swarm::content::TitleId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::view::{ForYou, Marked, MarkedList, Mine, seconds};
use super::{SAVED_MAX, SECONDS_MAX, access, db, person, requests, settings};
use crate::auth::{Principal, Viewer};
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish::require_seen;
use crate::publish::routes::seen_by;
use crate::state::App;

/// Titles to go on with, unless asked otherwise, and at most.
const LIMIT: (u16, u16) = (20, 100);

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(set_progress, forget_progress))
        .routes(routes!(list_continue))
        .routes(routes!(save_title, unsave_title))
        .routes(routes!(list_saved))
        .routes(routes!(rate_title, unrate_title))
        .routes(routes!(my_title))
        .routes(routes!(for_you))
        .merge(access::routes::routes())
        .merge(requests::routes::routes())
        .merge(settings::routes::routes())
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

/// The person, and a title that they see.
async fn seen(app: &App, caller: &Principal, path: &TitlePath) -> Result<(Uuid, Uuid)> {
    let person = person(caller)?;
    require_seen(app, caller, path.title).await?;
    Ok((person, Uuid::from_bytes(path.title.0)))
}

/// Where somebody is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Seconds from the beginning.
    seconds: u32,
}

/// Notes where the caller is in a title. Pages say it every few seconds, and when they close.
#[utoipa::path(put, path = "/api/v1/me/progress/{title}", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 204), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn set_progress(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    Json(body): Json<Position>,
) -> Result<StatusCode> {
    if body.seconds > SECONDS_MAX {
        let fix = format!("Give 0 to {SECONDS_MAX}.");
        let problem = Problem::invalid("invalid_position", "Nothing is this long.");
        return Err(problem.at("/seconds", "too_large", fix));
    }
    let (person, title) = seen(&app, &caller, &path).await?;
    let at_ms = i64::from(body.seconds) * 1000;
    db::set_progress(&app.db, person, title, at_ms, app.clock.now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets where the caller is in a title.
#[utoipa::path(delete, path = "/api/v1/me/progress/{title}", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])), responses((status = 204), (status = 409, body = ProblemBody)))]
async fn forget_progress(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<StatusCode> {
    let title = Uuid::from_bytes(path.title.0);
    db::forget_progress(&app.db, person(&caller)?, title).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HowMany {
    /// Items, 1 to 100.
    limit: Option<u16>,
}

/// Titles that the caller began and did not end, the last watched first.
#[utoipa::path(get, path = "/api/v1/me/continue", tag = "portal", params(HowMany),
    security(("token" = ["watch"])),
    responses((status = 200, body = MarkedList), (status = 409, body = ProblemBody)))]
async fn list_continue(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Query(query): Query<HowMany>,
) -> Result<Json<MarkedList>> {
    let limit = query.limit.unwrap_or(LIMIT.0).clamp(1, LIMIT.1);
    let (person, seen) = (person(&caller)?, seen_by(&caller));
    let rows = db::to_continue(&app.db, person, seen, i64::from(limit)).await?;
    Ok(Json(MarkedList {
        items: rows.into_iter().map(Marked::of).collect(),
    }))
}

/// Saves a title to the caller's list.
#[utoipa::path(put, path = "/api/v1/me/saved/{title}", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn save_title(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<StatusCode> {
    let (person, title) = seen(&app, &caller, &path).await?;
    if !db::save(&app.db, person, title, app.clock.now_ms()).await? {
        let detail = format!("You saved {SAVED_MAX} titles already. Take one from the list first.");
        return Err(Problem::conflict("too_many_saved", detail));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a title from the caller's list.
#[utoipa::path(delete, path = "/api/v1/me/saved/{title}", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])), responses((status = 204), (status = 409, body = ProblemBody)))]
async fn unsave_title(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<StatusCode> {
    let title = Uuid::from_bytes(path.title.0);
    db::unsave(&app.db, person(&caller)?, title).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Titles that the caller saved, the last first; at most 500.
#[utoipa::path(get, path = "/api/v1/me/saved", tag = "portal", security(("token" = ["watch"])),
    responses((status = 200, body = MarkedList), (status = 409, body = ProblemBody)))]
async fn list_saved(Viewer(caller): Viewer, State(app): State<App>) -> Result<Json<MarkedList>> {
    let rows = db::saved(&app.db, person(&caller)?, seen_by(&caller)).await?;
    Ok(Json(MarkedList {
        items: rows.into_iter().map(Marked::of).collect(),
    }))
}

/// Whether somebody likes a title.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// 1: yes, -1: no.
    rating: i8,
}

/// Says whether the caller likes a title.
#[utoipa::path(put, path = "/api/v1/me/ratings/{title}", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 204), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn rate_title(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    Json(body): Json<Rating>,
) -> Result<StatusCode> {
    if !matches!(body.rating, 1 | -1) {
        let problem = Problem::invalid("invalid_rating", "This is no rating.");
        let fix = "Give 1 or -1; DELETE takes a rating back.";
        return Err(problem.at("/rating", "invalid_rating", fix));
    }
    let (person, title) = seen(&app, &caller, &path).await?;
    let rating = Some(i64::from(body.rating));
    db::rate(&app.db, person, title, rating, app.clock.now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the caller's rating of a title back.
#[utoipa::path(delete, path = "/api/v1/me/ratings/{title}", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])), responses((status = 204), (status = 409, body = ProblemBody)))]
async fn unrate_title(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<StatusCode> {
    let title = Uuid::from_bytes(path.title.0);
    db::rate(&app.db, person(&caller)?, title, None, app.clock.now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where the caller is in a title, whether they saved it, and how they rated it.
#[utoipa::path(get, path = "/api/v1/me/titles/{title}", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 200, body = Mine), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn my_title(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<Json<Mine>> {
    let (person, title) = seen(&app, &caller, &path).await?;
    let (at_ms, saved, rating) = db::mine(&app.db, person, title).await?;
    Ok(Json(Mine {
        seconds: at_ms.map(seconds),
        saved: saved > 0,
        rating: rating.and_then(|rating| i8::try_from(rating).ok()),
    }))
}

/// Titles that people liked who liked what the caller liked; or why there are none.
#[utoipa::path(get, path = "/api/v1/me/for-you", tag = "portal", security(("token" = ["watch"])),
    responses((status = 200, body = ForYou), (status = 409, body = ProblemBody)))]
async fn for_you(Viewer(caller): Viewer, State(app): State<App>) -> Result<Json<ForYou>> {
    super::for_you(&app, &caller).await.map(Json)
}
