//! What the machine wants done, done.

use std::time::Duration;

use swarm::{
    content::{ChunkId, TitleId},
    peer::{Answer, Fetch, Input, Outcome, Output, Via},
    wire::BadChunk,
};

use tokio::sync::OwnedSemaphorePermit;

use super::{Driver, Report, Running, handle::Delivered};
use crate::{
    cache::Admission,
    chunk::VerifiedChunk,
    clock::micros,
    net::client::{self, Client, FetchError, Request},
};

impl Driver {
    /// Tells the machine, and does what it then wants.
    pub(super) fn input(&mut self, input: Input) {
        tracing::trace!(me = %self.parts.device, ?input, "in");
        self.parts.machine.handle(input, self.parts.clock.now());
        while let Some(output) = self.parts.machine.poll_output() {
            tracing::trace!(me = %self.parts.device, ?output, "out");
            self.effect(output);
        }
    }

    fn effect(&mut self, output: Output) {
        match output {
            Output::Fetch(fetch) => self.fetch(fetch),
            Output::Abort(fetch) => {
                if let Some(running) = self.running.remove(&fetch) {
                    running.task.abort();
                }
            }
            Output::Answer { ask, answer } => {
                if let Some((reply, chunk)) = self.asks.remove(&ask) {
                    let label = answer_label(&answer);
                    self.parts.metrics.asks.with_label_values(&[label]).inc();
                    // A failed send means that the asker is gone; its guard says so.
                    let _ = reply.send((answer, self.fresh(chunk)));
                }
            }
            Output::Deliver {
                request,
                chunk,
                via,
            } => self.deliver(request, chunk, via),
            Output::Fail { request, reason } => {
                if let Some(waiting) = self.answered(request) {
                    let _ = waiting.reply.send(Err(reason));
                }
            }
            Output::ReportBad { from, chunk, got } => {
                tracing::warn!(peer = %from, "a peer sent wrong bytes; it is asked no more");
                self.parts.control.report(BadChunk { from, chunk, got });
            }
            Output::WantRoster => self.parts.control.want_roster(),
            Output::Worth { percent } => self.parts.control.worth(percent),
            Output::WantLease(ask) => self.parts.control.want_lease(ask),
        }
    }

    fn deliver(&mut self, request: swarm::peer::RequestId, chunk: ChunkId, via: Via) {
        if let Some(waiting) = self.answered(request) {
            let delivered = Delivered {
                via,
                chunk: self.fresh(chunk),
            };
            let _ = waiting.reply.send(Ok(delivered));
        }
    }

    fn fresh(&self, chunk: ChunkId) -> Option<VerifiedChunk> {
        self.fresh.clone().filter(|fresh| fresh.id() == chunk)
    }

    fn fetch(&mut self, fetch: Fetch) {
        let (client, memory) = (self.parts.client.clone(), self.memory.clone());
        let (reports, clock) = (self.reports.clone(), self.parts.clock);
        let task = tokio::spawn(async move {
            let deadline = clock.until(fetch.deadline);
            let mut room = None;
            // Only who has an answer takes memory: most of the others wait for a home.
            let take_room = async {
                let fetch = fetch.fetch;
                let _ = reports.send(Report::Began { fetch });
                room = memory.acquire_owned().await.ok();
            };
            let (outcome, chunk) = attempt(&client, fetch, deadline, take_room).await;
            let _ = reports.send(Report::Fetched {
                fetch: fetch.fetch,
                outcome,
                chunk: chunk.zip(room),
            });
        });
        let running = Running {
            task: task.abort_handle(),
            from: fetch.from,
        };
        self.running.insert(fetch.fetch, running);
    }

    pub(super) fn report(&mut self, report: Report) {
        match report {
            Report::Began { fetch } => return self.input(Input::Began(fetch)),
            Report::Fetched {
                fetch,
                outcome,
                chunk,
            } => {
                let input = self.running.remove(&fetch).map(|running| {
                    self.parts.metrics.fetched(running.from, &outcome);
                    Input::Fetched { fetch, outcome }
                });
                match (chunk, input) {
                    (Some((chunk, room)), input) => self.came(chunk, room, input),
                    (None, Some(input)) => self.input(input),
                    (None, None) => {}
                }
            }
            Report::Written { gone, failed } => {
                failed.into_iter().for_each(|id| self.no_room(id));
                self.evicted(gone);
            }
        }
        self.show_cache();
    }

    /// A chunk came. It is readable at once and on disk a little later. `input` is none when the
    /// fetch was given up a moment too late: what it brought is as good.
    fn came(&mut self, chunk: VerifiedChunk, room: OwnedSemaphorePermit, input: Option<Input>) {
        let id = chunk.id();
        let admitted = self.parts.cache.admit(chunk.clone(), self.title(id));
        self.fresh = Some(chunk);
        self.input(input.unwrap_or(Input::Holds(id)));
        self.fresh = None;
        match admitted {
            Admission::Held => {}
            Admission::NoRoom => self.no_room(id),
            Admission::Write { write, evicted } => {
                let reports = self.reports.clone();
                tokio::spawn(async move {
                    let put = write.run().await;
                    drop(room);
                    let _ = reports.send(Report::Written {
                        gone: put.evicted,
                        failed: (!put.stored).then_some(id),
                    });
                });
                self.evicted(evicted);
            }
        }
    }

    /// A chunk came that the cache cannot keep. If it was for the site to hold, the cache is full of what must
    /// stay: nothing more is sought for the site, since every try would come over the WAN.
    fn no_room(&mut self, id: ChunkId) {
        if self.held_for.contains_key(&id) {
            let cache = &self.parts.cache;
            let lacking = self
                .held_for
                .extract_if(|id, _| cache.contains(*id).is_none());
            let lacking: Vec<ChunkId> = lacking.map(|(id, _)| id).collect();
            let chunks = lacking.len();
            tracing::warn!(
                chunks,
                "the cache has no room for more of what the site is to hold"
            );
            self.input(Input::LetGo(lacking));
        }
        self.evicted(vec![id]);
    }

    pub(super) fn evicted(&mut self, gone: Vec<ChunkId>) {
        self.parts.metrics.cache_evictions.inc_by(gone.len() as u64);
        for chunk in gone {
            self.input(Input::Evicted(chunk));
        }
    }

    /// The title somebody here wants the chunk for, or that the site is to hold.
    fn title(&self, chunk: ChunkId) -> Option<TitleId> {
        let mut wants = self.wants.values();
        let wanted = wants.find(|w| w.chunk == chunk).and_then(|w| w.title);
        wanted.or_else(|| self.held_for.get(&chunk).copied())
    }

    pub(super) fn show_cache(&self) {
        let fill = self.parts.cache.fill();
        let metrics = &self.parts.metrics;
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        metrics.cache_bytes.set(whole(fill.held));
        metrics.cache_limit.set(whole(fill.limit));
        metrics.cache_chunks.set(whole(fill.chunks as u64));
    }
}

async fn attempt(
    client: &Client,
    fetch: Fetch,
    deadline: Duration,
    take_room: impl Future<Output = ()>,
) -> (Outcome, Option<VerifiedChunk>) {
    let request = Request {
        chunk: fetch.chunk,
        len: fetch.len,
        hops: fetch.hops,
        deadline,
        priority: fetch.priority,
    };
    match client.chunk(fetch.from, request, take_room).await {
        Ok(client::Answer::Chunk {
            chunk,
            waited,
            took,
        }) => {
            let outcome = Outcome::Delivered {
                len: chunk.len(),
                waited: micros(waited),
                took: micros(took),
            };
            (outcome, Some(chunk))
        }
        Ok(client::Answer::Refer(to)) => (Outcome::Referred(to), None),
        Ok(client::Answer::NotHere) => (Outcome::NotHere, None),
        Ok(client::Answer::Busy) => (Outcome::Busy, None),
        Err(FetchError::Lied { got }) => (Outcome::BadHash { got }, None),
        Err(e) => {
            tracing::debug!(from = ?fetch.from, error = %e, "a fetch failed");
            (Outcome::Failed, None)
        }
    }
}

fn answer_label(answer: &Answer) -> &'static str {
    match answer {
        Answer::Serve => "serve",
        Answer::Refer(_) => "refer",
        Answer::NotHere => "not_here",
        Answer::Busy => "busy",
    }
}
