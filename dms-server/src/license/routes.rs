//! Licences for pages on the public listener and for devices on theirs.

use axum::extract::State;
use axum::response::IntoResponse;
use drm::license::LicenseRequest;
use http::header;
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Licensee, grant};
use crate::auth::Viewer;
use crate::device::caller::Device;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(license))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(device_license))
}

/// What a player asks with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes LicenseRequest, which knows no OpenAPI")]
struct LicenseBody {
    /// The title's id.
    #[schema(value_type = Uuid)]
    title: String,
    /// The X25519 key that the track keys are sealed to: 32 bytes, base64url.
    recipient_key: String,
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

/// Issues a licence to the key of a page.
#[utoipa::path(post, path = "/api/v1/titles/{title}/license", tag = "licences",
    params(TitlePath), security(("token" = ["watch"])), request_body = LicenseBody,
    responses((status = 200, content_type = "application/cose"),
              (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn license(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    Json(request): Json<LicenseRequest>,
) -> Result<impl IntoResponse> {
    if request.title != path.title.to_string() {
        return Err(
            Problem::invalid("invalid_body", "The path and the body name two titles.").at(
                "/title",
                "mismatch",
                "Name the title of the path.",
            ),
        );
    }
    let licensee = Licensee {
        subject: caller.subject,
        device: None,
    };
    Ok(answer(grant(&app, &licensee, path.title, &request).await?))
}

/// Issues a licence to the calling device.
#[utoipa::path(post, path = "/v1/license", tag = "device listener", request_body = LicenseBody,
    responses((status = 200, content_type = "application/cose"),
              (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn device_license(
    device: Device,
    State(app): State<App>,
    Json(request): Json<LicenseRequest>,
) -> Result<impl IntoResponse> {
    let title: TitleId = request.title.parse().map_err(|_| {
        Problem::invalid("invalid_body", "This is not a title's id.").at(
            "/title",
            "invalid_id",
            "Give a lower-case UUID.",
        )
    })?;
    let licensee = Licensee {
        subject: device.name.to_string(),
        device: Some(device.id),
    };
    Ok(answer(grant(&app, &licensee, title, &request).await?))
}

fn answer(license: Vec<u8>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/cose"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, license)
}
