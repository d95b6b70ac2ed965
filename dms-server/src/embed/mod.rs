//! Titles in pages of others: the player without a page around it, and oEmbed, which says how to show it.
//!
//! Neither tells more than its asker may know. The player's page is the same for every title but for the header that
//! names who may frame it; what it plays it asks for as whoever is signed in. oEmbed names a title only to whom it is
//! open, and says the same of every other id, there or not.

pub mod routes;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use swarm::content::TitleId;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::{Problem, Result};
use crate::rights::body::PolicyBody;
use crate::rights::{db, embed};
use crate::state::App;

/// The player's size unless less is asked for, pixels.
const SIZE: (u32, u32) = (960, 540);
/// The smallest that is of use.
const SMALLEST: (u32, u32) = (160, 90);
/// What the player asks of the page around it.
const ALLOW: &str = "autoplay; fullscreen; picture-in-picture; loopback-network";
/// What a title is called for who may not know its name.
const UNNAMED: &str = "Video";

/// How to show a title (oEmbed 1.0).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Oembed {
    /// `1.0`.
    pub version: String,
    /// `video`.
    pub r#type: String,
    /// The title's name for who may see it, `Video` for everybody else.
    pub title: String,
    /// What shows it.
    pub provider_name: String,
    /// Where that is.
    pub provider_url: String,
    /// A frame.
    pub html: String,
    /// Its width, pixels.
    pub width: u32,
    /// Its height, pixels.
    pub height: u32,
}

impl Oembed {
    /// How to show a title in a frame of at most this size.
    #[must_use]
    pub fn of(origin: &str, shown: &Shown, name: Option<String>, most: (u32, u32)) -> Self {
        let (width, height) = size(most);
        let at = shown.at.map_or(String::new(), |at| format!("?t={at}"));
        let title = name.unwrap_or_else(|| UNNAMED.to_owned());
        let src = format!("{origin}/embed/{}{at}", shown.title);
        let html = format!(
            "<iframe src=\"{src}\" title=\"{}\" width=\"{width}\" height=\"{height}\" allow=\"{ALLOW}\" \
             loading=\"lazy\"></iframe>",
            escaped(&title)
        );
        Self {
            version: "1.0".to_owned(),
            r#type: "video".to_owned(),
            title,
            provider_name: "DMS".to_owned(),
            provider_url: origin.to_owned(),
            html,
            width,
            height,
        }
    }
}

/// The greatest frame in the player's shape that fits.
fn size(most: (u32, u32)) -> (u32, u32) {
    let width = most.0.clamp(SMALLEST.0, SIZE.0);
    let height = most.1.clamp(SMALLEST.1, SIZE.1);
    if width * SIZE.1 <= height * SIZE.0 {
        (width, width * SIZE.1 / SIZE.0)
    } else {
        (height * SIZE.0 / SIZE.1, height)
    }
}

/// A text as an attribute of HTML holds it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            other => safe.push(other),
        }
    }
    safe
}

/// What the address of a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The title.
    pub title: TitleId,
    /// From this second on.
    pub at: Option<u32>,
}

impl Shown {
    /// Reads the address of a watch page or of a player; none: it is neither of this server's.
    #[must_use]
    pub fn read(address: &str, origin: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        if url.origin() != Url::parse(origin).ok()?.origin() {
            return None;
        }
        let mut parts = url.path_segments()?;
        let page = parts.next()?;
        let title = parts.next()?.parse().ok()?;
        if !matches!(page, "watch" | "embed") || parts.any(|part| !part.is_empty()) {
            return None;
        }
        let at = url
            .query_pairs()
            .find(|(name, _)| matches!(name.as_ref(), "t" | "at"));
        Some(Self {
            title,
            at: at.and_then(|(_, value)| value.parse().ok()),
        })
    }
}

/// The pages that may show a title in a frame. One that is not there is shown by none but this server's.
///
/// # Errors
/// The database's.
pub async fn frame_ancestors(app: &App, title: TitleId) -> Result<String> {
    let row = db::policy(&app.db, Uuid::from_bytes(title.0)).await?;
    let body: PolicyBody = match row {
        Some(row) => serde_json::from_str(&row.policy).map_err(Problem::internal)?,
        None => PolicyBody::default(),
    };
    Ok(embed::frame_ancestors(&body.embed))
}
