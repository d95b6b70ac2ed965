//! One attempt: signed, sent, judged by its status.

use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::Instant;
use uuid::Uuid;

use super::db::WebhookRow;
use super::message;
use super::secret::{Secret, SecretError};
use crate::egress::{EgressError, Outgoing, Take};
use crate::state::App;

/// Bytes of a receiver's answer that are looked at.
const ANSWER_MAX: usize = 2_048;

/// Characters of a receiver's answer that an administrator sees.
const EXCERPT_MAX: usize = 500;

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// What the receiver answered; `None`: nothing.
    pub(super) status: Option<u16>,
    /// Why it did not arrive, in words for administrators; `None`: it did.
    pub(super) error: Option<String>,
    /// The beginning of what the receiver said, printable.
    pub(super) answer: String,
    /// How long it took.
    pub(super) took: Duration,
}

impl Sent {
    /// The receiver says that it is gone for good.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

/// Sends a message once.
pub(super) async fn send(app: &App, webhook: &WebhookRow, id: Uuid, body: &str) -> Sent {
    let begun = Instant::now();
    let failed = |error: String| Sent {
        status: None,
        error: Some(error),
        answer: String::new(),
        took: begun.elapsed(),
    };
    let kek = match app.keys.keks().named(&webhook.secret_kek).await {
        Ok(kek) => kek,
        Err(error) => {
            tracing::error!(%error, "a webhook cannot be signed for");
            return failed(SecretError.to_string());
        }
    };
    let secret = match Secret::open(&kek, webhook.id, &webhook.secret) {
        Ok(secret) => secret,
        Err(error) => return failed(error.to_string()),
    };
    let request = Outgoing {
        url: &webhook.url,
        method: Method::POST,
        headers: message::headers(&secret, id, app.clock.now_ms(), body),
        body: body.to_owned().into(),
        take: Take::First(ANSWER_MAX),
    };
    match app.egress.send(request).await {
        Ok(answer) => Sent {
            status: Some(answer.status.as_u16()),
            error: complaint(answer.status),
            answer: excerpt(&answer.body),
            took: begun.elapsed(),
        },
        Err(error) => failed(EgressError::to_string(&error)),
    }
}

/// What is wrong with a status; nothing is with 2xx.
fn complaint(status: StatusCode) -> Option<String> {
    if status.is_success() {
        return None;
    }
    let code = status.as_u16();
    Some(if status.is_redirection() {
        format!(
            "the receiver redirects ({code}), which is not followed; give the address it ends at"
        )
    } else if status == StatusCode::GONE {
        "the receiver says that it is gone (410)".to_owned()
    } else {
        format!("the receiver answered {code}")
    })
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(EXCERPT_MAX).map(printable).collect()
}
