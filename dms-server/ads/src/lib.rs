//! What the formats of advertising say, without sockets, files or clocks: bytes in, facts out.

pub mod decision;
pub mod progress;
