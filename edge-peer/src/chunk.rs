//! Chunks whose bytes were hashed: the only form in which a chunk is stored, relayed or opened.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use sha2::{Digest, Sha256};
use swarm::content::{ChunkId, MAX_CHUNK_LEN};

/// A chunk whose bytes hash to its id. Only [`VerifiedChunk::check`] and [`Receiving::finish`]
/// make one, and [`VerifiedChunk::again`] of bytes that were one before.
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

/// The checksum of bytes that hashed to their id, taken when they did.
///
/// It finds rot on every read at a twentieth of the hash's cost: every burst of up to 64 bits, and
/// all but one in 2^64 of everything else. It is no proof against somebody who writes into the
/// cache folder on purpose; whoever gets the chunk hashes it again, and so does the scrub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal(u64);

impl Seal {
    /// A seal that was kept.
    #[must_use]
    pub fn known(seal: u64) -> Self {
        Self(seal)
    }

    /// The seal as a number, to be kept.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// Sums up bytes as they are read.
pub struct Sealing(crc_fast::Digest);

impl Sealing {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme))
    }

    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Whether all the bytes are those that were sealed.
    #[must_use]
    pub fn fits(&self, seal: Seal) -> bool {
        self.0.finalize() == seal.0
    }
}

impl Default for Sealing {
    fn default() -> Self {
        Self::new()
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

    /// Compares bytes read again with the seal they got when they were hashed.
    ///
    /// # Errors
    /// [`ChunkError::Hash`] when they are other bytes.
    pub fn again(id: ChunkId, bytes: Bytes, seal: Seal) -> Result<Self, ChunkError> {
        if crc_fast::checksum(CrcAlgorithm::Crc64Nvme, &bytes) == seal.0 {
            Ok(Self { id, bytes })
        } else {
            let got = ChunkId::of(&bytes);
            Err(ChunkError::Hash { got })
        }
    }

    /// The checksum by which the bytes are known again.
    #[must_use]
    pub fn seal(&self) -> Seal {
        Seal(crc_fast::checksum(CrcAlgorithm::Crc64Nvme, &self.bytes))
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

/// Memory for a chunk, used again when nobody needs the chunk any more: fresh memory costs a fault
/// for each of its pages, and what is given back to the system and taken again makes the program
/// look larger than it is.
#[derive(Debug, Default)]
pub struct Memory(pub Vec<u8>);

/// Memory for whole chunks that nobody uses, at most [`MAX_IDLE`].
static IDLE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
const MAX_IDLE: usize = 16;
/// Shorter chunks have memory of their own length.
const LEAST_KEPT: usize = MAX_CHUNK_LEN as usize / 2;

impl Memory {
    /// Empty memory for this many bytes.
    #[must_use]
    pub fn of(len: usize) -> Self {
        if len < LEAST_KEPT {
            return Self(Vec::with_capacity(len));
        }
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self(idle.unwrap_or_else(|| Vec::with_capacity(MAX_CHUNK_LEN as usize)))
    }

    /// What is in it; the memory comes back when the last one who has it is done.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut memory = std::mem::take(&mut self.0);
        if memory.capacity() == MAX_CHUNK_LEN as usize {
            memory.clear();
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < MAX_IDLE {
                idle.push(memory);
            }
        }
    }
}

/// A chunk on its way in: hashed while it comes, never longer than it may be.
pub struct Receiving {
    id: ChunkId,
    exact: Option<u32>,
    hasher: Sha256,
    buffer: Memory,
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
            buffer: Memory::of(capacity),
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`ChunkError::TooLong`] when it is more than the chunk can have; nothing of it is kept.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), ChunkError> {
        let most = self.exact.unwrap_or(MAX_CHUNK_LEN).min(MAX_CHUNK_LEN);
        if self.buffer.0.len() + piece.len() > most as usize {
            return Err(ChunkError::TooLong { expected: most });
        }
        self.hasher.update(piece);
        self.buffer.0.extend_from_slice(piece);
        Ok(())
    }

    /// All pieces came: is it the chunk?
    ///
    /// # Errors
    /// [`ChunkError::TooShort`] or [`ChunkError::Hash`].
    pub fn finish(self) -> Result<VerifiedChunk, ChunkError> {
        let got_len = u32::try_from(self.buffer.0.len()).unwrap_or(u32::MAX);
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
            bytes: self.buffer.into_bytes(),
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
    fn a_seal_knows_its_bytes_again_and_no_others() {
        let mut bytes: Vec<u8> = (0..10_000u32).map(|n| (n * 7 % 251) as u8).collect();
        let chunk = VerifiedChunk::check(ChunkId::of(&bytes), bytes.clone().into()).unwrap();
        let seal = Seal::known(chunk.seal().get());
        let again = |bytes: &[u8]| {
            VerifiedChunk::again(chunk.id(), Bytes::copy_from_slice(bytes), seal).is_ok()
        };
        let in_pieces = |bytes: &[u8]| {
            let mut sum = Sealing::new();
            bytes.chunks(777).for_each(|piece| sum.update(piece));
            sum.fits(seal)
        };
        assert!(again(&bytes) && in_pieces(&bytes));
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!again(&bytes) && !in_pieces(&bytes), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(!again(&bytes[1..]) && !again(&[]));
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
