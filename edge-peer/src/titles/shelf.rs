//! Signed manifests on disk, and of each title the highest version seen and when that was signed last.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use swarm::{content::TitleId, wire::MAX_MANIFEST_LEN};

use super::Edition;
use crate::state::{Access, write_atomic};

/// The most manifests on disk; the one written longest ago goes first.
const MAX_FILES: usize = 256;
/// The most titles whose version is remembered.
const MAX_VERSIONS: usize = 100_000;
const VERSIONS: &str = "versions.json";

/// What was seen of a title; nothing when the title was never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Seen {
    /// The highest version.
    pub version: u64,
    /// When that version was signed last, milliseconds since the Unix epoch.
    pub created_ms: u64,
}

impl Seen {
    /// Whether this is of the same version and was signed later.
    #[must_use]
    pub fn is_after(&self, edition: &Edition) -> bool {
        self.version == edition.version() && self.created_ms > edition.created_ms()
    }
}

/// As it stands in the file: agents of before signed anew knew the version alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Version(u64),
    Both { version: u64, created_ms: u64 },
}

impl From<Written> for Seen {
    fn from(written: Written) -> Self {
        match written {
            Written::Version(version) => Self {
                version,
                created_ms: 0,
            },
            Written::Both {
                version,
                created_ms,
            } => Self {
                version,
                created_ms,
            },
        }
    }
}

/// A folder of manifests; clones share it.
#[derive(Clone)]
pub struct Shelf {
    folder: Arc<PathBuf>,
    /// Guards the map only; files are written without it.
    versions: Arc<Mutex<BTreeMap<TitleId, Seen>>>,
}

impl Shelf {
    /// Opens the folder, which is made if need be. Blocks.
    ///
    /// # Errors
    /// What the system said; also when the remembered versions cannot be read, because forgetting
    /// them would let old manifests in.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let versions = match fs::read(folder.join(VERSIONS)) {
            Ok(json) => serde_json::from_slice(&json)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(e) => return Err(e),
        };
        Ok(Self {
            folder: Arc::new(folder.to_owned()),
            versions: Arc::new(Mutex::new(versions)),
        })
    }

    /// What was seen of a title.
    #[must_use]
    pub fn seen(&self, title: TitleId) -> Seen {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.get(&title).copied().unwrap_or_default()
    }

    /// The signed manifest last kept, unverified.
    pub async fn read(&self, title: TitleId) -> Option<Bytes> {
        let path = self.path(title);
        let reading = tokio::task::spawn_blocking(move || {
            let len = fs::metadata(&path).ok()?.len();
            (len <= MAX_MANIFEST_LEN as u64).then(|| fs::read(&path).ok())?
        });
        reading.await.ok()?.map(Bytes::from)
    }

    /// Keeps a manifest and what is seen by it. A disk that refuses is no reason not to play.
    pub async fn keep(&self, title: TitleId, edition: &Edition) {
        let seen = Seen {
            version: edition.version(),
            created_ms: edition.created_ms(),
        };
        self.keep_bytes(title, seen, edition.signed.clone()).await;
    }

    async fn keep_bytes(&self, title: TitleId, seen: Seen, signed: Bytes) {
        let shelf = self.clone();
        let writing = tokio::task::spawn_blocking(move || shelf.write(title, seen, &signed));
        if let Ok(Err(e)) = writing.await {
            tracing::warn!(error = %e, "a manifest was not kept");
        }
    }

    /// Drops a manifest; its version stays.
    pub async fn remove(&self, title: TitleId) {
        let path = self.path(title);
        let _ = tokio::task::spawn_blocking(move || fs::remove_file(path)).await;
    }

    fn write(&self, title: TitleId, seen: Seen, signed: &[u8]) -> io::Result<()> {
        let json = {
            let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
            if versions.len() >= MAX_VERSIONS && !versions.contains_key(&title) {
                versions.pop_first();
            }
            let known = versions.entry(title).or_default();
            *known = seen.max(*known);
            serde_json::to_vec(&*versions)?
        };
        write_atomic(&self.folder.join(VERSIONS), &json, Access::Private)?;
        write_atomic(&self.path(title), signed, Access::Private)?;
        self.thin_out()
    }

    fn thin_out(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for file in fs::read_dir(self.folder.as_path())? {
            let file = file?;
            if file.path().extension().is_some_and(|x| x == "cose") {
                files.push((file.metadata()?.modified()?, file.path()));
            }
        }
        files.sort();
        let surplus = files.len().saturating_sub(MAX_FILES);
        files
            .iter()
            .take(surplus)
            .try_for_each(|(_, path)| fs::remove_file(path))
    }

    fn path(&self, title: TitleId) -> PathBuf {
        self.folder.join(format!("{title}.cose"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn versions_outlive_manifests_and_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let title = TitleId([7; 16]);
        let shelf = Shelf::open(dir.path()).unwrap();
        assert_eq!(shelf.seen(title), Seen::default());
        let keep = |version, created_ms| {
            let seen = Seen {
                version,
                created_ms,
            };
            shelf.keep_bytes(title, seen, Bytes::from_static(b"x"))
        };
        keep(5, 70).await;
        keep(5, 60).await;
        keep(4, 90).await;
        shelf.remove(title).await;
        let shelf = Shelf::open(dir.path()).unwrap();
        let seen = shelf.seen(title);
        assert_eq!((seen.version, seen.created_ms), (5, 70));
        assert_eq!(shelf.read(title).await, None);
        // As agents wrote it that knew the version alone.
        let text = format!(r#"{{"{title}":7}}"#);
        fs::write(dir.path().join(VERSIONS), text).unwrap();
        let shelf = Shelf::open(dir.path()).unwrap();
        assert_eq!(shelf.seen(title).version, 7);
        fs::write(dir.path().join(VERSIONS), b"{").unwrap();
        assert!(Shelf::open(dir.path()).is_err());
    }

    #[tokio::test]
    async fn old_manifests_make_room() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(dir.path()).unwrap();
        for n in 0..MAX_FILES + 3 {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&(n as u64).to_be_bytes());
            fs::write(shelf.path(TitleId(id)), b"x").unwrap();
        }
        let kept = shelf.keep_bytes(TitleId([9; 16]), Seen::default(), Bytes::from_static(b"y"));
        kept.await;
        let cose = fs::read_dir(dir.path()).unwrap().flatten();
        let cose = cose.filter(|f| f.path().extension().is_some_and(|x| x == "cose"));
        assert_eq!(cose.count(), MAX_FILES);
        assert_eq!(shelf.read(TitleId([9; 16])).await.unwrap(), "y");
    }
}
