//! One title, ready to be read: verified manifest, licence, and segments on demand.
//!
//! Without contact to the DMS a saved title opens in its place, under the watch's eyes. With contact the DMS is asked now and
//! then whether the licence still holds.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use drm::license::RecipientKeyPair;
use ed25519_dalek::VerifyingKey as ManifestKey;
use futures_util::{StreamExt, TryStreamExt, stream};
use swarm::content::{Expect, Manifest, TitleKind, Track, TrackId, TrackKind, VerifiedManifest};
use tokio_util::sync::CancellationToken;

use crate::{
    config::SourceConfig,
    error::PlayError,
    license::{self, Answer, Keeper, License, Offer, Standing},
    offline::{
        Pieces, Shelf,
        plays::{self, Tally},
        timekeeper::{Place, Timekeeper},
    },
    source::{Endpoint, PathKind, Source, Wants, endpoint::Trust, pins::Pins},
};

/// The most chunks of one segment that are fetched at a time.
const CHUNKS_IN_FLIGHT: usize = 6;
/// How often a manifest is fetched again when the licence is for another version.
const VERSION_ATTEMPTS: usize = 3;
/// How long the DMS may take when the title is saved here.
const SAVED_PATIENCE: Duration = Duration::from_secs(6);

/// See the module.
pub struct Session {
    source: Source,
    manifest: VerifiedManifest,
    licenses: Keeper,
    /// Set when a saved title plays without contact.
    saved: Option<SavedPlay>,
    tally: Tally,
    /// Tracks of this kind say how much was played.
    counts_video: bool,
    withdrawn: CancellationToken,
}

/// A saved title that plays.
struct SavedPlay {
    keeper: Arc<Timekeeper>,
    shelf: Shelf,
    tracks: Vec<u16>,
}

/// A title that may be played.
struct Opened {
    manifest: VerifiedManifest,
    licenses: Keeper,
    saved: Option<SavedPlay>,
    path: PathKind,
}

impl Session {
    /// Finds a video, checks its manifest and gets a licence.
    ///
    /// # Errors
    /// [`PlayError`]: everything that can keep a title from playing.
    pub async fn open(config: &SourceConfig) -> Result<Arc<Self>, PlayError> {
        Self::open_kind(config, TitleKind::Video).await
    }

    /// Finds a title of this kind, checks its manifest and gets a licence.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open_kind(config: &SourceConfig, kind: TitleKind) -> Result<Arc<Self>, PlayError> {
        let source = Source::connect(config).await?;
        let shelf = Shelf::new(&config.state);
        if let Some(agent) = source.agent() {
            plays::hand_over(&shelf, agent).await;
        }
        let is_saved = shelf.saved(config.title).is_ok_and(|saved| saved.is_some());
        loop {
            let opening = open_at(source.endpoint(), config, kind);
            let opened = match is_saved {
                false => opening.await,
                true => match tokio::time::timeout(SAVED_PATIENCE, opening).await {
                    Ok(opened) => opened,
                    Err(_) => Err(late(source.endpoint())),
                },
            };
            let error = match opened {
                Ok(opened) => return Ok(Self::start(source, opened, config.ask_every)),
                Err(error) => error,
            };
            if worth_another_path(&error) && source.switch(&error) {
                continue;
            }
            if !is_saved || !saved_may_play(&error) {
                return Err(error);
            }
            tracing::info!(%error, "the saved title is played");
            let opened = open_saved(&source, config, &shelf).await?;
            if matches!(error, PlayError::NotLicensed { .. }) {
                // The DMS answers: then it also says whether what is saved was taken back.
                let license = opened.licenses.current().id();
                let holds = source.agent().map(|agent| agent.holds(license));
                let holds = futures_util::future::OptionFuture::from(holds).await;
                if matches!(holds, Some(Ok(Some(false)))) {
                    shelf.remove(config.title)?;
                    return Err(PlayError::LicenseWithdrawn(config.title));
                }
            }
            return Ok(Self::start(source, opened, config.ask_every));
        }
    }

    fn start(source: Source, opened: Opened, ask_every: Duration) -> Arc<Self> {
        let is_video = |track: &Track| matches!(track.kind, TrackKind::Video { .. });
        let license = opened.licenses.current();
        let session = Arc::new(Self {
            counts_video: opened.manifest.manifest().tracks.iter().any(is_video),
            tally: Tally::new(license.id(), opened.path, opened.saved.is_some()),
            source,
            manifest: opened.manifest,
            licenses: opened.licenses,
            saved: opened.saved,
            withdrawn: CancellationToken::new(),
        });
        tokio::spawn(keep_asking(Arc::downgrade(&session), ask_every));
        session
    }

    /// Cancelled when the licence was withdrawn: then nothing more is played.
    #[must_use]
    pub fn withdrawn(&self) -> &CancellationToken {
        &self.withdrawn
    }

    /// Whether a saved title plays without contact to the DMS.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.saved.is_some()
    }

    /// Why it ended, if the DMS ended it.
    #[must_use]
    pub fn failure(&self) -> Option<PlayError> {
        let title = self.manifest().title;
        self.withdrawn
            .is_cancelled()
            .then_some(PlayError::LicenseWithdrawn(title))
    }

    /// Tells what was played. Call it when no more is.
    pub async fn close(&self) {
        match (&self.saved, self.source.agent()) {
            (Some(saved), Some(agent)) => plays::hand_over(&saved.shelf, agent).await,
            _ => self.tally.tell(self.source.all()).await,
        }
    }

    /// The checked manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.manifest.manifest()
    }

    /// Where the bytes come from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The licence in use. A long playback renews it: ask each time.
    #[must_use]
    pub fn license(&self) -> Arc<License> {
        self.licenses.current()
    }

    /// The tracks that the licence opens, of one kind.
    #[must_use]
    pub fn tracks(&self, wanted: fn(&TrackKind) -> bool) -> Vec<&Track> {
        let license = self.license();
        let tracks = self.manifest().tracks.iter();
        let is_here = |track: &Track| {
            let saved = self.saved.as_ref();
            saved.is_none_or(|saved| saved.tracks.contains(&track.id.0))
        };
        tracks
            .filter(|track| wanted(&track.kind) && license.covers(track.id) && is_here(track))
            .collect()
    }

    /// Fetches, verifies and opens one segment that is needed within `deadline`. Its bytes are
    /// zeroed when the last reference to them is dropped.
    ///
    /// # Errors
    /// [`PlayError`]; `None` when the title has no such segment.
    pub async fn segment(
        self: &Arc<Self>,
        track: TrackId,
        index: usize,
        deadline: Duration,
    ) -> Result<Option<Bytes>, PlayError> {
        let Some(segment) = self
            .manifest
            .track(track)
            .and_then(|t| t.segments.get(index))
        else {
            return Ok(None);
        };
        let title = self.manifest().title;
        let fetch = |&chunk| self.source.chunk(title, chunk, deadline);
        let fetches: Vec<_> = segment.chunks.iter().map(fetch).collect();
        let chunks: Vec<Bytes> = stream::iter(fetches)
            .buffered(CHUNKS_IN_FLIGHT)
            .try_collect()
            .await?;
        let license = self.valid_license().await?;
        let media_ms = self.media_ms(track, segment.duration);
        self.tally.add(media_ms);
        let session = Arc::clone(self);
        let opening = move || {
            session.spend(&license, media_ms)?;
            license.open(track, index, &chunks)
        };
        // Opening a large segment takes milliseconds of pure computing, and storing the watch the disk's.
        let opened = tokio::task::spawn_blocking(opening).await;
        let plain = opened.map_err(|_| PlayError::CorruptSegment {
            track,
            segment: index,
        })??;
        if plain.len() as u64 != segment.plain_len {
            return Err(PlayError::CorruptSegment {
                track,
                segment: index,
            });
        }
        Ok(Some(Bytes::from_owner(plain)))
    }

    /// The playing time that a segment counts for, milliseconds: of picture and sound only one counts.
    fn media_ms(&self, track: TrackId, duration: u64) -> u64 {
        let Some(track) = self.manifest.track(track) else {
            return 0;
        };
        let counts = match track.kind {
            TrackKind::Video { .. } => self.counts_video,
            TrackKind::Audio { .. } => !self.counts_video,
            _ => false,
        };
        match counts {
            true => duration.saturating_mul(1000) / u64::from(track.timescale.max(1)),
            false => 0,
        }
    }

    /// Takes what is about to be played from a saved title's budget, and notes it for the DMS.
    fn spend(&self, license: &License, media_ms: u64) -> Result<(), PlayError> {
        let Some(saved) = &self.saved else {
            return Ok(());
        };
        let title = self.manifest().title;
        if media_ms == 0 {
            return saved.keeper.check(title, license.lease());
        }
        saved.keeper.spend(title, license.lease(), media_ms)?;
        self.tally.keep(&saved.shelf, saved.keeper.contact())
    }

    /// A licence that is valid now; one that is ending is renewed beside the playing.
    async fn valid_license(self: &Arc<Self>) -> Result<Arc<License>, PlayError> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        if self.saved.is_some() {
            return Ok(self.license());
        }
        match self.licenses.standing() {
            Standing::Good => {}
            Standing::Ending => {
                let session = Arc::clone(self);
                tokio::spawn(async move {
                    let manifest = session.manifest();
                    session
                        .licenses
                        .renew_ahead(&session.source, manifest)
                        .await;
                });
            }
            Standing::Over => self.licenses.renew(&self.source, self.manifest()).await?,
        }
        Ok(self.license())
    }
}

/// Asks now and then whether the licence still holds, and tells what was played, for as long as somebody plays.
async fn keep_asking(session: Weak<Session>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(session) = session.upgrade() else {
            return;
        };
        if session.saved.is_none() {
            session.tally.tell(session.source.all()).await;
        }
        let license = session.license().id();
        for endpoint in session.source.endpoints() {
            match endpoint.holds(license).await {
                Ok(Some(true)) => break,
                Ok(Some(false)) => {
                    tracing::warn!("the licence was withdrawn");
                    session.withdrawn.cancel();
                    // Also where there is no contact any more: without its key nobody plays it.
                    let saved = session.saved.as_ref();
                    let forgotten = saved.map(|saved| saved.shelf.remove(session.manifest().title));
                    if let Some(Err(error)) = forgotten {
                        tracing::warn!(%error, "what was saved of it stays");
                    }
                    return;
                }
                // Whoever cannot be asked withdraws nothing: what is licensed plays on.
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "nobody says whether the licence holds"),
            }
        }
    }
}

/// Whether a saved title plays in place of what the DMS refuses or cannot be asked for. Where the title may be watched was
/// judged when it was saved.
fn saved_may_play(error: &PlayError) -> bool {
    match error {
        PlayError::Unreachable { .. }
        | PlayError::Unexpected { .. }
        | PlayError::AgentUnreachable(_) => true,
        PlayError::NotLicensed { code, .. } => code == "not_here",
        _ => false,
    }
}

fn late(endpoint: &Endpoint) -> PlayError {
    PlayError::Unreachable {
        url: endpoint.base().to_owned(),
        reason: "it did not answer in time".into(),
    }
}

/// Opens a saved title: everything but the keys to trust and the bytes comes from the shelf.
async fn open_saved(
    source: &Source,
    config: &SourceConfig,
    shelf: &Shelf,
) -> Result<Opened, PlayError> {
    let title = config.title;
    let not_saved = PlayError::NotSaved(title);
    let agent = source.agent().ok_or(not_saved.clone())?;
    let device = agent.device().ok_or(not_saved.clone())?;
    let pieces = shelf.get(title)?.ok_or(not_saved.clone())?;
    let trust = agent.trust().await?;
    let keys = Keys::read(agent, &trust)?;
    Pins::new(&config.state).check(agent.base(), &trust, config.accept_new_keys)?;
    let expect = Expect {
        tenant: &trust.tenant,
        title,
        // The version that was saved, whatever was seen since.
        min_version: pieces.saved.version,
    };
    let manifest =
        VerifiedManifest::verify(&pieces.manifest, &keys.manifest, &expect, license::now_ms())?;
    let Pieces {
        saved,
        license,
        recipient,
        ..
    } = pieces;
    let offer = Offer::saved(license, recipient, device);
    let Answer::Granted(license) = offer.reopen(manifest.manifest(), &keys.license)? else {
        return Err(not_saved);
    };
    let keeper = Place::lock(shelf, device)?.stored()?;
    let keeper = keeper.map_err(|_| PlayError::NotOffline {
        title,
        reason: "the record of its playing is gone; connect to the DMS and save it again".into(),
    })?;
    keeper.check(title, license.lease())?;
    Ok(Opened {
        manifest,
        licenses: Keeper::new(license, keys.license),
        saved: Some(SavedPlay {
            keeper: Arc::new(keeper),
            shelf: shelf.clone(),
            tracks: saved.tracks,
        }),
        path: PathKind::Agent,
    })
}

/// Whether the DMS may do better than the agent. A refusal is an answer, not a failure.
fn worth_another_path(error: &PlayError) -> bool {
    matches!(
        error,
        PlayError::TitleNotFound(_)
            | PlayError::SignInNeeded(_)
            | PlayError::Unreachable { .. }
            | PlayError::Unexpected { .. }
    )
}

async fn open_at(
    endpoint: &Endpoint,
    config: &SourceConfig,
    kind: TitleKind,
) -> Result<Opened, PlayError> {
    let (manifest, license, keys) = acquire(endpoint, config, kind, Wants::default()).await?;
    Ok(Opened {
        manifest,
        licenses: Keeper::new(license.license, keys),
        saved: None,
        path: endpoint.kind(),
    })
}

/// A licence that came, and what it takes to save it.
pub struct Came {
    /// The licence, checked.
    pub license: License,
    /// The manifest as it came.
    pub manifest: Bytes,
    /// The licence as it came.
    pub bytes: Bytes,
    /// What opens it.
    pub recipient: Option<RecipientKeyPair>,
}

/// A title's manifest and a licence for it, both checked, and the keys that may sign the next licence.
///
/// # Errors
/// [`PlayError`].
pub async fn acquire(
    endpoint: &Endpoint,
    config: &SourceConfig,
    kind: TitleKind,
    wants: Wants,
) -> Result<(VerifiedManifest, Came, Vec<drm::license::VerifyingKey>), PlayError> {
    let pins = Pins::new(&config.state);
    let title = config.title;
    for _ in 0..VERSION_ATTEMPTS {
        // Asked for together, believed one after the other.
        let (trust, signed, offer) = futures_util::join!(
            endpoint.trust(),
            endpoint.manifest(title),
            license::ask(endpoint, title, wants)
        );
        let trust = trust?;
        let keys = Keys::read(endpoint, &trust)?;
        pins.check(endpoint.base(), &trust, config.accept_new_keys)?;
        let min_version = pins.version(&trust.tenant, title)?;
        let expect = Expect {
            tenant: &trust.tenant,
            title,
            min_version,
        };
        let (now_ms, signed) = (license::now_ms(), signed?);
        let manifest = VerifiedManifest::verify(&signed, &keys.manifest, &expect, now_ms)?;
        if manifest.manifest().kind != kind {
            return Err(match kind {
                TitleKind::Video => PlayError::NotVideo(title),
                TitleKind::File => PlayError::NotFile(title),
            });
        }
        pins.saw(&trust.tenant, title, manifest.manifest().version)?;
        let offer = offer?;
        let (bytes, recipient) = (offer.bytes().clone(), offer.recipient());
        match offer.accept(manifest.manifest(), &keys.license)? {
            Answer::Granted(license) => {
                let came = Came {
                    license,
                    manifest: signed,
                    bytes,
                    recipient,
                };
                return Ok((manifest, came, keys.license));
            }
            Answer::OtherVersion => tracing::info!("the title has a new version"),
        }
    }
    Err(PlayError::LicenseInvalid(
        "it is always for another version of the title".into(),
    ))
}

/// The signing keys an endpoint names, read.
struct Keys {
    manifest: Vec<ManifestKey>,
    license: Vec<drm::license::VerifyingKey>,
}

impl Keys {
    fn read(endpoint: &Endpoint, trust: &Trust) -> Result<Self, PlayError> {
        let manifest: Option<Vec<_>> = trust
            .manifest_keys
            .iter()
            .map(|k| manifest_key(k))
            .collect();
        let license: Result<Vec<_>, _> = trust.license_keys.iter().map(|k| k.parse()).collect();
        match (manifest, license) {
            (Some(manifest), Ok(license)) => Ok(Self { manifest, license }),
            _ => Err(PlayError::Unexpected {
                url: endpoint.base().to_owned(),
                reason: "its signing keys are not Ed25519 keys".into(),
            }),
        }
    }
}

fn manifest_key(text: &str) -> Option<ManifestKey> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    ManifestKey::from_bytes(&bytes)
        .ok()
        .filter(|key| !key.is_weak())
}
