//! `GET /metrics`: on its own listener for Prometheus, and on the public one for administrators.

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;
use prometheus::{TEXT_FORMAT, TextEncoder};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::auth::MetricsReader;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// The public listener's route.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(for_admins))
}

/// The metrics listener's route; who reaches that address may read.
pub fn listener() -> Router<App> {
    Router::new().route("/metrics", get(scrape))
}

/// The metrics in Prometheus's text format.
#[utoipa::path(get, path = "/metrics", tag = "health", security(("token" = ["metrics"])),
    responses((status = 200, body = String), (status = 403, body = ProblemBody)))]
async fn for_admins(_: MetricsReader, app: State<App>) -> Result<impl IntoResponse> {
    scrape(app).await
}

async fn scrape(State(app): State<App>) -> Result<impl IntoResponse> {
    let text = render(&app).await?;
    let headers = [
        (header::CONTENT_TYPE, TEXT_FORMAT),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text))
}

/// One scrape at a time: nobody sees another's half read gauges.
async fn render(app: &App) -> Result<String> {
    let standing = app.metrics.standing.lock().await;
    standing.read(app).await;
    let registry = app.metrics.registry.clone();
    // Collectors read files, and a disk that hangs must not hold up requests.
    let families = tokio::task::spawn_blocking(move || registry.gather())
        .await
        .map_err(Problem::internal)?;
    TextEncoder::new()
        .encode_to_string(&families)
        .map_err(Problem::internal)
}
