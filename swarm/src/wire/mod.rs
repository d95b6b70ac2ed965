//! What travels between machines, and every limit on it.
//!
//! The control connection carries one [`ToDms`] or [`ToPeer`] value a frame, as CBOR. Chunks
//! travel as plain HTTP: see [`http`].

pub mod campaign;
pub mod control;
pub mod http;
pub mod observation;
pub mod page;
pub mod question;
pub mod receipt;

pub use campaign::{Bits, Campaign, Enough, Holding, MAX_CAMPAIGN_CHUNKS, MAX_COPIES, Tally};
pub use control::{
    BadChunk, Lease, LeaseAsk, Pardon, Peering, Rate, RosterChange, RosterPeer, RosterSnapshot,
    Sharing, SiteInfo, TitleHead, ToDms, ToPeer, TransferTotals, WireError,
};
pub use observation::Observation;
pub use question::{Answered, Asked, Question};

/// The version of the control messages. Both ends must name the same.
pub const PROTOCOL: u16 = 1;

/// The longest control frame, bytes.
pub const MAX_CONTROL_FRAME: usize = 1 << 20;

/// The most peers in one roster.
pub const MAX_ROSTER: usize = 20_000;

/// The most titles a site is to hold at once.
pub const MAX_CAMPAIGNS: usize = 64;

/// The most pardons in one message.
pub const MAX_PARDONS: usize = 1_000;

/// The most times a request may be passed on before it must be answered or refused.
pub const MAX_HOPS: u8 = 4;

/// The most peers named in one referral.
pub const MAX_REFERRAL: usize = 4;

/// The longest signed manifest, bytes.
pub const MAX_MANIFEST_LEN: usize = 16 << 20;

/// The longest a peer may be asked to wait for an answer, milliseconds.
pub const MAX_DEADLINE_MS: u64 = 60_000;
