//! Campaigns on the control connection: which titles a site is to hold, and how far it is.

use minicbor::{CborLen, Decode, Encode};

use crate::content::{ChunkId, ChunkRef, Manifest, TitleId, TrackId, chunks_of_object};

/// The most chunks of one campaign: 256 GiB of the longest.
pub const MAX_CAMPAIGN_CHUNKS: usize = 1 << 18;

/// The most copies of a chunk that a site is to hold.
pub const MAX_COPIES: u8 = 8;

/// A title that a site is to hold. All peers of a site are told the same ones.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Campaign {
    /// The title, in its newest version.
    #[n(0)]
    pub title: TitleId,
    /// Which of its tracks; empty: all.
    #[n(1)]
    pub tracks: Vec<TrackId>,
    /// How many copies of each chunk, 1 to [`MAX_COPIES`].
    #[n(2)]
    pub copies: u8,
}

impl Campaign {
    /// The chunks that the site is to hold, in the order that [`Bits`] count them in: the tracks' as the
    /// manifest lists them, then those of the signed manifest.
    #[must_use]
    pub fn chunks(&self, manifest: &Manifest, signed: &[u8]) -> Vec<ChunkRef> {
        let tracks = manifest.tracks.iter().filter(|t| self.wants(t.id));
        let segments = tracks.flat_map(|track| &track.segments);
        let content = segments.flat_map(|segment| segment.chunks.iter().copied());
        content.chain(chunks_of_object(signed)).collect()
    }

    /// The chunks of the title that this campaign is not about.
    #[must_use]
    pub fn other_chunks(&self, manifest: &Manifest) -> Vec<ChunkId> {
        let tracks = manifest.tracks.iter().filter(|t| !self.wants(t.id));
        let segments = tracks.flat_map(|track| &track.segments);
        let chunks = segments.flat_map(|segment| &segment.chunks);
        chunks.map(|chunk| chunk.id).collect()
    }

    fn wants(&self, track: TrackId) -> bool {
        self.tracks.is_empty() || self.tracks.contains(&track)
    }
}

/// What a peer has of a campaign. Replaces what it said of the title before.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Holding {
    /// The title.
    #[n(0)]
    pub title: TitleId,
    /// The version it counts the chunks of.
    #[n(1)]
    pub version: u64,
    /// The chunks in its cache.
    #[n(2)]
    pub held: Bits,
    /// Those of them that it keeps as one of the chunk's homes.
    #[n(3)]
    pub kept: Bits,
}

/// The chunks of a campaign that the site's homes have as many copies of as the site is to hold. Whoever has
/// another copy need not keep it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Enough {
    /// The title.
    #[n(0)]
    pub title: TitleId,
    /// The version whose chunks are counted.
    #[n(1)]
    pub version: u64,
    /// The chunks.
    #[n(2)]
    pub chunks: Bits,
}

/// Some of a campaign's chunks, by their place in [`Campaign::chunks`]. Byte 0 holds places 0 to 7, the lowest
/// bit first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct Bits(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    Vec<u8>,
);

impl Bits {
    /// None of so many chunks.
    #[must_use]
    pub fn none_of(chunks: usize) -> Self {
        Self(vec![0; chunks.div_ceil(8)])
    }

    /// Whether these are bits of so many chunks: other ones were counted over another list.
    #[must_use]
    pub fn are_of(&self, chunks: usize) -> bool {
        let spare = self.0.len() * 8 - chunks.min(self.0.len() * 8);
        let last = self.0.last().copied().unwrap_or(0);
        self.0.len() == chunks.div_ceil(8) && last.leading_zeros() as usize >= spare.min(8)
    }

    /// Bytes of it.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// Adds a chunk; one beyond the list is ignored.
    pub fn set(&mut self, place: usize) {
        if let Some(byte) = self.0.get_mut(place / 8) {
            *byte |= 1 << (place % 8);
        }
    }

    /// Whether a chunk is among them.
    #[must_use]
    pub fn has(&self, place: usize) -> bool {
        let byte = self.0.get(place / 8).copied().unwrap_or(0);
        byte & (1 << (place % 8)) != 0
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }
}

/// Counts up to some number for every chunk at once.
#[derive(Clone, Debug)]
pub struct Tally {
    /// `at_least[n]`: the chunks counted more than n times.
    at_least: Vec<Bits>,
}

impl Tally {
    /// Nothing counted; tells counts from 0 to `most` apart.
    #[must_use]
    pub fn new(chunks: usize, most: u8) -> Self {
        Self {
            at_least: vec![Bits::none_of(chunks); most.into()],
        }
    }

    /// Counts each of these once more.
    pub fn add(&mut self, bits: &Bits) {
        for level in (0..self.at_least.len()).rev() {
            let (below, from) = self.at_least.split_at_mut(level);
            let Some(Bits(counted)) = from.first_mut() else {
                continue;
            };
            let reached = below.last();
            for (place, (byte, more)) in counted.iter_mut().zip(&bits.0).enumerate() {
                let had = reached.map_or(u8::MAX, |below| below.0.get(place).copied().unwrap_or(0));
                *byte |= had & more;
            }
        }
    }

    /// The chunks counted at least so often, 1 to `most`.
    #[must_use]
    pub fn at_least(&self, times: u8) -> Option<&Bits> {
        self.at_least.get(usize::from(times).checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(chunks: usize, places: &[usize]) -> Bits {
        let mut bits = Bits::none_of(chunks);
        places.iter().for_each(|place| bits.set(*place));
        bits
    }

    #[test]
    fn bits_are_of_one_length() {
        for chunks in [0, 1, 7, 8, 9, 64, 65] {
            let all = bits(chunks, &(0..chunks).collect::<Vec<_>>());
            assert_eq!(all.count(), chunks);
            assert!(all.are_of(chunks), "{chunks}");
            assert!(
                !all.are_of(chunks + 9) && !all.are_of(chunks.saturating_sub(1)) || chunks == 0
            );
            assert!(!all.has(chunks), "beyond the end");
        }
        let mut few = bits(3, &[0, 2]);
        few.set(800);
        assert_eq!((few.count(), few.has(1), few.has(2)), (2, false, true));
        assert!(!Bits(vec![0b1000]).are_of(3), "a chunk that is none");
        let framed = minicbor::to_vec(&few).unwrap();
        assert_eq!(framed, [0x41, 0b101], "a byte string");
        assert_eq!(minicbor::decode::<Bits>(&framed).unwrap(), few);
    }

    #[test]
    fn a_tally_tells_how_often_each_came() {
        let mut tally = Tally::new(10, 3);
        for places in [&[0, 1, 2, 9][..], &[1, 2, 9], &[2, 9], &[9]] {
            tally.add(&bits(10, places));
        }
        let counts = [1, 2, 3].map(|n| tally.at_least(n).unwrap().clone());
        let expected = [&[0, 1, 2, 9][..], &[1, 2, 9], &[2, 9]].map(|p| bits(10, p));
        assert_eq!(counts, expected);
        assert!(tally.at_least(0).is_none() && tally.at_least(4).is_none());
    }
}
