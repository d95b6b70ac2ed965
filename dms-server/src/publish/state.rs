//! Where a title stands. One list of names for the API, the database, the command line and logs.

use std::fmt;
use std::str::FromStr;

/// Where a title stands.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TitleState {
    /// It waits for a worker.
    Queued,
    /// A worker looks at what the file is.
    Probing,
    /// A video's renditions are being made and sealed.
    Transcoding,
    /// A file is being sealed.
    Sealing,
    /// It can be played or fetched.
    Complete,
    /// It will not be published; an error code says why.
    Failed,
}

/// A name that is no state of a title.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{0:?} is no state of a title; choose queued, probing, transcoding, sealing, complete or failed"
)]
pub struct UnknownState(String);

impl TitleState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Probing,
        Self::Transcoding,
        Self::Sealing,
        Self::Complete,
        Self::Failed,
    ];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Probing => "probing",
            Self::Transcoding => "transcoding",
            Self::Sealing => "sealing",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }

    /// Nothing more will happen by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Failed)
    }
}

impl fmt::Display for TitleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TitleState {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| UnknownState(name.to_owned()))
    }
}
