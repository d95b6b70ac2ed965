//! The keys inside a licence.

use std::{collections::BTreeMap, fmt};

use minicbor::{Decoder, Encoder};
use zeroize::Zeroizing;

use crate::key::TrackKey;

/// Head of the map plus, for each track, a head of at most 3 bytes, a head of 2 and the key.
const MAX_LEN_PER_TRACK: usize = 3 + 2 + 32;
const MAX_HEAD_LEN: usize = 9;

/// The track keys a licence gave.
#[derive(PartialEq, Eq)]
pub struct TrackKeys(BTreeMap<u16, TrackKey>);

impl TrackKeys {
    /// The key of a track; `None` if the licence does not cover it.
    #[must_use]
    pub fn get(&self, track: u16) -> Option<&TrackKey> {
        self.0.get(&track)
    }

    /// The tracks the licence covers, ascending.
    pub fn tracks(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.keys().copied()
    }

    /// Reads a map of exactly these tracks.
    pub(super) fn decode(bytes: &[u8], tracks: &[u16]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        let count = decoder.map().ok().flatten()?;
        if usize::try_from(count).ok()? != tracks.len() {
            return None;
        }
        let mut keys = BTreeMap::new();
        for &track in tracks {
            if decoder.u16().ok()? != track {
                return None;
            }
            let key: &[u8; 32] = decoder.bytes().ok()?.try_into().ok()?;
            keys.insert(track, TrackKey::from_bytes(*key));
        }
        (decoder.position() == bytes.len()).then_some(Self(keys))
    }
}

impl fmt::Debug for TrackKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TrackKeys").field(&self.0.keys()).finish()
    }
}

/// Writes the map of the keys, which stand in ascending order of their tracks.
pub(super) fn encode(keys: &[(u16, &TrackKey)]) -> Zeroizing<Vec<u8>> {
    // Reserved once: a vector that grows would leave copies of keys behind.
    let capacity = MAX_HEAD_LEN + keys.len() * MAX_LEN_PER_TRACK;
    let mut out = Zeroizing::new(Vec::with_capacity(capacity));
    let mut encoder = Encoder::new(&mut *out);
    let written = encoder.map(keys.len() as u64).and_then(|encoder| {
        keys.iter().try_fold(encoder, |encoder, (track, key)| {
            encoder.u16(*track)?.bytes(key.as_floe().as_bytes())
        })
    });
    debug_assert!(written.is_ok(), "a Vec takes every byte");
    out
}

#[cfg(test)]
mod tests;
