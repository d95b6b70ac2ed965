//! Timed text: WebVTT and SubRip read strictly, WebVTT written plainly.
//!
//! Pure. What is kept of a file are times, where on the picture, and plain text: no tag, no style sheet and
//! no note of it
//! is written again, so a page that shows the text as HTML shows text.

mod read;
#[cfg(test)]
mod tests;
mod text;
mod time;

use std::fmt::Write as _;

pub use self::read::read;
pub use self::text::{escape, plain};
pub use self::time::{stamp, timestamp};

/// The longest file, bytes.
pub const FILE_MAX: usize = 4 << 20;
/// The most cues.
pub const CUES_MAX: usize = 50_000;
/// The longest text of a cue, characters.
pub const TEXT_MAX: usize = 1_000;
/// Faults that are told at once, and warnings.
pub const TOLD_MAX: usize = 50;

/// A text and when it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// The line of the file its times stand on, from 1.
    pub line: u32,
    /// From when, milliseconds.
    pub start_ms: u64,
    /// Until when.
    pub end_ms: u64,
    /// Where on the picture, as WebVTT says it; checked.
    pub settings: String,
    /// Plain text; lines may end.
    pub text: String,
}

/// What is wrong in a file, or strange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable code.
    pub code: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// The character in it, from 1.
    pub column: u32,
    /// The cue, from 1; 0: before the first.
    pub cue: u32,
    /// What it is and what to do.
    pub fix: String,
}

impl Fault {
    /// Where it is, and what to do, as one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.cue {
            0 => self.fix.clone(),
            cue => format!("Cue {cue}: {}", self.fix),
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// Its cues, by their beginning.
    pub cues: Vec<Cue>,
    /// What is allowed, but hardly meant.
    pub warnings: Vec<Fault>,
}

impl Track {
    /// The file as this server keeps it.
    #[must_use]
    pub fn to_webvtt(&self) -> String {
        let mut out = String::from("WEBVTT\n");
        for cue in &self.cues {
            let (start, end) = (stamp(cue.start_ms), stamp(cue.end_ms));
            let space = if cue.settings.is_empty() { "" } else { " " };
            let text = escape(&cue.text);
            // Writing into a String cannot fail.
            let _ = write!(out, "\n{start} --> {end}{space}{}\n{text}\n", cue.settings);
        }
        out
    }

    /// Warns of cues that begin or end behind the end of what they belong to.
    pub fn warn_beyond(&mut self, duration_ms: u64) {
        for (index, cue) in self.cues.iter().enumerate() {
            if cue.end_ms > duration_ms && self.warnings.len() < TOLD_MAX {
                self.warnings.push(Fault {
                    code: "beyond_end",
                    line: cue.line,
                    column: 1,
                    cue: u32::try_from(index + 1).unwrap_or(u32::MAX),
                    fix: format!(
                        "It ends at {}, the title at {}. Is this file for another cut?",
                        stamp(cue.end_ms),
                        stamp(duration_ms)
                    ),
                });
            }
        }
    }
}
