//! The servers that somebody signed in to with `dms login`, and their tokens: one file of mode 0600 in the user's
//! configuration folder. A token goes to the server that gave it and to no other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Failure;
use crate::config;
use crate::keys::{self, KeyError};

/// The name of the file.
const FILE: &str = "logins.json";
/// Servers that are remembered at most.
const SERVERS_MAX: usize = 100;

/// One sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    /// The secret.
    pub token: String,
    /// Its id, for revoking it.
    pub token_id: Uuid,
    /// Who signed in.
    pub subject: String,
    /// When it ends, milliseconds since the Unix epoch.
    pub expires_ms: i64,
    /// PEM file of the authority that vouches for the server, when it is a private one.
    pub ca_file: Option<PathBuf>,
}

/// Every sign-in.
#[derive(Default, Serialize, Deserialize)]
pub struct Logins {
    /// The server of the latest.
    current: Option<String>,
    servers: BTreeMap<String, Login>,
}

impl Logins {
    /// Reads the file; without one nobody signed in.
    ///
    /// # Errors
    /// [`Failure::File`], or [`Failure::Input`] when others may read it or it is damaged.
    pub fn read() -> Result<Self, Failure> {
        let Some(path) = place() else {
            return Ok(Self::default());
        };
        let Some(text) = keys::read_secret(&path).map_err(|error| failed(&path, error))? else {
            return Ok(Self::default());
        };
        serde_json::from_str(&text).map_err(|error| {
            let path = path.display();
            Failure::Input(format!(
                "{path} is damaged ({error}): remove it, then run dms login"
            ))
        })
    }

    /// The server that was signed in to last.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// The sign-in to this server.
    #[must_use]
    pub fn of(&self, url: &str) -> Option<&Login> {
        self.servers.get(url)
    }

    /// Keeps a sign-in in place of one before, and makes its server the one that is meant without `--url`.
    ///
    /// # Errors
    /// [`Failure::File`] or [`Failure::Input`].
    pub fn keep(&mut self, url: &str, login: Login) -> Result<(), Failure> {
        if self.servers.len() >= SERVERS_MAX && !self.servers.contains_key(url) {
            return Err(Failure::Input(format!(
                "signed in to {SERVERS_MAX} servers already: leave one with dms logout --url URL"
            )));
        }
        self.servers.insert(url.to_owned(), login);
        self.current = Some(url.to_owned());
        self.write()
    }

    /// Forgets the sign-in to this server.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub fn forget(&mut self, url: &str) -> Result<(), Failure> {
        self.servers.remove(url);
        if self.current.as_deref() == Some(url) {
            self.current = self.servers.keys().next().cloned();
        }
        self.write()
    }

    fn write(&self) -> Result<(), Failure> {
        let path = place().ok_or_else(nowhere)?;
        if let Some(folder) = path.parent() {
            keys::make_folder(folder).map_err(|error| failed(folder, error))?;
        }
        let text = serde_json::to_vec_pretty(self).map(Zeroizing::new);
        let text = text.map_err(|error| Failure::Input(error.to_string()))?;
        keys::write_secret(&path, &text).map_err(|error| failed(&path, error))
    }
}

/// Where the file is.
#[must_use]
pub fn place() -> Option<PathBuf> {
    config::config_folder().map(|folder| folder.join(FILE))
}

/// There is no folder to keep a sign-in in.
#[must_use]
pub fn nowhere() -> Failure {
    Failure::Input("there is no folder to keep the token in: set HOME or XDG_CONFIG_HOME".into())
}

fn failed(path: &Path, error: KeyError) -> Failure {
    let path = path.to_path_buf();
    match error {
        KeyError::Io { source, .. } => Failure::File { path, source },
        KeyError::OpenFolder { path } => {
            let path = path.display();
            Failure::Input(format!(
                "others may write into {path}: make it yours and run chmod go-w on it"
            ))
        }
        KeyError::Exposed { .. } | KeyError::Damaged { .. } => {
            let path = path.display();
            Failure::Input(format!("{path} is readable by others: run chmod 600 on it"))
        }
    }
}
