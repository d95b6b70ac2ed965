//! What is known of one try to watch.

use std::collections::BTreeSet;

use super::Id;

/// One try to watch a title, as the DMS knows it. Nothing in it is taken from the viewer's word.
///
/// Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Viewing {
    /// Who is signed in; `None` for an enrolled device with nobody signed in.
    pub person: Option<Viewer>,
    /// Where the device is.
    pub place: Place,
    /// The DMS's own time.
    pub now_ms: u64,
    /// The tracks of the title version.
    pub tracks: Vec<Track>,
    /// Streams that count against the person now, or against the device if nobody is signed in.
    /// If this is a renewal, the stream being renewed is one of them.
    pub active_streams: u16,
    /// What the person subscribed to, in any order.
    pub subscriptions: Vec<Subscription>,
    /// The person's newest rental of this title.
    pub rental: Option<Rental>,
    /// Whether the licence is to be used without contact to the DMS.
    pub offline_wanted: bool,
    /// Whether a stream that counts already goes on; it does not count against itself.
    pub renewal: bool,
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Viewer {
    /// The person.
    pub id: Id,
    /// The groups they are in, nested ones included.
    pub groups: BTreeSet<Id>,
    /// Whether they may watch before the title's first moment: publishers and reviewers.
    pub previews: bool,
    /// Whether their account is suspended.
    pub suspended: bool,
}

/// Where a device is. Unknown is [`Place::Elsewhere`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// In an office.
    Site(Id),
    /// On the company's VPN.
    Vpn,
    /// Anywhere else.
    #[default]
    Elsewhere,
}

/// A track of the title version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Track {
    /// Its number, unique in the title version.
    pub number: u16,
    /// Height of its picture, lines; `None` if it has none: sound, subtitles, a file. A picture
    /// of unknown height is stated as `u32::MAX`, so that no limit lets it through.
    pub height: Option<u32>,
}

/// One period of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// What it is for.
    pub collection: Id,
    /// Its first moment.
    pub from_ms: u64,
    /// The first moment after it.
    pub until_ms: u64,
}

/// A rental of the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rental {
    /// When a licence was first given for it; `None` if it was not yet.
    pub first_play_ms: Option<u64>,
    /// When it was bought. A first play before this moment belongs to an earlier rental and does
    /// not count.
    pub bought_ms: u64,
}
