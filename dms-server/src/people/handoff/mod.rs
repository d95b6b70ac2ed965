//! A person goes on watching in the player of their PC.
//!
//! Pages that a PC's own agent serves are gated by no browser. The watch page asks for a code, which the person's click
//! carries to the agent; the agent trades it, once, on its own authenticated connection, for a session of that person
//! that is good on that device's connection only, and for watching only (`swarm/src/wire/page.rs`). It ends with the
//! session or token that it was handed over from, and with the device.

pub mod db;
mod pages;
pub mod routes;
#[cfg(test)]
mod tests;

pub use pages::Pages;

/// How long a code works, milliseconds.
pub const CODE_MS: i64 = 60 * 1000;

/// Codes of one person at one time; the oldest goes.
const CODES_MAX: i64 = 8;

/// Sessions of one person on one device; the oldest goes.
const SESSIONS_MAX: i64 = 8;

/// What a code begins with.
const CODE_PREFIX: &str = "dms_here_";

/// What the session of a page begins with.
const SESSION_PREFIX: &str = "dms_page_";
