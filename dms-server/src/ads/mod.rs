<<<<<<< HEAD
//! Ads and announcements: what fills breaks, and what becomes of it. docs/ADS.md has the words and the contract.

pub mod campaign;
pub mod creative;
pub mod decide;
pub mod server;
=======
//! Ads and announcements: where something may be inserted into a title, what fills it, and what came of it.

pub mod breaks;
>>>>>>> breaks
