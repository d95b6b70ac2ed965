//! The knobs, each of them optional: as flags, as variables and as a TOML file.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::{net::congestion::Choice, policy::Capped};

use super::{
    ConfigError,
    units::{ByteSize, Span},
};

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the user set. Every field is optional so that a flag's absence does not hide the file's
/// value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Configuration file [default: /etc/dms/edge-peer.toml if it exists]
    #[arg(long, value_name = "FILE", env = "DMS_EDGE_CONFIG", global = true)]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// State folder: keys, certificate, cache [default: /var/lib/dms-edge for root, else the
    /// user's state folder]
    #[arg(long, value_name = "DIR", env = "DMS_EDGE_STATE", global = true)]
    pub state: Option<PathBuf>,

    /// Source address of every outgoing connection, and the chunk listener's address
    #[arg(long, value_name = "IP", env = "DMS_EDGE_BIND", global = true)]
    pub bind: Option<IpAddr>,

    /// Where peers ask for chunks [default: 0.0.0.0:7745]
    #[arg(
        long,
        value_name = "IP:PORT",
        env = "DMS_EDGE_CHUNK_LISTEN",
        global = true
    )]
    pub chunk_listen: Option<SocketAddr>,

    /// The chunk listener's address as peers see it [default: the address the DMS is reached
    /// from]
    #[arg(
        long,
        value_name = "IP:PORT",
        env = "DMS_EDGE_ADVERTISE",
        global = true
    )]
    pub advertise: Option<SocketAddr>,

    /// Where pages and programs of this PC ask, loopback only [default: 127.0.0.1:7747]
    #[arg(
        long,
        value_name = "IP:PORT",
        env = "DMS_EDGE_LOCAL_LISTEN",
        global = true
    )]
    pub local_listen: Option<SocketAddr>,

    /// The most bytes of chunks on disk [default: 10GiB]
    #[arg(long, value_name = "SIZE", env = "DMS_EDGE_CACHE_LIMIT", global = true)]
    pub cache_limit: Option<ByteSize>,

    /// The most bytes a second given to peers [default: as fast as the network]
    #[arg(
        long,
        value_name = "SIZE",
        env = "DMS_EDGE_UPLOAD_LIMIT",
        global = true
    )]
    pub upload_limit: Option<ByteSize>,

    /// Limits that the person at this PC cannot lower: upload, disk [default: none]
    #[arg(
        long,
        value_name = "NAMES",
        env = "DMS_EDGE_LOCK",
        global = true,
        value_delimiter = ','
    )]
    pub lock: Option<Vec<Capped>>,

    /// The most chunks given to peers at the same time [default: 8]
    #[arg(long, value_name = "N", env = "DMS_EDGE_UPLOAD_SLOTS", global = true)]
    pub upload_slots: Option<u16>,

    /// Congestion control of uploads: auto, system, or a name such as bbr; auto takes bbr while
    /// the link loses packets [default: auto]
    #[arg(long, value_name = "NAME", env = "DMS_EDGE_CONGESTION", global = true)]
    pub congestion: Option<Choice>,

    /// The weight this PC gives itself, 0 to 100 [default: from its link and power]
    #[arg(long, value_name = "N", env = "DMS_EDGE_WEIGHT", global = true,
          value_parser = clap::value_parser!(u32).range(0..=100))]
    pub weight: Option<u32>,

    /// Whether the link costs by the byte [default: asked from the system]
    #[arg(long, value_name = "BOOL", env = "DMS_EDGE_METERED", global = true)]
    pub metered: Option<bool>,

    /// How far ahead of a player segments are fetched [default: 30s]
    #[arg(long, value_name = "TIME", env = "DMS_EDGE_LOOK_AHEAD", global = true)]
    pub look_ahead: Option<Span>,

    /// How long a player waits for a segment when it does not say [default: 10s]
    #[arg(long, value_name = "TIME", env = "DMS_EDGE_DEADLINE", global = true)]
    pub deadline: Option<Span>,

    /// How logs look [default: text]
    #[arg(
        long,
        value_name = "FORMAT",
        env = "DMS_EDGE_LOG_FORMAT",
        global = true
    )]
    pub log_format: Option<LogFormat>,

    /// What is logged, such as `info` or `edge_peer=debug` [default: info]
    #[arg(long, value_name = "FILTER", env = "DMS_EDGE_LOG", global = true)]
    pub log: Option<String>,
}

impl Settings {
    /// The settings of a TOML file.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file and the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|e| ConfigError::Malformed {
            path: path.to_owned(),
            why: e.to_string(),
        })
    }

    /// These settings, and where they are silent, `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            config: self.config.or(below.config),
            state: self.state.or(below.state),
            bind: self.bind.or(below.bind),
            chunk_listen: self.chunk_listen.or(below.chunk_listen),
            advertise: self.advertise.or(below.advertise),
            local_listen: self.local_listen.or(below.local_listen),
            cache_limit: self.cache_limit.or(below.cache_limit),
            upload_limit: self.upload_limit.or(below.upload_limit),
            lock: self.lock.or(below.lock),
            upload_slots: self.upload_slots.or(below.upload_slots),
            congestion: self.congestion.or(below.congestion),
            weight: self.weight.or(below.weight),
            metered: self.metered.or(below.metered),
            look_ahead: self.look_ahead.or(below.look_ahead),
            deadline: self.deadline.or(below.deadline),
            log_format: self.log_format.or(below.log_format),
            log: self.log.or(below.log),
        }
    }
}
