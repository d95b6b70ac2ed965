//! A VAST document as it was written, apart from spelling.

use super::error::VastError;
use super::time::Offset;
use crate::decision::{Companion, MediaFile};

/// The most ads of a document.
pub const ADS_MAX: usize = 100;

/// A version of VAST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 2.0
    V2,
    /// 3.0
    V3,
    /// 4.0
    V40,
    /// 4.1
    V41,
    /// 4.2
    V42,
}

/// Something that is not as the standard wants it, and does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The element.
    pub path: String,
    /// What is not as it should be.
    pub text: String,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vast {
    /// Its version; none: it did not say and has no ad.
    pub version: Option<Version>,
    /// URLs to call when it fills nothing.
    pub errors: Vec<String>,
    /// The ads that can be read: those with a sequence in its order, then those that stand alone.
    pub ads: Vec<AdDoc>,
    /// The ads that cannot.
    pub refused: Vec<Refused>,
    /// What is not as the standard wants it.
    pub notes: Vec<Note>,
}

/// An ad that cannot be read or shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the pod; none: it stands alone.
    pub sequence: Option<u32>,
    /// Why.
    pub error: VastError,
    /// URLs to call for that.
    pub errors: Vec<String>,
}

/// An ad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdDoc {
    /// The ad server's name of it.
    pub id: String,
    /// Its place in the pod; none: it stands alone.
    pub sequence: Option<u32>,
    /// `video`, `audio` or `hybrid`, if it says.
    pub kind: Option<String>,
    /// Where it stands.
    pub path: String,
    /// What in-line ads and wrappers have in common.
    pub common: Common,
    /// The rest.
    pub content: Content,
}

/// What an ad is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The ad itself.
    InLine(Box<InLine>),
    /// Another document has it.
    Wrapper(Wrapper),
}

/// What in-line ads and wrappers have in common. A wrapper's are added to those of what it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// The ad server, and its version.
    pub system: Option<(String, Option<String>)>,
    /// URLs to call when the ad begins.
    pub impressions: Vec<String>,
    /// URLs to call when it cannot be shown.
    pub errors: Vec<String>,
    /// URLs to call when it was seen, was not, or nobody can say.
    pub viewable: Viewable,
    /// `Verification` elements as XML: nobody here runs what they name.
    pub verifications: Vec<String>,
    /// Extensions: their type and their XML.
    pub extensions: Vec<(Option<String>, String)>,
    /// URLs to call at events of its linear creatives.
    pub tracking: Vec<Tracking>,
    /// URLs to call when it is clicked.
    pub click_tracking: Vec<String>,
    /// Pictures to show beside it.
    pub companions: Vec<Companion>,
    /// Icons: how many there are. None is shown.
    pub icons: usize,
    /// Overlays: how many there are. None is shown.
    pub overlays: usize,
}

/// URLs for what an ad's visibility was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewable {
    /// It was seen.
    pub seen: Vec<String>,
    /// It was not.
    pub unseen: Vec<String>,
    /// Nobody can say.
    pub undetermined: Vec<String>,
}

/// The ad itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InLine {
    /// Its title.
    pub title: Option<String>,
    /// What it is about, for people.
    pub description: Option<String>,
    /// Who advertises.
    pub advertiser: Option<String>,
    /// What it costs: model, currency, price.
    pub pricing: Option<(String, String, String)>,
    /// The ad server's name of this serving.
    pub serving_id: Option<String>,
    /// Its categories: whose list, and the entry.
    pub categories: Vec<(Option<String>, String)>,
    /// The linear creative that is to be played.
    pub linear: Linear,
}

/// A linear creative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linear {
    /// The ad server's name of it.
    pub id: Option<String>,
    /// Its universal ad ids: registry and value.
    pub universal_ids: Vec<(String, String)>,
    /// How long it is, milliseconds.
    pub duration_ms: u64,
    /// When it may be skipped.
    pub skip: Option<Offset>,
    /// Where a click leads.
    pub click: Option<String>,
    /// Its files that can be played or made to.
    pub media: Vec<MediaFile>,
    /// Its interactive programs: how they are called by, and where they lie. None is run.
    pub interactive: Vec<(Option<String>, String)>,
    /// Its captions: type, language, URL.
    pub captions: Vec<(Option<String>, Option<String>, String)>,
    /// What it hands to its program.
    pub parameters: Option<String>,
}

/// Another document has the ad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapper {
    /// Where it is.
    pub url: String,
    /// Whether what it leads to may be a wrapper again.
    pub follow: bool,
    /// Whether more than one ad of it may be taken.
    pub multiple: bool,
    /// Whether a stand-alone ad beside this one is taken when it has none.
    pub fallback: bool,
    /// Categories that are not to be shown: whose list, and the entries.
    pub blocked: Vec<(Option<String>, String)>,
}

/// A URL to call at an event, under the event's name in VAST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// The name, as VAST 4.2 spells it.
    pub event: &'static str,
    /// When, for `progress`.
    pub at: Option<Offset>,
    /// The URL.
    pub url: String,
}
