//! Sites for administrators, and the control connection on the device listener.

use axum::Extension;
use axum::extract::{State, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use swarm::content::SiteId;
use swarm::site::Cidr;
use swarm::wire::{MAX_CONTROL_FRAME, Peering};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::change::{self, Edit};
use super::hours::Hours;
use super::hours::view::WanHours;
use super::{Questions, Site, control, db, proposal, row_id, sheet};
use crate::auth::{NetworkAdmin, NetworkReader};
use crate::device::caller::Device;
use crate::extract::{Json, Path};
use crate::net::Slot;
use crate::page::Page;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// The longest name of a site, characters.
pub(super) const NAME_MAX: usize = 100;

/// The most subnets of one site.
const SUBNETS_MAX: usize = 1_000;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(change::routes::routes())
        .merge(sheet::routes::routes())
        .merge(proposal::routes::routes())
        .routes(routes!(list_sites, create_site))
        .routes(routes!(get_site, replace_site, delete_site))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(connect))
}

/// A site to be made or to replace one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteBody {
    /// Its name, unique.
    pub name: String,
    /// Its subnets, such as `10.20.0.0/16`.
    #[serde(default)]
    pub subnets: Vec<String>,
    /// `on`, `consume_only` or `off`.
    #[serde(default = "on")]
    #[schema(value_type = String)]
    pub peering: Peering,
    /// Its WAN cap outside of `wan_hours`, bytes per second; 0 is none.
    #[serde(default)]
    pub wan_cap_bytes_per_second: u64,
    /// Hours of the week in which another cap holds.
    #[serde(default)]
    pub wan_hours: WanHours,
}

const fn on() -> Peering {
    Peering::On
}

/// A site.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SiteView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// `on`, `consume_only` or `off`.
    #[schema(value_type = String)]
    pub peering: Peering,
    /// Its WAN cap outside of `wan_hours`, bytes per second; 0 is none.
    pub wan_cap_bytes_per_second: u64,
    /// Hours of the week in which another cap holds.
    pub wan_hours: WanHours,
    /// The cap that holds now, bytes per second; 0 is none.
    pub wan_cap_now_bytes_per_second: u64,
    /// Connected peers.
    pub peers: usize,
    /// Payload bytes the origin sent to its addresses since the server started.
    pub origin_bytes: u64,
    /// Bytes of the distinct chunks among them.
    pub distinct_bytes: u64,
    /// `origin_bytes` / `distinct_bytes`: 1.0 is each chunk once.
    pub wan_copies: f64,
}

fn view(app: &App, site: Site) -> SiteView {
    let sent = app.wan.of(site.id);
    let cap_now = site.cap_at(app.clock.now_ms());
    SiteView {
        id: row_id(site.id),
        peers: app.sites.peers_of(site.id),
        name: site.name,
        subnets: site.subnets.iter().map(ToString::to_string).collect(),
        peering: site.peering,
        wan_cap_bytes_per_second: site.wan_cap,
        wan_cap_now_bytes_per_second: cap_now,
        wan_hours: WanHours::of(&site.hours),
        origin_bytes: sent.bytes,
        distinct_bytes: sent.distinct_bytes,
        wan_copies: sent.copies(),
    }
}

/// Lists the sites by name.
#[utoipa::path(get, path = "/api/v1/sites", tag = "sites", security(("token" = ["read_network"])),
    responses((status = 200, body = Page<SiteView>)))]
async fn list_sites(_: NetworkReader, State(app): State<App>) -> Result<Json<Page<SiteView>>> {
    let sites = db::sites(&app.db).await?;
    let items = sites.into_iter().map(|site| view(&app, site)).collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Which site.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SitePath {
    /// The site's id.
    site: Uuid,
}

/// One site.
#[utoipa::path(get, path = "/api/v1/sites/{site}", tag = "sites", params(SitePath),
    security(("token" = ["read_network"])),
    responses((status = 200, body = SiteView), (status = 404, body = ProblemBody)))]
async fn get_site(
    _: NetworkReader,
    State(app): State<App>,
    Path(path): Path<SitePath>,
) -> Result<Json<SiteView>> {
    Ok(Json(view(&app, one(&app, path.site).await?)))
}

/// Says which change it was, so that it can be taken back.
const CHANGE: HeaderName = HeaderName::from_static("dms-change");

/// The header that names a change.
pub(super) fn change_header(change: Uuid) -> [(HeaderName, String); 1] {
    [(CHANGE, change.to_string())]
}

/// Makes a site.
#[utoipa::path(post, path = "/api/v1/sites", tag = "sites", security(("token" = ["network"])),
    responses((status = 201, body = SiteView, headers(("dms-change" = String))),
              (status = 400, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn create_site(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Json(body): Json<SiteBody>,
) -> Result<impl IntoResponse> {
    let site = parse(SiteId(Uuid::now_v7().into_bytes()), body)?;
    let summary = format!("{} made", site.name);
    let change = change::make(&app, &caller, &summary, &put(&site)).await?;
    let made = Json(view(&app, site));
    Ok((StatusCode::CREATED, change_header(change), made))
}

/// Replaces a site; its peers are told at once.
#[utoipa::path(put, path = "/api/v1/sites/{site}", tag = "sites", params(SitePath),
    security(("token" = ["network"])),
    responses((status = 200, body = SiteView, headers(("dms-change" = String))),
              (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn replace_site(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Path(path): Path<SitePath>,
    Json(body): Json<SiteBody>,
) -> Result<impl IntoResponse> {
    let site = parse(SiteId(path.site.into_bytes()), body)?;
    let old = one(&app, path.site).await?;
    let summary = format!("{} changed", old.name);
    let change = change::make(&app, &caller, &summary, &put(&site)).await?;
    Ok((change_header(change), Json(view(&app, site))))
}

/// Deletes a site; its peers stop peering at once.
#[utoipa::path(delete, path = "/api/v1/sites/{site}", tag = "sites", params(SitePath),
    security(("token" = ["network"])),
    responses((status = 204, headers(("dms-change" = String))), (status = 404, body = ProblemBody)))]
async fn delete_site(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Path(path): Path<SitePath>,
) -> Result<impl IntoResponse> {
    let old = one(&app, path.site).await?;
    let edit = Edit {
        put: Vec::new(),
        delete: vec![old.id],
    };
    let summary = format!("{} deleted", old.name);
    let change = change::make(&app, &caller, &summary, &edit).await?;
    Ok((StatusCode::NO_CONTENT, change_header(change)))
}

fn put(site: &Site) -> Edit {
    Edit {
        put: vec![site.clone()],
        delete: Vec::new(),
    }
}

async fn one(app: &App, id: Uuid) -> Result<Site> {
    let sites = db::sites(&app.db).await?;
    let found = sites.into_iter().find(|site| row_id(site.id) == id);
    found.ok_or_else(no_site)
}

fn no_site() -> Problem {
    Problem::not_found("site_not_found", "There is no such site.")
}

/// A site's name without blanks around it.
///
/// # Errors
/// When it is empty, too long or has control characters.
pub(super) fn check_name(name: &str) -> Result<String> {
    let name = name.trim();
    let long = name.chars().count() > NAME_MAX;
    if name.is_empty() || long || name.chars().any(char::is_control) {
        let fix = format!("Give 1 to {NAME_MAX} printable characters.");
        let problem = Problem::invalid("invalid_site", "The site cannot be saved like this.");
        return Err(problem.at("/name", "length", fix));
    }
    Ok(name.to_owned())
}

fn parse(id: SiteId, body: SiteBody) -> Result<Site> {
    let mut problem = Problem::invalid("invalid_site", "The site cannot be saved like this.");
    let name = check_name(&body.name).unwrap_or_else(|wrong| {
        problem.errors.extend(wrong.errors);
        String::new()
    });
    if body.subnets.len() > SUBNETS_MAX {
        let fix = format!("Give at most {SUBNETS_MAX} subnets; merge neighbours.");
        return Err(problem.at("/subnets", "too_many", fix));
    }
    if i64::try_from(body.wan_cap_bytes_per_second).is_err() {
        problem = problem.at("/wan_cap_bytes_per_second", "range", "Give 0 for no cap.");
    }
    let mut subnets: Vec<Cidr> = Vec::with_capacity(body.subnets.len());
    for (index, text) in body.subnets.iter().enumerate() {
        let pointer = format!("/subnets/{index}");
        match text.trim().parse() {
            Ok(subnet) if subnets.contains(&subnet) => {
                problem = problem.at(pointer, "repeated", "Name each subnet once.");
            }
            Ok(subnet) => subnets.push(subnet),
            Err(error) => {
                let fix = swarm::site::CidrError::to_string(&error);
                problem = problem.at(pointer, "invalid_subnet", fix);
            }
        }
    }
    let hours = match body.wan_hours.read() {
        Ok(hours) => hours,
        Err((pointer, code, fix)) => {
            problem = problem.at(format!("/wan_hours{pointer}"), code, fix);
            Hours::default()
        }
    };
    if !problem.errors.is_empty() {
        return Err(problem);
    }
    let SiteBody {
        peering,
        wan_cap_bytes_per_second: wan_cap,
        ..
    } = body;
    Ok(Site {
        id,
        name,
        subnets,
        peering,
        wan_cap,
        hours,
    })
}

/// Bytes read from a control connection at once: what a peer says is small.
const READ_BUFFER: usize = 1 << 10;

/// Opens the control connection: a WebSocket with binary frames.
#[utoipa::path(get, path = "/v1/control", tag = "device listener", responses((status = 101)))]
async fn connect(
    device: Device,
    State(app): State<App>,
    Extension(slot): Extension<Slot>,
    Extension(questions): Extension<Questions>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let limited = upgrade
        // Every connection keeps a buffer of this size, and clears it for every read.
        .read_buffer_size(READ_BUFFER)
        .max_message_size(MAX_CONTROL_FRAME)
        .max_frame_size(MAX_CONTROL_FRAME);
    let tasks = app.tasks.clone();
    limited.on_upgrade(move |socket| {
        // Tracked, so that a stopping server says goodbye before it ends.
        tasks.track_future(async move {
            control::run(app, device, questions, socket).await;
            drop(slot);
        })
    })
}
