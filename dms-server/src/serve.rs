//! The assembled server: what is opened, what runs, and in which order it ends.
//!
//! A type and not just `main`, because tests and the demonstration start the very same object.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ads::{self, decide::Filling};
use crate::auth;
use crate::backup::kept::Backups;
use crate::campaign::{self, board::Board};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::delivery::{self, Deliveries};
use crate::device::ca::Ca;
use crate::device::known::Known;
use crate::device::{self, device_id, tls};
use crate::egress::Egress;
use crate::events::Events;
use crate::keys::{self, Keys, rotation};
use crate::license::recorder::{self, Recorder};
use crate::live;
use crate::net::{Limits, Listener};
use crate::observe::health::Readiness;
use crate::observe::metrics::Metrics;
use crate::oidc::Oidc;
use crate::origin::checked::Checked;
use crate::origin::hot::Hot;
use crate::people::{self, People};
use crate::publish::{self, Publish};
use crate::routes;
use crate::search;
use crate::site;
use crate::site::hub::Hub;
use crate::site::ledger::{self, Ledgers};
use crate::site::wan::Wan;
use crate::state::{App, Parts};
use crate::store::Store;
use crate::webhook::{self, Webhooks};

/// How long running requests and tasks may take to end once the server stops.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Limits of the metrics listener: a scraper or two.
const METRICS_LIMITS: Limits = Limits {
    connections: 16,
    handshake: Duration::from_secs(5),
    header: Duration::from_secs(5),
};

/// A server that is ready to run: everything is open and every listener bound.
pub struct Dms {
    app: App,
    listeners: Listeners,
    first_start: bool,
    setup_token: Option<auth::Secret>,
}

struct Listeners {
    public: Listener,
    device: Listener,
    metrics: Listener,
}

/// Where a server's listeners are bound.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// For people and programs.
    pub public: SocketAddr,
    /// For devices.
    pub device: SocketAddr,
    /// For Prometheus.
    pub metrics: SocketAddr,
}

impl Dms {
    /// Opens the data folder, database, store and keys, and binds the listeners.
    ///
    /// # Errors
    /// The first thing that does not work, with what to do about it.
    pub async fn load(config: Config) -> anyhow::Result<Self> {
        let opened = Opened::open(&config).await?;
        let first_start = opened.ensure_owner(&config).await?;
        let now_ms = opened.clock.now_ms();
        let setup_token = people::setup_token(&opened.db, now_ms).await?;
        let listeners = Listeners::bind(&config, &opened).await?;
        let addresses = listeners.addresses()?;
        let scheme = if config.public_tls() { "https" } else { "http" };
        let public_origin = or_else(&config.public.origin, || {
            format!("{scheme}://{}", addresses.public)
        });
        let device_url = or_else(&config.device.url, || {
            format!("https://{}", addresses.device)
        });
        let app = opened.assemble(config, public_origin, device_url)?;
        site::reload(&app).await?;
        campaign::reload(&app).await?;
        let banned = device::db::revoked(&app.db, app.clock.now_ms(), BANNED_MAX).await?;
        app.sites
            .set_banned(banned.into_iter().map(device_id).collect());
        let pardons = device::db::pardons(&app.db, PARDONS_MAX).await?;
        let pardon = |(device, at_ms): (_, i64)| device::pardon(device, at_ms);
        app.sites
            .set_pardons(pardons.into_iter().map(pardon).collect());
        Ok(Self {
            app,
            listeners,
            first_start,
            setup_token,
        })
    }

    /// What the handlers share.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Where the listeners are bound.
    ///
    /// # Errors
    /// The system's.
    pub fn addresses(&self) -> std::io::Result<Addresses> {
        self.listeners.addresses()
    }

    /// Where the public listener is bound.
    ///
    /// # Errors
    /// The system's.
    pub fn public_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.addresses()?.public)
    }

    /// Whether this start made the owner's token.
    #[must_use]
    pub fn first_start(&self) -> bool {
        self.first_start
    }

    /// The token that makes the first owner's account; none once there are accounts.
    #[must_use]
    pub fn setup_token(&self) -> Option<&auth::Secret> {
        self.setup_token.as_ref()
    }

    /// Serves until `shutdown`, then ends in this order: listeners stop accepting, peers are sent
    /// away and the worker stops taking jobs; running requests and tasks finish, at most ten seconds;
    /// the database closes.
    ///
    /// # Errors
    /// When the worker cannot go on.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Self { app, listeners, .. } = self;
        let Listeners {
            public,
            device,
            metrics,
        } = listeners;
        let stop = app.stop.clone();
        let running = TaskTracker::new();
        running.spawn(public.serve(routes::public(&app), stop.clone()));
        running.spawn(device.serve(routes::device(&app), stop.clone()));
        running.spawn(metrics.serve(routes::metrics(&app), stop.clone()));
        app.tasks.spawn(ledger::run(app.clone()));
        app.tasks.spawn(site::hours::follow::run(app.clone()));
        app.tasks.spawn(campaign::run(app.clone()));
        app.tasks.spawn(ads::creative::fetch::run(app.clone()));
        app.tasks.spawn(ads::campaign::hold::run(app.clone()));
        app.tasks.spawn(live::feed::run(app.clone()));
        app.tasks.spawn(recorder::run(app.clone()));
        app.tasks.spawn(webhook::run(app.clone()));
        app.tasks.spawn(delivery::run(app.clone()));
        app.tasks.spawn(people::refusals::run(app.clone()));
        app.tasks.spawn(rotation::run(app.clone()));
        app.tasks.spawn(search::catch_up(app.clone()));
        let mut worker = tokio::spawn(publish::run(app.clone(), stop.clone()));
        let ended = tokio::select! {
            () = shutdown => None,
            // It never ends by itself.
            () = app.sites.tell_later() => None,
            ended = &mut worker => Some(ended),
        };
        stop.cancel();
        running.close();
        app.tasks.close();
        let drained = tokio::time::timeout(DRAIN_MAX, async {
            running.wait().await;
            app.tasks.wait().await;
            match ended {
                Some(ended) => ended,
                None => worker.await,
            }
        })
        .await;
        if drained.is_err() {
            tracing::warn!("some requests or jobs did not end in time and were cut off");
        }
        // A connection that was cut off may hold the database: its end is not waited for for ever.
        let _ = tokio::time::timeout(DRAIN_MAX, app.db.close()).await;
        match drained {
            Ok(ended) => ended.context("the media worker broke off")?,
            Err(_) => Ok(()),
        }
    }
}

/// Runs only the media worker, on the database and store of a server elsewhere.
///
/// # Errors
/// When something cannot be opened or the worker cannot go on.
pub async fn work(config: Config, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let opened = Opened::open(&config).await?;
    opened.ensure_owner(&config).await?;
    let (origin, url) = (config.public.origin.clone(), config.device.url.clone());
    let app = opened.assemble(config, origin, url)?;
    let mut worker = std::pin::pin!(publish::run(app.clone(), app.stop.clone()));
    let ended = tokio::select! {
        () = shutdown => {
            app.stop.cancel();
            tokio::time::timeout(DRAIN_MAX, worker.as_mut()).await.unwrap_or(Ok(()))
        }
        ended = worker.as_mut() => ended,
    };
    app.db.close().await;
    ended
}

/// The most revoked devices that connecting peers are told of.
const BANNED_MAX: i64 = swarm::wire::MAX_ROSTER as i64;

/// The most pardons that connecting peers are told of.
const PARDONS_MAX: i64 = swarm::wire::MAX_PARDONS as i64;

/// The parts that outlive the process.
struct Opened {
    db: Db,
    store: Store,
    keys: Keys,
    ca: Arc<Ca>,
    clock: Clock,
}

impl Opened {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        // Its owner's only: the database names people and devices.
        keys::make_folder(&config.data)?;
        let clock = Clock::default();
        let keys = Keys::load(&config.keys.folder)?;
        let ca = Ca::load(&config.keys.folder, &config.keys.tenant, clock.now_ms())?;
        let db = Db::open(&config.database)
            .await
            .context("cannot open the database")?;
        db.migrate().await?;
        let store = Store::open(&config.storage)?;
        Ok(Self {
            db,
            store,
            keys,
            ca: Arc::new(ca),
            clock,
        })
    }

    async fn ensure_owner(&self, config: &Config) -> Result<bool, auth::owner::OwnerError> {
        auth::ensure_owner(config, &self.db, &self.keys, &self.ca, &self.clock).await
    }

    fn assemble(
        self,
        config: Config,
        public_origin: String,
        device_url: String,
    ) -> anyhow::Result<App> {
        let Self {
            db,
            store,
            keys,
            ca,
            clock,
        } = self;
        Ok(App::new(Parts {
            publish: Publish::open(&config)?,
            hot: Hot::new(config.storage.hot_bytes),
            checked: Checked::new(Instant::now()),
            egress: Egress::open(&config.egress)?,
            webhooks: Webhooks::default(),
            metrics: Metrics::new(&config)?,
            db,
            store,
            keys,
            rotation: rotation::Rotation::default(),
            ca,
            clock,
            events: Events::default(),
            live: Arc::default(),
            known: Known::default(),
            people: People::new()?,
            licenses: Recorder::default(),
            oidc: Oidc::open(&config.oidc)?,
            sites: Hub::default(),
            ledgers: Ledgers::default(),
            campaigns: Board::default(),
            wan: Wan::default(),
            backups: Backups::default(),
            deliveries: Deliveries::default(),
            filling: Filling::default(),
            readiness: Readiness::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            public_origin,
            device_url,
            config,
        }))
    }
}

impl Listeners {
    async fn bind(config: &Config, opened: &Opened) -> anyhow::Result<Self> {
        let handshake = Duration::from_secs(config.device.handshake_timeout_s);
        let public_limits = Limits {
            connections: config.public.max_connections,
            handshake,
            header: Duration::from_secs(config.public.header_timeout_s),
        };
        let device_limits = Limits {
            connections: config.device.max_connections,
            handshake,
            header: Duration::from_secs(config.device.header_timeout_s),
        };
        let public_tls = if config.public_tls() {
            Some(tls::public_listener(
                &config.public.tls_certificate,
                &config.public.tls_key,
            )?)
        } else {
            None
        };
        let device_tls = Some(tls::device_listener(&opened.ca, &opened.clock)?);
        Ok(Self {
            public: Listener::bind(config.public.listen, public_tls, public_limits).await?,
            device: Listener::bind(config.device.listen, device_tls, device_limits).await?,
            metrics: Listener::bind(config.metrics.listen, None, METRICS_LIMITS).await?,
        })
    }

    fn addresses(&self) -> std::io::Result<Addresses> {
        Ok(Addresses {
            public: self.public.addr()?,
            device: self.device.addr()?,
            metrics: self.metrics.addr()?,
        })
    }
}

fn or_else(configured: &str, default: impl FnOnce() -> String) -> String {
    if configured.is_empty() {
        default()
    } else {
        configured.to_owned()
    }
}
