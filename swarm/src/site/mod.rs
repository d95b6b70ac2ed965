//! A site: which addresses belong to it, which peers are there, which of them are the homes of a
//! chunk, and how its WAN is shared out.

pub mod ledger;
pub mod map;
pub mod proposal;
pub mod rank;
pub(crate) use rank::uniform;
pub mod roster;

pub use ledger::Ledger;
pub use map::{Cidr, CidrError, MapError, SiteMap};
pub use rank::{Ranking, homes, ranking};
pub use roster::{Applied, Roster, RosterError, RosterView, weigh};

/// The weight of a wired desktop, and the highest a peer can have.
pub const MAX_WEIGHT: u32 = 100;

/// The most homes a chunk can have.
pub const MAX_HOMES: u8 = 8;

/// Takes bytes off needs that are sorted by urgency, the most urgent first.
pub(crate) fn pay(needs: &mut [u64], mut bytes: u64) {
    for need in needs {
        let paid = bytes.min(*need);
        *need -= paid;
        bytes -= paid;
    }
}
