//! Where each chunk of a file title belongs in the clear file.

use std::collections::HashMap;

use drm::{
    floe::{HEADER_LEN, SEGMENT_OVERHEAD},
    segment::PARAMS,
};
use swarm::content::{ChunkId, ChunkRef, Track};

use crate::error::PlayError;

/// One chunk's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The segment, counted from 0.
    pub segment: usize,
    /// The chunk within its segment, counted from 0. The first one begins with the header.
    pub index: usize,
    /// Whether it is the segment's last.
    pub last: bool,
    /// Where its clear bytes begin in the file.
    pub offset: u64,
    /// How many there are.
    pub len: usize,
}

/// All places, and the chunks in reading order.
#[derive(Debug)]
pub struct Plan {
    /// The chunks in reading order.
    pub chunks: Vec<ChunkRef>,
    /// How many chunks each segment has.
    pub counts: Vec<usize>,
    /// Where each belongs.
    pub spots: HashMap<ChunkId, Spot>,
    /// The file's length, bytes.
    pub len: u64,
}

impl Plan {
    /// The plan of a file's track.
    ///
    /// # Errors
    /// [`PlayError::CorruptSegment`] when chunks and lengths do not belong together, so that no part
    /// of the file can overwrite another.
    pub fn new(track: &Track) -> Result<Self, PlayError> {
        let mut plan = Self {
            chunks: Vec::new(),
            counts: Vec::new(),
            spots: HashMap::new(),
            len: 0,
        };
        for (index, segment) in track.segments.iter().enumerate() {
            let fits = plan.add(index, segment.plain_len, &segment.chunks);
            fits.ok_or(PlayError::CorruptSegment {
                track: track.id,
                segment: index,
            })?;
        }
        Ok(plan)
    }

    fn add(&mut self, segment: usize, plain_len: u64, chunks: &[ChunkRef]) -> Option<()> {
        let mut left = plain_len;
        for (index, chunk) in chunks.iter().enumerate() {
            let last = index + 1 == chunks.len();
            let len = match last {
                true => usize::try_from(left).ok()?,
                false => PARAMS.plain_segment_len(),
            };
            let header = if index == 0 { HEADER_LEN } else { 0 };
            let sealed = len.checked_add(SEGMENT_OVERHEAD)?.checked_add(header)?;
            if sealed != chunk.len as usize {
                return None;
            }
            let offset = self.len;
            self.len = offset.checked_add(len as u64)?;
            left = left.checked_sub(len as u64)?;
            let spot = Spot {
                segment,
                index,
                last,
                offset,
                len,
            };
            if self.spots.insert(chunk.id, spot).is_some() {
                return None;
            }
            self.chunks.push(*chunk);
        }
        self.counts.push(chunks.len());
        (left == 0 && !chunks.is_empty()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swarm::content::{Segment, TrackId, TrackKind};

    fn chunk(number: u8, plain: usize, first: bool) -> ChunkRef {
        let header = if first { HEADER_LEN } else { 0 };
        ChunkRef {
            id: ChunkId([number; 32]),
            len: (plain + SEGMENT_OVERHEAD + header) as u32,
        }
    }

    fn track(segments: Vec<(u64, Vec<ChunkRef>)>) -> Track {
        let segments = segments.into_iter().map(|(plain_len, chunks)| Segment {
            duration: 0,
            samples: 0,
            plain_len,
            chunks,
        });
        Track {
            id: TrackId(1),
            kind: TrackKind::File {
                media_type: "x/y".into(),
            },
            codecs: String::new(),
            bandwidth: 0,
            average_bandwidth: 0,
            timescale: 0,
            segments: segments.collect(),
        }
    }

    #[test]
    fn the_places_fill_the_file_without_gaps() {
        let full = PARAMS.plain_segment_len();
        let first = vec![chunk(1, full, true), chunk(2, 10, false)];
        let plan = track(vec![
            (full as u64 + 10, first),
            (3, vec![chunk(3, 3, true)]),
        ]);
        let plan = Plan::new(&plan).expect("it fits");
        assert_eq!(plan.len, full as u64 + 13);
        let mut at = 0;
        for chunk in &plan.chunks {
            let spot = plan.spots[&chunk.id];
            assert_eq!(spot.offset, at);
            at += spot.len as u64;
        }
        assert_eq!(at, plan.len);
        assert!(plan.spots[&ChunkId([2; 32])].last && !plan.spots[&ChunkId([1; 32])].last);
    }

    #[test]
    fn lengths_that_contradict_each_other_are_refused() {
        let full = PARAMS.plain_segment_len();
        for segments in [
            vec![(11, vec![chunk(1, 10, true)])],
            vec![(10, vec![chunk(1, 10, false)])],
            vec![(20, vec![chunk(1, 10, true), chunk(2, 10, false)])],
            vec![(full as u64, vec![chunk(1, full, true), chunk(1, 0, false)])],
            vec![(0, vec![])],
            vec![(3, vec![chunk(1, 3, true)]), (3, vec![chunk(1, 3, true)])],
        ] {
            assert!(Plan::new(&track(segments)).is_err());
        }
    }
}
