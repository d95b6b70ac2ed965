//! Names of the chunk protocol: `GET /v1/chunks/{id}` at an origin, a cache or a peer.
//!
//! Answers: 200 with the bytes; 307 with [`REFER`] naming peers that have it (or the answering peer
//! itself, which is fetching it and asks to be asked again); 404 "not here";
//! 503 when every upload slot is taken and nobody else is known.

/// The path before the chunk id.
pub const CHUNK_PATH: &str = "/v1/chunks/";
/// Request: milliseconds until the bytes are needed.
pub const DEADLINE_MS: &str = "dms-deadline-ms";
/// Request: how many times this request was passed on already.
pub const HOPS: &str = "dms-hops";
/// Request: the title the asker wants the chunk for, so that a home can learn its manifest.
pub const TITLE: &str = "dms-title";
/// Answer 307: device ids, comma separated, at most [`super::MAX_REFERRAL`].
pub const REFER: &str = "dms-refer";
/// Answer 200 of an agent's loopback API: `cache`, `peer` or `origin`.
pub const SOURCE: &str = "dms-source";
