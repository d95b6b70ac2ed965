//! `/scim/v2`: what there is, and the routes of people and groups.

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::view::{ListQuery, Part, Scim, list};
use super::{groups, schema, users};
use crate::auth::PeopleAdmin;
use crate::extract::{Path, Query};
use crate::problem::{Problem, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(provider))
        .routes(routes!(list_types))
        .routes(routes!(get_type))
        .routes(routes!(list_schemas))
        .routes(routes!(get_schema))
        .merge(users::routes::routes())
        .merge(groups::routes::routes())
}

/// What of SCIM is spoken here.
#[utoipa::path(get, path = "/scim/v2/ServiceProviderConfig", tag = "scim", security(("token" = ["people"])),
    responses((status = 200, description = "A ServiceProviderConfig of RFC 7643.")))]
async fn provider(_: PeopleAdmin, State(app): State<App>) -> Scim {
    Scim::ok(schema::provider(app.public_origin()))
}

/// Everything of a list that never changes. RFC 7644 wants a filter on it to be refused.
fn all(items: Vec<Value>, query: &ListQuery) -> Result<Scim> {
    if query.filter.is_some() {
        return Err(Problem::forbidden("This list takes no filter."));
    }
    let total = i64::try_from(items.len()).unwrap_or_default();
    let part = Part {
        start: 1,
        count: total,
    };
    Ok(list(items, total, part))
}

fn find(items: Vec<Value>, id: &str) -> Result<Scim> {
    let of_id = |item: &Value| {
        item.get("id")
            .and_then(Value::as_str)
            .is_some_and(|it| it.eq_ignore_ascii_case(id))
    };
    let found = items.into_iter().find(of_id);
    let found =
        found.ok_or_else(|| Problem::not_found("not_found", "There is nothing of this name."))?;
    Ok(Scim::ok(found))
}

/// Which one.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NamePath {
    /// Its id.
    id: String,
}

/// What resources there are.
#[utoipa::path(get, path = "/scim/v2/ResourceTypes", tag = "scim", security(("token" = ["people"])),
    responses((status = 200, description = "A ListResponse of RFC 7644.")))]
async fn list_types(
    _: PeopleAdmin,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Scim> {
    all(schema::resource_types(app.public_origin()), &query)
}

/// One type of resources.
#[utoipa::path(get, path = "/scim/v2/ResourceTypes/{id}", tag = "scim", params(NamePath),
    security(("token" = ["people"])), responses((status = 200, description = "A ResourceType of RFC 7643."),
    (status = 404, description = "An Error of RFC 7644.")))]
async fn get_type(
    _: PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<NamePath>,
) -> Result<Scim> {
    find(schema::resource_types(app.public_origin()), &path.id)
}

/// What attributes there are.
#[utoipa::path(get, path = "/scim/v2/Schemas", tag = "scim", security(("token" = ["people"])),
    responses((status = 200, description = "A ListResponse of RFC 7644.")))]
async fn list_schemas(
    _: PeopleAdmin,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Scim> {
    all(schema::schemas(app.public_origin()), &query)
}

/// One schema.
#[utoipa::path(get, path = "/scim/v2/Schemas/{id}", tag = "scim", params(NamePath),
    security(("token" = ["people"])), responses((status = 200, description = "A Schema of RFC 7643."),
    (status = 404, description = "An Error of RFC 7644.")))]
async fn get_schema(
    _: PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<NamePath>,
) -> Result<Scim> {
    find(schema::schemas(app.public_origin()), &path.id)
}
