//! Chunks whose bytes were hashed: the only form in which a chunk is stored, relayed or opened.

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use swarm::content::{ChunkId, MAX_CHUNK_LEN};

/// A chunk whose bytes hash to its id. Only [`VerifiedChunk::check`] and [`Receiving::finish`]
/// make one.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedChunk {
    id: ChunkId,
    bytes: Bytes,
}

impl std::fmt::Debug for VerifiedChunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifiedChunk({:?}, {} B)", self.id, self.bytes.len())
    }
}

/// Why bytes are not the chunk they were said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// They hash to something else: the sender's fault, or rot.
    #[error("the bytes hash to {got:?}")]
    Hash {
        /// What they hash to.
        got: ChunkId,
    },
    /// More bytes came than the chunk has.
    #[error("more bytes came than the chunk's {expected}")]
    TooLong {
        /// The chunk's length, or the longest allowed, bytes.
        expected: u32,
    },
    /// Fewer bytes came than the chunk has: the connection broke, or the sender lies.
    #[error("{got} bytes came instead of {expected}")]
    TooShort {
        /// The chunk's length, bytes.
        expected: u32,
        /// What came, bytes.
        got: u32,
    },
}

impl VerifiedChunk {
    /// Hashes `bytes` and compares with `id`.
    ///
    /// # Errors
    /// [`ChunkError::Hash`] when they are other bytes.
    pub fn check(id: ChunkId, bytes: Bytes) -> Result<Self, ChunkError> {
        let got = ChunkId::of(&bytes);
        if got == id {
            Ok(Self { id, bytes })
        } else {
            Err(ChunkError::Hash { got })
        }
    }

    /// The chunk's id.
    #[must_use]
    pub fn id(&self) -> ChunkId {
        self.id
    }

    /// The ciphertext.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Length, bytes.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    /// Whether the chunk has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// A chunk on its way in: hashed while it comes, never longer than it may be.
pub struct Receiving {
    id: ChunkId,
    exact: Option<u32>,
    hasher: Sha256,
    buffer: BytesMut,
}

impl Receiving {
    /// Waits for the chunk `id` of `len` bytes; without `len` any length up to the longest chunk.
    #[must_use]
    pub fn new(id: ChunkId, len: Option<u32>) -> Self {
        let capacity = len.unwrap_or(0).min(MAX_CHUNK_LEN) as usize;
        Self {
            id,
            exact: len,
            hasher: Sha256::new(),
            buffer: BytesMut::with_capacity(capacity),
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`ChunkError::TooLong`] when it is more than the chunk can have; nothing of it is kept.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), ChunkError> {
        let most = self.exact.unwrap_or(MAX_CHUNK_LEN).min(MAX_CHUNK_LEN);
        if self.buffer.len() + piece.len() > most as usize {
            return Err(ChunkError::TooLong { expected: most });
        }
        self.hasher.update(piece);
        self.buffer.extend_from_slice(piece);
        Ok(())
    }

    /// All pieces came: is it the chunk?
    ///
    /// # Errors
    /// [`ChunkError::TooShort`] or [`ChunkError::Hash`].
    pub fn finish(self) -> Result<VerifiedChunk, ChunkError> {
        let got_len = u32::try_from(self.buffer.len()).unwrap_or(u32::MAX);
        if let Some(expected) = self.exact
            && got_len != expected
        {
            return Err(ChunkError::TooShort {
                expected,
                got: got_len,
            });
        }
        let got = ChunkId(self.hasher.finalize().into());
        if got != self.id {
            return Err(ChunkError::Hash { got });
        }
        Ok(VerifiedChunk {
            id: self.id,
            bytes: self.buffer.freeze(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_bytes_of_the_right_length_make_a_chunk() {
        let id = ChunkId::of(b"hello");
        let mut right = Receiving::new(id, Some(5));
        right.push(b"he").unwrap();
        right.push(b"llo").unwrap();
        assert_eq!(right.finish().unwrap().bytes().as_ref(), b"hello");

        let mut long = Receiving::new(id, Some(5));
        assert_eq!(
            long.push(b"hello!"),
            Err(ChunkError::TooLong { expected: 5 })
        );
        let mut short = Receiving::new(id, Some(5));
        short.push(b"hell").unwrap();
        assert!(matches!(
            short.finish(),
            Err(ChunkError::TooShort { got: 4, .. })
        ));
        let mut wrong = Receiving::new(id, Some(5));
        wrong.push(b"hellO").unwrap();
        let got = ChunkId::of(b"hellO");
        assert_eq!(wrong.finish(), Err(ChunkError::Hash { got }));
        assert!(VerifiedChunk::check(id, Bytes::from_static(b"hellO")).is_err());
    }

    #[test]
    fn a_chunk_of_unknown_length_is_still_bounded() {
        let mut endless = Receiving::new(ChunkId::of(b""), None);
        endless.push(&vec![0; MAX_CHUNK_LEN as usize]).unwrap();
        assert!(matches!(
            endless.push(b"1"),
            Err(ChunkError::TooLong { .. })
        ));
    }
}
