//! A site: which addresses belong to it, which peers are there, and which of them are the homes of
//! a chunk.

pub mod map;
pub mod rank;
pub mod roster;

pub use map::{Cidr, CidrError, MapError, SiteMap};
pub use rank::{Ranking, homes, ranking};
pub use roster::{Applied, Roster, RosterError, RosterView, weigh};

/// The weight of a wired desktop, and the highest a peer can have.
pub const MAX_WEIGHT: u32 = 100;

/// The most homes a chunk can have.
pub const MAX_HOMES: u8 = 8;
