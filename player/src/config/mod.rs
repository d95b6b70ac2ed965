//! What the player is told: flags, variables and the folders of this computer.
//!
//! Nothing else in the crate reads the environment.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use swarm::content::TitleId;

use crate::error::PlayError;

/// Where the agent listens unless told otherwise.
pub const DEFAULT_AGENT: &str = "http://127.0.0.1:7747";
/// The file in the agent's state folder that holds the bearer for native programs.
const AGENT_TOKEN: &str = "local.token";

/// The flags that say what to play and where from.
#[derive(Args, Debug, Clone)]
pub struct SourceArgs {
    /// A title id, or the address of its watch page (http(s)://HOST/watch/ID)
    #[arg(value_name = "TITLE|URL")]
    pub title: String,

    /// The agent on this computer
    #[arg(long, value_name = "URL", env = "DMS_PLAYER_AGENT", default_value = DEFAULT_AGENT)]
    pub agent: String,

    /// Do not use an agent
    #[arg(long)]
    pub no_agent: bool,

    /// The agent's token for programs [default: local.token in the agent's state folder]
    #[arg(long, value_name = "FILE", env = "DMS_PLAYER_AGENT_TOKEN_FILE")]
    pub agent_token_file: Option<PathBuf>,

    /// The DMS, used without an agent and when the agent fails [default: the watch page's host]
    #[arg(long, value_name = "URL", env = "DMS_URL")]
    pub dms: Option<String>,

    /// A file with your token: licences are asked for in your name, through an agent too
    #[arg(long, value_name = "FILE", env = "DMS_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,

    /// PEM file of the authority that signed the DMS's certificate, when it is a private one
    #[arg(long, value_name = "FILE", env = "DMS_CA_FILE")]
    pub ca_file: Option<PathBuf>,

    /// Where signing keys are remembered [default: the user's state folder]
    #[arg(long, value_name = "DIR", env = "DMS_PLAYER_STATE")]
    pub state: Option<PathBuf>,

    /// Accept and remember signing keys that changed
    #[arg(long)]
    pub accept_new_keys: bool,

    /// How often the DMS is asked whether the licence still holds, seconds
    #[arg(long, value_name = "SECONDS", hide = true, default_value = "20", value_parser = seconds)]
    pub ask_every: Duration,
}

/// What to play and where from, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// The title.
    pub title: TitleId,
    /// The agent's URL, unless none is to be used.
    pub agent: Option<String>,
    /// The file with the agent's token.
    pub agent_token_file: PathBuf,
    /// The DMS's URL, if known.
    pub dms: Option<String>,
    /// The file with the viewer's token.
    pub token_file: Option<PathBuf>,
    /// The file with the private authority that signed the DMS's certificate.
    pub ca_file: Option<PathBuf>,
    /// The player's state folder.
    pub state: PathBuf,
    /// Whether changed signing keys are accepted.
    pub accept_new_keys: bool,
    /// How often the DMS is asked whether the licence still holds.
    pub ask_every: Duration,
}

impl SourceArgs {
    /// The flags with everything they left open.
    ///
    /// # Errors
    /// [`PlayError::Usage`] with the flag that must change.
    pub fn resolve(self) -> Result<SourceConfig, PlayError> {
        let (title, page) = target(&self.title)?;
        let dms = self
            .dms
            .or(page)
            .map(|url| checked_url("--dms", &url))
            .transpose()?;
        Ok(SourceConfig {
            title,
            agent: match self.no_agent {
                true => None,
                false => Some(checked_url("--agent", &self.agent)?),
            },
            agent_token_file: self.agent_token_file.unwrap_or_else(default_agent_token),
            dms,
            token_file: self.token_file,
            ca_file: self.ca_file,
            state: state_folder(self.state)?,
            accept_new_keys: self.accept_new_keys,
            ask_every: self.ask_every,
        })
    }
}

/// Where the player keeps its state: the folder that was named, or one of the user's.
///
/// # Errors
/// [`PlayError::Usage`] when there is none.
pub fn state_folder(named: Option<PathBuf>) -> Result<PathBuf, PlayError> {
    let home = || state_home().map(|home| home.join("dms-player"));
    named
        .or_else(home)
        .ok_or_else(|| PlayError::Usage("There is no state folder: add --state DIR.".into()))
}

/// A flag's number of seconds.
///
/// # Errors
/// What is wrong with it, for people.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// The title named by an id or by the address of its watch page, and the host of that page.
fn target(text: &str) -> Result<(TitleId, Option<String>), PlayError> {
    let wrong = || {
        PlayError::Usage(format!(
            "{text:?} is no title: give its id, or the address of its watch page \
             (http(s)://HOST/watch/ID)."
        ))
    };
    if !text.contains("://") {
        return text.parse().map(|title| (title, None)).map_err(|_| wrong());
    }
    let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
    let title = url.path().strip_prefix("/watch/").ok_or_else(wrong)?;
    let title = title.trim_end_matches('/').parse().map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    Ok((title, Some(url.origin().ascii_serialization())))
}

fn checked_url(flag: &str, text: &str) -> Result<String, PlayError> {
    let fits = reqwest::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
    });
    if !fits {
        let example = "http://127.0.0.1:8080";
        return Err(PlayError::Usage(format!(
            "{flag} takes a URL such as {example}."
        )));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The first token file that exists among the places where an agent keeps its state.
fn default_agent_token() -> PathBuf {
    let folders = [
        absolute("DMS_EDGE_STATE"),
        state_home().map(|home| home.join("dms-edge")),
        Some(PathBuf::from("/var/lib/dms-edge")),
    ];
    let files: Vec<_> = folders
        .into_iter()
        .flatten()
        .map(|f| f.join(AGENT_TOKEN))
        .collect();
    let found = files.iter().find(|file| file.exists()).or(files.first());
    found
        .cloned()
        .unwrap_or_else(|| Path::new(AGENT_TOKEN).to_owned())
}

fn state_home() -> Option<PathBuf> {
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .or_else(|| absolute("LOCALAPPDATA"))
}

fn absolute(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// The log filter: `DMS_PLAYER_LOG`, else what `-v` asks for.
#[must_use]
pub fn log_filter(verbosity: u8) -> String {
    std::env::var("DMS_PLAYER_LOG").unwrap_or_else(|_| {
        match verbosity {
            0 => "warn",
            1 => "warn,dms_player=info",
            2 => "info,dms_player=debug",
            _ => "debug,dms_player=trace",
        }
        .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0196f0c2-7d3a-7c11-8a3e-000000000001";

    #[test]
    fn a_title_is_an_id_or_a_watch_page() {
        let id: TitleId = ID.parse().expect("an id");
        let table = [
            (ID.to_owned(), None),
            (
                format!("http://127.0.0.1:8080/watch/{ID}"),
                Some("http://127.0.0.1:8080"),
            ),
            (
                format!("https://dms.example/watch/{ID}/?at=9#x"),
                Some("https://dms.example"),
            ),
        ];
        for (text, host) in table {
            assert_eq!(target(&text), Ok((id, host.map(str::to_owned))), "{text}");
        }
        let wrong = [
            "",
            "film",
            "http://host/watch/film",
            "ftp://host/watch/0196f0c2-7d3a-7c11-8a3e-000000000001",
            "http://host/0196f0c2-7d3a-7c11-8a3e-000000000001",
        ];
        for text in wrong {
            assert_eq!(target(text).map_err(|e| e.code()), Err("usage"), "{text}");
        }
    }

    #[test]
    fn urls_carry_no_secrets() {
        assert_eq!(checked_url("--dms", "https://h/"), Ok("https://h".into()));
        for text in ["h", "file:///x", "http://user:pass@h", "http://h?token=1"] {
            assert!(checked_url("--dms", text).is_err(), "{text}");
        }
    }
}
