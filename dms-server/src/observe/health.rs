//! `/livez` for a supervisor, `/readyz` for a load balancer.
//!
//! Liveness never looks at what the process depends on: a supervisor that restarts the server because
//! the database is away makes an outage longer.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Display;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::db;
use crate::auth::Anyone;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// How long an answer is repeated: the probe writes to the store, and anybody may ask.
const KEEP: Duration = Duration::from_secs(1);

/// How long a part may take to answer before it counts as failing.
const PATIENCE: Duration = Duration::from_secs(3);

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(livez))
        .routes(routes!(readyz))
}

/// What the newest probe found; askers wait for a running probe instead of starting another.
#[derive(Debug, Default)]
pub struct Readiness {
    newest: Mutex<Option<Findings>>,
}

#[derive(Clone, Debug)]
struct Findings {
    at: Instant,
    failing: Vec<Part>,
}

/// Something the server cannot work without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Database,
    Migrations,
    Store,
}

/// The server can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ready {
    /// Always `ready`.
    pub status: String,
}

/// Answers as long as the process does.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = String)))]
async fn livez(_: Anyone) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// Answers 200 when the database, its schema and the store work; else a problem that names those that
/// do not. Also 503 while the server stops, so that no new work is sent to it.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Ready), (status = 503, body = ProblemBody)))]
async fn readyz(_: Anyone, State(app): State<App>) -> Result<impl IntoResponse> {
    if app.stop.is_cancelled() {
        return Err(not_ready("The server is stopping."));
    }
    let failing = failing(&app).await?;
    if !failing.is_empty() {
        return Err(Part::problem(&failing));
    }
    let ready = Ready {
        status: "ready".into(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(ready)))
}

/// The parts that fail, as found at most [`KEEP`] ago.
///
/// The probe is a task of its own: callers that hang up do not cut it short, so asking and hanging
/// up in a loop starts no more probes than asking once.
async fn failing(app: &App) -> Result<Vec<Part>> {
    let app = app.clone();
    tokio::spawn(async move {
        let mut newest = app.readiness.newest.lock().await;
        let before = match newest.take() {
            Some(findings) if findings.at.elapsed() < KEEP => {
                return newest.insert(findings).failing.clone();
            }
            before => before.map(|findings| findings.failing).unwrap_or_default(),
        };
        let failing = probe(&app, &before).await;
        if failing.is_empty() && !before.is_empty() {
            tracing::info!("ready again");
        }
        *newest = Some(Findings {
            at: Instant::now(),
            failing: failing.clone(),
        });
        failing
    })
    .await
    .map_err(Problem::internal)
}

/// Asks every part and logs those that begin to fail.
async fn probe(app: &App, before: &[Part]) -> Vec<Part> {
    let (applied, stored) = tokio::join!(
        answer(db::applied_migrations(&app.db)),
        answer(app.store.probe())
    );
    let mut failing = Vec::new();
    let mut fail = |part, cause: &str| {
        if !before.contains(&part) {
            tracing::error!(?part, cause, "not ready");
        }
        failing.push(part);
    };
    match applied {
        Err(cause) => fail(Part::Database, &cause),
        Ok(applied)
            if app
                .db
                .schema()
                .iter()
                .any(|m| !applied.contains(&m.version)) =>
        {
            fail(Part::Migrations, "the schema is older than this program");
        }
        Ok(_) => {}
    }
    if let Err(cause) = stored {
        fail(Part::Store, &cause);
    }
    failing
}

/// Waits a bounded time; the error is what to log.
async fn answer<T, E: Display>(work: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match timeout(PATIENCE, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Migrations => "migrations",
            Self::Store => "store",
        }
    }

    const fn fix(self) -> &'static str {
        match self {
            Self::Database => "Check that the database of `database.url` runs and is reachable.",
            Self::Migrations => "Run `dms migrate` with this version of the program.",
            Self::Store => "Check that the store of `storage.url` is reachable and not full.",
        }
    }

    /// Names the parts, not their causes: whoever asks is a stranger.
    fn problem(failing: &[Self]) -> Problem {
        let names: Vec<_> = failing.iter().map(|part| part.name()).collect();
        let detail = format!("Not ready: {}. The log says why.", names.join(", "));
        failing.iter().fold(not_ready(detail), |problem, part| {
            problem.at(part.name(), "failing", part.fix())
        })
    }
}

fn not_ready(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail)
}
