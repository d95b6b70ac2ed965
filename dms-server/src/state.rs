//! What every handler and worker shares.

use std::ops::Deref;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ads::decide::Filling;
use crate::backup::kept::Backups;
use crate::campaign::board::Board;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::delivery::Deliveries;
use crate::device::ca::Ca;
use crate::device::known::Known;
use crate::egress::Egress;
use crate::events::Events;
use crate::keys::{Keys, rotation::Rotation};
use crate::license::recorder::Recorder;
use crate::live::Live;
use crate::observe::health::Readiness;
use crate::observe::metrics::Metrics;
use crate::oidc::Oidc;
use crate::origin::checked::Checked;
use crate::origin::hot::Hot;
use crate::people::People;
use crate::publish::Publish;
use crate::site::hub::Hub;
use crate::site::ledger::Ledgers;
use crate::site::wan::Wan;
use crate::store::Store;
use crate::webhook::Webhooks;

/// The running server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// What [`App`] holds.
#[derive(Debug)]
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// Metadata.
    pub db: Db,
    /// Bytes.
    pub store: Store,
    /// Secret keys.
    pub keys: Keys,
    /// The rotations of key encryption keys.
    pub rotation: Rotation,
    /// Wall time.
    pub clock: Clock,
    /// What happens, for those who listen.
    pub events: Events,
    /// The same, kept for pages that follow it.
    pub live: Arc<Live>,
    /// The state of uploads and jobs.
    pub publish: Publish,
    /// The authority of device certificates.
    pub ca: Arc<Ca>,
    /// Devices found enrolled a moment ago.
    pub known: Known,
    /// Licences that are about to be recorded.
    pub licenses: Recorder,
    /// People who sign in.
    pub people: People,
    /// The company's identity provider; none when it is off.
    pub oidc: Option<Oidc>,
    /// The connected peers and the rosters.
    pub sites: Hub,
    /// Who may take how much over each capped WAN.
    pub ledgers: Ledgers,
    /// What the sites are to hold before anybody watches.
    pub campaigns: Board,
    /// What the origin sent to each site.
    pub wan: Wan,
    /// The backup that is being made.
    pub backups: Backups,
    /// What players said of deliveries, before it is written.
    pub deliveries: Deliveries,
    /// What decisions about breaks share.
    pub filling: Filling,
    /// Chunks asked for again soon.
    pub hot: Hot,
    /// Chunks whose bytes were hashed lately.
    pub checked: Checked,
    /// Fetches from addresses that people typed.
    pub egress: Egress,
    /// What the webhooks share.
    pub webhooks: Webhooks,
    /// For Prometheus.
    pub metrics: Metrics,
    /// For load balancers.
    pub readiness: Readiness,
    /// Cancelled when the server begins to stop: long-lived tasks end soon after.
    pub stop: CancellationToken,
    /// Tasks the server waits for when it stops.
    pub tasks: TaskTracker,
    /// `scheme://host[:port]` that people reach this server by.
    pub public_origin: String,
    /// `https://host[:port]` that devices reach this server by.
    pub device_url: String,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Shares the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// `scheme://host[:port]` that people reach this server by.
    #[must_use]
    pub fn public_origin(&self) -> &str {
        &self.public_origin
    }

    /// Whether people reach this server by HTTPS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_origin.starts_with("https://")
    }

    /// The session cookie's name. The `__Host-` prefix makes browsers refuse one that a
    /// neighbouring host set, and needs HTTPS.
    #[must_use]
    pub fn cookie_name(&self) -> &'static str {
        if self.is_https() {
            "__Host-dms_session"
        } else {
            "dms_session"
        }
    }
}
