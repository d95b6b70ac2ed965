//! What the formats of advertising say, without sockets, files or clocks: bytes in, facts out.

pub mod cues;
pub mod decision;
pub mod macros;
pub mod progress;
pub mod scte35;
pub mod sidecar;
pub mod vast;
pub mod vmap;
pub mod xml;
