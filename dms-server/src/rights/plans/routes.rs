//! `/api/v1/collections`, `/api/v1/subscriptions`, `/api/v1/rentals`.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use swarm::content::TitleId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, CollectionRow, SubscriptionRow};
use crate::audit::{act, object};
use crate::auth::{Publisher, Viewer};
use crate::db::is_duplicate;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::people;
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish::view;
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_collections, add_collection))
        .routes(routes!(subscribe))
        .routes(routes!(unsubscribe))
        .routes(routes!(rent))
}

/// A collection of titles that people subscribe to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Collection {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

impl Collection {
    fn of(row: CollectionRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            created_ms: row.created_ms,
        }
    }
}

/// Lists the collections, newest first.
#[utoipa::path(get, path = "/api/v1/collections", tag = "rights", params(PageQuery),
    security(("token" = ["watch"])), responses((status = 200, body = Page<Collection>)))]
async fn list_collections(
    _: Viewer,
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Collection>>> {
    let rows = db::collections(&app.db, query.cursor, query.fetch()).await?;
    Ok(Json(query.page(rows, |row| row.id, Collection::of)))
}

/// A collection to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCollection {
    /// What people call it.
    name: String,
}

/// Makes a collection. A title is in it when its policy's plan names it.
#[utoipa::path(post, path = "/api/v1/collections", tag = "rights",
    security(("token" = ["publish"])),
    responses((status = 201, body = Collection), (status = 400, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn add_collection(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Json(new): Json<NewCollection>,
) -> Result<impl IntoResponse> {
    let problem = Problem::invalid("invalid_collection", "The collection needs a name.");
    let problem = people::check_text(problem, "/name", &new.name, 1);
    if !problem.errors.is_empty() {
        return Err(problem);
    }
    let row = CollectionRow {
        id: Uuid::now_v7(),
        name: new.name.trim().to_owned(),
        created_ms: app.clock.now_ms(),
    };
    let note = app
        .note(&caller, act::COLLECTION_MADE, object("collection", row.id))
        .with("name", row.name.as_str());
    match db::add_collection(&app.db, &row, &note).await {
        Err(error) if is_duplicate(&error) => Err(Problem::conflict(
            "collection_taken",
            "There is a collection of this name.",
        )),
        other => {
            other?;
            Ok((StatusCode::CREATED, Json(Collection::of(row))))
        }
    }
}

/// A subscription to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// To what.
    collection: Uuid,
    /// A person, or a group all of whose people have it.
    member: Uuid,
    /// Its first moment, milliseconds since the Unix epoch; null: now.
    #[serde(default)]
    from_ms: Option<i64>,
    /// The first moment after it.
    until_ms: i64,
}

/// A subscription.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SubscriptionView {
    /// Its id.
    pub id: Uuid,
    /// To what.
    pub collection: Uuid,
    /// A person, or a group.
    pub member: Uuid,
    /// Its first moment, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// The first moment after it.
    pub until_ms: i64,
}

/// Subscribes a person or a group to a collection.
#[utoipa::path(post, path = "/api/v1/subscriptions", tag = "rights",
    security(("token" = ["publish"])),
    responses((status = 201, body = SubscriptionView), (status = 400, body = ProblemBody)))]
async fn subscribe(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Json(new): Json<NewSubscription>,
) -> Result<impl IntoResponse> {
    let mut problem = Problem::invalid(
        "invalid_subscription",
        "The subscription cannot be like this.",
    );
    if !db::has_collection(&app.db, new.collection).await? {
        let fix = "There is no collection with this id.";
        problem = problem.at("/collection", "unknown_collection", fix);
    }
    let person = people::db::one(&app.db, new.member).await?.is_some();
    if !person
        && people::groups::db::one(&app.db, new.member)
            .await?
            .is_none()
    {
        let fix = "There is no person and no group with this id.";
        problem = problem.at("/member", "unknown_member", fix);
    }
    let from_ms = new.from_ms.unwrap_or_else(|| app.clock.now_ms());
    if from_ms < 0 || new.until_ms <= from_ms {
        problem = problem.at(
            "/until_ms",
            "ends_before_start",
            "Set the end after the start.",
        );
    }
    if !problem.errors.is_empty() {
        return Err(problem);
    }
    let row = SubscriptionRow {
        id: Uuid::now_v7(),
        collection_id: new.collection,
        member_id: new.member,
        from_ms,
        until_ms: new.until_ms,
    };
    let note = app
        .note(&caller, act::SUBSCRIBED, object("subscription", row.id))
        .with("collection", new.collection.to_string())
        .with("member", new.member.to_string())
        .with("until_ms", new.until_ms);
    db::subscribe(&app.db, &row, &caller.subject, &note).await?;
    let made = SubscriptionView {
        id: row.id,
        collection: row.collection_id,
        member: row.member_id,
        from_ms: row.from_ms,
        until_ms: row.until_ms,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Which subscription.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SubscriptionPath {
    /// The subscription's id.
    subscription: Uuid,
}

/// Ends a subscription now.
#[utoipa::path(delete, path = "/api/v1/subscriptions/{subscription}", tag = "rights",
    params(SubscriptionPath), security(("token" = ["publish"])),
    responses((status = 204), (status = 404, body = ProblemBody)))]
async fn unsubscribe(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<SubscriptionPath>,
) -> Result<StatusCode> {
    let id = path.subscription;
    let note = app.note(&caller, act::UNSUBSCRIBED, object("subscription", id));
    if db::unsubscribe(&app.db, id, &note).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(
        "subscription_not_found",
        "There is no such subscription that runs or is to come.",
    ))
}

/// A rental to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRental {
    /// The title.
    title: Uuid,
    /// The person.
    person: Uuid,
}

/// A rental; its time runs from the first play.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RentalView {
    /// Its id.
    pub id: Uuid,
}

/// Rents a title to a person. What it costs is settled elsewhere.
#[utoipa::path(post, path = "/api/v1/rentals", tag = "rights", security(("token" = ["publish"])),
    responses((status = 201, body = RentalView), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody)))]
async fn rent(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Json(new): Json<NewRental>,
) -> Result<impl IntoResponse> {
    let title = TitleId(new.title.into_bytes());
    crate::publish::db::title(&app.db, title)
        .await?
        .ok_or_else(view::not_found)?;
    if people::db::one(&app.db, new.person).await?.is_none() {
        let problem = Problem::invalid("invalid_rental", "There is no such person.");
        return Err(problem.at("/person", "unknown_person", "Give the id of a person."));
    }
    let id = Uuid::now_v7();
    let note = app
        .note(&caller, act::RENTED, object("rental", id))
        .with("title", new.title.to_string())
        .with("person", new.person.to_string());
    db::rent(&app.db, id, new.title, new.person, &caller.subject, &note).await?;
    Ok((StatusCode::CREATED, Json(RentalView { id })))
}
