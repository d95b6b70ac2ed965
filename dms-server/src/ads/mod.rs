//! Ads and announcements: what fills breaks, and what becomes of it. docs/ADS.md has the words and the contract.

pub mod breaks;
pub mod campaign;
pub mod creative;
pub mod decide;
pub mod server;
