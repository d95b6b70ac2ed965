//! `/api/v1/search`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::view::Found;
use crate::auth::Viewer;
use crate::extract::{Json, Query};
use crate::problem::{ProblemBody, Result};
use crate::publish::routes::{seen_by, words};
use crate::state::App;

/// Titles of an answer unless asked otherwise, and at most.
const LIMIT: (u16, u16) = (20, 50);

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search_titles))
}

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, at most 200 characters. All have to be there; of each, the last letters may be missing.
    #[serde(default)]
    q: String,
    /// Titles, 1 to 50.
    limit: Option<u16>,
}

/// Looks for titles by name, tags and description, and by what is spoken in them, among those that the
/// caller sees.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", security(("token" = ["watch"])),
    params(SearchQuery), responses((status = 200, body = Found), (status = 400, body = ProblemBody)))]
async fn search_titles(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Query(asked): Query<SearchQuery>,
) -> Result<Json<Found>> {
    let limit = asked.limit.unwrap_or(LIMIT.0).clamp(1, LIMIT.1);
    let Some(words) = words(&asked.q, "q")? else {
        return Ok(Json(Found {
            items: Vec::new(),
            truncated: false,
        }));
    };
    let found = super::find(&app, &words, seen_by(&caller), usize::from(limit)).await?;
    Ok(Json(found))
}
