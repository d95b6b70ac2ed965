//! The KEKs that this process has in memory, and where it gets those it does not.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use drm::key::KekId;

use super::store::KekStore;
use super::{KeyError, Vault};

/// Why there is no KEK to work with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KekError {
    /// This server's store has no KEK of this name.
    #[error(
        "this server lacks the key encryption key {id}: put it at {place}, from the keys folder of the \
         server that made it or from its backup"
    )]
    Missing {
        /// Its name.
        id: KekId,
        /// Where it belongs.
        place: String,
    },
    /// The database says something that is no KEK's name.
    #[error("{0:?} names no key encryption key")]
    Name(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] KeyError),
    /// Rotations began at the same moment, again and again.
    #[error("the key encryption key changed again and again")]
    Unsettled,
    /// The database.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
    /// A task of ours ended early.
    #[error("a task ended early: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// The KEKs. Cheap to clone. Its `Debug` shows none of them.
#[derive(Clone)]
pub struct Ring {
    store: Arc<dyn KekStore>,
    /// The one that sealed what names none.
    first: Arc<Vault>,
    /// Guards the map alone; no await happens under it.
    held: Arc<RwLock<BTreeMap<[u8; 8], Arc<Vault>>>>,
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ring(..)")
    }
}

impl Ring {
    /// Takes every KEK out of the store; an empty one gets its first.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(store: Arc<dyn KekStore>) -> Result<Self, KeyError> {
        let ring = Self {
            first: Arc::new(Vault::of(store.first()?)),
            store,
            held: Arc::default(),
        };
        for id in ring.store.list()? {
            ring.fetch(id)?;
        }
        Ok(ring)
    }

    /// The one that a new installation begins with, and that sealed what names none.
    #[must_use]
    pub fn first(&self) -> &Arc<Vault> {
        &self.first
    }

    /// Those in memory.
    #[must_use]
    pub fn known(&self) -> Vec<Arc<Vault>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.values().cloned().collect()
    }

    /// The KEK that the database calls so; one that another server made is fetched from the store.
    ///
    /// # Errors
    /// [`KekError::Missing`] when the store has none of this name.
    pub async fn named(&self, name: &str) -> Result<Arc<Vault>, KekError> {
        if name.is_empty() {
            return Ok(Arc::clone(&self.first));
        }
        let mut id = [0; 8];
        let spelled = hex::decode_to_slice(name, &mut id).is_ok();
        if !spelled || KekId(id).to_string() != name {
            return Err(KekError::Name(name.to_owned()));
        }
        self.get(KekId(id)).await
    }

    /// The same by its id.
    ///
    /// # Errors
    /// As [`Ring::named`].
    pub async fn get(&self, id: KekId) -> Result<Arc<Vault>, KekError> {
        if let Some(vault) = self.in_memory(id) {
            return Ok(vault);
        }
        let ring = self.clone();
        let found = tokio::task::spawn_blocking(move || ring.fetch(id)).await??;
        found.ok_or_else(|| KekError::Missing {
            id,
            place: self.store.place(id),
        })
    }

    /// Makes another KEK. It is in the store for good, and nobody uses it yet.
    ///
    /// # Errors
    /// The store's.
    pub async fn make(&self) -> Result<Arc<Vault>, KekError> {
        let ring = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            let made = ring.store.make()?;
            Ok::<_, KeyError>(ring.hold(Vault::of(made)))
        });
        Ok(made.await??)
    }

    /// Removes a KEK from the store and from memory.
    ///
    /// # Errors
    /// The store's.
    pub async fn remove(&self, id: KekId) -> Result<(), KekError> {
        let ring = self.clone();
        let removed = tokio::task::spawn_blocking(move || ring.store.remove(id));
        removed.await??;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.remove(&id.0);
        Ok(())
    }

    fn in_memory(&self, id: KekId) -> Option<Arc<Vault>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(&id.0).cloned()
    }

    fn fetch(&self, id: KekId) -> Result<Option<Arc<Vault>>, KeyError> {
        let found = self.store.find(id)?;
        Ok(found.map(|kek| self.hold(Vault::of(kek))))
    }

    fn hold(&self, vault: Vault) -> Arc<Vault> {
        let vault = Arc::new(vault);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.insert(vault.id().0, Arc::clone(&vault));
        vault
    }
}
