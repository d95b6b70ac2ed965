//! `/livez` for a supervisor, `/readyz` for a load balancer.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::db;
use crate::auth::Anyone;
use crate::extract::Json;
use crate::state::App;

/// How long an answer is repeated: the probe writes to the store, and anybody may ask.
const KEEP: Duration = Duration::from_secs(2);

/// How long a part may take to answer before it counts as failing.
const PATIENCE: Duration = Duration::from_secs(3);

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(livez))
        .routes(routes!(readyz))
}

/// The newest readiness; askers wait for a running probe instead of starting another.
#[derive(Debug, Default)]
pub struct Readiness {
    newest: Mutex<Option<(Instant, Health)>>,
}

/// Whether the server can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok` or `failing`.
    pub status: String,
    /// `ok` or `failing` for the database, with its schema.
    pub database: String,
    /// `ok` or `failing` for writing to and reading from the store.
    pub store: String,
}

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200)))]
async fn livez(_: Anyone) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// The server can do its work. Fails while it stops, so that no new work is sent to it.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn readyz(_: Anyone, State(app): State<App>) -> Response {
    let mut health = probe(&app).await;
    if app.stop.is_cancelled() {
        health.status = word(false);
    }
    let status = if health.status == word(true) {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(health)).into_response()
}

async fn probe(app: &App) -> Health {
    let mut newest = app.readiness.newest.lock().await;
    if let Some((at, health)) = newest.as_ref()
        && at.elapsed() < KEEP
    {
        return health.clone();
    }
    let (database, store) = tokio::join!(
        timeout(PATIENCE, db::ping(&app.db)),
        timeout(PATIENCE, app.store.probe())
    );
    let database = passed("database", database);
    let store = passed("store", store);
    let health = Health {
        status: word(database && store),
        database: word(database),
        store: word(store),
    };
    *newest = Some((Instant::now(), health.clone()));
    health
}

fn word(passed: bool) -> String {
    if passed { "ok" } else { "failing" }.to_owned()
}

fn passed<E: std::fmt::Display>(
    part: &str,
    probe: Result<Result<(), E>, tokio::time::error::Elapsed>,
) -> bool {
    match probe {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(part, %error, "not ready");
            false
        }
        Err(_) => {
            tracing::error!(part, "not ready: no answer in time");
            false
        }
    }
}
