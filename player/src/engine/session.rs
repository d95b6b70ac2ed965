//! One title, ready to be read: verified manifest, licence, and segments on demand.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use ed25519_dalek::VerifyingKey as ManifestKey;
use futures_util::{StreamExt, TryStreamExt, stream};
use swarm::content::{Expect, Manifest, TitleKind, Track, TrackId, TrackKind, VerifiedManifest};

use crate::{
    config::SourceConfig,
    error::PlayError,
    license::{self, Answer, Keeper, License, Standing},
    source::{Endpoint, Source, endpoint::Trust, pins::Pins},
};

/// The most chunks of one segment that are fetched at a time.
const CHUNKS_IN_FLIGHT: usize = 6;
/// How often a manifest is fetched again when the licence is for another version.
const VERSION_ATTEMPTS: usize = 3;

/// See the module.
pub struct Session {
    source: Source,
    manifest: VerifiedManifest,
    licenses: Keeper,
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
        loop {
            let opened = open_at(source.endpoint(), config, kind).await;
            let error = match opened {
                Ok((manifest, licenses)) => {
                    return Ok(Arc::new(Self {
                        source,
                        manifest,
                        licenses,
                    }));
                }
                Err(error) => error,
            };
            if !worth_another_path(&error) || !source.switch(&error) {
                return Err(error);
            }
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
        tracks
            .filter(|track| wanted(&track.kind) && license.covers(track.id))
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
        let opening = move || license.open(track, index, &chunks);
        // Opening a large segment takes milliseconds of pure computing.
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

    /// A licence that is valid now; one that is ending is renewed beside the playing.
    async fn valid_license(self: &Arc<Self>) -> Result<Arc<License>, PlayError> {
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
) -> Result<(VerifiedManifest, Keeper), PlayError> {
    let pins = Pins::new(&config.state);
    let title = config.title;
    for _ in 0..VERSION_ATTEMPTS {
        // Asked for together, believed one after the other.
        let (trust, manifest, offer) = futures_util::join!(
            endpoint.trust(),
            endpoint.manifest(title),
            license::ask(endpoint, title, None)
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
        let now_ms = license::now_ms();
        let manifest = VerifiedManifest::verify(&manifest?, &keys.manifest, &expect, now_ms)?;
        if manifest.manifest().kind != kind {
            return Err(match kind {
                TitleKind::Video => PlayError::NotVideo(title),
                TitleKind::File => PlayError::NotFile(title),
            });
        }
        pins.saw(&trust.tenant, title, manifest.manifest().version)?;
        match offer?.accept(manifest.manifest(), &keys.license)? {
            Answer::Granted(license) => {
                return Ok((manifest, Keeper::new(license, keys.license)));
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
