//! Where key encryption keys lie: [`KekStore`], and the files that are the first of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use drm::key::{Kek, KekId};

use super::{KeyError, files, io_error};

/// The file of the KEK that the first start draws.
const FIRST: &str = "kek.key";

/// The most KEKs that a store is looked through for: one a month for eighty years.
const KEKS_MAX: usize = 1000;

/// Keeps key encryption keys outside the database.
///
/// The server asks for a key when it first needs it, and keeps it in memory from then on: issuing licences waits for no
/// store. A store that lends keys out (a secret manager, or files sealed by a key management service) returns
/// them as they are. One that lets no key out of its hardware keeps a key of its own over these, as they are kept over
/// the title keys, and returns what it unwrapped.
///
/// Every call may block; the server makes them where that holds nobody up.
pub trait KekStore: Send + Sync + std::fmt::Debug {
    /// Every KEK that is there.
    ///
    /// # Errors
    /// [`KeyError`] when the store cannot be asked or holds something that is no key.
    fn list(&self) -> Result<Vec<KekId>, KeyError>;

    /// The KEK of this name; `None` when the store has none.
    ///
    /// # Errors
    /// As [`KekStore::list`].
    fn find(&self, id: KekId) -> Result<Option<Kek>, KeyError>;

    /// Draws a KEK. It survives a power cut before this returns.
    ///
    /// # Errors
    /// [`KeyError`] when it cannot be kept; then there is none.
    fn make(&self) -> Result<Kek, KeyError>;

    /// The KEK of an empty store, drawn by whoever comes first; of a store that has some, one of them.
    ///
    /// # Errors
    /// As [`KekStore::make`].
    fn first(&self) -> Result<Kek, KeyError>;

    /// Removes a KEK for good; one that is not there is none.
    ///
    /// # Errors
    /// As [`KekStore::make`].
    fn remove(&self, id: KekId) -> Result<(), KeyError>;

    /// Where people put a KEK of this name that is missing, for messages.
    fn place(&self, id: KekId) -> String;
}

/// KEKs as files of mode 0600: `kek.key` is the first, `kek-ID.key` each that a rotation made.
#[derive(Debug)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// The files in this folder, which is there.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
        }
    }

    fn named(&self, id: KekId) -> PathBuf {
        self.folder.join(format!("kek-{id}.key"))
    }

    /// Every file that may be a KEK.
    fn paths(&self) -> Result<Vec<PathBuf>, KeyError> {
        let mut paths = Vec::new();
        let entries = fs::read_dir(&self.folder).map_err(io_error(&self.folder))?;
        for entry in entries {
            let path = entry.map_err(io_error(&self.folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let named = name.starts_with("kek-") && name.ends_with(".key");
            if (named || name == FIRST) && paths.len() < KEKS_MAX {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn read(&self, path: &Path) -> Result<Option<Kek>, KeyError> {
        let Some(bytes) = files::read_secret(path)? else {
            return Ok(None);
        };
        let kek = Kek::from_bytes(*bytes);
        // A file under another key's name was mixed up or written to.
        if *path != self.folder.join(FIRST) && *path != self.named(kek.id()) {
            return Err(KeyError::Damaged {
                path: path.to_path_buf(),
            });
        }
        Ok(Some(kek))
    }
}

impl KekStore for FileStore {
    fn list(&self) -> Result<Vec<KekId>, KeyError> {
        let mut ids = Vec::new();
        for path in self.paths()? {
            ids.extend(self.read(&path)?.map(|kek| kek.id()));
        }
        Ok(ids)
    }

    fn find(&self, id: KekId) -> Result<Option<Kek>, KeyError> {
        if let Some(kek) = self.read(&self.named(id))? {
            return Ok(Some(kek));
        }
        let first = self.read(&self.folder.join(FIRST))?;
        Ok(first.filter(|kek| kek.id() == id))
    }

    fn make(&self) -> Result<Kek, KeyError> {
        let kek = Kek::generate(&mut rand::rng());
        let path = self.named(kek.id());
        files::create(&path, files::spelled(&kek.to_bytes()).as_bytes(), false)?;
        self.read(&path)?
            .ok_or_else(|| io_error(&path)(io::ErrorKind::NotFound.into()))
    }

    fn first(&self) -> Result<Kek, KeyError> {
        let first = self.folder.join(FIRST);
        for path in std::iter::once(first.clone()).chain(self.paths()?) {
            if let Some(kek) = self.read(&path)? {
                return Ok(kek);
            }
        }
        files::secret(&first).map(|bytes| Kek::from_bytes(*bytes))
    }

    fn remove(&self, id: KekId) -> Result<(), KeyError> {
        for path in self.paths()? {
            if self.read(&path)?.is_some_and(|kek| kek.id() == id) {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(io_error(&path)(error));
                    }
                    _ => {}
                }
            }
        }
        fs::File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io_error(&self.folder))
    }

    fn place(&self, id: KekId) -> String {
        self.named(id).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn keks_are_found_by_name_and_removed_for_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = FileStore::in_folder(folder.path());
        let first = store.first().expect("drawn");
        let second = store.make().expect("made");
        assert_ne!(first.id(), second.id());
        assert_eq!(store.first().expect("there"), first);
        for kek in [&first, &second] {
            assert_eq!(store.find(kek.id()).expect("read").as_ref(), Some(kek));
        }
        assert_eq!(store.list().expect("listed").len(), 2);
        for file in fs::read_dir(folder.path()).expect("listed") {
            let mode = file.expect("a file").metadata().expect("its mode");
            assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        }
        store.remove(first.id()).expect("removed");
        store.remove(first.id()).expect("once is enough");
        assert_eq!(store.find(first.id()).expect("read"), None);
        assert_eq!(
            store.first().expect("there"),
            second,
            "no other is drawn while there is one"
        );
    }

    #[test]
    fn a_file_under_anothers_name_is_no_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = FileStore::in_folder(folder.path());
        let (one, other) = (store.make().expect("made"), store.make().expect("made"));
        fs::copy(store.named(one.id()), store.named(other.id())).expect("copied");
        assert!(matches!(
            store.find(other.id()),
            Err(KeyError::Damaged { .. })
        ));
    }
}
