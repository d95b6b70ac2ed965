//! `/api/v1/titles/{title}/access-requests`, `/api/v1/me/access-requests`, `/api/v1/access-requests`.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use swarm::content::TitleId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, Asked, RequestRow};
use super::{MINE_MAX, MyRequest, MyRequests, NOTE_MAX, OPEN_MAX, RequestState, RequestView};
use super::{answered, grant};
use crate::audit::act;
use crate::auth::{Permission, Principal, Publisher, Viewer};
use crate::events::Event;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::portal::person;
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish::routes::seen_by;
use crate::publish::{self, require_changeable};
use crate::rights::{self, sees_all};
use crate::state::App;

/// This part's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask_for_access))
        .routes(routes!(my_requests))
        .routes(routes!(list_requests))
        .routes(routes!(grant_request))
        .routes(routes!(deny_request))
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

/// A request for access.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewRequest {
    /// Why, for the publisher; at most 1,000 characters.
    note: String,
}

/// Asks the publisher of a title to let the caller in. The answer says nothing of whether there is such a
/// title.
#[utoipa::path(post, path = "/api/v1/titles/{title}/access-requests", tag = "portal", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 202), (status = 400, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn ask_for_access(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    Json(body): Json<NewRequest>,
) -> Result<StatusCode> {
    let person = person(&caller)?;
    let text = body.note.trim();
    let control = |c: char| c.is_control() && c != '\n';
    if text.chars().count() > NOTE_MAX || text.chars().any(control) {
        let problem = Problem::invalid("invalid_note", "This cannot be sent to the publisher.");
        let fix = format!("Give at most {NOTE_MAX} characters, without control characters.");
        return Err(problem.at("/note", "invalid_text", fix));
    }
    let id = Uuid::from_bytes(path.title.0);
    let Some(title) = publish::db::title(&app.db, path.title).await? else {
        return Ok(StatusCode::ACCEPTED);
    };
    if sees_all(&caller) || rights::db::is_for(&app.db, id, Some(person)).await? {
        let detail = "You are in this title's audience already.";
        return Err(Problem::conflict("has_access", detail));
    }
    let note = app
        .note(&caller, act::ACCESS_REQUESTED, ("title", path.title))
        .with("name", title.name);
    match db::ask(&app.db, id, person, text, &note).await? {
        Asked::Waits => Ok(StatusCode::ACCEPTED),
        Asked::TooMany => {
            let detail = format!("{OPEN_MAX} of your requests wait for an answer already.");
            Err(Problem::conflict("too_many_requests_open", detail))
        }
    }
}

/// What the caller asked for, the newest first; at most 100.
#[utoipa::path(get, path = "/api/v1/me/access-requests", tag = "portal", security(("token" = ["watch"])),
    responses((status = 200, body = MyRequests), (status = 409, body = ProblemBody)))]
async fn my_requests(Viewer(caller): Viewer, State(app): State<App>) -> Result<Json<MyRequests>> {
    let rows = db::mine(&app.db, person(&caller)?, seen_by(&caller), MINE_MAX).await?;
    let items = rows.into_iter().map(MyRequest::of).collect();
    Ok(Json(MyRequests { items }))
}

/// Which requests of which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RequestsQuery {
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<Uuid>,
    /// Items, 1 to 500.
    limit: Option<u16>,
    /// Only requests in this state.
    state: Option<RequestState>,
}

/// Requests for access to the caller's titles, the newest first; to everybody's for who may publish all.
#[utoipa::path(get, path = "/api/v1/access-requests", tag = "portal", params(RequestsQuery),
    security(("token" = ["publish"])), responses((status = 200, body = Page<RequestView>)))]
async fn list_requests(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Query(asked): Query<RequestsQuery>,
) -> Result<Json<Page<RequestView>>> {
    let page = PageQuery {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let owner = match caller.may(Permission::PublishAll) {
        true => String::new(),
        false => caller.owner(),
    };
    let state = asked.state.map_or("", RequestState::as_str);
    let rows = db::list(&app.db, &owner, state, asked.cursor, page.fetch()).await?;
    Ok(Json(page.page(rows, |row| row.id, RequestView::of)))
}

/// Which request.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RequestPath {
    /// The request's id.
    request: Uuid,
}

async fn answerable(app: &App, caller: &Principal, id: Uuid) -> Result<RequestRow> {
    let request = db::one(&app.db, id).await?;
    let request = request.ok_or_else(|| {
        Problem::not_found("request_not_found", "There is no such request for access.")
    })?;
    require_changeable(app, caller, TitleId(request.title_id.into_bytes())).await?;
    Ok(request)
}

/// Lets the person in: they are in the title's audience from now on.
#[utoipa::path(post, path = "/api/v1/access-requests/{request}/grant", tag = "portal", params(RequestPath),
    security(("token" = ["publish"])),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn grant_request(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<RequestPath>,
) -> Result<StatusCode> {
    let request = answerable(&app, &caller, path.request).await?;
    let title = TitleId(request.title_id.into_bytes());
    let note = app
        .note(&caller, act::ACCESS_GRANTED, ("title", title))
        .with("person", request.person_id.to_string())
        .with("person_name", request.person_name.as_str());
    grant(&app, &request, &caller.subject, &note).await?;
    app.events.emit(Event::TitleChanged(title));
    Ok(StatusCode::NO_CONTENT)
}

/// Does not let the person in.
#[utoipa::path(post, path = "/api/v1/access-requests/{request}/deny", tag = "portal", params(RequestPath),
    security(("token" = ["publish"])),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn deny_request(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<RequestPath>,
) -> Result<StatusCode> {
    let request = answerable(&app, &caller, path.request).await?;
    let title = TitleId(request.title_id.into_bytes());
    let note = app
        .note(&caller, act::ACCESS_DENIED, ("title", title))
        .with("person", request.person_id.to_string())
        .with("person_name", request.person_name.as_str());
    if !db::deny(&app.db, request.id, &caller.subject, &note).await? {
        return Err(answered());
    }
    Ok(StatusCode::NO_CONTENT)
}
