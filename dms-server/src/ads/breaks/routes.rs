//! `/api/v1/titles/{title}/breaks`.

use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Deserialize;
use swarm::content::{TitleId, TrackKind};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, BreakRow};
use super::import::{self, Content, Format, Imported};
use super::view::BreakList;
use crate::audit::act;
use crate::auth::{BreakEditor, Permission, Principal, Viewer};
use crate::etag;
use crate::extract::{self, Json, Path, Query};
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish::db::TitleRow;
use crate::publish::{self, require_changeable, require_seen};
use crate::state::App;

/// Bytes of a body: 500 breaks with long splice messages in base64.
const BODY_MAX: usize = 4 << 20;

/// This part's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_breaks, set_breaks))
        .routes(routes!(import_breaks))
        .layer(DefaultBodyLimit::max(BODY_MAX))
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

fn tagged(edition: i64) -> [(HeaderName, String); 1] {
    [(header::ETAG, etag::of(edition))]
}

/// A title that the caller may give breaks: one of theirs, or any, if they fill breaks.
async fn editable(app: &App, caller: &Principal, title: TitleId) -> Result<TitleRow> {
    let row = if caller.may(Permission::Ads) {
        let row = publish::db::title(&app.db, title).await?;
        row.ok_or_else(publish::view::not_found)?
    } else {
        require_changeable(app, caller, title).await?
    };
    if row.kind == "file" {
        let detail = "This title is a file: there is nothing to interrupt.";
        return Err(Problem::conflict("not_playable", detail));
    }
    Ok(row)
}

/// Where something may be inserted into a title.
#[utoipa::path(get, path = "/api/v1/titles/{title}/breaks", tag = "ads", params(TitlePath),
    security(("token" = ["watch"])),
    responses((status = 200, body = BreakList, headers(("etag" = String))),
              (status = 404, body = ProblemBody)))]
async fn get_breaks(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<impl IntoResponse> {
    if !caller.may(Permission::Ads) {
        require_seen(&app, &caller, path.title).await?;
    } else if publish::db::title(&app.db, path.title).await?.is_none() {
        return Err(publish::view::not_found());
    }
    let rows = db::of_title(&app.db, path.id()).await?;
    Ok((tagged(db::edition(&rows)), Json(BreakList::of(&rows))))
}

/// Gives a title these breaks in place of all that it has. The manifest of a published title is signed anew;
/// agents and players take it within a minute.
#[utoipa::path(put, path = "/api/v1/titles/{title}/breaks", tag = "ads",
    params(TitlePath, ("if-match" = Option<String>, Header,
        description = "The `ETag` of the breaks that are to be replaced; `\"0\"`: there are none yet")),
    security(("token" = ["publish", "ads"])), request_body = BreakList,
    responses((status = 200, body = BreakList, headers(("etag" = String))), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody), (status = 412, body = ProblemBody)))]
async fn set_breaks(
    BreakEditor(caller): BreakEditor,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    headers: HeaderMap,
    Json(given): Json<BreakList>,
) -> Result<impl IntoResponse> {
    let title = editable(&app, &caller, path.title).await?;
    let rows = given.checked(title.duration_ms.map(i64::unsigned_abs))?;
    let edition = written(&app, &caller, path.title, &headers, &rows, "api").await?;
    Ok((tagged(edition), Json(BreakList::of(&rows))))
}

async fn written(
    app: &App,
    caller: &Principal,
    title: TitleId,
    headers: &HeaderMap,
    rows: &[BreakRow],
    by: &str,
) -> Result<i64> {
    let id = Uuid::from_bytes(title.0);
    let known = db::edition(&db::of_title(&app.db, id).await?);
    etag::require_match(headers, known)?;
    let before = headers.contains_key(header::IF_MATCH).then_some(known);
    let note = app
        .note(caller, act::BREAKS_SET, ("title", title))
        .with("breaks", rows.len())
        .with("by", by);
    super::change(app, title, rows, before, &note).await
}

/// How a document is taken.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// What the document is; without it, its first character says.
    #[param(inline)]
    format: Option<Format>,
    /// The stream's clock at the title's first picture, ticks of 90 kHz: a splice is then when its message says.
    /// Without it, a splice is where the file puts the message.
    first_pts: Option<u64>,
    /// Only look what would become of it; nothing is kept.
    #[serde(default)]
    dry_run: bool,
}

/// Takes breaks from a VMAP document, or from splice messages (SCTE-35) as JSON or CSV. They replace those that an
/// earlier document of the same format brought; others stay.
#[utoipa::path(post, path = "/api/v1/titles/{title}/breaks/import", tag = "ads",
    params(TitlePath, ImportQuery, ("if-match" = Option<String>, Header,
        description = "The `ETag` of the breaks that are to be changed")),
    security(("token" = ["publish", "ads"])),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = Imported, headers(("etag" = String))), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody), (status = 412, body = ProblemBody)))]
async fn import_breaks(
    BreakEditor(caller): BreakEditor,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse> {
    let title = editable(&app, &caller, path.title).await?;
    let bytes = whole(body)?;
    let published = publish::published(&app, path.title).await?;
    let content = Content {
        starts_ms: published.as_ref().map(|p| starts(p)).unwrap_or_default(),
        duration_ms: title.duration_ms.map(i64::unsigned_abs),
        first_pts: query.first_pts,
    };
    let format = query.format.unwrap_or_else(|| Format::of(&bytes));
    // Up to a megabyte is parsed: not on a thread that serves requests.
    let reading = tokio::task::spawn_blocking(move || import::read(&bytes, format, &content));
    let (found, warnings) = reading.await.map_err(Problem::internal)??;
    let known = db::of_title(&app.db, path.id()).await?;
    let list = import::merged(&BreakList::of(&known), found, format);
    let rows = list.checked(title.duration_ms.map(i64::unsigned_abs))?;
    let edition = match query.dry_run {
        true => db::edition(&known),
        false => written(&app, &caller, path.title, &headers, &rows, format.name()).await?,
    };
    let imported = Imported {
        breaks: BreakList::of(&rows).breaks,
        warnings,
        kept: !query.dry_run,
    };
    Ok((tagged(edition), Json(imported)))
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

/// Where the segments of a title begin, milliseconds: of its picture, or of its sound.
fn starts(published: &publish::Published) -> Vec<u64> {
    let tracks = &published.manifest.manifest().tracks;
    let picture = tracks
        .iter()
        .find(|track| matches!(track.kind, TrackKind::Video { .. }));
    let Some(track) = picture.or(tracks.first()) else {
        return Vec::new();
    };
    let scale = u128::from(track.timescale.max(1));
    let mut ticks = 0_u128;
    let mut starts = Vec::new();
    for (_, segment) in track.media() {
        starts.push(u64::try_from(ticks * 1000 / scale).unwrap_or(u64::MAX));
        ticks += u128::from(segment.duration);
    }
    starts
}
