//! What was watched, and who is entitled to what: the ledger that departments are charged by.
//!
//! Players report what they played under which licence, those without contact when there is contact again. The report is
//! the player's word: the licence says who it was and for which department, the report only how long.

pub mod db;
pub mod routes;
pub mod sheet;
#[cfg(test)]
mod tests;

use drm::lease::Verdict;
use serde::{Deserialize, Serialize};
use swarm::content::DeviceId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::device::clock;
use crate::license;
use crate::problem::Result;
use crate::state::App;

/// The most stretches of playing in one report.
pub const PLAYS_MAX: usize = 256;
/// The longest stretch of playing that is believed, milliseconds.
const STRETCH_MAX_MS: i64 = 31 * 24 * 3600 * 1000;

/// What a player played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UsageReport)]
pub struct Report {
    /// What the device's watch says of itself, when it played without contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub watch: Option<drm::lease::Contact>,
    /// The stretches, at most 256.
    pub plays: Vec<Play>,
}

/// One stretch of playing. Sent again it counts once: its licence and beginning name it, and the longest report of it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// The licence.
    pub license: Uuid,
    /// When it began, by the player's clock, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// When it ended.
    pub until_ms: i64,
    /// How much of the title was played, milliseconds.
    pub played_ms: i64,
    /// Whether there was no contact to the server.
    #[serde(default)]
    pub offline: bool,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Taken {
    /// Stretches that count.
    pub taken: usize,
    /// Stretches of licences that are unknown or not the caller's.
    pub unknown: usize,
}

/// Whose licences a report may speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// Those issued to this device.
    Device(DeviceId),
    /// Those issued to a page for this person, or for this name when there is no person.
    Page {
        /// The person.
        person: Option<Uuid>,
        /// The name of the person or the token.
        subject: String,
    },
}

impl Reporter {
    fn owns(&self, row: &license::db::LicenseRow) -> bool {
        match self {
            Self::Device(device) => row.device == Some(Uuid::from_bytes(device.0)),
            Self::Page { person, subject } => match row.person {
                Some(owner) => Some(owner) == *person,
                None => row.device.is_none() && row.subject == *subject,
            },
        }
    }
}

/// Takes a report into the ledger.
///
/// # Errors
/// The database's.
pub async fn take(app: &App, reporter: &Reporter, report: &Report) -> Result<Taken> {
    let now_ms = app.clock.now_ms();
    let mut person = None;
    let mut known = Vec::new();
    for play in report.plays.iter().take(PLAYS_MAX) {
        let row = license::db::one(&app.db, play.license).await?;
        if let Some(row) = row.filter(|row| reporter.owns(row)) {
            person = person.or(row.person);
            known.push(plausible(*play, row.issued_ms, now_ms));
        }
    }
    db::add(&app.db, &known, now_ms).await?;
    if let (Reporter::Device(device), Some(contact)) = (reporter, report.watch)
        && !known.is_empty()
    {
        let owner = clock::Owner {
            device: *device,
            person,
        };
        // A verdict refuses nothing here: what was played is told all the same.
        let _: Verdict = clock::heard(app, owner, Some(contact)).await?;
    }
    Ok(Taken {
        taken: known.len(),
        unknown: report.plays.len() - known.len(),
    })
}

/// A player's clock may be wrong, and its word may be: nothing was played before the licence, in the future, or for longer
/// than anybody watches.
fn plausible(play: Play, issued_ms: i64, now_ms: i64) -> Play {
    let last_ms = now_ms.max(issued_ms);
    let from_ms = play.from_ms.clamp(issued_ms, last_ms);
    Play {
        from_ms,
        until_ms: play.until_ms.clamp(from_ms, last_ms),
        played_ms: play.played_ms.clamp(0, STRETCH_MAX_MS),
        ..play
    }
}
