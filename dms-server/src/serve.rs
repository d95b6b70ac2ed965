//! The assembled server: what is opened, what runs, and in which order it ends.
//!
//! A type and not just `main`, because tests and the demonstration start the very same object.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::events::Events;
use crate::keys::Keys;
use crate::net::{Limits, Listener};
use crate::publish::{self, Publish};
use crate::routes;
use crate::state::{App, Parts};
use crate::store::Store;

/// How long running requests and tasks may take to end once the server stops.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// A server that is ready to run: everything is open and every listener bound.
pub struct Dms {
    app: App,
    public: Listener,
    first_start: bool,
}

impl Dms {
    /// Opens the data folder, database, store and keys, and binds the listeners.
    ///
    /// # Errors
    /// The first thing that does not work, with what to do about it.
    pub async fn load(config: Config) -> anyhow::Result<Self> {
        let clock = Clock::default();
        let (db, store, keys) = open(&config).await?;
        let first_start = auth::ensure_owner(&config, &db, &keys, &clock).await?;
        let public = bind_public(&config).await?;
        let public_origin = match config.public.origin.as_str() {
            "" => {
                let scheme = if config.public_tls() { "https" } else { "http" };
                format!("{scheme}://{}", public.addr()?)
            }
            origin => origin.to_owned(),
        };
        let app = App::new(Parts {
            publish: Publish::open(&config)?,
            db,
            store,
            keys,
            clock,
            events: Events::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            public_origin,
            device_url: config.device.url.clone(),
            config,
        });
        Ok(Self {
            app,
            public,
            first_start,
        })
    }

    /// What the handlers share.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Where the public listener is bound.
    ///
    /// # Errors
    /// The system's.
    pub fn public_addr(&self) -> std::io::Result<SocketAddr> {
        self.public.addr()
    }

    /// Whether this start made the owner's token.
    #[must_use]
    pub fn first_start(&self) -> bool {
        self.first_start
    }

    /// Serves until `shutdown`, then ends in this order: listeners stop accepting and the workers stop
    /// taking jobs; running requests and tasks finish, at most ten seconds; the database closes.
    ///
    /// # Errors
    /// When a worker cannot go on.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Self { app, public, .. } = self;
        let stop = app.stop.clone();
        let running = TaskTracker::new();
        running.spawn(public.serve(routes::public(&app), stop.clone()));
        let mut worker = tokio::spawn(publish::run(app.clone(), stop.clone()));
        let ended = tokio::select! {
            () = shutdown => None,
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
        });
        let outcome = drained.await;
        if outcome.is_err() {
            tracing::warn!("some requests or jobs did not end in time and were cut off");
        }
        app.db.close().await;
        match outcome {
            Ok(ended) => ended.context("the media worker ended")?,
            Err(_) => Ok(()),
        }
    }
}

/// Runs only the media worker, on the database and store of a server elsewhere.
///
/// # Errors
/// When something cannot be opened or the worker cannot go on.
pub async fn work(config: Config, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let (db, store, keys) = open(&config).await?;
    let clock = Clock::default();
    auth::ensure_owner(&config, &db, &keys, &clock).await?;
    let stop = CancellationToken::new();
    let app = App::new(Parts {
        publish: Publish::open(&config)?,
        db,
        store,
        keys,
        clock,
        events: Events::default(),
        stop: stop.clone(),
        tasks: TaskTracker::new(),
        public_origin: config.public.origin.clone(),
        device_url: config.device.url.clone(),
        config,
    });
    let mut worker = std::pin::pin!(publish::run(app.clone(), stop.clone()));
    let ended = tokio::select! {
        () = shutdown => {
            stop.cancel();
            tokio::time::timeout(DRAIN_MAX, worker.as_mut()).await.unwrap_or(Ok(()))
        }
        ended = worker.as_mut() => ended,
    };
    app.db.close().await;
    ended
}

/// The data folder, the migrated database, the store and the keys.
async fn open(config: &Config) -> anyhow::Result<(Db, Store, Keys)> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot make the data folder {}", config.data.display()))?;
    let keys = Keys::load(&config.keys.folder)?;
    let db = Db::open(&config.database)
        .await
        .context("cannot open the database")?;
    db.migrate().await?;
    let store = Store::open(&config.storage)?;
    Ok((db, store, keys))
}

async fn bind_public(config: &Config) -> anyhow::Result<Listener> {
    let limits = Limits {
        connections: config.public.max_connections,
        handshake: Duration::from_secs(config.device.handshake_timeout_s),
        header: Duration::from_secs(config.public.header_timeout_s),
    };
    Ok(Listener::bind(config.public.listen, None, limits).await?)
}
