//! Ads and announcements: how breaks are filled and counted. The contract is `docs/ADS.md`.

pub mod beacon;
pub mod count;
pub mod report;
