//! What the portal shows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::db::MarkedRow;
use crate::publish::view::Title;

/// A title with where somebody is in it, or when they saved it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Marked {
    /// It.
    pub title: Title,
    /// Where they are, seconds from the beginning; null: they have not begun.
    pub seconds: Option<u32>,
    /// When they watched it last, or saved it; milliseconds since the Unix epoch.
    pub at_ms: i64,
}

impl Marked {
    /// What the API shows of it.
    #[must_use]
    pub fn of(row: MarkedRow) -> Self {
        Self {
            seconds: row.position_ms.map(seconds),
            at_ms: row.marked_ms,
            title: Title::of(row.title),
        }
    }
}

/// Whole seconds of milliseconds.
#[must_use]
pub fn seconds(ms: i64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(0)
}

/// A list of the portal, the newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MarkedList {
    /// They.
    pub items: Vec<Marked>,
}

/// What somebody did with a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mine {
    /// Where they are, seconds from the beginning; null: they have not begun.
    pub seconds: Option<u32>,
    /// Whether they saved it.
    pub saved: bool,
    /// 1: they like it, -1: they do not; null: they did not say.
    pub rating: Option<i8>,
}

/// Titles that somebody may like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ForYou {
    /// The best first.
    pub items: Vec<Title>,
    /// Why there are none; null when there are.
    pub why_empty: Option<Why>,
}

/// Why nothing is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The company does not want it.
    SwitchedOff,
    /// The person liked nothing yet.
    NothingLiked,
    /// Too few people liked the same.
    TooFewLikes,
}
