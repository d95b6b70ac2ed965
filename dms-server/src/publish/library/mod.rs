//! The library: what publishers say of titles, and the lists they find them in.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::db::TitleRow;
use super::upload::metadata::MAX_TITLE;
use crate::problem::{Problem, Result};

/// The longest description, characters.
pub const DESCRIPTION_MAX: usize = 5_000;
/// The most tags of a title.
pub const TAGS_MAX: usize = 20;
/// The longest tag, characters.
pub const TAG_MAX: usize = 50;

/// What is to change of a title; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TitleChange {
    /// Its name for people, 1 to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about, at most 5,000 characters; lines may end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its tags, at most 20 of at most 50 characters; they are kept in lower case, each once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

/// What a title is called and said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Told {
    /// What a title is called now.
    #[must_use]
    pub fn of(row: &TitleRow) -> Self {
        Self {
            name: row.name.clone(),
            description: row.description.clone(),
            tags: row.tags(),
        }
    }

    /// The same after a change.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn after(mut self, change: &TitleChange) -> Result<Self> {
        let detail = "A title cannot be called or described like this.";
        let mut problem = Problem::invalid("invalid_title", detail);
        if let Some(name) = &change.title {
            match line(name, MAX_TITLE) {
                Some(name) => self.name = name,
                None => {
                    let fix = format!("Give 1 to {MAX_TITLE} characters on one line.");
                    problem = problem.at("/title", "invalid_text", fix);
                }
            }
        }
        if let Some(text) = &change.description {
            match paragraphs(text) {
                Some(text) => self.description = text,
                None => {
                    let fix = format!(
                        "Give at most {DESCRIPTION_MAX} characters, without control characters."
                    );
                    problem = problem.at("/description", "invalid_text", fix);
                }
            }
        }
        if let Some(tags) = &change.tags {
            match self::tags(tags) {
                Ok(tags) => self.tags = tags,
                Err(wrong) => {
                    for (pointer, fix) in wrong {
                        problem = problem.at(pointer, "invalid_tag", fix);
                    }
                }
            }
        }
        if problem.errors.is_empty() {
            Ok(self)
        } else {
            Err(problem)
        }
    }
}

/// A text on one line; none when it is empty, too long or has control characters.
fn line(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= max;
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn paragraphs(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let fits = text.chars().count() <= DESCRIPTION_MAX && !text.chars().any(control);
    fits.then(|| text.to_owned())
}

/// A tag in its one spelling; none when it is none.
#[must_use]
pub fn tag(text: &str) -> Option<String> {
    let words: Vec<_> = text.split_whitespace().collect();
    line(&words.join(" ").to_lowercase(), TAG_MAX)
}

fn tags(given: &[String]) -> std::result::Result<Vec<String>, Vec<(String, String)>> {
    if given.len() > TAGS_MAX {
        let fix = format!("Give at most {TAGS_MAX} tags.");
        return Err(vec![("/tags".to_owned(), fix)]);
    }
    let (mut tags, mut wrong) = (Vec::new(), Vec::new());
    for (index, text) in given.iter().enumerate() {
        match tag(text) {
            Some(tag) if !tags.contains(&tag) => tags.push(tag),
            Some(_) => {}
            None => {
                let fix = format!("Give 1 to {TAG_MAX} characters on one line.");
                wrong.push((format!("/tags/{index}"), fix));
            }
        }
    }
    if wrong.is_empty() {
        Ok(tags)
    } else {
        Err(wrong)
    }
}
