//! The agent's state folder: what lies where, and how it is written.
//!
//! | name | what |
//! |---|---|
//! | `device.key` | the device's private key, PEM, mode 0600 |
//! | `device.pem`, `ca.pem` | its certificate, and the authority that signed it |
//! | `trust.json` | [`Trust`]: what enrolment said |
//! | `local.token`, `local.address` | how programs of this PC reach the running agent; token mode 0600 |
//! | `open.html` | leads a browser to the agent's page with a code that works once; mode 0600 |
//! | `pause.json`, `caps.json`, `given.json` | the employee's pause and caps; bytes that moved today |
//! | `roster.cbor` | the last roster and site, for starting while the DMS is away |
//! | `manifests/` | signed manifests, and the highest version seen of each title |
//! | `kept.json`, `kept/` | titles that the person here keeps, and their manifests |
//! | `usage.json` | what was played and not told yet: licences and times |
//! | `receipts.json` | events of ads that were signed and not told yet |
//! | `cache/` | chunks and their index, see [`crate::cache`] |
//! | `agent.lock` | held by the running agent |

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use swarm::content::DeviceId;

/// What enrolment said about whom to trust and whom to reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// This device.
    pub device_id: DeviceId,
    /// Its name, for people.
    pub name: String,
    /// The company.
    pub tenant: String,
    /// The public listener the device enrolled at.
    pub dms_url: String,
    /// The DMS's device listener, `https://host:port`.
    pub device_url: String,
    /// Pages that may use the loopback API, exact origins.
    pub portal_origins: Vec<String>,
    /// Ed25519 public keys that sign manifests, hexadecimal.
    pub manifest_keys: Vec<String>,
    /// Ed25519 public keys that sign licences, hexadecimal.
    pub license_keys: Vec<String>,
}

/// Why the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The device is not enrolled.
    #[error("{0} holds no enrolment; run: edge-peer enroll --dms URL --token-file FILE")]
    NotEnrolled(PathBuf),
    /// It already is.
    #[error("{0} is already enrolled; use another --state folder, or remove it to enrol anew")]
    AlreadyEnrolled(PathBuf),
    /// Another agent runs on it.
    #[error("another agent is running on {0}")]
    Locked(PathBuf),
    /// Somebody else made the folder, or may put files into it.
    #[error(
        "{0} belongs to somebody else or others may write into it: make it yours and run chmod go-w on it"
    )]
    Exposed(PathBuf),
    /// A file is not what it should be.
    #[error("{path} cannot be read: {why}; enrol anew with another --state folder")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A state folder.
#[derive(Debug, Clone)]
pub struct StateFolder {
    root: PathBuf,
}

/// Holds the folder's lock until dropped.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The agent's user only.
    Private,
    /// Everybody on this PC.
    Public,
}

impl StateFolder {
    /// Names the folder; nothing is read or made.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Makes the folder, readable by its owner only. One that is there already must be as safe from others.
    ///
    /// # Errors
    /// [`StateError::Io`]; [`StateError::Exposed`].
    pub fn create(&self) -> Result<(), StateError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.root).map_err(io_error(&self.root))?;
        self.check_folder()
    }

    /// Who may write into the folder can put another key or another trust there, whatever the files allow.
    fn check_folder(&self) -> Result<(), StateError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let found = fs::metadata(&self.root).map_err(io_error(&self.root))?;
            let own = [0, rustix::process::geteuid().as_raw()].contains(&found.uid());
            if !own || found.mode() & 0o022 != 0 {
                return Err(StateError::Exposed(self.root.clone()));
            }
        }
        Ok(())
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes a folder in it, readable by its owner only.
    ///
    /// # Errors
    /// [`StateError::Io`].
    pub fn folder(&self, name: &str) -> Result<(), StateError> {
        Self::at(self.path(name)).create()
    }

    /// Whether the device is enrolled.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        self.path(names::TRUST).exists()
    }

    /// What enrolment said.
    ///
    /// # Errors
    /// [`StateError::NotEnrolled`] or [`StateError::Damaged`].
    pub fn trust(&self) -> Result<Trust, StateError> {
        let path = self.path(names::TRUST);
        if !path.exists() {
            return Err(StateError::NotEnrolled(self.root.clone()));
        }
        serde_json::from_slice(&self.read(names::TRUST)?).map_err(|e| StateError::Damaged {
            path,
            why: e.to_string(),
        })
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// [`StateError::Io`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, StateError> {
        let path = self.path(name);
        fs::read(&path).map_err(io_error(&path))
    }

    /// Writes a file so that a crash leaves the old bytes or the new ones, never a mix.
    ///
    /// # Errors
    /// [`StateError::Io`].
    pub fn write(&self, name: &str, bytes: &[u8], access: Access) -> Result<(), StateError> {
        let path = self.path(name);
        write_atomic(&path, bytes, access).map_err(io_error(&path))
    }

    /// Whether an agent runs on the folder now.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        let file = File::open(self.path(names::LOCK));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }

    /// Takes the lock of the running agent.
    ///
    /// # Errors
    /// [`StateError::Locked`] when another agent holds it.
    pub fn lock(&self) -> Result<StateLock, StateError> {
        self.check_folder()?;
        let path = self.path(names::LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io_error(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(StateLock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(StateError::Locked(self.root.clone())),
            Err(fs::TryLockError::Error(source)) => Err(StateError::Io { path, source }),
        }
    }
}

/// Names of the files in the folder.
pub mod names {
    /// The device's private key.
    pub const KEY: &str = "device.key";
    /// Its certificate.
    pub const CERTIFICATE: &str = "device.pem";
    /// The authority.
    pub const CA: &str = "ca.pem";
    /// See [`super::Trust`].
    pub const TRUST: &str = "trust.json";
    /// The native programs' bearer.
    pub const LOCAL_TOKEN: &str = "local.token";
    /// Leads a browser to the agent's page.
    pub const OPEN: &str = "open.html";
    /// `ip:port` of the loopback API.
    pub const LOCAL_ADDRESS: &str = "local.address";
    /// The employee's pause.
    pub const PAUSE: &str = "pause.json";
    /// The employee's caps.
    pub const CAPS: &str = "caps.json";
    /// Bytes that moved today.
    pub const GIVEN: &str = "given.json";
    /// The last roster.
    pub const ROSTER: &str = "roster.cbor";
    /// The folder of manifests.
    pub const MANIFESTS: &str = "manifests";
    /// The folder of chunks.
    pub const CACHE: &str = "cache";
    /// The titles that the person at this PC keeps.
    pub const KEPT: &str = "kept.json";
    /// The folder of their manifests.
    pub const KEPT_MANIFESTS: &str = "kept";
    /// What was played and not told yet.
    pub const USAGE: &str = "usage.json";
    /// Events of ads that were signed and not told yet.
    pub const RECEIPTS: &str = "receipts.json";
    /// The running agent's lock.
    pub const LOCK: &str = "agent.lock";
}

/// Writes `bytes` beside `path`, syncs them, renames over `path` and syncs the folder.
///
/// # Errors
/// What the system said; `path` then holds what it held before.
pub fn write_atomic(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let written = write_new(&temporary, bytes, access).and_then(|()| fs::rename(&temporary, path));
    if let Err(e) = written {
        let _ = fs::remove_file(&temporary);
        return Err(e);
    }
    File::open(folder)?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    {
        let mode = if access == Access::Private {
            0o600
        } else {
            0o644
        };
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_may_write_into_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::at(dir.path().join("state"));
        state.create().unwrap();
        for mode in [0o777, 0o720, 0o702] {
            fs::set_permissions(state.root(), fs::Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(state.create(), Err(StateError::Exposed(_))),
                "{mode:o}"
            );
            assert!(
                matches!(state.lock(), Err(StateError::Exposed(_))),
                "{mode:o}"
            );
        }
        for mode in [0o700, 0o755] {
            fs::set_permissions(state.root(), fs::Permissions::from_mode(mode)).unwrap();
            assert!(state.create().is_ok() && state.lock().is_ok(), "{mode:o}");
        }
    }

    #[test]
    fn private_files_are_private_and_the_lock_is_exclusive() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::at(dir.path().join("state"));
        state.create().unwrap();
        state.write(names::KEY, b"old", Access::Private).unwrap();
        state.write(names::KEY, b"new", Access::Private).unwrap();
        assert_eq!(state.read(names::KEY).unwrap(), b"new");
        let mode = fs::metadata(state.path(names::KEY)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(state.root()).unwrap().count(), 1);

        assert!(matches!(state.trust(), Err(StateError::NotEnrolled(_))));
        let mode = fs::metadata(state.root()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(!state.is_locked());
        let held = state.lock().unwrap();
        assert!(state.is_locked());
        assert!(matches!(state.lock(), Err(StateError::Locked(_))));
        drop(held);
        assert!(state.lock().is_ok());
    }
}
