//! How the rest of the agent reaches the loop.
//!
//! Questions travel over a bounded channel and are answered over a channel of their own. When who
//! asked goes away, a guard tells the loop. Guards cannot wait, so they have an unbounded channel;
//! it carries at most one message for each want and ask, whose number is bounded elsewhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use swarm::{
    content::{ChunkId, ChunkRef, DeviceId, TitleId},
    peer::{Answer, Ask, AskId, FailReason, Priority, RequestId, Via, Want},
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    cache::{Cache, Got, Reader, Source},
    chunk::VerifiedChunk,
    clock::Clock,
    policy::Willing,
};

/// How often a chunk that rotted on disk is fetched again for one want.
const MAX_HEALS: u32 = 2;

pub(super) type WantReply = oneshot::Sender<Result<Delivered, FailReason>>;
pub(super) type AskReply = oneshot::Sender<(Answer, Option<VerifiedChunk>)>;

/// Something the loop must know.
pub(super) enum Happening {
    Want {
        want: Want,
        title: Option<TitleId>,
        reply: WantReply,
    },
    Asked {
        ask: Ask,
        reply: AskReply,
    },
    Willing(Willing),
    /// The site is to hold these.
    Hold {
        title: TitleId,
        chunks: Vec<ChunkRef>,
        copies: u8,
    },
    /// The site need not hold these any more.
    LetGo(Vec<ChunkId>),
    /// Is each of these here, and is this PC one of those that keep it?
    Look {
        chunks: Vec<ChunkId>,
        reply: oneshot::Sender<Vec<(bool, bool)>>,
    },
    /// The cache lost a chunk on reading it.
    Lost(ChunkId),
    /// The cache let go of these.
    Gone(Vec<ChunkId>),
}

/// Who asked went away, or has what it asked for.
pub(super) enum Release {
    Cancel(RequestId),
    AskGone(AskId),
    Served(AskId),
}

/// A want's answer: where the chunk came from, and the chunk if it is in memory anyway.
pub(super) struct Delivered {
    pub via: Via,
    pub chunk: Option<VerifiedChunk>,
}

/// Why a chunk did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WantError {
    /// The machine says why.
    #[error(transparent)]
    Failed(#[from] FailReason),
    /// The disk loses chunks as fast as they come.
    #[error("the disk of this PC does not keep what is written to it")]
    Disk,
    /// The agent is stopping.
    #[error("the agent is stopping")]
    Stopping,
}

/// Talks to the loop; clones share it.
#[derive(Clone)]
pub struct Handle {
    pub(super) happenings: mpsc::Sender<Happening>,
    pub(super) releases: mpsc::UnboundedSender<Release>,
    pub(super) next: Arc<AtomicU64>,
    pub(super) clock: Clock,
    pub(super) cache: Cache,
}

/// What another peer asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The chunk.
    pub chunk: ChunkId,
    /// How long it waits for an answer at most.
    pub wait: Duration,
    /// How often the request was passed on.
    pub hops: u8,
    /// How urgent it is.
    pub priority: Priority,
    /// The chunk's length, bytes, as the asker says.
    pub len: Option<u32>,
}

/// What another peer gets.
// One a request, and moved a few times: a box of its own would cost more.
#[allow(clippy::large_enum_variant)]
pub enum Given {
    /// The chunk, from memory.
    Chunk(VerifiedChunk),
    /// The chunk, from disk.
    Stored(Reader),
    /// These peers have it, or are nearer to it.
    Refer(Vec<DeviceId>),
    /// Not here.
    NotHere,
    /// No slot is free.
    Busy,
}

/// Another peer's request, from its arrival until it has what it asked for. Dropping it tells the
/// loop.
pub struct Asked {
    ask: AskId,
    releases: mpsc::UnboundedSender<Release>,
    reply: Option<oneshot::Receiver<(Answer, Option<VerifiedChunk>)>>,
    done: bool,
}

impl Handle {
    /// Gets a chunk from the cache, a peer or the origin, within about `wait`.
    ///
    /// # Errors
    /// [`WantError`].
    pub async fn want(
        &self,
        chunk: ChunkRef,
        title: Option<TitleId>,
        wait: Duration,
        priority: Priority,
    ) -> Result<(VerifiedChunk, Via), WantError> {
        let deadline = self.clock.after(wait);
        for _ in 0..=MAX_HEALS {
            let want = Want {
                request: RequestId(self.next.fetch_add(1, Ordering::Relaxed)),
                chunk: chunk.id,
                len: chunk.len,
                deadline,
                priority,
            };
            let delivered = self.ask_loop(want, title).await?;
            let got = match delivered.chunk {
                Some(chunk) => Got::Chunk(chunk),
                None => self.cache.get(chunk.id).await,
            };
            match got {
                Got::Chunk(chunk) => return Ok((chunk, delivered.via)),
                Got::Absent | Got::Rotten => self.lost(chunk.id).await,
            }
        }
        Err(WantError::Disk)
    }

    async fn ask_loop(&self, want: Want, title: Option<TitleId>) -> Result<Delivered, WantError> {
        let (reply, answer) = oneshot::channel();
        let request = want.request;
        let happening = Happening::Want { want, title, reply };
        let sent = self.happenings.send(happening).await;
        sent.map_err(|_| WantError::Stopping)?;
        let mut guard = CancelOnDrop {
            request: Some(request),
            releases: &self.releases,
            answer,
        };
        let answered = (&mut guard.answer).await;
        guard.request = None;
        Ok(answered.map_err(|_| WantError::Stopping)??)
    }

    /// Another peer asks for a chunk. None: the agent is stopping.
    pub async fn asked(&self, from: DeviceId, wanted: Wanted) -> Option<(Asked, Given)> {
        let chunk = wanted.chunk;
        let (reply, answer) = oneshot::channel();
        let id = AskId(self.next.fetch_add(1, Ordering::Relaxed));
        let ask = Ask {
            ask: id,
            from,
            chunk,
            deadline: self.clock.after(wanted.wait),
            hops: wanted.hops,
            priority: wanted.priority,
            len: wanted.len,
        };
        let sent = self.happenings.send(Happening::Asked { ask, reply }).await;
        sent.ok()?;
        let mut asked = Asked {
            ask: id,
            releases: self.releases.clone(),
            reply: Some(answer),
            done: false,
        };
        let (answer, fresh) = asked.reply.as_mut()?.await.ok()?;
        let given = match (answer, fresh) {
            (Answer::Serve, Some(chunk)) => Given::Chunk(chunk),
            (Answer::Serve, None) => self.read(chunk).await,
            (Answer::Refer(to), _) => Given::Refer(to),
            (Answer::NotHere, _) => Given::NotHere,
            (Answer::Busy, _) => Given::Busy,
        };
        Some((asked, given))
    }

    async fn read(&self, chunk: ChunkId) -> Given {
        match self.cache.source(chunk).await {
            Source::Memory(chunk) => Given::Chunk(chunk),
            Source::Disk(reader) => Given::Stored(reader),
            Source::Absent => {
                self.lost(chunk).await;
                Given::NotHere
            }
        }
    }

    /// The whole of a chunk that is held: for an asker that wants a part of it.
    pub async fn whole(&self, chunk: ChunkId) -> Option<VerifiedChunk> {
        match self.cache.get(chunk).await {
            Got::Chunk(chunk) => Some(chunk),
            Got::Absent | Got::Rotten => None,
        }
    }

    /// Whether this PC gives changed.
    pub async fn willing(&self, willing: Willing) {
        let _ = self.happenings.send(Happening::Willing(willing)).await;
    }

    /// The site is to hold so many copies of these: this PC takes care of those it is a home of.
    pub async fn hold(&self, title: TitleId, chunks: Vec<ChunkRef>, copies: u8) {
        let happening = Happening::Hold {
            title,
            chunks,
            copies,
        };
        let _ = self.happenings.send(happening).await;
    }

    /// Whether each of these is here, and whether this PC is one of those that keep it for the site. None: the
    /// agent is stopping.
    pub async fn look(&self, chunks: Vec<ChunkId>) -> Option<Vec<(bool, bool)>> {
        let (reply, answer) = oneshot::channel();
        let sent = self
            .happenings
            .send(Happening::Look { chunks, reply })
            .await;
        sent.ok()?;
        answer.await.ok()
    }

    /// The site need not hold these any more.
    pub async fn let_go(&self, chunks: Vec<ChunkId>) {
        let _ = self.happenings.send(Happening::LetGo(chunks)).await;
    }

    /// The cache let go of these because somebody wished so.
    pub async fn gone(&self, chunks: Vec<ChunkId>) {
        let _ = self.happenings.send(Happening::Gone(chunks)).await;
    }

    /// The cache lost a chunk.
    pub async fn lost(&self, chunk: ChunkId) {
        let _ = self.happenings.send(Happening::Lost(chunk)).await;
    }
}

impl Asked {
    /// The peer has the whole chunk.
    pub fn served(mut self) {
        self.done = true;
        self.reply = None;
        let _ = self.releases.send(Release::Served(self.ask));
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.done {
            // First the channel closes: a request still on its way to the loop is then skipped.
            self.reply = None;
            let _ = self.releases.send(Release::AskGone(self.ask));
        }
    }
}

struct CancelOnDrop<'a> {
    request: Option<RequestId>,
    releases: &'a mpsc::UnboundedSender<Release>,
    answer: oneshot::Receiver<Result<Delivered, FailReason>>,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request {
            self.answer.close();
            let _ = self.releases.send(Release::Cancel(request));
        }
    }
}
