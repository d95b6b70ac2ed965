//! `/api/v1/uploads`: tus 1.0 over axum.

use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use swarm::wire::http::TITLE;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::headers::{self, EXTENSIONS, MAX_LENGTH, VERSION};
use super::refusal::Refusal;
use super::{Standing, checksum};
use crate::auth::{Anyone, Publisher};
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};
use crate::state::App;

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");

/// A request about an upload that was declared before: who asks, which one it is, and the headers.
type Target = (Publisher, State<App>, Path<Uuid>, HeaderMap);

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(capabilities, create))
        .routes(routes!(status, append, terminate, overridden))
}

/// What of the protocol is spoken.
#[utoipa::path(options, path = "/api/v1/uploads", tag = "uploads",
    responses((status = 204, description = "See the headers Tus-*")))]
async fn capabilities(_: Anyone, State(app): State<App>) -> Response {
    let most = app.config.media.max_upload_bytes.min(MAX_LENGTH);
    let headers = [
        ("tus-resumable", HeaderValue::from_static(VERSION)),
        ("tus-version", HeaderValue::from_static(VERSION)),
        ("tus-extension", HeaderValue::from_static(EXTENSIONS)),
        ("tus-max-size", HeaderValue::from(most)),
        (
            "tus-checksum-algorithm",
            HeaderValue::from_static(checksum::ALGORITHMS),
        ),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Declares an upload: `Upload-Length`, `Upload-Metadata`; its first bytes may come with it.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "uploads", security(("token" = ["publish"])),
    responses((status = 201, description = "Location names the upload"),
        (status = 413, body = ProblemBody)))]
async fn create(
    Publisher(caller): Publisher,
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let created = async {
        let asked = headers::creation(&headers, app.config.media.max_upload_bytes)?;
        let first = asked.first_piece();
        if let Some(missing) = asked.overrun() {
            return Err(Refusal::Overrun { missing });
        }
        let standing = super::create(&app, &caller.owner(), &asked).await?;
        let Some(piece) = first else {
            return Ok(standing);
        };
        let id = standing.upload.id;
        match super::append(&app, &caller.owner(), id, piece, body.into_data_stream()).await {
            // The upload is there; how much of the body is, HEAD tells.
            Err(Refusal::Interrupted) => Ok(standing),
            other => other,
        }
    };
    match created.await {
        Ok(standing) => {
            let mut response = answer(StatusCode::CREATED, &standing);
            let location = format!("/api/v1/uploads/{}", standing.upload.id);
            if let Ok(location) = HeaderValue::from_str(&location) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            response
        }
        Err(refusal) => refused(refusal),
    }
}

/// How far an upload is: `Upload-Offset`, `Upload-Length`; `dms-title` once it is complete.
#[utoipa::path(head, path = "/api/v1/uploads/{id}", tag = "uploads", operation_id = "upload_status",
    security(("token" = ["publish"])), params(("id" = Uuid, Path,)),
    responses((status = 200), (status = 404)))]
async fn status(target: Target) -> Response {
    let (Publisher(caller), State(app), Path(id), headers) = target;
    let standing = async {
        headers::check_version(&headers)?;
        super::standing(&app, &caller.owner(), id).await
    };
    match standing.await {
        Ok(standing) => {
            let mut response = answer(StatusCode::OK, &standing);
            let upload = &standing.upload;
            // Who asks in the middle of an upload was interrupted.
            if (1..upload.length()).contains(&standing.offset) {
                app.metrics.upload_resumed();
            }
            let map = response.headers_mut();
            map.insert(LENGTH, HeaderValue::from(upload.length()));
            map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if let Ok(metadata) = HeaderValue::from_str(&upload.metadata().to_header()) {
                map.insert(METADATA, metadata);
            }
            response
        }
        Err(refusal) => refused(refusal),
    }
}

/// Appends at `Upload-Offset`, with an optional `Upload-Checksum`.
#[utoipa::path(patch, path = "/api/v1/uploads/{id}", tag = "uploads",
    security(("token" = ["publish"])), params(("id" = Uuid, Path,)),
    responses((status = 204, description = "Upload-Offset tells where it stands now"),
        (status = 409, body = ProblemBody), (status = 460, body = ProblemBody)))]
async fn append(target: Target, body: Body) -> Response {
    append_body(target, body).await
}

async fn append_body(target: Target, body: Body) -> Response {
    let (Publisher(caller), State(app), Path(id), headers) = target;
    let appended = async {
        let asked = headers::append(&headers)?;
        super::append(&app, &caller.owner(), id, asked, body.into_data_stream()).await
    };
    match appended.await {
        Ok(standing) => answer(StatusCode::NO_CONTENT, &standing),
        Err(refusal) => refused(refusal),
    }
}

/// Forgets an unfinished upload.
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", tag = "uploads",
    security(("token" = ["publish"])), params(("id" = Uuid, Path,)),
    responses((status = 204), (status = 404, body = ProblemBody)))]
async fn terminate(target: Target) -> Response {
    terminate_upload(target).await
}

async fn terminate_upload(target: Target) -> Response {
    let (Publisher(caller), State(app), Path(id), headers) = target;
    let terminated = async {
        headers::check_version(&headers)?;
        super::terminate(&app, &caller.owner(), id).await
    };
    match terminated.await {
        Ok(()) => (StatusCode::NO_CONTENT, [(RESUMABLE, VERSION)]).into_response(),
        Err(refusal) => refused(refusal),
    }
}

/// `PATCH` or `DELETE` for clients behind proxies that let only `POST` through:
/// `X-HTTP-Method-Override`.
#[utoipa::path(post, path = "/api/v1/uploads/{id}", tag = "uploads",
    security(("token" = ["publish"])), params(("id" = Uuid, Path,)),
    responses((status = 204), (status = 400, body = ProblemBody)))]
async fn overridden(target: Target, body: Body) -> Response {
    let method = target.3.get("x-http-method-override");
    match method.and_then(|method| Method::from_bytes(method.as_bytes()).ok()) {
        Some(Method::PATCH) => append_body(target, body).await,
        Some(Method::DELETE) => terminate_upload(target).await,
        _ => refused(Refusal::Header("X-HTTP-Method-Override")),
    }
}

fn answer(status: StatusCode, standing: &Standing) -> Response {
    let mut response = status.into_response();
    let map = response.headers_mut();
    map.insert(RESUMABLE, HeaderValue::from_static(VERSION));
    map.insert(OFFSET, HeaderValue::from(standing.offset));
    let expires = Duration::from_millis(standing.upload.expires_ms.unsigned_abs());
    let expires = httpdate::fmt_http_date(UNIX_EPOCH + expires);
    if let Ok(expires) = HeaderValue::from_str(&expires) {
        map.insert(EXPIRES, expires);
    }
    let title = standing.title.map(|title| title.to_string());
    if let Some(Ok(title)) = title.map(|title| HeaderValue::from_str(&title)) {
        map.insert(HeaderName::from_static(TITLE), title);
    }
    response
}

fn refused(refusal: Refusal) -> Response {
    let offset = match &refusal {
        Refusal::Offset { offset } => Some(*offset),
        _ => None,
    };
    let mut problem = Problem::new(refusal.status(), refusal.code(), refusal.to_string());
    if let Some((header, code, fix)) = refusal.place() {
        problem = problem.at(header, code, fix);
    }
    if refusal.status().is_server_error() {
        problem.cause = Some(std::sync::Arc::new(refusal));
    }
    let version = problem.status == StatusCode::PRECONDITION_FAILED;
    let mut response = problem.into_response();
    let map = response.headers_mut();
    map.insert(RESUMABLE, HeaderValue::from_static(VERSION));
    if version {
        map.insert("tus-version", HeaderValue::from_static(VERSION));
    }
    if let Some(offset) = offset {
        map.insert(OFFSET, HeaderValue::from(offset));
    }
    response
}
