//! The portal, for who watches: it begins at `/`.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{Redirect, Response};
use axum::routing::get;
use http::HeaderMap;
use rust_embed::RustEmbed;
use serde::Deserialize;
use swarm::content::TitleId;

use super::{app, none};
use crate::auth::Anyone;
use crate::problem::Problem;
use crate::state::App;

/// What its script may talk to: this server, and the agent of the PC, which knows what it keeps.
const CONNECT: &str = "'self' http://127.0.0.1:*";

#[derive(RustEmbed)]
#[folder = "console/dist-portal"]
struct Dist;

/// The paths that its script draws; the script's routes are these.
const PLACES: [&str; 6] = ["/", "/all", "/search", "/my", "/settings", "/device"];

/// The portal's routes. They hold nothing secret: what it shows it asks the API for.
pub fn routes() -> Router<App> {
    let places = PLACES
        .iter()
        .fold(Router::new(), |router, path| router.route(path, get(page)));
    places
        .route("/portal/assets/{*path}", get(asset))
        .route("/t/{title}", get(title))
}

async fn page(_: Anyone, State(state): State<App>) -> Result<Response, Problem> {
    app::page::<Dist>(&state, "portal.html", CONNECT).await
}

async fn asset(_: Anyone, Path(path): Path<String>, asked: HeaderMap) -> Result<Response, Problem> {
    app::asset::<Dist>(&path, &asked)
}

/// Where in a title.
#[derive(Debug, Deserialize)]
struct At {
    /// Seconds from the beginning.
    at: Option<u32>,
}

/// The short link to a title, and to a moment of it.
async fn title(
    _: Anyone,
    Path(title): Path<String>,
    at: Result<Query<At>, axum::extract::rejection::QueryRejection>,
) -> Result<Redirect, Problem> {
    let title: TitleId = title.parse().map_err(|_| none())?;
    // A moment that is none is left out: the title is what was meant.
    let place = match at.ok().and_then(|Query(At { at })| at) {
        Some(at) => format!("/watch/{title}?at={at}"),
        None => format!("/watch/{title}"),
    };
    Ok(Redirect::temporary(&place))
}
