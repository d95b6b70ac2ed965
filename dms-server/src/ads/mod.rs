//! Ads and announcements: where something may be inserted into a title, what fills it, and what came of it. The contract is
//! `docs/ADS.md`.

pub mod beacon;
pub mod breaks;
pub mod campaign;
pub mod count;
pub mod creative;
pub mod decide;
pub mod report;
pub mod server;
