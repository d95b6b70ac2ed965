//! Where manifests, licences and chunks come from: the agent on this computer, or the DMS.
//!
//! Both speak nearly the same HTTP. The agent comes first when it answers; when it fails while
//! playing, [`Source::chunk`] goes on at the DMS. All retries live here: a chunk is asked for at
//! most [`MAX_ATTEMPTS`] times, whichever path answers.

pub mod endpoint;
pub mod pins;
pub mod row;

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde::Serialize;
use swarm::content::{ChunkId, ChunkRef, TitleId};

pub use endpoint::{ChunkSource, Endpoint, FetchError, Kept, PathKind, Wants};

pub use row::Row;

use crate::{config::SourceConfig, error::PlayError};

/// The most times one chunk is asked for.
pub const MAX_ATTEMPTS: u32 = 6;
/// Failures in a row after which the next path is taken.
const FAILURES_TO_SWITCH: u32 = 2;
/// The longest wait for one chunk when no other path is left.
const LAST_PATH_LIMIT: Duration = Duration::from_secs(30);
/// The bounds of the wait for one chunk when another path could be asked instead.
const OTHER_PATH_LIMITS: (Duration, Duration) = (Duration::from_secs(6), Duration::from_secs(15));
/// How long after its deadline a chunk is still waited for: the agent asks the origin just
/// before the deadline, and that answer should not be cut off.
const GRACE: Duration = Duration::from_secs(2);
/// How long after a switch the preferred path gets another chance.
const RETURN_AFTER: Duration = Duration::from_secs(30);
/// The pause after a failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The most failures kept for the report.
const MAX_NOTES: usize = 32;

/// Payload bytes by where they came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct BytesBySource {
    /// The agent had them.
    pub cache: u64,
    /// Other PCs of the site.
    pub peer: u64,
    /// The DMS, through the agent or directly.
    pub origin: u64,
}

/// The paths in the order of preference, and which one is in use.
pub struct Source {
    endpoints: Vec<Endpoint>,
    current: AtomicUsize,
    failures: AtomicU32,
    /// When the preferred path gets another chance; none while it is in use, and when it gave
    /// wrong bytes. Locked for a look or a store only.
    return_at: Mutex<Option<Instant>>,
    cache: AtomicU64,
    peer: AtomicU64,
    origin: AtomicU64,
    /// What went wrong and was survived. Locked for a push or a clone only.
    notes: Mutex<Vec<String>>,
}

impl Source {
    /// Finds out which paths there are. The agent counts when it answers `/v1/hello`.
    ///
    /// # Errors
    /// [`PlayError`] when there is neither an agent that answers nor a DMS, or when a token file
    /// that was named cannot be read.
    pub async fn connect(config: &SourceConfig) -> Result<Self, PlayError> {
        let mut endpoints = Vec::new();
        let mut agent_failure = None;
        if let Some(agent) = &config.agent {
            match Endpoint::agent(
                agent,
                &config.agent_token_file,
                config.token_file.as_deref(),
            )
            .await
            {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(error) => {
                    tracing::info!(%error, "the agent is not used");
                    agent_failure = Some(error);
                }
            }
        }
        if let Some(dms) = &config.dms {
            let (token, ca) = (config.token_file.as_deref(), config.ca_file.as_deref());
            endpoints.push(Endpoint::dms(dms, token, ca)?);
        }
        if endpoints.is_empty() {
            return Err(agent_failure.unwrap_or_else(|| {
                PlayError::Usage("With --no-agent a DMS is needed: add --dms URL.".into())
            }));
        }
        Ok(Self {
            endpoints,
            current: AtomicUsize::new(0),
            failures: AtomicU32::new(0),
            return_at: Mutex::new(None),
            cache: AtomicU64::new(0),
            peer: AtomicU64::new(0),
            origin: AtomicU64::new(0),
            notes: Mutex::new(Vec::new()),
        })
    }

    /// The path in use.
    ///
    /// # Panics
    /// Never: a source has at least one endpoint and `current` is an index of it.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        let index = self.current.load(Ordering::Relaxed);
        self.endpoints
            .get(index)
            .or(self.endpoints.last())
            .expect("a source has an endpoint")
    }

    /// All paths.
    pub fn all(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter()
    }

    /// The paths from the one in use on.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let current = self.current.load(Ordering::Relaxed);
        self.endpoints.iter().skip(current)
    }

    /// The agent, whichever path is in use.
    #[must_use]
    pub fn agent(&self) -> Option<&Endpoint> {
        self.endpoints
            .iter()
            .find(|endpoint| endpoint.kind() == PathKind::Agent)
    }

    /// The name of the path in use.
    #[must_use]
    pub fn path(&self) -> PathKind {
        self.endpoint().kind()
    }

    /// Takes the next path, if there is one.
    pub fn switch(&self, reason: &PlayError) -> bool {
        self.switch_from(self.current.load(Ordering::Relaxed), reason)
    }

    /// What was fetched so far.
    #[must_use]
    pub fn bytes(&self) -> BytesBySource {
        BytesBySource {
            cache: self.cache.load(Ordering::Relaxed),
            peer: self.peer.load(Ordering::Relaxed),
            origin: self.origin.load(Ordering::Relaxed),
        }
    }

    /// What went wrong so far, at most [`MAX_NOTES`] lines.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Fetches and verifies one chunk that is needed within `deadline`.
    ///
    /// # Errors
    /// [`PlayError::CorruptChunk`] when every path gave wrong bytes, else why the last path failed.
    pub async fn chunk(
        &self,
        title: TitleId,
        chunk: ChunkRef,
        deadline: Duration,
    ) -> Result<Bytes, PlayError> {
        self.return_when_due();
        let mut index = self.current.load(Ordering::Relaxed);
        let mut pause = FIRST_PAUSE;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let failure = match self.attempt(index, title, chunk, deadline).await {
                Ok(bytes) => return Ok(bytes),
                Err(failure) => failure,
            };
            self.note(&failure);
            self.failed(index, &failure);
            if index + 1 < self.endpoints.len() {
                // This chunk does not wait until the whole path is given up.
                index += 1;
                continue;
            }
            // Wrong bytes from the last path: once may be an accident, twice is not.
            let limit = match failure {
                PlayError::CorruptChunk(_) => 2,
                PlayError::SignInNeeded(_) => 1,
                _ => MAX_ATTEMPTS,
            };
            if attempt >= limit {
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn attempt(
        &self,
        index: usize,
        title: TitleId,
        chunk: ChunkRef,
        deadline: Duration,
    ) -> Result<Bytes, PlayError> {
        let endpoint = self.endpoints.get(index).unwrap_or_else(|| self.endpoint());
        let limit = if index + 1 < self.endpoints.len() {
            (deadline + GRACE).clamp(OTHER_PATH_LIMITS.0, OTHER_PATH_LIMITS.1)
        } else {
            LAST_PATH_LIMIT
        };
        let answer = tokio::time::timeout(limit, endpoint.chunk(title, chunk, deadline)).await;
        let (bytes, from) = answer
            .unwrap_or_else(|_| {
                Err(FetchError::Unreachable(format!(
                    "no answer within {} s",
                    limit.as_secs()
                )))
            })
            .map_err(|error| endpoint.failure(error))?;
        self.check(chunk.id, &bytes, from)?;
        if index == self.current.load(Ordering::Relaxed) {
            self.failures.store(0, Ordering::Relaxed);
        }
        Ok(bytes)
    }

    /// All chunks of a title at once, in any order, when the path in use is an agent.
    ///
    /// # Errors
    /// Why the agent does not send them.
    pub async fn whole(&self, title: TitleId) -> Result<Option<Row>, PlayError> {
        let endpoint = self.endpoint();
        if endpoint.kind() != PathKind::Agent {
            return Ok(None);
        }
        let row = endpoint.whole(title).await;
        row.map(Some).map_err(|error| endpoint.failure(error))
    }

    /// The next chunk of a row, not verified: the agent did, and opening it will show.
    ///
    /// # Errors
    /// Why there is no next one.
    pub async fn next(&self, row: &mut Row) -> Result<Option<(ChunkId, Bytes)>, PlayError> {
        let came = row.next().await;
        let came = came.map_err(|error| self.endpoint().failure(error))?;
        let Some(came) = came else { return Ok(None) };
        self.count(&came.bytes, came.from);
        Ok(Some((came.id, came.bytes)))
    }

    fn check(&self, id: ChunkId, bytes: &Bytes, from: ChunkSource) -> Result<(), PlayError> {
        if ChunkId::of(bytes) != id {
            return Err(PlayError::CorruptChunk(id));
        }
        self.count(bytes, from);
        Ok(())
    }

    fn count(&self, bytes: &Bytes, from: ChunkSource) {
        let counter = match from {
            ChunkSource::Cache => &self.cache,
            ChunkSource::Peer => &self.peer,
            ChunkSource::Origin => &self.origin,
        };
        counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    /// Counts a failure of path `index`; the next one is taken after several in a row, or at
    /// once after wrong bytes.
    fn failed(&self, index: usize, failure: &PlayError) {
        if index != self.current.load(Ordering::Relaxed) {
            return;
        }
        let in_a_row = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let lied = matches!(failure, PlayError::CorruptChunk(_));
        if lied || in_a_row >= FAILURES_TO_SWITCH {
            self.switch_from(index, failure);
        }
    }

    fn switch_from(&self, index: usize, reason: &PlayError) -> bool {
        let (relaxed, next) = (Ordering::Relaxed, index + 1);
        if next >= self.endpoints.len() {
            return false;
        }
        if self
            .current
            .compare_exchange(index, next, relaxed, relaxed)
            .is_ok()
        {
            self.failures.store(0, relaxed);
            let lied = matches!(reason, PlayError::CorruptChunk(_));
            *self.return_at() = (!lied).then(|| Instant::now() + RETURN_AFTER);
            tracing::warn!(%reason, path = %self.path(), "another path is taken");
        }
        true
    }

    /// Gives the preferred path another chance when it is time; its first failure ends it.
    fn return_when_due(&self) {
        let due = self.return_at().take_if(|at| *at <= Instant::now());
        if due.is_some() {
            self.failures
                .store(FAILURES_TO_SWITCH - 1, Ordering::Relaxed);
            self.current.store(0, Ordering::Relaxed);
            tracing::info!(path = %self.path(), "the preferred path gets another chance");
        }
    }

    fn return_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.return_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a failure that was survived into the report.
    pub fn note(&self, failure: &PlayError) {
        tracing::info!(%failure, "a chunk could not be fetched");
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < MAX_NOTES {
            notes.push(format!("{}: {failure}", failure.code()));
        }
    }
}
