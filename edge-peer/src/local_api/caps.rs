//! Caps within the company's limits, what is stored, clearing it, and what moved today.

use std::time::SystemTime;

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{
    Api, Shared,
    problem::{Problem, read},
};
use crate::policy::{Caps, InForce, Limits, Snapped};

/// The most titles that are listed one by one.
const MAX_LISTED: usize = 256;

/// A change of the caps: what is absent stays as it is, null is the company's limit.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    #[serde(deserialize_with = "there")]
    upload: Option<Option<u64>>,
    #[serde(deserialize_with = "there")]
    disk: Option<Option<u64>>,
}

fn there<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// The caps in force and the company's limits.
pub(super) async fn show(State(api): State<Shared>) -> Json<Value> {
    let caps = *api.parts.caps.borrow();
    Json(answer(&api.parts.limits.over(caps), &api.parts.limits))
}

/// Chooses caps. One that cannot be is brought to the nearest that can, which the answer says.
pub(super) async fn choose(State(api): State<Shared>, body: Bytes) -> Result<Json<Value>, Problem> {
    let example = "{\"upload\": bytes a second or null, \"disk\": bytes or null} or one of them";
    let change: Change = read(&body, example)?;
    let parts = &api.parts;
    let mut found = None;
    parts.caps.send_modify(|caps| {
        let asked = Caps {
            upload: change.upload.unwrap_or(caps.upload),
            disk: change.disk.unwrap_or(caps.disk),
        };
        let in_force = parts.limits.over(asked);
        *caps = in_force.chosen(asked);
        found = Some((in_force, *caps));
    });
    let Some((in_force, chosen)) = found else {
        return Err(Problem::invalid("nothing was chosen"));
    };
    parts.pace.limit(in_force.upload.value);
    if let Some(limit) = in_force.disk.value {
        let cleared = parts.cache.set_limit(limit).await;
        parts.driver.gone(cleared.chunks).await;
    }
    let state = parts.state.clone();
    let saved = tokio::task::spawn_blocking(move || chosen.save(&state)).await;
    if let Ok(Err(e)) = saved {
        let detail = format!("it is in force, but will not outlive a restart: {e}");
        let status = StatusCode::INSUFFICIENT_STORAGE;
        return Err(Problem::new(status, "not_kept", detail));
    }
    Ok(Json(answer(&in_force, &parts.limits)))
}

fn answer(in_force: &InForce, limits: &Limits) -> Value {
    let of = |cap: &crate::policy::Cap, what: &str, unit: &str| {
        let mut shown = serde_json::to_value(cap).unwrap_or_default();
        shown["said"] = cap.snapped.map_or(Value::Null, |why| {
            let limit = cap.limit.unwrap_or(cap.least);
            let sentence = match why {
                Snapped::AboveLimit => {
                    format!("Your company allows {limit} {unit} of {what} at most, so that is what holds.")
                }
                Snapped::BelowLeast => format!(
                    "Below {} {unit} of {what} it would not work, so that is what holds.",
                    cap.least
                ),
                Snapped::Locked => format!("{what} is set by your IT and cannot be changed here."),
            };
            sentence.into()
        });
        shown
    };
    json!({
        "upload": of(&in_force.upload, "upload", "bytes a second"),
        "disk": of(&in_force.disk, "disk", "bytes"),
        "locked": limits.locked,
    })
}

/// Drops what nobody needs.
pub(super) async fn clear(State(api): State<Shared>) -> Json<Value> {
    let parts = &api.parts;
    let cleared = parts.cache.clear().await;
    let chunks = cleared.chunks.len();
    parts.driver.gone(cleared.chunks).await;
    let stays = parts.cache.fill().held;
    tracing::info!(chunks, size_bytes = cleared.bytes, "the cache was cleared");
    Json(json!({ "freed_bytes": cleared.bytes, "freed_chunks": chunks, "stays_bytes": stays }))
}

/// What is stored, by title, and how long it stays.
pub(super) async fn stored(State(api): State<Shared>) -> Json<Value> {
    let parts = &api.parts;
    let titles = parts.cache.stored().await.titles;
    let fill = parts.cache.fill();
    let shown = titles.iter().take(MAX_LISTED).map(|stored| {
        let kept = stored.title.is_some_and(|title| parts.kept.has(title));
        let stays = match (kept, stored.pinned) {
            (true, _) => "until_let_go",
            (false, true) => "while_the_site_needs_it",
            (false, false) => "until_room_is_needed",
        };
        json!({
            "title": stored.title,
            "chunks": stored.chunks,
            "bytes": stored.bytes,
            "stays": stays,
        })
    });
    Json(json!({
        "encrypted": true,
        "items": shown.collect::<Vec<_>>(),
        "titles": titles.len(),
        "used": fill.held,
        "limit": fill.limit,
    }))
}

/// Every class of bytes of today.
pub(super) async fn today(State(api): State<Shared>) -> Json<Value> {
    let given = *api.parts.given.borrow();
    Json(json!({ "day": "utc", "moved": given.today(SystemTime::now()) }))
}

impl Api {
    /// Titles that are stored, and how many of them stay.
    pub(super) async fn stored_titles(&self) -> [usize; 2] {
        let titles = self.parts.cache.stored().await.titles;
        let stay = titles.iter().filter(|title| title.pinned).count();
        [titles.len(), stay]
    }
}
