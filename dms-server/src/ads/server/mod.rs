//! Decision servers: somebody else's answer to "what fills this break?".
//!
//! Whoever asks one knows a [`DecisionHook`] and nothing of what is behind it. A hook keeps within the time
//! it is given, answers a [`Decision`] or one named [`Failure`], and never stalls the content: whatever goes
//! wrong, the next hook is asked.
//!
//! What a decision server is told about viewers is nothing, unless its configuration says otherwise.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use dms_ads::decision::Decision;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::webhook::Secret;

/// The longest that a decision server may take, whatever its configuration says.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// Where a break stands in its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Before the content.
    Pre,
    /// Within it.
    Mid,
    /// After it.
    Post,
}

/// Who watches. Only a decision server whose configuration says so is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The address that their player asks from.
    pub address: Option<IpAddr>,
    /// What their player calls itself.
    pub agent: Option<String>,
    /// A name that stands for the same person or device each time, and for nobody outside of this house.
    pub pseudonym: Option<Uuid>,
}

/// What a decision server is asked: the break of one playback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The title that is watched.
    pub title: Uuid,
    /// Its name.
    pub name: String,
    /// Its categories.
    pub categories: Vec<String>,
    /// The break's number in it.
    pub break_id: u64,
    /// Where the break stands.
    pub position: Position,
    /// The break's media time, milliseconds.
    pub at_ms: u64,
    /// How long it is to be; none: as long as what fills it.
    pub length_ms: Option<u64>,
    /// The playback.
    pub session: Uuid,
    /// The site that it plays at.
    pub site: Option<Uuid>,
    /// Who watches.
    pub viewer: Option<Viewer>,
}

/// Why a decision server did not fill a break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The code of VAST's table: 301 too late, 303 no ad, 100 not XML, 900 of no known kind, and so on.
    pub code: u16,
    /// Its name, one word for counting: `timeout`, `no_ad`, `xml` ...
    pub name: &'static str,
    /// What happened, for administrators.
    pub text: String,
    /// Where in the document, if it was the document's fault: `VAST/Ad[1]/InLine`.
    pub path: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.name, self.text)?;
        match &self.path {
            Some(path) => write!(f, " at {path}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// Fills breaks.
pub trait DecisionHook: Send + Sync + fmt::Debug {
    /// What fills this break. Ends within the budget; an empty decision is a failure of code 303. The URLs
    /// that a decision server wants called because it failed are called by the hook: nobody else needs to.
    fn decide<'a>(
        &'a self,
        asked: &'a Asked,
        budget: Duration,
    ) -> BoxFuture<'a, Result<Decision, Failure>>;
}

/// What kind of decision server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Answers VAST, 2.0 to 4.2. Its URL may have VAST's macros.
    Vast,
    /// Gets a signed question as JSON and answers JSON.
    Webhook,
}

/// A decision server as an administrator described it.
#[derive(Debug)]
pub struct ServerConfig {
    /// Which one.
    pub id: Uuid,
    /// What it speaks.
    pub kind: Kind,
    /// Where it is.
    pub url: String,
    /// What signs the questions to a webhook; VAST has none.
    pub secret: Option<Secret>,
    /// How long it may take, milliseconds; at most [`TIMEOUT_MAX`].
    pub timeout_ms: u64,
    /// Whether it is told who watches. Off unless an administrator switched it on.
    pub forward_viewer: bool,
}
