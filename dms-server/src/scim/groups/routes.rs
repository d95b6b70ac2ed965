//! `/scim/v2/Groups`.

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::super::body::Body;
use super::super::db::{self, GroupChange, GroupChanged, GroupNotes, GroupRow, WantedGroups};
use super::super::patch::{self, Kind};
use super::super::view::{ListQuery, Scim, Shown, list};
use super::super::{SHOWN_MAX, TRIES_MAX, filter, stored, wrong};
use super::{Draft, Members, view};
use crate::audit::{act, object};
use crate::auth::{PeopleAdmin, Principal};
use crate::db::is_duplicate;
use crate::etag::require_match;
use crate::extract::{Json, Path, Query};
use crate::people::groups::db as groups;
use crate::people::routes::may_give;
use crate::problem::{Problem, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_groups, add_group))
        .routes(routes!(get_group, put_group, patch_group, delete_group))
}

/// Which group.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct GroupPath {
    /// The group's id.
    group: String,
}

fn unknown() -> Problem {
    Problem::not_found(
        "group_not_found",
        "There is no such group, or another source made it.",
    )
}

fn taken() -> Problem {
    Problem::conflict(
        "uniqueness",
        "There is a group with this displayName or externalId already. Groups that were not made over SCIM are not \
         taken over: an administrator has to remove or rename them.",
    )
}

async fn one(app: &App, id: &str) -> Result<GroupRow> {
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    db::group(&app.db, id).await?.ok_or_else(unknown)
}

/// What a filter wants; none when nothing can fit.
fn wanted(filter: Option<&str>) -> Result<Option<WantedGroups>> {
    let mut wanted = WantedGroups::default();
    let Some(text) = filter.filter(|text| !text.trim().is_empty()) else {
        return Ok(Some(wanted));
    };
    for condition in filter::parse(text)? {
        let refused = || {
            let why = "displayName, externalId and id can be asked for, each with eq and a text.";
            Problem::invalid("invalid_filter", why)
        };
        let value = condition.value.as_str().ok_or_else(refused)?;
        let (field, value) = match condition.path.as_str() {
            "displayname" => (&mut wanted.name, value.trim().to_owned()),
            "externalid" => (&mut wanted.external_id, stored(value)),
            "id" => match value.parse() {
                Ok(id) if wanted.id.is_none_or(|other| other == id) => {
                    wanted.id = Some(id);
                    continue;
                }
                _ => return Ok(None),
            },
            _ => return Err(refused()),
        };
        // No group is called nothing, and two names at once none is called either.
        if value.is_empty() || !(field.is_empty() || *field == value) {
            return Ok(None);
        }
        *field = value;
    }
    Ok(Some(wanted))
}

/// Groups as they are shown: with who is in them where that is asked for, if all of it is no more than one answer
/// may have.
async fn views(app: &App, rows: &[GroupRow], shown: &Shown) -> Result<Vec<Value>> {
    let mut left = SHOWN_MAX;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let members = if shown.has("members") {
            let members = db::members(&app.db, row.id, left + 1).await?;
            left -= i64::try_from(members.len()).unwrap_or(i64::MAX);
            Some(members)
        } else {
            None
        };
        if left < 0 {
            return Err(Problem::invalid(
                "too_many",
                "More than 10,000 members would be in this answer. Ask with excludedAttributes=members.",
            ));
        }
        views.push(shown.of(view(app, row, members.as_deref())));
    }
    Ok(views)
}

async fn show(app: &App, row: &GroupRow, shown: &Shown) -> Result<Value> {
    let mut views = views(app, std::slice::from_ref(row), shown).await?;
    views.pop().ok_or_else(unknown)
}

/// Lists the groups that the directory made, in the order they came.
#[utoipa::path(get, path = "/scim/v2/Groups", tag = "scim",
    operation_id = "scim_list_groups", params(ListQuery),
    security(("token" = ["people"])), responses((status = 200, description = "A ListResponse of RFC 7644.")))]
async fn list_groups(
    _: PeopleAdmin,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Scim> {
    let part = query.part();
    let Some(wanted) = wanted(query.filter.as_deref())? else {
        return Ok(list(Vec::new(), 0, part));
    };
    let (total, rows) = db::groups(&app.db, &wanted, part.count, part.start - 1).await?;
    let shown = views(&app, &rows, &query.shown()).await?;
    Ok(list(shown, total, part))
}

/// What the log is told when it happens.
fn notes<'a>(app: &'a App, caller: &Principal, id: Uuid, members: &Members) -> GroupNotes<'a> {
    let note = |action, who: &std::collections::BTreeSet<Uuid>| {
        let note = app
            .note(caller, action, object("group", id))
            .with("by", "scim");
        match who.first().filter(|_| who.len() == 1) {
            Some(person) => note.with("person", person.to_string()),
            None => note,
        }
    };
    GroupNotes {
        group: None,
        added: note(act::MEMBER_ADDED, &members.add),
        removed: note(act::MEMBER_REMOVED, &members.remove),
    }
}

fn refuse_nobody(id: Uuid) -> Problem {
    wrong(
        "members",
        &format!("There is no person {id}, or another source made them."),
    )
}

/// Makes a group.
#[utoipa::path(post, path = "/scim/v2/Groups", tag = "scim",
    operation_id = "scim_add_group", request_body = Value, params(Shown),
    security(("token" = ["people"])), responses((status = 201, description = "A Group of RFC 7643."),
    (status = 409, description = "An Error of RFC 7644."), (status = 413, description = "An Error of RFC 7644.")))]
async fn add_group(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Query(shown): Query<Shown>,
    Json(Body(body)): Json<Body>,
) -> Result<Scim> {
    let mut draft = Draft::default();
    draft.merge(Kind::Add, &body)?;
    let name = draft
        .name
        .ok_or_else(|| wrong("displayName", "Give one."))?;
    let now = app.clock.now_ms();
    let row = GroupRow {
        id: Uuid::now_v7(),
        name,
        external_id: draft.external_id.as_deref().map(stored),
        roles: String::new(),
        created_ms: now,
        updated_ms: now,
    };
    let mut notes = notes(&app, &caller, row.id, &draft.members);
    let made = app.note(&caller, act::GROUP_MADE, object("group", row.id));
    notes.group = Some(made.with("name", row.name.as_str()).with("by", "scim"));
    match db::add_group(&app.db, &row, &draft.members, &notes).await {
        Err(error) if is_duplicate(&error) => Err(taken()),
        Ok(GroupChanged::NoPerson(id)) => Err(refuse_nobody(id)),
        other => {
            other?;
            Ok(Scim::created(show(&app, &row, &shown).await?))
        }
    }
}

/// One group.
#[utoipa::path(get, path = "/scim/v2/Groups/{group}", tag = "scim",
    operation_id = "scim_get_group", params(GroupPath, Shown),
    security(("token" = ["people"])), responses((status = 200, description = "A Group of RFC 7643."),
    (status = 404, description = "An Error of RFC 7644.")))]
async fn get_group(
    _: PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<GroupPath>,
    Query(shown): Query<Shown>,
) -> Result<Scim> {
    let row = one(&app, &path.group).await?;
    Ok(Scim::ok(show(&app, &row, &shown).await?))
}

/// Changes a group to what `draft` makes of it. A change that meets another one is made again on top of it.
async fn change(
    app: &App,
    caller: &Principal,
    id: &str,
    headers: &HeaderMap,
    draft: impl Fn(&Draft) -> Result<Draft>,
) -> Result<GroupRow> {
    for _ in 0..TRIES_MAX {
        let row = one(app, id).await?;
        require_match(headers, row.updated_ms)?;
        // Who is in the group may do what it gives: nobody gives more than they have.
        may_give(caller, &row.roles)?;
        let was = Draft::of(&row);
        let to = draft(&was)?;
        let name = to
            .name
            .as_deref()
            .ok_or_else(|| wrong("displayName", "Give one."))?;
        let external_id = to.external_id.as_deref().map(stored);
        let mut notes = notes(app, caller, row.id, &to.members);
        if (&to.name, &to.external_id) != (&was.name, &was.external_id) {
            let changed = app.note(caller, act::GROUP_CHANGED, object("group", row.id));
            notes.group = Some(changed.with("name", name).with("by", "scim"));
        } else if !to.members.is_change() {
            return Ok(row);
        }
        let fields = GroupChange {
            name,
            external_id: external_id.as_deref(),
            members: &to.members,
            was_ms: row.updated_ms,
        };
        let now = app.clock.now_ms();
        match db::change_group(&app.db, row.id, &fields, now, &notes).await {
            Err(error) if is_duplicate(&error) => return Err(taken()),
            Err(error) => return Err(error.into()),
            Ok(GroupChanged::Done) => return one(app, id).await,
            Ok(GroupChanged::Unknown) => return Err(unknown()),
            Ok(GroupChanged::NoPerson(id)) => return Err(refuse_nobody(id)),
            Ok(GroupChanged::Moved) => {}
        }
    }
    Err(Problem::conflict(
        "changed_meanwhile",
        "Others change this group at the same time. Try again.",
    ))
}

/// Describes a group anew.
#[utoipa::path(put, path = "/scim/v2/Groups/{group}", tag = "scim", request_body = Value, params(GroupPath, Shown),
    security(("token" = ["people"])), responses((status = 200, description = "A Group of RFC 7643."),
    (status = 404, description = "An Error of RFC 7644."), (status = 413, description = "An Error of RFC 7644.")))]
async fn put_group(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<GroupPath>,
    Query(shown): Query<Shown>,
    headers: HeaderMap,
    Json(Body(body)): Json<Body>,
) -> Result<Scim> {
    let row = change(&app, &caller, &path.group, &headers, |was| was.anew(&body)).await?;
    Ok(Scim::ok(show(&app, &row, &shown).await?))
}

/// Changes a group. The answer has no body: a group may be larger than any answer.
#[utoipa::path(patch, path = "/scim/v2/Groups/{group}", tag = "scim", request_body = Value, params(GroupPath),
    security(("token" = ["people"])), responses((status = 204), (status = 404, description = "An Error of RFC 7644."),
    (status = 413, description = "An Error of RFC 7644.")))]
async fn patch_group(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<GroupPath>,
    headers: HeaderMap,
    Json(Body(body)): Json<Body>,
) -> Result<StatusCode> {
    let operations = patch::operations(&body)?;
    let draft = |was: &Draft| {
        let mut draft = was.clone();
        operations
            .iter()
            .try_for_each(|operation| draft.apply(operation))?;
        Ok(draft)
    };
    change(&app, &caller, &path.group, &headers, draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a group. Titles that were for it are for nobody of it any more.
#[utoipa::path(delete, path = "/scim/v2/Groups/{group}", tag = "scim",
    operation_id = "scim_delete_group", params(GroupPath),
    security(("token" = ["people"])), responses((status = 204), (status = 404, description = "An Error of RFC 7644.")))]
async fn delete_group(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<GroupPath>,
    headers: HeaderMap,
) -> Result<StatusCode> {
    let row = one(&app, &path.group).await?;
    require_match(&headers, row.updated_ms)?;
    may_give(&caller, &row.roles)?;
    let note = app
        .note(&caller, act::GROUP_DELETED, object("group", row.id))
        .with("name", row.name.as_str())
        .with("by", "scim");
    if groups::delete(&app.db, row.id, &note).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(unknown())
}
