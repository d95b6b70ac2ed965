//! Frames on the pipe: a length (u32, big endian), then that many bytes of CBOR.

use std::io::{self, Read, Write};

use crate::Message;

/// The longest frame either end accepts, bytes of CBOR. A 4 s segment at 100 Mbit/s fits.
pub const MAX_FRAME: usize = 64 << 20;

/// Bytes of the length in front of a frame.
const PREFIX: usize = 4;

/// How much is read from the pipe before the buffer may grow again, bytes. A length alone
/// therefore makes nobody allocate.
const READ_STEP: u64 = 1 << 20;

/// Why a frame cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The pipe broke.
    #[error("the pipe between dms and dms-transcoder broke: {0}")]
    Io(#[from] io::Error),
    /// A frame longer than [`MAX_FRAME`].
    #[error("a frame of {0} bytes is longer than {MAX_FRAME}")]
    TooLong(u64),
    /// The pipe ended inside a frame.
    #[error("the pipe ended inside a frame")]
    Truncated,
    /// The frame's bytes are not one message.
    #[error("a frame is not a message: {0}")]
    Malformed(minicbor::decode::Error),
    /// Bytes follow the message in its frame.
    #[error("{0} bytes follow the message in its frame")]
    Trailing(usize),
    /// An earlier frame was refused; where the next one starts is unknown.
    #[error("an earlier frame was refused")]
    Poisoned,
}

/// Writes one message as one frame. The writer is not flushed.
///
/// # Errors
/// [`FrameError::TooLong`] before anything is written, or [`FrameError::Io`].
pub fn write_message(to: &mut impl Write, message: &Message) -> Result<(), FrameError> {
    let length = minicbor::len(message);
    let prefix = u32::try_from(length).ok().filter(|_| length <= MAX_FRAME);
    let prefix = prefix.ok_or(FrameError::TooLong(length as u64))?;
    let mut frame = Vec::with_capacity(PREFIX + length);
    frame.extend_from_slice(&prefix.to_be_bytes());
    minicbor::encode(message, &mut frame).map_err(|e| io::Error::other(e.to_string()))?;
    to.write_all(&frame)?;
    Ok(())
}

/// Reads one message; `None` where the pipe ends between two frames.
///
/// # Errors
/// Everything in [`FrameError`] but `Poisoned`. After an error the reader is of no more use.
pub fn read_message(from: &mut impl Read) -> Result<Option<Message>, FrameError> {
    let mut prefix = Vec::with_capacity(PREFIX);
    from.by_ref().take(PREFIX as u64).read_to_end(&mut prefix)?;
    if prefix.is_empty() {
        return Ok(None);
    }
    let prefix: [u8; PREFIX] = prefix.try_into().map_err(|_| FrameError::Truncated)?;
    let length = checked_length(prefix)?;
    let mut body = Vec::new();
    while body.len() < length {
        let step = READ_STEP.min((length - body.len()) as u64);
        if from.by_ref().take(step).read_to_end(&mut body)? == 0 {
            return Err(FrameError::Truncated);
        }
    }
    decode(&body).map(Some)
}

fn checked_length(prefix: [u8; PREFIX]) -> Result<usize, FrameError> {
    let length = u32::from_be_bytes(prefix);
    usize::try_from(length)
        .ok()
        .filter(|&length| length <= MAX_FRAME)
        .ok_or(FrameError::TooLong(u64::from(length)))
}

fn decode(body: &[u8]) -> Result<Message, FrameError> {
    let mut decoder = minicbor::Decoder::new(body);
    let message = decoder.decode().map_err(FrameError::Malformed)?;
    match body.len() - decoder.position() {
        0 => Ok(message),
        rest => Err(FrameError::Trailing(rest)),
    }
}

/// Finds frames in bytes that arrive in pieces of any size; for a reader that must not block.
///
/// It holds at most one frame that is not complete, and what was pushed last.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    buffer: Vec<u8>,
    /// Where in `buffer` the next frame starts.
    start: usize,
    poisoned: bool,
}

impl FrameDecoder {
    /// A decoder at the start of a pipe.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the bytes that came next and yields the messages that are now complete. Messages
    /// that are not taken from the iterator come out of the next `push`.
    pub fn push(&mut self, bytes: &[u8]) -> Messages<'_> {
        self.buffer.drain(..self.start);
        self.start = 0;
        if !self.poisoned {
            self.buffer.extend_from_slice(bytes);
        }
        Messages { decoder: self }
    }

    /// To be called where the pipe ends.
    ///
    /// # Errors
    /// [`FrameError::Truncated`] when a frame is not complete, [`FrameError::Poisoned`] after a
    /// refused frame.
    pub fn finish(&self) -> Result<(), FrameError> {
        if self.poisoned {
            return Err(FrameError::Poisoned);
        }
        if self.start == self.buffer.len() {
            Ok(())
        } else {
            Err(FrameError::Truncated)
        }
    }

    fn next_message(&mut self) -> Result<Option<Message>, FrameError> {
        let pending = self.buffer.get(self.start..).unwrap_or_default();
        let Some((prefix, rest)) = pending.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = checked_length(*prefix)?;
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let message = decode(body)?;
        self.start += PREFIX + length;
        Ok(Some(message))
    }

    fn poison(&mut self) {
        self.poisoned = true;
        self.buffer = Vec::new();
        self.start = 0;
    }
}

/// The complete messages of a [`FrameDecoder`]. It ends after the first error.
#[derive(Debug)]
pub struct Messages<'a> {
    decoder: &'a mut FrameDecoder,
}

impl Iterator for Messages<'_> {
    type Item = Result<Message, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.decoder.poisoned {
            return None;
        }
        let next = self.decoder.next_message();
        if next.is_err() {
            self.decoder.poison();
        }
        next.transpose()
    }
}

#[cfg(test)]
mod tests;
