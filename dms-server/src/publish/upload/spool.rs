//! Uploads on disk: one file each, whose length is the offset.
//!
//! A byte is acknowledged only after `sync_data`, so an acknowledged byte survives the process and
//! the machine. After a restart the file's length is the truth: bytes beyond the last
//! acknowledgement are ordinary upload bytes that the client need not send again. The one exception
//! is a piece with a checksum: while it arrives, a marker file holds the offset it started at, and
//! whoever opens the upload next cuts it back to there.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use tokio::fs;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use uuid::Uuid;

use super::checksum::{Checksum, Hasher};

/// Bytes collected before they are handed to the operating system.
const WRITE_BUFFER: usize = 256 << 10;

/// The folder of the uploads that are not finished, and of the sources that wait for their job.
#[derive(Clone, Debug)]
pub struct Spool {
    dir: PathBuf,
}

impl Spool {
    /// Opens the folder, which is made when it is missing.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(dir: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir })
    }

    /// The file of an upload.
    #[must_use]
    pub fn path(&self, id: Uuid) -> PathBuf {
        self.dir.join(format!("{id}.bin"))
    }

    fn marker(&self, id: Uuid) -> PathBuf {
        self.dir.join(format!("{id}.unverified"))
    }

    /// Makes the empty file of a new upload, durably.
    ///
    /// # Errors
    /// What the file system says; an upload that exists is an error.
    pub async fn create(&self, id: Uuid) -> io::Result<()> {
        let file = fs::File::create_new(self.path(id)).await?;
        file.sync_all().await?;
        sync_dir(&self.dir).await
    }

    /// The offset of an upload: the length of its file after an unverified piece is cut off.
    /// The caller holds the upload's place at the desk, so that nobody is writing.
    ///
    /// # Errors
    /// What the file system says; `NotFound` without a file.
    pub async fn settle(&self, id: Uuid) -> io::Result<u64> {
        let length = fs::metadata(self.path(id)).await?.len();
        let Some(start) = self.unverified_from(id).await? else {
            return Ok(length);
        };
        let file = fs::OpenOptions::new()
            .write(true)
            .open(self.path(id))
            .await?;
        file.set_len(length.min(start)).await?;
        file.sync_data().await?;
        fs::remove_file(self.marker(id)).await?;
        Ok(length.min(start))
    }

    /// How much of an upload is certain to be here, also while somebody is writing.
    ///
    /// # Errors
    /// What the file system says; `NotFound` without a file.
    pub async fn length(&self, id: Uuid) -> io::Result<u64> {
        let length = fs::metadata(self.path(id)).await?.len();
        let start = self.unverified_from(id).await?;
        Ok(start.map_or(length, |start| length.min(start)))
    }

    /// A marker that cannot be read was being written when the power went: nothing had followed it.
    async fn unverified_from(&self, id: Uuid) -> io::Result<Option<u64>> {
        match fs::read_to_string(self.marker(id)).await {
            Ok(text) => Ok(Some(text.parse().unwrap_or(u64::MAX))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Opens an upload at its end, which [`Spool::settle`] told.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn piece(
        &self,
        id: Uuid,
        offset: u64,
        checksum: Option<Checksum>,
    ) -> io::Result<Piece> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .open(self.path(id))
            .await?;
        file.seek(io::SeekFrom::Start(offset)).await?;
        let marker = self.marker(id);
        if checksum.is_some() {
            write_durably(&marker, offset.to_string().as_bytes()).await?;
            sync_dir(&self.dir).await?;
        }
        let hasher = checksum.as_ref().map(Checksum::hasher);
        Ok(Piece {
            file,
            buffer: Vec::with_capacity(WRITE_BUFFER),
            start: offset,
            end: offset,
            expected: checksum.zip(hasher),
            marker,
        })
    }

    /// Removes an upload; one that is gone already is no error.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn remove(&self, id: Uuid) -> io::Result<()> {
        for path in [self.path(id), self.marker(id)] {
            match fs::remove_file(path).await {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    /// Uploads whose files were not touched for this long, and whose age is known.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn strays(&self, age: Duration) -> io::Result<Vec<Uuid>> {
        let mut found = Vec::new();
        let mut entries = fs::read_dir(&self.dir).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            let stem = name.to_str().and_then(|n| n.strip_suffix(".bin"));
            let Some(id) = stem.and_then(|s| s.parse::<Uuid>().ok()) else {
                continue;
            };
            let touched = entry.metadata().await?.modified()?;
            if touched.elapsed().is_ok_and(|elapsed| elapsed >= age) {
                found.push(id);
            }
        }
        Ok(found)
    }
}

/// A piece of an upload while it is being written.
pub struct Piece {
    file: fs::File,
    buffer: Vec<u8>,
    start: u64,
    end: u64,
    expected: Option<(Checksum, Hasher)>,
    marker: PathBuf,
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The upload ends at this offset, durably.
    To(u64),
    /// The piece did not match its checksum: the upload is as it was before.
    Nothing,
}

impl Piece {
    /// Appends bytes. They are not durable yet.
    ///
    /// # Errors
    /// What the file system says; what was written before stays.
    pub async fn write(&mut self, bytes: &Bytes) -> io::Result<()> {
        if let Some((_, hasher)) = &mut self.expected {
            hasher.update(bytes);
        }
        self.end += bytes.len() as u64;
        if bytes.len() >= WRITE_BUFFER {
            self.spill().await?;
            return self.file.write_all(bytes).await;
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_BUFFER {
            self.spill().await?;
        }
        Ok(())
    }

    async fn spill(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer).await?;
        self.buffer.clear();
        Ok(())
    }

    /// Makes what was written durable; a piece that came whole is checked, one with a checksum that
    /// did not come whole is dropped.
    ///
    /// # Errors
    /// What the file system says. A failed sync is never tried again: the next one to settle the
    /// upload reads the length anew.
    pub async fn finish(mut self, whole: bool) -> io::Result<Kept> {
        self.spill().await?;
        self.file.flush().await?;
        let Some((checksum, hasher)) = self.expected.take() else {
            self.file.sync_data().await?;
            return Ok(Kept::To(self.end));
        };
        let verified = whole && checksum.matches(hasher);
        if !verified {
            self.file.set_len(self.start).await?;
        }
        self.file.sync_data().await?;
        fs::remove_file(&self.marker).await?;
        Ok(if verified {
            Kept::To(self.end)
        } else {
            Kept::Nothing
        })
    }
}

async fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path).await?;
    file.write_all(bytes).await?;
    file.flush().await?;
    file.sync_all().await
}

/// A new name in a folder is durable only after the folder itself is synced.
async fn sync_dir(dir: &Path) -> io::Result<()> {
    fs::File::open(dir).await?.sync_all().await
}

#[cfg(test)]
mod tests;
