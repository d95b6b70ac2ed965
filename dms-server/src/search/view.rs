//! What was found, as the API shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::publish::view::Title;

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// The titles, the best first.
    pub items: Vec<FoundTitle>,
    /// Whether there may be more: use more words.
    pub truncated: bool,
}

/// A title that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FoundTitle {
    /// It.
    pub title: Title,
    /// Whether its name, tags or description have the words; otherwise only what is spoken has.
    pub by_description: bool,
    /// What is spoken in it with these words, the first places; at most five.
    pub lines: Vec<FoundLine>,
}

/// A line that is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundLine {
    /// The language of the captions.
    pub lang: String,
    /// When it is spoken, milliseconds from the beginning.
    pub at_ms: u64,
    /// It.
    pub text: String,
}
