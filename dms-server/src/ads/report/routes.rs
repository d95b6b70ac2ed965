//! Reports, receipts, and the comparison with a log.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, SUMS_MAX};
use super::export::{Line, Signed};
use super::reconcile::{self, AdReconciliation};
use super::{AdReport, AdSums, By, rows};
use crate::ads::count::db::HOUR_MS;
use crate::auth::AdOperator;
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody, Result};
use crate::site;
use crate::state::App;
use crate::usage::sheet::cell;

/// What is looked at when no beginning is asked for, milliseconds.
const LATELY_MS: i64 = 7 * 24 * HOUR_MS;

/// The longest time of a report, milliseconds.
const LONGEST_MS: i64 = 400 * 24 * HOUR_MS;

/// The most events that a log is compared with.
const EVENTS_MAX: i64 = 100_000;

/// Receipts read at once.
const RECEIPTS: i64 = 500;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ad_report))
        .routes(routes!(ad_receipts))
        .routes(routes!(reconcile_ads))
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// An object.
    #[default]
    Json,
    /// A spreadsheet.
    Csv,
}

/// Which report.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// Its beginning, milliseconds since the Unix epoch, down to a whole hour; without it, a week before its end.
    from: Option<i64>,
    /// Its end, up to a whole hour; without it, now.
    to: Option<i64>,
    /// `campaign`, `site`, `hour`, `title` or `server`; without it, by campaign.
    #[serde(default)]
    #[param(inline)]
    by: By,
    /// `json` or `csv`; without it, JSON.
    #[serde(default)]
    #[param(inline)]
    format: Form,
}

fn hours(app: &App, from: Option<i64>, to: Option<i64>) -> Result<(i64, i64)> {
    let to = to.unwrap_or_else(|| app.clock.now_ms() + 1);
    let from = from.unwrap_or_else(|| to.saturating_sub(LATELY_MS).max(0));
    let wrong = |fix: &str| {
        let detail = "This is no time that can be looked at.";
        Err(Problem::invalid("invalid_range", detail).at("from", "range", fix))
    };
    if from < 0 || from >= to {
        return wrong("Give a beginning before the end.");
    }
    if to.saturating_sub(from) > LONGEST_MS {
        return wrong("Give at most 400 days: older sums are not kept.");
    }
    let until = to.saturating_add(HOUR_MS - 1).div_euclid(HOUR_MS);
    Ok((from.div_euclid(HOUR_MS), until))
}

/// What ads came to: breaks asked for and filled, events, errors, and how much of it devices signed.
#[utoipa::path(get, path = "/api/v1/ads/report", tag = "ads", params(ReportQuery),
    security(("token" = ["ads"])),
    responses((status = 200, body = AdReport), (status = 400, body = ProblemBody)))]
async fn ad_report(
    _: AdOperator,
    State(app): State<App>,
    Query(query): Query<ReportQuery>,
) -> Result<Response> {
    let (from, until) = hours(&app, query.from, query.to)?;
    let sums = db::sums(&app.db, query.by, from, until).await?;
    let truncated = i64::try_from(sums.len()).unwrap_or(i64::MAX) >= SUMS_MAX;
    let items = rows(sums, &names(&app, query.by, from, until).await?);
    if query.format == Form::Csv {
        let text = sheet(&items).map_err(Problem::internal)?;
        let head = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"ads.csv\"",
            ),
        ];
        return Ok((head, text).into_response());
    }
    let report = AdReport {
        from_ms: from * HOUR_MS,
        until_ms: until * HOUR_MS,
        by: query.by,
        items,
        truncated,
    };
    Ok(Json(report).into_response())
}

/// What people call the keys of a report.
async fn names(app: &App, by: By, from: i64, until: i64) -> Result<BTreeMap<String, String>> {
    match by {
        By::Title => Ok(db::title_names(&app.db, from, until).await?),
        By::Site => {
            let sites = site::db::sites(&app.db).await?;
            let named = |s: site::Site| (site::row_id(s.id).to_string(), s.name);
            Ok(sites.into_iter().map(named).collect())
        }
        By::Campaign | By::Server | By::Hour => Ok(BTreeMap::new()),
    }
}

/// A row of a sheet: the errors by code in one cell.
#[derive(Serialize)]
struct SheetRow<'a> {
    key: &'a str,
    name: String,
    asked: i64,
    filled: i64,
    impressions: i64,
    starts: i64,
    first_quartiles: i64,
    midpoints: i64,
    third_quartiles: i64,
    completes: i64,
    skips: i64,
    clicks: i64,
    errors: i64,
    error_codes: String,
    told: i64,
    signed: i64,
    flagged: i64,
}

fn sheet(items: &[AdSums]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for item in items {
        let codes = item
            .error_codes
            .iter()
            .map(|(code, count)| format!("{code}:{count}"));
        writer.serialize(SheetRow {
            key: &item.key,
            name: cell(&item.name),
            asked: item.asked,
            filled: item.filled,
            impressions: item.impressions,
            starts: item.starts,
            first_quartiles: item.first_quartiles,
            midpoints: item.midpoints,
            third_quartiles: item.third_quartiles,
            completes: item.completes,
            skips: item.skips,
            clicks: item.clicks,
            errors: item.errors,
            error_codes: codes.collect::<Vec<_>>().join(" "),
            told: item.told,
            signed: item.signed,
            flagged: item.flagged,
        })?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// Whose receipts.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    /// Of this ad campaign or decision server; without it, all.
    campaign: Option<Uuid>,
}

/// The events that devices signed, as JSON lines that anyone can check: the authority first, then one receipt a line
/// with its device's certificate.
#[utoipa::path(get, path = "/api/v1/ads/receipts", tag = "ads", params(ReceiptQuery),
    security(("token" = ["ads"])),
    responses((status = 200, content_type = "application/jsonl", body = String)))]
async fn ad_receipts(
    _: AdOperator,
    State(app): State<App>,
    Query(query): Query<ReceiptQuery>,
) -> Result<Response> {
    let ca_pem = app.ca.pem().to_owned();
    let first = line(&Line::Authority { ca_pem });
    let start = (Some((Uuid::nil(), String::new(), -1_i64)), Some(first));
    let lines = stream::try_unfold(start, move |(after, first)| {
        let app = app.clone();
        async move {
            if let Some(first) = first {
                return Ok(Some((first, (after, None))));
            }
            let Some((instance, event, mark)) = after else {
                return Ok(None);
            };
            let after = (instance, event.as_str(), mark);
            let rows = db::receipts(&app.db, query.campaign, after, RECEIPTS).await?;
            let last = rows
                .last()
                .map(|r| (r.instance, r.event.clone(), r.mark_ms));
            let Some(last) = last else { return Ok(None) };
            let signed = rows
                .into_iter()
                .map(|row| Line::Receipt(Box::new(Signed::from(row))));
            let text: Vec<u8> = signed.flat_map(|signed| line(&signed)).collect();
            Ok::<_, sqlx::Error>(Some((Bytes::from(text), (Some(last), None))))
        }
    });
    let head = [(header::CONTENT_TYPE, "application/jsonl")];
    Ok((head, Body::from_stream(lines)).into_response())
}

fn line(line: &Line) -> Bytes {
    // Plain strings and numbers always serialise.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

/// What a log is compared with.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReconcileQuery {
    /// Events from this time, milliseconds since the Unix epoch; without it, a week before the end.
    from: Option<i64>,
    /// Up to this time; without it, now.
    to: Option<i64>,
    /// Of this decision server or ad campaign; without it, all.
    server: Option<Uuid>,
}

/// Compares what was counted here with a decision server's log: CSV with the columns `instance` (or `transaction`, a
/// decision), `event` and `time`, at most 20,000 lines.
#[utoipa::path(post, path = "/api/v1/ads/reconcile", tag = "ads", params(ReconcileQuery),
    security(("token" = ["ads"])), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = AdReconciliation), (status = 400, body = ProblemBody)))]
async fn reconcile_ads(
    _: AdOperator,
    State(app): State<App>,
    Query(query): Query<ReconcileQuery>,
    body: Bytes,
) -> Result<Json<AdReconciliation>> {
    let (from, until) = hours(&app, query.from, query.to)?;
    let log = reconcile::read(&String::from_utf8_lossy(&body))?;
    let (from_ms, until_ms) = (from * HOUR_MS, until * HOUR_MS);
    let own = db::events(&app.db, query.server, from_ms, until_ms, EVENTS_MAX).await?;
    if i64::try_from(own.len()).unwrap_or(i64::MAX) >= EVENTS_MAX {
        let fix = "Give a shorter time.";
        let detail = "More was counted than is compared at once.";
        return Err(Problem::invalid("invalid_range", detail).at("from", "too_many", fix));
    }
    Ok(Json(reconcile::compare(&own, log)))
}
