//! The watch as it is stored: deterministic CBOR in a FLOE message, bound to its device.
//!
//! The payload is the array `[1, mark, server time, counter, [[licence, left, until], ...]]`, the
//! licences ascending; the associated data is the array `["dms watch v1", device]`. Sealing hides
//! nothing that matters: it keeps the state from being written by anybody but the program.

use std::{collections::BTreeMap, fmt};

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{MAX_LEASES, Watch, watch::Budget};
use crate::{cbor, floe};

const FORMAT: u8 = 1;

/// The whole state fits one internal segment: a licence takes at most 36 bytes.
const PARAMS: floe::Params = match floe::Params::new(1 << 16) {
    Ok(params) => params,
    Err(_) => panic!("the parameters of a stored watch are in range"),
};

/// The greatest length of a stored watch, bytes.
pub const MAX_SEALED_LEN: usize = floe::HEADER_LEN + PARAMS.encrypted_segment_len();

/// The key a device stores its watch under; kept where only the program can read it.
#[derive(PartialEq, Eq)]
pub struct SealKey(floe::Key);

impl SealKey {
    /// Takes 32 uniformly random bytes from the device's key store.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(floe::Key::from_bytes(bytes))
    }

    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(floe::Key::generate(rng))
    }

    /// The bytes to put into the device's key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.0.as_bytes())
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// Why stored bytes are no watch. The way on is a new watch, which takes contact to the DMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// These bytes are no stored watch of this format.
    #[error("not a stored watch; connect to the DMS once")]
    Malformed,
    /// Another key sealed it, it is another device's, or it was changed.
    #[error("the stored watch is another device's or was changed; connect to the DMS once")]
    Refused,
}

#[derive(Encode)]
#[cbor(array)]
struct Aad<'a> {
    #[n(0)]
    label: &'a str,
    #[cbor(n(1), with = "minicbor::bytes")]
    device: [u8; 16],
}

fn aad(device: [u8; 16]) -> Vec<u8> {
    cbor::to_vec(&Aad {
        label: "dms watch v1",
        device,
    })
}

#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct State {
    #[n(0)]
    pub(super) format: u8,
    #[n(1)]
    pub(super) mark_ms: u64,
    #[n(2)]
    pub(super) server_ms: u64,
    #[n(3)]
    pub(super) counter: u64,
    #[n(4)]
    pub(super) budgets: Vec<Entry>,
}

#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub(super) struct Entry {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) license_id: [u8; 16],
    #[n(1)]
    pub(super) left_ms: u64,
    #[n(2)]
    pub(super) until_ms: u64,
}

impl State {
    fn of(watch: &Watch) -> Self {
        let budgets = watch.budgets.iter();
        Self {
            format: FORMAT,
            mark_ms: watch.mark_ms,
            server_ms: watch.server_ms,
            counter: watch.counter,
            budgets: budgets
                .map(|(license_id, budget)| Entry {
                    license_id: *license_id,
                    left_ms: budget.left_ms,
                    until_ms: budget.until_ms,
                })
                .collect(),
        }
    }

    fn into_watch(self) -> Option<Watch> {
        let ascending = self
            .budgets
            .is_sorted_by(|a, b| a.license_id < b.license_id);
        let holds = self.format == FORMAT
            && self.server_ms <= self.mark_ms
            && self.budgets.len() <= MAX_LEASES
            && ascending;
        let budgets: BTreeMap<_, _> = self
            .budgets
            .into_iter()
            .map(|entry| {
                let budget = Budget {
                    left_ms: entry.left_ms,
                    until_ms: entry.until_ms,
                };
                (entry.license_id, budget)
            })
            .collect();
        holds.then_some(Watch {
            mark_ms: self.mark_ms,
            server_ms: self.server_ms,
            counter: self.counter,
            budgets,
        })
    }

    pub(super) fn seal(
        &self,
        key: &SealKey,
        device: [u8; 16],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, floe::SealError> {
        floe::seal(PARAMS, &key.0, &aad(device), &cbor::to_vec(self), rng)
    }
}

impl Watch {
    /// Counts a save and seals the state for storing: at most [`MAX_SEALED_LEN`] bytes.
    ///
    /// # Errors
    /// None that a watch can cause; see [`floe::seal`].
    pub fn to_sealed(
        &mut self,
        key: &SealKey,
        device: [u8; 16],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, floe::SealError> {
        self.counter = self.counter.saturating_add(1);
        State::of(self).seal(key, device, rng)
    }

    /// Opens what [`Watch::to_sealed`] made with the same key for the same device.
    ///
    /// # Errors
    /// Another key, another device and changed bytes are refused.
    pub fn from_sealed(
        sealed: &[u8],
        key: &SealKey,
        device: [u8; 16],
    ) -> Result<Self, SealedError> {
        if sealed.len() > MAX_SEALED_LEN {
            return Err(SealedError::Malformed);
        }
        let opened =
            floe::open(PARAMS, &key.0, &aad(device), sealed).map_err(|error| match error {
                floe::OpenError::Header | floe::OpenError::Params => SealedError::Malformed,
                _ => SealedError::Refused,
            })?;
        let state: Option<State> = cbor::from_slice(&opened);
        state
            .and_then(State::into_watch)
            .ok_or(SealedError::Malformed)
    }
}
