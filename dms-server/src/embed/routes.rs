//! `/embed/{title}` and `/oembed`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Oembed, Shown, frame_ancestors};
use crate::auth::extract::Credentials;
use crate::auth::{Anyone, Permission};
use crate::extract::{Json, Path, Query};
use crate::pages;
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish::require_seen;
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(oembed))
}

/// The player's page, which is no part of the API.
pub fn page() -> Router<App> {
    Router::new().route("/embed/{title}", get(player))
}

/// Which title.
#[derive(Debug, Deserialize)]
struct TitlePath {
    title: TitleId,
}

/// The player, for the frames that the title's policy names.
async fn player(
    _: Anyone,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<Response> {
    let ancestors = frame_ancestors(&app, path.title).await?;
    pages::framed("embed.html", &ancestors)
}

/// What is asked of oEmbed.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OembedQuery {
    /// The address of a watch page or of a player of this server.
    url: String,
    /// The greatest width, pixels.
    maxwidth: Option<u32>,
    /// The greatest height, pixels.
    maxheight: Option<u32>,
    /// `json`, which also is what comes without it.
    format: Option<String>,
}

/// How to show a title in another page (oEmbed 1.0). Everybody may ask; the title's name is told to who is signed
/// in and may see it, and of every other title, there or not, the same is said.
#[utoipa::path(get, path = "/oembed", tag = "portal", params(OembedQuery),
    responses((status = 200, body = Oembed), (status = 404, body = ProblemBody), (status = 501, body = ProblemBody)))]
async fn oembed(
    _: Anyone,
    State(app): State<App>,
    caller: std::result::Result<Credentials, Problem>,
    Query(query): Query<OembedQuery>,
) -> Result<Response> {
    if query
        .format
        .as_deref()
        .is_some_and(|format| format != "json")
    {
        let detail = "oEmbed is answered in JSON only: leave `format` out.";
        let status = StatusCode::NOT_IMPLEMENTED;
        return Err(Problem::new(status, "format_not_offered", detail));
    }
    let origin = app.public_origin();
    let Some(shown) = Shown::read(&query.url, origin) else {
        let detail =
            format!("This is no address of a video here: {origin}/watch/ and the title's id.");
        return Err(Problem::not_found("not_a_video", detail));
    };
    let name = match caller {
        Ok(credentials) => name(&app, &credentials, shown.title).await?,
        Err(_) => None,
    };
    let most = (
        query.maxwidth.unwrap_or(u32::MAX),
        query.maxheight.unwrap_or(u32::MAX),
    );
    // It depends on who asks, and on rights that change.
    let cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([cache], Json(Oembed::of(origin, &shown, name, most))).into_response())
}

/// The title's name, if the caller may know it.
async fn name(app: &App, credentials: &Credentials, title: TitleId) -> Result<Option<String>> {
    let caller = credentials.principal(app).await?;
    let Some(caller) = caller.filter(|caller| caller.may(Permission::Watch)) else {
        return Ok(None);
    };
    match require_seen(app, &caller, title).await {
        Ok(row) => Ok(Some(row.name)),
        Err(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
        Err(problem) => Err(problem),
    }
}
