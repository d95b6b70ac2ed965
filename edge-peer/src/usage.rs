//! What players of this PC played, on its way to the DMS: it waits here while there is no network.
//!
//! A report names licences and times, no title and no person. It is written before the player is told that it was taken,
//! and forgotten when the DMS has answered, whatever the answer.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    net::client::Client,
    state::{Access, StateError, StateFolder, names},
};

/// The most reports that wait; the oldest goes first.
const MAX_WAITING: usize = 512;
/// The longest report, bytes.
pub const MAX_REPORT: usize = 32 << 10;
/// The pauses between tries: they double from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// The reports that wait; clones share them.
#[derive(Clone)]
pub struct Usage {
    inner: Arc<Inner>,
}

struct Inner {
    state: StateFolder,
    client: Client,
    /// Locked for a look or a change only.
    waiting: Mutex<VecDeque<String>>,
    /// Held while the reports are changed and written.
    writing: tokio::sync::Mutex<()>,
    more: Notify,
}

impl Usage {
    /// What an earlier run left.
    #[must_use]
    pub fn load(state: StateFolder, client: Client) -> Self {
        let read = state.read(names::USAGE).unwrap_or_default();
        let waiting = match serde_json::from_slice(&read) {
            Ok(waiting) => waiting,
            Err(_) if read.is_empty() => VecDeque::new(),
            Err(error) => {
                tracing::warn!(%error, "reports of what was played were damaged and are lost");
                VecDeque::new()
            }
        };
        Self {
            inner: Arc::new(Inner {
                state,
                client,
                waiting: Mutex::new(waiting),
                writing: tokio::sync::Mutex::default(),
                more: Notify::new(),
            }),
        }
    }

    /// Takes a report; returns when it is on the disk.
    ///
    /// # Errors
    /// What is wrong with it, or the disk.
    pub async fn take(&self, report: &Bytes) -> Result<(), TakeError> {
        if report.len() > MAX_REPORT {
            return Err(TakeError::TooLong);
        }
        let object: Value = serde_json::from_slice(report)?;
        if !object.is_object() {
            return Err(TakeError::NoObject);
        }
        let text = object.to_string();
        let _writing = self.inner.writing.lock().await;
        {
            let mut waiting = self.waiting();
            if waiting.len() >= MAX_WAITING {
                tracing::warn!("too many reports of what was played wait; the oldest is lost");
                waiting.pop_front();
            }
            waiting.push_back(text);
        }
        self.write().await?;
        self.inner.more.notify_one();
        Ok(())
    }

    /// How many wait.
    #[must_use]
    pub fn waits(&self) -> usize {
        self.waiting().len()
    }

    /// Tells the DMS until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.tell()).await;
    }

    async fn tell(&self) {
        let mut pause = PAUSES.0;
        loop {
            let first = self.waiting().front().cloned();
            let Some(first) = first else {
                self.inner.more.notified().await;
                continue;
            };
            let answer = self.inner.client.usage(first.clone().into()).await;
            let told = match &answer {
                Ok(passed) if passed.status.is_success() => true,
                Ok(passed) if is_final(passed.status) => {
                    tracing::warn!(status = %passed.status, "the DMS does not take a report of what was played");
                    true
                }
                Ok(_) | Err(_) => false,
            };
            if told {
                pause = PAUSES.0;
                self.forget(&first).await;
            } else {
                // A player that has played just now is a sign of life, not of a network.
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }

    async fn forget(&self, told: &str) {
        let _writing = self.inner.writing.lock().await;
        // Meanwhile it may have gone to make room.
        let is_first =
            |waiting: &VecDeque<String>| waiting.front().is_some_and(|first| first == told);
        {
            let mut waiting = self.waiting();
            if is_first(&waiting) {
                waiting.pop_front();
            }
        }
        if let Err(error) = self.write().await {
            // It is told again after the next start; the DMS counts it once.
            tracing::warn!(%error, "what was told is not forgotten");
        }
    }

    async fn write(&self) -> Result<(), StateError> {
        let bytes = serde_json::to_vec(&*self.waiting()).unwrap_or_default();
        let state = self.inner.state.clone();
        let writing =
            tokio::task::spawn_blocking(move || state.write(names::USAGE, &bytes, Access::Private));
        writing.await.unwrap_or(Ok(()))
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.inner
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the same report would get the same answer again.
pub(crate) fn is_final(status: StatusCode) -> bool {
    status.is_client_error()
        && !matches!(
            status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
        )
}

/// Why a report is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// More than [`MAX_REPORT`] bytes.
    #[error("a report has at most {MAX_REPORT} bytes")]
    TooLong,
    /// It is something else.
    #[error("send a JSON object {{\"plays\": [..]}}")]
    NoObject,
    /// It is no JSON.
    #[error("the report is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The disk refused.
    #[error(transparent)]
    State(#[from] StateError),
}
