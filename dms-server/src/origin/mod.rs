//! The origin: chunks, playlists, segments and manifests of published titles.
//!
//! **Invariant:** only chunks of complete versions leave, and only when their bytes in the store were found
//! to hash to their id lately ([`checked`]).

pub mod checked;
pub mod chunks;
pub mod delivery;
pub mod hls;
pub mod hot;
pub mod range;
pub mod routes;
#[cfg(test)]
mod tests;
