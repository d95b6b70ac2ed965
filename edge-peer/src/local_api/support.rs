//! Test my connection, the support bundle, and quitting.

use std::time::SystemTime;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::sync::SemaphorePermit;

use super::{Api, Shared, agent::report, problem::Problem};
use crate::{bundle, config::is_service, doctor};

/// Runs every check.
pub(super) async fn test(State(api): State<Shared>) -> Result<Json<doctor::Report>, Problem> {
    let _turn = turn(&api)?;
    Ok(Json(examine(&api).await))
}

/// What helps somebody else find out what is wrong, and names nobody.
pub(super) async fn bundle(State(api): State<Shared>) -> Result<Response, Problem> {
    let _turn = turn(&api)?;
    let parts = &api.parts;
    let now = SystemTime::now();
    let today = parts.given.borrow().today(now);
    let caps = *parts.caps.borrow();
    let zip = bundle::make(bundle::Parts {
        trust: &parts.trust,
        config: &parts.config,
        status: report(&api, now),
        doctor: examine(&api).await,
        today,
        caps: parts.limits.over(caps),
        stored: api.stored_titles().await,
        metrics: parts.metrics.text(),
        log: parts.log.text(),
    });
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"edge-peer-support.zip\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, zip).into_response())
}

/// Ends the agent: sharing, playing through it, the process.
pub(super) async fn quit(State(api): State<Shared>) -> Json<Value> {
    tracing::info!("somebody at this PC quits the agent");
    // This answer is still given: the listener lets requests finish.
    api.parts.quit.cancel();
    Json(json!({ "quitting": true, "service": is_service() }))
}

async fn examine(api: &Api) -> doctor::Report {
    let status = report(api, SystemTime::now());
    doctor::examine(&api.parts.config, Ok(status)).await
}

/// One at a time: each connects to every PC of the site.
fn turn(api: &Api) -> Result<SemaphorePermit<'_>, Problem> {
    api.examining.try_acquire().map_err(|_| {
        let detail = "a test is running already; try again when it is done";
        Problem::new(StatusCode::CONFLICT, "test_running", detail)
    })
}
