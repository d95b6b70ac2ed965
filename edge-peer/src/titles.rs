//! Manifests: found through the DMS, fetched through the swarm, verified with pinned keys, and kept
//! on disk for when the DMS is away.
//!
//! A title's version never goes back, and of one version the manifest that was signed last stays: both are
//! remembered over restarts. A version is signed anew when its breaks change; its segments stay.

mod shelf;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use bytes::{Bytes, BytesMut};
use ed25519_dalek::VerifyingKey;
use swarm::{
    content::{Expect, Geometry, ManifestError, TitleId, VerifiedManifest, chunks_of_object},
    peer::Priority,
    wire::{MAX_MANIFEST_LEN, TitleHead},
};

pub use shelf::Shelf;

use crate::{
    driver::{Handle, WantError},
    net::{
        client::Client,
        control::{self, AskError},
    },
    policy::epoch_ms,
    state::Trust,
};

/// The most titles in memory.
const MAX_TITLES: usize = 32;
/// The most versions of one title in memory: players finish the version they began.
const MAX_EDITIONS: usize = 3;
/// How long the DMS is not asked again whether there is a newer version.
const FRESH: Duration = Duration::from_secs(30);
/// How long the DMS may take to answer when nothing is known, and when an older answer would do.
const PATIENCE: Duration = Duration::from_secs(8);
const LITTLE_PATIENCE: Duration = Duration::from_secs(2);
/// How long a manifest's chunks may take.
const FETCH: Duration = Duration::from_secs(10);

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum TitleError {
    /// The DMS has no such complete title, or not this version of it.
    #[error("no such title, or it is not complete yet")]
    Unknown,
    /// The DMS is away, and nothing is known of the title.
    #[error("{0}, and this PC has not seen the title before")]
    Away(#[from] AskError),
    /// The manifest's chunks did not come.
    #[error("the title's manifest did not come: {0}")]
    Fetch(#[from] WantError),
    /// What came was signed before what was seen of this version.
    #[error("the title's manifest was signed before the one that was seen last")]
    Older,
    /// What came is not an acceptable manifest.
    #[error("the title's manifest is refused: {0}")]
    Refused(#[from] ManifestError),
}

/// One version of a title.
#[derive(Debug)]
pub struct Edition {
    /// What was verified.
    pub manifest: VerifiedManifest,
    /// The signed manifest as it came.
    pub signed: Bytes,
    geometry: OnceLock<Geometry>,
}

impl Edition {
    pub(crate) fn new(manifest: VerifiedManifest, signed: Bytes) -> Self {
        Self {
            manifest,
            signed,
            geometry: OnceLock::new(),
        }
    }

    /// Where its chunks stand.
    pub fn geometry(&self) -> &Geometry {
        self.geometry.get_or_init(|| Geometry::new(&self.manifest))
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> TitleId {
        self.manifest.manifest().title
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.manifest.manifest().version
    }

    /// When this manifest of the version was signed, milliseconds since the Unix epoch.
    #[must_use]
    pub fn created_ms(&self) -> u64 {
        self.manifest.manifest().created_ms
    }

    /// Whether this is what the DMS names, or of a later version than that.
    fn satisfies(&self, head: &TitleHead) -> bool {
        let same = || chunks_of_object(&self.signed) == head.manifest;
        head.version < self.version() || (head.version == self.version() && same())
    }

    fn expired(&self) -> bool {
        self.manifest.manifest().expires_ms <= epoch_ms(SystemTime::now())
    }
}

/// The titles this PC plays; clones share them.
#[derive(Clone)]
pub struct Titles {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    driver: Handle,
    control: control::Handle,
    tenant: String,
    keys: Vec<VerifyingKey>,
    shelf: Shelf,
    /// Guards the map only. Each title has a lock of its own, held while it is looked up, so that
    /// ten players of one title cause one question.
    known: Mutex<HashMap<TitleId, Arc<tokio::sync::Mutex<Known>>>>,
}

/// What is known of one title.
#[derive(Default)]
struct Known {
    /// Ascending by version.
    editions: Vec<Arc<Edition>>,
    asked: Option<Instant>,
    read: bool,
}

impl Known {
    /// Keeps the newest edition; of one version, only the one that was signed last.
    fn put(&mut self, edition: Arc<Edition>) {
        self.editions.retain(|e| e.version() != edition.version());
        self.editions.push(edition);
        if self.editions.len() > MAX_EDITIONS {
            self.editions.remove(0);
        }
    }
}

impl Titles {
    /// The titles of the company and the keys that enrolment pinned.
    #[must_use]
    pub fn new(
        client: Client,
        driver: Handle,
        control: control::Handle,
        trust: &Trust,
        shelf: Shelf,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                driver,
                control,
                tenant: trust.tenant.clone(),
                keys: trust.manifest_keys.iter().filter_map(|k| key(k)).collect(),
                shelf,
                known: Mutex::default(),
            }),
        }
    }

    /// The newest version of a title.
    ///
    /// # Errors
    /// [`TitleError`].
    pub async fn newest(&self, title: TitleId) -> Result<Arc<Edition>, TitleError> {
        let slot = self.slot(title);
        let mut known = slot.lock().await;
        if !known.read {
            known.read = true;
            let found = self.read_shelf(title).await;
            known.editions.extend(found.map(Arc::new));
        }
        known.editions.retain(|e| !e.expired());
        let fresh = known.asked.is_some_and(|at| at.elapsed() < FRESH);
        if let Some(edition) = known.editions.last().filter(|_| fresh) {
            return Ok(edition.clone());
        }
        self.ask(title, &mut known).await
    }

    /// This version of a title, which may be an older one that is still being played.
    ///
    /// # Errors
    /// [`TitleError`].
    pub async fn edition(&self, title: TitleId, version: u64) -> Result<Arc<Edition>, TitleError> {
        let slot = self.slot(title);
        let kept = {
            let known = slot.lock().await;
            let mut editions = known.editions.iter();
            editions
                .find(|e| e.version() == version && !e.expired())
                .cloned()
        };
        match kept {
            Some(edition) => Ok(edition),
            None => {
                let newest = self.newest(title).await?;
                Some(newest)
                    .filter(|e| e.version() == version)
                    .ok_or(TitleError::Unknown)
            }
        }
    }

    /// A manifest that this PC keeps, which may be of an older version than was seen since.
    ///
    /// # Errors
    /// [`TitleError::Refused`].
    pub fn kept(&self, title: TitleId, signed: Bytes) -> Result<Edition, TitleError> {
        let manifest = self.verify(&signed, title, 0)?;
        Ok(Edition::new(manifest, signed))
    }

    async fn ask(&self, title: TitleId, known: &mut Known) -> Result<Arc<Edition>, TitleError> {
        let newest = known.editions.last().cloned();
        let patience = newest.as_ref().map_or(PATIENCE, |_| LITTLE_PATIENCE);
        if newest.is_none() {
            // What somebody is about to watch will be needed from there soon.
            let client = self.inner.client.clone();
            tokio::spawn(async move { client.warm_up().await });
        }
        let answer = match (self.inner.control.resolve(title, patience).await, newest) {
            (Err(_), Some(newest)) => return Ok(newest),
            (Err(e), None) => return Err(e.into()),
            (Ok(None), _) => {
                known.editions.clear();
                self.inner.shelf.remove(title).await;
                return Err(TitleError::Unknown);
            }
            (Ok(Some(head)), Some(newest)) if newest.satisfies(&head) => {
                if head.version < newest.version() {
                    tracing::warn!("the DMS named an older version than it did before");
                }
                known.asked = Some(Instant::now());
                return Ok(newest);
            }
            (Ok(Some(head)), newest) => (head, newest),
        };
        let (head, newest) = answer;
        let same_version = newest.filter(|n| n.version() == head.version);
        let edition = match (self.fetch(&head).await, same_version) {
            (Ok(edition), _) => Arc::new(edition),
            // What changed are its breaks: no reason not to play what is here.
            (Err(error), Some(newest)) => {
                tracing::warn!(%error, "a title's newly signed manifest is not used");
                known.asked = Some(Instant::now());
                return Ok(newest);
            }
            (Err(error), None) => return Err(error),
        };
        known.asked = Some(Instant::now());
        known.put(edition.clone());
        self.inner.shelf.keep(title, &edition).await;
        Ok(edition)
    }

    async fn fetch(&self, head: &TitleHead) -> Result<Edition, TitleError> {
        let len: u64 = head.manifest.iter().map(|c| u64::from(c.len)).sum();
        if len > MAX_MANIFEST_LEN as u64 {
            return Err(ManifestError::Malformed("it is longer than allowed").into());
        }
        let mut signed = BytesMut::new();
        for chunk in &head.manifest {
            let wanted = self
                .inner
                .driver
                .want(*chunk, Some(head.title), FETCH, Priority::Playing);
            let (chunk, _) = wanted.await?;
            signed.extend_from_slice(chunk.bytes());
        }
        let signed = signed.freeze();
        let seen = self.inner.shelf.seen(head.title);
        let least = seen.version.max(head.version);
        let manifest = self.verify(&signed, head.title, least)?;
        let edition = Edition::new(manifest, signed);
        if seen.is_after(&edition) {
            return Err(TitleError::Older);
        }
        Ok(edition)
    }

    async fn read_shelf(&self, title: TitleId) -> Option<Edition> {
        let signed = self.inner.shelf.read(title).await?;
        let least = self.inner.shelf.seen(title).version;
        match self.verify(&signed, title, least) {
            Ok(manifest) => Some(Edition::new(manifest, signed)),
            Err(e) => {
                tracing::info!(error = %e, "a manifest on disk is not used");
                None
            }
        }
    }

    fn verify(
        &self,
        signed: &[u8],
        title: TitleId,
        min_version: u64,
    ) -> Result<VerifiedManifest, ManifestError> {
        let expect = Expect {
            tenant: &self.inner.tenant,
            title,
            min_version,
        };
        let now = epoch_ms(SystemTime::now());
        VerifiedManifest::verify(signed, &self.inner.keys, &expect, now)
    }

    fn slot(&self, title: TitleId) -> Arc<tokio::sync::Mutex<Known>> {
        let known = &self.inner.known;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_TITLES && !known.contains_key(&title) {
            // One that nobody is looking up goes; what it knew is on the shelf.
            let idle = known.iter().find(|(_, slot)| Arc::strong_count(slot) == 1);
            if let Some(idle) = idle.map(|(title, _)| *title) {
                known.remove(&idle);
            }
        }
        known.entry(title).or_default().clone()
    }
}

fn key(text: &str) -> Option<VerifyingKey> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}
