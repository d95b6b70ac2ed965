//! How breaks are filled and counted. The words and the contract stand in docs/ADS.md.

pub mod server;
