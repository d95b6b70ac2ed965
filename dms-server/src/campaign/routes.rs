//! `/api/v1/campaigns`.

use std::fmt::Write;

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use swarm::content::{Manifest, SiteId, TitleId, TrackId, TrackKind};
use swarm::wire::{MAX_CAMPAIGNS, MAX_COPIES};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, CampaignRow};
use super::view::{self, CampaignView};
use super::{can_hold, reload};
use crate::audit::{act, object};
use crate::auth::{Campaigner, NetworkReader};
use crate::events::{Event, List};
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish;
use crate::site::Site;
use crate::state::App;

/// Copies of each chunk unless somebody says otherwise: as many as a chunk has homes.
pub const REPLICAS: u8 = 2;

/// The latest moment that makes sense, milliseconds from now: ten years. Beyond it somebody confused units.
const FAR_MS: i64 = 10 * 366 * 24 * 3_600_000;

/// How far back a beginning may lie, milliseconds: clocks differ.
const SLACK_MS: i64 = 5 * 60_000;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_campaigns, create_campaign))
        .routes(routes!(get_campaign, end_campaign))
}

/// A campaign to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignBody {
    /// The title.
    pub title: Uuid,
    /// Which of its tracks, by number; empty is all.
    #[serde(default)]
    pub tracks: Vec<u16>,
    /// The sites; null is every site, also those drawn later.
    #[serde(default)]
    pub sites: Option<Vec<Uuid>>,
    /// Copies of each chunk at each site, 1 to 8.
    #[serde(default = "replicas")]
    pub replicas: u8,
    /// When it begins, milliseconds since the Unix epoch; null is now.
    #[serde(default)]
    pub not_before_ms: Option<i64>,
    /// When it should be complete; null is whenever.
    #[serde(default)]
    pub deadline_ms: Option<i64>,
    /// When it ends by itself; null is when somebody ends it.
    #[serde(default)]
    pub until_ms: Option<i64>,
}

const fn replicas() -> u8 {
    REPLICAS
}

/// Lists the campaigns, newest first.
#[utoipa::path(get, path = "/api/v1/campaigns", tag = "campaigns", params(PageQuery),
    security(("token" = ["read_network"])), responses((status = 200, body = Page<CampaignView>)))]
async fn list_campaigns(
    _: NetworkReader,
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<CampaignView>>> {
    let rows = db::list(&app.db, query.cursor, query.fetch()).await?;
    let page = query.page(rows, |row| row.id, |row| row);
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        let sites = db::sites(&app.db, row.id).await?;
        items.push(view::view(&app, row, &sites)?);
    }
    let next_cursor = page.next_cursor;
    Ok(Json(Page { items, next_cursor }))
}

/// Which campaign.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CampaignPath {
    /// The campaign's id.
    campaign: Uuid,
}

/// One campaign, with how far each site is.
#[utoipa::path(get, path = "/api/v1/campaigns/{campaign}", tag = "campaigns", params(CampaignPath),
    security(("token" = ["read_network"])),
    responses((status = 200, body = CampaignView), (status = 404, body = ProblemBody)))]
async fn get_campaign(
    _: NetworkReader,
    State(app): State<App>,
    Path(path): Path<CampaignPath>,
) -> Result<Json<CampaignView>> {
    show(&app, path.campaign).await.map(Json)
}

async fn show(app: &App, id: Uuid) -> Result<CampaignView> {
    let row = db::one(&app.db, id).await?.ok_or_else(no_campaign)?;
    let sites = db::sites(&app.db, id).await?;
    view::view(app, row, &sites)
}

/// Makes sites hold a title before anybody watches it. Their PCs are told at once.
#[utoipa::path(post, path = "/api/v1/campaigns", tag = "campaigns",
    security(("token" = ["campaigns"])),
    responses((status = 201, body = CampaignView), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn create_campaign(
    Campaigner(caller): Campaigner,
    State(app): State<App>,
    Json(body): Json<CampaignBody>,
) -> Result<impl IntoResponse> {
    let title = TitleId(body.title.into_bytes());
    let published = publish::require_published(&app, title).await?;
    let now_ms = app.clock.now_ms();
    let configured = app.sites.sites();
    check(&body, published.manifest.manifest(), &configured, now_ms)?;
    let sites: Option<Vec<SiteId>> = body
        .sites
        .as_ref()
        .map(|sites| sites.iter().map(|id| SiteId(id.into_bytes())).collect());
    check_room(&app, title, sites.as_deref(), &configured).await?;
    let name = publish::db::title(&app.db, title).await?;
    let mut tracks = body.tracks;
    tracks.sort_unstable();
    let row = CampaignRow {
        id: Uuid::now_v7(),
        title_id: body.title,
        title_name: name.map(|row| row.name).unwrap_or_default(),
        tracks: serde_json::to_string(&tracks).map_err(Problem::internal)?,
        replicas: body.replicas.into(),
        all_sites: i64::from(sites.is_none()),
        not_before_ms: body.not_before_ms.unwrap_or(now_ms),
        deadline_ms: body.deadline_ms,
        until_ms: body.until_ms,
        created_by: caller.subject.clone(),
        created_ms: now_ms,
        ended_ms: None,
    };
    let note = app
        .note(&caller, act::CAMPAIGN_MADE, object("campaign", row.id))
        .with("title", title.to_string());
    db::add(&app.db, &row, sites.as_deref().unwrap_or_default(), &note).await?;
    reload(&app).await?;
    // Its beginning or end may come before the campaigns would be read again.
    app.campaigns.stir();
    app.events.emit(Event::ListChanged(List::Campaigns));
    tracing::info!(campaign.id = %row.id, title.id = %title, "campaign made");
    Ok((StatusCode::CREATED, Json(show(&app, row.id).await?)))
}

/// Ends a campaign: PCs are told at once and may drop its chunks. It stays in the list for 90 days.
#[utoipa::path(delete, path = "/api/v1/campaigns/{campaign}", tag = "campaigns",
    params(CampaignPath), security(("token" = ["campaigns"])),
    responses((status = 204), (status = 404, body = ProblemBody)))]
async fn end_campaign(
    Campaigner(caller): Campaigner,
    State(app): State<App>,
    Path(path): Path<CampaignPath>,
) -> Result<StatusCode> {
    // First what it took over the WAN: only a running campaign is counted.
    reload(&app).await?;
    let note = app.note(
        &caller,
        act::CAMPAIGN_ENDED,
        object("campaign", path.campaign),
    );
    if !db::end(&app.db, path.campaign, &note).await? {
        return Err(no_campaign());
    }
    reload(&app).await?;
    app.events.emit(Event::ListChanged(List::Campaigns));
    tracing::info!(campaign.id = %path.campaign, "campaign ended");
    Ok(StatusCode::NO_CONTENT)
}

fn no_campaign() -> Problem {
    Problem::not_found("campaign_not_found", "There is no such campaign.")
}

/// Refuses a campaign that cannot be, with every wrong field and its fix.
fn check(body: &CampaignBody, manifest: &Manifest, sites: &[Site], now_ms: i64) -> Result<()> {
    let mut problem =
        Problem::invalid("invalid_campaign", "The campaign cannot be made like this.");
    if body.replicas == 0 || body.replicas > MAX_COPIES {
        problem = problem.at("/replicas", "range", format!("Give 1 to {MAX_COPIES}."));
    }
    problem = check_tracks(problem, &body.tracks, manifest);
    problem = check_times(problem, body, now_ms);
    problem = check_sites(problem, body.sites.as_deref(), sites);
    if problem.errors.is_empty() {
        Ok(())
    } else {
        Err(problem)
    }
}

fn check_tracks(mut problem: Problem, tracks: &[u16], manifest: &Manifest) -> Problem {
    for (index, number) in tracks.iter().enumerate() {
        let pointer = format!("/tracks/{index}");
        if tracks.iter().take(index).any(|other| other == number) {
            problem = problem.at(pointer, "repeated", "Name each track once.");
        } else if !manifest.tracks.iter().any(|t| t.id == TrackId(*number)) {
            let fix = format!("The title has {}.", track_list(manifest));
            problem = problem.at(pointer, "unknown_track", fix);
        }
    }
    problem
}

fn track_list(manifest: &Manifest) -> String {
    let mut list = String::new();
    for track in &manifest.tracks {
        let comma = if list.is_empty() { "" } else { ", " };
        let what = match &track.kind {
            TrackKind::Video { width, height, .. } => format!("video {width}x{height}"),
            TrackKind::Audio { language, .. } => format!("audio {language}"),
            TrackKind::Subtitle { language } => format!("subtitles {language}"),
            TrackKind::File { .. } => "the file".to_owned(),
        };
        let _ = write!(list, "{comma}{} ({what})", track.id);
    }
    list
}

fn check_times(mut problem: Problem, body: &CampaignBody, now_ms: i64) -> Problem {
    let begins = body.not_before_ms.unwrap_or(now_ms);
    if begins < now_ms - SLACK_MS {
        let fix = "It lies in the past. Leave it out to begin now.";
        problem = problem.at("/not_before_ms", "past", fix);
    }
    for (pointer, moment) in [
        ("/deadline_ms", body.deadline_ms),
        ("/until_ms", body.until_ms),
    ] {
        let Some(moment) = moment else { continue };
        if moment <= now_ms {
            let fix = "It lies in the past. Give milliseconds since 1970, after now.";
            problem = problem.at(pointer, "past", fix);
        } else if moment <= begins {
            problem = problem.at(pointer, "order", "It must come after not_before_ms.");
        }
    }
    if let (Some(deadline), Some(until)) = (body.deadline_ms, body.until_ms)
        && until < deadline
    {
        let fix = "The campaign would end before its deadline. Give a later end.";
        problem = problem.at("/until_ms", "order", fix);
    }
    for (pointer, moment) in [
        ("/not_before_ms", body.not_before_ms),
        ("/deadline_ms", body.deadline_ms),
        ("/until_ms", body.until_ms),
    ] {
        if moment.is_some_and(|moment| moment > now_ms.saturating_add(FAR_MS)) {
            let fix = "It is more than ten years away. Give milliseconds since 1970.";
            problem = problem.at(pointer, "range", fix);
        }
    }
    problem
}

fn check_sites(mut problem: Problem, asked: Option<&[Uuid]>, sites: &[Site]) -> Problem {
    let Some(asked) = asked else {
        return problem;
    };
    if asked.is_empty() {
        let fix = "Name at least one site, or give null for every site.";
        problem = problem.at("/sites", "length", fix);
    }
    for (index, id) in asked.iter().enumerate() {
        let pointer = format!("/sites/{index}");
        let known = sites.iter().find(|site| site.id.0 == id.into_bytes());
        if asked.iter().take(index).any(|other| other == id) {
            problem = problem.at(pointer, "repeated", "Name each site once.");
            continue;
        }
        match known {
            None => {
                let fix = "There is no such site. GET /api/v1/sites lists them.";
                problem = problem.at(pointer, "unknown_site", fix);
            }
            Some(site) if !can_hold(site.peering) => {
                let fix = format!(
                    "The PCs of {} give one another nothing. Set its peering rule to `on` first.",
                    site.name
                );
                problem = problem.at(pointer, "cannot_hold", fix);
            }
            Some(_) => {}
        }
    }
    problem
}

/// Refuses a title more than a site's peers can be told of.
async fn check_room(
    app: &App,
    title: TitleId,
    asked: Option<&[SiteId]>,
    sites: &[Site],
) -> Result<()> {
    let rows = db::running(&app.db).await?;
    let own = db::running_sites(&app.db).await?;
    let is_at = |row: &CampaignRow, site: SiteId| {
        let named = |s: &db::SiteRow| s.campaign_id == row.id && s.site_id.into_bytes() == site.0;
        row.all_sites == 1 || own.iter().any(named)
    };
    for site in sites {
        if asked.is_some_and(|asked| !asked.contains(&site.id)) {
            continue;
        }
        let there = rows.iter().filter(|row| is_at(row, site.id));
        let titles: std::collections::BTreeSet<Uuid> = there.map(|row| row.title_id).collect();
        let is_new = !titles.contains(&Uuid::from_bytes(title.0));
        if is_new && titles.len() >= MAX_CAMPAIGNS {
            let detail = format!(
                "{} is to hold {MAX_CAMPAIGNS} titles already. End a campaign first.",
                site.name
            );
            return Err(Problem::conflict("too_many_campaigns", detail));
        }
    }
    Ok(())
}
