//! The player's side: checking a licence and taking the keys out.

use subtle::ConstantTimeEq;

use super::{
    Grant, MAX_LICENSE_LEN,
    claims::{Claims, hpke_info},
    cose::{self, CoseError},
    recipient::RecipientKeyPair,
    signer::VerifyingKey,
    track_keys::TrackKeys,
};

/// Whether the DMS can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// It was reached for this playback: the licence holds until `not after`.
    Online,
    /// It was not: the licence holds until `offline until`.
    Offline,
}

/// What the player is about to open; the licence must be for just that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expect<'a> {
    /// The company the title belongs to.
    pub tenant: &'a str,
    /// The title.
    pub title: [u8; 16],
    /// The title version of the manifest, if it is known already.
    pub version: Option<u64>,
    /// The device's id, if the player runs on an enrolled device.
    pub device: Option<[u8; 16]>,
    /// Whether the DMS can be reached.
    pub contact: Contact,
}

/// Why a licence is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LicenseError {
    /// The bytes are not a COSE_Sign1 around a licence of this format.
    #[error("not a licence")]
    Malformed,
    /// No trusted key made the signature.
    #[error("the licence's signature is not from a trusted key")]
    Untrusted,
    /// It is for another company.
    #[error("the licence is for another tenant")]
    OtherTenant,
    /// It is for another title.
    #[error("the licence is for another title")]
    OtherTitle,
    /// It is for another version of the title; ask for a new one.
    #[error("the licence is for version {licensed} of the title, not {expected}")]
    OtherVersion {
        /// The version the licence is for.
        licensed: u64,
        /// The version about to be opened.
        expected: u64,
    },
    /// It is for another device.
    #[error("the licence is for another device")]
    OtherDevice,
    /// Its time has not come.
    #[error("the licence is not valid yet; it starts in {} s", starts_in_ms.div_ceil(1000))]
    NotYetValid {
        /// How long until it starts, milliseconds.
        starts_in_ms: u64,
    },
    /// Its time is over.
    #[error("the licence has expired; ask the DMS for a new one")]
    Expired {
        /// When it ended, milliseconds since the Unix epoch.
        not_after_ms: u64,
    },
    /// It may no longer be used without contact to the DMS.
    #[error("the licence may no longer be used offline; connect to the DMS once")]
    OfflineExpired {
        /// When offline use ended, milliseconds since the Unix epoch.
        offline_until_ms: u64,
    },
}

/// Why a checked licence gave no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It was sealed to another key pair.
    #[error("the licence is sealed to another recipient's key")]
    OtherRecipient,
    /// The sealed keys do not open or are not the tracks the licence names.
    #[error("the licence's keys do not open")]
    Keys,
}

/// A licence whose signature, place and time were checked. Only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLicense {
    claims: Claims,
    grant: Grant,
}

/// Checks a licence at the time `now_ms`, milliseconds since the Unix epoch.
///
/// The caller owns the clock: `now_ms` should never be earlier than any time the DMS has signed.
///
/// # Errors
/// See [`LicenseError`].
pub fn verify(
    bytes: &[u8],
    trusted: &[VerifyingKey],
    expected: &Expect<'_>,
    now_ms: u64,
) -> Result<VerifiedLicense, LicenseError> {
    if bytes.len() > MAX_LICENSE_LEN {
        return Err(LicenseError::Malformed);
    }
    let payload = cose::verify(bytes, trusted).map_err(|error| match error {
        CoseError::Malformed => LicenseError::Malformed,
        CoseError::Untrusted => LicenseError::Untrusted,
    })?;
    let claims = Claims::from_bytes(&payload).ok_or(LicenseError::Malformed)?;
    let grant = claims.grant();
    if !grant.times_in_order() {
        return Err(LicenseError::Malformed);
    }
    check_place(&grant, expected)?;
    check_time(&grant, expected.contact, now_ms)?;
    Ok(VerifiedLicense { claims, grant })
}

fn check_place(grant: &Grant, expected: &Expect<'_>) -> Result<(), LicenseError> {
    if grant.tenant != expected.tenant {
        return Err(LicenseError::OtherTenant);
    }
    if grant.title != expected.title {
        return Err(LicenseError::OtherTitle);
    }
    if let Some(version) = expected.version
        && grant.version != version
    {
        return Err(LicenseError::OtherVersion {
            licensed: grant.version,
            expected: version,
        });
    }
    if expected.device.is_some_and(|device| grant.device != device) {
        return Err(LicenseError::OtherDevice);
    }
    Ok(())
}

fn check_time(grant: &Grant, contact: Contact, now_ms: u64) -> Result<(), LicenseError> {
    if let Some(starts_in_ms) = grant.not_before_ms.checked_sub(now_ms)
        && starts_in_ms > 0
    {
        return Err(LicenseError::NotYetValid { starts_in_ms });
    }
    if now_ms >= grant.not_after_ms {
        return Err(LicenseError::Expired {
            not_after_ms: grant.not_after_ms,
        });
    }
    if contact == Contact::Offline && now_ms >= grant.offline_until_ms {
        let offline_until_ms = grant.offline_until_ms;
        return Err(LicenseError::OfflineExpired { offline_until_ms });
    }
    Ok(())
}

impl VerifiedLicense {
    /// What the licence says.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The tracks it opens, ascending.
    #[must_use]
    pub fn tracks(&self) -> &[u16] {
        &self.claims.tracks
    }

    #[cfg(test)]
    pub(super) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Takes the keys out.
    ///
    /// # Errors
    /// [`OpenError::OtherRecipient`] unless `recipient` is the pair the licence was asked with.
    pub fn open(&self, recipient: &RecipientKeyPair) -> Result<TrackKeys, OpenError> {
        if !bool::from(recipient.public().hash().ct_eq(&self.claims.recipient_hash)) {
            return Err(OpenError::OtherRecipient);
        }
        let info = hpke_info(&self.grant);
        let keys = recipient
            .open(
                &self.claims.encapsulated_key,
                &info,
                &self.claims.sealed_keys,
            )
            .ok_or(OpenError::Keys)?;
        TrackKeys::decode(&keys, &self.claims.tracks).ok_or(OpenError::Keys)
    }
}
