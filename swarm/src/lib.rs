//! Content identity, wire messages, and the decisions of a peer-assisted delivery swarm.
//!
//! This crate decides; it never acts. It has no sockets, no files, no clock and no global
//! randomness: time arrives as [`time::Instant`] and every effect leaves as an output value. The same state
//! machines run in `edge-peer` and in the simulator.

pub mod content;
pub mod peer;
pub mod site;
pub mod time;
pub mod wire;
