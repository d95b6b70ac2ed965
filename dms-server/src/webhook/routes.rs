//! `/api/v1/webhooks`, for administrators.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::Added;
use super::db::{self, WebhookRow};
use super::event::{self, Kind};
use super::secret::Secret;
use super::send;
use super::view::{DeliveryView, TestView, WebhookView};
use super::{WEBHOOKS_MAX, message};
use crate::audit::{act, object};
use crate::auth::SettingsAdmin;
use crate::egress::EgressError;
use crate::extract::{Json, Path, Query};
use crate::keys::{KekError, rotation::TRIES};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_webhooks, create_webhook))
        .routes(routes!(get_webhook, replace_webhook, delete_webhook))
        .routes(routes!(list_deliveries))
        .routes(routes!(test_webhook))
        .routes(routes!(retry_delivery))
}

/// A webhook to be made or to replace one.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookBody {
    /// Where to send to: HTTPS, at a public address or one that the operator opened.
    pub url: String,
    /// The event types to send; empty is all, also those to come.
    #[serde(default)]
    pub events: Vec<String>,
    /// Whether to send.
    #[serde(default = "yes")]
    pub enabled: bool,
}

const fn yes() -> bool {
    true
}

/// Which webhook.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct WebhookPath {
    /// The webhook's id.
    webhook: Uuid,
}

/// Which delivery.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DeliveryPath {
    /// The webhook's id.
    webhook: Uuid,
    /// The delivery's id.
    delivery: Uuid,
}

/// Lists the webhooks, newest first, without their secrets.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", params(PageQuery),
    security(("token" = ["settings"])), responses((status = 200, body = Page<WebhookView>)))]
async fn list_webhooks(
    _: SettingsAdmin,
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<WebhookView>>> {
    let rows = db::list(&app.db, query.cursor, query.fetch()).await?;
    let view = |row| WebhookView::of(row, None);
    Ok(Json(query.page(rows, |row| row.id, view)))
}

/// One webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(WebhookPath),
    security(("token" = ["settings"])),
    responses((status = 200, body = WebhookView), (status = 404, body = ProblemBody)))]
async fn get_webhook(
    _: SettingsAdmin,
    State(app): State<App>,
    Path(path): Path<WebhookPath>,
) -> Result<Json<WebhookView>> {
    let row = find(&app, path.webhook).await?;
    Ok(Json(WebhookView::of(row, None)))
}

/// Makes a webhook. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", security(("token" = ["settings"])),
    responses((status = 201, body = WebhookView), (status = 400, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn create_webhook(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    Json(body): Json<WebhookBody>,
) -> Result<impl IntoResponse> {
    let events = check_events(&body.events)?;
    let url = check_url(&app, &body.url).await?;
    let (id, secret) = (Uuid::now_v7(), Secret::draw());
    let mut row = WebhookRow {
        id,
        url,
        secret: Vec::new(),
        secret_kek: String::new(),
        events,
        enabled: i64::from(body.enabled),
        disabled_reason: None,
        dead_in_row: 0,
        created_by: caller.subject.clone(),
        created_ms: app.clock.now_ms(),
    };
    let note = app
        .note(&caller, act::WEBHOOK_MADE, object("webhook", id))
        .with("url", row.url.as_str());
    let mut added = Added::OtherKek;
    for _ in 0..TRIES {
        let kek = app.current_kek().await?;
        row.secret = secret.seal(&kek, id).map_err(Problem::internal)?;
        row.secret_kek = kek.id().to_string();
        added = db::add(&app.db, &row, &note).await?;
        if added != Added::OtherKek {
            break;
        }
    }
    match added {
        Added::Yes => {}
        Added::OtherKek => return Err(KekError::Unsettled.into()),
        Added::TooMany => {
            let detail = format!("There are {WEBHOOKS_MAX} webhooks already. Delete one first.");
            return Err(Problem::conflict("too_many_webhooks", detail));
        }
    }
    tracing::info!(webhook.id = %id, by = %row.created_by, "webhook made");
    let view = WebhookView::of(row, Some(&secret));
    Ok((StatusCode::CREATED, Json(view)))
}

/// Replaces a webhook; its secret stays. One that the server disabled starts anew when it is enabled: what
/// waits is sent.
#[utoipa::path(put, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(WebhookPath),
    security(("token" = ["settings"])),
    responses((status = 200, body = WebhookView), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody)))]
async fn replace_webhook(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    Path(path): Path<WebhookPath>,
    Json(body): Json<WebhookBody>,
) -> Result<Json<WebhookView>> {
    let before = find(&app, path.webhook).await?;
    let events = check_events(&body.events)?;
    // One that is only switched off need not be reachable.
    let url = if body.enabled || body.url != before.url {
        check_url(&app, &body.url).await?
    } else {
        before.url
    };
    let (id, enabled) = (path.webhook, body.enabled);
    let note = app
        .note(&caller, act::WEBHOOK_CHANGED, object("webhook", id))
        .with("url", url.as_str())
        .with("enabled", enabled);
    if !db::replace(&app.db, id, &url, &events, enabled, &note).await? {
        return Err(no_webhook());
    }
    app.webhooks.stir();
    tracing::info!(webhook.id = %path.webhook, enabled = body.enabled, "webhook replaced");
    let row = find(&app, path.webhook).await?;
    Ok(Json(WebhookView::of(row, None)))
}

/// Deletes a webhook with its deliveries.
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(WebhookPath),
    security(("token" = ["settings"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn delete_webhook(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    Path(path): Path<WebhookPath>,
) -> Result<StatusCode> {
    let note = app.note(
        &caller,
        act::WEBHOOK_DELETED,
        object("webhook", path.webhook),
    );
    if !db::delete(&app.db, path.webhook, &note).await? {
        return Err(no_webhook());
    }
    tracing::info!(webhook.id = %path.webhook, "webhook deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// The delivery log, newest first: what was sent, what the receiver answered, what is tried when.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(WebhookPath, PageQuery), security(("token" = ["settings"])),
    responses((status = 200, body = Page<DeliveryView>), (status = 404, body = ProblemBody)))]
async fn list_deliveries(
    _: SettingsAdmin,
    State(app): State<App>,
    Path(path): Path<WebhookPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeliveryView>>> {
    find(&app, path.webhook).await?;
    let rows = db::deliveries(&app.db, path.webhook, query.cursor, query.fetch()).await?;
    Ok(Json(query.page(rows, |row| row.id, DeliveryView::of)))
}

/// Sends `webhook.test` now, also to a webhook that is disabled, and answers what the receiver said. It is
/// tried once and leaves nothing in the log.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/test", tag = "webhooks",
    params(WebhookPath), security(("token" = ["settings"])),
    responses((status = 200, body = TestView), (status = 404, body = ProblemBody)))]
async fn test_webhook(
    _: SettingsAdmin,
    State(app): State<App>,
    Path(path): Path<WebhookPath>,
) -> Result<Json<TestView>> {
    let row = find(&app, path.webhook).await?;
    let (id, now_ms) = (Uuid::now_v7(), app.clock.now_ms());
    let data = serde_json::json!({"webhook": row.id}).to_string();
    let body = message::body(app.public_origin(), event::TEST, now_ms, &data);
    let sent = send::send(&app, &row, id, &body).await;
    Ok(Json(TestView::of(sent)))
}

/// Sends a delivery again, under the same `webhook-id`; one that waits is sent now.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/deliveries/{delivery}/retry",
    tag = "webhooks", params(DeliveryPath), security(("token" = ["settings"])),
    responses((status = 202, body = DeliveryView), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn retry_delivery(
    _: SettingsAdmin,
    State(app): State<App>,
    Path(path): Path<DeliveryPath>,
) -> Result<impl IntoResponse> {
    let webhook = find(&app, path.webhook).await?;
    if webhook.enabled != 1 {
        let detail = "The webhook is disabled. Enable it first; what waits is sent then.";
        return Err(Problem::conflict("webhook_disabled", detail));
    }
    let now_ms = app.clock.now_ms();
    let row = db::again(&app.db, path.webhook, path.delivery, now_ms).await?;
    let row = row.ok_or_else(|| {
        let detail = "There is no such delivery; old ones are forgotten.";
        Problem::not_found("delivery_not_found", detail)
    })?;
    app.webhooks.stir();
    Ok((StatusCode::ACCEPTED, Json(DeliveryView::of(row))))
}

async fn find(app: &App, id: Uuid) -> Result<WebhookRow> {
    db::one(&app.db, id).await?.ok_or_else(no_webhook)
}

fn no_webhook() -> Problem {
    Problem::not_found("webhook_not_found", "There is no such webhook.")
}

fn invalid() -> Problem {
    Problem::invalid("invalid_webhook", "The webhook cannot be saved like this.")
}

/// The URL as it was understood, if it may be called.
async fn check_url(app: &App, url: &str) -> Result<String> {
    app.egress.check(url).await.map_err(|error| {
        let code = if error.is_refusal() {
            "refused"
        } else {
            "unreachable"
        };
        invalid().at("/url", code, EgressError::to_string(&error))
    })
}

/// The event types as they are stored, if all of them exist.
fn check_events(events: &[String]) -> Result<String> {
    let mut problem = invalid();
    for (index, name) in events.iter().enumerate() {
        let pointer = format!("/events/{index}");
        if !Kind::ALL.iter().any(|kind| kind.name() == name) {
            let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            let fix = format!("Choose of {}.", names.join(", "));
            problem = problem.at(pointer, "unknown_event", fix);
        } else if events.iter().take(index).any(|other| other == name) {
            problem = problem.at(pointer, "repeated", "Name each type once.");
        }
        if problem.errors.len() > Kind::ALL.len() {
            break;
        }
    }
    if problem.errors.is_empty() {
        return serde_json::to_string(events).map_err(Problem::internal);
    }
    Err(problem)
}
