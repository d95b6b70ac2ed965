//! `/scim/v2/Users`.

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::super::body::Body;
use super::super::db::{self, UserRow, Wanted};
use super::super::view::{ListQuery, Scim, Shown, list};
use super::super::{TRIES_MAX, filter, patch, stored, wrong};
use super::{Draft, view};
use crate::audit::{act, object};
use crate::auth::{PeopleAdmin, Principal, Role, Roles};
use crate::db::is_duplicate;
use crate::etag::require_match;
use crate::extract::{Json, Path, Query};
use crate::people::db::{self as people, Change, Changed, Identity};
use crate::people::routes::{answer, may_change, may_give};
use crate::problem::{Problem, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_users, add_user))
        .routes(routes!(get_user, put_user, patch_user, delete_user))
}

/// Which person.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UserPath {
    /// The person's id.
    user: String,
}

fn unknown() -> Problem {
    Problem::not_found(
        "user_not_found",
        "There is no such person, or another source made them.",
    )
}

fn taken() -> Problem {
    Problem::conflict(
        "uniqueness",
        "Somebody has this userName or externalId already. Accounts that were not made over SCIM are not taken over: \
         an administrator has to remove them or call them otherwise.",
    )
}

async fn one(app: &App, id: &str) -> Result<UserRow> {
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let wanted = Wanted {
        id: Some(id),
        ..Wanted::default()
    };
    let (_, mut rows) = db::users(&app.db, &wanted, 1, 0).await?;
    rows.pop().ok_or_else(unknown)
}

/// What a filter wants; none when nothing can fit.
fn wanted(filter: Option<&str>) -> Result<Option<Wanted>> {
    let mut wanted = Wanted::default();
    let Some(text) = filter.filter(|text| !text.trim().is_empty()) else {
        return Ok(Some(wanted));
    };
    for condition in filter::parse(text)? {
        let value = condition.value.as_str().map(str::to_owned);
        let refused = || {
            let why =
                "userName, externalId, id and emails can be asked for, each with eq and a text.";
            Problem::invalid("invalid_filter", why)
        };
        let value = value.ok_or_else(refused)?;
        let path = condition.path.as_str();
        let field = match path {
            "username" => &mut wanted.login,
            "externalid" => &mut wanted.external_id,
            "emails" | "emails.value" => &mut wanted.email,
            "id" => match value.parse() {
                Ok(id) if wanted.id.is_none_or(|other| other == id) => {
                    wanted.id = Some(id);
                    continue;
                }
                _ => return Ok(None),
            },
            "emails.type" if value.eq_ignore_ascii_case("work") => continue,
            "emails.type" => return Ok(None),
            _ => return Err(refused()),
        };
        let value = match path {
            "externalid" => stored(&value),
            "emails" | "emails.value" => value,
            _ => value.trim().to_lowercase(),
        };
        if field.as_ref().is_some_and(|other| *other != value) {
            return Ok(None);
        }
        *field = Some(value);
    }
    Ok(Some(wanted))
}

/// Lists the people that the directory made, in the order they came.
#[utoipa::path(get, path = "/scim/v2/Users", tag = "scim", params(ListQuery),
    security(("token" = ["people"])), responses((status = 200, description = "A ListResponse of RFC 7644.")))]
async fn list_users(
    _: PeopleAdmin,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Scim> {
    let part = query.part();
    let Some(wanted) = wanted(query.filter.as_deref())? else {
        return Ok(list(Vec::new(), 0, part));
    };
    let (total, rows) = db::users(&app.db, &wanted, part.count, part.start - 1).await?;
    let shown = query.shown();
    let users = rows.iter().map(|row| shown.of(view(&app, row)));
    Ok(list(users.collect(), total, part))
}

/// Makes a person's account.
#[utoipa::path(post, path = "/scim/v2/Users", tag = "scim", request_body = Value, params(Shown),
    security(("token" = ["people"])), responses((status = 201, description = "A User of RFC 7643."),
    (status = 409, description = "An Error of RFC 7644.")))]
async fn add_user(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Query(shown): Query<Shown>,
    Json(Body(body)): Json<Body>,
) -> Result<Scim> {
    let mut draft = Draft::default();
    draft.merge(&body)?;
    let login = draft
        .login
        .clone()
        .ok_or_else(|| wrong("userName", "Give one."))?;
    let roles = Roles::from(Role::Viewer).to_string();
    may_give(&caller, &roles)?;
    let now = app.clock.now_ms();
    let row = UserRow {
        id: Uuid::now_v7(),
        name: draft.name(&login),
        login,
        email: draft.email,
        department: draft.department,
        external_id: draft.external_id.as_deref().map(stored),
        names: serde_json::to_string(&draft.names).ok(),
        roles,
        active: i64::from(draft.active),
        created_ms: now,
        updated_ms: now,
    };
    let note = app
        .note(&caller, act::PERSON_MADE, object("person", row.id))
        .with("login", row.login.as_str())
        .with("roles", row.roles.as_str())
        .with("active", draft.active)
        .with("by", "scim");
    match db::add_user(&app.db, &row, &note).await {
        Err(error) if is_duplicate(&error) => Err(taken()),
        other => {
            other?;
            Ok(Scim::created(shown.of(view(&app, &row))))
        }
    }
}

/// One person.
#[utoipa::path(get, path = "/scim/v2/Users/{user}", tag = "scim", params(UserPath, Shown),
    security(("token" = ["people"])), responses((status = 200, description = "A User of RFC 7643."),
    (status = 404, description = "An Error of RFC 7644.")))]
async fn get_user(
    _: PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<UserPath>,
    Query(shown): Query<Shown>,
) -> Result<Scim> {
    let row = one(&app, &path.user).await?;
    Ok(Scim::ok(shown.of(view(&app, &row))))
}

/// Changes a person to what `draft` makes of them. A change that meets another one is made again on top of it.
async fn change(
    app: &App,
    caller: &Principal,
    id: &str,
    headers: &HeaderMap,
    draft: impl Fn(&Draft) -> Result<Draft>,
) -> Result<UserRow> {
    for _ in 0..TRIES_MAX {
        let row = one(app, id).await?;
        require_match(headers, row.updated_ms)?;
        may_change(app, caller, row.id, &row.roles).await?;
        let was = Draft::of(&row);
        let to = draft(&was)?;
        let login = to
            .login
            .clone()
            .ok_or_else(|| wrong("userName", "Give one."))?;
        let name = if to.names == was.names {
            row.name.clone()
        } else {
            to.name(&login)
        };
        let external_id = to.external_id.as_deref().map(stored);
        let names = serde_json::to_string(&to.names).map_err(Problem::internal)?;
        let fields = Change {
            name: &name,
            email: &to.email,
            department: &to.department,
            roles: &row.roles,
            active: to.active,
        };
        let identity = Identity {
            login: &login,
            external_id: external_id.as_deref(),
            names: &names,
            was_ms: row.updated_ms,
        };
        let note = app
            .note(caller, act::PERSON_CHANGED, object("person", row.id))
            .with("login", login.as_str())
            .with("roles", row.roles.as_str())
            .with("active", to.active)
            .with("by", "scim");
        let now = app.clock.now_ms();
        let changed =
            people::change_with(&app.db, row.id, &fields, Some(&identity), now, &note).await;
        match changed {
            Err(error) if is_duplicate(&error) => return Err(taken()),
            Ok(Changed::Moved) => {}
            other => {
                answer(other?)?;
                return one(app, id).await;
            }
        }
    }
    answer(Changed::Moved)?;
    Err(unknown())
}

/// Describes a person anew.
#[utoipa::path(put, path = "/scim/v2/Users/{user}", tag = "scim", request_body = Value, params(UserPath, Shown),
    security(("token" = ["people"])), responses((status = 200, description = "A User of RFC 7643."),
    (status = 404, description = "An Error of RFC 7644."), (status = 409, description = "An Error of RFC 7644.")))]
async fn put_user(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<UserPath>,
    Query(shown): Query<Shown>,
    headers: HeaderMap,
    Json(Body(body)): Json<Body>,
) -> Result<Scim> {
    let row = change(&app, &caller, &path.user, &headers, |was| was.anew(&body)).await?;
    Ok(Scim::ok(shown.of(view(&app, &row))))
}

/// Changes a person. Who is not active any more is signed out everywhere.
#[utoipa::path(patch, path = "/scim/v2/Users/{user}", tag = "scim", request_body = Value, params(UserPath, Shown),
    security(("token" = ["people"])), responses((status = 200, description = "A User of RFC 7643."),
    (status = 404, description = "An Error of RFC 7644."), (status = 409, description = "An Error of RFC 7644.")))]
async fn patch_user(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<UserPath>,
    Query(shown): Query<Shown>,
    headers: HeaderMap,
    Json(Body(body)): Json<Body>,
) -> Result<Scim> {
    let operations = patch::operations(&body)?;
    let draft = |was: &Draft| {
        let mut draft = was.clone();
        operations
            .iter()
            .try_for_each(|operation| draft.apply(operation))?;
        Ok(draft)
    };
    let row = change(&app, &caller, &path.user, &headers, draft).await?;
    Ok(Scim::ok(shown.of(view(&app, &row))))
}

/// Removes a person, with their sessions and tokens.
#[utoipa::path(delete, path = "/scim/v2/Users/{user}", tag = "scim", params(UserPath),
    security(("token" = ["people"])), responses((status = 204), (status = 404, description = "An Error of RFC 7644."),
    (status = 409, description = "An Error of RFC 7644.")))]
async fn delete_user(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<UserPath>,
    headers: HeaderMap,
) -> Result<StatusCode> {
    let row = one(&app, &path.user).await?;
    require_match(&headers, row.updated_ms)?;
    may_change(&app, &caller, row.id, &row.roles).await?;
    let note = app
        .note(&caller, act::PERSON_DELETED, object("person", row.id))
        .with("login", row.login.as_str())
        .with("by", "scim");
    answer(people::delete(&app.db, row.id, &note).await?)?;
    Ok(StatusCode::NO_CONTENT)
}
