//! `/session` for pages, and API tokens.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Anyone, Permission, Role, Roles, Secret, SignedIn, Viewer, Waits, csrf, db, extract,
    secret::TOKEN_PREFIX,
};
use crate::audit::{act, object};
use crate::extract::{Json, Path, Query};
use crate::net::Remote;
use crate::page::{Page, PageQuery};
use crate::people::refusals::Why;
use crate::people::signin;
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

/// What a page signs in with: a person's name and password, or an API token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// An API token.
    #[serde(default)]
    token: Option<String>,
    /// The person's sign-in name.
    #[serde(default)]
    login: Option<String>,
    /// Their password.
    #[serde(default)]
    password: Option<String>,
    /// The one-time code, when the account demands one.
    #[serde(default)]
    code: Option<String>,
}

/// Who is signed in.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The person's name, or that of the token that was signed in with.
    pub subject: String,
    /// The company.
    pub tenant: String,
    /// The person; null for a token of the installation.
    pub person: Option<Uuid>,
    /// Their roles.
    pub roles: Roles,
    /// What they may do.
    pub may: Vec<String>,
    /// Whether one-time codes have to be set up before anything else.
    pub codes_needed: bool,
    /// Whether they are set up and one has to be given before anything else: `PUT /api/v1/me/codes`.
    #[serde(default)]
    pub code_needed: bool,
}

impl Session {
    fn of(app: &App, caller: &super::Principal) -> Self {
        let may = Permission::ALL.into_iter().filter(|p| caller.may(*p));
        Self {
            subject: caller.subject.clone(),
            tenant: app.config.keys.tenant.clone(),
            person: caller.person,
            roles: caller.roles.clone(),
            may: may.map(|p| p.name().to_owned()).collect(),
            codes_needed: caller.waits == Some(Waits::SetUp),
            code_needed: caller.waits == Some(Waits::Code),
        }
    }
}

/// Starts a session: sets its cookie. A session that the request came with ends.
#[utoipa::path(post, path = "/session", tag = "session",
    responses((status = 200, body = Session), (status = 401, body = ProblemBody),
              (status = 429, body = ProblemBody)))]
async fn sign_in(
    _: Anyone,
    State(app): State<App>,
    remote: Option<axum::Extension<Remote>>,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<impl IntoResponse> {
    // A foreign page could otherwise sign a person in as somebody else.
    if csrf::foreign_origin(&headers, app.public_origin()) {
        return Err(extract::foreign_page(&app));
    }
    let from = remote.map(|remote| remote.0.addr.ip());
    let (of, actor) = match (&body.token, body.login, body.password) {
        (Some(token), None, None) => match of_token(&app, token).await {
            Err(refused) => {
                let now = app.clock.now_ms();
                app.people.refusals.note(None, from, Why::Token, now);
                return Err(refused);
            }
            known => known?,
        },
        (None, Some(login), Some(password)) => {
            let given = signin::Given {
                login,
                password: password.into(),
                code: body.code,
                from,
            };
            let (person, proven) = signin::check(&app, given).await?;
            let of = db::For::Person {
                id: person.id,
                proven,
            };
            (of, crate::audit::Actor::person(person.id, &person.name))
        }
        _ => {
            return Err(Problem::invalid(
                "invalid_body",
                "Send either `token`, or `login` and `password`.",
            ));
        }
    };
    let session = Secret::draw("");
    let now = app.clock.now_ms();
    let old = extract::session_cookie(&headers, app.cookie_name()).map(|old| old.hash());
    let mut note = app.note(actor, act::SIGNED_IN, ("session", ""));
    if let db::For::Person { proven, .. } = of {
        note = note.with("code", proven);
    }
    let until = now + super::SESSION_MS;
    db::add_session(&app.db, of, session.hash(), old, until, &note).await?;
    let codes = app.config.people.require_codes;
    let principal = db::principal_of_session(&app.db, session.hash(), now, codes)
        .await?
        .ok_or_else(|| Problem::unauthenticated("The account was closed just now."))?;
    let cookie = cookie(&app, session.reveal(), super::SESSION_MS / 1000);
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        Json(Session::of(&app, &principal)),
    ))
}

async fn of_token(app: &App, token: &str) -> Result<(db::For, crate::audit::Actor)> {
    let refused = || Problem::unauthenticated("The token is unknown or has expired.");
    let token = Secret::presented(token.trim()).ok_or_else(refused)?;
    let now = app.clock.now_ms();
    let principal = db::principal_of_token(&app.db, token.hash(), now)
        .await?
        .ok_or_else(refused)?;
    let id = principal.token.ok_or_else(refused)?;
    Ok((db::For::Token(id), (&principal).into()))
}

/// Ends the session and removes its cookie.
#[utoipa::path(delete, path = "/session", tag = "session", security(("token" = ["signed_in"])),
    responses((status = 204)))]
async fn sign_out(SignedIn(caller): SignedIn, State(app): State<App>) -> Result<impl IntoResponse> {
    if let Some(session) = caller.session {
        let note = app.note(&caller, act::SIGNED_OUT, ("session", session));
        db::delete_session(&app.db, session, &note).await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, cookie(&app, "", 0))]),
    ))
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "session", security(("token" = ["signed_in"])),
    responses((status = 200, body = Session)))]
async fn whoami(SignedIn(caller): SignedIn, State(app): State<App>) -> Json<Session> {
    Json(Session::of(&app, &caller))
}

/// The session cookie with this value; an empty one with no age removes it.
pub(crate) fn cookie(app: &App, value: &str, max_age_s: i64) -> String {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let name = app.cookie_name();
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}")
}

/// A token to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for. 1 to 100 characters.
    pub name: String,
    /// The roles it has; a person's token has no more than the person.
    pub roles: Vec<Role>,
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
    /// Its roles.
    pub roles: Roles,
    /// Whose it is; null: the installation's.
    pub person: Option<Uuid>,
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
            roles: Roles::parse(&row.roles).unwrap_or_default(),
            person: row.person_id,
            created_ms: row.created_ms,
            expires_ms: row.expires_ms,
            token: secret.map(|s| s.reveal().to_owned()),
        }
    }
}

/// Makes a token: of the person who calls, or of the installation when a token of it calls. Its secret is in this answer and
/// nowhere else.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", security(("token" = ["watch"])),
    responses((status = 201, body = Token), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody)))]
async fn create_token(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Json(new): Json<NewToken>,
) -> Result<impl IntoResponse> {
    let roles: Roles = new.roles.iter().copied().collect();
    check(&new, &roles)?;
    if !caller.roles.may_give(&roles) {
        return Err(Problem::forbidden(format!(
            "A token can do no more than who makes it; your roles: {}.",
            caller.roles
        )));
    }
    let now = app.clock.now_ms();
    let secret = Secret::draw(TOKEN_PREFIX);
    let row = db::TokenRow {
        id: Uuid::now_v7(),
        name: new.name.trim().to_owned(),
        roles: roles.to_string(),
        person_id: caller.person,
        created_ms: now,
        expires_ms: new.ttl_seconds.map(|ttl| now + i64::from(ttl) * 1000),
    };
    let note = app
        .note(&caller, act::TOKEN_MADE, object("token", row.id))
        .with("name", row.name.as_str())
        .with("roles", row.roles.as_str());
    db::add_token(&app.db, &row, secret.hash(), &note).await?;
    Ok((StatusCode::CREATED, Json(Token::of(row, Some(&secret)))))
}

fn check(new: &NewToken, roles: &Roles) -> Result<()> {
    let mut problem = Problem::invalid("invalid_token", "The token cannot be made like this.");
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        problem = problem.at("/name", "length", "Give 1 to 100 printable characters.");
    }
    if roles.is_empty() {
        problem = problem.at("/roles", "empty", "Name at least one role.");
    }
    if new
        .ttl_seconds
        .is_some_and(|ttl| ttl == 0 || ttl > TTL_MAX_S)
    {
        let fix = format!("Give 1 to {TTL_MAX_S} seconds, or leave it out.");
        problem = problem.at("/ttl_seconds", "range", fix);
    }
    if problem.errors.is_empty() {
        Ok(())
    } else {
        Err(problem)
    }
}

/// Which tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<Uuid>,
    /// Items, 1 to 500.
    limit: Option<u16>,
}

/// Lists the tokens, newest first, without their secrets: every token for who may see people, else one's own.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", security(("token" = ["watch"])),
    params(TokenQuery), responses((status = 200, body = Page<Token>)))]
async fn list_tokens(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Query(query): Query<TokenQuery>,
) -> Result<Json<Page<Token>>> {
    let all = caller.may(Permission::ReadPeople);
    // A token of the installation that may not see people has none of its own.
    let of = (!all).then_some(caller.person.unwrap_or(Uuid::nil()));
    let page = PageQuery {
        cursor: query.cursor,
        limit: query.limit,
    };
    let rows = db::tokens(&app.db, of, page.cursor, page.fetch()).await?;
    Ok(Json(page.page(
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

/// Revokes a token and its sessions, at once: one's own, or any for who may change people.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "tokens", params(TokenPath),
    security(("token" = ["watch"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn revoke_token(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TokenPath>,
) -> Result<StatusCode> {
    let unknown = || Problem::not_found("token_not_found", "There is no such token.");
    let row = db::token(&app.db, path.token).await?.ok_or_else(unknown)?;
    let own = row.person_id.is_some() && row.person_id == caller.person;
    // Of others' tokens who may not change people does not even learn that they are there.
    if !own && !caller.may(Permission::People) {
        return Err(unknown());
    }
    let roles = Roles::parse(&row.roles).unwrap_or_default();
    if !own && !caller.roles.may_give(&roles) {
        return Err(Problem::forbidden(
            "This token can do more than you: somebody with its roles has to revoke it.",
        ));
    }
    let note = app
        .note(&caller, act::TOKEN_REVOKED, object("token", row.id))
        .with("name", row.name.as_str());
    if db::delete_token(&app.db, path.token, &note).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(unknown())
}
