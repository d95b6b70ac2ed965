//! `/session` for pages, `/api/v1/tokens` for administrators.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Admin, Anyone, Scope, Secret, Viewer, csrf, db, extract, secret::TOKEN_PREFIX};
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// The longest life of a token that ends, seconds: ten years.
const TTL_MAX_S: u32 = 10 * 365 * 24 * 3600;

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, sign_out, whoami))
        .routes(routes!(create_token, list_tokens))
        .routes(routes!(revoke_token))
}

/// What a page signs in with.
#[derive(Deserialize, ToSchema)]
pub struct SignIn {
    /// An API token.
    token: String,
}

/// Who is signed in.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The name of the token that was signed in with.
    pub subject: String,
    /// The company.
    pub tenant: String,
    /// The widest scope.
    pub scope: Scope,
}

/// Starts a session: sets its cookie.
#[utoipa::path(post, path = "/session", tag = "session",
    responses((status = 200, body = Session), (status = 401, body = ProblemBody)))]
async fn sign_in(
    _: Anyone,
    State(app): State<App>,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<impl IntoResponse> {
    // A foreign page could otherwise sign a person in as somebody else.
    if csrf::foreign_origin(&headers, app.public_origin()) {
        return Err(extract::foreign_page(&app));
    }
    let now = app.clock.now_ms();
    let refused = || Problem::unauthenticated("The token is unknown or has expired.");
    let token = Secret::presented(body.token.trim()).ok_or_else(refused)?;
    let principal = db::principal_of_token(&app.db, token.hash(), now)
        .await?
        .ok_or_else(refused)?;
    let session = Secret::draw("");
    db::add_session(
        &app.db,
        principal.token,
        session.hash(),
        now,
        now + super::SESSION_MS,
    )
    .await?;
    let cookie = cookie(&app, session.reveal(), super::SESSION_MS / 1000);
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        Json(view(&app, principal)),
    ))
}

/// Ends the session and removes its cookie.
#[utoipa::path(delete, path = "/session", tag = "session", security(("token" = ["view"])),
    responses((status = 204)))]
async fn sign_out(Viewer(caller): Viewer, State(app): State<App>) -> Result<impl IntoResponse> {
    if let Some(session) = caller.session {
        db::delete_session(&app.db, session).await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, cookie(&app, "", 0))]),
    ))
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "session", security(("token" = ["view"])),
    responses((status = 200, body = Session)))]
async fn whoami(Viewer(caller): Viewer, State(app): State<App>) -> Json<Session> {
    Json(view(&app, caller))
}

fn view(app: &App, caller: super::Principal) -> Session {
    Session {
        subject: caller.subject,
        tenant: app.config.keys.tenant.clone(),
        scope: caller.scope,
    }
}

fn cookie(app: &App, value: &str, max_age_s: i64) -> String {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let name = app.cookie_name();
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}")
}

/// A token to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for; also the name its holder is known by. 1 to 100 characters.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// Seconds it lasts; without it, until revoked.
    #[serde(default)]
    pub ttl_seconds: Option<u32>,
}

/// A token.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id, for revoking.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scope: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it ends; null is never.
    pub expires_ms: Option<i64>,
    /// The secret; only in the answer that makes the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl Token {
    fn of(row: db::TokenRow, secret: Option<&Secret>) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scope: row.scope,
            created_ms: row.created_ms,
            expires_ms: row.expires_ms,
            token: secret.map(|s| s.reveal().to_owned()),
        }
    }
}

/// Makes a token. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", security(("token" = ["admin"])),
    responses((status = 201, body = Token), (status = 400, body = ProblemBody)))]
async fn create_token(
    _: Admin,
    State(app): State<App>,
    Json(new): Json<NewToken>,
) -> Result<impl IntoResponse> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(
            Problem::invalid("invalid_token", "The token needs a name.").at(
                "/name",
                "length",
                "Give 1 to 100 printable characters.",
            ),
        );
    }
    if new
        .ttl_seconds
        .is_some_and(|ttl| ttl == 0 || ttl > TTL_MAX_S)
    {
        return Err(
            Problem::invalid("invalid_token", "The token's life is out of range.").at(
                "/ttl_seconds",
                "range",
                format!("Give 1 to {TTL_MAX_S} seconds, or leave it out."),
            ),
        );
    }
    let now = app.clock.now_ms();
    let secret = Secret::draw(TOKEN_PREFIX);
    let row = db::TokenRow {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        scope: new.scope.name().into(),
        created_ms: now,
        expires_ms: new.ttl_seconds.map(|ttl| now + i64::from(ttl) * 1000),
    };
    db::add_token(&app.db, &row, secret.hash()).await?;
    Ok((StatusCode::CREATED, Json(Token::of(row, Some(&secret)))))
}

/// Lists the tokens, newest first, without their secrets.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", security(("token" = ["admin"])),
    params(PageQuery), responses((status = 200, body = Page<Token>)))]
async fn list_tokens(
    _: Admin,
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Token>>> {
    let rows = db::tokens(&app.db, query.cursor, query.fetch()).await?;
    Ok(Json(query.page(
        rows,
        |row| row.id,
        |row| Token::of(row, None),
    )))
}

/// Which token.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TokenPath {
    /// The token's id.
    token: Uuid,
}

/// Revokes a token and its sessions, at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "tokens", params(TokenPath),
    security(("token" = ["admin"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn revoke_token(
    _: Admin,
    State(app): State<App>,
    Path(path): Path<TokenPath>,
) -> Result<StatusCode> {
    if db::delete_token(&app.db, path.token).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(
        "token_not_found",
        "There is no such token.",
    ))
}
