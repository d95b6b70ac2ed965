//! The configuration: defaults < TOML file < `DMS_*` environment < flags.
//!
//! A key is `topic.field`. The environment's name of it is `DMS_TOPIC_FIELD`; on the command
//! line it is `--set topic.field=value`.

mod layers;
mod show;
#[cfg(test)]
mod tests;
mod topic;
mod topics;
mod user;

use std::path::{Path, PathBuf};

pub use layers::ConfigError;
pub use user::{cache_folder, config_folder, machine};

pub use topics::{
    Database, Device, Egress, Keys, Log, Media, Metrics, Oidc, People, Public, Storage,
};

/// Flags every command that reads the configuration takes.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Flags {
    /// Configuration file (TOML)
    #[arg(long, env = "DMS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder: database, store, keys, unless configured elsewhere [default: ./dms-data]
    #[arg(long, env = "DMS_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// One setting, such as public.listen=0.0.0.0:8080; may be repeated
    #[arg(long = "set", value_name = "TOPIC.FIELD=VALUE")]
    pub set: Vec<String>,
}

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of everything that has no place of its own; empty means `./dms-data`.
    pub data: PathBuf,
    /// See [`Public`].
    pub public: Public,
    /// See [`Device`].
    pub device: Device,
    /// See [`Database`].
    pub database: Database,
    /// See [`Storage`].
    pub storage: Storage,
    /// See [`Keys`].
    pub keys: Keys,
    /// See [`People`].
    pub people: People,
    /// See [`Oidc`].
    pub oidc: Oidc,
    /// See [`Media`].
    pub media: Media,
    /// See [`Egress`].
    pub egress: Egress,
    /// See [`Metrics`].
    pub metrics: Metrics,
    /// See [`Log`].
    pub log: Log,
}

impl Config {
    /// Reads the file, the environment and the flags.
    ///
    /// # Errors
    /// [`ConfigError`] names the key and what is wrong with it.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        layers::load(flags, std::env::vars())
    }

    /// The defaults with every relative place under `data`.
    #[must_use]
    pub fn in_folder(data: &Path) -> Self {
        let mut config = Self {
            data: data.to_path_buf(),
            ..Self::default()
        };
        config.resolve();
        config
    }

    /// Fills what is empty from the data folder and the listeners' addresses.
    pub(crate) fn resolve(&mut self) {
        if self.data.as_os_str().is_empty() {
            self.data = PathBuf::from("./dms-data");
        }
        let data = self.data.clone();
        let under_data = |field: &mut PathBuf, name: &str| {
            if field.as_os_str().is_empty() {
                *field = data.join(name);
            }
        };
        under_data(&mut self.keys.folder, "keys");
        under_data(&mut self.media.work_folder, "work");
        if self.database.url.is_empty() {
            self.database.url = format!("sqlite://{}", data.join("dms.db").display());
        }
        if self.storage.url.is_empty() {
            self.storage.url = format!("file://{}", data.join("store").display());
        }
        if self.media.transcoder.as_os_str().is_empty() {
            self.media.transcoder = sibling_program("dms-transcoder");
        }
    }

    /// Whether the public listener speaks HTTPS.
    #[must_use]
    pub fn public_tls(&self) -> bool {
        !self.public.tls_certificate.as_os_str().is_empty()
    }

    /// The file with the owner's token.
    #[must_use]
    pub fn owner_token_file(&self) -> PathBuf {
        self.data.join("owner.token")
    }

    /// The configuration as a commented TOML file. Secrets in URLs are blanked.
    #[must_use]
    pub fn show(&self) -> String {
        show::render(self)
    }
}

/// A program in the folder of the running one.
fn sibling_program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap_or_default();
    path.set_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    path
}
