//! `GET /api/v1/uploads`, `/api/v1/jobs`: what is under way.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, JobRow};
use super::view::{JobState, JobView, UploadView};
use crate::audit::{act, object};
use crate::auth::{Permission, Principal, Publisher};
use crate::events::Event;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish::require_changeable;
use crate::rights::body::PolicyBody;
use crate::rights::routes::check;
use crate::state::App;

/// This part's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_uploads))
        .routes(routes!(arm_upload))
        .routes(routes!(list_jobs))
        .routes(routes!(get_job))
        .routes(routes!(cancel_job))
        .routes(routes!(retry_job))
}

/// Which uploads of which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadsQuery {
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<Uuid>,
    /// Items, 1 to 500.
    limit: Option<u16>,
    /// Only those whose bytes are still coming.
    #[serde(default)]
    unfinished: bool,
}

/// Uploads, the newest first: one's own, or everybody's for who may publish all.
#[utoipa::path(get, path = "/api/v1/uploads", tag = "uploads", params(UploadsQuery),
    security(("token" = ["publish"])), responses((status = 200, body = Page<UploadView>)))]
async fn list_uploads(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Query(asked): Query<UploadsQuery>,
) -> Result<Json<Page<UploadView>>> {
    let page = PageQuery {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let owner = match caller.may(Permission::PublishAll) {
        true => String::new(),
        false => caller.owner(),
    };
    let now_ms = app.clock.now_ms();
    let (before, limit) = (asked.cursor, page.fetch());
    let rows = db::uploads(&app.db, &owner, asked.unfinished, before, now_ms, limit).await?;
    let mut offsets = Vec::with_capacity(rows.len());
    for row in &rows {
        offsets.push(super::offset(&app, row).await);
    }
    let rows = rows.into_iter().zip(offsets).collect();
    let view = |(row, offset)| UploadView::of(row, offset);
    Ok(Json(page.page(rows, |(row, _)| row.id, view)))
}

/// Arms an unfinished upload: its title gets this policy with the last byte, before anybody can see it.
#[utoipa::path(put, path = "/api/v1/uploads/{id}/policy", tag = "uploads",
    security(("token" = ["publish"])), params(("id" = Uuid, Path,)),
    responses((status = 204), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn arm_upload(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(body): Json<PolicyBody>,
) -> Result<StatusCode> {
    let upload = crate::publish::upload::db::find(&app.db, id).await?;
    let mine = upload.filter(|upload| upload.owner == caller.owner());
    if mine.is_none() {
        let detail = "There is no such upload: it expired, was deleted, or never existed.";
        return Err(Problem::not_found("upload_not_found", detail));
    }
    check(&app, &body).await?;
    let policy = body.canonical();
    let text = serde_json::to_string(&policy).map_err(Problem::internal)?;
    let note = app
        .note(&caller, act::UPLOAD_ARMED, object("upload", id))
        .with("policy", text.as_str());
    if !db::arm(&app.db, id, &text, &caller.subject, &note).await? {
        let detail = "This upload has become a title: write the title's policy instead.";
        return Err(Problem::conflict("upload_finished", detail));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Which jobs of which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobsQuery {
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<Uuid>,
    /// Items, 1 to 500.
    limit: Option<u16>,
    /// Only jobs in this state.
    state: Option<JobState>,
}

/// Jobs, the newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(JobsQuery),
    security(("token" = ["publish"])), responses((status = 200, body = Page<JobView>)))]
async fn list_jobs(
    _: Publisher,
    State(app): State<App>,
    Query(asked): Query<JobsQuery>,
) -> Result<Json<Page<JobView>>> {
    let page = PageQuery {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let state = asked.state.map_or("", JobState::as_str);
    let now_ms = app.clock.now_ms();
    let rows = db::jobs(&app.db, state, asked.cursor, now_ms, page.fetch()).await?;
    Ok(Json(page.page(rows, |row| row.id, JobView::of)))
}

/// Which job.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct JobPath {
    /// The job's id.
    job: Uuid,
}

/// One job.
#[utoipa::path(get, path = "/api/v1/jobs/{job}", tag = "jobs", params(JobPath),
    security(("token" = ["publish"])),
    responses((status = 200, body = JobView), (status = 404, body = ProblemBody)))]
async fn get_job(
    _: Publisher,
    State(app): State<App>,
    Path(path): Path<JobPath>,
) -> Result<Json<JobView>> {
    find(&app, path.job).await.map(JobView::of).map(Json)
}

async fn find(app: &App, id: Uuid) -> Result<JobRow> {
    let job = db::job(&app.db, id, app.clock.now_ms()).await?;
    job.ok_or_else(|| {
        let detail = "There is no such job. Its title may have been deleted.";
        Problem::not_found("job_not_found", detail)
    })
}

async fn changeable(app: &App, caller: &Principal, id: Uuid) -> Result<JobRow> {
    let job = find(app, id).await?;
    require_changeable(app, caller, TitleId(job.title.into_bytes())).await?;
    Ok(job)
}

/// Cancels a job that waits or runs: its title fails with `cancelled`. It may be tried again while its
/// source is kept.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/cancel", tag = "jobs", params(JobPath),
    security(("token" = ["publish"])),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn cancel_job(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<JobPath>,
) -> Result<StatusCode> {
    let job = changeable(&app, &caller, path.job).await?;
    let title = TitleId(job.title.into_bytes());
    let note = app
        .note(&caller, act::JOB_CANCELLED, ("title", title))
        .with("name", job.name.as_str());
    if !db::cancel(&app.db, &job, &note).await? {
        let detail = "This job is over: there is nothing to cancel.";
        return Err(Problem::conflict("job_over", detail));
    }
    app.events.emit(Event::TitleChanged(title));
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a job begin anew: one that failed through no fault of its file, or that waits for its next attempt.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/retry", tag = "jobs", params(JobPath),
    security(("token" = ["publish"])),
    responses((status = 202), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn retry_job(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<JobPath>,
) -> Result<StatusCode> {
    let job = changeable(&app, &caller, path.job).await?;
    let title = TitleId(job.title.into_bytes());
    let note = app
        .note(&caller, act::JOB_RETRIED, ("title", title))
        .with("name", job.name.as_str());
    if !db::retry(&app.db, &job, &note).await? {
        let detail = "This job cannot be tried again: it goes on by itself, is done, or its file is at fault or gone. \
                      Upload the file again.";
        return Err(Problem::conflict("job_not_retriable", detail));
    }
    app.events.emit(Event::TitleChanged(title));
    app.publish.wake.notify_one();
    Ok(StatusCode::ACCEPTED)
}
