//! Ads and announcements: where something may be inserted into a title, what fills it, and what came of it. The contract is
//! `docs/ADS.md`.

pub mod beacon;
pub mod breaks;
pub mod count;
pub mod report;
