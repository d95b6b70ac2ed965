//! Playing: what to fetch when, how far ahead, and where the playhead is.
//!
//! [`session`] gives opened segments; one [`feed`] a lane fetches them in order, ahead of the
//! playhead; [`crate::decode`] turns them into frames; [`playback`] ties the lanes of one run
//! together; [`headless`] plays without a window.

pub mod feed;
pub mod headless;
pub mod playback;
pub mod playhead;
pub mod quality;
pub mod session;
pub mod timeline;
pub mod transport;
