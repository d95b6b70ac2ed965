//! `/session/oidc`, and which ways of signing in there are.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::attempt::{ATTEMPT_MS, Attempt, next_of};
use super::error::begin_again;
use super::signin::{self, Answer};
use super::{CALLBACK, Oidc, page};
use crate::auth::{Anyone, SESSION_MS, extract, routes::cookie as session_cookie};
use crate::extract::{Json, Query};
use crate::net::Remote;
use crate::people;
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(options))
        .routes(routes!(begin))
        .routes(routes!(come_back))
}

/// The ways of signing in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionOptions {
    /// With a name and a password.
    pub password: bool,
    /// Through the company's identity provider; null: there is none.
    pub oidc: Option<OidcOption>,
    /// Whether nobody has an account yet: `/console/setup` makes the first.
    pub set_up: bool,
}

/// The company's identity provider.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OidcOption {
    /// For the button "Sign in with ...", which leads to `/session/oidc?next=PATH`.
    pub name: String,
}

/// Which buttons a sign-in page shows.
#[utoipa::path(get, path = "/api/v1/session-options", tag = "session",
    responses((status = 200, body = SessionOptions)))]
async fn options(_: Anyone, State(app): State<App>) -> Result<Json<SessionOptions>> {
    let oidc = app.oidc.as_ref().map(|oidc| OidcOption {
        name: oidc.config.name.clone(),
    });
    Ok(Json(SessionOptions {
        password: true,
        oidc,
        set_up: people::db::count(&app.db).await? == 0,
    }))
}

fn provider(app: &App) -> Result<&Oidc> {
    app.oidc.as_ref().ok_or_else(|| {
        Problem::not_found(
            "oidc_off",
            "This server has no identity provider. Sign in with name and password.",
        )
    })
}

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Begin {
    /// A path of this server; anything else is the first page.
    next: Option<String>,
}

/// Sends a person to the identity provider.
#[utoipa::path(get, path = "/session/oidc", tag = "session", params(Begin),
    responses((status = 302), (status = 404, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn begin(
    _: Anyone,
    State(app): State<App>,
    headers: HeaderMap,
    query: Result<Query<Begin>>,
) -> Response {
    let begun = match query {
        Ok(Query(query)) => leave(&app, &headers, query.next.as_deref()).await,
        Err(problem) => Err(problem),
    };
    begun.unwrap_or_else(|problem| told(&headers, problem))
}

async fn leave(app: &App, headers: &HeaderMap, next: Option<&str>) -> Result<Response> {
    let oidc = provider(app)?;
    let provider = oidc.provider(&app.egress).await?;
    let next = next_of(next, app.public_origin());
    let old = extract::session_cookie(headers, app.cookie_name()).map(|old| old.hash());
    let attempt = Attempt::begin(next, old, app.clock.now_ms());
    let redirect = format!("{}{CALLBACK}", app.public_origin());
    let url = oidc.authorization_url(&provider, &attempt, &redirect)?;
    let sealed = attempt.seal(&*app.current_kek().await?)?;
    let cookie = cookie(app, &sealed, ATTEMPT_MS / 1000);
    let fields = [
        (header::LOCATION, url),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::FOUND, AppendHeaders(fields)).into_response())
}

/// What the identity provider adds to the address that it sends a person back to.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Back {
    /// The code that is traded for tokens.
    code: Option<String>,
    /// What was sent along.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who answers.
    iss: Option<String>,
}

/// Where the identity provider sends people back to: starts a session, as `POST /session` does.
#[utoipa::path(get, path = "/session/oidc/callback", tag = "session", params(Back),
    responses((status = 200, content_type = "text/html", body = String),
              (status = 400, body = ProblemBody), (status = 403, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
              (status = 429, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn come_back(
    _: Anyone,
    State(app): State<App>,
    remote: Option<axum::Extension<Remote>>,
    headers: HeaderMap,
    query: Result<Query<Back>>,
) -> Response {
    let came = match query {
        Ok(Query(back)) => arrive(&app, &headers, &back, remote.map(|r| r.0)).await,
        Err(problem) => Err(problem),
    };
    // Good once, whatever came of it.
    let over = AppendHeaders([(header::SET_COOKIE, cookie(&app, "", 0))]);
    let response = came.unwrap_or_else(|problem| told(&headers, problem));
    (over, response).into_response()
}

async fn arrive(
    app: &App,
    headers: &HeaderMap,
    back: &Back,
    remote: Option<Remote>,
) -> Result<Response> {
    let oidc = provider(app)?;
    let kept = extract::cookie(headers, cookie_name(app));
    let kept = kept.ok_or_else(begin_again)?;
    let attempt = Attempt::open(app.keys.keks(), kept, app.clock.now_ms()).await;
    let attempt = attempt.ok_or_else(begin_again)?;
    let answer = Answer {
        code: back.code.as_deref(),
        state: back.state.as_deref(),
        error: back.error.as_deref(),
        issuer: back.iss.as_deref(),
    };
    let old = extract::session_cookie(headers, app.cookie_name()).map(|old| old.hash());
    let from = remote.map(|remote| remote.addr.ip());
    let session = signin::finish(app, oidc, &attempt, answer, old, from).await?;
    let cookie = session_cookie(app, session.reveal(), SESSION_MS / 1000);
    let fields = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((fields, page::onward(&attempt.next)).into_response())
}

/// A problem for whoever asks: a page for browsers, JSON for programs.
fn told(headers: &HeaderMap, problem: Problem) -> Response {
    if !page::is_wanted(headers) {
        return problem.into_response();
    }
    if let Some(cause) = &problem.cause {
        tracing::error!(code = problem.code, %cause, "nobody was signed in");
    }
    page::trouble(&problem)
}

/// The cookie of a sign-in on its way. `Lax`: it must come back with a person whom another site sends.
fn cookie(app: &App, value: &str, max_age_s: i64) -> String {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let name = cookie_name(app);
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}")
}

fn cookie_name(app: &App) -> &'static str {
    if app.is_https() {
        "__Host-dms_oidc"
    } else {
        "dms_oidc"
    }
}
