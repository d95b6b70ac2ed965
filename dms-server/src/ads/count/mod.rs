//! What players tell of showings: each event counts once an instance, whoever tells it how often.
//!
//! **Invariant:** an event, its sums and the requests that follow from it ([`super::beacon`]) are written in one
//! transaction, so none of them is without the others.

pub mod db;
pub mod plausible;
pub mod receipt;
pub mod routes;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dms_ads::decision::Event;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use self::db::{Counted, InstanceRow};
use super::beacon;
use crate::problem::{Problem, Result};
use crate::state::App;

/// The most events of one request.
pub const EVENTS_MAX: usize = 200;

/// The longest body of such a request, bytes.
pub const BODY_MAX: usize = 64 << 10;

/// The longest media time, milliseconds.
const MEDIA_MAX_MS: i64 = 24 * 3_600_000;

/// Older events are not taken, milliseconds.
const AGE_MAX_MS: i64 = 30 * 24 * 3_600_000;

/// The longest signature, characters.
const RECEIPT_MAX: usize = 128;

/// The codes of VAST.
const CODES: std::ops::RangeInclusive<u16> = 100..=999;

/// What players tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdEvents {
    /// The events, at most 200.
    pub events: Vec<AdEvent>,
}

/// One event of one instance. Told again it counts once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdEvent {
    /// The instance.
    pub instance: Uuid,
    /// What happened: `impression`, `start`, `first_quartile`, `midpoint`, `third_quartile`, `complete`, `progress`,
    /// `skip`, `click`, `pause`, `resume`, `mute`, `unmute` or `error`.
    #[schema(value_type = String)]
    pub event: Event,
    /// Media time of the creative, milliseconds.
    pub media_ms: i64,
    /// When, by the player's clock, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Of an error, its VAST code.
    #[serde(default)]
    pub code: Option<u16>,
    /// The device's signature, base64url, where an agent made one.
    #[serde(default)]
    pub receipt: Option<String>,
}

/// What became of an event. It is not told again, whichever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It counts.
    Counted,
    /// It was counted before.
    Known,
    /// There is no such instance, or it is too long ago.
    Unknown,
}

/// What became of the events, in the order in which they were told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdOutcomes {
    /// One for each.
    pub results: Vec<Outcome>,
}

/// Who tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teller {
    /// The person, when one is signed in.
    pub person: Option<Uuid>,
    /// The device, when its certificate was shown.
    pub device: Option<Uuid>,
    /// Where they are, for decision servers to which that is passed on.
    pub address: Option<String>,
    /// What their player calls itself.
    pub agent: Option<String>,
}

impl Teller {
    /// Whether an instance may be theirs: whoever it was made for is known to be the teller, or not known at all. A
    /// device speaks for whoever sits at it, so it may tell of a person's page.
    fn may_tell(&self, instance: &InstanceRow) -> bool {
        let is = |own: Option<Uuid>, other: Option<Uuid>| own.is_some() && own == other;
        match (instance.person, instance.device) {
            (None, None) => true,
            (person, device) if is(self.person, person) || is(self.device, device) => true,
            (Some(_), None) => self.person.is_none() && self.device.is_some(),
            _ => false,
        }
    }
}

/// The name of an event in the API and in the tables.
#[must_use]
pub const fn name(event: Event) -> &'static str {
    match event {
        Event::Impression => "impression",
        Event::Start => "start",
        Event::FirstQuartile => "first_quartile",
        Event::Midpoint => "midpoint",
        Event::ThirdQuartile => "third_quartile",
        Event::Complete => "complete",
        Event::Progress => "progress",
        Event::Skip => "skip",
        Event::Click => "click",
        Event::Pause => "pause",
        Event::Resume => "resume",
        Event::Mute => "mute",
        Event::Unmute => "unmute",
        Event::Error => "error",
    }
}

/// Names the first field that is wrong, with the place of its event.
///
/// # Errors
/// The problem.
pub fn check(body: &AdEvents) -> Result<()> {
    if body.events.len() > EVENTS_MAX {
        let fix = format!("Send at most {EVENTS_MAX} events at once.");
        return Err(wrong().at("/events", "too_many", fix));
    }
    for (index, event) in body.events.iter().enumerate() {
        let at = |field: &str| format!("/events/{index}/{field}");
        if !(0..=MEDIA_MAX_MS).contains(&event.media_ms) {
            let fix = "Give milliseconds of the creative, at most a day.";
            return Err(wrong().at(at("media_ms"), "range", fix));
        }
        if event.at_ms < 0 {
            let fix = "Give milliseconds since the Unix epoch.";
            return Err(wrong().at(at("at_ms"), "range", fix));
        }
        if event.code.is_some_and(|code| !CODES.contains(&code)) {
            return Err(wrong().at(at("code"), "range", "Give a VAST error code, 100 to 999."));
        }
        if event.code.is_some() && event.event != Event::Error {
            return Err(wrong().at(
                at("code"),
                "not_an_error",
                "Leave it out: this is no error.",
            ));
        }
        let bad = |text: &String| text.len() > RECEIPT_MAX || signature(text).is_none();
        if event.receipt.as_ref().is_some_and(bad) {
            let fix = "Give the signature in base64url without padding.";
            return Err(wrong().at(at("receipt"), "not_readable", fix));
        }
    }
    Ok(())
}

fn wrong() -> Problem {
    Problem::invalid("invalid_body", "An event is not one that can be counted.")
}

fn signature(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Counts what is told; answers once it is written.
///
/// # Errors
/// What is wrong with the events, or the database.
pub async fn take(app: &App, teller: &Teller, body: &AdEvents) -> Result<AdOutcomes> {
    check(body)?;
    let now_ms = app.clock.now_ms();
    let instances = known(app, teller, body).await?;
    let mut results = vec![Outcome::Unknown; body.events.len()];
    let mut counts = Vec::new();
    let mut keys = receipt::Keys::default();
    for (index, event) in body.events.iter().enumerate() {
        let Some(instance) = instances.get(&event.instance) else {
            continue;
        };
        if event.at_ms < now_ms - AGE_MAX_MS || !is_mark(instance, event) {
            continue;
        }
        counts.push(Counted {
            index,
            event: event.clone(),
            instance: instance.clone(),
            receipt: keys
                .check(app, teller.device.or(instance.device), event)
                .await?,
            beacons: beacon::of(app, teller, instance, event).await,
        });
    }
    // In one order everywhere: two that tell the same at once wait for one another and do not lock each other up.
    counts.sort_by_key(|count| {
        (
            count.event.instance,
            count.event.event,
            count.event.media_ms,
        )
    });
    for (index, outcome) in db::count(&app.db, &counts, now_ms).await? {
        if let Some(result) = results.get_mut(index) {
            *result = outcome;
        }
    }
    app.beacons.stir();
    Ok(AdOutcomes { results })
}

/// The instances that are spoken of and may be the teller's.
async fn known(app: &App, teller: &Teller, body: &AdEvents) -> Result<BTreeMap<Uuid, InstanceRow>> {
    let mut asked: Vec<Uuid> = body.events.iter().map(|event| event.instance).collect();
    asked.sort_unstable();
    asked.dedup();
    let mut known = BTreeMap::new();
    for id in asked {
        let row = db::instance(&app.db, id).await?;
        if let Some(row) = row.filter(|row| teller.may_tell(row)) {
            known.insert(id, row);
        }
    }
    Ok(known)
}

/// Progress is counted at the marks that a URL waits for and at no other: each would be a row.
fn is_mark(instance: &InstanceRow, event: &AdEvent) -> bool {
    let at = |tracker: &dms_ads::decision::Tracker| tracker.at_ms.map(i64::try_from);
    event.event != Event::Progress
        || instance
            .trackers()
            .iter()
            .any(|t| t.event == Event::Progress && at(t) == Some(Ok(event.media_ms)))
}
