//! The index on disk: what is held, for which title, and when it was last used.
//!
//! It only speeds up and orders the start: lost or corrupt, it is rebuilt from the chunk files.
//! A thread of its own writes changes in batches, so nobody waits for it.

use std::{
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use swarm::content::{ChunkId, TitleId};

/// id -> (length in bytes, last use in ms since 1970, title or 16 zero bytes)
const CHUNKS: TableDefinition<'static, &[u8; 32], (u32, u64, &[u8; 16])> =
    TableDefinition::new("chunks");

/// Changes waiting for the writing thread. More are dropped: the start puts right what is missing.
const MAX_WAITING: usize = 4_096;
/// A batch is written when it has this many changes, or is this old.
const BATCH: usize = 512;
const BATCH_AGE: Duration = Duration::from_secs(2);

/// One chunk as the last run left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The chunk.
    pub id: ChunkId,
    /// Its length, bytes.
    pub len: u32,
    /// The title it was fetched for.
    pub title: Option<TitleId>,
    /// When it was last used, ms since 1970.
    pub used_ms: u64,
}

/// A change to the index.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// A chunk is held, or was used.
    Used(ChunkId, u32, Option<TitleId>),
    /// It is held no more.
    Gone(ChunkId),
}

/// The index on disk.
#[derive(Debug)]
pub struct Catalog {
    changes: Option<SyncSender<(Change, u64)>>,
    writer: Option<JoinHandle<()>>,
}

impl Catalog {
    /// Opens the index and reads it, least recently used first. One that cannot be read is thrown
    /// away and begun anew.
    ///
    /// # Errors
    /// When not even a new one can be made.
    pub fn open(path: &Path) -> Result<(Self, Vec<Row>), redb::Error> {
        let (database, rows) = match read_all(path) {
            Ok(found) => found,
            Err(e) => {
                tracing::warn!(error = %e, "the cache index is unreadable; rebuilding it");
                let _ = std::fs::remove_file(path);
                (Database::create(path)?, Vec::new())
            }
        };
        let (changes, waiting) = sync_channel(MAX_WAITING);
        let writer = std::thread::Builder::new()
            .name("cache-index".into())
            .spawn(move || write_batches(&database, &waiting))
            .map_err(redb::Error::Io)?;
        let catalog = Self {
            changes: Some(changes),
            writer: Some(writer),
        };
        Ok((catalog, rows))
    }

    /// Notes a change; never waits.
    pub fn note(&self, change: Change) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
        if let Some(changes) = &self.changes {
            let _ = changes.try_send((change, now));
        }
    }
}

impl Drop for Catalog {
    /// Writes what waits.
    fn drop(&mut self) {
        self.changes = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// A damaged file can also make the reader panic: that is caught and means the same.
fn read_all(path: &Path) -> Result<(Database, Vec<Row>), redb::Error> {
    let path = path.to_owned();
    std::panic::catch_unwind(move || {
        let database = Database::create(path)?;
        let rows = read_rows(&database)?;
        Ok((database, rows))
    })
    .unwrap_or_else(|_| Err(redb::Error::Corrupted("the reader gave up".into())))
}

fn read_rows(database: &Database) -> Result<Vec<Row>, redb::Error> {
    let reading = database.begin_read()?;
    let table = match reading.open_table(CHUNKS) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        other => other?,
    };
    let mut rows = Vec::new();
    for row in table.iter()? {
        let (id, value) = row?;
        let (len, used_ms, title) = value.value();
        rows.push(Row {
            id: ChunkId(*id.value()),
            len,
            title: (*title != [0; 16]).then_some(TitleId(*title)),
            used_ms,
        });
    }
    rows.sort_by_key(|r| r.used_ms);
    Ok(rows)
}

fn write_batches(database: &Database, waiting: &Receiver<(Change, u64)>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut open = true;
    while open {
        match waiting.recv_timeout(BATCH_AGE) {
            Ok(change) => {
                batch.push(change);
                if batch.len() < BATCH {
                    continue;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => open = false,
        }
        if !batch.is_empty()
            && let Err(e) = write_batch(database, &batch)
        {
            tracing::warn!(error = %e, "the cache index was not written; the next start rebuilds it");
        }
        batch.clear();
    }
}

fn write_batch(database: &Database, batch: &[(Change, u64)]) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    {
        let mut table = writing.open_table(CHUNKS)?;
        for (change, now) in batch {
            match change {
                Change::Used(id, len, title) => {
                    let title = title.map_or([0; 16], |t| t.0);
                    table.insert(&id.0, (*len, *now, &title))?;
                }
                Change::Gone(id) => {
                    table.remove(&id.0)?;
                }
            }
        }
    }
    writing.commit()?;
    Ok(())
}
