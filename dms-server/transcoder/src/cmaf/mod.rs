//! The CMAF (ISO/IEC 23000-19) files of a track: one header, then media segments.
//!
//! Decode times are made here, not taken from an encoder: within a segment the n-th sample to be
//! decoded gets the n-th smallest display time, or an earlier one where it would be late. A
//! segment therefore starts at the display time of its key frame and lasts exactly until the next
//! one starts, at any frame rate. Composition offsets are made positive by a delay that is the
//! same for the whole track, and the header's edit list takes the delay back: what is shown first
//! is shown at zero. (Negative offsets would need no edit list, but libavformat shifts them.)

mod boxes;
mod header;
mod segment;

pub use header::{AudioEntry, VideoEntry, audio_header, video_header};
pub use segment::{Sample, media_segment};
