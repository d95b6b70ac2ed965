//! The agent put together: what runs, in which order it starts, and in which order it ends.
//!
//! Start: state folder and its lock, certificate, cache, listeners, machine, tasks. The listeners
//! are bound before anything is told to anybody, so that an address the DMS hears of is answered.
//! End: say that we leave, take no more requests, let uploads finish for [`GRACE`], say goodbye to
//! the DMS, stop the loop, write what is kept.

mod holdings;
mod keepers;
mod mender;
mod tasks;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hyper_util::service::TowerToHyperService;
use swarm::{
    content::DeviceId,
    peer::{self, Peer},
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cache::{self, Cache, CacheError},
    campaigns::Told,
    clock::Clock,
    config::Config,
    device_key::{DeviceKey, DeviceKeyStore, KeyError, SoftwareStore},
    driver::{Driver, Ends, Known, Parts},
    local_api::{self, Guard},
    logs::Tail,
    metrics::{Metrics, Sent},
    net::{
        address::{AddressBook, Origin, OriginError, is_public},
        chunks::ChunkService,
        client::Client,
        congestion::Congestion,
        control,
        identity::{Identity, IdentityError},
        pace::Pace,
        renewal::Renewal,
        serve,
    },
    platform::{Sys, interface_of, surroundings::Surroundings},
    policy::{Caps, Given, Pause, Watcher, Willing, watch as watch_policy},
    state::{Access, StateError, StateFolder, StateLock, Trust, names},
    titles::Shelf,
};
use holdings::Holdings;
use keepers::Keepers;
use mender::Mender;
use tasks::{Stops, Tasks};

/// How long uploads and answers to local programs may take once the agent ends.
pub const GRACE: Duration = Duration::from_secs(5);
/// The most words of the DMS waiting for the loop.
const MAX_EVENTS: usize = 64;

/// Why the agent does not run.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The state folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The device's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The certificate.
    #[error("{0}; enrol anew with another --state folder")]
    Identity(#[from] IdentityError),
    /// The device URL.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The cache.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The manifests.
    #[error("the manifests in {folder} cannot be used: {source}; remove the folder")]
    Shelf {
        /// The folder.
        folder: String,
        /// What is wrong.
        source: io::Error,
    },
    /// A listener.
    #[error("{address} cannot be listened on: {source}; is another agent running? set {setting}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Which setting says so.
        setting: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no randomness.
    #[error("the system has no randomness")]
    Randomness,
    /// The metrics.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    /// A part ended that must not.
    #[error("the agent's {0} stopped unexpectedly")]
    Part(&'static str),
}

/// An agent that is ready to run.
pub struct Agent {
    config: Config,
    state: StateFolder,
    caps: Caps,
    log: Tail,
    _lock: StateLock,
    trust: Trust,
    identity: Identity,
    key: Arc<dyn DeviceKey>,
    cache: Cache,
    shelf: Shelf,
    chunk_listener: TcpListener,
    local_listener: TcpListener,
    chunk_address: SocketAddr,
    local_address: SocketAddr,
}

impl Agent {
    /// Reads the state, opens the cache and binds the listeners.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn load(config: Config) -> Result<Self, AgentError> {
        let state = StateFolder::at(&config.state);
        let trust = state.trust()?;
        let lock = state.lock()?;
        let identity = read_identity(&state, &trust)?;
        let key = SoftwareStore::new(&state).load()?;
        Origin::parse(&trust.device_url)?;
        let caps = Caps::load(&state);
        let disk = config.limits().over(caps).disk.value;
        let cache = Cache::open(
            &state.path(names::CACHE),
            disk.unwrap_or(config.cache_limit),
        )?;
        let manifests = state.path(names::MANIFESTS);
        let shelf = Shelf::open(&manifests).map_err(|source| AgentError::Shelf {
            folder: manifests.display().to_string(),
            source,
        })?;
        let chunk_listener = listen(config.chunk_listen, "--chunk-listen").await?;
        let local_listener = listen(config.local_listen, "--local-listen").await?;
        let at = |listener: &TcpListener, asked| listener.local_addr().unwrap_or(asked);
        Ok(Self {
            chunk_address: at(&chunk_listener, config.chunk_listen),
            local_address: at(&local_listener, config.local_listen),
            config,
            state,
            caps,
            log: Tail::default(),
            _lock: lock,
            trust,
            identity,
            key,
            cache,
            shelf,
            chunk_listener,
            local_listener,
        })
    }

    /// With the end of its log, for support bundles.
    #[must_use]
    pub fn with_log(self, log: Tail) -> Self {
        Self { log, ..self }
    }

    /// Where peers ask.
    #[must_use]
    pub fn chunk_address(&self) -> SocketAddr {
        self.chunk_address
    }

    /// Where programs and pages of this PC ask.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.local_address
    }

    /// Runs until `shutdown`, and then ends in order.
    ///
    /// # Errors
    /// [`AgentError`] when a part cannot start, or stops by itself.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), AgentError> {
        let base = self.base()?;
        let policy = self.policy();
        let (keeper, control, events) = self.control(&base, &policy);
        let (told, heard) = watch::channel(Told::default());
        let parts = self.driver_parts(&base, events, control.clone(), told);
        let (driver, ends) = Driver::new(parts);
        let holdings = Holdings::of(&self, &base, &ends, control, heard).await;
        let (given, given_out) = watch::channel(Given::load(&self.state));
        let known = Known::load(&self.state, |ip| interface_of(ip).is_some());
        let persons = Persons {
            pause: policy.pause,
            given: given_out,
            quit: shutdown.clone(),
        };
        let api = self.api(&base, &ends, persons, &holdings)?;
        let chunks = chunk_service(&ends, &base);
        let tls = Arc::new(self.identity.server_config()?);
        let keepers = Keepers {
            state: self.state.clone(),
            known: ends.known.clone(),
            local_ip: policy.local_ip,
            willing: policy.willing,
            driver: ends.handle.clone(),
            metrics: base.metrics.clone(),
            pace: base.pace.clone(),
            given,
        };
        let mender = Mender {
            losses: self.cache.losses(),
            driver: ends.handle.clone(),
        };
        let congestion = Congestion::new(self.config.congestion.clone());
        let renewal = self.renewal(&base);
        self.announce()?;

        let stops = Stops::new(policy.leaving);
        let mut parts = Tasks::new();
        parts.start("loop", driver.run(known, stops.driver.clone()));
        parts.start("control connection", keeper.run(stops.control.clone()));
        parts.start("policy", policy.watcher.run(policy.told));
        parts.start("keepers", keepers.run(stops.control.clone()));
        parts.start("renewal", renewal.run(stops.control.clone()));
        holdings.start(&mut parts, &stops.control);
        let losses = congestion.clone().watch();
        parts.start("losses", until(stops.control.clone(), losses));
        parts.start("mender", until(stops.control.clone(), mender.run()));
        let scrub = cache::keep(self.cache);
        parts.start("scrub", until(stops.control.clone(), scrub));
        let listening = serve::peers(
            self.chunk_listener,
            tls,
            congestion.clone(),
            base.metrics.sent(Sent::Peers),
            stops.chunks.clone(),
            chunks,
        );
        parts.start("chunk listener", listening);
        let local = serve::local(self.local_listener, stops.local.clone(), api);
        parts.start("loopback API", local);

        let ended = tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            name = parts.first_to_end() => Err(AgentError::Part(name)),
        };
        stops.in_order(&mut parts).await;
        let _ = std::fs::remove_file(self.state.path(names::LOCAL_ADDRESS));
        ended
    }

    fn renewal(&self, base: &Base) -> Renewal {
        Renewal {
            state: self.state.clone(),
            keys: Arc::new(SoftwareStore::new(&self.state)),
            identity: self.identity.clone(),
            client: base.client.clone(),
            metrics: base.metrics.clone(),
        }
    }

    fn base(&self) -> Result<Base, AgentError> {
        let metrics = Metrics::new()?;
        let book = AddressBook::new(Origin::parse(&self.trust.device_url)?);
        let bind = self.config.bind;
        let client = Client::new(&self.identity, book.clone(), bind, metrics.clone())?;
        let pace = Pace::default();
        let caps = self.config.limits().over(self.caps);
        pace.limit(caps.upload.value);
        Ok(Base {
            metrics,
            book,
            client,
            pace,
        })
    }

    fn policy(&self) -> Policy {
        let leaving = CancellationToken::new();
        let (pause, paused) = watch::channel(Pause::load(&self.state));
        let (local_ip, local) = watch::channel(None);
        let watcher = Watcher {
            sys: Sys::default(),
            metered: self.config.metered,
            weight: self.config.weight,
            pause: paused,
            local,
            leaving: leaving.clone(),
        };
        let (told, willing) = watch_policy(&watcher);
        Policy {
            leaving,
            pause,
            local_ip,
            watcher,
            told,
            willing,
        }
    }

    fn control(
        &self,
        base: &Base,
        policy: &Policy,
    ) -> (
        control::Keeper,
        control::Handle,
        mpsc::Receiver<control::Event>,
    ) {
        let (events, heard) = mpsc::channel(MAX_EVENTS);
        let metrics = base.metrics.clone();
        let (keeper, handle) = control::keeper(control::Link {
            identity: self.identity.clone(),
            book: base.book.clone(),
            bind: self.config.bind,
            listening: self.chunk_address,
            advertise: self.config.advertise,
            willing: policy.willing.clone(),
            surroundings: Surroundings::of(&self.trust.tenant),
            sent: base.metrics.sent(Sent::Control),
            totals: Box::new(move || metrics.totals()),
            events,
        });
        (keeper, handle, heard)
    }

    fn driver_parts(
        &self,
        base: &Base,
        events: mpsc::Receiver<control::Event>,
        control: control::Handle,
        told: watch::Sender<Told>,
    ) -> Parts {
        let limits = peer::Config {
            upload_slots: self.config.upload_slots.into(),
            ..peer::Config::default()
        };
        let device = self.trust.device_id;
        Parts {
            machine: Peer::new(limits, device, rand::random()),
            device,
            clock: Clock::start(),
            cache: self.cache.clone(),
            client: base.client.clone(),
            book: base.book.clone(),
            metrics: base.metrics.clone(),
            events,
            control,
            told,
        }
    }

    fn api(
        &self,
        base: &Base,
        ends: &Ends,
        persons: Persons,
        holdings: &Holdings,
    ) -> Result<LocalService, AgentError> {
        let origins = self.trust.portal_origins.clone();
        let guard = Guard::new(self.local_address, origins, &self.local_token()?);
        let router = local_api::router(
            local_api::Parts {
                listening: self.local_address,
                chunk_listening: self.chunk_address,
                trust: self.trust.clone(),
                identity: self.identity.clone(),
                cache: self.cache.clone(),
                driver: ends.handle.clone(),
                status: ends.status.clone(),
                titles: holdings.titles.clone(),
                kept: holdings.kept.clone(),
                usage: holdings.usage.clone(),
                receipts: holdings.receipts.clone(),
                messenger: holdings.messenger.clone(),
                metrics: base.metrics.clone(),
                pause: persons.pause,
                given: persons.given,
                limits: self.config.limits(),
                caps: watch::Sender::new(self.caps),
                pace: base.pace.clone(),
                quit: persons.quit,
                log: self.log.clone(),
                config: self.config.clone(),
                state: self.state.clone(),
                look_ahead: self.config.look_ahead,
                deadline: self.config.deadline,
            },
            guard,
        );
        Ok(TowerToHyperService::new(router))
    }

    /// The bearer of native programs, made at the first start.
    fn local_token(&self) -> Result<String, AgentError> {
        let kept = self.state.read(names::LOCAL_TOKEN).ok();
        let kept = kept.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(token) = kept.filter(|t| t.trim().len() >= 32) {
            return Ok(token.trim().to_owned());
        }
        let token = local_api::random_token().ok_or(AgentError::Randomness)?;
        let access = Access::Private;
        self.state
            .write(names::LOCAL_TOKEN, token.as_bytes(), access)?;
        Ok(token)
    }

    /// Tells programs of this PC where the agent is.
    fn announce(&self) -> Result<(), AgentError> {
        let address = self.local_address.to_string();
        self.state
            .write(names::LOCAL_ADDRESS, address.as_bytes(), Access::Public)?;
        tracing::info!(
            device = %self.trust.device_id,
            chunks = %self.chunk_address,
            local = %self.local_address,
            "the agent runs"
        );
        Ok(())
    }
}

/// The work, until it is time to stop.
async fn until(stop: CancellationToken, work: impl Future<Output = ()> + Send) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

type LocalService = TowerToHyperService<axum::Router>;

/// What nearly every part needs.
struct Base {
    metrics: Metrics,
    book: AddressBook,
    client: Client,
    pace: Pace,
}

/// What the person at this PC decides and sees.
struct Persons {
    pause: watch::Sender<Pause>,
    given: watch::Receiver<Given>,
    quit: CancellationToken,
}

/// Whether this PC gives, and who decides it.
struct Policy {
    leaving: CancellationToken,
    pause: watch::Sender<Pause>,
    local_ip: watch::Sender<Option<IpAddr>>,
    watcher: Watcher,
    told: watch::Sender<Willing>,
    willing: watch::Receiver<Willing>,
}

fn chunk_service(
    ends: &Ends,
    base: &Base,
) -> impl Fn(DeviceId, Option<IpAddr>) -> ChunkService + Clone + Send + Sync + 'static {
    let (driver, book) = (ends.handle.clone(), base.book.clone());
    let (metrics, pace) = (base.metrics.clone(), base.pace.clone());
    move |from, address| ChunkService {
        from,
        driver: driver.clone(),
        book: book.clone(),
        metrics: metrics.clone(),
        pace: pace.clone(),
        outside: address.is_none_or(is_public),
    }
}

/// The identity in a state folder.
///
/// # Errors
/// [`AgentError`] when a file is missing, or they do not belong together.
pub fn read_identity(state: &StateFolder, trust: &Trust) -> Result<Identity, AgentError> {
    let certificate = state.read(names::CERTIFICATE)?;
    let key = SoftwareStore::new(state).load()?;
    let ca = state.read(names::CA)?;
    Ok(Identity::new(trust.device_id, &certificate, key, &ca)?)
}

async fn listen(address: SocketAddr, setting: &'static str) -> Result<TcpListener, AgentError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| AgentError::Listen {
        address,
        setting,
        source,
    })
}

#[cfg(test)]
mod tests;
