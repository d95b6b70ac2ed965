//! Starts real stacks: a DMS, edge peers at sites, players, databases, each a real process.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use harness::{Clip, Stack};
//! let clip = Clip::new(6).make().await?;
//! let mut stack = Stack::builder().site("lyon", "127.1.0.0/16", 3).start().await?;
//! let title = stack.dms.publish(&clip.path, "All hands").await?;
//! let report = stack.peers[0].play(&stack.dms, &title.id).await?;
//! assert_eq!(report.frames_decoded, clip.frames);
//! # Ok(()) }
//! ```
//!
//! Every process is ended when its handle is dropped, by its pid; its log stays in the stack's
//! folder until the stack is dropped.

pub mod authority;
pub mod bins;
pub mod clip;
pub mod dms;
pub mod peer;
pub mod play;
pub mod postgres;
pub mod process;
pub mod stack;

pub use authority::Authority;
pub use clip::{Clip, MadeClip};
pub use dms::{Dms, Title};
pub use peer::EdgePeer;
pub use play::Report;
pub use postgres::Postgres;
pub use process::Process;
pub use stack::{Stack, StackBuilder};
