//! What the formats of advertising say, without sockets, files or clocks: bytes in, facts out.

pub mod cues;
pub mod decision;
pub mod scte35;
pub mod sidecar;
pub mod vmap;
