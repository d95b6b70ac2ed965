//! Reports of players about deliveries, and what they come to.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use swarm::content::TitleId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, SumRow};
use super::view::{
    DeliverySite, DeliveryStep, PathViews, SiteDeliveries, TitleDelivery, ViewPaths,
};
use super::{DAY_MS, DeliveryReport, KEPT_MS, MINUTE_MS};
use crate::auth::{NetworkReader, Viewer};
use crate::extract::{Json, Path, Query};
use crate::net::Remote;
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish::require_seen;
use crate::site::{self, row_id};
use crate::state::App;

/// The most steps of an answer.
const STEPS_MAX: i64 = 240;
/// How long a step may be, minutes.
const STEPS: [i64; 8] = [1, 5, 15, 60, 180, 360, 720, 1440];
/// What is looked at when no beginning is asked for.
const LATELY_MS: i64 = 60 * MINUTE_MS;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(report_delivery))
        .routes(routes!(title_delivery))
        .routes(routes!(site_deliveries))
        .routes(routes!(view_paths))
}

/// Takes what a page says of the last seconds of a view. Only sums are kept: nothing says who watched.
#[utoipa::path(post, path = "/api/v1/delivery", tag = "delivery", security(("token" = ["watch"])),
    request_body = DeliveryReport,
    responses((status = 204), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn report_delivery(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Extension(remote): Extension<Remote>,
    Json(report): Json<DeliveryReport>,
) -> Result<StatusCode> {
    require_seen(&app, &caller, TitleId(report.title.into_bytes())).await?;
    let site = app.sites.site_of(remote.addr.ip());
    app.deliveries.count(&report, site, app.clock.now_ms());
    Ok(StatusCode::NO_CONTENT)
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

/// Which time.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TimeQuery {
    /// Its beginning, milliseconds since the Unix epoch; without it, an hour before its end.
    from_ms: Option<i64>,
    /// Its end; without it, now.
    until_ms: Option<i64>,
    /// Of one site only; all zeros: of viewers in no site.
    site: Option<Uuid>,
}

impl TimeQuery {
    /// The whole minutes that are asked for.
    fn minutes(self, now_ms: i64) -> Result<(i64, i64)> {
        let until_ms = self.until_ms.unwrap_or(now_ms);
        let from_ms = self
            .from_ms
            .unwrap_or_else(|| until_ms.saturating_sub(LATELY_MS));
        let detail = "This is no time that can be looked at.";
        let wrong = |name: &str, fix: &str| {
            Err(Problem::invalid("invalid_range", detail).at(name, "range", fix))
        };
        if from_ms < 0 || from_ms >= until_ms {
            return wrong("from_ms", "Give a beginning before the end.");
        }
        if until_ms.saturating_sub(from_ms) > KEPT_MS {
            return wrong("from_ms", "Give at most 92 days: older sums are not kept.");
        }
        let last = until_ms.saturating_add(MINUTE_MS - 1).div_euclid(MINUTE_MS);
        Ok((from_ms.div_euclid(MINUTE_MS), last))
    }
}

async fn sites(app: &App, rows: Vec<SumRow>) -> Result<Vec<DeliverySite>> {
    let named = site::db::sites(&app.db).await?;
    let names: BTreeMap<Uuid, String> = named.into_iter().map(|s| (row_id(s.id), s.name)).collect();
    let view = |row: SumRow| DeliverySite {
        site: Some(row.site_id).filter(|id| !id.is_nil()),
        name: names.get(&row.site_id).cloned(),
        sums: row.sums(),
    };
    let mut sites: Vec<DeliverySite> = rows.into_iter().map(view).collect();
    sites.sort_by(|a, b| {
        a.name
            .is_none()
            .cmp(&b.name.is_none())
            .then(a.name.cmp(&b.name))
    });
    Ok(sites)
}

/// How a title came to its viewers: from where, how smoothly, and where they were, as their pages said.
#[utoipa::path(get, path = "/api/v1/titles/{title}/delivery", tag = "delivery", params(TitlePath, TimeQuery),
    security(("token" = ["read_network"])),
    responses((status = 200, body = TitleDelivery), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody)))]
async fn title_delivery(
    NetworkReader(caller): NetworkReader,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    Query(query): Query<TimeQuery>,
) -> Result<Json<TitleDelivery>> {
    require_seen(&app, &caller, path.title).await?;
    let minutes = query.minutes(app.clock.now_ms())?;
    let title = Uuid::from_bytes(path.title.0);
    let long = minutes.1 - minutes.0;
    let step = STEPS.into_iter().find(|step| long / step < STEPS_MAX);
    let step = step.unwrap_or(1440);
    let steps = db::steps(&app.db, title, minutes, step, query.site).await?;
    let by_site = db::by_site(&app.db, Some(title), minutes).await?;
    Ok(Json(TitleDelivery {
        from_ms: minutes.0 * MINUTE_MS,
        until_ms: minutes.1 * MINUTE_MS,
        step_ms: step * MINUTE_MS,
        steps: steps
            .into_iter()
            .map(|row| DeliveryStep {
                at_ms: row.minute * MINUTE_MS,
                sums: row.sums(),
            })
            .collect(),
        sites: sites(&app, by_site).await?,
    }))
}

/// What came to each site, of all titles, as pages said.
#[utoipa::path(get, path = "/api/v1/delivery/sites", tag = "delivery", params(TimeQuery),
    security(("token" = ["read_network"])),
    responses((status = 200, body = SiteDeliveries), (status = 400, body = ProblemBody)))]
async fn site_deliveries(
    _: NetworkReader,
    State(app): State<App>,
    Query(query): Query<TimeQuery>,
) -> Result<Json<SiteDeliveries>> {
    let minutes = query.minutes(app.clock.now_ms())?;
    let mut rows = db::by_site(&app.db, None, minutes).await?;
    rows.retain(|row| query.site.is_none_or(|site| site == row.site_id));
    Ok(Json(SiteDeliveries {
        from_ms: minutes.0 * MINUTE_MS,
        until_ms: minutes.1 * MINUTE_MS,
        sites: sites(&app, rows).await?,
    }))
}

/// How many views took which path to their video, and why, by whole days in UTC.
#[utoipa::path(get, path = "/api/v1/delivery/paths", tag = "delivery", params(TimeQuery),
    security(("token" = ["read_network"])),
    responses((status = 200, body = ViewPaths), (status = 400, body = ProblemBody)))]
async fn view_paths(
    _: NetworkReader,
    State(app): State<App>,
    Query(query): Query<TimeQuery>,
) -> Result<Json<ViewPaths>> {
    let (from, until) = query.minutes(app.clock.now_ms())?;
    let day = |minute: i64| (minute * MINUTE_MS).div_euclid(DAY_MS);
    let rows = db::paths(&app.db, (day(from), day(until - 1) + 1)).await?;
    let view = |(path, reason, views)| PathViews {
        path,
        reason,
        views,
    };
    Ok(Json(ViewPaths {
        items: rows.into_iter().map(view).collect(),
    }))
}
