//! The watch in use: each slice of playing is checked, taken from the budget and stored before it is played.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use drm::lease::{Contact, Lease, LeaseError, MAX_SEALED_LEN, SealKey, Watch};
use swarm::content::{DeviceId, TitleId};

use super::{Shelf, keys::KeyStore, private_folder, read, unusable, write};
use crate::{error::PlayError, license::now_ms};

/// The name of the watch's key.
const KEY: &str = "watch";

/// The watch of this user on this device. Who has one has it alone.
pub struct Timekeeper {
    file: PathBuf,
    device: DeviceId,
    key: SealKey,
    _lock: File,
    /// Locked while a slice is stored: the next waits for the disk.
    state: Mutex<State>,
}

struct State {
    watch: Watch,
    /// When it was looked at last.
    looked: Instant,
}

/// The place of the watch, locked, whether there is one or not.
pub struct Place {
    shelf: Shelf,
    device: DeviceId,
    lock: File,
}

impl Place {
    /// Locks the place of the watch.
    ///
    /// # Errors
    /// [`PlayError::SavedInUse`] when another player has it.
    pub fn lock(shelf: &Shelf, device: DeviceId) -> Result<Self, PlayError> {
        private_folder(shelf.folder())?;
        let path = shelf.folder().join("watch.lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = options
            .open(&path)
            .map_err(|error| unusable(&path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                shelf: shelf.clone(),
                device,
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(PlayError::SavedInUse),
            Err(TryLockError::Error(error)) => Err(unusable(&path, error)),
        }
    }

    /// The watch that was stored. None: there is none, or it is of no use; the DMS will see which.
    ///
    /// # Errors
    /// [`PlayError::State`] when a file cannot be read.
    pub fn stored(self) -> Result<Result<Timekeeper, Self>, PlayError> {
        let file = self.file();
        let key = self.shelf.keys().get(KEY)?;
        let sealed = read(&file, MAX_SEALED_LEN as u64)?;
        let (Some(key), Some(sealed)) = (key, sealed) else {
            return Ok(Err(self));
        };
        let key = SealKey::from_bytes(*key);
        match Watch::from_sealed(&sealed, &key, self.device.0) {
            Ok(watch) => Ok(Ok(self.keeper(key, watch))),
            Err(error) => {
                tracing::warn!(%error, "the watch of saved titles is not used");
                Ok(Err(self))
            }
        }
    }

    /// A new watch, set by a time that the DMS has just signed for this process.
    ///
    /// # Errors
    /// [`PlayError::State`].
    pub fn begin(self, server_ms: u64) -> Result<Timekeeper, PlayError> {
        let key = SealKey::generate(&mut rand::rng());
        self.shelf.keys().put(KEY, &key.to_bytes())?;
        Ok(self.keeper(key, Watch::new(server_ms)))
    }

    fn file(&self) -> PathBuf {
        self.shelf.folder().join("watch.sealed")
    }

    fn keeper(self, key: SealKey, watch: Watch) -> Timekeeper {
        Timekeeper {
            file: self.file(),
            device: self.device,
            key,
            _lock: self.lock,
            state: Mutex::new(State {
                watch,
                looked: Instant::now(),
            }),
        }
    }
}

impl Timekeeper {
    /// What to tell the DMS: what was stored last.
    #[must_use]
    pub fn contact(&self) -> Contact {
        self.state().watch.contact()
    }

    /// Takes the time that the DMS has just signed for this process, `waited_ms` after it was asked.
    pub fn answered(&self, server_ms: u64, waited_ms: u64) {
        if let Err(error) = self.state().watch.server_answers(server_ms, waited_ms) {
            tracing::info!(%error, "the watch was not set right");
        }
    }

    /// Keeps a licence, with so much to play, and stores that.
    ///
    /// # Errors
    /// [`PlayError::NotOffline`] when too many are kept, [`PlayError::State`].
    pub fn admit(&self, title: TitleId, lease: &Lease, budget_ms: u64) -> Result<(), PlayError> {
        let mut state = self.state();
        let admitted = state.watch.admit(lease, budget_ms);
        admitted.map_err(|error| refused(title, &error))?;
        self.store(&mut state.watch)
    }

    /// What is left to play of a licence, milliseconds of media.
    #[must_use]
    pub fn left_ms(&self, license: [u8; 16]) -> u64 {
        self.state().watch.left_ms(license)
    }

    /// Whether a licence may be used without contact now.
    ///
    /// # Errors
    /// [`PlayError::NotOffline`].
    pub fn check(&self, title: TitleId, lease: &Lease) -> Result<(), PlayError> {
        let mut state = self.state();
        state.look(lease).map_err(|error| refused(title, &error))
    }

    /// Checks, takes `media_ms` from the budget and stores that: what is about to be played. Waits for the disk.
    ///
    /// # Errors
    /// [`PlayError::NotOffline`], [`PlayError::State`].
    pub fn spend(&self, title: TitleId, lease: &Lease, media_ms: u64) -> Result<(), PlayError> {
        let mut state = self.state();
        let checked = state.look(lease);
        let spent = checked.and_then(|()| Ok(state.watch.play(lease.license_id, media_ms)?));
        // Also what is over is stored: the mark must not be forgotten.
        self.store(&mut state.watch)?;
        spent.map_err(|error| refused(title, &error))
    }

    fn store(&self, watch: &mut Watch) -> Result<(), PlayError> {
        let sealed = watch.to_sealed(&self.key, self.device.0, &mut rand::rng());
        let sealed = sealed.map_err(|error| unusable(&self.file, error))?;
        write(&self.file, &sealed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&mut self, lease: &Lease) -> Result<(), LeaseError> {
        let ran = self.looked.elapsed();
        self.looked = Instant::now();
        self.watch
            .ran(u64::try_from(ran.as_millis()).unwrap_or(u64::MAX));
        self.watch.check(now_ms(), lease).map(|_| ())
    }
}

fn refused(title: TitleId, error: &impl std::fmt::Display) -> PlayError {
    PlayError::NotOffline {
        title,
        reason: error.to_string(),
    }
}
