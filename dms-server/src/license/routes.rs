//! Licences for pages on the public listener and for devices on theirs.

use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use drm::license::LicenseRequest;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use swarm::content::TitleId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, Filter, LicenseRow};
use super::{Licensee, grant};
use crate::audit::{Actor, act, object};
use crate::auth::{self, LogReader, Permission, Principal, Secret, Viewer};
use crate::device::caller::Device;
use crate::extract::{Json, Path, Query};
use crate::net::Remote;
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;
use crate::{people, rights};

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(license))
        .routes(routes!(list_licenses))
        .routes(routes!(standing, end_license))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(device_license))
        .routes(routes!(device_standing))
}

/// What a player asks with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes LicenseRequest, which knows no OpenAPI")]
struct LicenseBody {
    /// The title's id.
    #[schema(value_type = Uuid)]
    title: String,
    /// The X25519 key that the track keys are sealed to: 32 bytes, base64url.
    recipient_key: String,
    /// A token of the person that a device asks for; a page is known by its session.
    person: Option<String>,
    /// The id of the licence that this one goes on with: the same stream plays on.
    renews: Option<String>,
    /// Whether it is to be used without contact to the server.
    offline: bool,
    /// What the device's watch says of itself, when it is.
    #[schema(value_type = Option<Object>)]
    watch: Option<drm::lease::Contact>,
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

/// Issues a licence to the key of a page.
#[utoipa::path(post, path = "/api/v1/titles/{title}/license", tag = "licences",
    params(TitlePath), security(("token" = ["watch"])), request_body = LicenseBody,
    responses((status = 200, content_type = "application/cose"),
              (status = 400, body = ProblemBody), (status = 403, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn license(
    Viewer(caller): Viewer,
    State(app): State<App>,
    remote: Option<Extension<Remote>>,
    Path(path): Path<TitlePath>,
    Json(request): Json<LicenseRequest>,
) -> Result<impl IntoResponse> {
    if request.title != path.title.to_string() {
        return Err(
            Problem::invalid("invalid_body", "The path and the body name two titles.").at(
                "/title",
                "mismatch",
                "Name the title of the path.",
            ),
        );
    }
    let address = remote.map(|remote| remote.addr.ip());
    let licensee = Licensee {
        person: viewer(&app, &caller).await?,
        actor: Actor::from(&caller),
        subject: caller.subject,
        device: None,
        from: rights::From::Address(address),
    };
    Ok(answer(grant(&app, &licensee, path.title, &request).await?))
}

/// Issues a licence to the calling device.
#[utoipa::path(post, path = "/v1/license", tag = "device listener", request_body = LicenseBody,
    responses((status = 200, content_type = "application/cose"),
              (status = 400, body = ProblemBody), (status = 403, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn device_license(
    device: Device,
    State(app): State<App>,
    Json(request): Json<LicenseRequest>,
) -> Result<impl IntoResponse> {
    let title: TitleId = request.title.parse().map_err(|_| {
        Problem::invalid("invalid_body", "This is not a title's id.").at(
            "/title",
            "invalid_id",
            "Give a lower-case UUID.",
        )
    })?;
    let from = rights::From::Device(device.id, device.remote.ip());
    let mut licensee = Licensee {
        subject: device.name.to_string(),
        person: None,
        device: Some(device.id),
        from,
        actor: Actor::device(device.id, &device.name),
    };
    if let Some(secret) = &request.person {
        let caller = signed_in(&app, secret.reveal()).await?;
        licensee.person = viewer(&app, &caller).await?;
        if licensee.person.is_some() {
            licensee.actor = Actor::from(&caller);
            licensee.subject = caller.subject;
        }
    }
    Ok(answer(grant(&app, &licensee, title, &request).await?))
}

/// Who holds the token that a device passes on. A token of the installation stands for nobody who watches.
pub(crate) async fn signed_in(app: &App, secret: &str) -> Result<Principal> {
    let refused = || Problem::unauthenticated("The person's token is unknown or has expired.");
    let secret = Secret::presented(secret.trim()).ok_or_else(refused)?;
    let now = app.clock.now_ms();
    let caller = auth::db::principal_of_token(&app.db, secret.hash(), now).await?;
    caller
        .filter(|caller| caller.may(Permission::Watch))
        .ok_or_else(refused)
}

/// The person behind a caller, and their department.
async fn viewer(app: &App, caller: &Principal) -> Result<Option<(drm::rights::Viewer, String)>> {
    let Some(viewer) = rights::viewer(app, caller).await? else {
        return Ok(None);
    };
    let id = Uuid::from_bytes(viewer.id);
    let row = people::db::one(&app.db, id).await?;
    Ok(Some((
        viewer,
        row.map(|row| row.department).unwrap_or_default(),
    )))
}

/// Which licences.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LicenseQuery {
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<Uuid>,
    /// Items, 1 to 500.
    limit: Option<u16>,
    /// Of this title.
    title: Option<Uuid>,
    /// Of this person.
    person: Option<Uuid>,
    /// Of this device.
    device: Option<Uuid>,
}

/// A licence that was issued.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenseView {
    /// Its id.
    pub id: Uuid,
    /// The title.
    pub title: Uuid,
    /// The title's version.
    pub version: i64,
    /// The device; null when a page's key played it.
    pub device: Option<Uuid>,
    /// The person; null when nobody was signed in.
    pub person: Option<Uuid>,
    /// The name of the person, the token or the device.
    pub subject: String,
    /// Where the person's usage is counted.
    pub department: String,
    /// When it was issued, milliseconds since the Unix epoch.
    pub issued_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
    /// Until when it opens something without contact to the server; null: never.
    pub offline_until_ms: Option<i64>,
    /// When it was given back or revoked; null: neither.
    pub ended_ms: Option<i64>,
}

impl LicenseView {
    fn of(row: LicenseRow) -> Self {
        Self {
            id: row.id,
            title: row.title,
            version: row.version,
            device: row.device,
            person: row.person,
            subject: row.subject,
            department: row.department,
            issued_ms: row.issued_ms,
            expires_ms: row.expires_ms,
            offline_until_ms: Some(row.offline_until_ms).filter(|until| *until > row.issued_ms),
            ended_ms: row.ended_ms,
        }
    }
}

/// The licences that were issued, newest first.
#[utoipa::path(get, path = "/api/v1/licenses", tag = "licences", params(LicenseQuery),
    security(("token" = ["audit"])), responses((status = 200, body = Page<LicenseView>)))]
async fn list_licenses(
    _: LogReader,
    State(app): State<App>,
    Query(query): Query<LicenseQuery>,
) -> Result<Json<Page<LicenseView>>> {
    let page = PageQuery {
        cursor: query.cursor,
        limit: query.limit,
    };
    let filter = Filter {
        title: query.title,
        person: query.person,
        device: query.device,
    };
    let rows = db::list(&app.db, filter, page.cursor, page.fetch()).await?;
    Ok(Json(page.page(rows, |row| row.id, LicenseView::of)))
}

/// Which licence.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct LicensePath {
    /// The licence's id.
    license: Uuid,
}

/// What holds of a licence by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StandingView {
    /// Whether whoever plays with it may go on.
    pub holds: bool,
    /// When it ends by itself, milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

impl From<db::StandingRow> for StandingView {
    fn from(row: db::StandingRow) -> Self {
        Self {
            holds: row.holds(),
            expires_ms: row.expires_ms,
        }
    }
}

/// Whether a licence still holds: a page that plays asks now and then. It does not when it was given back or revoked, its
/// title was deleted, or its person may not sign in any more.
#[utoipa::path(get, path = "/api/v1/licenses/{license}", tag = "licences", params(LicensePath),
    security(("token" = ["watch"])),
    responses((status = 200, body = StandingView), (status = 404, body = ProblemBody)))]
async fn standing(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<LicensePath>,
) -> Result<Json<StandingView>> {
    let row = db::standing(&app.db, path.license).await?;
    let own = |row: &db::StandingRow| match row.person {
        Some(person) => Some(person) == caller.person,
        None => row.device.is_none() && row.subject == caller.subject,
    };
    let row = row.filter(|row| own(row) || caller.may(Permission::Audit));
    Ok(Json(row.ok_or_else(unknown)?.into()))
}

/// Whether a licence of the calling device still holds.
#[utoipa::path(get, path = "/v1/licenses/{license}", tag = "device listener", params(LicensePath),
    responses((status = 200, body = StandingView), (status = 404, body = ProblemBody)))]
async fn device_standing(
    device: Device,
    State(app): State<App>,
    Path(path): Path<LicensePath>,
) -> Result<Json<StandingView>> {
    let row = db::standing(&app.db, path.license).await?;
    let row = row.filter(|row| row.device == Some(Uuid::from_bytes(device.id.0)));
    Ok(Json(row.ok_or_else(unknown)?.into()))
}

fn unknown() -> Problem {
    let detail = "There is no such licence of yours that has not ended.";
    Problem::not_found("license_not_found", detail)
}

/// Ends a licence: its own person gives it back, who may change people revokes it. It is not renewed and does not
/// count as a stream any more; a player in contact stops within a minute, one without contact at its time.
#[utoipa::path(delete, path = "/api/v1/licenses/{license}", tag = "licences", params(LicensePath),
    security(("token" = ["watch"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn end_license(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<LicensePath>,
) -> Result<StatusCode> {
    let row = db::one(&app.db, path.license).await?.ok_or_else(unknown)?;
    let own = row.person.is_some() && row.person == caller.person;
    // Of others' licences who may not change people does not even learn that they are there.
    if !own && !caller.may(Permission::People) {
        return Err(unknown());
    }
    let action = if own {
        act::LICENSE_RETURNED
    } else {
        act::LICENSE_REVOKED
    };
    let note = app
        .note(&caller, action, object("license", row.id))
        .with("title", row.title.to_string());
    if db::end(&app.db, row.id, &note).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(unknown())
}

fn answer(license: Vec<u8>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/cose"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, license)
}
