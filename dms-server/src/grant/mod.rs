//! Command lines sign in through a browser that is elsewhere (RFC 8628).
//!
//! `dms login` asks for two codes: a long one, which it keeps, and a short one, which it shows. Whoever is signed in
//! gives the short one to the page `/device`, sees what asks and from where, and approves or refuses. The command line
//! asks with the long one until there is an answer, and gets a token of that person.

pub mod code;
pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;

/// How long a person has to answer, milliseconds: ten minutes.
pub const GRANT_MS: i64 = 10 * 60 * 1000;

/// How long an answer is remembered after its time is over, milliseconds, so that who asks late learns why: an hour.
const KEPT_MS: i64 = 3600 * 1000;

/// Grants that wait for an answer at one time.
const WAITING_MAX: i64 = 1_000;

/// Seconds between two asks of a command line.
const INTERVAL_S: i64 = 5;

/// How many more after each ask that came too soon, and at most.
const SLOWER_S: (i64, i64) = (5, 60);

/// The longest name of what asks, characters.
const NAME_MAX: usize = 80;
