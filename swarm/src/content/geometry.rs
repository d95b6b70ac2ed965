//! Where things are: chunks in segments, segments in time, objects in chunks.

use std::ops::Range;

use super::{ChunkId, ChunkRef, MAX_CHUNK_LEN, Track, TrackId, TrackKind, VerifiedManifest};

/// Where a chunk stands in a title.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The track.
    pub track: TrackId,
    /// The segment's index in the track.
    pub segment: u32,
    /// The chunk's index in the segment.
    pub index: u32,
    /// Offset of the chunk in the sealed segment, bytes.
    pub offset: u64,
    /// Length of the chunk, bytes.
    pub len: u32,
}

/// An index of a verified manifest by chunk. Costs 64 bytes a chunk.
#[derive(Clone, Debug)]
pub struct Geometry {
    places: Vec<(ChunkId, Place)>,
}

impl Geometry {
    /// The index of a manifest.
    #[must_use]
    pub fn new(manifest: &VerifiedManifest) -> Self {
        let mut places = Vec::new();
        for track in &manifest.manifest().tracks {
            for (segment, content) in (0u32..).zip(&track.segments) {
                let mut offset = 0;
                for (index, chunk) in (0u32..).zip(&content.chunks) {
                    let ChunkRef { id, len } = *chunk;
                    places.push((
                        id,
                        Place {
                            track: track.id,
                            segment,
                            index,
                            offset,
                            len,
                        },
                    ));
                    offset += u64::from(len);
                }
            }
        }
        // Stable: of a chunk that stands at several places, the first one is named.
        places.sort_by_key(|(id, _)| *id);
        places.dedup_by_key(|(id, _)| *id);
        Self { places }
    }

    /// Where a chunk stands first, if it belongs to the title.
    #[must_use]
    pub fn chunk(&self, id: ChunkId) -> Option<Place> {
        let at = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.places.get(at).map(|(_, place)| *place)
    }

    /// How many different chunks the title has.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.places.len()
    }

    /// Length of the different chunks together, bytes.
    #[must_use]
    pub fn distinct_bytes(&self) -> u64 {
        self.places
            .iter()
            .map(|(_, place)| u64::from(place.len))
            .sum()
    }
}

impl Track {
    /// The index of the segment that is playing at `time_ms`, milliseconds from the start; none
    /// after the end, and none in a file.
    #[must_use]
    pub fn segment_at(&self, time_ms: u64) -> Option<u32> {
        if matches!(self.kind, TrackKind::File { .. }) || self.timescale == 0 {
            return None;
        }
        let wanted = u128::from(time_ms) * u128::from(self.timescale) / 1000;
        let mut end = 0u128;
        for (index, segment) in self.media() {
            end += u128::from(segment.duration);
            if wanted < end {
                return Some(index);
            }
        }
        None
    }
}

/// Cuts a manifest or another object that is not sealed into chunk-sized ranges. An empty object
/// has none.
pub fn cut_object(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let whole = bytes.len();
    let step = MAX_CHUNK_LEN as usize;
    (0..whole)
        .step_by(step)
        .map(move |start| start..whole.min(start + step))
}

/// The chunks of an object, with their ids, in order.
#[must_use]
pub fn chunks_of_object(bytes: &[u8]) -> Vec<ChunkRef> {
    bytes
        .chunks(MAX_CHUNK_LEN as usize)
        .map(|cut| ChunkRef {
            id: ChunkId::of(cut),
            len: cut.len() as u32,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::sample;

    #[test]
    fn objects_are_cut_at_every_boundary() {
        let max = MAX_CHUNK_LEN as usize;
        for (len, cuts) in [(0, 0), (1, 1), (max, 1), (max + 1, 2), (3 * max, 3)] {
            let bytes = vec![7; len];
            let ranges: Vec<_> = cut_object(&bytes).collect();
            assert_eq!(ranges.len(), cuts, "{len} bytes");
            assert_eq!(
                ranges.iter().map(ExactSizeIterator::len).sum::<usize>(),
                len
            );
            assert!(ranges.iter().all(|r| (1..=max).contains(&r.len())));
            let refs = chunks_of_object(&bytes);
            assert!(
                ranges
                    .iter()
                    .zip(&refs)
                    .all(|(r, c)| c.len as usize == r.len())
            );
            assert_eq!(refs.len(), cuts);
        }
    }

    #[test]
    fn every_chunk_is_found_where_it_stands() {
        let verified = sample::verified(&sample::video());
        let geometry = Geometry::new(&verified);
        let mut sum = 0;
        for (track, segment, chunk) in verified.chunks() {
            let place = geometry.chunk(chunk.id).expect("it is in the title");
            assert_eq!(
                (place.track, place.segment, place.len),
                (track, segment, chunk.len)
            );
            sum += u64::from(chunk.len);
        }
        assert_eq!(geometry.distinct_bytes(), sum);
        assert_eq!(verified.content_bytes(), sum);
        assert_eq!(geometry.chunk(ChunkId([0; 32])), None);
    }

    #[test]
    fn a_time_lies_in_the_segment_that_plays_then() {
        let manifest = sample::video();
        let track = &manifest.tracks[0];
        // Segments of 4 s, 4 s and 2 s after the header.
        for (ms, segment) in [
            (0, Some(1)),
            (3999, Some(1)),
            (4000, Some(2)),
            (9999, Some(3)),
            (10_000, None),
        ] {
            assert_eq!(track.segment_at(ms), segment, "{ms} ms");
        }
        assert_eq!(sample::file().tracks[0].segment_at(0), None);
        assert_eq!(track.segment_at(u64::MAX), None);
    }
}
