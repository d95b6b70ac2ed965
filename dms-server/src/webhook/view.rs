//! Webhooks and deliveries as the API shows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::db::{DeliveryRow, WebhookRow};
use super::secret::Secret;
use super::send::Sent;

/// A webhook.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: Uuid,
    /// Where it is sent to.
    pub url: String,
    /// The event types it is sent; empty is all, also those to come.
    pub events: Vec<String>,
    /// Whether it is sent to.
    pub enabled: bool,
    /// Why the server disabled it; null: it did not.
    pub disabled_reason: Option<String>,
    /// Deliveries that were given up since the last that arrived.
    pub dead_in_a_row: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// The signing secret; only in the answer that makes the webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl WebhookView {
    pub(super) fn of(row: WebhookRow, secret: Option<&Secret>) -> Self {
        Self {
            id: row.id,
            url: row.url,
            events: serde_json::from_str(&row.events).unwrap_or_default(),
            enabled: row.enabled == 1,
            disabled_reason: row.disabled_reason,
            dead_in_a_row: row.dead_in_row,
            created_by: row.created_by,
            created_ms: row.created_ms,
            secret: secret.map(|secret| secret.reveal().to_string()),
        }
    }
}

/// A delivery.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveryView {
    /// Its id, which receivers see as `webhook-id`.
    pub id: Uuid,
    /// The event type.
    pub r#type: String,
    /// `pending`, `delivered` or `dead`.
    pub state: String,
    /// Attempts so far.
    pub attempts: i64,
    /// When it is tried (again), milliseconds since the Unix epoch; null when it is not.
    pub next_ms: Option<i64>,
    /// What the receiver answered last; null: nothing.
    pub status: Option<i64>,
    /// Why the last attempt failed; null: it did not.
    pub error: Option<String>,
    /// When it was made.
    pub created_ms: i64,
    /// When it arrived or was given up.
    pub done_ms: Option<i64>,
}

impl DeliveryView {
    pub(super) fn of(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            r#type: row.kind,
            next_ms: (row.state == "pending").then_some(row.next_ms),
            state: row.state,
            attempts: row.attempts,
            status: row.last_status,
            error: row.last_error,
            created_ms: row.created_ms,
            done_ms: row.done_ms,
        }
    }
}

/// What a receiver said to a test.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TestView {
    /// Whether it took the message: it answered 2xx.
    pub delivered: bool,
    /// What it answered; null: nothing.
    pub status: Option<u16>,
    /// What is wrong; null: nothing.
    pub error: Option<String>,
    /// The first 500 characters of its answer.
    pub answer: String,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

impl TestView {
    pub(super) fn of(sent: Sent) -> Self {
        Self {
            delivered: sent.error.is_none(),
            status: sent.status,
            error: sent.error,
            answer: sent.answer,
            took_ms: u64::try_from(sent.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
