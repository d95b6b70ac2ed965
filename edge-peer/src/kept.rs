//! Titles that the person at this PC keeps, to play them where there is no network.
//!
//! Their chunks are fetched like those of a file and stay in the cache; their manifests lie beside the list of them, so that
//! a title is played in the version that was kept, whatever was published since. Whether somebody may play it is not
//! decided here: the player holds the licence, and this PC ciphertext.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use swarm::{
    content::{ChunkId, ChunkRef, TitleId, TrackId},
    peer::Priority,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    cache::Cache,
    campaigns::Told,
    config::units::human_bytes,
    driver::Handle,
    state::{Access, StateError, StateFolder, names},
    titles::{Edition, TitleError, Titles},
};

/// The most titles that are kept.
pub const MAX_KEPT: usize = 256;
/// The share of the cache that kept titles may take, percent: the rest serves what is watched now.
const MOST_OF_CACHE: u64 = 90;
/// The most chunks sought at once.
const AT_ONCE: usize = 16;
/// How long one chunk may take; nobody waits at a screen.
const WAIT: Duration = Duration::from_secs(3_600);
/// How long after a chunk did not come it is sought again.
const RETRY: Duration = Duration::from_secs(10);
/// How often it is looked whether something was lost since.
const LOOK: Duration = Duration::from_secs(600);

/// Why a title is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// There is no manifest.
    #[error(transparent)]
    Title(#[from] TitleError),
    /// It has no such track.
    #[error("the title has no track {0}")]
    NoTrack(u16),
    /// It does not fit.
    #[error(
        "kept titles would take {} of this PC's cache, and {} are the most; let go of one, or set a \
         larger --cache-limit", human_bytes(*.needs), human_bytes(*.most)
    )]
    NoRoom {
        /// What all kept titles would take, bytes.
        needs: u64,
        /// The most they may take.
        most: u64,
    },
    /// Too many.
    #[error("{MAX_KEPT} titles are kept already; let go of one")]
    TooMany,
    /// The disk refused.
    #[error(transparent)]
    State(#[from] StateError),
}

/// How far a kept title is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptReport {
    /// The title.
    pub title: TitleId,
    /// The version that is kept.
    pub version: u64,
    /// The tracks, ascending; empty: all.
    pub tracks: Vec<u16>,
    /// What it takes, bytes.
    pub bytes: u64,
    /// What of it is here.
    pub bytes_here: u64,
    /// Whether the cache has no room for the rest.
    pub no_room: bool,
}

impl KeptReport {
    /// Whether all of it is here.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.bytes_here == self.bytes
    }
}

/// One kept title.
struct Keeping {
    edition: Arc<Edition>,
    tracks: BTreeSet<u16>,
    /// Each once.
    chunks: Vec<ChunkRef>,
    ids: HashSet<ChunkId>,
    no_room: AtomicBool,
}

/// A line of the list on disk.
#[derive(Serialize, Deserialize)]
struct Line {
    title: TitleId,
    tracks: BTreeSet<u16>,
}

/// What is kept; clones share it.
#[derive(Clone)]
pub struct Kept {
    inner: Arc<Inner>,
}

struct Inner {
    state: StateFolder,
    titles: Titles,
    driver: Handle,
    cache: Cache,
    told: watch::Receiver<Told>,
    /// Locked for a look or a change of the map only.
    list: Mutex<BTreeMap<TitleId, Arc<Keeping>>>,
    /// Held while the list is changed and written.
    writing: tokio::sync::Mutex<()>,
    changed: Notify,
}

impl Keeping {
    fn new(edition: Arc<Edition>, tracks: BTreeSet<u16>) -> Result<Self, KeepError> {
        let manifest = edition.manifest.manifest();
        let unknown = tracks
            .iter()
            .find(|id| manifest.track(TrackId(**id)).is_none());
        if let Some(unknown) = unknown {
            return Err(KeepError::NoTrack(*unknown));
        }
        let wanted = |track: &TrackId| tracks.is_empty() || tracks.contains(&track.0);
        let mut ids = HashSet::new();
        let all = edition.manifest.chunks();
        let chunks = all
            .filter(|(track, _, chunk)| wanted(track) && ids.insert(chunk.id))
            .map(|(_, _, chunk)| chunk)
            .collect();
        Ok(Self {
            tracks,
            chunks,
            ids,
            no_room: AtomicBool::new(false),
            edition,
        })
    }

    fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.len)).sum()
    }

    fn report(&self, cache: &Cache) -> KeptReport {
        let here = self
            .chunks
            .iter()
            .filter(|c| cache.contains(c.id).is_some());
        KeptReport {
            title: self.edition.title(),
            version: self.edition.version(),
            tracks: self.tracks.iter().copied().collect(),
            bytes: self.bytes(),
            bytes_here: here.map(|chunk| u64::from(chunk.len)).sum(),
            no_room: self.no_room.load(Ordering::Relaxed),
        }
    }
}

impl Kept {
    /// What an earlier run kept. A title whose manifest cannot be used any more is left out and said.
    pub async fn load(
        state: StateFolder,
        titles: Titles,
        driver: Handle,
        cache: Cache,
        told: watch::Receiver<Told>,
    ) -> Self {
        let mut list = BTreeMap::new();
        for line in read_list(&state) {
            match restore(&state, &titles, &line) {
                Ok(keeping) => _ = list.insert(line.title, Arc::new(keeping)),
                Err(why) => {
                    tracing::warn!(title = %line.title, why, "a kept title cannot be read; keep it again");
                }
            }
        }
        Self {
            inner: Arc::new(Inner {
                state,
                titles,
                driver,
                cache,
                told,
                list: Mutex::new(list),
                writing: tokio::sync::Mutex::default(),
                changed: Notify::new(),
            }),
        }
    }

    /// Keeps the newest version of a title, or these tracks of it; in place of what was kept of it before.
    ///
    /// # Errors
    /// [`KeepError`]; then what was kept stays as it was.
    pub async fn keep(
        &self,
        title: TitleId,
        tracks: BTreeSet<u16>,
    ) -> Result<KeptReport, KeepError> {
        let inner = &self.inner;
        let edition = inner.titles.newest(title).await?;
        let keeping = Arc::new(Keeping::new(edition, tracks)?);
        let _writing = inner.writing.lock().await;
        let before = self.admit(title, &keeping)?;
        let written = self
            .write(Some((title, keeping.edition.signed.clone())))
            .await;
        if let Err(error) = written {
            let mut list = self.list();
            match before {
                Some(before) => _ = list.insert(title, before),
                None => _ = list.remove(&title),
            }
            return Err(error.into());
        }
        inner.cache.pin(title, true).await;
        let old = before.iter().flat_map(|before| &before.ids);
        let copies = old
            .filter(|id| !keeping.ids.contains(*id))
            .map(|id| (*id, true));
        let copies: Vec<_> = copies
            .chain(keeping.ids.iter().map(|id| (*id, false)))
            .collect();
        inner.cache.hold(title, copies).await;
        tracing::info!(%title, chunks = keeping.chunks.len(), "this PC keeps a title");
        inner.changed.notify_one();
        Ok(keeping.report(&inner.cache))
    }

    /// Puts a title on the list, if there is room; answers what was there before.
    fn admit(
        &self,
        title: TitleId,
        keeping: &Arc<Keeping>,
    ) -> Result<Option<Arc<Keeping>>, KeepError> {
        let mut list = self.list();
        if list.len() >= MAX_KEPT && !list.contains_key(&title) {
            return Err(KeepError::TooMany);
        }
        let others = list.iter().filter(|(other, _)| **other != title);
        let needs = keeping.bytes() + others.map(|(_, kept)| kept.bytes()).sum::<u64>();
        let most = self.inner.cache.fill().limit / 100 * MOST_OF_CACHE;
        if needs > most {
            return Err(KeepError::NoRoom { needs, most });
        }
        Ok(list.insert(title, keeping.clone()))
    }

    /// Lets go of a title. False when it was not kept.
    ///
    /// # Errors
    /// [`StateError::Io`].
    pub async fn let_go(&self, title: TitleId) -> Result<bool, StateError> {
        let inner = &self.inner;
        let _writing = inner.writing.lock().await;
        let Some(before) = self.list().remove(&title) else {
            return Ok(false);
        };
        if let Err(error) = self.write(None).await {
            self.list().insert(title, before);
            return Err(error);
        }
        let _ = std::fs::remove_file(manifest(&inner.state, title));
        // Without a word of the DMS it is not known whether the site is to hold it; then the pin is looked at when it comes.
        let campaigns = inner.told.borrow().campaigns.clone();
        if campaigns.is_some_and(|all| all.iter().all(|c| c.title != title)) {
            inner.cache.pin(title, false).await;
        }
        tracing::info!(%title, "this PC keeps a title no more");
        Ok(true)
    }

    /// What is kept and how far it is.
    #[must_use]
    pub fn report(&self) -> Vec<KeptReport> {
        let list: Vec<_> = self.list().values().cloned().collect();
        list.iter()
            .map(|keeping| keeping.report(&self.inner.cache))
            .collect()
    }

    /// The version of a title that is kept.
    #[must_use]
    pub fn edition(&self, title: TitleId) -> Option<Arc<Edition>> {
        self.list()
            .get(&title)
            .map(|keeping| keeping.edition.clone())
    }

    /// Whether a title is kept.
    #[must_use]
    pub fn has(&self, title: TitleId) -> bool {
        self.list().contains_key(&title)
    }

    /// Whether this chunk of a title is kept.
    #[must_use]
    pub fn has_chunk(&self, title: TitleId, chunk: ChunkId) -> bool {
        self.list()
            .get(&title)
            .is_some_and(|keeping| keeping.ids.contains(&chunk))
    }

    /// Fetches what is missing until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.fetch()).await;
    }

    async fn fetch(&self) {
        loop {
            let mut wait = LOOK;
            let list: Vec<_> = self.list().values().cloned().collect();
            for keeping in list {
                if !self.fetch_one(&keeping).await {
                    wait = RETRY;
                }
            }
            let _ = tokio::time::timeout(wait, self.inner.changed.notified()).await;
        }
    }

    /// Answers false when something is missing that may come soon.
    async fn fetch_one(&self, keeping: &Arc<Keeping>) -> bool {
        let Inner { cache, driver, .. } = &*self.inner;
        let title = keeping.edition.title();
        let missing = keeping
            .chunks
            .iter()
            .filter(|c| cache.contains(c.id).is_none());
        let missing: Vec<ChunkRef> = missing.copied().collect();
        keeping.no_room.store(false, Ordering::Relaxed);
        let seek = |chunk: ChunkRef| async move {
            let came = driver.want(chunk, Some(title), WAIT, Priority::File).await;
            came.map(|_| cache.contains(chunk.id).is_some())
        };
        let mut seeking = stream::iter(missing.into_iter().map(seek)).buffer_unordered(AT_ONCE);
        while let Some(came) = seeking.next().await {
            match came {
                Ok(true) => {}
                // Each further try would cost a transfer and keep nothing.
                Ok(false) => {
                    keeping.no_room.store(true, Ordering::Relaxed);
                    tracing::warn!(%title, "the cache has no room for a kept title");
                    return true;
                }
                Err(error) => {
                    tracing::info!(%title, %error, "a chunk of a kept title did not come yet");
                    return false;
                }
            }
            let still = self
                .list()
                .get(&title)
                .is_some_and(|now| Arc::ptr_eq(now, keeping));
            if !still {
                return true;
            }
        }
        true
    }

    fn list(&self) -> MutexGuard<'_, BTreeMap<TitleId, Arc<Keeping>>> {
        self.inner
            .list
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the list, after the manifest of a title that is new on it.
    async fn write(&self, new: Option<(TitleId, bytes::Bytes)>) -> Result<(), StateError> {
        let lines: Vec<Line> = {
            let list = self.list();
            let line = |(title, keeping): (&TitleId, &Arc<Keeping>)| Line {
                title: *title,
                tracks: keeping.tracks.clone(),
            };
            list.iter().map(line).collect()
        };
        let state = self.inner.state.clone();
        let writing = tokio::task::spawn_blocking(move || {
            if let Some((title, signed)) = new {
                state.folder(names::KEPT_MANIFESTS)?;
                state.write(&manifest_name(title), &signed, Access::Private)?;
            }
            let list = serde_json::to_vec(&lines).unwrap_or_default();
            state.write(names::KEPT, &list, Access::Private)
        });
        // A task that panicked wrote nothing; there is nothing in it that panics.
        writing.await.unwrap_or(Ok(()))
    }
}

fn read_list(state: &StateFolder) -> Vec<Line> {
    let Ok(bytes) = state.read(names::KEPT) else {
        return Vec::new();
    };
    let list: Result<Vec<Line>, _> = serde_json::from_slice(&bytes);
    let mut list = list.unwrap_or_else(|error| {
        tracing::warn!(%error, "the list of kept titles cannot be read; keep them again");
        Vec::new()
    });
    list.truncate(MAX_KEPT);
    list
}

fn restore(state: &StateFolder, titles: &Titles, line: &Line) -> Result<Keeping, String> {
    let signed = state.read(&manifest_name(line.title));
    let signed = signed.map_err(|error| error.to_string())?;
    let edition = titles.kept(line.title, signed.into());
    let edition = edition.map_err(|error| error.to_string())?;
    Keeping::new(Arc::new(edition), line.tracks.clone()).map_err(|error| error.to_string())
}

fn manifest_name(title: TitleId) -> String {
    format!("{}/{title}.cose", names::KEPT_MANIFESTS)
}

fn manifest(state: &StateFolder, title: TitleId) -> std::path::PathBuf {
    state.path(&manifest_name(title))
}
