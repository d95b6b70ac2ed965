//! The signed payload of a licence and the context its keys are sealed in.

use minicbor::{Decode, Encode};

use super::{Grant, MAX_TEXT_LEN, MAX_TRACKS};
use crate::cbor;

const FORMAT: u8 = 1;

/// The payload: a CBOR map with integer keys.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Claims {
    #[n(0)]
    pub(super) format: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) license_id: [u8; 16],
    #[n(2)]
    pub(super) tenant: String,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(super) title: [u8; 16],
    #[n(4)]
    pub(super) version: u64,
    #[cbor(n(5), with = "minicbor::bytes")]
    pub(super) device: [u8; 16],
    #[n(6)]
    pub(super) subject: String,
    #[cbor(n(7), with = "minicbor::bytes")]
    pub(super) recipient_hash: [u8; 32],
    #[n(8)]
    pub(super) issued_ms: u64,
    #[n(9)]
    pub(super) not_before_ms: u64,
    #[n(10)]
    pub(super) not_after_ms: u64,
    #[n(11)]
    pub(super) offline_until_ms: u64,
    #[n(12)]
    pub(super) third_party_players: bool,
    #[n(13)]
    pub(super) tracks: Vec<u16>,
    #[cbor(n(14), with = "minicbor::bytes")]
    pub(super) encapsulated_key: [u8; 32],
    #[cbor(n(15), with = "minicbor::bytes")]
    pub(super) sealed_keys: Vec<u8>,
}

#[derive(Encode)]
#[cbor(array)]
struct Info<'a> {
    #[n(0)]
    label: &'a str,
    #[cbor(n(1), with = "minicbor::bytes")]
    license_id: [u8; 16],
    #[n(2)]
    tenant: &'a str,
    #[cbor(n(3), with = "minicbor::bytes")]
    title: [u8; 16],
    #[n(4)]
    version: u64,
    #[cbor(n(5), with = "minicbor::bytes")]
    device: [u8; 16],
}

/// HPKE's `info`: binds the sealed keys to the licence they are in.
pub(super) fn hpke_info(grant: &Grant) -> Vec<u8> {
    cbor::to_vec(&Info {
        label: "dms license v1",
        license_id: grant.license_id,
        tenant: &grant.tenant,
        title: grant.title,
        version: grant.version,
        device: grant.device,
    })
}

impl Claims {
    /// States a grant. The keys are sealed to `recipient_hash` as `encapsulated_key` and `sealed_keys`.
    pub(super) fn new(
        grant: &Grant,
        recipient_hash: [u8; 32],
        tracks: Vec<u16>,
        encapsulated_key: [u8; 32],
        sealed_keys: Vec<u8>,
    ) -> Self {
        Self {
            format: FORMAT,
            license_id: grant.license_id,
            tenant: grant.tenant.clone(),
            title: grant.title,
            version: grant.version,
            device: grant.device,
            subject: grant.subject.clone(),
            recipient_hash,
            issued_ms: grant.issued_ms,
            not_before_ms: grant.not_before_ms,
            not_after_ms: grant.not_after_ms,
            offline_until_ms: grant.offline_until_ms,
            third_party_players: grant.third_party_players,
            tracks,
            encapsulated_key,
            sealed_keys,
        }
    }

    /// What the claims grant.
    pub(super) fn grant(&self) -> Grant {
        Grant {
            license_id: self.license_id,
            tenant: self.tenant.clone(),
            title: self.title,
            version: self.version,
            device: self.device,
            subject: self.subject.clone(),
            issued_ms: self.issued_ms,
            not_before_ms: self.not_before_ms,
            not_after_ms: self.not_after_ms,
            offline_until_ms: self.offline_until_ms,
            third_party_players: self.third_party_players,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// Reads a payload in its one deterministic spelling.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let claims: Self = cbor::from_slice(bytes)?;
        let ascending = claims.tracks.is_sorted_by(|a, b| a < b);
        let within_limits = claims.tracks.len() <= MAX_TRACKS && claims.grant().texts_fit();
        (claims.format == FORMAT && ascending && within_limits).then_some(claims)
    }
}

impl Grant {
    pub(super) fn texts_fit(&self) -> bool {
        self.tenant.len() <= MAX_TEXT_LEN && self.subject.len() <= MAX_TEXT_LEN
    }
}
