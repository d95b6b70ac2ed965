//! The right to play: a licence asked for with a key of this run only, checked, and its keys.

mod keeper;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use drm::{
    floe::Opener,
    key::TrackKey,
    lease::Lease,
    license::{self, Contact, Expect, LicenseError, RecipientKeyPair, TrackKeys, VerifyingKey},
    segment::{self, SegmentContext},
};
use swarm::content::{DeviceId, Manifest, TitleId, TrackId};
use zeroize::Zeroizing;

pub use keeper::{Keeper, Standing};

use crate::{
    error::PlayError,
    source::{Endpoint, Wants},
};

/// The keys of one licence, for as long as it is valid. They are zeroed when this is dropped.
pub struct License {
    lease: Lease,
    keys: TrackKeys,
    tenant: String,
    title: TitleId,
    version: u64,
    /// When it came, by this computer's clock.
    came_ms: u64,
    third_party_players: bool,
}

/// What came of asking.
pub enum Answer {
    /// Play.
    Granted(License),
    /// The licence is for another version than the manifest at hand: fetch the manifest again.
    OtherVersion,
}

/// A licence as it came: nothing of it is believed yet.
pub struct Offer {
    bytes: Bytes,
    recipient: RecipientKeyPair,
    device: Option<DeviceId>,
}

/// Asks `endpoint` for a licence, with a new key.
///
/// # Errors
/// [`PlayError`] when it is refused.
pub async fn ask(endpoint: &Endpoint, title: TitleId, wants: Wants) -> Result<Offer, PlayError> {
    let recipient = RecipientKeyPair::generate(&mut rand::rng());
    let bytes = endpoint
        .license(title, &recipient.public().to_string(), wants)
        .await?;
    Ok(Offer {
        bytes,
        recipient,
        device: endpoint.device(),
    })
}

impl Offer {
    /// Checks that this is a licence for what `manifest` lists, and takes the keys out.
    ///
    /// # Errors
    /// [`PlayError`] when it is expired, not signed by a trusted key, or not what was asked for.
    pub fn accept(
        self,
        manifest: &Manifest,
        trusted: &[VerifyingKey],
    ) -> Result<Answer, PlayError> {
        open_checked(&self, manifest, trusted, Contact::Online)
    }

    /// A licence that was saved, with what opens it.
    #[must_use]
    pub fn saved(license: Vec<u8>, recipient: RecipientKeyPair, device: DeviceId) -> Self {
        Self {
            bytes: license.into(),
            recipient,
            device: Some(device),
        }
    }

    /// The same as [`Offer::accept`] for a licence that was saved. Whether it may be used at this time is the watch's to
    /// say.
    ///
    /// # Errors
    /// As [`Offer::accept`].
    pub fn reopen(
        self,
        manifest: &Manifest,
        trusted: &[VerifyingKey],
    ) -> Result<Answer, PlayError> {
        open_checked(&self, manifest, trusted, Contact::Offline)
    }

    /// The licence as it came.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What opens it, once more: to be saved.
    #[must_use]
    pub fn recipient(&self) -> Option<RecipientKeyPair> {
        RecipientKeyPair::from_bytes(&self.recipient.to_bytes()).ok()
    }
}

fn open_checked(
    offer: &Offer,
    manifest: &Manifest,
    trusted: &[VerifyingKey],
    contact: Contact,
) -> Result<Answer, PlayError> {
    let title = manifest.title;
    let expected = Expect {
        tenant: &manifest.tenant,
        title: title.0,
        version: Some(manifest.version),
        device: offer.device.map(|device| device.0),
        contact,
    };
    let came_ms = now_ms();
    let verified = match license::verify(&offer.bytes, trusted, &expected, came_ms) {
        Ok(verified) => verified,
        Err(LicenseError::OtherVersion { .. }) => return Ok(Answer::OtherVersion),
        Err(error) => return Err(refused(title, &error)),
    };
    let keys = verified
        .open(&offer.recipient)
        .map_err(|error| PlayError::LicenseInvalid(error.to_string()))?;
    let grant = verified.grant();
    tracing::info!(
        license.id = hex::encode(grant.license_id),
        tracks = verified.tracks().len(),
        "licence granted"
    );
    Ok(Answer::Granted(License {
        lease: Lease::from(grant),
        keys,
        tenant: grant.tenant.clone(),
        title,
        version: grant.version,
        came_ms,
        third_party_players: grant.third_party_players,
    }))
}

fn refused(title: TitleId, error: &LicenseError) -> PlayError {
    match error {
        LicenseError::Expired { .. } | LicenseError::OfflineExpired { .. } => {
            PlayError::LicenseExpired(title)
        }
        LicenseError::NotYetValid { .. } => PlayError::LicenseNotYetValid(title),
        error => PlayError::LicenseInvalid(error.to_string()),
    }
}

impl License {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        self.lease.license_id
    }

    /// What it says about time.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Whether the licence opens this track.
    #[must_use]
    pub fn covers(&self, track: TrackId) -> bool {
        self.keys.get(track.0).is_some()
    }

    /// Whether clear segments may be served to other players.
    #[must_use]
    pub fn third_party_players(&self) -> bool {
        self.third_party_players
    }

    /// Opens one segment from its verified chunks.
    ///
    /// # Errors
    /// [`PlayError::LicenseExpired`], [`PlayError::NotLicensed`] for a track the licence does not
    /// cover, [`PlayError::CorruptSegment`].
    pub fn open(
        &self,
        track: TrackId,
        index: usize,
        chunks: &[Bytes],
    ) -> Result<Zeroizing<Vec<u8>>, PlayError> {
        let corrupt = PlayError::CorruptSegment {
            track,
            segment: index,
        };
        let key = self.key(track)?;
        let context = self.context(track, index).ok_or(corrupt.clone())?;
        segment::open(key, &context, chunks).map_err(|_| corrupt)
    }

    /// What opens the chunks of one segment in any order, from its header.
    ///
    /// # Errors
    /// As [`License::open`].
    pub fn opener(&self, track: TrackId, index: usize, header: &[u8]) -> Result<Opener, PlayError> {
        let corrupt = PlayError::CorruptSegment {
            track,
            segment: index,
        };
        let key = self.key(track)?;
        let context = self.context(track, index).ok_or(corrupt.clone())?;
        segment::opener(key, &context, header).map_err(|_| corrupt)
    }

    fn context(&self, track: TrackId, index: usize) -> Option<SegmentContext<'_>> {
        Some(SegmentContext {
            tenant: &self.tenant,
            title: self.title.0,
            version: self.version,
            track: track.0,
            segment: u32::try_from(index).ok()?,
        })
    }

    fn key(&self, track: TrackId) -> Result<&TrackKey, PlayError> {
        if now_ms() >= self.lease.not_after_ms {
            return Err(PlayError::LicenseExpired(self.title));
        }
        self.keys
            .get(track.0)
            .ok_or_else(|| PlayError::NotLicensed {
                title: self.title,
                detail: format!(" It does not open track {track}."),
                code: String::new(),
            })
    }
}

/// Milliseconds since 1970 by this computer's clock.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
