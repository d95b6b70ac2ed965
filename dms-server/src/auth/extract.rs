//! The policy of a route as the type of its first parameter.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};

use super::{Principal, Scope, Secret, csrf, db};
use crate::problem::{Problem, Result};
use crate::state::App;

/// The route is open: no caller is needed, and one that is there does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

/// The route is for callers with [`Scope::View`] or more.
#[derive(Clone, Debug)]
pub struct Viewer(pub Principal);

/// The route is for callers with [`Scope::Publish`] or more.
#[derive(Clone, Debug)]
pub struct Publisher(pub Principal);

/// The route is for callers with [`Scope::Admin`].
#[derive(Clone, Debug)]
pub struct Admin(pub Principal);

impl FromRequestParts<App> for Anyone {
    type Rejection = Problem;
    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self> {
        Ok(Self)
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        require(parts, app, Scope::View).await.map(Self)
    }
}

impl FromRequestParts<App> for Publisher {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        require(parts, app, Scope::Publish).await.map(Self)
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        require(parts, app, Scope::Admin).await.map(Self)
    }
}

async fn require(parts: &Parts, app: &App, needed: Scope) -> Result<Principal> {
    let principal = authenticate(parts, app).await?;
    if principal.scope < needed {
        return Err(Problem::forbidden(format!(
            "This needs the scope `{}`; your token has `{}`.",
            needed.name(),
            principal.scope.name()
        )));
    }
    Ok(principal)
}

async fn authenticate(parts: &Parts, app: &App) -> Result<Principal> {
    if let Some(secret) = bearer(&parts.headers)? {
        return db::principal_of_token(&app.db, secret.hash(), app.clock.now_ms())
            .await?
            .ok_or_else(|| Problem::unauthenticated("The token is unknown or has expired."));
    }
    let Some(secret) = session_cookie(&parts.headers, app.cookie_name()) else {
        return Err(Problem::unauthenticated(
            "Sign in, or send a token: `Authorization: Bearer dms_...`.",
        ));
    };
    let principal = db::principal_of_session(&app.db, secret.hash(), app.clock.now_ms())
        .await?
        .ok_or_else(|| Problem::unauthenticated("The session has ended. Sign in again."))?;
    if !csrf::is_safe(&parts.method) && !csrf::same_origin(&parts.headers, app.public_origin()) {
        return Err(foreign_page(app));
    }
    Ok(principal)
}

pub(super) fn foreign_page(app: &App) -> Problem {
    Problem::new(
        http::StatusCode::FORBIDDEN,
        "foreign_origin",
        format!(
            "Requests with the session cookie must come from a page of {}.",
            app.public_origin()
        ),
    )
}

/// The bearer token, if the request has one. Another scheme or a malformed token is refused
/// rather than ignored: its sender believes to be signed in.
fn bearer(headers: &HeaderMap) -> Result<Option<Secret>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| Secret::presented(token.trim()))
        .map(Some)
        .ok_or_else(|| Problem::unauthenticated("Send `Authorization: Bearer dms_...`."))
}

fn session_cookie(headers: &HeaderMap, name: &str) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| Secret::presented(value))
}
