//! One try at one beacon.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderName, HeaderValue};

use super::db::{self, Claim, Ended};
use crate::egress::{EgressError, Outgoing, Take};
use crate::state::App;

/// Who watches, in the words of the interactive advertising bureau's server-side guidance.
const VIEWER_ADDRESS: HeaderName = HeaderName::from_static("x-device-ip");
const VIEWER_AGENT: HeaderName = HeaderName::from_static("x-device-user-agent");

/// Bytes of the answer that are waited for: pictures of one point have more, and none matters.
const ANSWER_MAX: usize = 1;

/// How long a beacon is tried for, milliseconds.
pub(super) const TRIED_MS: i64 = 3 * 24 * 3_600_000;

/// How long to wait after each try from which nothing left, milliseconds; the last one again and again.
pub(super) const WAITS_MS: [i64; 6] = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000];

/// Tries once; answers what it came to. What the database does not take down here has not left.
pub(super) async fn fire(app: &App, claim: &Claim) -> Ended {
    let left = AtomicBool::new(false);
    let leave = Box::pin(async {
        match db::leave(&app.db, claim, app.clock.now_ms()).await {
            Ok(noted) => {
                left.store(noted, Ordering::SeqCst);
                noted
            }
            Err(error) => {
                tracing::warn!(%error, "a beacon waits for the database");
                false
            }
        }
    });
    let answer = app.egress.send_once(request(claim), leave).await;
    let left = left.load(Ordering::SeqCst);
    match answer {
        Ok(answer) => Ended::Fired(Some(i64::from(answer.status.as_u16())), None),
        Err(EgressError::Unsent) => again(app, claim, &EgressError::Unsent),
        Err(error) if left => Ended::Fired(None, Some(error.to_string())),
        Err(error) if error.is_refusal() => Ended::Failed(error.to_string()),
        Err(error) => again(app, claim, &error),
    }
}

fn request(claim: &Claim) -> Outgoing<'_> {
    let mut request = Outgoing::get(&claim.url);
    request.take = Take::First(ANSWER_MAX);
    let fields = [
        (VIEWER_ADDRESS, &claim.viewer_address),
        (VIEWER_AGENT, &claim.viewer_agent),
    ];
    for (name, value) in fields {
        let value = value.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(value)) = value {
            request.headers.insert(name, value);
        }
    }
    request
}

fn again(app: &App, claim: &Claim, error: &EgressError) -> Ended {
    let now_ms = app.clock.now_ms();
    match again_ms(claim, now_ms) {
        Some(at_ms) => Ended::Again(at_ms, error.to_string()),
        None => Ended::Failed(error.to_string()),
    }
}

/// When a beacon is tried again, a fifth more or less; none when it is given up.
pub(super) fn again_ms(claim: &Claim, now_ms: i64) -> Option<i64> {
    if now_ms - claim.made_ms >= TRIED_MS {
        return None;
    }
    let tries = usize::try_from(claim.attempts - 1).unwrap_or(0);
    let wait = WAITS_MS.get(tries).or(WAITS_MS.last())?;
    let permille: i64 = rand::random_range(800..=1_200);
    Some(now_ms + wait * permille / 1_000)
}
