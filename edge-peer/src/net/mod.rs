//! The network: who we are, who we talk to, and how much we let them.
//!
//! One attempt a call: when to ask again, and whom, is the state machine's decision.

pub mod address;
#[cfg(test)]
pub(crate) mod authority;
pub mod chunks;
pub mod client;
pub mod congestion;
pub mod control;
pub mod counted;
pub mod enrolment;
mod gather;
pub mod identity;
pub mod messenger;
pub mod pace;
pub mod pool;
pub mod renewal;
pub mod serve;
pub mod sessions;
