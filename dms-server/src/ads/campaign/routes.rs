//! `/api/v1/ads/campaigns`.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::check::{self, AdCampaignBody, Known};
use super::db::{self, AdCampaignRow};
use super::forecast::{self, Forecast, Plan, Watched};
use super::hold;
use super::view::{self, AdCampaignView};
use crate::ads::creative::{self, Standing, standing::standing};
use crate::audit::{act, object};
use crate::auth::AdOperator;
use crate::etag;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::rights::body::{PlanBody, PolicyBody};
use crate::state::App;

/// Ad campaigns that have not ended at most: each is looked at in each decision.
pub const CAMPAIGNS_MAX: i64 = 500;

const MINUTE_MS: i64 = 60_000;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_ad_campaigns, create_ad_campaign))
        .routes(routes!(
            get_ad_campaign,
            replace_ad_campaign,
            end_ad_campaign
        ))
        .routes(routes!(forecast_ad_campaign))
}

/// Which ad campaign.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AdCampaignPath {
    /// The ad campaign's id.
    campaign: Uuid,
}

/// Lists the ad campaigns, newest first.
#[utoipa::path(get, path = "/api/v1/ads/campaigns", tag = "ads", params(PageQuery),
    security(("token" = ["ads"])), responses((status = 200, body = Page<AdCampaignView>)))]
async fn list_ad_campaigns(
    _: AdOperator,
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AdCampaignView>>> {
    let rows = db::list(&app.db, query.cursor, query.fetch()).await?;
    let page = query.page(rows, |row| row.id, |row| row);
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(shown(&app, row).await?);
    }
    let next_cursor = page.next_cursor;
    Ok(Json(Page { items, next_cursor }))
}

async fn shown(app: &App, row: AdCampaignRow) -> Result<AdCampaignView> {
    let audience = db::audience(&app.db, row.id).await?;
    Ok(view::view(row, &audience, app.clock.now_ms()))
}

async fn answer(app: &App, status: StatusCode, id: Uuid) -> Result<Response> {
    let view = shown(app, find(app, id).await?).await?;
    let etag = [(header::ETAG, etag::of(view.edition))];
    Ok((status, etag, Json(view)).into_response())
}

async fn find(app: &App, id: Uuid) -> Result<AdCampaignRow> {
    let row = db::one(&app.db, id).await?;
    row.ok_or_else(|| Problem::not_found("ad_campaign_not_found", "There is no such ad campaign."))
}

/// One ad campaign.
#[utoipa::path(get, path = "/api/v1/ads/campaigns/{campaign}", tag = "ads", params(AdCampaignPath),
    security(("token" = ["ads"])),
    responses((status = 200, body = AdCampaignView), (status = 404, body = ProblemBody)))]
async fn get_ad_campaign(
    _: AdOperator,
    State(app): State<App>,
    Path(path): Path<AdCampaignPath>,
) -> Result<Response> {
    answer(&app, StatusCode::OK, path.campaign).await
}

/// Makes an ad campaign. The sites of its audience, or all, hold its creative from now on.
#[utoipa::path(post, path = "/api/v1/ads/campaigns", tag = "ads", security(("token" = ["ads"])),
    responses((status = 201, body = AdCampaignView), (status = 400, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn create_ad_campaign(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    Json(body): Json<AdCampaignBody>,
) -> Result<Response> {
    let now_ms = app.clock.now_ms();
    require_sound(&app, &body, now_ms).await?;
    if db::count(&app.db).await? >= CAMPAIGNS_MAX {
        let detail = format!("There are {CAMPAIGNS_MAX} ad campaigns already. End one first.");
        return Err(Problem::conflict("too_many_ad_campaigns", detail));
    }
    let row = view::row(&body, Uuid::now_v7(), &caller.subject, now_ms);
    let note = app
        .note(
            &caller,
            act::AD_CAMPAIGN_MADE,
            object("ad_campaign", row.id),
        )
        .with("name", row.name.as_str())
        .with("emergency", body.emergency);
    db::add(&app.db, &row, &view::audience(&body, row.id), &note).await?;
    hold::settle(&app).await?;
    tracing::info!(ad_campaign.id = %row.id, emergency = body.emergency, "ad campaign made");
    answer(&app, StatusCode::CREATED, row.id).await
}

/// Replaces what is said of an ad campaign, if it is still of the edition in `If-Match`. What was shown stays counted.
#[utoipa::path(put, path = "/api/v1/ads/campaigns/{campaign}", tag = "ads", params(AdCampaignPath),
    security(("token" = ["ads"])),
    responses((status = 200, body = AdCampaignView), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
              (status = 412, body = ProblemBody)))]
async fn replace_ad_campaign(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    Path(path): Path<AdCampaignPath>,
    headers: HeaderMap,
    Json(body): Json<AdCampaignBody>,
) -> Result<Response> {
    let before = find(&app, path.campaign).await?;
    etag::require_match(&headers, before.edition)?;
    if before.ended_ms.is_some() {
        let detail = "The ad campaign has ended. Make another one.";
        return Err(Problem::conflict("ad_campaign_ended", detail));
    }
    require_sound(&app, &body, app.clock.now_ms()).await?;
    let begins = body.from_ms.unwrap_or(before.from_ms);
    let mut row = view::row(&body, before.id, &before.created_by, begins);
    row.edition = before.edition;
    let note = app
        .note(
            &caller,
            act::AD_CAMPAIGN_CHANGED,
            object("ad_campaign", row.id),
        )
        .with("name", row.name.as_str());
    if !db::replace(&app.db, &row, &view::audience(&body, row.id), &note).await? {
        return Err(etag::changed());
    }
    if let Some(held) = before.held {
        hold::let_go(&app, &before, held).await?;
    }
    hold::settle(&app).await?;
    tracing::info!(ad_campaign.id = %row.id, "ad campaign changed");
    answer(&app, StatusCode::OK, row.id).await
}

/// Ends an ad campaign: no break shows it any more, and the sites may drop its creative. Ending it again changes nothing.
#[utoipa::path(delete, path = "/api/v1/ads/campaigns/{campaign}", tag = "ads", params(AdCampaignPath),
    security(("token" = ["ads"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn end_ad_campaign(
    AdOperator(caller): AdOperator,
    State(app): State<App>,
    Path(path): Path<AdCampaignPath>,
) -> Result<StatusCode> {
    let row = find(&app, path.campaign).await?;
    let note = app.note(
        &caller,
        act::AD_CAMPAIGN_ENDED,
        object("ad_campaign", row.id),
    );
    if db::end(&app.db, row.id, &note).await? {
        hold::settle(&app).await?;
        tracing::info!(ad_campaign.id = %row.id, "ad campaign ended");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// How often an ad campaign is going to be shown, as far as the last 28 days say.
#[utoipa::path(get, path = "/api/v1/ads/campaigns/{campaign}/forecast", tag = "ads",
    params(AdCampaignPath), security(("token" = ["ads"])),
    responses((status = 200, body = Forecast), (status = 404, body = ProblemBody)))]
async fn forecast_ad_campaign(
    _: AdOperator,
    State(app): State<App>,
    Path(path): Path<AdCampaignPath>,
) -> Result<Json<Forecast>> {
    let row = find(&app, path.campaign).await?;
    let now_ms = app.clock.now_ms();
    let audience = db::audience(&app.db, row.id).await?;
    let of = |kind: &str| -> BTreeSet<Uuid> {
        let own = audience.iter().filter(|member| member.kind == kind);
        own.map(|member| member.member).collect()
    };
    let others = db::open(&app.db, now_ms, CAMPAIGNS_MAX).await?;
    let is_rival = |other: &&AdCampaignRow| {
        other.id != row.id && other.emergency == 0 && other.priority >= row.priority
    };
    let plan = Plan {
        sites: of("site"),
        titles: of("title"),
        collections: of("collection"),
        names_groups: !of("group").is_empty(),
        from_ms: row.from_ms,
        until_ms: row.ended_ms.or(row.until_ms),
        cap_viewer_day: row.cap_viewer_day.map(i64::unsigned_abs),
        left: row
            .cap_total
            .map(|cap| (cap - row.shown).max(0).unsigned_abs()),
        emergency: row.emergency == 1,
        rivals: others.iter().filter(is_rival).count() as u64,
    };
    let watched = watched(&app, now_ms).await?;
    Ok(Json(forecast::forecast(&plan, &watched, now_ms)))
}

async fn watched(app: &App, now_ms: i64) -> Result<Vec<Watched>> {
    let since = now_ms.div_euclid(MINUTE_MS) - forecast::DAYS * 24 * 60;
    let rows = db::watched(&app.db, since).await?;
    let policies = db::policies(&app.db).await?;
    let collection = |title: Uuid| {
        let own = policies.iter().find(|(of, _)| *of == title);
        let policy: Option<PolicyBody> = own.and_then(|(_, json)| serde_json::from_str(json).ok());
        match policy?.plan {
            PlanBody::Subscription { collection } => Some(collection),
            _ => None,
        }
    };
    let watched = rows.into_iter().map(|row| Watched {
        title: row.title_id,
        collection: collection(row.title_id),
        site: Some(row.site_id).filter(|site| !site.is_nil()),
        views: row.views.unsigned_abs(),
        breaks: row.breaks.unsigned_abs(),
    });
    Ok(watched.collect())
}

async fn require_sound(app: &App, body: &AdCampaignBody, now_ms: i64) -> Result<()> {
    // What is named too often is refused below; what is looked up is bounded here already.
    let named = |ids: &[Uuid]| ids.iter().take(256).copied().collect::<Vec<_>>();
    let known = Known {
        sites: db::existing(&app.db, "site", &named(&body.sites)).await?,
        groups: db::existing(&app.db, "group", &named(&body.groups)).await?,
        titles: db::existing(&app.db, "title", &named(&body.titles)).await?,
        collections: db::existing(&app.db, "collection", &named(&body.collections)).await?,
    };
    check::check(body, &known, now_ms)?;
    let invalid = || {
        Problem::invalid(
            "invalid_ad_campaign",
            "The ad campaign cannot be saved like this.",
        )
    };
    let Some(row) = creative::db::one(&app.db, body.creative).await? else {
        let fix = "There is no such creative. GET /api/v1/ads/creatives lists them.";
        return Err(invalid().at("/creative", "unknown", fix));
    };
    if let Standing::Failed { reason, .. } = standing(&row, None) {
        let fix = format!("The creative cannot be shown: {reason}. Choose another one.");
        return Err(invalid().at("/creative", "failed", fix));
    }
    Ok(())
}
