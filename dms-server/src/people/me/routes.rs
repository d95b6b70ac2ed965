//! `/api/v1/me`: one's own password and one-time codes.

use std::time::Instant;

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::super::db::{self, PersonRow, Proof};
use super::super::{password, signin, totp};
use crate::audit::{act, object};
use crate::auth::routes::cookie;
use crate::auth::{Principal, SESSION_MS, Secret, SignedIn};
use crate::extract::Json;
use crate::keys::{KekError, rotation::TRIES};
use crate::net::Remote;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(change_password))
        .routes(routes!(draw_codes))
        .routes(routes!(prove_codes))
}

/// The person that calls with a session of their own. A token may be stolen from a script: it changes neither
/// password nor codes.
async fn person(app: &App, caller: &Principal) -> Result<PersonRow> {
    let person = match (caller.person, caller.session, caller.token) {
        (Some(id), Some(_), None) => db::one(&app.db, id).await?,
        _ => None,
    };
    person.ok_or_else(|| {
        let detail = "Only who is signed in with a name and a password has this to change.";
        Problem::conflict("no_account", detail)
    })
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The one that is used now.
    old: String,
    /// The next one, at least 12 characters.
    new: String,
}

/// Changes one's own password, and ends one's other sessions.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "people",
    security(("token" = ["signed_in"])),
    responses((status = 204), (status = 400, body = ProblemBody), (status = 409, body = ProblemBody),
              (status = 429, body = ProblemBody)))]
async fn change_password(
    SignedIn(caller): SignedIn,
    State(app): State<App>,
    Json(body): Json<NewPassword>,
) -> Result<StatusCode> {
    let row = person(&app, &caller).await?;
    let wrong = || {
        Problem::invalid("wrong_password", "The old password is wrong.").at(
            "/old",
            "wrong_password",
            "Give the password that you signed in with.",
        )
    };
    let tries = app.people.by_login.take(row.login.clone(), Instant::now());
    tries.map_err(signin::too_many)?;
    let stored = row.password.as_deref();
    if !app.people.passwords.fits(stored, body.old.into()).await? {
        return Err(wrong());
    }
    app.people.by_login.give_back(&row.login);
    if let Some(fix) = password::weakness(&body.new, &row.login) {
        let problem = Problem::invalid("weak_password", "This password is easy to guess.");
        return Err(problem.at("/new", "weak_password", fix));
    }
    let hash = app.people.passwords.hash(body.new.into()).await?;
    let note = app.note(&caller, act::PASSWORD_SET, object("person", row.id));
    db::set_password(&app.db, row.id, &hash, caller.session, &note).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an authenticator app is told; shown once.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Codes {
    /// The secret in base 32, to be typed.
    pub secret: String,
    /// The same as `otpauth://...`, to be shown as a picture.
    pub url: String,
}

/// Draws the secret of one's one-time codes. They are demanded once the first code is given back.
#[utoipa::path(post, path = "/api/v1/me/codes", tag = "people",
    security(("token" = ["signed_in"])),
    responses((status = 200, body = Codes), (status = 409, body = ProblemBody)))]
async fn draw_codes(SignedIn(caller): SignedIn, State(app): State<App>) -> Result<Json<Codes>> {
    let row = person(&app, &caller).await?;
    if row.totp_proven == 1 {
        return Err(Problem::conflict(
            "codes_set",
            "One-time codes are set up. If the device is lost, an administrator can reset them.",
        ));
    }
    let tenant = &app.config.keys.tenant;
    let note = app.note(&caller, act::CODES_DRAWN, object("person", row.id));
    for _ in 0..TRIES {
        let kek = app.current_kek().await?;
        let fresh = totp::draw(&kek, row.id, &row.login, tenant)?;
        let name = kek.id().to_string();
        let sealed = Some((name.as_str(), &fresh.sealed[..]));
        if db::set_totp(&app.db, row.id, sealed, &note).await? {
            return Ok(Json(Codes {
                secret: fresh.text,
                url: fresh.url.to_string(),
            }));
        }
    }
    Err(KekError::Unsettled.into())
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The six digits that the app shows.
    code: String,
}

/// Gives a code back: from now on one is demanded at each sign-in. This session may then do whatever its person may; its
/// cookie changes, so that who had the old one has nothing of it.
#[utoipa::path(put, path = "/api/v1/me/codes", tag = "people",
    security(("token" = ["signed_in"])),
    responses((status = 204), (status = 401, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn prove_codes(
    SignedIn(caller): SignedIn,
    State(app): State<App>,
    remote: Option<axum::Extension<Remote>>,
    Json(body): Json<Code>,
) -> Result<impl IntoResponse> {
    let row = person(&app, &caller).await?;
    if row.totp.is_none() {
        let detail = "Draw the secret first: `POST /api/v1/me/codes`.";
        return Err(Problem::conflict("no_codes", detail));
    }
    let tries = app.people.by_login.take(row.login.clone(), Instant::now());
    tries.map_err(signin::too_many)?;
    let from = remote.map(|remote| remote.0.addr.ip());
    let step = signin::step_of(&app, &row, from, Some(&body.code)).await?;
    let session = Secret::draw("");
    let proof = Proof {
        step,
        session: caller.session.unwrap_or_default(),
        hash: session.hash(),
    };
    let note = app.note(&caller, act::CODES_PROVEN, object("person", row.id));
    if !db::prove_totp(&app.db, row.id, &proof, &note).await? {
        return Err(signin::code_wrong(&app, &row, from));
    }
    app.people.by_login.give_back(&row.login);
    let cookie = cookie(&app, session.reveal(), SESSION_MS / 1000);
    let fields = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((StatusCode::NO_CONTENT, fields))
}
