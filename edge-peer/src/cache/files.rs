//! Chunk files: one file a chunk, in 256 folders named by the id's first byte.
//!
//! A file under its final name was written whole and synced before it got that name. Temporary
//! files lie in a folder of their own and are removed at start.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use swarm::content::{ChunkId, MAX_CHUNK_LEN};

use crate::chunk::VerifiedChunk;

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
        let chunks = root.join(CHUNKS);
        for first in 0..=u8::MAX {
            fs::create_dir_all(chunks.join(hex::encode([first])))?;
        }
        File::open(&chunks)?.sync_all()?;
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

    /// Writes a chunk: temporary file, sync, rename, sync of the folder.
    ///
    /// # Errors
    /// What the system said; then nothing is left of it.
    pub fn write(&self, chunk: &VerifiedChunk) -> io::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let temporary = self.root.join(TEMPORARY).join(number.to_string());
        let path = self.path(chunk.id());
        let folder = self.folder(chunk.id());
        let written = write_synced(&temporary, chunk.bytes())
            // Somebody may have tidied up while the agent runs.
            .and_then(|()| fs::create_dir_all(&folder))
            .and_then(|()| fs::rename(&temporary, &path))
            .and_then(|()| File::open(&folder)?.sync_all());
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Reads a chunk and hashes what it read.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(&self, id: ChunkId, len: u32) -> Result<VerifiedChunk, ReadError> {
        let file = match File::open(self.path(id)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(ReadError::Gone),
            other => other?,
        };
        let mut bytes = Vec::with_capacity(len as usize + 1);
        file.take(u64::from(MAX_CHUNK_LEN) + 1)
            .read_to_end(&mut bytes)?;
        VerifiedChunk::check(id, Bytes::from(bytes)).map_err(|_| ReadError::Rotten)
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
        match files.read(id, 0) {
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

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
