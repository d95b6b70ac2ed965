//! `/api/v1/grants`: as RFC 8628 has it for the command line, as JSON for the page.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::code::UserCode;
use super::db::{self, Answer, Codes, GrantRow};
use super::{GRANT_MS, INTERVAL_S, NAME_MAX};
use crate::audit::{Actor, act, object};
use crate::auth::db::TokenRow;
use crate::auth::{Anyone, Principal, Roles, Secret, SecretHash, Viewer, secret::TOKEN_PREFIX};
use crate::db::is_duplicate;
use crate::extract::{Form, Json};
use crate::net::Remote;
use crate::people::signin::too_many;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// What the RFC calls this way of getting a token.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a device code begins with.
const DEVICE_PREFIX: &str = "dms_grant_";

/// How often a short code is drawn that is another's.
const TRIES: usize = 4;

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(token))
        .routes(routes!(look))
        .routes(routes!(answer))
}

/// What asks to be let in.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Ask {
    /// The program, for the person who is asked; 1 to 80 printable characters.
    pub client_id: String,
    /// The machine that it runs on; may be left out.
    pub device_name: String,
}

impl Ask {
    fn name(&self) -> Result<String> {
        let (program, machine) = (self.client_id.trim(), self.device_name.trim());
        let name = match machine {
            "" => program.to_owned(),
            machine => format!("{program} on {machine}"),
        };
        let fits = !program.is_empty()
            && name.chars().count() <= NAME_MAX
            && !name.chars().any(char::is_control);
        if fits {
            return Ok(name);
        }
        let problem = Problem::invalid("invalid_request", "Say which program asks.");
        let fix = format!("Give 1 to {NAME_MAX} printable characters, with `device_name`.");
        Err(problem.at("client_id", "length", fix))
    }
}

/// The codes, and where the short one goes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Asked {
    /// The long code: a secret of the command line.
    pub device_code: String,
    /// The short code, to be shown to the person.
    pub user_code: String,
    /// The page that takes it.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: String,
    /// Seconds that there are for it.
    pub expires_in: i64,
    /// Seconds between two asks for the token.
    pub interval: i64,
}

/// Asks a person to let a command line in (RFC 8628, section 3.1).
#[utoipa::path(post, path = "/api/v1/grants", tag = "session",
    request_body(content = Ask, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Asked), (status = 400, body = ProblemBody),
              (status = 429, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn ask(
    _: Anyone,
    State(app): State<App>,
    remote: Option<axum::Extension<Remote>>,
    Form(ask): Form<Ask>,
) -> Result<impl IntoResponse> {
    let name = ask.name()?;
    let from = remote.map(|remote| remote.0.addr.ip());
    if let Some(from) = from {
        let taken = app.people.grants.take(network(from), Instant::now());
        taken.map_err(too_many)?;
    }
    let device = Secret::draw(DEVICE_PREFIX);
    let user = add(&app, &waiting(&app, name, from), device.hash()).await?;
    let page = format!("{}/device", app.public_origin());
    let asked = Asked {
        device_code: device.reveal().to_owned(),
        verification_uri_complete: format!("{page}?code={}", user.shown()),
        user_code: user.shown(),
        verification_uri: page,
        expires_in: GRANT_MS / 1000,
        interval: INTERVAL_S,
    };
    Ok((NO_STORE, Json(asked)))
}

const NO_STORE: AppendHeaders<[(header::HeaderName, &str); 1]> =
    AppendHeaders([(header::CACHE_CONTROL, "no-store")]);

pub(super) fn waiting(app: &App, name: String, from: Option<IpAddr>) -> GrantRow {
    let now = app.clock.now_ms();
    GrantRow {
        id: Uuid::now_v7(),
        name,
        address: from.map(|from| from.to_string()).unwrap_or_default(),
        state: "asked".to_owned(),
        person_id: None,
        person: None,
        roles: String::new(),
        interval_s: INTERVAL_S,
        polled_ms: 0,
        created_ms: now,
        expires_ms: now + GRANT_MS,
    }
}

pub(super) async fn add(app: &App, row: &GrantRow, device: SecretHash) -> Result<UserCode> {
    let mut tries = 1;
    loop {
        let user = UserCode::draw();
        let codes = Codes {
            device,
            user: app.current_kek().await?.short_code_hash(user.as_bytes()),
        };
        match db::add(&app.db, row, codes).await {
            Ok(true) => return Ok(user),
            Ok(false) => {
                return Err(Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too_many_grants",
                    "Too many programs wait to be let in. Try again in ten minutes.",
                ));
            }
            Err(error) if is_duplicate(&error) && tries < TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// What counts as one asker: an IPv4 address, or the IPv6 network that one customer has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

/// Asks for the token.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Poll {
    /// `urn:ietf:params:oauth:grant-type:device_code`.
    grant_type: String,
    /// The long code.
    device_code: String,
}

/// The token (RFC 6749, section 5.1).
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Granted {
    /// The token's secret; only here.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// Seconds that it lasts.
    pub expires_in: i64,
    /// Its roles, separated by spaces.
    pub scope: String,
    /// Its id, for revoking.
    pub token_id: Uuid,
}

/// Why there is no token (yet) (RFC 8628, section 3.5).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotGranted {
    /// `authorization_pending`, `slow_down`, `access_denied`, `expired_token`, `invalid_grant` or `unsupported_grant_type`.
    pub error: String,
    /// One sentence for people.
    pub error_description: String,
}

impl NotGranted {
    fn answer(error: &str, why: &str) -> Response {
        let body = Self {
            error: error.to_owned(),
            error_description: why.to_owned(),
        };
        (StatusCode::BAD_REQUEST, NO_STORE, Json(body)).into_response()
    }
}

/// Asks whether the person approved (RFC 8628, section 3.4), and gets the token once.
#[utoipa::path(post, path = "/api/v1/grants/token", tag = "session",
    request_body(content = Poll, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Granted), (status = 400, body = NotGranted)))]
async fn token(_: Anyone, State(app): State<App>, Form(poll): Form<Poll>) -> Result<Response> {
    if poll.grant_type != GRANT_TYPE {
        let why = format!("Send grant_type={GRANT_TYPE} and the device_code.");
        return Ok(NotGranted::answer("unsupported_grant_type", &why));
    }
    let unknown = || {
        let why = "This code is unknown or was used. Ask for another one.";
        NotGranted::answer("invalid_grant", why)
    };
    let row = match Secret::presented(&poll.device_code) {
        Some(device) => db::of_device(&app.db, device.hash()).await?,
        None => None,
    };
    let Some(row) = row else {
        return Ok(unknown());
    };
    let now = app.clock.now_ms();
    if row.expires_ms <= now {
        let why = "Nobody answered in time. Ask for another code.";
        return Ok(NotGranted::answer("expired_token", why));
    }
    match (row.state.as_str(), row.person_id) {
        ("approved", Some(person)) => Ok(trade(&app, &row, person).await?.unwrap_or_else(unknown)),
        ("refused", _) => {
            let why = "The person refused.";
            Ok(NotGranted::answer("access_denied", why))
        }
        _ if db::polled(&app.db, &row, now).await? => {
            let why = "Ask less often: five more seconds between two asks from now on.";
            Ok(NotGranted::answer("slow_down", why))
        }
        _ => {
            let why = "Nobody has answered yet.";
            Ok(NotGranted::answer("authorization_pending", why))
        }
    }
}

async fn trade(app: &App, grant: &GrantRow, person: Uuid) -> Result<Option<Response>> {
    let secret = Secret::draw(TOKEN_PREFIX);
    let now = app.clock.now_ms();
    let lasts_s = i64::from(app.config.people.login_days.max(1)) * 24 * 3600;
    let token = TokenRow {
        id: Uuid::now_v7(),
        name: grant.name.clone(),
        roles: grant.roles.clone(),
        person_id: Some(person),
        created_ms: now,
        expires_ms: Some(now.saturating_add(lasts_s * 1000)),
    };
    let actor = Actor::person(person, grant.person.as_deref().unwrap_or_default());
    let note = app
        .note(actor, act::TOKEN_MADE, object("token", token.id))
        .with("name", token.name.as_str())
        .with("roles", token.roles.as_str())
        .with("by", "grant")
        .with("grant", grant.id.to_string());
    if !db::trade(&app.db, grant.id, &token, secret.hash(), &note).await? {
        return Ok(None);
    }
    let granted = Granted {
        access_token: secret.reveal().to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: lasts_s,
        scope: token.roles,
        token_id: token.id,
    };
    Ok(Some((NO_STORE, Json(granted)).into_response()))
}

/// A short code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// As it was typed.
    user_code: String,
}

/// What asks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Asking {
    /// What it calls itself.
    pub name: String,
    /// The address that it asks from.
    pub address: String,
    /// The code, to be compared with what it shows.
    pub user_code: String,
    /// When it asked, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Until when it waits.
    pub expires_ms: i64,
    /// The roles that it would get.
    pub roles: Roles,
}

/// A person with a session of their own. What a token may do already it does not hand on to others.
fn person(caller: &Principal) -> Result<Uuid> {
    match (caller.person, caller.session, caller.token) {
        (Some(person), Some(_), None) => Ok(person),
        _ => Err(Problem::conflict(
            "no_account",
            "Only who is signed in with an account of their own lets a program in.",
        )),
    }
}

async fn find(app: &App, person: Uuid, typed: &str) -> Result<(UserCode, GrantRow)> {
    let tries = app.people.short_codes.take(person, Instant::now());
    tries.map_err(too_many)?;
    let code = UserCode::typed(typed);
    let found = match &code {
        Some(code) => {
            // A code of before a rotation is not found: whoever asks asks again.
            let kek = app.current_kek().await?;
            let hash = kek.short_code_hash(code.as_bytes());
            db::waiting(&app.db, hash, app.clock.now_ms()).await?
        }
        None => None,
    };
    let found = code.zip(found).ok_or_else(nothing)?;
    app.people.short_codes.give_back(&person);
    Ok(found)
}

fn nothing() -> Problem {
    Problem::not_found(
        "grant_not_found",
        "Nothing waits with this code. Look at it again; it is good for ten minutes, once.",
    )
}

/// What waits with this code.
#[utoipa::path(post, path = "/api/v1/grants/look", tag = "session", security(("token" = ["watch"])),
    responses((status = 200, body = Asking), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody), (status = 429, body = ProblemBody)))]
async fn look(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Json(look): Json<Look>,
) -> Result<Json<Asking>> {
    let (code, row) = find(&app, person(&caller)?, &look.user_code).await?;
    Ok(Json(Asking {
        name: row.name,
        address: row.address,
        user_code: code.shown(),
        created_ms: row.created_ms,
        expires_ms: row.expires_ms,
        roles: caller.roles,
    }))
}

/// A person's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The code, as it was typed.
    user_code: String,
    /// Whether it may act for the person from now on.
    approve: bool,
}

/// Lets what waits with this code in, with a token of the person who answers, or refuses it.
#[utoipa::path(post, path = "/api/v1/grants/answer", tag = "session", security(("token" = ["watch"])),
    responses((status = 204), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody), (status = 429, body = ProblemBody)))]
async fn answer(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Json(decision): Json<Decision>,
) -> Result<StatusCode> {
    let person = person(&caller)?;
    let (_, row) = find(&app, person, &decision.user_code).await?;
    let roles = caller.roles.to_string();
    let action = if decision.approve {
        act::GRANT_APPROVED
    } else {
        act::GRANT_REFUSED
    };
    let note = app
        .note(&caller, action, object("grant", row.id))
        .with("name", row.name.as_str())
        .with("address", row.address.as_str());
    let answer = Answer {
        person,
        roles: decision.approve.then_some(roles.as_str()),
    };
    if db::answer(&app.db, row.id, answer, &note).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(nothing())
}
