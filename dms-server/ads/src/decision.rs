//! What fills a break, in one form, whoever decided it.

use serde::{Deserialize, Serialize};

/// What fills a break, in the order in which it is shown. Empty: the content plays on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The ads.
    pub ads: Vec<Ad>,
    /// URLs to call because the break could not be filled as they wanted; `[ERRORCODE]` is in them still.
    pub errors: Vec<String>,
}

/// One ad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ad {
    /// The decision server's name of it.
    pub id: String,
    /// Its title, for people.
    pub title: Option<String>,
    /// Who advertises.
    pub advertiser: Option<String>,
    /// The universal ad id, registry and value: the same creative has the same one everywhere.
    pub universal_id: Option<(String, String)>,
    /// The playing time that was promised, milliseconds.
    pub duration_ms: u64,
    /// When it may be skipped, milliseconds of its media time; none: never.
    pub skip_after_ms: Option<u64>,
    /// Where a click leads.
    pub click: Option<String>,
    /// The files it comes as; at least one.
    pub media: Vec<MediaFile>,
    /// URLs to call, of all wrappers, the outermost first.
    pub tracking: Vec<Tracker>,
    /// URLs to call when it cannot be shown, of all wrappers; `[ERRORCODE]` is in them still.
    pub errors: Vec<String>,
    /// Pictures to show beside it.
    pub companions: Vec<Companion>,
}

/// One file of a creative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFile {
    /// Where it lies.
    pub url: String,
    /// Its media type.
    pub media_type: String,
    /// Picture width, pixels; 0 when unknown.
    pub width: u32,
    /// Picture height, pixels; 0 when unknown.
    pub height: u32,
    /// Bits per second; 0 when unknown.
    pub bitrate: u64,
    /// Whether it is one file that is fetched whole, or a mezzanine; streams are neither.
    pub progressive: bool,
}

/// The media type of a file that is a title of this house already.
pub const TITLE_TYPE: &str = "application/vnd.dms.title";

impl MediaFile {
    /// A title of this house as a file: nothing is fetched.
    #[must_use]
    pub fn of_title(id: &str) -> Self {
        Self {
            url: format!("urn:uuid:{id}"),
            media_type: TITLE_TYPE.to_owned(),
            width: 0,
            height: 0,
            bitrate: 0,
            progressive: false,
        }
    }

    /// The id of the title that it is, if it is one.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        let id = self.url.strip_prefix("urn:uuid:")?;
        (self.media_type == TITLE_TYPE).then_some(id)
    }
}

/// A picture beside an ad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companion {
    /// The picture.
    pub url: String,
    /// Its media type.
    pub media_type: String,
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// Where a click leads.
    pub click: Option<String>,
    /// URLs to call when it is shown.
    pub views: Vec<String>,
}

/// A URL to call at an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracker {
    /// The event.
    pub event: Event,
    /// For [`Event::Progress`]: when, milliseconds of the creative's media time.
    pub at_ms: Option<u64>,
    /// The URL; macros that are known only when it happens are in it still.
    pub url: String,
}

/// What happens to an ad. The names are those of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Its first picture is shown.
    Impression,
    /// It begins.
    Start,
    /// A quarter was played.
    FirstQuartile,
    /// Half was played.
    Midpoint,
    /// Three quarters were played.
    ThirdQuartile,
    /// It was played to its end.
    Complete,
    /// So much of it was played.
    Progress,
    /// It was skipped.
    Skip,
    /// It was clicked.
    Click,
    /// It was paused.
    Pause,
    /// It goes on.
    Resume,
    /// It was muted.
    Mute,
    /// It is heard again.
    Unmute,
    /// It could not be shown.
    Error,
}
