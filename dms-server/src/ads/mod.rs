//! Ads and announcements: where something may be inserted into a title, what fills it, and what came of it.
//! The words and the contract stand in docs/ADS.md.

pub mod beacon;
pub mod breaks;
pub mod count;
pub mod report;
pub mod server;
