//! The loopback API: pages of allowed origins and native programs of this PC.
//!
//! | route | file |
//! |---|---|
//! | `/v1/hello`, `/v1/session`, `/v1/status`, `/v1/pause`, `/v1/resume`, `/metrics` | `agent` |
//! | `/v1/trust`, `/v1/titles/..`, `/v1/chunks/..`, `/v1/license`, `/v1/licenses/..`, `/v1/usage`, `/v1/receipts` | `content` |
//! | `/v1/titles/../breaks/../assets`, `/v1/ads/events` | `breaks` |
//! | `/v1/kept`, `/v1/kept/..` | `kept` |
//! | `/v1/caps`, `/v1/clear`, `/v1/stored`, `/v1/today` | `caps` |
//! | `/v1/doctor`, `/v1/bundle`, `/v1/quit` | `support` |
//! | `/ui`, `/ui/..`, `/v1/ui/code`, `/v1/ui/session` | `ui` |
//! | `/v1/hls/..` | `hls` |
//! | `/v1/titles/../fetch` | `whole` |
//! | `/watch/..`, `/assets/..`, `/v1/watch/session`, `/api/v1/..` | `watching` |
//!
//! `guard` stands before all of them: exact `Host`, exact `Origin`, bearer, CORS. What only the person at this PC may
//! do is refused to pages of the DMS, which any script there could ask.

mod agent;
mod ahead;
mod breaks;
mod caps;
mod content;
pub mod guard;
mod hls;
mod kept;
mod problem;
mod support;
mod ui;
mod watching;
mod whole;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use swarm::{
    content::ChunkRef,
    peer::{Priority, Via},
};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub use agent::StatusReport;
pub use guard::{Guard, random_token};

use crate::{
    cache::Cache,
    chunk::VerifiedChunk,
    config::Config,
    driver::{Handle, Status, WantError},
    kept::Kept,
    logs::Tail,
    metrics::Metrics,
    net::{identity::Identity, messenger::Messenger, pace::Pace},
    policy::{Caps, Given, Limits, Pause},
    receipts::Receipts,
    state::{StateFolder, Trust},
    titles::{Edition, Titles},
    usage::Usage,
};

/// The longest request body, bytes.
const MAX_BODY: usize = 64 << 10;
/// The most memory for segments on their way to players, MiB.
const SEGMENT_MEMORY: usize = 128;

/// What the API answers from.
pub struct Parts {
    /// Where it listens.
    pub listening: SocketAddr,
    /// Where the chunk listener listens.
    pub chunk_listening: SocketAddr,
    /// What enrolment said.
    pub trust: Trust,
    /// Who we are.
    pub identity: Identity,
    /// The chunks on disk.
    pub cache: Cache,
    /// Asks the machine.
    pub driver: Handle,
    /// What the machine shows.
    pub status: watch::Receiver<Status>,
    /// Manifests.
    pub titles: Titles,
    /// Titles that the person here keeps.
    pub kept: Kept,
    /// What was played.
    pub usage: Usage,
    /// Events of ads that were shown.
    pub receipts: Receipts,
    /// Passes licence requests on.
    pub messenger: Messenger,
    /// What is counted.
    pub metrics: Metrics,
    /// The employee's pause.
    pub pause: watch::Sender<Pause>,
    /// Bytes given today.
    pub given: watch::Receiver<Given>,
    /// What the company allows.
    pub limits: Limits,
    /// What the person at this PC chose of it.
    pub caps: watch::Sender<Caps>,
    /// How fast uploads go.
    pub pace: Pace,
    /// Ends the agent.
    pub quit: CancellationToken,
    /// The end of the log.
    pub log: Tail,
    /// The configuration in force.
    pub config: Config,
    /// Where the pause is kept.
    pub state: StateFolder,
    /// How far ahead of a player segments are fetched.
    pub look_ahead: Duration,
    /// How long a player waits that does not say.
    pub deadline: Duration,
}

/// What every route shares.
pub(crate) struct Api {
    parts: Parts,
    ahead: ahead::Ahead,
    memory: Arc<Semaphore>,
    /// One test of the connection at a time.
    examining: Semaphore,
    started: Instant,
}

type Shared = Arc<Api>;

impl Api {
    /// Gets a chunk for a player, and counts it.
    async fn play(
        &self,
        edition: &Edition,
        chunk: ChunkRef,
        wait: Duration,
    ) -> Result<(VerifiedChunk, Via), WantError> {
        let start = Instant::now();
        let title = Some(edition.title());
        let wanted = self
            .parts
            .driver
            .want(chunk, title, wait, Priority::Playing);
        let (chunk, via) = wanted.await?;
        let via = self.ahead.source(chunk.id(), via);
        let (bytes, metrics) = (u64::from(chunk.len()), &self.parts.metrics);
        metrics.delivered(via, bytes, start.elapsed());
        Ok((chunk, via))
    }
}

/// The router, guarded.
pub fn router(parts: Parts, guard: Guard) -> Router {
    let api = Arc::new(Api {
        ahead: ahead::Ahead::new(parts.driver.clone(), parts.cache.clone(), parts.look_ahead),
        memory: Arc::new(Semaphore::new(SEGMENT_MEMORY)),
        examining: Semaphore::new(1),
        started: Instant::now(),
        parts,
    });
    let guard = Arc::new(guard);
    let watch_page = watching::routes(guard.clone(), api.clone());
    Router::new()
        .route("/v1/hello", get(agent::hello))
        .route("/v1/status", get(agent::status))
        .route("/v1/pause", post(agent::pause))
        .route("/v1/resume", post(agent::resume))
        .route("/metrics", get(agent::metrics))
        .route("/v1/trust", get(content::trust))
        .route("/v1/titles/{title}/manifest", get(content::manifest))
        .route("/v1/titles/{title}/fetch", post(whole::fetch))
        .route("/v1/titles/{title}/breaks/{id}/assets", get(breaks::assets))
        .route("/v1/ads/events", post(breaks::events))
        .route("/v1/chunks/{id}", get(content::chunk))
        .route("/v1/license", post(content::license))
        .route("/v1/licenses/{license}", get(content::standing))
        .route("/v1/usage", post(content::usage))
        .route("/v1/receipts", post(content::receipts))
        .route("/v1/kept", get(kept::list))
        .route(
            "/v1/kept/{title}",
            get(kept::one).put(kept::keep).delete(kept::let_go),
        )
        .route("/v1/caps", get(caps::show).put(caps::choose))
        .route("/v1/clear", post(caps::clear))
        .route("/v1/stored", get(caps::stored))
        .route("/v1/today", get(caps::today))
        .route("/v1/doctor", post(support::test))
        .route("/v1/bundle", get(support::bundle))
        .route("/v1/quit", post(support::quit))
        .route("/ui", get(ui::page))
        .route("/ui/{*path}", get(ui::file))
        .route("/v1/hls/{title}/master.m3u8", get(hls::master))
        .route("/v1/hls/{title}/{version}/{track}/{file}", get(hls::file))
        .fallback(problem::no_route)
        .with_state(api)
        .route(
            "/v1/session",
            post(guard::session).with_state(guard.clone()),
        )
        .merge(ui::routes(guard.clone()))
        .merge(watch_page)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(guard, guard::check))
}
