//! The one loop: a happening becomes an input of the swarm's state machine, an output an effect.
//!
//! The loop's task owns the machine and never waits for a disk or a network: fetches and writes
//! are tasks of their own that report back. Others reach it through a [`Handle`].

mod effects;
mod handle;
mod site;
mod status;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use swarm::{
    content::{ChunkId, DeviceId, TitleId},
    peer::{AskId, ChunkState, FetchId, Input, Outcome, Peer, RequestId, Source},
    wire::MAX_CAMPAIGN_CHUNKS,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use handle::{Asked, Given, Handle, WantError, Wanted};
pub use site::Known;
pub use status::Status;

use crate::{
    cache::Cache,
    campaigns::Told,
    chunk::VerifiedChunk,
    clock::Clock,
    metrics::Metrics,
    net::{address::AddressBook, client::Client, control},
};
use handle::{AskReply, Happening, Release, WantReply};

/// The most happenings waiting for the loop; then those that report them wait.
const MAX_HAPPENINGS: usize = 1_024;
/// The most chunks on their way here or to the disk. When the disk is slower than the network,
/// further fetches wait for it.
const MAX_IN_MEMORY: usize = 16;

/// What the loop works with.
pub struct Parts {
    /// The decisions.
    pub machine: Peer,
    /// Who we are.
    pub device: DeviceId,
    /// Time as the machine counts it.
    pub clock: Clock,
    /// The chunks on disk.
    pub cache: Cache,
    /// Asks others for chunks.
    pub client: Client,
    /// Where the site's members are.
    pub book: AddressBook,
    /// What is counted.
    pub metrics: Metrics,
    /// What the DMS says.
    pub events: mpsc::Receiver<control::Event>,
    /// Tells the DMS.
    pub control: control::Handle,
    /// What the DMS says of campaigns.
    pub told: watch::Sender<Told>,
}

/// The loop.
pub struct Driver {
    parts: Parts,
    happenings: mpsc::Receiver<Happening>,
    releases: mpsc::UnboundedReceiver<Release>,
    /// The loop's own way to itself, for tasks it starts. Each running fetch sends at most two.
    reports: mpsc::UnboundedSender<Report>,
    reported: mpsc::UnboundedReceiver<Report>,
    wants: HashMap<RequestId, Waiting>,
    /// The lengths of the wants together, bytes.
    waiting_bytes: u64,
    /// Members of the site besides this PC.
    others: usize,
    asks: HashMap<AskId, (AskReply, ChunkId)>,
    running: HashMap<FetchId, Running>,
    /// One permit for each chunk that is on its way here or to the disk.
    memory: Arc<Semaphore>,
    /// The chunk that just came: who waited for it gets it from memory.
    fresh: Option<VerifiedChunk>,
    banned: BTreeSet<DeviceId>,
    /// When each was pardoned last.
    pardons: BTreeMap<DeviceId, u64>,
    /// The titles that chunks are held for.
    held_for: HashMap<ChunkId, TitleId>,
    known: watch::Sender<Known>,
    status: watch::Sender<Status>,
}

/// A want that has no answer yet.
struct Waiting {
    reply: WantReply,
    chunk: ChunkId,
    len: u32,
    title: Option<TitleId>,
}

/// A fetch on its way.
struct Running {
    task: tokio::task::AbortHandle,
    from: Source,
}

/// What a task of the loop reports.
enum Report {
    /// The bytes of a fetch begin to come.
    Began { fetch: FetchId },
    /// A fetch ended; with its bytes if it brought them.
    Fetched {
        fetch: FetchId,
        outcome: Outcome,
        chunk: Option<(VerifiedChunk, OwnedSemaphorePermit)>,
    },
    /// A chunk is written, or failed to be; these are held no more.
    Written {
        gone: Vec<ChunkId>,
        failed: Option<ChunkId>,
    },
}

/// How others reach the loop, and what it shows.
pub struct Ends {
    /// Asks it for chunks.
    pub handle: Handle,
    /// What it shows of itself.
    pub status: watch::Receiver<Status>,
    /// What it knows of the site, to be kept for the next start.
    pub known: watch::Receiver<Known>,
}

impl Driver {
    /// A loop that has not begun to turn.
    #[must_use]
    pub fn new(parts: Parts) -> (Self, Ends) {
        let (happenings_in, happenings) = mpsc::channel(MAX_HAPPENINGS);
        let (releases_in, releases) = mpsc::unbounded_channel();
        let (reports, reported) = mpsc::unbounded_channel();
        let (status, status_out) = watch::channel(Status::default());
        let (known, known_out) = watch::channel(Known::default());
        let handle = Handle {
            happenings: happenings_in,
            releases: releases_in,
            next: Arc::default(),
            clock: parts.clock,
            cache: parts.cache.clone(),
        };
        let driver = Self {
            parts,
            happenings,
            releases,
            reports,
            reported,
            wants: HashMap::new(),
            waiting_bytes: 0,
            others: 0,
            asks: HashMap::new(),
            running: HashMap::new(),
            memory: Arc::new(Semaphore::new(MAX_IN_MEMORY)),
            fresh: None,
            banned: BTreeSet::new(),
            pardons: BTreeMap::new(),
            held_for: HashMap::new(),
            known,
            status,
        };
        let ends = Ends {
            handle,
            status: status_out,
            known: known_out,
        };
        (driver, ends)
    }

    /// Turns until `stop`. `known` is what the last run knew of the site, if it still holds.
    pub async fn run(mut self, known: Option<Known>, stop: CancellationToken) {
        for (chunk, _) in self.parts.cache.held() {
            self.input(Input::Holds(chunk));
        }
        if let Some(known) = known {
            self.remember(known);
        }
        self.show();
        while self.turn(&stop).await {
            self.show();
        }
        for running in self.running.values() {
            running.task.abort();
        }
    }

    /// One happening; false when it is time to stop.
    async fn turn(&mut self, stop: &CancellationToken) -> bool {
        let wake = self.parts.machine.next_timeout();
        let sleep = wake.map(|(at, _)| self.parts.clock.until(at));
        let timer = async {
            match sleep {
                Some(sleep) => tokio::time::sleep(sleep).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            () = timer => self.input(Input::Timeout),
            Some(release) = self.releases.recv() => self.release(release),
            Some(report) = self.reported.recv() => self.report(report),
            Some(event) = self.parts.events.recv() => self.hear(event),
            happening = self.happenings.recv() => match happening {
                Some(happening) => self.happen(happening),
                None => return false,
            },
        }
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Want { want, title, reply } => {
                if reply.is_closed() {
                    return;
                }
                let waiting = Waiting {
                    reply,
                    chunk: want.chunk,
                    len: want.len,
                    title,
                };
                self.waiting_bytes += u64::from(want.len);
                self.wants.insert(want.request, waiting);
                self.input(Input::Want(want));
            }
            Happening::Asked { ask, reply } => {
                if !reply.is_closed() {
                    self.asks.insert(ask.ask, (reply, ask.chunk));
                    self.input(Input::Asked(ask));
                }
            }
            Happening::Willing(willing) => {
                let sharing = willing.sharing;
                self.status.send_modify(|s| s.sharing = sharing);
                self.input(Input::Sharing(sharing));
            }
            Happening::Hold {
                title,
                chunks,
                copies,
            } => {
                let room = MAX_CAMPAIGN_CHUNKS.saturating_sub(self.held_for.len());
                let ids = chunks.iter().map(|chunk| chunk.id);
                self.held_for.extend(ids.take(room).map(|id| (id, title)));
                self.input(Input::Hold { chunks, copies });
            }
            Happening::LetGo(chunks) => {
                for chunk in &chunks {
                    self.held_for.remove(chunk);
                }
                self.input(Input::LetGo(chunks));
            }
            Happening::Look { chunks, reply } => {
                let machine = &self.parts.machine;
                let look = |id| (machine.state(id) == ChunkState::Have, machine.is_keeper(id));
                let _ = reply.send(chunks.into_iter().map(look).collect());
            }
            Happening::Gone(mut chunks) => {
                // What came again meanwhile is here.
                chunks.retain(|id| self.parts.cache.contains(*id).is_none());
                self.evicted(chunks);
                self.show_cache();
            }
            Happening::Lost(chunk) => {
                self.parts.metrics.cache_rot.inc();
                self.input(Input::Evicted(chunk));
            }
        }
    }

    fn release(&mut self, release: Release) {
        match release {
            Release::Cancel(request) => {
                if self.answered(request).is_some() {
                    self.input(Input::Cancel(request));
                }
            }
            Release::AskGone(ask) => {
                self.asks.remove(&ask);
                self.input(Input::AskGone(ask));
            }
            Release::Served(ask) => self.input(Input::Served(ask)),
        }
    }

    fn show(&mut self) {
        let (others, waiting_bytes) = (self.others, self.waiting_bytes);
        let load = self.parts.machine.load();
        self.parts.metrics.machine(self.parts.machine.counters());
        self.status.send_if_modified(|status| {
            let shown = Status {
                others,
                waiting_bytes,
                load,
                ..status.clone()
            };
            let changed = *status != shown;
            *status = shown;
            changed
        });
    }

    /// Takes a want off the list.
    fn answered(&mut self, request: RequestId) -> Option<Waiting> {
        let waiting = self.wants.remove(&request)?;
        self.waiting_bytes -= u64::from(waiting.len);
        Some(waiting)
    }
}
