//! `/api/v1/me/access/{title}`.

use axum::extract::State;
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Access;
use crate::auth::Viewer;
use crate::extract::{Json, Path};
use crate::problem::Result;
use crate::state::App;

/// This part's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(my_access))
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

/// What stands between the caller and a title: dates, who published it, and what was answered to their request.
/// For who is not in its audience the answer is that for a title that is not there.
#[utoipa::path(get, path = "/api/v1/me/access/{title}", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])), responses((status = 200, body = Access)))]
async fn my_access(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<Json<Access>> {
    super::of(&app, &caller, path.title).await.map(Json)
}
