//! `/api/v1/ads/validate`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::validate;
pub use super::validate::{Complaint, Report};
use crate::auth::AdOperator;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(validate_ads))
}

/// What is to be looked at: one of the two.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidateBody {
    /// Where an ad server is. VAST's macros are filled in.
    #[serde(default)]
    pub url: Option<String>,
    /// A VAST document.
    #[serde(default)]
    pub document: Option<String>,
}

/// Says what an ad server's answer, or a pasted VAST document, comes to. Wrappers are followed and files are asked
/// for; nothing is counted and no ad server is told of errors.
#[utoipa::path(post, path = "/api/v1/ads/validate", tag = "ads", security(("token" = ["ads"])),
    responses((status = 200, body = Report), (status = 400, body = ProblemBody)))]
async fn validate_ads(
    _: AdOperator,
    State(app): State<App>,
    Json(body): Json<ValidateBody>,
) -> Result<Json<Report>> {
    if body.url.is_some() == body.document.is_some() {
        return Err(Problem::invalid(
            "invalid_vast_question",
            "give either url or document",
        ));
    }
    let report = validate::report(&app, body.url.as_deref(), body.document.as_deref()).await;
    Ok(Json(report))
}
