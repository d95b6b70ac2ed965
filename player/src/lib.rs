//! The player: licence, decrypt, decode, show; or a loopback HLS gateway for other players.
//!
//! - [`source`] gets manifests, licences and chunks from the agent on this computer or the DMS.
//! - [`license`] asks with a key of this run only, checks the answer and holds the keys.
//! - [`engine`] decides what to fetch when, and knows where the playhead is.
//! - [`decode`] makes pictures and sound of opened segments.
//! - [`breaks`] asks what fills a title's breaks, shows it and tells of it.
//! - [`receive`] makes a clear file of a file title.
//! - [`window`] shows them; [`engine::headless`] counts them; [`gateway`] hands the segments to
//!   other players of this computer.
//!
//! **Invariant:** a chunk is hashed before it is opened, and a segment opens only with a key of
//! a licence whose signature, place and time were checked. Opened bytes stay in memory.

#![forbid(unsafe_code)]

pub mod breaks;
pub mod command;
pub mod config;
pub mod decode;
pub mod engine;
pub mod error;
pub mod gateway;
pub mod license;
pub mod offline;
pub mod receive;
pub mod report;
pub mod source;
pub mod window;
