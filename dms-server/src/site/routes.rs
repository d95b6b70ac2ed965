//! Sites for administrators, and the control connection on the device listener.

use axum::Extension;
use axum::extract::{State, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use swarm::content::SiteId;
use swarm::site::{Cidr, MapError};
use swarm::wire::{MAX_CONTROL_FRAME, Peering};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Questions, Site, control, db, map_of, peering_name, reload, row_id};
use crate::audit::{Note, act, object};
use crate::auth::{NetworkAdmin, NetworkReader, Principal};
use crate::db::is_duplicate;
use crate::device::caller::Device;
use crate::extract::{Json, Path};
use crate::net::Slot;
use crate::page::Page;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// The longest name of a site, characters.
const NAME_MAX: usize = 100;

/// The most subnets of one site.
const SUBNETS_MAX: usize = 1_000;

/// The most sites.
const SITES_MAX: usize = 10_000;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
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
    /// Its WAN cap, bytes per second; 0 is none.
    #[serde(default)]
    pub wan_cap_bytes_per_second: u64,
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
    /// Its WAN cap, bytes per second; 0 is none.
    pub wan_cap_bytes_per_second: u64,
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
    SiteView {
        id: row_id(site.id),
        peers: app.sites.peers_of(site.id),
        name: site.name,
        subnets: site.subnets.iter().map(ToString::to_string).collect(),
        peering: site.peering,
        wan_cap_bytes_per_second: site.wan_cap,
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
    let sites = db::sites(&app.db).await?;
    let found = sites.into_iter().find(|site| row_id(site.id) == path.site);
    found.map(|site| Json(view(&app, site))).ok_or_else(no_site)
}

/// Makes a site.
#[utoipa::path(post, path = "/api/v1/sites", tag = "sites", security(("token" = ["network"])),
    responses((status = 201, body = SiteView), (status = 400, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn create_site(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Json(body): Json<SiteBody>,
) -> Result<impl IntoResponse> {
    let site = parse(SiteId(Uuid::now_v7().into_bytes()), body)?;
    check_against_others(&app, &site).await?;
    let note = told(&app, &caller, act::SITE_MADE, &site);
    db::add(&app.db, &site, &note).await.map_err(taken)?;
    reload(&app).await?;
    Ok((StatusCode::CREATED, Json(view(&app, site))))
}

/// Replaces a site; its peers are told at once.
#[utoipa::path(put, path = "/api/v1/sites/{site}", tag = "sites", params(SitePath),
    security(("token" = ["network"])),
    responses((status = 200, body = SiteView), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn replace_site(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Path(path): Path<SitePath>,
    Json(body): Json<SiteBody>,
) -> Result<Json<SiteView>> {
    let site = parse(SiteId(path.site.into_bytes()), body)?;
    check_against_others(&app, &site).await?;
    let note = told(&app, &caller, act::SITE_CHANGED, &site);
    if !db::update(&app.db, &site, &note).await.map_err(taken)? {
        return Err(no_site());
    }
    reload(&app).await?;
    Ok(Json(view(&app, site)))
}

/// Deletes a site; its peers stop peering at once.
#[utoipa::path(delete, path = "/api/v1/sites/{site}", tag = "sites", params(SitePath),
    security(("token" = ["network"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn delete_site(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Path(path): Path<SitePath>,
) -> Result<StatusCode> {
    let note = app.note(&caller, act::SITE_DELETED, object("site", path.site));
    if !db::delete(&app.db, path.site, &note).await? {
        return Err(no_site());
    }
    app.wan.forget(SiteId(path.site.into_bytes()));
    reload(&app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A row that says what the site is from now on.
fn told<'a>(app: &'a App, caller: &Principal, action: &'static str, site: &Site) -> Note<'a> {
    let subnets: Vec<String> = site.subnets.iter().map(ToString::to_string).collect();
    app.note(caller, action, object("site", row_id(site.id)))
        .with("name", site.name.as_str())
        .with("subnets", subnets.join(" "))
        .with("peering", peering_name(site.peering))
        .with("wan_cap", site.wan_cap)
}

fn no_site() -> Problem {
    Problem::not_found("site_not_found", "There is no such site.")
}

/// Another request took the name or a subnet between the check and the write.
fn taken(error: sqlx::Error) -> Problem {
    if is_duplicate(&error) {
        return Problem::conflict(
            "site_taken",
            "Another site has this name or one of the subnets.",
        );
    }
    error.into()
}

fn parse(id: SiteId, body: SiteBody) -> Result<Site> {
    let mut problem = Problem::invalid("invalid_site", "The site cannot be saved like this.");
    let name = body.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        let fix = format!("Give 1 to {NAME_MAX} printable characters.");
        problem = problem.at("/name", "length", fix);
    }
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
    })
}

/// Refuses a name or subnet that another site has. A subnet inside another one is fine: the
/// longer prefix wins.
async fn check_against_others(app: &App, site: &Site) -> Result<()> {
    let mut all = db::sites(&app.db).await?;
    all.retain(|other| other.id != site.id);
    if all.len() >= SITES_MAX {
        return Err(Problem::conflict(
            "too_many_sites",
            "There are too many sites already.",
        ));
    }
    if all.iter().any(|other| other.name == site.name) {
        return Err(
            Problem::conflict("site_taken", "Another site has this name.").at(
                "/name",
                "taken",
                "Choose another name.",
            ),
        );
    }
    all.push(site.clone());
    match map_of(&all) {
        Ok(_) => Ok(()),
        Err(MapError::Twice {
            subnet,
            first,
            second,
        }) => {
            let other = if first == site.id { second } else { first };
            let name = all
                .iter()
                .find(|s| s.id == other)
                .map_or("", |s| s.name.as_str());
            let index = site
                .subnets
                .iter()
                .position(|s| *s == subnet)
                .unwrap_or_default();
            Err(Problem::conflict(
                "subnet_overlap",
                format!("{subnet} belongs to the site {name} already."),
            )
            .at(
                format!("/subnets/{index}"),
                "overlap",
                format!("Remove it from {name} first, or give a smaller subnet."),
            ))
        }
        Err(error) => Err(Problem::conflict("too_many_subnets", error.to_string())),
    }
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
