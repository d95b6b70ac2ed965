//! What was played, until the agent or the DMS has taken it.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use drm::lease::Contact;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Shelf, private_folder, read, write};
use crate::{
    error::PlayError,
    license::now_ms,
    source::{Endpoint, PathKind},
};

/// The most reports that are handed over at a time; others wait for the next start.
const MAX_AT_ONCE: usize = 64;
const MAX_REPORT: u64 = 8 << 10;

/// What is reported, in the form of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What the watch says, when it was without contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Contact>,
    /// One stretch of playing.
    pub plays: [Play; 1],
}

/// A stretch of playing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Play {
    /// The licence.
    pub license: Uuid,
    /// When it began, milliseconds since 1970.
    pub from_ms: u64,
    /// When it ended, so far.
    pub until_ms: u64,
    /// Media that was played, milliseconds.
    pub played_ms: u64,
    /// Whether there was no contact to the DMS.
    pub offline: bool,
}

/// Counts one stretch of playing.
#[derive(Debug)]
pub struct Tally {
    license: [u8; 16],
    from_ms: u64,
    offline: bool,
    /// Whether the DMS knows the licence as the device's or as the viewer's.
    path: PathKind,
    played_ms: AtomicU64,
    told_ms: AtomicU64,
}

impl Tally {
    /// Begins to count for a licence that came over this path.
    #[must_use]
    pub fn new(license: [u8; 16], path: PathKind, offline: bool) -> Self {
        Self {
            license,
            from_ms: now_ms(),
            offline,
            path,
            played_ms: AtomicU64::new(0),
            told_ms: AtomicU64::new(0),
        }
    }

    /// Counts media that is about to be played.
    pub fn add(&self, media_ms: u64) {
        self.played_ms.fetch_add(media_ms, Ordering::Relaxed);
    }

    /// What there is to report.
    #[must_use]
    pub fn report(&self, watch: Option<Contact>) -> Report {
        let play = Play {
            license: Uuid::from_bytes(self.license),
            from_ms: self.from_ms,
            until_ms: now_ms().max(self.from_ms),
            played_ms: self.played_ms.load(Ordering::Relaxed),
            offline: self.offline,
        };
        Report {
            watch,
            plays: [play],
        }
    }

    /// Tells over the path of the licence, if there is more than was told before. What fails is told with the next.
    pub async fn tell<'a>(&self, endpoints: impl Iterator<Item = &'a Endpoint>) {
        let report = self.report(None);
        let played_ms = report.plays[0].played_ms;
        if played_ms <= self.told_ms.load(Ordering::Relaxed) {
            return;
        }
        for endpoint in endpoints.filter(|endpoint| endpoint.kind() == self.path) {
            match endpoint.usage(&report).await {
                Ok(()) => self.told_ms.store(played_ms, Ordering::Relaxed),
                Err(error) => tracing::debug!(%error, "what was played is not told yet"),
            }
        }
    }

    /// Notes it on the disk, for later.
    ///
    /// # Errors
    /// [`PlayError::State`].
    pub fn keep(&self, shelf: &Shelf, watch: Contact) -> Result<(), PlayError> {
        let folder = folder(shelf);
        private_folder(&folder)?;
        let name = format!("{}-{}.json", hex::encode(self.license), self.from_ms);
        let report = serde_json::to_vec(&self.report(Some(watch))).unwrap_or_default();
        write(&folder.join(name), &report)
    }
}

/// Hands what was noted to the agent, which tells the DMS when it can.
pub async fn hand_over(shelf: &Shelf, agent: &Endpoint) {
    let Ok(entries) = fs::read_dir(folder(shelf)) else {
        return;
    };
    let files = entries.flatten().map(|entry| entry.path());
    let reports = files.filter(|file| file.extension().is_some_and(|x| x == "json"));
    for file in reports.take(MAX_AT_ONCE) {
        let report = read(&file, MAX_REPORT).ok().flatten();
        let report = report.and_then(|bytes| serde_json::from_slice::<Report>(&bytes).ok());
        let taken = match report {
            Some(report) => agent.usage(&report).await,
            // Nobody can make anything of it.
            None => Ok(()),
        };
        match taken {
            Ok(()) => _ = fs::remove_file(&file),
            Err(error) => {
                tracing::debug!(%error, "what was played is not handed over yet");
                return;
            }
        }
    }
}

fn folder(shelf: &Shelf) -> PathBuf {
    shelf.folder().join("plays")
}
