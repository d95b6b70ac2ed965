//! VAST 2.0 to 4.2: what an ad server answers.
//!
//! [`parse`] makes a [`document`] of bytes, [`resolver`] follows its wrappers without doing any of it itself,
//! and [`merge`] makes of an ad and the wrappers around it a [`crate::decision::Ad`]. What is refused has the
//! code of VAST's own table and the place in the document.

mod creative;
pub mod document;
mod error;
pub mod merge;
mod read;
pub mod resolver;
#[cfg(test)]
mod tests;
mod time;

pub use self::document::{Vast, Version};
pub use self::error::{VastError, code};
pub use self::read::parse;
pub use self::time::{Offset, duration_ms};
