//! Pictures: decoding, pacing, scaling and encoding.
//!
//! Three kinds of threads, joined by short queues: one decodes and paces, one scales, and one
//! encodes for each rendition. Each picture is decoded once; each rendition is scaled from the
//! next larger one.

pub mod decode;
pub mod encode;
pub mod filters;
pub mod turn;

use ffmpeg_next::frame;

/// Pictures in a queue between two threads: enough to keep both busy, few enough to bound
/// memory (a 4K picture has 12 MB).
pub const QUEUE: usize = 4;

/// What travels between the stages.
pub enum Picture {
    /// A picture; its time in ticks is its `pts`, and its kind is `I` where a segment starts.
    Frame(frame::Video),
    /// The title ends at this tick. Nothing follows.
    End(i64),
}
