//! Events of ads that players of this PC showed, signed by the device, on their way to the DMS: they wait here while
//! there is no network.
//!
//! An event is signed and on the disk before the player is told that it was taken, and forgotten when the DMS has
//! answered for it. The DMS counts each once, so telling one again after a kill does no harm.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use swarm::{
    content::DeviceId,
    wire::receipt::{MAX_EVENTS, Receipt},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    device_key::{DeviceKey, SignError},
    net::client::Client,
    state::{Access, StateError, StateFolder, names},
    usage::is_final,
};

/// The most events that wait; the oldest goes first.
const MAX_WAITING: usize = 4_096;
/// Events told at once: with their signatures they fit into what the DMS takes.
const BATCH: usize = 150;
/// The longest media time, milliseconds.
const MAX_MEDIA_MS: i64 = 24 * 3_600_000;
/// The pauses between tries: they double from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// The events that there are.
const EVENTS: [&str; 14] = [
    "impression",
    "start",
    "first_quartile",
    "midpoint",
    "third_quartile",
    "complete",
    "progress",
    "skip",
    "click",
    "pause",
    "resume",
    "mute",
    "unmute",
    "error",
];

/// One event of one showing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    instance: Uuid,
    event: String,
    media_ms: i64,
    at_ms: i64,
    #[serde(default)]
    code: Option<u16>,
    /// What the player says of it is overwritten.
    #[serde(default)]
    receipt: Option<String>,
}

impl Told {
    /// Whether it is the same event of the same showing.
    fn is_same(&self, other: &Self) -> bool {
        (self.instance, &self.event) == (other.instance, &other.event)
            && (self.event != "progress" || self.media_ms == other.media_ms)
    }

    fn complaint(&self) -> Option<&'static str> {
        let code = self.code.is_none_or(|code| (100..=999).contains(&code));
        match () {
            () if !EVENTS.contains(&self.event.as_str()) => Some("event"),
            () if !(0..=MAX_MEDIA_MS).contains(&self.media_ms) => Some("media_ms"),
            () if self.at_ms < 0 => Some("at_ms"),
            () if !code || (self.code.is_some() && self.event != "error") => Some("code"),
            () => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    events: Vec<Told>,
}

/// The events that wait; clones share them.
#[derive(Clone)]
pub struct Receipts {
    inner: Arc<Inner>,
}

struct Inner {
    state: StateFolder,
    client: Client,
    device: DeviceId,
    key: Arc<dyn DeviceKey>,
    /// Locked for a look or a change only.
    waiting: Mutex<VecDeque<Told>>,
    /// Held while the events are changed and written.
    writing: tokio::sync::Mutex<()>,
    more: Notify,
}

impl Receipts {
    /// What an earlier run left.
    #[must_use]
    pub fn load(
        state: StateFolder,
        client: Client,
        device: DeviceId,
        key: Arc<dyn DeviceKey>,
    ) -> Self {
        let read = state.read(names::RECEIPTS).unwrap_or_default();
        let waiting = match serde_json::from_slice(&read) {
            Ok(waiting) => waiting,
            Err(_) if read.is_empty() => VecDeque::new(),
            Err(error) => {
                tracing::warn!(%error, "events of ads were damaged and are lost");
                VecDeque::new()
            }
        };
        Self {
            inner: Arc::new(Inner {
                state,
                client,
                device,
                key,
                waiting: Mutex::new(waiting),
                writing: tokio::sync::Mutex::default(),
                more: Notify::new(),
            }),
        }
    }

    /// Signs and takes events; returns how many when they are on the disk.
    ///
    /// # Errors
    /// What is wrong with them, the key, or the disk.
    pub async fn take(&self, body: &Bytes) -> Result<usize, TakeError> {
        let batch: Batch = serde_json::from_slice(body)?;
        if batch.events.len() > MAX_EVENTS {
            return Err(TakeError::TooMany);
        }
        for (index, event) in batch.events.iter().enumerate() {
            if let Some(field) = event.complaint() {
                return Err(TakeError::Field(index, field));
            }
        }
        let count = batch.events.len();
        let signing = self.clone();
        let signed = tokio::task::spawn_blocking(move || signing.sign(batch.events));
        let signed = signed.await.map_err(|_| SignError)??;
        let _writing = self.inner.writing.lock().await;
        {
            let mut waiting = self.waiting();
            for event in signed {
                if waiting.iter().any(|other| other.is_same(&event)) {
                    continue;
                }
                if waiting.len() >= MAX_WAITING {
                    tracing::warn!("too many events of ads wait; the oldest is lost");
                    waiting.pop_front();
                }
                waiting.push_back(event);
            }
        }
        self.write().await?;
        self.inner.more.notify_one();
        Ok(count)
    }

    fn sign(&self, mut events: Vec<Told>) -> Result<Vec<Told>, SignError> {
        for event in &mut events {
            let receipt = Receipt {
                instance: event.instance.into_bytes(),
                event: &event.event,
                media_ms: event.media_ms,
                at_ms: event.at_ms,
                code: event.code,
                device: self.inner.device.0,
            };
            let signature = self.inner.key.sign(&receipt.message())?;
            event.receipt = Some(BASE64_URL_SAFE_NO_PAD.encode(signature));
        }
        Ok(events)
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
            let events: Vec<Told> = self.waiting().iter().take(BATCH).cloned().collect();
            if events.is_empty() {
                self.inner.more.notified().await;
                continue;
            }
            let batch = Batch { events };
            // Plain strings and numbers always serialise.
            let body = serde_json::to_vec(&batch).unwrap_or_default();
            let told = match self.inner.client.ad_events(body.into()).await {
                Ok(passed) if passed.status.is_success() => true,
                Ok(passed) if is_final(passed.status) => {
                    tracing::warn!(status = %passed.status, "the DMS does not take events of ads");
                    true
                }
                Ok(_) | Err(_) => false,
            };
            if told {
                pause = PAUSES.0;
                self.forget(&batch.events).await;
            } else {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }

    async fn forget(&self, told: &[Told]) {
        let _writing = self.inner.writing.lock().await;
        self.waiting().retain(|event| !told.contains(event));
        if let Err(error) = self.write().await {
            // They are told again after the next start; the DMS counts each once.
            tracing::warn!(%error, "what was told is not forgotten");
        }
    }

    async fn write(&self) -> Result<(), StateError> {
        let bytes = serde_json::to_vec(&*self.waiting()).unwrap_or_default();
        let state = self.inner.state.clone();
        let writing = tokio::task::spawn_blocking(move || {
            state.write(names::RECEIPTS, &bytes, Access::Private)
        });
        writing.await.unwrap_or(Ok(()))
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Told>> {
        self.inner
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why events are not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// More than [`MAX_EVENTS`].
    #[error("send at most {MAX_EVENTS} events at once")]
    TooMany,
    /// A field of one of them.
    #[error("/events/{0}/{1} is not what it should be")]
    Field(usize, &'static str),
    /// It is no JSON, or another.
    #[error("send {{\"events\": [{{\"instance\", \"event\", \"media_ms\", \"at_ms\"}}, ..]}}: {0}")]
    Json(#[from] serde_json::Error),
    /// The device's key.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The disk refused.
    #[error(transparent)]
    State(#[from] StateError),
}
