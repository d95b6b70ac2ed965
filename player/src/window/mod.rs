//! The picture on the screen. Not available yet: playing works with `--headless`.

use std::{sync::Arc, time::Instant};

use crate::{
    engine::{feed::LookAhead, quality::Quality, session::Session},
    error::PlayError,
    report::Report,
};

/// How to play in a window.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The rendition.
    pub quality: Quality,
    /// How far ahead to fetch.
    pub look_ahead: LookAhead,
}

/// Says that there is no window.
///
/// # Errors
/// Always.
pub fn play(
    _: &tokio::runtime::Runtime,
    _: &Arc<Session>,
    _: Options,
    _: Instant,
) -> Result<Report, PlayError> {
    Err(PlayError::Window("this version has none".into()))
}
