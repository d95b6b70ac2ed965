//! `/api/v1/profiles`.

use axum::extract::State;
use axum::response::IntoResponse;
use dms_transcoder_protocol::ladder;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, ProfileRow, Written};
use super::{NAME_MAX, Numbers, PROFILES_MAX, folded};
use crate::audit::{act, object};
use crate::auth::{Principal, SettingsAdmin, Viewer};
use crate::db::is_duplicate;
use crate::etag;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// This part's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_profiles, add_profile))
        .routes(routes!(get_profile, set_profile, remove_profile))
        .routes(routes!(show_ladder))
}

/// A named way to transcode.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Profile {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// Whether titles get it whose publisher chose none.
    default: bool,
    #[serde(flatten)]
    numbers: Numbers,
    /// Its edition, as in the `ETag`.
    edition: i64,
}

impl Profile {
    fn of(row: ProfileRow) -> Self {
        Self {
            numbers: row.numbers(),
            id: row.id,
            name: row.name,
            default: row.is_default == 1,
            edition: row.edition,
        }
    }
}

/// Every profile.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Profiles {
    /// They, by name; at most 20.
    items: Vec<Profile>,
}

/// A profile to be written.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProfile {
    /// What people call it, 1 to 60 characters; no two are called alike.
    name: String,
    /// Whether titles get it whose publisher chose none. The one that was the default is it no more.
    #[serde(default)]
    default: bool,
    /// Lines of the tallest rendition, 240 to 1080; nothing is made taller than its source.
    max_height: u16,
    /// Percent of the bits that are usual for a size, 30 to 200.
    bit_rate_percent: u16,
    /// Pictures a second, at most; 10 to 60.
    max_frame_rate: u16,
    /// Thousand bits a second of stereo sound, 48 to 256.
    audio_kbit: u16,
}

impl NewProfile {
    fn numbers(&self) -> Numbers {
        Numbers {
            max_height: self.max_height,
            bit_rate_percent: self.bit_rate_percent,
            max_frame_rate: self.max_frame_rate,
            audio_kbit: self.audio_kbit,
        }
    }

    fn check(&self) -> Result<()> {
        let problem = Problem::invalid("invalid_profile", "The profile cannot be like this.");
        let mut problem = self.numbers().check(problem);
        let name = self.name.trim();
        let length = name.chars().count();
        if length == 0 || length > NAME_MAX || name.chars().any(char::is_control) {
            let fix = format!("Give 1 to {NAME_MAX} characters on one line.");
            problem = problem.at("/name", "invalid_text", fix);
        }
        if problem.errors.is_empty() {
            Ok(())
        } else {
            Err(problem)
        }
    }

    fn written(&self, id: Uuid) -> Written<'_> {
        Written {
            id,
            name: self.name.trim(),
            numbers: self.numbers(),
            default: self.default,
        }
    }
}

/// Every profile, by name.
#[utoipa::path(get, path = "/api/v1/profiles", tag = "profiles", security(("token" = ["watch"])),
    responses((status = 200, body = Profiles)))]
async fn list_profiles(_: Viewer, State(app): State<App>) -> Result<Json<Profiles>> {
    let rows = db::all(&app.db).await?;
    let items = rows.into_iter().map(Profile::of).collect();
    Ok(Json(Profiles { items }))
}

fn taken() -> Problem {
    let problem = Problem::conflict("profile_taken", "There is a profile of this name.");
    problem.at("/name", "taken", "Choose another name.")
}

fn answered(status: StatusCode, row: ProfileRow) -> impl IntoResponse {
    let tag = [(header::ETAG, etag::of(row.edition))];
    (status, tag, Json(Profile::of(row)))
}

async fn find(app: &App, id: Uuid) -> Result<ProfileRow> {
    db::one(&app.db, id).await?.ok_or_else(|| {
        let detail = "There is no such profile. It may have been deleted.";
        Problem::not_found("profile_not_found", detail)
    })
}

fn note<'a>(
    app: &'a App,
    caller: &Principal,
    what: &'static str,
    written: &Written<'_>,
) -> crate::audit::Note<'a> {
    let numbers = written.numbers;
    app.note(caller, what, object("profile", written.id))
        .with("name", written.name)
        .with("default", written.default)
        .with("max_height", numbers.max_height)
        .with("bit_rate_percent", numbers.bit_rate_percent)
        .with("max_frame_rate", numbers.max_frame_rate)
        .with("audio_kbit", numbers.audio_kbit)
}

/// Makes a profile.
#[utoipa::path(post, path = "/api/v1/profiles", tag = "profiles", security(("token" = ["settings"])),
    responses((status = 201, body = Profile, headers(("etag" = String, description = "For `If-Match`"))),
              (status = 400, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn add_profile(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    Json(new): Json<NewProfile>,
) -> Result<impl IntoResponse> {
    new.check()?;
    let written = new.written(Uuid::now_v7());
    let note = note(&app, &caller, act::PROFILE_MADE, &written);
    match db::add(&app.db, &written, &folded(&new.name), &note).await {
        Err(error) if is_duplicate(&error) => return Err(taken()),
        Ok(false) => {
            let detail = format!("There are {PROFILES_MAX} profiles already: delete one first.");
            return Err(Problem::conflict("too_many_profiles", detail));
        }
        other => other?,
    };
    let row = find(&app, written.id).await?;
    Ok(answered(StatusCode::CREATED, row))
}

/// Which profile.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ProfilePath {
    /// The profile's id.
    profile: Uuid,
}

/// One profile.
#[utoipa::path(get, path = "/api/v1/profiles/{profile}", tag = "profiles", params(ProfilePath),
    security(("token" = ["watch"])),
    responses((status = 200, body = Profile, headers(("etag" = String, description = "For `If-Match`"))),
              (status = 404, body = ProblemBody)))]
async fn get_profile(
    _: Viewer,
    State(app): State<App>,
    Path(path): Path<ProfilePath>,
) -> Result<impl IntoResponse> {
    let row = find(&app, path.profile).await?;
    Ok(answered(StatusCode::OK, row))
}

/// Writes a profile. What is published stays as it is; what is made from now on is made with it.
#[utoipa::path(put, path = "/api/v1/profiles/{profile}", tag = "profiles", security(("token" = ["settings"])),
    params(ProfilePath, ("if-match" = Option<String>, Header, description = "The `ETag` of what was read")),
    responses((status = 200, body = Profile, headers(("etag" = String, description = "For `If-Match`"))),
              (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody), (status = 412, body = ProblemBody)))]
async fn set_profile(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    Path(path): Path<ProfilePath>,
    headers: HeaderMap,
    Json(new): Json<NewProfile>,
) -> Result<impl IntoResponse> {
    let row = find(&app, path.profile).await?;
    etag::require_match(&headers, row.edition)?;
    new.check()?;
    if row.is_default == 1 && !new.default {
        return Err(is_default());
    }
    let written = new.written(row.id);
    let note = note(&app, &caller, act::PROFILE_CHANGED, &written);
    match db::write(&app.db, &written, &folded(&new.name), row.edition, &note).await {
        Err(error) if is_duplicate(&error) => return Err(taken()),
        Ok(false) => return Err(etag::changed()),
        other => other?,
    };
    let row = find(&app, row.id).await?;
    Ok(answered(StatusCode::OK, row))
}

fn is_default() -> Problem {
    let detail = "This profile is the default, and one has to be: make another the default first.";
    Problem::conflict("profile_is_default", detail)
}

/// Deletes a profile. Titles that were to be made with it are made with the default.
#[utoipa::path(delete, path = "/api/v1/profiles/{profile}", tag = "profiles", security(("token" = ["settings"])),
    params(ProfilePath, ("if-match" = Option<String>, Header, description = "The `ETag` of what was read")),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
              (status = 412, body = ProblemBody)))]
async fn remove_profile(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    Path(path): Path<ProfilePath>,
    headers: HeaderMap,
) -> Result<StatusCode> {
    let row = find(&app, path.profile).await?;
    etag::require_match(&headers, row.edition)?;
    if row.is_default == 1 {
        return Err(is_default());
    }
    let note = app
        .note(&caller, act::PROFILE_DELETED, object("profile", row.id))
        .with("name", row.name.as_str());
    if !db::remove(&app.db, row.id, row.edition, &note).await? {
        return Err(etag::changed());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What would be made of a source.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LadderOrder {
    /// The profile's numbers.
    numbers: Numbers,
    /// Width of the source, pixels; at most 8192.
    width: u16,
    /// Height of the source, pixels; at most 8192.
    height: u16,
    /// Pictures a second of the source, 1 to 240.
    frame_rate: u16,
}

/// A rendition that would be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rung {
    /// Picture width, pixels.
    width: u16,
    /// Picture height, pixels.
    height: u16,
    /// Pictures a second.
    frame_rate: u16,
    /// The bit rate that it never exceeds for long, bits a second.
    bits_per_second: u32,
}

/// The renditions of a source.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Ladder {
    /// Of the picture, the tallest first.
    rungs: Vec<Rung>,
    /// Of stereo sound, bits a second.
    audio_bits_per_second: u32,
}

/// The longest side of a source.
const SIDE_MAX: u16 = 8_192;

/// Says which renditions would be made of a source with these numbers. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/profiles/ladder", tag = "profiles", security(("token" = ["watch"])),
    responses((status = 200, body = Ladder), (status = 400, body = ProblemBody)))]
async fn show_ladder(_: Viewer, Json(asked): Json<LadderOrder>) -> Result<Json<Ladder>> {
    let problem = Problem::invalid("invalid_profile", "The profile cannot be like this.");
    let mut problem = asked.numbers.check(problem);
    for error in &mut problem.errors {
        error.pointer.insert_str(0, "/numbers");
    }
    let sides = [("/width", asked.width), ("/height", asked.height)];
    for (pointer, side) in sides {
        if !(1..=SIDE_MAX).contains(&side) {
            problem = problem.at(pointer, "out_of_range", format!("Give 1 to {SIDE_MAX}."));
        }
    }
    if !(1..=240).contains(&asked.frame_rate) {
        problem = problem.at("/frame_rate", "out_of_range", "Give 1 to 240.");
    }
    if !problem.errors.is_empty() {
        return Err(problem);
    }
    let limits = asked.numbers.limits();
    let frame_rate = asked.frame_rate.min(asked.numbers.max_frame_rate);
    let (width, height) = (u32::from(asked.width), u32::from(asked.height));
    let rungs = ladder::rungs(width, height, u32::from(frame_rate) * 1_000, &limits);
    let rungs = rungs.into_iter().map(|rung| Rung {
        width: rung.width,
        height: rung.height,
        frame_rate,
        bits_per_second: rung.maxrate,
    });
    Ok(Json(Ladder {
        rungs: rungs.collect(),
        audio_bits_per_second: limits.audio_bit_rate,
    }))
}
