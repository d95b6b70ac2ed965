//! `/api/v1/titles/{title}/captions` and `/chapters`.

use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, CaptionsRow, Edition, Written};
use super::view::{self, CaptionsList, CaptionsTaken, CaptionsView};
use super::{Chapters, LABEL_MAX, LANGUAGES_MAX, language, vtt};
use crate::audit::act;
use crate::auth::{Publisher, Viewer};
use crate::etag;
use crate::events::Event;
use crate::extract::{self, Json, Path, Query};
use crate::problem::{Problem, ProblemBody, Result, rejected};
use crate::publish::{require_changeable, require_seen};
use crate::state::App;

/// How long a text may be kept without asking again.
const CACHE: &str = "private, max-age=60";
/// A text that is opened by itself runs nothing and loads nothing.
const POLICY: &str = "default-src 'none'; sandbox";

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_captions))
        .routes(routes!(get_captions, set_captions, delete_captions))
        .routes(routes!(get_chapters, set_chapters, delete_chapters))
        .routes(routes!(chapters_vtt))
        .layer(DefaultBodyLimit::max(vtt::FILE_MAX + 1))
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

impl TitlePath {
    fn id(&self) -> Uuid {
        Uuid::from_bytes(self.title.0)
    }
}

/// Which captions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CaptionsPath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
    /// The language (BCP 47), such as `en` or `pt-BR`.
    lang: String,
}

impl CaptionsPath {
    fn id(&self) -> Uuid {
        Uuid::from_bytes(self.title.0)
    }

    fn language(&self) -> Result<String> {
        language(&self.lang).ok_or_else(|| {
            let problem = Problem::invalid("invalid_language", "This is no language.");
            let fix = "Give a tag such as en, pt-BR or zh-Hant.";
            problem.at("lang", "invalid_language", fix)
        })
    }
}

/// The languages in which a title has captions.
#[utoipa::path(get, path = "/api/v1/titles/{title}/captions", tag = "captions", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 200, body = CaptionsList), (status = 404, body = ProblemBody)))]
async fn list_captions(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<Json<CaptionsList>> {
    require_seen(&app, &caller, path.title).await?;
    let rows = db::list(&app.db, path.id()).await?;
    let items = rows.into_iter().map(CaptionsView::of).collect();
    Ok(Json(CaptionsList { items }))
}

/// Captions as WebVTT, with plain text only.
#[utoipa::path(get, path = "/api/v1/titles/{title}/captions/{lang}", tag = "captions", params(CaptionsPath),
    security(("token" = ["watch"])),
    responses((status = 200, content_type = "text/vtt", body = String), (status = 304),
              (status = 404, body = ProblemBody)))]
async fn get_captions(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<CaptionsPath>,
    headers: HeaderMap,
) -> Result<Response> {
    require_seen(&app, &caller, path.title).await?;
    let lang = path.language()?;
    let text = db::text(&app.db, path.id(), &lang).await?;
    let (text, updated_ms) = text.ok_or_else(none)?;
    Ok(webvtt(text, Some(etag::of(updated_ms)), &headers))
}

fn webvtt(text: String, etag: Option<String>, asked: &HeaderMap) -> Response {
    let mut head = HeaderMap::new();
    head.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/vtt; charset=utf-8"),
    );
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    head.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    if let Some(tag) = etag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        let same = asked.get(header::IF_NONE_MATCH) == Some(&tag);
        head.insert(header::ETAG, tag);
        if same {
            return (StatusCode::NOT_MODIFIED, head).into_response();
        }
    }
    (head, text).into_response()
}

fn none() -> Problem {
    Problem::not_found(
        "captions_not_found",
        "This title has no captions in this language.",
    )
}

/// How a file is taken.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TakeQuery {
    /// What people read in the menu, at most 100 characters; without it, the language's tag.
    label: Option<String>,
    /// Only look whether the file is right; nothing is kept.
    #[serde(default)]
    dry_run: bool,
}

/// Which edition `If-Match` asks for; `"0"`: there is none yet.
///
/// # Errors
/// 412: it is another one.
fn asked_edition(headers: &HeaderMap, current: i64) -> Result<Edition> {
    etag::require_match(headers, current)?;
    Ok(headers.contains_key(header::IF_MATCH).then_some(current))
}

fn tagged(edition: i64) -> [(HeaderName, String); 1] {
    [(header::ETAG, etag::of(edition))]
}

/// Gives a title captions in a language, as WebVTT or SubRip, in UTF-8; those that were there are replaced.
#[utoipa::path(put, path = "/api/v1/titles/{title}/captions/{lang}", tag = "captions",
    params(CaptionsPath, TakeQuery, ("if-match" = Option<String>, Header,
        description = "The `ETag` of the captions that are to be replaced; `\"0\"`: there are none yet")),
    security(("token" = ["publish"])), request_body(content = String, content_type = "text/vtt"),
    responses((status = 200, body = CaptionsTaken, headers(("etag" = String))), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody), (status = 412, body = ProblemBody),
              (status = 413, body = ProblemBody)))]
async fn set_captions(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<CaptionsPath>,
    Query(query): Query<TakeQuery>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse> {
    let title = require_changeable(&app, &caller, path.title).await?;
    let lang = path.language()?;
    let mut edition = db::edition_of(&app.db, path.id(), &lang).await?;
    let for_edition = asked_edition(&headers, edition)?;
    let label = label(query.label, &lang)?;
    let bytes = whole(body)?;
    let mut track = vtt::read(&bytes).map_err(|faults| view::unreadable(&faults))?;
    if let Some(duration_ms) = title.duration_ms.filter(|ms| *ms > 0) {
        track.warn_beyond(duration_ms.unsigned_abs());
    }
    let cues = track.cues.len() as u64;
    if !query.dry_run {
        let note = app
            .note(&caller, act::CAPTIONS_SET, ("title", path.title))
            .with("lang", lang.as_str())
            .with("cues", cues);
        edition = db::next_edition(note.at_ms(), edition);
        let row = CaptionsRow {
            title_id: path.id(),
            lang: lang.clone(),
            label: label.clone(),
            cues: i64::try_from(cues).unwrap_or(i64::MAX),
            updated_by: caller.subject,
            updated_ms: edition,
        };
        match db::set(&app.db, &row, &track, for_edition, &note).await? {
            Written::Done => {}
            Written::Changed => return Err(etag::changed()),
            Written::TooManyLanguages => {
                let detail = format!("A title has captions in at most {LANGUAGES_MAX} languages.");
                return Err(Problem::conflict("too_many_languages", detail));
            }
        }
        app.events.emit(Event::TitleChanged(path.title));
    }
    let taken = CaptionsTaken {
        lang,
        label,
        cues,
        kept: !query.dry_run,
        warnings: track.warnings.into_iter().map(Into::into).collect(),
    };
    Ok((tagged(edition), Json(taken)))
}

fn label(given: Option<String>, lang: &str) -> Result<String> {
    let Some(label) = given else {
        return Ok(lang.to_owned());
    };
    let label = label.trim();
    let fits = (1..=LABEL_MAX).contains(&label.chars().count());
    if !fits || label.chars().any(char::is_control) {
        let fix = format!("Give 1 to {LABEL_MAX} characters on one line.");
        let problem = Problem::invalid("invalid_label", "This cannot be a language's label.");
        return Err(problem.at("label", "invalid_text", fix));
    }
    Ok(label.to_owned())
}

fn whole(body: std::result::Result<Bytes, BytesRejection>) -> Result<Bytes> {
    body.map_err(|rejection| {
        let (code, detail) = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", extract::TOO_LARGE),
            _ => ("invalid_body", extract::UNREADABLE),
        };
        Problem::new(rejection.status(), code, detail)
    })
}

/// Removes a title's captions in a language.
#[utoipa::path(delete, path = "/api/v1/titles/{title}/captions/{lang}", tag = "captions",
    params(CaptionsPath), security(("token" = ["publish"])),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete_captions(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<CaptionsPath>,
) -> Result<StatusCode> {
    require_changeable(&app, &caller, path.title).await?;
    let lang = path.language()?;
    let note = app
        .note(&caller, act::CAPTIONS_REMOVED, ("title", path.title))
        .with("lang", lang.as_str());
    if !db::remove(&app.db, path.id(), &lang, &note).await? {
        return Err(none());
    }
    app.events.emit(Event::TitleChanged(path.title));
    Ok(StatusCode::NO_CONTENT)
}

/// The chapters of a title; none when nobody gave any.
#[utoipa::path(get, path = "/api/v1/titles/{title}/chapters", tag = "captions", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 200, body = Chapters, headers(("etag" = String))),
              (status = 404, body = ProblemBody)))]
async fn get_chapters(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<impl IntoResponse> {
    require_seen(&app, &caller, path.title).await?;
    // First: what is written in between is then refused as another edition.
    let edition = db::chapters_edition(&app.db, path.id()).await?;
    let chapters = db::chapters(&app.db, path.id()).await?;
    Ok((tagged(edition), Json(chapters.unwrap_or_default())))
}

/// The chapters of a title as WebVTT.
#[utoipa::path(get, path = "/api/v1/titles/{title}/chapters.vtt", tag = "captions", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 200, content_type = "text/vtt", body = String), (status = 404, body = ProblemBody)))]
async fn chapters_vtt(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    headers: HeaderMap,
) -> Result<Response> {
    let title = require_seen(&app, &caller, path.title).await?;
    let chapters = db::chapters(&app.db, path.id()).await?;
    let duration_ms = title.duration_ms.unwrap_or(0).unsigned_abs();
    let text = chapters.unwrap_or_default().to_webvtt(duration_ms);
    Ok(webvtt(text, None, &headers))
}

/// Gives a title chapters, as JSON, or as WebVTT with a cue for each (`Content-Type: text/vtt`).
#[utoipa::path(put, path = "/api/v1/titles/{title}/chapters", tag = "captions",
    params(TitlePath, ("if-match" = Option<String>, Header,
        description = "The `ETag` of the chapters that are to be replaced; `\"0\"`: there are none yet")),
    security(("token" = ["publish"])), request_body = Chapters,
    responses((status = 200, body = Chapters, headers(("etag" = String))), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 412, body = ProblemBody)))]
async fn set_chapters(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse> {
    let title = require_changeable(&app, &caller, path.title).await?;
    let edition = db::chapters_edition(&app.db, path.id()).await?;
    let for_edition = asked_edition(&headers, edition)?;
    let bytes = whole(body)?;
    let media_type = headers.get(header::CONTENT_TYPE);
    let is_vtt = media_type.is_some_and(|value| value.as_bytes().starts_with(b"text/vtt"));
    let given = if is_vtt {
        let track = vtt::read(&bytes).map_err(|faults| view::unreadable(&faults))?;
        Chapters::of(&track)
    } else {
        let reader = &mut serde_json::Deserializer::from_slice(&bytes);
        serde_path_to_error::deserialize(reader).map_err(|error| {
            rejected::wrapped(
                Problem::invalid("invalid_body", extract::UNREADABLE),
                &error,
            )
        })?
    };
    let chapters = given.checked(title.duration_ms.map(i64::unsigned_abs))?;
    let note = app
        .note(&caller, act::CHAPTERS_SET, ("title", path.title))
        .with("chapters", chapters.chapters.len());
    let edition = db::next_edition(note.at_ms(), edition);
    let by = (caller.subject.as_str(), edition);
    if db::set_chapters(&app.db, path.id(), &chapters, by, for_edition, &note).await?
        == Written::Changed
    {
        return Err(etag::changed());
    }
    app.events.emit(Event::TitleChanged(path.title));
    Ok((tagged(edition), Json(chapters)))
}

/// Removes the chapters of a title.
#[utoipa::path(delete, path = "/api/v1/titles/{title}/chapters", tag = "captions", params(TitlePath),
    security(("token" = ["publish"])),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete_chapters(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<StatusCode> {
    require_changeable(&app, &caller, path.title).await?;
    let note = app.note(&caller, act::CHAPTERS_REMOVED, ("title", path.title));
    if !db::remove_chapters(&app.db, path.id(), &note).await? {
        let detail = "This title has no chapters.";
        return Err(Problem::not_found("chapters_not_found", detail));
    }
    app.events.emit(Event::TitleChanged(path.title));
    Ok(StatusCode::NO_CONTENT)
}
