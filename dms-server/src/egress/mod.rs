//! The one client for everything the server fetches from addresses that people typed.
//!
//! A URL that somebody typed must not make the server talk to what only the server can reach: its own
//! loopback, the machines of its network, the services of its cloud. So every exchange goes through here:
//!
//! - [`target`] says which URLs are taken at all;
//! - [`address`] says which addresses are public, and which ones the operator opened;
//! - [`resolve`] asks for a name once; every address of the answer must pass;
//! - [`client`] connects to exactly an address that passed, and treats a redirect as a new URL.
//!
//! **Invariant:** no socket is opened to an address that was not judged for this very hop.

pub mod address;
pub mod client;
mod dial;
pub mod download;
pub mod error;
pub mod resolve;
pub mod target;
#[cfg(test)]
mod tests;
mod trust;

pub use client::{Answer, Egress, Outgoing, Take};
pub use error::EgressError;
