//! What happens, told to pages and programs while it happens: server-sent events.
//!
//! [`feed`] writes what happens in this process into a [`Ring`]; each stream ([`stream`]) reads from it at
//! its own pace
//! and tells what its caller may see. Nothing here is durable: who missed something is told so, and reads
//! again.

pub mod feed;
pub mod routes;
pub mod stream;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use swarm::content::{SiteId, TitleId};
use tokio::sync::watch;
use uuid::Uuid;

use crate::events::List;
use crate::site::wan::Sent;

/// What is kept for streams that come back or read slowly.
const RING_MAX: usize = 1024;
/// Streams at a time.
const STREAMS_MAX: usize = 2_000;
/// Streams of one caller at a time.
const CALLER_STREAMS_MAX: usize = 10;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A title's state, progress, version or description changed.
    Title(TitleId),
    /// A title is gone.
    Gone(TitleId),
    /// An upload has more bytes, became a title or is gone.
    Upload(Uuid),
    /// Another number of peers is connected.
    Peers(SitePeers),
    /// A site holds more or less of a title that it is to hold.
    Campaign(CampaignProgress),
    /// Something in a list changed.
    List(List),
    /// More happened than could be told.
    Missed,
}

/// What a site's peers come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SitePeers {
    /// The site; null: in no site.
    pub site: Option<Uuid>,
    /// Connected peers.
    pub peers: i64,
    /// Payload bytes the origin sent to it since the server started.
    pub origin_bytes: u64,
    /// Bytes of the distinct chunks among them.
    pub distinct_bytes: u64,
    /// `origin_bytes` / `distinct_bytes`.
    pub wan_copies: f64,
}

/// How far a site is with a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CampaignProgress {
    /// The title.
    pub title: Uuid,
    /// The site.
    pub site: Uuid,
    /// Chunks it is to hold.
    pub chunks: usize,
    /// Chunks that some PC of the site has.
    pub chunks_held: usize,
    /// Chunks of which there are as many copies as there are to be.
    pub chunks_complete: usize,
}

impl SitePeers {
    fn of(site: Option<SiteId>, peers: i64, sent: Sent) -> Self {
        Self {
            site: site.map(|site| Uuid::from_bytes(site.0)),
            peers,
            origin_bytes: sent.bytes,
            distinct_bytes: sent.distinct_bytes,
            wan_copies: sent.copies(),
        }
    }
}

/// What happened lately, in order.
#[derive(Debug, Default)]
struct Ring {
    /// The number of the newest; 0: nothing happened.
    last: u64,
    kept: VecDeque<(u64, Happening)>,
}

impl Ring {
    fn push(&mut self, what: Happening) {
        self.last += 1;
        self.kept.push_back((self.last, what));
        if self.kept.len() > RING_MAX {
            self.kept.pop_front();
        }
    }

    /// What happened after this number; none: not all of it is kept.
    fn after(&self, number: u64) -> Option<Vec<Happening>> {
        let oldest = self
            .kept
            .front()
            .map_or(self.last + 1, |(number, _)| *number);
        if number > self.last || number + 1 < oldest {
            return None;
        }
        let newer = self.kept.iter().filter(|(at, _)| *at > number);
        Some(newer.map(|(_, what)| what.clone()).collect())
    }
}

/// What the streams share.
#[derive(Debug)]
pub struct Live {
    /// Drawn at each start: numbers of another process mean nothing here.
    start: String,
    /// Never held across an await.
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
    /// How many streams each caller has. Never held across an await.
    callers: Mutex<BTreeMap<String, usize>>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            start: Uuid::new_v4().simple().to_string().split_off(24),
            ring: Mutex::default(),
            newest: watch::Sender::new(0),
            callers: Mutex::default(),
        }
    }
}

/// Where a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The number of what was told last.
    pub number: u64,
    /// Whether something before it was not told.
    pub missed: bool,
}

impl Live {
    /// Notes what happened, and wakes the streams.
    pub fn push(&self, what: Happening) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.push(what);
        self.newest.send_replace(ring.last);
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn has_streams(&self) -> bool {
        self.newest.receiver_count() > 0
    }

    /// Where a stream begins: after what its reader had last, or now.
    #[must_use]
    pub fn begin(&self, last_id: Option<&str>) -> Cursor {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Cursor {
            number: ring.last,
            missed: last_id.is_some(),
        };
        let number = last_id
            .and_then(|id| id.split_once('-'))
            .filter(|(start, _)| *start == self.start)
            .and_then(|(_, number)| number.parse().ok());
        match number {
            Some(number) if ring.after(number).is_some() => Cursor {
                number,
                missed: false,
            },
            _ => now,
        }
    }

    /// What happened after a cursor, and where that leads; none of it is lost silently.
    #[must_use]
    pub fn after(&self, cursor: Cursor) -> (Vec<Happening>, Cursor) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Cursor {
            number: ring.last,
            missed: false,
        };
        match ring.after(cursor.number) {
            Some(all) => (all, next),
            None => (vec![Happening::Missed], next),
        }
    }

    /// How a cursor is called in `Last-Event-ID`.
    #[must_use]
    pub fn id(&self, cursor: Cursor) -> String {
        format!("{}-{}", self.start, cursor.number)
    }

    /// A place for one more stream of a caller.
    ///
    /// # Errors
    /// [`Full`].
    pub fn take(self: &Arc<Self>, caller: String) -> Result<Place, Full> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.values().sum::<usize>() >= STREAMS_MAX {
            return Err(Full::Server);
        }
        let count = callers.entry(caller.clone()).or_default();
        if *count >= CALLER_STREAMS_MAX {
            return Err(Full::Caller);
        }
        *count += 1;
        drop(callers);
        Ok(Place {
            live: Arc::clone(self),
            newest: self.newest.subscribe(),
            caller,
        })
    }
}

/// Why there is no place for a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The server has as many as it takes.
    #[error("the server has no room for another stream: try again later")]
    Server,
    /// The caller has.
    #[error("you have {CALLER_STREAMS_MAX} streams already: close one first")]
    Caller,
}

/// A stream's place; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    live: Arc<Live>,
    newest: watch::Receiver<u64>,
    caller: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let callers = self.live.callers.lock();
        let mut callers = callers.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = callers.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}
