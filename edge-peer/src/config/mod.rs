//! Configuration: flags over `DMS_EDGE_*` variables over a TOML file over defaults.
//!
//! Nothing else in the crate reads the environment.

mod settings;
pub mod units;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

pub use settings::{LogFormat, Settings};

use crate::{
    net::congestion::Choice,
    policy::{Capped, Limits},
};

/// The port of the chunk listener.
pub const CHUNK_PORT: u16 = 7745;
/// The port of the loopback API.
pub const LOCAL_PORT: u16 = 7747;
/// The file read when no other is named, if it exists.
pub const DEFAULT_FILE: &str = "/etc/dms/edge-peer.toml";

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and what.
        why: String,
    },
    /// The loopback API would face the network.
    #[error("local_listen is {0}, which other machines can reach; use a loopback address")]
    NotLoopback(SocketAddr),
    /// There is no folder for the state.
    #[error("no state folder: give --state DIR")]
    NoState,
}

/// The agent's configuration, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The state folder.
    pub state: PathBuf,
    /// Source address of every outgoing connection.
    pub bind: Option<IpAddr>,
    /// Where peers ask for chunks.
    pub chunk_listen: SocketAddr,
    /// What the DMS tells peers, when it is not the address the agent sees itself.
    pub advertise: Option<SocketAddr>,
    /// Where pages and programs of this PC ask.
    pub local_listen: SocketAddr,
    /// The most bytes of chunks on disk.
    pub cache_limit: u64,
    /// The most bytes a second given to peers; none: as fast as the network.
    pub upload_limit: Option<u64>,
    /// Limits that the person at this PC cannot lower.
    pub lock: Vec<Capped>,
    /// How fast TCP sends what is given.
    pub congestion: Choice,
    /// The most chunks given at the same time.
    pub upload_slots: u16,
    /// The weight the peer gives itself; none: from link and power.
    pub weight: Option<u32>,
    /// Whether the link costs by the byte; none: asked from the system.
    pub metered: Option<bool>,
    /// How far ahead of a player segments are fetched.
    pub look_ahead: Duration,
    /// How long a player waits for a segment when it does not say.
    pub deadline: Duration,
    /// How logs look.
    pub log_format: LogFormat,
    /// What is logged, in the form of `tracing`'s filters.
    pub log: String,
}

impl Config {
    /// The configuration with these flags and variables over the file they name.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(flags: Settings) -> Result<Self, ConfigError> {
        let named = flags.config.clone();
        let file = match named.as_deref() {
            Some(path) => Settings::read(path)?,
            None if Path::new(DEFAULT_FILE).exists() => Settings::read(Path::new(DEFAULT_FILE))?,
            None => Settings::default(),
        };
        Self::from_settings(flags.over(file))
    }

    /// The configuration these settings and the defaults make.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_settings(settings: Settings) -> Result<Self, ConfigError> {
        let state = match settings.state {
            Some(folder) => folder,
            None => default_state().ok_or(ConfigError::NoState)?,
        };
        let local_listen = settings
            .local_listen
            .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, LOCAL_PORT).into());
        if !local_listen.ip().is_loopback() {
            return Err(ConfigError::NotLoopback(local_listen));
        }
        let mut chunk_listen = settings
            .chunk_listen
            .unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, CHUNK_PORT).into());
        if let Some(ip) = settings.bind
            && chunk_listen.ip().is_unspecified()
        {
            chunk_listen.set_ip(ip);
        }
        Ok(Self {
            state,
            bind: settings.bind,
            chunk_listen,
            advertise: settings.advertise,
            local_listen,
            cache_limit: settings.cache_limit.map_or(10 << 30, |b| b.0),
            upload_limit: settings.upload_limit.map(|rate| rate.0.max(1)),
            lock: settings.lock.unwrap_or_default(),
            congestion: settings.congestion.unwrap_or_default(),
            upload_slots: settings.upload_slots.unwrap_or(8).max(1),
            weight: settings.weight,
            metered: settings.metered,
            look_ahead: settings.look_ahead.map_or(Duration::from_secs(30), |s| s.0),
            deadline: settings.deadline.map_or(Duration::from_secs(10), |s| s.0),
            log_format: settings.log_format.unwrap_or(LogFormat::Text),
            log: settings.log.unwrap_or_else(|| "info".into()),
        })
    }
}

impl Config {
    /// What the person at this PC may choose within.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            upload: self.upload_limit,
            disk: self.cache_limit,
            locked: self.lock.clone(),
        }
    }
}

/// Whether a service manager started this process, and so may start it again.
#[must_use]
pub fn is_service() -> bool {
    // Systemd says which process it means; a terminal's children inherit the variable, not the id.
    let told = std::env::var("SYSTEMD_EXEC_PID").ok();
    told.and_then(|pid| pid.parse().ok()) == Some(std::process::id())
}

/// The account's name and home folder, which no report may show.
#[must_use]
pub fn personal() -> Vec<String> {
    let names = [
        "USER",
        "LOGNAME",
        "USERNAME",
        "HOME",
        "USERPROFILE",
        "COMPUTERNAME",
        "HOSTNAME",
    ];
    names
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .collect()
}

/// `/var/lib/dms-edge` for root, else the user's state folder.
fn default_state() -> Option<PathBuf> {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        return Some("/var/lib/dms-edge".into());
    }
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .or_else(|| absolute("LOCALAPPDATA"))
        .map(|folder| folder.join("dms-edge"))
}

#[cfg(test)]
mod tests;
