//! Chunk files: one file a chunk, in 256 folders named by the id's first byte and made when needed.
//!
//! A file under its final name was written whole before it got that name; a crash of the program
//! leaves none that is not. It was not synced: a cache owes nobody durability, waiting for the disk
//! for each chunk would bound the office's speed by it, and what a power cut leaves torn is found
//! when it is read, dropped and fetched again. Temporary files lie in a folder of their own and are
//! removed at start.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use swarm::content::{ChunkId, MAX_CHUNK_LEN};

use crate::{
    chunk::{Memory, Seal, VerifiedChunk},
    platform,
};

const CHUNKS: &str = "chunks";
const TEMPORARY: &str = "tmp";

/// The files of one cache.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    next: AtomicU64,
}

/// Why a held chunk cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("the file is gone")]
    Gone,
    /// The bytes are not the chunk's any more.
    #[error("the bytes rotted")]
    Rotten,
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Files {
    /// Opens the folder, makes what is missing and removes leftovers of interrupted writes.
    ///
    /// # Errors
    /// What the system said.
    pub fn open(root: &Path) -> io::Result<Self> {
        let temporary = root.join(TEMPORARY);
        fs::create_dir_all(&temporary)?;
        for leftover in fs::read_dir(&temporary)? {
            fs::remove_file(leftover?.path())?;
        }
        fs::create_dir_all(root.join(CHUNKS))?;
        Ok(Self {
            root: root.to_owned(),
            next: AtomicU64::new(0),
        })
    }

    /// Every chunk file with its length. Files with other names, and of impossible length, are
    /// removed.
    ///
    /// # Errors
    /// What the system said.
    pub fn scan(&self) -> io::Result<Vec<(ChunkId, u32)>> {
        let mut found = Vec::new();
        for folder in fs::read_dir(self.root.join(CHUNKS))? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                let id = file.file_name().to_str().and_then(|n| n.parse().ok());
                let len = file
                    .metadata()
                    .map(|m| if m.is_file() { m.len() } else { 0 });
                match (id, len.map(u32::try_from)) {
                    (Some(id), Ok(Ok(len))) if (1..=MAX_CHUNK_LEN).contains(&len) => {
                        found.push((id, len));
                    }
                    _ => drop(fs::remove_file(file.path())),
                }
            }
        }
        Ok(found)
    }

    /// The chunk files in the folder of ids that begin with `first`. Files with other names are
    /// removed.
    ///
    /// # Errors
    /// What the system said.
    pub fn in_folder(&self, first: u8) -> io::Result<Vec<ChunkId>> {
        let folder = self.root.join(CHUNKS).join(hex::encode([first]));
        let mut found = Vec::new();
        let files = match fs::read_dir(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(found),
            other => other?,
        };
        for file in files {
            let file = file?;
            let id: Option<ChunkId> = file.file_name().to_str().and_then(|n| n.parse().ok());
            match id {
                Some(id) if id.0[0] == first => found.push(id),
                _ => drop(fs::remove_file(file.path())),
            }
        }
        Ok(found)
    }

    /// Writes a chunk: temporary file, then rename.
    ///
    /// # Errors
    /// What the system said; then nothing is left of it.
    pub fn write(&self, chunk: &VerifiedChunk) -> io::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let temporary = self.root.join(TEMPORARY).join(number.to_string());
        let path = self.path(chunk.id());
        let folder = self.folder(chunk.id());
        let moved = || match fs::rename(&temporary, &path) {
            // The first chunk of its folder, or somebody tidied up while the agent runs.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&folder).and_then(|()| fs::rename(&temporary, &path))
            }
            other => other,
        };
        let written = fs::write(&temporary, chunk.bytes()).and_then(|()| moved());
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Opens a chunk's file for reading.
    ///
    /// # Errors
    /// [`ReadError::Gone`]; [`ReadError::Rotten`] when it has another length; what the system said.
    pub fn open_chunk(&self, id: ChunkId, len: u32) -> Result<File, ReadError> {
        let file = match File::open(self.path(id)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(ReadError::Gone),
            other => other?,
        };
        if file.metadata()?.len() != u64::from(len) {
            return Err(ReadError::Rotten);
        }
        Ok(file)
    }

    /// Opens a chunk's file if that needs no wait for the disk; any difficulty is left to
    /// [`Files::open_chunk`].
    #[must_use]
    pub fn open_cached(&self, id: ChunkId, len: u32) -> Option<File> {
        let file = platform::open_cached(&self.path(id)).ok()??;
        let right = file.metadata().is_ok_and(|m| m.len() == u64::from(len));
        right.then_some(file)
    }

    /// Reads a chunk and compares it with its seal.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(&self, id: ChunkId, len: u32, seal: Seal) -> Result<VerifiedChunk, ReadError> {
        let bytes = read_exactly(&mut self.open_chunk(id, len)?, len)?;
        VerifiedChunk::again(id, bytes, seal).map_err(|_| ReadError::Rotten)
    }

    /// Reads a chunk and hashes what it read. `from_disk`: not what memory still has of it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn hash(&self, id: ChunkId, len: u32, from_disk: bool) -> Result<VerifiedChunk, ReadError> {
        let mut file = self.open_chunk(id, len)?;
        if from_disk {
            platform::forget_cached(&file);
        }
        let bytes = read_exactly(&mut file, len)?;
        VerifiedChunk::check(id, bytes).map_err(|_| ReadError::Rotten)
    }

    /// The length of a chunk's file; none when it is no chunk's.
    #[must_use]
    pub fn len(&self, id: ChunkId) -> Option<u32> {
        let len = fs::metadata(self.path(id)).ok()?.len();
        let len = u32::try_from(len).ok()?;
        (1..=MAX_CHUNK_LEN).contains(&len).then_some(len)
    }

    /// Removes a chunk's file, if there is one.
    ///
    /// # Errors
    /// What the system said.
    pub fn remove(&self, id: ChunkId) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// The file of a chunk.
    #[must_use]
    pub fn path(&self, id: ChunkId) -> PathBuf {
        self.folder(id).join(id.to_string())
    }

    fn folder(&self, id: ChunkId) -> PathBuf {
        self.root.join(CHUNKS).join(hex::encode(&id.0[..1]))
    }
}

/// What a sample of the files showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Chunks that were read.
    pub read: usize,
    /// Those of them whose bytes are not the chunk's.
    pub rotten: usize,
}

/// Reads up to `most` chunks, spread over the folder, and changes nothing: also while an agent
/// runs on it.
///
/// # Errors
/// What the system said.
pub fn sample(root: &Path, most: usize) -> io::Result<Sample> {
    let files = Files {
        root: root.to_owned(),
        next: AtomicU64::new(0),
    };
    let mut ids: Vec<ChunkId> = Vec::new();
    for folder in fs::read_dir(root.join(CHUNKS))? {
        for file in fs::read_dir(folder?.path())? {
            let name = file?.file_name();
            ids.extend(name.to_str().and_then(|n| n.parse::<ChunkId>().ok()));
        }
    }
    ids.sort_unstable();
    let step = ids.len().div_ceil(most.max(1)).max(1);
    let mut sample = Sample { read: 0, rotten: 0 };
    for id in ids.into_iter().step_by(step) {
        let read = match files.len(id) {
            Some(len) => files.hash(id, len, false),
            None if !files.path(id).exists() => Err(ReadError::Gone),
            None => Err(ReadError::Rotten),
        };
        match read {
            Ok(_) => sample.read += 1,
            // It was dropped while we looked.
            Err(ReadError::Gone) => {}
            Err(ReadError::Rotten | ReadError::Io(_)) => {
                sample.read += 1;
                sample.rotten += 1;
            }
        }
    }
    Ok(sample)
}

fn read_exactly(file: &mut File, len: u32) -> Result<Bytes, ReadError> {
    let mut memory = Memory::of(len as usize);
    file.take(u64::from(len)).read_to_end(&mut memory.0)?;
    if memory.0.len() == len as usize {
        Ok(memory.into_bytes())
    } else {
        Err(ReadError::Rotten)
    }
}
