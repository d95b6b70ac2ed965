//! `/api/v1/groups`.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::super::check_text;
use super::super::routes::may_give;
use super::Named;
use super::db::{self, CountedRow, GroupRow};
use crate::audit::{act, object};
use crate::auth::{PeopleAdmin, PeopleReader, Role, Roles};
use crate::db::is_duplicate;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_groups, add_group))
        .routes(routes!(get_group, change_group, delete_group))
        .routes(routes!(list_members))
        .routes(routes!(add_member, remove_member))
}

/// A group.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// `local`, `oidc` or `scim`.
    pub source: String,
    /// Roles that come with a membership.
    pub roles: Roles,
    /// How many are in it.
    pub members: i64,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

impl Group {
    fn of(row: CountedRow) -> Self {
        let CountedRow { group, members } = row;
        Self {
            id: group.id,
            name: group.name,
            source: group.source,
            roles: Roles::parse(&group.roles).unwrap_or_default(),
            members,
            created_ms: group.created_ms,
        }
    }
}

/// A group to be made, or what one is to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupBody {
    /// What people call it.
    pub name: String,
    /// Roles that come with a membership.
    #[serde(default)]
    pub roles: Vec<Role>,
}

impl GroupBody {
    fn check(self) -> Result<(String, String)> {
        let problem = Problem::invalid("invalid_group", "The group cannot be like this.");
        let problem = check_text(problem, "/name", &self.name, 1);
        if !problem.errors.is_empty() {
            return Err(problem);
        }
        let roles: Roles = self.roles.into_iter().collect();
        Ok((self.name.trim().to_owned(), roles.to_string()))
    }
}

/// Lists the groups, newest first.
#[utoipa::path(get, path = "/api/v1/groups", tag = "people", params(PageQuery),
    security(("token" = ["read_people"])), responses((status = 200, body = Page<Group>)))]
async fn list_groups(
    _: PeopleReader,
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Group>>> {
    let rows = db::list(&app.db, query.cursor, query.fetch()).await?;
    Ok(Json(query.page(rows, |row| row.group.id, Group::of)))
}

fn taken() -> Problem {
    Problem::conflict("group_taken", "There is a group of this name.").at(
        "/name",
        "taken",
        "Choose another name.",
    )
}

/// Makes a group.
#[utoipa::path(post, path = "/api/v1/groups", tag = "people",
    security(("token" = ["people"])),
    responses((status = 201, body = Group), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn add_group(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Json(body): Json<GroupBody>,
) -> Result<impl IntoResponse> {
    let (name, roles) = body.check()?;
    may_give(&caller, &roles)?;
    let group = GroupRow {
        id: Uuid::now_v7(),
        name,
        source: "local".into(),
        external_id: None,
        roles,
        created_ms: app.clock.now_ms(),
    };
    let note = app
        .note(&caller, act::GROUP_MADE, object("group", group.id))
        .with("name", group.name.as_str())
        .with("roles", group.roles.as_str());
    match db::add(&app.db, &group, &note).await {
        Err(error) if is_duplicate(&error) => Err(taken()),
        other => {
            other?;
            let made = Group::of(CountedRow { group, members: 0 });
            Ok((StatusCode::CREATED, Json(made)))
        }
    }
}

/// Which group.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct GroupPath {
    /// The group's id.
    group: Uuid,
}

fn unknown() -> Problem {
    Problem::not_found("group_not_found", "There is no such group.")
}

/// One group.
#[utoipa::path(get, path = "/api/v1/groups/{group}", tag = "people", params(GroupPath),
    security(("token" = ["read_people"])),
    responses((status = 200, body = Group), (status = 404, body = ProblemBody)))]
async fn get_group(
    _: PeopleReader,
    State(app): State<App>,
    Path(path): Path<GroupPath>,
) -> Result<Json<Group>> {
    let row = db::one(&app.db, path.group).await?.ok_or_else(unknown)?;
    Ok(Json(Group::of(row)))
}

/// Renames a group or changes its roles.
#[utoipa::path(put, path = "/api/v1/groups/{group}", tag = "people", params(GroupPath),
    security(("token" = ["people"])),
    responses((status = 200, body = Group), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn change_group(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<GroupPath>,
    Json(body): Json<GroupBody>,
) -> Result<Json<Group>> {
    let row = db::one(&app.db, path.group).await?.ok_or_else(unknown)?;
    let (name, roles) = body.check()?;
    may_give(&caller, &row.group.roles)?;
    may_give(&caller, &roles)?;
    let note = app
        .note(&caller, act::GROUP_CHANGED, object("group", path.group))
        .with("name", name.as_str())
        .with("roles", roles.as_str());
    match db::change(&app.db, path.group, &name, &roles, &note).await {
        Err(error) if is_duplicate(&error) => return Err(taken()),
        other => other?,
    };
    let row = db::one(&app.db, path.group).await?.ok_or_else(unknown)?;
    Ok(Json(Group::of(row)))
}

/// Removes a group. Titles that were for it are for nobody of it any more.
#[utoipa::path(delete, path = "/api/v1/groups/{group}", tag = "people", params(GroupPath),
    security(("token" = ["people"])),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete_group(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<GroupPath>,
) -> Result<StatusCode> {
    let row = db::one(&app.db, path.group).await?.ok_or_else(unknown)?;
    may_give(&caller, &row.group.roles)?;
    let note = app
        .note(&caller, act::GROUP_DELETED, object("group", path.group))
        .with("name", row.group.name);
    if db::delete(&app.db, path.group, &note).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(unknown())
}

/// Who is in a group, newest first.
#[utoipa::path(get, path = "/api/v1/groups/{group}/members", tag = "people",
    params(GroupPath, PageQuery), security(("token" = ["read_people"])),
    responses((status = 200, body = Page<Named>), (status = 404, body = ProblemBody)))]
async fn list_members(
    _: PeopleReader,
    State(app): State<App>,
    Path(path): Path<GroupPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Named>>> {
    db::one(&app.db, path.group).await?.ok_or_else(unknown)?;
    let rows = db::members(&app.db, path.group, query.cursor, query.fetch()).await?;
    Ok(Json(query.page(rows, |row| row.id, |row| row)))
}

/// Which person of which group.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct MemberPath {
    /// The group's id.
    group: Uuid,
    /// The person's id.
    person: Uuid,
}

/// Puts a person into a group.
#[utoipa::path(put, path = "/api/v1/groups/{group}/members/{person}", tag = "people",
    params(MemberPath), security(("token" = ["people"])),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn add_member(
    admin: PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<MemberPath>,
) -> Result<StatusCode> {
    set_member(&app, &admin, &path, true).await
}

/// Takes a person out of a group.
#[utoipa::path(delete, path = "/api/v1/groups/{group}/members/{person}", tag = "people",
    params(MemberPath), security(("token" = ["people"])),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn remove_member(
    admin: PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<MemberPath>,
) -> Result<StatusCode> {
    set_member(&app, &admin, &path, false).await
}

async fn set_member(
    app: &App,
    PeopleAdmin(caller): &PeopleAdmin,
    path: &MemberPath,
    is_in: bool,
) -> Result<StatusCode> {
    let row = db::one(&app.db, path.group).await?.ok_or_else(unknown)?;
    may_give(caller, &row.group.roles)?;
    let action = if is_in {
        act::MEMBER_ADDED
    } else {
        act::MEMBER_REMOVED
    };
    let note = app
        .note(caller, action, object("group", path.group))
        .with("person", path.person.to_string());
    if db::set_member(&app.db, path.group, path.person, is_in, &note).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(
        "person_not_found",
        "There is no such person.",
    ))
}
