//! The decisions of an edge peer: what to fetch from whom and when, and whom to give to.
//!
//! [`Peer`] is a state machine. It handles ids, lengths and deadlines, never bytes; the contract of
//! driving it stands at the top of the crate. Each policy is a file of its own: `pick` (whom to
//! ask, in which order), `hedge` (when to ask a second one), `estimate` (how long a source
//! takes), `slots` (whom to give to), `holders` (whom to refer to), `bans` (whom to avoid), `lanes` and
//! `width` (how much at once), `budget` (how much of the site's WAN), `keep` (what the site is to hold),
//! `link` (what this machine is worth as a home), `order` (which of a viewer's chunks go first).

mod asked;
mod bans;
mod bounded;
mod budget;
mod drive;
mod estimate;
pub mod event;
mod fetched;
mod hedge;
mod holders;
mod job;
mod keep;
mod lanes;
mod link;
mod machine;
mod order;
mod pick;
mod slots;
mod width;

pub use event::{
    Answer, Ask, AskId, FailReason, Fetch, FetchId, Input, Outcome, Output, PRIORITIES, Priority,
    RequestId, Source, Timer, Via, Want,
};
pub use machine::{ChunkState, Counters, Load, Peer};

/// The most chunks sought at once, for this machine and for others.
pub const MAX_JOBS: usize = 4096;
/// The most wants of this machine at once.
pub const MAX_WANTS: usize = 8192;
/// The most asks of other peers that wait or are being served at once.
pub const MAX_ASKS: usize = 2048;
/// The most asks of one other peer at once.
pub const MAX_ASKS_PER_DEVICE: usize = 64;
/// The most chunks the machine knows to be in the cache: 1 TiB of the largest.
pub const MAX_HELD: usize = 1 << 20;

/// What a peer may do at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Uploads to other peers at once. One device gets at most half of them.
    pub upload_slots: usize,
    /// Fetches from other peers at once, the ones that wait at a home included.
    pub peer_fetches: usize,
    /// Fetches from the origin at once. More of them would only share the same link.
    pub origin_fetches: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            upload_slots: 8,
            peer_fetches: 32,
            origin_fetches: 6,
        }
    }
}

#[cfg(test)]
mod tests;
