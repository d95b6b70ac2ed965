//! Names of the chunk protocol: `GET /v1/chunks/{id}` at an origin, a cache or a peer.
//!
//! Answers: 200 with the bytes; 307 with [`REFER`] naming peers that have it (or the answering peer
//! itself, which is fetching it and asks to be asked again); 404 "not here";
//! 503 when every upload slot is taken and nobody else is known.

use crate::peer::Priority;

/// The path before the chunk id.
pub const CHUNK_PATH: &str = "/v1/chunks/";
/// Request: milliseconds until the bytes are needed.
pub const DEADLINE_MS: &str = "dms-deadline-ms";
/// Request: how many times this request was passed on already.
pub const HOPS: &str = "dms-hops";
/// Request: the title the asker wants the chunk for, so that a home can learn its manifest.
pub const TITLE: &str = "dms-title";
/// Request: how urgent it is: see [`priority_name`]. `playing` when it is not there.
pub const PRIORITY: &str = "dms-priority";
/// Request: the chunk's length in bytes, as the asker's manifest says; a hint.
pub const LENGTH: &str = "dms-length";
/// Answer 307: device ids, comma separated, at most [`super::MAX_REFERRAL`].
pub const REFER: &str = "dms-refer";
/// Answer 200 of an agent's loopback API: `cache`, `peer` or `origin`.
pub const SOURCE: &str = "dms-source";
/// What a program asks its agent in a person's name: their token. The agent passes it on.
pub const PERSON: &str = "dms-person";
/// Content type of a row of chunks: for each its id, its length (4 bytes, big endian), where it
/// was (1 byte: 0 cache, 1 peer, 2 origin) and its bytes. Length 0 says that the others are still sought.
pub const CHUNK_ROW: &str = "application/vnd.dms.chunks";
/// The length of a record's head in a row of chunks: bytes.
pub const CHUNK_ROW_HEAD: usize = 37;

/// A priority's name in [`PRIORITY`].
#[must_use]
pub const fn priority_name(priority: Priority) -> &'static str {
    match priority {
        Priority::Live => "live",
        Priority::Playing => "playing",
        Priority::PrePosition => "pre-position",
        Priority::File => "file",
    }
}

/// The priority of that name.
#[must_use]
pub fn priority_of(name: &str) -> Option<Priority> {
    [
        Priority::Live,
        Priority::Playing,
        Priority::PrePosition,
        Priority::File,
    ]
    .into_iter()
    .find(|priority| priority_name(*priority) == name)
}
