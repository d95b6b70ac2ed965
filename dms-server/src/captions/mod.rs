//! Captions and chapters: timed texts beside a title.
//!
//! They are no part of the signed manifest and are not sealed: they come from this server, to whoever may
//! see the title's
//! poster, and change without a new version. [`vtt`] reads what publishers give; nothing but plain text of
//! it is kept.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;
pub mod view;
pub mod vtt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::vtt::{Cue, Track, stamp};
use crate::problem::{Problem, Result};

/// The most languages of a title.
pub const LANGUAGES_MAX: i64 = 50;
/// The longest label of a language, characters.
pub const LABEL_MAX: usize = 100;
/// The most chapters of a title.
pub const CHAPTERS_MAX: usize = 200;
/// The longest name of a chapter, characters.
pub const CHAPTER_MAX: usize = 200;

/// A language tag (BCP 47) in its one spelling, such as `en`, `pt-BR` or `zh-Hant`; none when it is none.
#[must_use]
pub fn language(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let first = parts.next()?;
    let fits = (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    if !fits || text.len() > 35 {
        return None;
    }
    let mut out = first.to_ascii_lowercase();
    for part in parts {
        if !(2..=8).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let part = part.to_ascii_lowercase();
        let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
        out.push('-');
        match part.len() {
            2 if letters => out.push_str(&part.to_ascii_uppercase()),
            4 if letters => {
                let (head, tail) = part.split_at(1);
                out.push_str(&head.to_ascii_uppercase());
                out.push_str(tail);
            }
            _ => out.push_str(&part),
        }
    }
    Some(out)
}

/// A part of a title with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// Where it begins, milliseconds; it goes on to the next one.
    pub start_ms: u64,
    /// Its name, at most 200 characters.
    pub title: String,
}

/// The chapters of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chapters {
    /// They, by their beginning; at most 200.
    pub chapters: Vec<Chapter>,
}

impl Chapters {
    /// Chapters of a WebVTT file: each cue is one.
    #[must_use]
    pub fn of(track: &Track) -> Self {
        let chapter = |cue: &Cue| Chapter {
            start_ms: cue.start_ms,
            title: cue.text.replace('\n', " "),
        };
        Self {
            chapters: track.cues.iter().map(chapter).collect(),
        }
    }

    /// The same with tidy names, if they can be meant.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn checked(mut self, duration_ms: Option<u64>) -> Result<Self> {
        let detail = "These cannot be the chapters of this title.";
        let mut problem = Problem::invalid("invalid_chapters", detail);
        if self.chapters.is_empty() || self.chapters.len() > CHAPTERS_MAX {
            let fix = format!("Give 1 to {CHAPTERS_MAX} chapters, or DELETE them.");
            return Err(problem.at("/chapters", "count", fix));
        }
        let mut before = None;
        for (index, chapter) in self.chapters.iter_mut().enumerate() {
            chapter.title = chapter.title.trim().to_owned();
            let length = chapter.title.chars().count();
            if !(1..=CHAPTER_MAX).contains(&length) || chapter.title.chars().any(char::is_control) {
                let fix = format!("Give 1 to {CHAPTER_MAX} characters on one line.");
                problem = problem.at(format!("/chapters/{index}/title"), "invalid_text", fix);
            }
            let pointer = format!("/chapters/{index}/start_ms");
            if before.is_some_and(|before| chapter.start_ms <= before) {
                let fix = "Chapters follow one another: begin it after the one before.";
                problem = problem.at(pointer, "out_of_order", fix);
            } else if let Some(end) = duration_ms.filter(|end| *end > 0 && chapter.start_ms >= *end)
            {
                let fix = format!("The title ends at {}: begin it before.", stamp(end));
                problem = problem.at(pointer, "beyond_end", fix);
            }
            before = Some(chapter.start_ms);
        }
        if problem.errors.is_empty() {
            Ok(self)
        } else {
            Err(problem)
        }
    }

    /// As WebVTT for a `<track kind="chapters">`; the last one lasts up to the end.
    #[must_use]
    pub fn to_webvtt(&self, duration_ms: u64) -> String {
        let starts = self.chapters.iter().skip(1).map(|next| next.start_ms);
        let ends = starts.chain([duration_ms]);
        let cue = |(chapter, end): (&Chapter, u64)| Cue {
            line: 0,
            start_ms: chapter.start_ms,
            end_ms: end.max(chapter.start_ms + 1),
            settings: String::new(),
            text: chapter.title.clone(),
        };
        let track = Track {
            cues: self.chapters.iter().zip(ends).map(cue).collect(),
            warnings: Vec::new(),
        };
        track.to_webvtt()
    }
}
