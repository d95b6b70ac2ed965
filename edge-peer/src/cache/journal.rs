//! The index on disk: a journal of fixed-size records, each with its own checksum.
//!
//! Reading it is all a start needs: no chunk file is touched. A record that was damaged or torn is
//! passed over, and the files are then looked through in the background; a journal that is lost or
//! foreign is made anew from the files. It is appended to by a thread of its own and written anew,
//! in the order of use, once most of its records are out of date.
//!
//! Nothing is synced but a journal that takes another's place. After a crash of the program the
//! system still writes what was appended; after a power cut, journal and files may disagree, and
//! what a read finds then is dropped and fetched again.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use swarm::content::{ChunkId, TitleId};

use super::index::Held;
use crate::chunk::Seal;

/// What a journal begins with; the last byte is the version.
const HEADER: &[u8; 8] = b"dmschnk\x01";
/// The length of a record, bytes.
pub const RECORD: usize = 72;
/// Changes waiting for the writing thread. Uses beyond that are forgotten; others wait.
const MAX_WAITING: usize = 4_096;
/// Uses noted together: waking the writing thread for each of them costs more than they are worth.
const USES: usize = 128;
/// The most records written at once.
const BATCH: usize = 4_096;
/// Records out of date, beyond those in use, before the journal is written anew.
const MAX_STALE: u64 = 65_536;
/// Records read at once.
const READ_AT_ONCE: usize = 16_384;

const HELD: u8 = 1;
const USED: u8 = 2;
const GONE: u8 = 3;
const PINNED: u8 = 4;
const FREED: u8 = 5;
const SEALED: u8 = 1;
const SPARE: u8 = 2;

/// A change of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A chunk is on disk.
    Held(Held),
    /// It was used.
    Used(ChunkId),
    /// It is held no more.
    Gone(ChunkId),
    /// A title is pinned.
    Pinned(TitleId),
    /// It is not any more.
    Freed(TitleId),
}

/// What reading a journal showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Good records.
    pub records: u64,
    /// Records that were passed over, a torn one at the end included.
    pub damaged: u64,
}

/// What holds what the journal describes: asked when the journal is written anew.
pub trait Source: Send + 'static {
    /// The number of chunks held.
    fn count(&self) -> u64;
    /// Hands over every record that describes what is held now, oldest use first, in pieces.
    ///
    /// # Errors
    /// Those of `write`.
    fn describe(&self, write: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>;
}

/// Writes changes; dropped, it first writes those that wait.
#[derive(Debug)]
pub struct Journal {
    changes: Option<SyncSender<Change>>,
    /// Uses that the writing thread does not know yet, at most [`USES`].
    uses: Mutex<Vec<ChunkId>>,
    writer: Option<JoinHandle<()>>,
}

/// Reads the journal at `path`, first change first. None: there is no journal, or it is no
/// journal of ours.
///
/// # Errors
/// What the system said.
pub fn read(path: &Path, apply: impl FnMut(Change)) -> io::Result<Option<Found>> {
    match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        file => read_from(&mut file?, apply),
    }
}

/// Reads a journal from its first byte on, first change first. None: it is no journal of ours.
///
/// # Errors
/// What the reader said.
pub fn read_from(from: &mut impl Read, mut apply: impl FnMut(Change)) -> io::Result<Option<Found>> {
    let mut header = [0; HEADER.len()];
    match from.read_exact(&mut header) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    if header != *HEADER {
        return Ok(None);
    }
    let mut found = Found {
        records: 0,
        damaged: 0,
    };
    let mut buffer = Vec::with_capacity(READ_AT_ONCE * RECORD);
    loop {
        buffer.clear();
        let most = (READ_AT_ONCE * RECORD) as u64;
        let read = from.by_ref().take(most).read_to_end(&mut buffer)?;
        for record in buffer.chunks(RECORD) {
            match decode(record) {
                Some(change) => {
                    found.records += 1;
                    apply(change);
                }
                None => found.damaged += 1,
            }
        }
        if read < READ_AT_ONCE * RECORD {
            return Ok(Some(found));
        }
    }
}

/// How many records a journal of this many bytes has, at most.
#[must_use]
pub fn records_of(bytes: u64) -> usize {
    usize::try_from(bytes / RECORD as u64).unwrap_or(0)
}

impl Journal {
    /// Goes on writing the journal at `path`. `anew`: what is there is no use.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path, found: Option<Found>, source: impl Source) -> io::Result<Self> {
        let mut writer = Writer {
            path: path.to_owned(),
            file: None,
            len: 0,
            records: 0,
            source,
        };
        match found {
            Some(found) if found.damaged == 0 => writer.go_on(found.records)?,
            _ => writer.anew()?,
        }
        let (changes, waiting) = sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new().name("cache-index".into());
        let writer = thread.spawn(move || writer.run(&waiting))?;
        Ok(Self {
            changes: Some(changes),
            uses: Mutex::new(Vec::with_capacity(USES)),
            writer: Some(writer),
        })
    }

    /// Notes a change. Waits when very many wait already: call it from threads for blocking work,
    /// and never with the books locked.
    pub fn note(&self, change: Change) {
        self.hand_over(&mut self.uses());
        if let Some(changes) = &self.changes {
            let _ = changes.send(change);
        }
    }

    /// Notes that a chunk was used; never waits.
    pub fn used(&self, id: ChunkId) {
        let mut uses = self.uses();
        if uses.last() != Some(&id) {
            uses.push(id);
        }
        if uses.len() >= USES {
            self.hand_over(&mut uses);
        }
    }

    fn uses(&self) -> MutexGuard<'_, Vec<ChunkId>> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_over(&self, uses: &mut Vec<ChunkId>) {
        for id in uses.drain(..) {
            if let Some(changes) = &self.changes {
                let _ = changes.try_send(Change::Used(id));
            }
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.hand_over(&mut self.uses());
        self.changes = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

struct Writer<S> {
    path: PathBuf,
    /// None: what is on disk is no use until it is written anew.
    file: Option<File>,
    /// The length of the file that is good, bytes.
    len: u64,
    records: u64,
    source: S,
}

impl<S: Source> Writer<S> {
    fn run(mut self, waiting: &Receiver<Change>) {
        let mut batch = Vec::with_capacity(BATCH);
        while let Ok(first) = waiting.recv() {
            batch.push(first);
            batch.extend(waiting.try_iter().take(BATCH - 1));
            if let Err(e) = self.write(&batch) {
                tracing::warn!(error = %e, "the cache index was not written; it will be tried again");
            }
            batch.clear();
        }
    }

    fn write(&mut self, batch: &[Change]) -> io::Result<()> {
        let stale = self.records > 2 * self.source.count() + MAX_STALE;
        let Some(file) = self.file.as_mut().filter(|_| !stale) else {
            return self.anew();
        };
        let mut bytes = Vec::with_capacity(batch.len() * RECORD);
        batch
            .iter()
            .for_each(|c| bytes.extend_from_slice(&encode(c)));
        if let Err(e) = file.write_all(&bytes) {
            // Half a record would put all later ones out of step.
            if file.set_len(self.len).is_err() {
                self.file = None;
            }
            // These changes are lost to the file, so it must be written anew.
            self.records = u64::MAX;
            return Err(e);
        }
        self.len += bytes.len() as u64;
        self.records = self.records.saturating_add(batch.len() as u64);
        Ok(())
    }

    fn go_on(&mut self, records: u64) -> io::Result<()> {
        self.len = (HEADER.len() as u64) + records * RECORD as u64;
        self.records = records;
        let file = OpenOptions::new().append(true).open(&self.path)?;
        file.set_len(self.len)?;
        self.file = Some(file);
        Ok(())
    }

    /// Writes what is held now into a new file that takes the old one's place.
    fn anew(&mut self) -> io::Result<()> {
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        let new = PathBuf::from(new);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .open(&new)?;
        let mut len = HEADER.len() as u64;
        let written = file.write_all(HEADER).and_then(|()| {
            self.source.describe(&mut |bytes| {
                len += bytes.len() as u64;
                file.write_all(bytes)
            })
        });
        let moved = written
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&new, &self.path));
        if let Err(e) = moved {
            let _ = fs::remove_file(&new);
            return Err(e);
        }
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        self.len = len;
        self.records = (len - HEADER.len() as u64) / RECORD as u64;
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        Ok(())
    }
}

/// A record: kind, flags, two bytes of nothing, length, id, title, seal, checksum.
#[must_use]
pub fn encode(change: &Change) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let (kind, id, title) = match change {
        Change::Held(held) => (HELD, Some(held.id), held.title),
        Change::Used(id) => (USED, Some(*id), None),
        Change::Gone(id) => (GONE, Some(*id), None),
        Change::Pinned(title) => (PINNED, None, Some(*title)),
        Change::Freed(title) => (FREED, None, Some(*title)),
    };
    record[0] = kind;
    if let Change::Held(held) = change {
        let sealed = if held.seal.is_some() { SEALED } else { 0 };
        record[1] = sealed | if held.spare { SPARE } else { 0 };
        record[4..8].copy_from_slice(&held.len.to_le_bytes());
        let seal = held.seal.map_or(0, Seal::get);
        record[56..64].copy_from_slice(&seal.to_le_bytes());
    }
    record[8..40].copy_from_slice(&id.map_or([0; 32], |id| id.0));
    record[40..56].copy_from_slice(&title.map_or([0; 16], |t| t.0));
    let sum = crc_fast::crc64_nvme(&record[..64]);
    record[64..].copy_from_slice(&sum.to_le_bytes());
    record
}

/// The change in a record; none when it is damaged.
fn decode(record: &[u8]) -> Option<Change> {
    let record: &[u8; RECORD] = record.try_into().ok()?;
    let (body, sum) = record.split_first_chunk::<64>()?;
    if crc_fast::crc64_nvme(body).to_le_bytes() != *sum {
        return None;
    }
    let (head, rest) = body.split_first_chunk::<8>()?;
    let (id, rest) = rest.split_first_chunk::<32>()?;
    let (title, seal) = rest.split_first_chunk::<16>()?;
    let seal = u64::from_le_bytes(seal.try_into().ok()?);
    let [kind, flags, _, _, a, b, c, d] = *head;
    let (id, title) = (ChunkId(*id), TitleId(*title));
    Some(match kind {
        HELD => Change::Held(Held {
            id,
            len: u32::from_le_bytes([a, b, c, d]),
            title: (title.0 != [0; 16]).then_some(title),
            seal: (flags & SEALED != 0).then(|| Seal::known(seal)),
            spare: flags & SPARE != 0,
        }),
        USED => Change::Used(id),
        GONE => Change::Gone(id),
        PINNED => Change::Pinned(title),
        FREED => Change::Freed(title),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Source for Nothing {
        fn count(&self) -> u64 {
            0
        }
        fn describe(&self, _: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
            Ok(())
        }
    }

    fn all(path: &Path) -> (Vec<Change>, Option<Found>) {
        let mut changes = Vec::new();
        let found = read(path, |c| changes.push(c)).unwrap();
        (changes, found)
    }

    fn some() -> Vec<Change> {
        let held = Held {
            id: ChunkId([1; 32]),
            len: 77,
            title: Some(TitleId([2; 16])),
            seal: Some(Seal::known(9)),
            spare: true,
        };
        let bare = Held {
            id: ChunkId([3; 32]),
            title: None,
            seal: None,
            spare: false,
            ..held
        };
        vec![
            Change::Held(held),
            Change::Held(bare),
            Change::Used(held.id),
            Change::Gone(bare.id),
            Change::Pinned(TitleId([4; 16])),
            Change::Freed(TitleId([4; 16])),
        ]
    }

    #[test]
    fn what_was_noted_is_read_again_and_damage_costs_only_its_records() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        assert_eq!(all(&path), (vec![], None));
        let journal = Journal::open(&path, None, Nothing).unwrap();
        some().iter().for_each(|c| journal.note(*c));
        drop(journal);
        let (changes, found) = all(&path);
        assert_eq!(changes, some());
        let whole = fs::read(&path).unwrap();

        // Each byte of each record, and each length.
        for at in HEADER.len()..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, bytes).unwrap();
            let (changes, found) = all(&path);
            let mut expected = some();
            expected.remove((at - HEADER.len()) / RECORD);
            assert_eq!(changes, expected, "byte {at}");
            assert_eq!(found.unwrap().damaged, 1);
        }
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            let (changes, found) = all(&path);
            assert_eq!(found.is_none(), len < HEADER.len());
            assert_eq!(changes, some()[..len.saturating_sub(HEADER.len()) / RECORD]);
        }
        fs::write(&path, &whole).unwrap();
        let journal = Journal::open(&path, found, Nothing).unwrap();
        journal.note(some()[0]);
        drop(journal);
        assert_eq!(all(&path).0[some().len()..], some()[..1]);
    }

    #[test]
    fn a_journal_full_of_the_past_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        let journal = Journal::open(&path, None, Nothing).unwrap();
        for _ in 0..MAX_STALE + 2 * BATCH as u64 {
            journal.note(some()[0]);
        }
        drop(journal);
        let most = MAX_STALE * RECORD as u64;
        assert!(fs::metadata(&path).unwrap().len() < most);
    }
}
