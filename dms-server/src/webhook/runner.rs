//! Hands notes out, sends what is due, tidies up.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use super::db::{self, Claim, Ended, WebhookRow};
use super::send::{Sent, send};
use super::{WEBHOOKS_MAX, message};
use crate::observe::metrics::DeliveryOutcome;
use crate::state::App;

/// How often a server looks for notes and for deliveries that are due.
const LOOK: Duration = Duration::from_secs(1);

/// How often what is old is removed.
const TIDY: Duration = Duration::from_secs(600);

/// Notes handed out in one transaction.
const BATCH: i64 = 100;

/// How long an attempt may hold a delivery, milliseconds: an exchange takes five seconds at most, the
/// database the rest. A server that is killed delays what it was sending by this.
pub(super) const LEASE_MS: i64 = 20_000;

/// How long to wait after each failed attempt, milliseconds; after the last the delivery is dead. A
/// receiver that is down over night gets everything.
pub(super) const RETRIES_MS: [i64; 7] = [
    5_000,
    30_000,
    2 * 60_000,
    10 * 60_000,
    3_600_000,
    3 * 3_600_000,
    8 * 3_600_000,
];

/// Dead deliveries in a row that disable a webhook.
pub(super) const DEAD_MAX: i64 = 5;

/// Deliveries of one webhook that wait at most.
const WAITING_MAX: i64 = 10_000;

/// Deliveries of one webhook that are remembered after they arrived or were given up.
const KEPT_MAX: i64 = 1_000;

/// How long a delivery is remembered, milliseconds.
const REMEMBERED_MS: i64 = 30 * 24 * 3_600_000;

/// The tasks that send, one for each webhook that has something due.
#[derive(Default)]
struct Lanes {
    tasks: JoinSet<()>,
    busy: HashMap<Id, Uuid>,
}

impl Lanes {
    fn start(&mut self, app: &App, webhook: Uuid) {
        if self.busy.len() >= WEBHOOKS_MAX || self.busy.values().any(|id| *id == webhook) {
            return;
        }
        let task = self.tasks.spawn(lane(app.clone(), webhook));
        self.busy.insert(task.id(), webhook);
    }

    /// Waits for the end of a lane, however it ends; for ever when there is none.
    async fn ended(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(panicked)) => panicked.id(),
            None => return std::future::pending().await,
        };
        self.busy.remove(&id);
    }
}

/// Tells the webhooks what happens until the server stops. What is being sent then is sent to its end.
pub async fn run(app: App) {
    let mut lanes = Lanes::default();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tidied: Option<Instant> = None;
    loop {
        tokio::select! {
            () = app.stop.cancelled() => break,
            _ = look.tick() => {}
            () = app.webhooks.wake.notified() => {}
            () = lanes.ended() => {}
        }
        if let Err(error) = step(&app, &mut lanes).await {
            tracing::warn!(%error, "the webhooks wait for the database");
        }
        if tidied.is_none_or(|at| at.elapsed() >= TIDY) {
            tidied = Some(Instant::now());
            let before_ms = app.clock.now_ms() - REMEMBERED_MS;
            if let Err(error) = db::forget(&app.db, before_ms, KEPT_MAX).await {
                tracing::warn!(%error, "old deliveries of webhooks stay for now");
            }
        }
    }
    while lanes.tasks.join_next().await.is_some() {}
}

async fn step(app: &App, lanes: &mut Lanes) -> sqlx::Result<()> {
    hand_out(app).await?;
    for webhook in db::due(&app.db, app.clock.now_ms()).await? {
        lanes.start(app, webhook);
    }
    Ok(())
}

/// Turns every note into deliveries.
async fn hand_out(app: &App) -> sqlx::Result<()> {
    let origin = app.public_origin();
    let write = |note: &db::NoteRow| message::body(origin, &note.kind, note.at_ms, &note.data);
    // Asked first: nearly always there is none, and SQLite has one writer.
    while db::has_notes(&app.db).await? {
        let now_ms = app.clock.now_ms();
        let taken = db::hand_out(&app.db, BATCH, WAITING_MAX, now_ms, wants, write).await?;
        if taken == 0 {
            // Another server has them under way.
            break;
        }
    }
    Ok(())
}

/// Whether a webhook subscribes to a type of event.
fn wants(webhook: &WebhookRow, kind: &str) -> bool {
    let events: Vec<String> = serde_json::from_str(&webhook.events).unwrap_or_default();
    events.is_empty() || events.iter().any(|name| name == kind)
}

/// Sends what is due for one webhook, one delivery after the other.
async fn lane(app: App, webhook: Uuid) {
    while !app.stop.is_cancelled() {
        match turn(&app, webhook).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(webhook.id = %webhook, %error, "a delivery waits for the database");
                return;
            }
        }
    }
}

/// Sends the delivery that is due the longest. False: none is.
async fn turn(app: &App, webhook: Uuid) -> sqlx::Result<bool> {
    let now_ms = app.clock.now_ms();
    let Some(claim) = db::claim(&app.db, webhook, now_ms, now_ms + LEASE_MS).await? else {
        return Ok(false);
    };
    // Read for each attempt: the URL may have changed since the last one.
    let Some(row) = db::one(&app.db, webhook).await? else {
        return Ok(false);
    };
    let sent = send(app, &row, claim.id, &claim.body).await;
    conclude(app, &claim, &sent).await?;
    Ok(true)
}

async fn conclude(app: &App, claim: &Claim, sent: &Sent) -> sqlx::Result<()> {
    let now_ms = app.clock.now_ms();
    let ended = Ended {
        status: sent.status.map(i64::from),
        error: sent.error.clone(),
        again_ms: again_ms(claim.attempts, now_ms).filter(|_| !sent.is_gone()),
    };
    let (webhook, delivery, attempt) = (claim.webhook_id, claim.id, claim.attempts);
    let outcome = match (&ended.error, ended.again_ms) {
        (None, _) => DeliveryOutcome::Delivered,
        (Some(_), Some(_)) => DeliveryOutcome::Failed,
        (Some(_), None) => DeliveryOutcome::Dead,
    };
    app.metrics.delivery(outcome);
    if let Some(error) = &ended.error {
        tracing::info!(webhook.id = %webhook, delivery.id = %delivery, attempt, error, "webhook not delivered");
    }
    let gone = sent
        .is_gone()
        .then_some("the receiver says that it is gone (410)");
    if db::end(&app.db, claim, &ended, now_ms, DEAD_MAX, gone).await? {
        tracing::warn!(webhook.id = %webhook, "webhook disabled: its receiver takes nothing");
    }
    Ok(())
}

/// When a delivery is tried again after so many attempts; `None` when it is given up. A fifth more or less,
/// so that receivers that went down together are not asked together.
fn again_ms(attempts: i64, now_ms: i64) -> Option<i64> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let wait = RETRIES_MS.get(index)?;
    let permille: i64 = rand::random_range(800..=1_200);
    Some(now_ms + wait * permille / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_within_a_fifth_and_end() {
        for (index, wait) in RETRIES_MS.into_iter().enumerate() {
            let attempts = i64::try_from(index).expect("small") + 1;
            let waits: Vec<i64> = (0..200)
                .map(|_| again_ms(attempts, 1_000).expect("again") - 1_000)
                .collect();
            assert!(
                waits
                    .iter()
                    .all(|w| *w >= wait * 4 / 5 && *w <= wait * 6 / 5)
            );
            assert!(waits.iter().any(|w| w != &waits[0]), "they differ");
        }
        assert_eq!(again_ms(8, 0), None);
        assert_eq!(again_ms(0, 0), None);
    }
}
