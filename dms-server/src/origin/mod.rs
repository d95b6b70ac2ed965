//! The origin: chunks, playlists, segments and manifests of published titles.
//!
//! **Invariant:** only chunks of complete versions leave, and only whole chunks that hash to
//! their id are read from the store into an answer.

pub mod chunks;
pub mod delivery;
pub mod hls;
pub mod hot;
pub mod range;
pub mod routes;
#[cfg(test)]
mod tests;
