//! What the player remembers between runs: signing keys seen first, and title versions seen last.
//!
//! Keys are pinned by the URL they came from. A changed set is refused until the viewer accepts
//! it, so that nobody who takes over an address can hand out manifests of their own.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use swarm::content::TitleId;

use super::endpoint::Trust;
use crate::error::PlayError;

/// The player's state folder.
#[derive(Debug, Clone)]
pub struct Pins {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Pin {
    url: String,
    #[serde(flatten)]
    trust: Trust,
}

#[derive(Serialize, Deserialize)]
struct Seen {
    tenant: String,
    title: TitleId,
    version: u64,
}

impl Pins {
    /// The pins in this folder, which need not exist yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Compares what `url` says now with what it said first; remembers it the first time, and
    /// when `accept_new` allows the change.
    ///
    /// # Errors
    /// [`PlayError::KeysChanged`], or [`PlayError::State`] when the folder cannot be used.
    pub fn check(&self, url: &str, trust: &Trust, accept_new: bool) -> Result<(), PlayError> {
        let file = self
            .folder
            .join("trust")
            .join(format!("{}.json", name(url)));
        match read::<Pin>(&file)? {
            Some(pin) if same(&pin.trust, trust) => Ok(()),
            Some(_) if !accept_new => Err(PlayError::KeysChanged(url.to_owned())),
            _ => write(
                &file,
                &Pin {
                    url: url.to_owned(),
                    trust: trust.clone(),
                },
            ),
        }
    }

    /// The highest version of a title that was verified before; 0 for none.
    ///
    /// # Errors
    /// [`PlayError::State`].
    pub fn version(&self, tenant: &str, title: TitleId) -> Result<u64, PlayError> {
        Ok(read::<Seen>(&self.title(tenant, title))?.map_or(0, |seen| seen.version))
    }

    /// Remembers a verified version.
    ///
    /// # Errors
    /// [`PlayError::State`].
    pub fn saw(&self, tenant: &str, title: TitleId, version: u64) -> Result<(), PlayError> {
        if version <= self.version(tenant, title)? {
            return Ok(());
        }
        let seen = Seen {
            tenant: tenant.to_owned(),
            title,
            version,
        };
        write(&self.title(tenant, title), &seen)
    }

    fn title(&self, tenant: &str, title: TitleId) -> PathBuf {
        self.folder
            .join("titles")
            .join(format!("{}-{title}.json", name(tenant)))
    }
}

/// A file name for any text.
fn name(text: &str) -> String {
    hex::encode(
        Sha256::digest(text.as_bytes())
            .get(..12)
            .unwrap_or_default(),
    )
}

fn same(pinned: &Trust, offered: &Trust) -> bool {
    let sorted = |keys: &[String]| {
        let mut keys = keys.to_vec();
        keys.sort();
        keys
    };
    pinned.tenant == offered.tenant
        && sorted(&pinned.manifest_keys) == sorted(&offered.manifest_keys)
        && sorted(&pinned.license_keys) == sorted(&offered.license_keys)
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> PlayError {
    PlayError::State {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<Option<T>, PlayError> {
    match fs::read(file) {
        // A file that is not readable must not count as "never seen": that would drop the pin.
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| failed(file, &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(file, &error)),
    }
}

/// Replaces the file in one step, so that a crash leaves the old or the new one.
fn write<T: Serialize>(file: &Path, value: &T) -> Result<(), PlayError> {
    let store = || -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Several players may write at once; each has a temporary file of its own.
        let temporary = folder.join(format!(".{}.new", uuid::Uuid::new_v4()));
        let mut new = fs::File::create(&temporary)?;
        new.write_all(&serde_json::to_vec_pretty(value)?)?;
        new.sync_all()?;
        fs::rename(&temporary, file)
    };
    store().map_err(|error| failed(file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(key: &str) -> Trust {
        Trust {
            tenant: "acme".into(),
            manifest_keys: vec![key.into(), "bb".into()],
            license_keys: vec!["cc".into()],
        }
    }

    #[test]
    fn the_first_keys_stay_until_a_change_is_accepted() {
        let folder = tempfile::tempdir().expect("a folder");
        let pins = Pins::new(folder.path());
        let url = "http://127.0.0.1:7747";
        assert_eq!(pins.check(url, &trust("aa"), false), Ok(()));
        let mut turned = trust("aa");
        turned.manifest_keys.reverse();
        assert_eq!(pins.check(url, &turned, false), Ok(()));
        assert_eq!(
            pins.check(url, &trust("ee"), false),
            Err(PlayError::KeysChanged(url.into()))
        );
        let mut tenant = trust("aa");
        tenant.tenant = "other".into();
        assert_eq!(
            pins.check(url, &tenant, false),
            Err(PlayError::KeysChanged(url.into()))
        );
        assert_eq!(pins.check(url, &trust("ee"), true), Ok(()));
        assert_eq!(pins.check(url, &trust("ee"), false), Ok(()));
        assert_eq!(pins.check("http://other", &trust("aa"), false), Ok(()));
    }

    #[test]
    fn a_damaged_pin_is_an_error_not_a_first_use() {
        let folder = tempfile::tempdir().expect("a folder");
        let pins = Pins::new(folder.path());
        pins.check("u", &trust("aa"), false).expect("first");
        let file = fs::read_dir(folder.path().join("trust"))
            .expect("folder")
            .next();
        fs::write(file.expect("a file").expect("a file").path(), b"{").expect("damage");
        assert!(matches!(
            pins.check("u", &trust("aa"), false),
            Err(PlayError::State { .. })
        ));
    }

    #[test]
    fn versions_only_grow() {
        let folder = tempfile::tempdir().expect("a folder");
        let pins = Pins::new(folder.path());
        let title = TitleId([7; 16]);
        assert_eq!(pins.version("acme", title), Ok(0));
        for (saw, then) in [(3, 3), (2, 3), (4, 4)] {
            pins.saw("acme", title, saw).expect("written");
            assert_eq!(pins.version("acme", title), Ok(then));
        }
        assert_eq!(pins.version("other", title), Ok(0));
    }
}
