//! The console, for who publishes, watches over the network and keeps the system.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use axum::routing::get;
use http::HeaderMap;
use rust_embed::RustEmbed;

use super::app;
use crate::auth::Anyone;
use crate::problem::Problem;
use crate::state::App;

/// What its script may talk to: this server alone.
const CONNECT: &str = "'self'";

#[derive(RustEmbed)]
#[folder = "console/dist"]
struct Dist;

/// The console's routes. They hold nothing secret: what it shows it asks the API for.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/console", get(page))
        .route("/console/", get(page))
        .route("/console/{*path}", get(page))
        .route("/console/assets/{*path}", get(asset))
        .route("/setup", get(set_up))
}

/// The first start of an installation is a part of the console.
async fn set_up(_: Anyone) -> Redirect {
    Redirect::temporary("/console/setup")
}

async fn page(_: Anyone, State(state): State<App>) -> Result<Response, Problem> {
    app::page::<Dist>(&state, "index.html", CONNECT).await
}

async fn asset(_: Anyone, Path(path): Path<String>, asked: HeaderMap) -> Result<Response, Problem> {
    app::asset::<Dist>(&path, &asked)
}
