//! A title's chunks on one answer of the agent, in the order in which they come there.

use bytes::{Buf, Bytes, BytesMut};
use reqwest::Response;
use swarm::{
    content::{ChunkId, MAX_CHUNK_LEN},
    wire::http::CHUNK_ROW_HEAD,
};

use super::endpoint::{ChunkSource, FetchError, reason};

/// See the module.
pub struct Row {
    response: Response,
    /// Came, and not yet taken apart.
    piece: Bytes,
}

/// One chunk, not verified.
pub struct Came {
    /// What it is said to be.
    pub id: ChunkId,
    /// Its bytes.
    pub bytes: Bytes,
    /// Where the agent got it.
    pub from: ChunkSource,
}

impl Row {
    pub(super) fn new(response: Response) -> Self {
        Self {
            response,
            piece: Bytes::new(),
        }
    }

    /// The next chunk; none when the agent sent them all.
    ///
    /// # Errors
    /// [`FetchError`] when the answer breaks off or is not a row of chunks.
    pub async fn next(&mut self) -> Result<Option<Came>, FetchError> {
        loop {
            if !self.more().await? {
                return Ok(None);
            }
            let head = self.take(CHUNK_ROW_HEAD).await?;
            let (id, rest) = head.split_first_chunk::<32>().ok_or_else(broken)?;
            let (len, from) = rest.split_first_chunk::<4>().ok_or_else(broken)?;
            let len = u32::from_be_bytes(*len);
            if len == 0 {
                // Nothing came for a moment.
                continue;
            }
            if len > MAX_CHUNK_LEN {
                return Err(FetchError::Unexpected(format!("a chunk of {len} bytes")));
            }
            return Ok(Some(Came {
                id: ChunkId(*id),
                bytes: self.take(len as usize).await?,
                from: match from {
                    [0] => ChunkSource::Cache,
                    [1] => ChunkSource::Peer,
                    _ => ChunkSource::Origin,
                },
            }));
        }
    }

    /// Whether there is a byte left; waits for it.
    async fn more(&mut self) -> Result<bool, FetchError> {
        while self.piece.is_empty() {
            let piece = self.response.chunk().await;
            match piece.map_err(|error| FetchError::Unreachable(reason(&error)))? {
                Some(piece) => self.piece = piece,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn take(&mut self, len: usize) -> Result<Bytes, FetchError> {
        let mut taken = BytesMut::with_capacity(len);
        while taken.len() < len {
            if !self.more().await? {
                return Err(broken());
            }
            let part = self.piece.len().min(len - taken.len());
            taken.extend_from_slice(&self.piece[..part]);
            self.piece.advance(part);
        }
        Ok(taken.freeze())
    }
}

fn broken() -> FetchError {
    FetchError::Unreachable("the answer broke off".into())
}
