//! What the author of a title allows.

use std::collections::BTreeSet;

use super::Id;

/// Who may watch a title, where, when and how. The default allows everything but offline use.
///
/// Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who may watch.
    pub audience: Audience,
    /// From where.
    pub places: Places,
    /// The first moment it may be watched. People who may see previews are not held to it.
    pub from_ms: Option<u64>,
    /// The first moment it may no longer be watched.
    pub until_ms: Option<u64>,
    /// Before this moment nobody gets a key, whoever they are.
    pub embargo_ms: Option<u64>,
    /// The greatest height of a video track, lines of picture. Sound and subtitles are not held
    /// to it.
    pub max_height: Option<u32>,
    /// Days a licence may be used without contact to the DMS; 0 for not at all.
    pub offline_days: u16,
    /// Whether clear HLS may be served to players that are not ours.
    pub third_party_players: bool,
    /// The most streams one person may play at a time.
    pub streams: Option<u16>,
    /// What a person must have bought.
    pub plan: Plan,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            audience: Audience::Everyone,
            places: Places::Anywhere,
            from_ms: None,
            until_ms: None,
            embargo_ms: None,
            max_height: None,
            offline_days: 0,
            third_party_players: true,
            streams: None,
            plan: Plan::Free,
        }
    }
}

/// Who may watch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Audience {
    /// Whoever reaches the DMS from an enrolled device, signed in or not.
    #[default]
    Everyone,
    /// Who is in one of the groups or is one of the people.
    Named {
        /// Groups all of whose people may watch.
        groups: BTreeSet<Id>,
        /// People who may watch whatever their groups are.
        people: BTreeSet<Id>,
    },
}

/// From where a title may be watched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Places {
    /// From everywhere.
    #[default]
    Anywhere,
    /// Only from the company's own network.
    Within {
        /// The offices.
        sites: BTreeSet<Id>,
        /// Whether the company's VPN counts as inside.
        vpn: bool,
    },
}

/// What a person must have bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plan {
    /// Nothing.
    #[default]
    Free,
    /// A subscription to a collection that runs now.
    Subscription {
        /// The collection the title belongs to.
        collection: Id,
    },
    /// A rental of this title.
    Rental {
        /// How long it may be watched from the first play, seconds.
        seconds: u64,
    },
}
