//! `/api/v1/audit`: the log, searched, verified and exported.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::act;
use super::chain::{Noted, Report};
use super::db::{self, AuditRow, Filter};
use crate::auth::LogReader;
use crate::db::Db;
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Rows of a page unless asked otherwise, and at most.
const LIMIT: (u16, u16) = (50, 500);

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(verify))
        .routes(routes!(export))
}

/// Which rows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Of this actor: the name or the id.
    actor: Option<String>,
    /// What the action begins with, such as `title.` or `device.revoked`.
    action: Option<String>,
    /// The id of what it was done to.
    object: Option<String>,
    /// Not before this moment, milliseconds since the Unix epoch.
    from_ms: Option<i64>,
    /// Before this moment.
    until_ms: Option<i64>,
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<i64>,
    /// Rows, 1 to 500.
    limit: Option<u16>,
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// `person`, `token`, `device` or `system`.
    pub actor_kind: String,
    /// The actor's id; empty for the system.
    pub actor_id: String,
    /// The actor's name at that time.
    pub actor: String,
    /// What was done, such as `title.deleted`.
    pub action: String,
    /// What it was done to, such as `title`.
    pub object_kind: String,
    /// Its id.
    pub object: String,
    /// What else there is to say.
    pub detail: Value,
    /// The row's MAC, hexadecimal; it covers the row and the one before.
    pub mac: String,
}

impl Entry {
    /// A row for people and programs.
    #[must_use]
    pub fn of(row: AuditRow) -> Self {
        Self {
            // Whoever changed the text shows up in the verification, not here.
            detail: serde_json::from_str(&row.detail).unwrap_or(Value::String(row.detail)),
            mac: hex::encode(&row.mac),
            seq: row.seq,
            at_ms: row.at_ms,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            actor: row.actor,
            action: row.action,
            object_kind: row.object_kind,
            object: row.object,
        }
    }
}

/// One page of the log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Entries {
    /// The rows, newest first.
    pub items: Vec<Entry>,
    /// Asks for the next page; null on the last.
    pub next_cursor: Option<i64>,
}

/// The log, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery),
    security(("token" = ["audit"])), responses((status = 200, body = Entries)))]
async fn search(
    _: LogReader,
    State(app): State<App>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Entries>> {
    let limit = query.limit.unwrap_or(LIMIT.0).clamp(1, LIMIT.1);
    let filter = Filter {
        actor: query.actor,
        action: query.action,
        object: query.object,
        from_ms: query.from_ms,
        until_ms: query.until_ms,
    };
    let mut rows = db::search(&app.db, &filter, query.cursor, i64::from(limit) + 1).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(limit.into());
    let next_cursor = rows.last().filter(|_| more).map(|row| row.seq);
    Ok(Json(Entries {
        items: rows.into_iter().map(Entry::of).collect(),
        next_cursor,
    }))
}

/// Which log it should be the continuation of.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// A head that an earlier verification printed, `NUMBER:MAC`: shows that nothing was rolled back since.
    head: Option<String>,
}

/// Goes through the whole log and names every row that is not what was written.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", params(VerifyQuery),
    security(("token" = ["audit"])),
    responses((status = 200, body = Report), (status = 400, body = ProblemBody)))]
async fn verify(
    _: LogReader,
    State(app): State<App>,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<Report>> {
    let noted = query.head.as_deref().map(str::parse::<Noted>).transpose();
    let noted = noted.map_err(|fix| {
        Problem::invalid("invalid_head", "This is not the head of a log.").at(
            "head",
            "invalid_head",
            fix,
        )
    })?;
    let report = db::verify(&app.db, app.keys.audit(), noted).await?;
    if !report.whole {
        tracing::error!(faults = report.faults.len(), "the audit log was changed");
    }
    Ok(Json(report))
}

/// From where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Only rows after this one.
    #[serde(default)]
    after: i64,
}

/// The whole log, oldest first: a JSON object a line.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit", params(ExportQuery),
    security(("token" = ["audit"])),
    responses((status = 200, content_type = "application/jsonl")))]
async fn export(
    LogReader(caller): LogReader,
    State(app): State<App>,
    Query(query): Query<ExportQuery>,
) -> Result<Response> {
    let after = query.after.max(0);
    let until = db::length(&app.db).await?;
    let note = app
        .note(
            &caller,
            act::LOG_EXPORTED,
            ("audit", after.saturating_add(1)),
        )
        .with("until", until);
    db::add(&app.db, &note).await?;
    let database = app.db.clone();
    let lines = stream::try_unfold(after, move |after| {
        let database = database.clone();
        async move { page(&database, after, until).await }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// The lines after a row and the last row among them; none when that was the last.
async fn page(db: &Db, after: i64, until: i64) -> sqlx::Result<Option<(Bytes, i64)>> {
    let rows = db::following(db, after).await?;
    let mut lines = BytesMut::new();
    let mut last = after;
    for row in rows.into_iter().filter(|row| row.seq <= until) {
        last = row.seq;
        lines.put_slice(json!(Entry::of(row)).to_string().as_bytes());
        lines.put_u8(b'\n');
    }
    Ok((last > after).then(|| (lines.freeze(), last)))
}
