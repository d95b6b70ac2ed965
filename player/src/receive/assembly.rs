//! The clear file while it comes together: chunks in any order, each opened and written at its place.
//!
//! A segment's header is in its first chunk. One that comes before it is parked, sealed, at its own
//! place in the file; only the few bytes that do not fit there stay in memory. The file has another name
//! until it is complete, and is locked: what carries the final name is whole.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use drm::floe::{HEADER_LEN, Opener};
use swarm::content::{ChunkId, TrackId};
use zeroize::Zeroizing;

use super::plan::{Plan, Spot};
use crate::{engine::session::Session, error::PlayError};

/// What is added to the name of a file that is not complete.
const SUFFIX: &str = ".dms-part";

/// See the module. Dropped before [`Assembly::finish`], it removes what it wrote.
pub struct Assembly {
    session: Arc<Session>,
    track: TrackId,
    plan: Arc<Plan>,
    segments: HashMap<usize, Open>,
    left: usize,
    /// What was opened last: its memory is used again.
    clear: Zeroizing<Vec<u8>>,
    file: File,
    part: PathBuf,
    target: PathBuf,
    finished: bool,
}

/// A segment that is not complete.
#[derive(Default)]
struct Open {
    opener: Option<Opener>,
    parked: Vec<Parked>,
    taken: usize,
}

/// A sealed chunk in the file, but for its end.
struct Parked {
    spot: Spot,
    tail: Vec<u8>,
}

impl Assembly {
    /// An empty file beside `target`.
    ///
    /// # Errors
    /// [`PlayError::Output`] when it cannot be made, or when somebody else is at it.
    pub fn begin(
        session: Arc<Session>,
        track: TrackId,
        plan: Arc<Plan>,
        target: &Path,
    ) -> Result<Self, PlayError> {
        let mut name = target.file_name().map(OsString::from).unwrap_or_default();
        name.push(SUFFIX);
        let part = target.with_file_name(name);
        let failed = |error: io::Error| output(&part, &error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&part)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let error = io::Error::other("another dms-player is saving there");
                return Err(output(&part, &error));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // What a killed run left is dropped: the agent still has the sealed chunks.
        file.set_len(0).map_err(failed)?;
        Ok(Self {
            session,
            track,
            left: plan.chunks.len(),
            plan,
            segments: HashMap::new(),
            clear: Zeroizing::default(),
            file,
            part,
            target: target.to_owned(),
            finished: false,
        })
    }

    /// Takes one chunk, once. `hashed` says that its bytes are known to be those of its id; otherwise
    /// opening them shows it, and false means that they are not: then the chunk is still wanted.
    ///
    /// # Errors
    /// [`PlayError::CorruptSegment`] when the right bytes do not open, [`PlayError::Output`] when the
    /// file cannot be written, and what the licence says.
    pub fn take(&mut self, id: ChunkId, bytes: &Bytes, hashed: bool) -> Result<bool, PlayError> {
        let Some(spot) = self.plan.spots.get(&id).copied() else {
            return Ok(true);
        };
        let is_wrong = || !hashed && ChunkId::of(bytes) != id;
        let mut open = self.segments.remove(&spot.segment).unwrap_or_default();
        // What cannot be opened now is not told by its seal whether it is right.
        let opens_now = spot.index == 0 || open.opener.is_some();
        let took = match !opens_now && is_wrong() {
            true => Err(self.corrupt(spot)),
            false => self.take_into(&mut open, spot, bytes),
        };
        if let Err(error) = took {
            self.segments.insert(spot.segment, open);
            return if is_wrong() { Ok(false) } else { Err(error) };
        }
        open.taken += 1;
        self.left = self.left.saturating_sub(1);
        if self.plan.counts.get(spot.segment) != Some(&open.taken) {
            self.segments.insert(spot.segment, open);
        }
        Ok(true)
    }

    fn take_into(&mut self, open: &mut Open, spot: Spot, bytes: &[u8]) -> Result<(), PlayError> {
        if spot.index == 0 {
            let (header, sealed) = bytes
                .split_at_checked(HEADER_LEN)
                .ok_or_else(|| self.corrupt(spot))?;
            let license = self.session.license();
            let opener = license.opener(self.track, spot.segment, header)?;
            self.write(&opener, spot, sealed)?;
            for parked in std::mem::take(&mut open.parked) {
                let sealed = self.unpark(&parked)?;
                self.write(&opener, parked.spot, &sealed)?;
            }
            open.opener = Some(opener);
        } else if let Some(opener) = &open.opener {
            self.write(opener, spot, bytes)?;
        } else {
            open.parked.push(self.park(spot, bytes)?);
        }
        Ok(())
    }

    /// The file gets its name, if every chunk was taken; false otherwise. It is the kernel's to bring the
    /// bytes to the disk, as with any download.
    ///
    /// # Errors
    /// [`PlayError::Output`] when it cannot be renamed.
    pub fn finish(mut self) -> Result<bool, PlayError> {
        if self.left > 0 {
            return Ok(false);
        }
        let renamed = std::fs::rename(&self.part, &self.target);
        renamed.map_err(|error| output(&self.target, &error))?;
        self.finished = true;
        Ok(true)
    }

    fn write(&mut self, opener: &Opener, spot: Spot, sealed: &[u8]) -> Result<(), PlayError> {
        let mut clear = std::mem::take(&mut self.clear);
        let opened = opener.open_segment_into(spot.index as u64, spot.last, sealed, &mut clear);
        let written = match opened {
            Ok(()) if clear.len() == spot.len => self.put(spot, &clear),
            _ => Err(self.corrupt(spot)),
        };
        self.clear = clear;
        written
    }

    fn park(&mut self, spot: Spot, sealed: &[u8]) -> Result<Parked, PlayError> {
        let (here, tail) = sealed
            .split_at_checked(spot.len)
            .ok_or_else(|| self.corrupt(spot))?;
        self.put(spot, here)?;
        Ok(Parked {
            spot,
            tail: tail.to_vec(),
        })
    }

    fn unpark(&mut self, parked: &Parked) -> Result<Vec<u8>, PlayError> {
        let mut sealed = vec![0; parked.spot.len];
        let read = self
            .file
            .seek(SeekFrom::Start(parked.spot.offset))
            .and_then(|_| self.file.read_exact(&mut sealed));
        read.map_err(|error| output(&self.part, &error))?;
        sealed.extend_from_slice(&parked.tail);
        Ok(sealed)
    }

    fn put(&mut self, spot: Spot, bytes: &[u8]) -> Result<(), PlayError> {
        let written = self
            .file
            .seek(SeekFrom::Start(spot.offset))
            .and_then(|_| self.file.write_all(bytes));
        written.map_err(|error| output(&self.part, &error))
    }

    fn corrupt(&self, spot: Spot) -> PlayError {
        PlayError::CorruptSegment {
            track: self.track,
            segment: spot.segment,
        }
    }
}

impl Drop for Assembly {
    fn drop(&mut self) {
        if !self.finished {
            // The lock is held until the file is closed, a moment later.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

fn output(path: &Path, error: &io::Error) -> PlayError {
    PlayError::Output {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}
