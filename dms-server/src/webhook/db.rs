//! Webhooks, the notes of what happened, and the deliveries.
//!
//! **Invariant:** an attempt's outcome is written only while the delivery is still the one that was claimed:
//! pending, and with the same number of attempts.

use std::fmt;

use sqlx::FromRow;
use uuid::Uuid;

use super::WEBHOOKS_MAX;
use super::event::Note;
use crate::db::{Db, Pool};
use crate::{append, audit, db, tx, uses_kek};

/// A webhook. Its `Debug` shows no URL: many carry a secret in their path.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct WebhookRow {
    /// Its id.
    pub id: Uuid,
    /// Where it is sent to.
    pub url: String,
    /// Its sealed secret.
    pub secret: Vec<u8>,
    /// The name of the KEK that it was sealed with.
    pub secret_kek: String,
    /// JSON array of event types; empty is all.
    pub events: String,
    /// 1: it is sent to.
    pub enabled: i64,
    /// Why the server disabled it.
    pub disabled_reason: Option<String>,
    /// Deliveries given up since the last that arrived.
    pub dead_in_row: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

impl fmt::Debug for WebhookRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookRow({})", self.id)
    }
}

/// A delivery without its body.
#[derive(Clone, Debug, FromRow)]
pub struct DeliveryRow {
    /// Its id, and the message's.
    pub id: Uuid,
    /// The event type.
    pub kind: String,
    /// `pending`, `delivered` or `dead`.
    pub state: String,
    /// Attempts so far.
    pub attempts: i64,
    /// When the next is due at the soonest, milliseconds since the Unix epoch.
    pub next_ms: i64,
    /// What the receiver answered last.
    pub last_status: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_ms: i64,
    /// When it arrived or was given up.
    pub done_ms: Option<i64>,
}

/// A delivery under a lease.
#[derive(Clone, Debug, FromRow)]
pub struct Claim {
    /// Its id, and the message's.
    pub id: Uuid,
    /// The webhook.
    pub webhook_id: Uuid,
    /// The event type.
    pub kind: String,
    /// What is sent.
    pub body: String,
    /// This attempt's number, from 1.
    pub attempts: i64,
}

/// A note as it was written.
#[derive(Clone, Debug, FromRow)]
pub struct NoteRow {
    /// Its place in the order of notes.
    pub seq: i64,
    /// The event type.
    pub kind: String,
    /// JSON object.
    pub data: String,
    /// When it happened, milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// Notes that wait at most: so much happens while every server is down and workers go on.
pub(crate) const NOTES_MAX: i64 = 100_000;

/// Where nobody listens, nothing is noted.
pub(crate) const NOTE: &str = "INSERT INTO webhook_events (kind, data, at_ms) \
    SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT) \
    WHERE EXISTS (SELECT 1 FROM webhooks WHERE enabled = 1) \
    AND (SELECT COUNT(*) FROM webhook_events) < $4";

/// Notes what happened inside the transaction that makes it so: `note!(tx, Note::new(...))`.
macro_rules! note {
    ($tx:ident, $note:expr) => {{
        let note: $crate::webhook::Note = $note;
        sqlx::query($crate::webhook::db::NOTE)
            .bind(note.kind.name())
            .bind(note.data)
            .bind(note.at_ms)
            .bind($crate::webhook::db::NOTES_MAX)
            .execute(&mut *$tx)
            .await?
    }};
}

pub(crate) use note;

/// Notes what happened outside of a transaction.
///
/// # Errors
/// The database's.
pub async fn add_note(db: &Db, new: &Note) -> sqlx::Result<()> {
    tx!(db, |tx| {
        note!(tx, new.clone());
    });
    Ok(())
}

/// What became of a new webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there.
    Yes,
    /// There are [`WEBHOOKS_MAX`] already.
    TooMany,
    /// Its secret is to be sealed with another KEK.
    OtherKek,
}

/// Adds a webhook.
///
/// # Errors
/// The database's.
pub async fn add(db: &Db, new: &WebhookRow, made: &audit::Note<'_>) -> sqlx::Result<Added> {
    let count = "SELECT COUNT(*) FROM webhooks";
    let add = "INSERT INTO webhooks (id, url, secret, secret_kek, events, enabled, dead_in_row, created_by, \
               created_ms) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)";
    tx!(db, |tx| {
        let there: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await?;
        if there >= WEBHOOKS_MAX as i64 {
            return Ok(Added::TooMany);
        }
        if !uses_kek!(tx, &new.secret_kek) {
            return Ok(Added::OtherKek);
        }
        sqlx::query(add)
            .bind(new.id)
            .bind(&new.url)
            .bind(&new.secret)
            .bind(&new.secret_kek)
            .bind(&new.events)
            .bind(new.enabled)
            .bind(&new.created_by)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, made);
    });
    Ok(Added::Yes)
}

/// Webhooks, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<WebhookRow>> {
    let sql = "SELECT * FROM webhooks WHERE id < $1 ORDER BY id DESC LIMIT $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(before.unwrap_or(Uuid::max()))
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// One webhook.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<WebhookRow>> {
    let sql = "SELECT * FROM webhooks WHERE id = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// Replaces what people say of a webhook. One that is enabled begins with a clean slate. False when there
/// is none.
///
/// # Errors
/// The database's.
pub async fn replace(
    db: &Db,
    id: Uuid,
    url: &str,
    events: &str,
    enabled: bool,
    changed: &audit::Note<'_>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE webhooks SET url = $2, events = $3, enabled = $4, \
               disabled_reason = CASE WHEN $4 = 1 THEN NULL ELSE disabled_reason END, \
               dead_in_row = CASE WHEN $4 = 1 THEN 0 ELSE dead_in_row END WHERE id = $1";
    let found = tx!(db, |tx| {
        let found = sqlx::query(sql)
            .bind(id)
            .bind(url)
            .bind(events)
            .bind(i64::from(enabled))
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if found == 1 {
            append!(tx, changed);
        }
        found
    });
    Ok(found == 1)
}

/// Removes a webhook with its deliveries. False when there is none.
///
/// # Errors
/// The database's.
pub async fn delete(db: &Db, id: Uuid, deleted: &audit::Note<'_>) -> sqlx::Result<bool> {
    let sql = "DELETE FROM webhooks WHERE id = $1";
    let gone = tx!(db, |tx| {
        let gone = sqlx::query(sql)
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if gone == 1 {
            append!(tx, deleted);
        }
        gone
    });
    Ok(gone == 1)
}

/// Whether there are notes to be handed out.
///
/// # Errors
/// The database's.
pub async fn has_notes(db: &Db) -> sqlx::Result<bool> {
    let sql = "SELECT seq FROM webhook_events LIMIT 1";
    let one: Option<i64> = db!(db.read(), |p| sqlx::query_scalar(sql)
        .fetch_optional(p)
        .await)?;
    Ok(one.is_some())
}

const TAKE_SQLITE: &str = "DELETE FROM webhook_events WHERE seq IN \
    (SELECT seq FROM webhook_events ORDER BY seq LIMIT $1) RETURNING seq, kind, data, at_ms";

/// As [`TAKE_SQLITE`]; two servers that ask at once get different notes.
const TAKE_POSTGRES: &str = "DELETE FROM webhook_events WHERE seq IN \
    (SELECT seq FROM webhook_events ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED) \
    RETURNING seq, kind, data, at_ms";

/// Turns the oldest notes, at most `limit`, into deliveries for the enabled webhooks that `wants` says, with
/// the body that `write` makes. A webhook with `waiting_max` deliveries gets the rest as dead ones. Answers
/// how many notes there were.
///
/// # Errors
/// The database's; the notes stay then.
pub async fn hand_out(
    db: &Db,
    limit: i64,
    waiting_max: i64,
    now_ms: i64,
    wants: impl Fn(&WebhookRow, &str) -> bool,
    write: impl Fn(&NoteRow) -> String,
) -> sqlx::Result<usize> {
    let take = match db.write() {
        Pool::Sqlite(_) => TAKE_SQLITE,
        Pool::Pg(_) => TAKE_POSTGRES,
    };
    let count =
        "SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'pending'";
    let add = "INSERT INTO webhook_deliveries (id, webhook_id, kind, body, state, attempts, next_ms, \
               lease_until_ms, last_error, created_ms, done_ms) \
               VALUES ($1, $2, $3, $4, $5, 0, $6, 0, $7, $6, $8)";
    let taken = tx!(db, |tx| {
        let mut notes: Vec<NoteRow> = sqlx::query_as(take).bind(limit).fetch_all(&mut *tx).await?;
        notes.sort_by_key(|note| note.seq);
        let enabled: Vec<WebhookRow> =
            sqlx::query_as("SELECT * FROM webhooks WHERE enabled = 1 ORDER BY id")
                .fetch_all(&mut *tx)
                .await?;
        for webhook in enabled.iter().filter(|_| !notes.is_empty()) {
            let mut waiting: i64 = sqlx::query_scalar(count)
                .bind(webhook.id)
                .fetch_one(&mut *tx)
                .await?;
            for note in notes.iter().filter(|note| wants(webhook, &note.kind)) {
                let room = waiting < waiting_max;
                waiting += i64::from(room);
                sqlx::query(add)
                    .bind(Uuid::now_v7())
                    .bind(webhook.id)
                    .bind(&note.kind)
                    .bind(write(note))
                    .bind(if room { "pending" } else { "dead" })
                    .bind(now_ms)
                    .bind((!room).then_some("too many deliveries were waiting already"))
                    .bind((!room).then_some(now_ms))
                    .execute(&mut *tx)
                    .await?;
            }
        }
        notes.len()
    });
    Ok(taken)
}

/// The webhooks that have a delivery to be sent now.
///
/// # Errors
/// The database's.
pub async fn due(db: &Db, now_ms: i64) -> sqlx::Result<Vec<Uuid>> {
    let sql = "SELECT w.id FROM webhooks w WHERE w.enabled = 1 AND EXISTS \
               (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id \
               AND d.state = 'pending' AND d.next_ms <= $1 AND d.lease_until_ms <= $1)";
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(now_ms)
        .fetch_all(p)
        .await)
}

const CLAIM_SQLITE: &str = "UPDATE webhook_deliveries SET lease_until_ms = $3, \
    attempts = attempts + 1 WHERE id = (SELECT d.id FROM webhook_deliveries d \
    JOIN webhooks w ON w.id = d.webhook_id WHERE d.webhook_id = $1 AND w.enabled = 1 \
    AND d.state = 'pending' AND d.next_ms <= $2 AND d.lease_until_ms <= $2 \
    ORDER BY d.next_ms, d.id LIMIT 1) RETURNING id, webhook_id, kind, body, attempts";

/// As [`CLAIM_SQLITE`]; two servers that ask at once get different deliveries.
const CLAIM_POSTGRES: &str = "UPDATE webhook_deliveries SET lease_until_ms = $3, \
    attempts = attempts + 1 WHERE id = (SELECT d.id FROM webhook_deliveries d \
    JOIN webhooks w ON w.id = d.webhook_id WHERE d.webhook_id = $1 AND w.enabled = 1 \
    AND d.state = 'pending' AND d.next_ms <= $2 AND d.lease_until_ms <= $2 \
    ORDER BY d.next_ms, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED) \
    RETURNING id, webhook_id, kind, body, attempts";

/// Takes the delivery of a webhook that is due the longest, unless it is disabled.
///
/// # Errors
/// The database's.
pub async fn claim(
    db: &Db,
    webhook: Uuid,
    now_ms: i64,
    lease_until_ms: i64,
) -> sqlx::Result<Option<Claim>> {
    let sql = match db.write() {
        Pool::Sqlite(_) => CLAIM_SQLITE,
        Pool::Pg(_) => CLAIM_POSTGRES,
    };
    db!(db.write(), |p| sqlx::query_as(sql)
        .bind(webhook)
        .bind(now_ms)
        .bind(lease_until_ms)
        .fetch_optional(p)
        .await)
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What the receiver answered.
    pub status: Option<i64>,
    /// Why it failed; `None`: it arrived.
    pub error: Option<String>,
    /// When it is tried again, if it is.
    pub again_ms: Option<i64>,
}

/// Notes how an attempt ended. A delivery that arrived clears the webhook's row of dead ones; one that was
/// given up lengthens it, and at `dead_max`, or at once when `gone` says why, disables the webhook. Answers
/// whether it did.
///
/// # Errors
/// The database's; the delivery is sent again when its lease has ended.
pub async fn end(
    db: &Db,
    claim: &Claim,
    ended: &Ended,
    now_ms: i64,
    dead_max: i64,
    gone: Option<&str>,
) -> sqlx::Result<bool> {
    let (state, done_ms) = match (&ended.error, ended.again_ms) {
        (None, _) => ("delivered", Some(now_ms)),
        (Some(_), Some(_)) => ("pending", None),
        (Some(_), None) => ("dead", Some(now_ms)),
    };
    let settle = "UPDATE webhook_deliveries SET state = $3, next_ms = $4, lease_until_ms = 0, \
                  last_status = $5, last_error = $6, done_ms = $7 \
                  WHERE id = $1 AND attempts = $2 AND state = 'pending'";
    let arrived = "UPDATE webhooks SET dead_in_row = 0 WHERE id = $1 AND dead_in_row <> 0";
    let died =
        "UPDATE webhooks SET dead_in_row = dead_in_row + 1 WHERE id = $1 RETURNING dead_in_row";
    let disable =
        "UPDATE webhooks SET enabled = 0, disabled_reason = $2 WHERE id = $1 AND enabled = 1";
    let disabled = tx!(db, |tx| {
        let settled = sqlx::query(settle)
            .bind(claim.id)
            .bind(claim.attempts)
            .bind(state)
            .bind(ended.again_ms.unwrap_or(now_ms))
            .bind(ended.status)
            .bind(&ended.error)
            .bind(done_ms)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        let mut dead: i64 = 0;
        if settled == 1 && state == "delivered" {
            let query = sqlx::query(arrived).bind(claim.webhook_id);
            query.execute(&mut *tx).await?;
        }
        if settled == 1 && state == "dead" {
            let row: Option<i64> = sqlx::query_scalar(died)
                .bind(claim.webhook_id)
                .fetch_optional(&mut *tx)
                .await?;
            dead = row.unwrap_or(0);
        }
        let given_up = format!("{dead} deliveries in a row could not be delivered");
        let reason = gone.or((dead >= dead_max).then_some(given_up.as_str()));
        match reason {
            None => 0,
            Some(reason) => sqlx::query(disable)
                .bind(claim.webhook_id)
                .bind(reason)
                .execute(&mut *tx)
                .await?
                .rows_affected(),
        }
    });
    Ok(disabled == 1)
}

const DELIVERY: &str = "SELECT id, kind, state, attempts, next_ms, last_status, last_error, \
    created_ms, done_ms FROM webhook_deliveries WHERE webhook_id = $1 AND id = $2";

/// The deliveries of a webhook, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn deliveries(
    db: &Db,
    webhook: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<DeliveryRow>> {
    let sql = "SELECT id, kind, state, attempts, next_ms, last_status, last_error, created_ms, \
               done_ms FROM webhook_deliveries WHERE webhook_id = $1 AND id < $2 \
               ORDER BY id DESC LIMIT $3";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(webhook)
        .bind(before.unwrap_or(Uuid::max()))
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// Lets a delivery be sent (again) now, with all its attempts ahead, under the id it had. `None` when there
/// is no such delivery.
///
/// # Errors
/// The database's.
pub async fn again(
    db: &Db,
    webhook: Uuid,
    delivery: Uuid,
    now_ms: i64,
) -> sqlx::Result<Option<DeliveryRow>> {
    let again = "UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_ms = $3, \
                 done_ms = NULL WHERE webhook_id = $1 AND id = $2";
    let row = tx!(db, |tx| {
        sqlx::query(again)
            .bind(webhook)
            .bind(delivery)
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        sqlx::query_as(DELIVERY)
            .bind(webhook)
            .bind(delivery)
            .fetch_optional(&mut *tx)
            .await?
    });
    Ok(row)
}

/// Forgets deliveries made before this, whatever became of them, and all but the newest `kept_max` of each
/// webhook's that wait no more. Answers how many.
///
/// # Errors
/// The database's.
pub async fn forget(db: &Db, before_ms: i64, kept_max: i64) -> sqlx::Result<u64> {
    let old = "DELETE FROM webhook_deliveries WHERE created_ms < $1";
    let many = "DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND state <> 'pending' \
                AND id <= (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 \
                AND state <> 'pending' ORDER BY id DESC LIMIT 1 OFFSET $2)";
    let forgotten = tx!(db, |tx| {
        let query = sqlx::query(old).bind(before_ms);
        let mut forgotten = query.execute(&mut *tx).await?.rows_affected();
        let webhooks: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM webhooks")
            .fetch_all(&mut *tx)
            .await?;
        for webhook in webhooks {
            let query = sqlx::query(many).bind(webhook).bind(kept_max);
            forgotten += query.execute(&mut *tx).await?.rows_affected();
        }
        forgotten
    });
    Ok(forgotten)
}
