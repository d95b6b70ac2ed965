//! Enrolment, the list of devices, revocation; renewal on the device listener.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use swarm::content::DeviceId;
use swarm::wire::{Sharing, TransferTotals};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::caller::Device;
use super::enroll::{self, TOKEN_PREFIX};
use super::{DeviceKind, clock, db, device_id};
use crate::audit::{act, object};
use crate::auth::{Anyone, DeviceAdmin, DeviceReader, Secret};
use crate::events::{Event, List};
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::site::hub::PeerStatus;
use crate::state::App;

/// The longest life of an enrolment token that nobody asked more of, seconds.
const TOKEN_TTL_USUAL_S: u32 = quarter_hour();

/// The longest life of any enrolment token, seconds: a roll-out over a week.
const TOKEN_TTL_MAX_S: u32 = 7 * 24 * 3600;

/// The most devices one enrolment token takes.
const TOKEN_USES_MAX: u32 = 100_000;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(enroll_device))
        .routes(routes!(create_enrollment_token))
        .routes(routes!(list_devices))
        .routes(routes!(revoke_device))
        .routes(routes!(list_reports))
        .routes(routes!(pardon_device))
        .routes(routes!(clear_watch))
        .routes(routes!(trust))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(renew))
}

/// A device that enrols.
#[derive(Deserialize, ToSchema)]
pub struct EnrollBody {
    /// The enrolment token.
    token: String,
    /// PKCS#10 request for an EC P-256 key. Its names are ignored.
    csr_pem: String,
    /// What people call the device.
    name: String,
    /// What runs on it.
    kind: DeviceKind,
    /// How well it keeps its key, such as `software`.
    #[serde(default)]
    key_level: Option<String>,
}

/// An enrolled device's credentials.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Enrolled {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub device_id: DeviceId,
    /// Its certificate.
    pub certificate_pem: String,
    /// The authority that peers' and the device listener's certificates come from.
    pub ca_pem: String,
    /// The device listener.
    pub device_url: String,
    /// The origins whose pages may use the agent.
    pub portal_origins: Vec<String>,
    /// The company.
    pub tenant: String,
    /// Ed25519 keys that manifests are accepted from, hex.
    pub manifest_keys: Vec<String>,
    /// Ed25519 keys that licences are accepted from, hex.
    pub license_keys: Vec<String>,
}

/// Enrols a device.
#[utoipa::path(post, path = "/api/v1/devices/enroll", tag = "devices",
    responses((status = 200, body = Enrolled), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody)))]
async fn enroll_device(
    _: Anyone,
    State(app): State<App>,
    Json(body): Json<EnrollBody>,
) -> Result<Json<Enrolled>> {
    let token = Secret::presented(body.token.trim()).ok_or_else(|| {
        Problem::invalid("invalid_token", "This is not an enrolment token.").at(
            "/token",
            "invalid_token",
            format!("Give the token that begins with {TOKEN_PREFIX}."),
        )
    })?;
    let level = body.key_level.as_deref();
    let (device_id, certificate_pem) =
        enroll::enroll(&app, &token, &body.csr_pem, &body.name, body.kind, level).await?;
    app.events.emit(Event::ListChanged(List::Devices));
    let Trust {
        tenant,
        manifest_keys,
        license_keys,
    } = trusted(&app);
    Ok(Json(Enrolled {
        device_id,
        certificate_pem,
        ca_pem: app.ca.pem().to_owned(),
        device_url: app.device_url.clone(),
        portal_origins: vec![app.public_origin().to_owned()],
        tenant,
        manifest_keys,
        license_keys,
    }))
}

/// A certificate to be renewed.
#[derive(Deserialize, ToSchema)]
pub struct RenewBody {
    /// PKCS#10 request for the same or a new EC P-256 key.
    csr_pem: String,
    /// How well it keeps this key, such as `software`.
    #[serde(default)]
    key_level: Option<String>,
}

/// The next certificate.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Renewed {
    /// It, PEM.
    pub certificate_pem: String,
}

/// Renews the calling device's certificate.
#[utoipa::path(post, path = "/v1/renew", tag = "device listener",
    responses((status = 200, body = Renewed), (status = 400, body = ProblemBody)))]
async fn renew(
    device: Device,
    State(app): State<App>,
    Json(body): Json<RenewBody>,
) -> Result<Json<Renewed>> {
    let level = body.key_level.as_deref();
    let certificate_pem = enroll::renew(&app, device.id, &body.csr_pem, level).await?;
    Ok(Json(Renewed { certificate_pem }))
}

/// The keys this installation signs with.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Trust {
    /// The company.
    pub tenant: String,
    /// Ed25519 keys that manifests are accepted from, hex.
    pub manifest_keys: Vec<String>,
    /// Ed25519 keys that licences are accepted from, hex.
    pub license_keys: Vec<String>,
}

/// The keys that manifests and licences are checked with.
#[utoipa::path(get, path = "/api/v1/trust", tag = "devices",
    responses((status = 200, body = Trust)))]
async fn trust(_: Anyone, State(app): State<App>) -> Json<Trust> {
    Json(trusted(&app))
}

fn trusted(app: &App) -> Trust {
    Trust {
        tenant: app.config.keys.tenant.clone(),
        manifest_keys: app
            .keys
            .manifest_keys()
            .iter()
            .map(|k| hex::encode(k.as_bytes()))
            .collect(),
        license_keys: app
            .keys
            .license_keys()
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

/// An enrolment token to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnrollmentToken {
    /// How many devices may use it.
    #[serde(default = "one")]
    pub uses: u32,
    /// Seconds it lasts: 900 at most, unless `long_lived` says that more is meant.
    #[serde(default = "quarter_hour")]
    pub ttl_seconds: u32,
    /// It may last up to a week: whoever gets hold of it until then can enrol devices.
    #[serde(default)]
    pub long_lived: bool,
}

const fn one() -> u32 {
    1
}

const fn quarter_hour() -> u32 {
    900
}

/// An enrolment token; its secret is in this answer and nowhere else.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EnrollmentToken {
    /// The secret.
    pub token: String,
    /// When it ends, milliseconds since the Unix epoch.
    pub expires_ms: i64,
    /// What to mind; null is nothing.
    pub warning: Option<String>,
}

/// Makes an enrolment token.
#[utoipa::path(post, path = "/api/v1/enrollment-tokens", tag = "devices",
    security(("token" = ["devices"])),
    responses((status = 201, body = EnrollmentToken), (status = 400, body = ProblemBody)))]
async fn create_enrollment_token(
    DeviceAdmin(caller): DeviceAdmin,
    State(app): State<App>,
    Json(new): Json<NewEnrollmentToken>,
) -> Result<impl IntoResponse> {
    check_token(&new)?;
    let long_lived = new.ttl_seconds > TOKEN_TTL_USUAL_S;
    let now = app.clock.now_ms();
    let expires_ms = now + i64::from(new.ttl_seconds) * 1000;
    let secret = Secret::draw(TOKEN_PREFIX);
    let uses = i64::from(new.uses);
    let id = Uuid::now_v7();
    let note = app
        .note(
            &caller,
            act::ENROLLMENT_TOKEN_MADE,
            object("enrollment_token", id),
        )
        .with("uses", uses)
        .with("expires_ms", expires_ms)
        .with("long_lived", long_lived);
    let made = db::NewToken {
        id,
        hash: secret.hash(),
        uses,
        created_by: &caller.subject,
        expires_ms,
    };
    db::add_token(&app.db, &made, &note).await?;
    let token = EnrollmentToken {
        token: secret.reveal().to_owned(),
        expires_ms,
        warning: long_lived.then(|| LONG_LIVED.to_owned()),
    };
    Ok((StatusCode::CREATED, Json(token)))
}

/// What whoever makes a long-lived token is told.
const LONG_LIVED: &str = "Whoever gets hold of this token can enrol devices until it ends. Keep it out of mails \
     and scripts that others read; a token of 15 minutes for each roll-out is safer.";

fn check_token(new: &NewEnrollmentToken) -> Result<()> {
    let wrong = |field: &str, fix: String| {
        let problem = Problem::invalid("invalid_token", "The token cannot be made like this.");
        Err(problem.at(field, "range", fix))
    };
    if new.uses == 0 || new.uses > TOKEN_USES_MAX {
        return wrong("/uses", format!("Give 1 to {TOKEN_USES_MAX}."));
    }
    if new.ttl_seconds == 0 || new.ttl_seconds > TOKEN_TTL_MAX_S {
        return wrong("/ttl_seconds", format!("Give 1 to {TOKEN_TTL_MAX_S}."));
    }
    if new.ttl_seconds > TOKEN_TTL_USUAL_S && !new.long_lived {
        let fix = format!(
            "Give at most {TOKEN_TTL_USUAL_S}, or say \"long_lived\": true (dms admin enroll-token --long-lived)."
        );
        return wrong("/ttl_seconds", fix);
    }
    Ok(())
}

/// A device as administrators see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    /// Its id.
    pub id: Uuid,
    /// What it called itself.
    pub name: String,
    /// `edge_peer` or `player`.
    pub kind: String,
    /// `online`, `offline` or `revoked`.
    pub state: String,
    /// When it enrolled, milliseconds since the Unix epoch.
    pub enrolled_ms: i64,
    /// End of its newest certificate.
    pub certificate_expires_ms: i64,
    /// How well it keeps its key, in its own words: `software` is a file. Null: it does not say.
    pub key_level: Option<String>,
    /// What it said on its control connection; null when it has none.
    pub peer: Option<PeerView>,
    /// What others reported of it since it was pardoned last; null is nothing. Who reported it asks it no more.
    pub reported: Option<ReportedView>,
    /// When it was pardoned last; null is never.
    pub pardoned_ms: Option<i64>,
}

/// What others reported of a device.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReportedView {
    /// Chunks that it sent wrong bytes for.
    pub reports: i64,
    /// Devices that say so. One device's word may be wrong; nobody else acts on it.
    pub reporters: i64,
    /// When the newest was reported, milliseconds since the Unix epoch.
    pub last_ms: i64,
}

/// A connected peer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PeerView {
    /// Its site; null is none, and no peering.
    pub site: Option<Uuid>,
    /// Its chunk listener.
    pub listen: String,
    /// Its version.
    pub agent: String,
    /// Whether it gives, and if not, why.
    #[schema(value_type = String)]
    pub sharing: Sharing,
    /// Its share of homes, 0 to 100.
    pub weight: u32,
    /// Bytes taken from the origin since it started.
    pub from_origin_bytes: u64,
    /// Bytes taken from peers since it started.
    pub from_peers_bytes: u64,
    /// Bytes given to peers since it started.
    pub to_peers_bytes: u64,
    /// Bytes in its cache.
    pub cached_bytes: u64,
}

impl PeerView {
    fn of(status: PeerStatus) -> Self {
        let TransferTotals {
            from_origin,
            from_peers,
            to_peers,
            cached,
        } = status.totals;
        Self {
            site: status.site.map(|site| Uuid::from_bytes(site.0)),
            listen: status.listen,
            agent: status.agent,
            sharing: status.sharing,
            weight: status.weight,
            from_origin_bytes: from_origin,
            from_peers_bytes: from_peers,
            to_peers_bytes: to_peers,
            cached_bytes: cached,
        }
    }
}

/// Which devices.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeviceQuery {
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<Uuid>,
    /// Items, 1 to 500.
    limit: Option<u16>,
    /// `true`: only devices that somebody bans for wrong bytes and that were not pardoned since.
    #[serde(default)]
    banned: bool,
}

/// Lists the devices, newest first.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", params(DeviceQuery),
    security(("token" = ["read_devices"])), responses((status = 200, body = Page<DeviceView>)))]
async fn list_devices(
    _: DeviceReader,
    State(app): State<App>,
    Query(query): Query<DeviceQuery>,
) -> Result<Json<Page<DeviceView>>> {
    let DeviceQuery {
        cursor,
        limit,
        banned,
    } = query;
    let page = PageQuery { cursor, limit };
    let rows = db::list(&app.db, cursor, banned, page.fetch()).await?;
    Ok(Json(page.page(
        rows,
        |row| row.device.id,
        |row| device_view(&app, row),
    )))
}

fn device_view(app: &App, row: db::ReportedRow) -> DeviceView {
    let reported = row.reported_ms.map(|last_ms| ReportedView {
        reports: row.reports,
        reporters: row.reporters,
        last_ms,
    });
    let (pardoned_ms, row) = (row.pardoned_ms, row.device);
    let peer = app.sites.peer(device_id(row.id));
    let state = match (row.revoked_ms, &peer) {
        (Some(_), _) => "revoked",
        (None, Some(_)) => "online",
        (None, None) => "offline",
    };
    DeviceView {
        id: row.id,
        name: row.name,
        kind: row.kind,
        state: state.to_owned(),
        enrolled_ms: row.enrolled_ms,
        certificate_expires_ms: row.expires_ms,
        key_level: row.key_level,
        peer: peer.map(PeerView::of),
        reported,
        pardoned_ms,
    }
}

/// Which device.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DevicePath {
    /// The device's id.
    device: Uuid,
}

/// Revokes a device: it leaves its roster and is refused at once.
#[utoipa::path(delete, path = "/api/v1/devices/{device}", tag = "devices", params(DevicePath),
    security(("token" = ["devices"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn revoke_device(
    DeviceAdmin(caller): DeviceAdmin,
    State(app): State<App>,
    Path(path): Path<DevicePath>,
) -> Result<StatusCode> {
    let note = app.note(&caller, act::DEVICE_REVOKED, object("device", path.device));
    if !db::revoke(&app.db, path.device, &note).await? {
        return Err(no_device());
    }
    let device = device_id(path.device);
    app.known.forget(device);
    app.sites.revoke(device);
    app.events.emit(Event::ListChanged(List::Devices));
    tracing::info!(device.id = %device, "device revoked");
    Ok(StatusCode::NO_CONTENT)
}

/// Reports that are shown at once.
const REPORTS_MAX: i64 = 500;

/// A report that a device sent wrong bytes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReportView {
    /// The device that says so.
    pub reporter: Uuid,
    /// What it is called; null when it is gone.
    pub reporter_name: Option<String>,
    /// The chunk that was asked for: the SHA-256 of its bytes.
    pub chunk: String,
    /// The SHA-256 of the bytes that came.
    pub got: String,
    /// When it was said, milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// The newest 500 reports that a device sent wrong bytes, pardoned ones too.
#[utoipa::path(get, path = "/api/v1/devices/{device}/reports", tag = "devices", params(DevicePath),
    security(("token" = ["read_devices"])),
    responses((status = 200, body = Page<ReportView>), (status = 404, body = ProblemBody)))]
async fn list_reports(
    _: DeviceReader,
    State(app): State<App>,
    Path(path): Path<DevicePath>,
) -> Result<Json<Page<ReportView>>> {
    if !db::exists(&app.db, path.device).await? {
        return Err(no_device());
    }
    let rows = db::reports(&app.db, path.device, REPORTS_MAX).await?;
    let view = |row: db::ReportRow| ReportView {
        reporter: row.reporter,
        reporter_name: row.reporter_name,
        chunk: hex::encode(row.chunk),
        got: hex::encode(row.got),
        at_ms: row.at_ms,
    };
    Ok(Json(Page {
        items: rows.into_iter().map(view).collect(),
        next_cursor: None,
    }))
}

/// Pardons a device for the wrong bytes that were reported until now: peers are told to ask it again. The
/// next wrong bytes ban it again.
#[utoipa::path(post, path = "/api/v1/devices/{device}/pardon", tag = "devices", params(DevicePath),
    security(("token" = ["devices"])),
    responses((status = 204), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn pardon_device(
    DeviceAdmin(caller): DeviceAdmin,
    State(app): State<App>,
    Path(path): Path<DevicePath>,
) -> Result<StatusCode> {
    let now_ms = app.clock.now_ms();
    let note = app.note(&caller, act::DEVICE_PARDONED, object("device", path.device));
    if !db::pardon(&app.db, path.device, &caller.subject, now_ms, &note).await? {
        if db::active(&app.db, path.device).await?.is_some() {
            let detail = "Nobody reported wrong bytes of this device since it was pardoned last.";
            return Err(Problem::conflict("not_banned", detail));
        }
        if db::exists(&app.db, path.device).await? {
            let detail = "The device was revoked. Enrol it again.";
            return Err(Problem::conflict("revoked", detail));
        }
        return Err(no_device());
    }
    app.sites.pardon(super::pardon(path.device, now_ms));
    app.events.emit(Event::ListChanged(List::Devices));
    tracing::info!(device.id = %path.device, by = %caller.subject, "device pardoned");
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets what a device's watch said: it gets licences for offline use again, and begins anew. For an administrator who
/// knows why it went back, such as a restored backup or a new disk.
#[utoipa::path(delete, path = "/api/v1/devices/{device}/watch", tag = "devices", params(DevicePath),
    security(("token" = ["devices"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn clear_watch(
    DeviceAdmin(caller): DeviceAdmin,
    State(app): State<App>,
    Path(path): Path<DevicePath>,
) -> Result<StatusCode> {
    let note = app.note(&caller, act::WATCH_CLEARED, object("device", path.device));
    if clock::db::clear(&app.db, path.device, &note).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    if db::exists(&app.db, path.device).await? {
        let detail = "This device never played without contact.";
        return Err(Problem::not_found("no_watch", detail));
    }
    Err(no_device())
}

fn no_device() -> Problem {
    Problem::not_found("device_not_found", "There is no such device.")
}
