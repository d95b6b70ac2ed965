//! What `dms` and `dms-transcoder` say to each other.
//!
//! `dms` starts `dms-transcoder` with one argument, [`JobSpec::to_argument`], and gives it the
//! source as standard input: an opened, seekable, regular file. The child opens no path. On its
//! standard output the child writes frames ([`frame`]), each one [`Message`]; its standard error
//! is text for people.
//!
//! The order of messages is a contract:
//!
//! 1. [`Message::Probe`], once, unless the source is not media at all;
//! 2. [`Message::Plan`], once, before anything of a track;
//! 3. each track's [`Message::Header`], then its [`Message::Segment`]s from index 1 without a gap;
//!    tracks interleave. A header may follow segments of other tracks;
//! 4. [`Message::Poster`], [`Message::Sprites`] and [`Message::Progress`] anywhere after the plan;
//! 5. last, exactly one [`Message::Done`] or [`Message::Failed`]. A failed job ends at once: what
//!    came before it is to be thrown away.
//!
//! A child that ends without either has crashed: [`FailureCode::TranscoderCrashed`].

pub mod failure;
pub mod frame;
pub mod job;
pub mod ladder;
pub mod message;

pub use failure::{FailureCode, UnknownFailureCode};
pub use frame::{FrameDecoder, FrameError, MAX_FRAME, read_message, write_message};
pub use job::{ArgumentError, JobSpec, LadderLimits, Limits, SpriteSpec};
pub use message::{
    Done, Failed, Header, Message, Plan, Poster, Probe, Progress, Rendition, RenditionKind,
    Segment, SourceAudio, SourceVideo, Sprites, TrackTotal,
};

/// The version of the messages and of the job specification. Both ends must name the same.
pub const PROTOCOL: u16 = 2;
