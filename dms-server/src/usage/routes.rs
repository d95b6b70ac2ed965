//! Reports of players, and the ledger.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, EntitlementRow, UsageRow};
use super::sheet::{self, csv};
use super::{PLAYS_MAX, Report, Reporter, Taken, take};
use crate::auth::{LogReader, Viewer};
use crate::device::caller::Device;
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(usage, report))
        .routes(routes!(entitlements))
}

/// Routes of the device listener.
pub fn device_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(device_report))
}

/// Takes what a page played.
#[utoipa::path(post, path = "/api/v1/usage", tag = "usage", request_body = Report,
    security(("token" = ["watch"])),
    responses((status = 200, body = Taken), (status = 400, body = ProblemBody)))]
async fn report(
    Viewer(caller): Viewer,
    State(app): State<App>,
    Json(report): Json<Report>,
) -> Result<Json<Taken>> {
    let reporter = Reporter::Page {
        person: caller.person,
        subject: caller.subject,
    };
    Ok(Json(take(&app, &reporter, bounded(&report)?).await?))
}

/// Takes what was played on the calling device, also a while ago.
#[utoipa::path(post, path = "/v1/usage", tag = "device listener", request_body = Report,
    responses((status = 200, body = Taken), (status = 400, body = ProblemBody)))]
async fn device_report(
    device: Device,
    State(app): State<App>,
    Json(report): Json<Report>,
) -> Result<Json<Taken>> {
    let reporter = Reporter::Device(device.id);
    Ok(Json(take(&app, &reporter, bounded(&report)?).await?))
}

fn bounded(report: &Report) -> Result<&Report> {
    if report.plays.len() <= PLAYS_MAX {
        return Ok(report);
    }
    let detail = format!("Send at most {PLAYS_MAX} stretches in one report.");
    Err(Problem::invalid("invalid_body", "The report is too long.")
        .at("/plays", "too_many", detail))
}

/// Which period, and in which form.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LedgerQuery {
    /// Its beginning, milliseconds since the Unix epoch; without it, the beginning of everything.
    from_ms: Option<i64>,
    /// Its end, which is not in it; without it, now.
    until_ms: Option<i64>,
    /// `json` or `csv`; without it, JSON.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// The form of a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// An object.
    #[default]
    Json,
    /// A spreadsheet.
    Csv,
}

/// What one department did with one title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// The department of whoever watched; empty: none is known.
    pub department: String,
    /// The title.
    pub title: Uuid,
    /// What people call it; empty when it was deleted.
    pub name: String,
    /// Licences issued in the period.
    pub licenses: i64,
    /// Of them, for use without contact to the server.
    pub offline_licenses: i64,
    /// Different people among them.
    pub people: i64,
    /// Different devices among those with nobody signed in.
    pub devices: i64,
    /// Played under these licences, seconds of the title, as the players say.
    pub played_s: i64,
    /// Of that, without contact to the server.
    pub played_offline_s: i64,
}

/// What one department is entitled to beyond what is free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entitlement {
    /// The department; empty: none is known.
    pub department: String,
    /// `subscription` (to a collection) or `rental` (of a title).
    pub kind: String,
    /// The collection or the title.
    pub object: Uuid,
    /// What people call it.
    pub name: String,
    /// Different people who have it.
    pub people: i64,
    /// People subscribed in the period, or rentals bought in it.
    pub bought: i64,
    /// Of the rentals, those that were watched.
    pub used: i64,
}

/// A ledger.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Ledger<T> {
    /// Its rows, by department.
    pub items: Vec<T>,
    /// Whether there are more rows than are shown: ask for a shorter period.
    pub truncated: bool,
}

/// Usage by department and title: the licences issued in the period, and what was played under them.
#[utoipa::path(get, path = "/api/v1/usage", tag = "usage", params(LedgerQuery),
    security(("token" = ["audit"])), responses((status = 200, body = Ledger<Usage>)))]
async fn usage(
    _: LogReader,
    State(app): State<App>,
    Query(query): Query<LedgerQuery>,
) -> Result<Response> {
    let (from, until) = period(&app, query)?;
    let rows = db::usage(&app.db, from, until).await?;
    let rows = rows.into_iter().map(Usage::of).collect();
    answer(rows, query.format, "usage.csv")
}

/// Entitlements by department: subscriptions that ran in the period, and rentals bought in it.
#[utoipa::path(get, path = "/api/v1/entitlements", tag = "usage", params(LedgerQuery),
    security(("token" = ["audit"])), responses((status = 200, body = Ledger<Entitlement>)))]
async fn entitlements(
    _: LogReader,
    State(app): State<App>,
    Query(query): Query<LedgerQuery>,
) -> Result<Response> {
    let (from, until) = period(&app, query)?;
    let rows = db::entitlements(&app.db, from, until).await?;
    let rows = rows.into_iter().map(Entitlement::of).collect();
    answer(rows, query.format, "entitlements.csv")
}

fn period(app: &App, query: LedgerQuery) -> Result<(i64, i64)> {
    let from = query.from_ms.unwrap_or(0);
    let until = query.until_ms.unwrap_or_else(|| app.clock.now_ms() + 1);
    if from < until {
        return Ok((from, until));
    }
    let detail = "Give a from_ms that is before until_ms.";
    Err(Problem::invalid("invalid_query", "The period is empty.").at("/from_ms", "order", detail))
}

fn answer<T: sheet::Row>(items: Vec<T>, format: Format, file: &str) -> Result<Response> {
    let truncated = i64::try_from(items.len()).unwrap_or(i64::MAX) >= db::ROWS_MAX;
    match format {
        Format::Json => Ok(Json(Ledger { items, truncated }).into_response()),
        Format::Csv => {
            let text = csv(items).map_err(Problem::internal)?;
            let head = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (
                    header::CONTENT_DISPOSITION,
                    format!("attachment; filename=\"{file}\""),
                ),
            ];
            Ok((head, text).into_response())
        }
    }
}

impl sheet::Row for Usage {
    const COLUMNS: &'static [&'static str] = &[
        "department",
        "title",
        "name",
        "licenses",
        "offline_licenses",
        "people",
        "devices",
        "played_s",
        "played_offline_s",
    ];

    fn texts(&mut self) -> [&mut String; 2] {
        [&mut self.department, &mut self.name]
    }
}

impl sheet::Row for Entitlement {
    const COLUMNS: &'static [&'static str] = &[
        "department",
        "kind",
        "object",
        "name",
        "people",
        "bought",
        "used",
    ];

    fn texts(&mut self) -> [&mut String; 2] {
        [&mut self.department, &mut self.name]
    }
}

impl Usage {
    fn of(row: UsageRow) -> Self {
        Self {
            department: row.department,
            title: row.title_id,
            name: row.name.unwrap_or_default(),
            licenses: row.licenses,
            offline_licenses: row.offline_licenses,
            people: row.people,
            devices: row.devices,
            played_s: row.played_ms / 1000,
            played_offline_s: row.played_offline_ms / 1000,
        }
    }
}

impl Entitlement {
    fn of(row: EntitlementRow) -> Self {
        Self {
            department: row.department,
            kind: row.kind,
            object: row.object_id,
            name: row.name,
            people: row.people,
            bought: row.bought,
            used: row.used,
        }
    }
}
