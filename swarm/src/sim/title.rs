//! The title everybody wants: its chunks and their ids. There are no bytes.

use std::collections::BTreeMap;

use super::scenario::TitleSpec;
use crate::content::{ChunkId, MAX_CHUNK_LEN};

/// See the module.
#[derive(Debug)]
pub(super) struct Title {
    chunks: Vec<(ChunkId, u32)>,
    numbers: BTreeMap<ChunkId, u32>,
    /// The first chunk of each segment, and one more.
    starts: Vec<u32>,
}

impl Title {
    pub(super) fn cut(spec: &TitleSpec) -> Self {
        let mut title = Self {
            chunks: Vec::new(),
            numbers: BTreeMap::new(),
            starts: Vec::new(),
        };
        match *spec {
            TitleSpec::Video {
                segments,
                segment_len,
                ..
            } => (0..segments).for_each(|_| title.add_segment(segment_len)),
            TitleSpec::File { size, .. } => {
                let mut left = size;
                while left > 0 {
                    let len = left.min(MAX_CHUNK_LEN.into());
                    title.add_segment(len);
                    left -= len;
                }
            }
        }
        title.starts.push(title.chunks.len() as u32);
        title
    }

    fn add_segment(&mut self, bytes: u64) {
        self.starts.push(self.chunks.len() as u32);
        let mut left = bytes;
        while left > 0 {
            let len = left.min(MAX_CHUNK_LEN.into()) as u32;
            left -= u64::from(len);
            let number = self.chunks.len() as u32;
            let id = ChunkId::of(&number.to_be_bytes());
            self.chunks.push((id, len));
            self.numbers.insert(id, number);
        }
    }

    /// A chunk's id and length.
    pub(super) fn chunk(&self, number: u32) -> (ChunkId, u32) {
        self.chunks[number as usize]
    }

    /// How many chunks there are.
    pub(super) fn chunks(&self) -> u32 {
        self.chunks.len() as u32
    }

    pub(super) fn len_of(&self, number: u32) -> u64 {
        self.chunks[number as usize].1.into()
    }

    pub(super) fn number(&self, id: ChunkId) -> Option<u32> {
        self.numbers.get(&id).copied()
    }

    /// The chunks of a segment; none behind the last.
    pub(super) fn segment(&self, number: u32) -> std::ops::Range<u32> {
        let at = |n: u32| self.starts.get(n as usize).copied();
        match (at(number), at(number + 1)) {
            (Some(from), Some(to)) => from..to,
            _ => 0..0,
        }
    }
}
