//! `/api/v1/branding`, and what the pages load of it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::IntoResponse;
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::accent::{self, Colour, Judged};
use super::db::{self, Look, NewLogo};
use super::{NAME_MAX, hash_of, logo};
use crate::audit::act;
use crate::auth::{Anyone, SettingsAdmin};
use crate::etag;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// What an address with a hash in it says of its age.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// This feature's routes.
pub fn routes() -> OpenApiRouter<App> {
    let with_logo = OpenApiRouter::new().routes(routes!(set_logo, remove_logo));
    OpenApiRouter::new()
        .routes(routes!(get_branding, set_branding))
        .routes(routes!(judge_accent))
        // One byte more than a logo may have: what is too long is said in our words.
        .merge(with_logo.layer(DefaultBodyLimit::max(logo::BYTES_MAX + 1)))
}

/// What the pages load: open, as they are.
pub fn page() -> Router<App> {
    Router::new().route("/branding/{file}", get(file))
}

/// How the pages look.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Branding {
    /// Of the organisation; empty: the pages say what they are.
    name: String,
    /// `#rrggbb`; empty: as the pages are drawn.
    accent: String,
    /// The address of the logo; null: there is none.
    logo: Option<String>,
    /// How the accent stands out, and what is made of it; null without one.
    judged: Option<Judged>,
    /// Its edition, as in the `ETag`.
    edition: i64,
}

impl Branding {
    fn of(look: Look) -> Self {
        Self {
            logo: look.logo_url(),
            judged: Colour::parse(&look.accent).map(accent::judge),
            name: look.name,
            accent: look.accent,
            edition: look.edition,
        }
    }
}

async fn answered(app: &App) -> Result<impl IntoResponse + use<>> {
    let look = db::look(&app.db).await?;
    let tag = [(header::ETAG, etag::of(look.edition))];
    Ok((tag, Json(Branding::of(look))))
}

/// How the pages look.
#[utoipa::path(get, path = "/api/v1/branding", tag = "branding", security(("token" = ["settings"])),
    responses((status = 200, body = Branding, headers(("etag" = String, description = "For `If-Match`")))))]
async fn get_branding(_: SettingsAdmin, State(app): State<App>) -> Result<impl IntoResponse> {
    answered(&app).await
}

/// What the pages are to look like, but for the logo.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBranding {
    /// Of the organisation, at most 40 characters; empty: none.
    name: String,
    /// `#rrggbb`, with a contrast of at least 3 to white and to the dark background; empty: as the pages are drawn.
    accent: String,
}

impl NewBranding {
    fn check(&self) -> Result<()> {
        let mut problem = Problem::invalid("invalid_branding", "The pages cannot look like this.");
        let name = self.name.trim();
        if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            let fix = format!("Give at most {NAME_MAX} characters on one line.");
            problem = problem.at("/name", "invalid_text", fix);
        }
        if !self.accent.is_empty() {
            match Colour::parse(&self.accent).map(accent::judge) {
                None => {
                    let fix = "Give six hexadecimal digits, such as #2775b5.";
                    problem = problem.at("/accent", "no_colour", fix);
                }
                Some(judged) if !judged.passes => {
                    let (white, dark) = (judged.on_white, judged.on_dark);
                    let fix = format!(
                        "Its contrast is {white} to white and {dark} to the dark background; both need 3. \
                         The nearest that passes is {}.",
                        judged.nearest
                    );
                    problem = problem.at("/accent", "low_contrast", fix);
                }
                Some(_) => {}
            }
        }
        if problem.errors.is_empty() {
            Ok(())
        } else {
            Err(problem)
        }
    }
}

/// Says what the pages look like, but for the logo.
#[utoipa::path(put, path = "/api/v1/branding", tag = "branding", security(("token" = ["settings"])),
    params(("if-match" = Option<String>, Header, description = "The `ETag` of what was read")),
    responses((status = 200, body = Branding, headers(("etag" = String, description = "For `If-Match`"))),
              (status = 400, body = ProblemBody), (status = 412, body = ProblemBody)))]
async fn set_branding(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    headers: HeaderMap,
    Json(new): Json<NewBranding>,
) -> Result<impl IntoResponse> {
    let look = db::look(&app.db).await?;
    etag::require_match(&headers, look.edition)?;
    new.check()?;
    let (name, accent) = (new.name.trim(), new.accent.to_lowercase());
    let note = app
        .note(&caller, act::BRANDING_CHANGED, ("setting", "branding"))
        .with("name", name)
        .with("accent", accent.as_str());
    if !db::write(&app.db, name, &accent, look.edition, &note).await? {
        return Err(etag::changed());
    }
    answered(&app).await
}

/// A colour to be judged.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccentOrder {
    /// `#rrggbb`.
    accent: String,
}

/// Says how a colour stands out, and which is the nearest that does. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/branding/accent", tag = "branding", security(("token" = ["settings"])),
    responses((status = 200, body = Judged), (status = 400, body = ProblemBody)))]
async fn judge_accent(_: SettingsAdmin, Json(asked): Json<AccentOrder>) -> Result<Json<Judged>> {
    let Some(colour) = Colour::parse(&asked.accent) else {
        let problem = Problem::invalid("invalid_branding", "This is no colour.");
        let fix = "Give six hexadecimal digits, such as #2775b5.";
        return Err(problem.at("/accent", "no_colour", fix));
    };
    Ok(Json(accent::judge(colour)))
}

fn no_logo(why: logo::NoLogo) -> Problem {
    use logo::NoLogo;
    let (status, code, detail) = match why {
        NoLogo::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "logo_too_large",
            "The logo has more than 256 kB. Save it smaller.".to_owned(),
        ),
        NoLogo::NoPicture => (
            StatusCode::BAD_REQUEST,
            "invalid_logo",
            "This is neither a PNG nor a WebP, or it is cut off. An SVG has to be saved as PNG: it may bring scripts."
                .to_owned(),
        ),
        NoLogo::Animated => (
            StatusCode::BAD_REQUEST,
            "invalid_logo",
            "The logo moves. Give one that stands still.".to_owned(),
        ),
        NoLogo::Sides(width, height) => (
            StatusCode::BAD_REQUEST,
            "invalid_logo",
            format!("The logo is {width} x {height} pixels; each side has to be 16 to 1024."),
        ),
    };
    Problem::new(status, code, detail)
}

/// Sets the logo: a PNG or WebP of at most 256 kB, each side 16 to 1024 pixels. What it is, its bytes say.
#[utoipa::path(put, path = "/api/v1/branding/logo", tag = "branding", security(("token" = ["settings"])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Branding), (status = 400, body = ProblemBody), (status = 413, body = ProblemBody)))]
async fn set_logo(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<impl IntoResponse> {
    let bytes = body.map_err(|_| no_logo(logo::NoLogo::TooLarge))?;
    let (kind, width, height) = logo::judge(&bytes).map_err(no_logo)?;
    let hash = hash_of(&bytes);
    let new = NewLogo {
        bytes: &bytes,
        kind: kind.name(),
        hash: &hash,
    };
    let note = app
        .note(&caller, act::BRANDING_CHANGED, ("setting", "branding"))
        .with("logo", hash.as_str())
        .with("pixels", format!("{width}x{height}"));
    db::set_logo(&app.db, Some(new), &note).await?;
    answered(&app).await
}

/// Takes the logo away.
#[utoipa::path(delete, path = "/api/v1/branding/logo", tag = "branding", security(("token" = ["settings"])),
    responses((status = 200, body = Branding)))]
async fn remove_logo(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
) -> Result<impl IntoResponse> {
    let note = app
        .note(&caller, act::BRANDING_CHANGED, ("setting", "branding"))
        .with("logo", "removed");
    db::set_logo(&app.db, None, &note).await?;
    answered(&app).await
}

/// The style sheet or the logo, by its hash: another hash is something else.
async fn file(
    _: Anyone,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<impl IntoResponse> {
    let none = || Problem::not_found("no_such_path", "There is nothing at this path.");
    let look = db::look(&app.db).await?;
    let asked = format!("/branding/{name}");
    let (kind, bytes) = if look.sheet_url().as_ref() == Some(&asked) {
        ("text/css; charset=utf-8", look.sheet().into_bytes())
    } else {
        let (hash, _) = name.split_once('.').ok_or_else(none)?;
        let (bytes, kind) = db::logo(&app.db, hash).await?.ok_or_else(none)?;
        if look.logo_url().as_ref() != Some(&asked) {
            return Err(none());
        }
        let kind = if kind == "png" {
            logo::Kind::Png
        } else {
            logo::Kind::Webp
        };
        (kind.media_type(), bytes)
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, FOR_EVER),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
    ];
    Ok((headers, bytes))
}
