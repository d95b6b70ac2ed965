//! The policy of a route as the type of its first parameter.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};

use swarm::content::DeviceId;

use super::{Permission, Principal, Secret, SecretHash, Waits, csrf, db};
use crate::device::row_id;
use crate::net::Remote;
use crate::problem::{Problem, Result};
use crate::state::App;

/// The route is open: no caller is needed, and one that is there does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl FromRequestParts<App> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self> {
        Ok(Self)
    }
}

/// The route is for whoever is signed in, also somebody who has to set up one-time codes first.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Principal);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        authenticate(parts, app).await.map(Self)
    }
}

/// One extractor for each permission that a route can demand, or for any of several.
macro_rules! demands {
    ($($(#[$doc:meta])* $name:ident: $($permission:ident)|+,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub Principal);

        impl FromRequestParts<App> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
                let one_of = &[$(Permission::$permission),+];
                require(parts, app, one_of).await.map(Self)
            }
        }
    )*};
}

demands! {
    /// See [`Permission::Watch`].
    Viewer: Watch,
    /// See [`Permission::Publish`].
    Publisher: Publish,
    /// See [`Permission::Publish`] and [`Permission::Ads`]: who may not do the latter, only to titles of theirs.
    BreakEditor: Publish | Ads,
    /// See [`Permission::Campaigns`].
    Campaigner: Campaigns,
    /// See [`Permission::ReadNetwork`].
    NetworkReader: ReadNetwork,
    /// See [`Permission::Network`].
    NetworkAdmin: Network,
    /// See [`Permission::ReadDevices`].
    DeviceReader: ReadDevices,
    /// See [`Permission::Devices`].
    DeviceAdmin: Devices,
    /// See [`Permission::ReadPeople`].
    PeopleReader: ReadPeople,
    /// See [`Permission::People`].
    PeopleAdmin: People,
    /// See [`Permission::Audit`].
    LogReader: Audit,
    /// See [`Permission::Metrics`].
    MetricsReader: Metrics,
    /// See [`Permission::Settings`].
    SettingsAdmin: Settings,
    /// See [`Permission::Keys`].
    KeyAdmin: Keys,
    /// See [`Permission::Ads`].
    AdOperator: Ads,
}

async fn require(parts: &Parts, app: &App, one_of: &[Permission]) -> Result<Principal> {
    let principal = authenticate(parts, app).await?;
    if one_of.iter().any(|needed| principal.may(*needed)) {
        return Ok(principal);
    }
    if let Some(waits) = principal.waits {
        return Err(code_first(waits));
    }
    let having: Vec<_> = super::Role::ALL
        .into_iter()
        .filter(|role| one_of.iter().any(|p| role.permissions().contains(p)))
        .map(super::Role::name)
        .collect();
    Err(Problem::forbidden(format!(
        "This needs one of the roles {}; yours: {}.",
        having.join(", "),
        if principal.roles.is_empty() {
            "none".to_owned()
        } else {
            principal.roles.to_string()
        }
    )))
}

fn code_first(waits: Waits) -> Problem {
    let (code, detail) = match waits {
        Waits::SetUp => (
            "codes_needed",
            "Set up one-time codes first: your role demands them.",
        ),
        Waits::Code => (
            "code_needed",
            "Give a one-time code first: your role demands it, and you signed in without one.",
        ),
    };
    Problem::new(http::StatusCode::FORBIDDEN, code, detail)
}

async fn authenticate(parts: &Parts, app: &App) -> Result<Principal> {
    let credentials = Credentials::of(parts, app)?;
    let principal = credentials.principal(app).await?;
    match credentials {
        Credentials::Page(..) => {
            principal.ok_or_else(|| Problem::unauthenticated("The session of this page has ended."))
        }
        Credentials::Token(_) => principal
            .ok_or_else(|| Problem::unauthenticated("The token is unknown or has expired.")),
        Credentials::Session(_) => {
            let principal = principal
                .ok_or_else(|| Problem::unauthenticated("The session has ended. Sign in again."))?;
            let safe = csrf::is_safe(&parts.method);
            if !safe && !csrf::same_origin(&parts.headers, app.public_origin()) {
                return Err(foreign_page(app));
            }
            Ok(principal)
        }
    }
}

/// What a caller came with, for what lasts longer than a request: it asks again whether they still are one.
#[derive(Clone, Copy, Debug)]
pub enum Credentials {
    /// A token.
    Token(SecretHash),
    /// A session's cookie.
    Session(SecretHash),
    /// The session of a page that the calling device's agent serves.
    Page(SecretHash, DeviceId),
}

impl Credentials {
    fn of(parts: &Parts, app: &App) -> Result<Self> {
        let presented = bearer(&parts.headers)?;
        let remote = parts.extensions.get::<Remote>();
        if let Some(device) = remote.and_then(|remote| remote.device) {
            // Over a device's connection nothing counts but what was handed over to that very device.
            let ended = || Problem::unauthenticated("Send the session of the page as a bearer.");
            let secret = presented.ok_or_else(ended)?;
            return Ok(Self::Page(secret.hash(), device));
        }
        if let Some(secret) = presented {
            return Ok(Self::Token(secret.hash()));
        }
        let Some(secret) = session_cookie(&parts.headers, app.cookie_name()) else {
            return Err(Problem::unauthenticated(
                "Sign in, or send a token: `Authorization: Bearer dms_...`.",
            ));
        };
        Ok(Self::Session(secret.hash()))
    }

    /// Who has them now; none: they ended.
    ///
    /// # Errors
    /// The database's.
    pub async fn principal(&self, app: &App) -> Result<Option<Principal>> {
        let now_ms = app.clock.now_ms();
        let found = match self {
            Self::Token(hash) => db::principal_of_token(&app.db, *hash, now_ms).await,
            Self::Session(hash) => {
                let codes = app.config.people.require_codes;
                db::principal_of_session(&app.db, *hash, now_ms, codes).await
            }
            Self::Page(hash, device) => {
                db::principal_of_page(&app.db, *hash, row_id(*device), now_ms).await
            }
        };
        Ok(found?)
    }
}

impl FromRequestParts<App> for Credentials {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        Self::of(parts, app)
    }
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

/// The secret of the session cookie, if the request has one.
pub(crate) fn session_cookie(headers: &HeaderMap, name: &str) -> Option<Secret> {
    cookie(headers, name).and_then(Secret::presented)
}

/// The value of a cookie, if the request has one.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}
