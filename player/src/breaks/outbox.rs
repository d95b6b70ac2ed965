//! What is to be told of showings: each kept in a file before it is told, until there is an answer.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dms_ads::progress::{Input, Showing, Told};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{license::now_ms, source::Source};

/// The most events told at once.
const EVENTS_MAX: usize = 200;
/// The most showings kept; the oldest goes.
const SHOWINGS_MAX: usize = 1_000;
/// The longest file that is read, bytes.
const FILE_MAX: u64 = 64 << 10;
/// Events older than this are not taken any more.
const AGE_MAX_MS: u64 = 30 * 86_400_000;
/// How long telling may take.
const LIMIT: Duration = Duration::from_secs(10);

/// See the module.
pub struct Outbox {
    folder: PathBuf,
    /// Locked for a look or a change, never across an await.
    showings: Mutex<BTreeMap<Uuid, Kept>>,
    /// One telling at a time.
    telling: tokio::sync::Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    began_ms: u64,
    showing: Showing,
    /// Nothing more comes of it.
    #[serde(skip)]
    is_over: bool,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<String>,
}

impl Outbox {
    /// The outbox of this state folder, with what earlier playbacks left.
    #[must_use]
    pub fn open(state: &Path) -> Self {
        let folder = state.join("ads");
        let mut showings = BTreeMap::new();
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for file in entries.map(|entry| entry.path()).take(SHOWINGS_MAX) {
            let id = file
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            match (id, read(&file)) {
                (Some(id), Some(kept)) => _ = showings.insert(id, kept),
                _ => _ = fs::remove_file(&file),
            }
        }
        Self {
            folder,
            showings: Mutex::new(showings),
            telling: tokio::sync::Mutex::default(),
        }
    }

    /// Takes what happened to a showing; answers what is to be told of it, which is kept by then.
    pub fn handle(&self, instance: Uuid, duration_ms: u64, input: Input) -> Vec<Told> {
        let now = now_ms();
        let mut showings = self.showings();
        if showings.len() >= SHOWINGS_MAX && !showings.contains_key(&instance) {
            return Vec::new();
        }
        let kept = showings.entry(instance).or_insert_with(|| Kept {
            began_ms: now,
            showing: Showing::new(duration_ms, &[]),
            is_over: false,
        });
        let told = kept
            .showing
            .handle(input, i64::try_from(now).unwrap_or(i64::MAX));
        if !told.is_empty() {
            self.write(instance, kept);
        }
        told
    }

    /// Nothing more comes of a showing.
    pub fn over(&self, instance: Uuid) {
        let mut showings = self.showings();
        if let Some(kept) = showings.get_mut(&instance) {
            kept.is_over = true;
        }
        self.sweep(&mut showings);
    }

    /// How many events are not told yet.
    #[must_use]
    pub fn left(&self) -> usize {
        let showings = self.showings();
        showings
            .values()
            .map(|kept| kept.showing.waiting().len())
            .sum()
    }

    /// Tells what there is. What is not answered stays for the next time.
    pub async fn tell(&self, source: &Source) {
        let _one = self.telling.lock().await;
        loop {
            let batch = self.batch();
            if batch.is_empty() {
                return;
            }
            let events: Vec<_> = batch.iter().map(event).collect();
            let body = json!({ "events": events });
            let mut answered = None;
            for endpoint in source.endpoints() {
                match tokio::time::timeout(LIMIT, endpoint.ad_events(&body)).await {
                    Ok(Ok(bytes)) => {
                        answered = serde_json::from_slice::<Answer>(&bytes).ok();
                        break;
                    }
                    Ok(Err(error)) => tracing::debug!(%error, "what was shown is not told yet"),
                    Err(_) => tracing::debug!("what was shown is not told yet: no answer in time"),
                }
            }
            if answered.is_none_or(|answer| answer.results.len() != batch.len()) {
                return;
            }
            let mut showings = self.showings();
            for (instance, told) in &batch {
                if let Some(kept) = showings.get_mut(instance) {
                    kept.showing.answered(told);
                    self.write(*instance, kept);
                }
            }
            self.sweep(&mut showings);
        }
    }

    fn batch(&self) -> Vec<(Uuid, Told)> {
        let showings = self.showings();
        let all = showings.iter().flat_map(|(instance, kept)| {
            let waiting = kept.showing.waiting().iter();
            waiting.map(|told| (*instance, *told))
        });
        all.take(EVENTS_MAX).collect()
    }

    /// Lets go of what was told to its end.
    fn sweep(&self, showings: &mut BTreeMap<Uuid, Kept>) {
        showings.retain(|instance, kept| {
            let done = kept.is_over && kept.showing.waiting().is_empty();
            if done {
                let _ = fs::remove_file(self.file(*instance));
            }
            !done
        });
    }

    fn file(&self, instance: Uuid) -> PathBuf {
        self.folder.join(format!("{instance}.json"))
    }

    /// A showing that cannot be kept is told all the same.
    fn write(&self, instance: Uuid, kept: &Kept) {
        let written = fs::create_dir_all(&self.folder).and_then(|()| {
            let beside = self.folder.join(format!("{instance}.tmp"));
            fs::write(&beside, serde_json::to_vec(kept)?)?;
            fs::rename(&beside, self.file(instance))
        });
        if let Err(error) = written {
            tracing::warn!(%error, "what was shown is not kept");
        }
    }

    fn showings(&self) -> MutexGuard<'_, BTreeMap<Uuid, Kept>> {
        self.showings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn event((instance, told): &(Uuid, Told)) -> serde_json::Value {
    json!({
        "instance": instance,
        "event": told.event,
        "media_ms": told.media_ms,
        "at_ms": told.at_ms,
        "code": told.code,
        "receipt": null,
    })
}

/// A showing that an earlier playback left: nothing more comes of it.
fn read(file: &Path) -> Option<Kept> {
    if fs::metadata(file).ok()?.len() > FILE_MAX {
        return None;
    }
    let mut kept: Kept = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    kept.is_over = true;
    let is_young = now_ms().saturating_sub(kept.began_ms) < AGE_MAX_MS;
    (is_young && !kept.showing.waiting().is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_told_is_there_after_a_crash_and_what_is_nonsense_goes() {
        let state = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(state.path());
        let instance = Uuid::new_v4();
        let sample = |at, playing| Input::Sample {
            at,
            playing,
            muted: false,
        };
        assert_eq!(outbox.handle(instance, 4_000, sample(0, true)).len(), 2);
        assert_eq!(outbox.handle(instance, 4_000, sample(1_000, true)).len(), 1);
        drop(outbox);
        fs::write(state.path().join("ads/nonsense.json"), "{").expect("written");
        let outbox = Outbox::open(state.path());
        assert_eq!(outbox.left(), 3);
        assert!(!state.path().join("ads/nonsense.json").exists());
        for (id, told) in outbox.batch() {
            let mut showings = outbox.showings();
            let kept = showings.get_mut(&id).expect("kept");
            kept.showing.answered(&told);
        }
        outbox.over(instance);
        assert_eq!(outbox.left(), 0);
        assert_eq!(
            fs::read_dir(state.path().join("ads"))
                .expect("a folder")
                .count(),
            0
        );
    }
}
