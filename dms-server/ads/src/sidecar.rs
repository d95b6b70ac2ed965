//! Splice messages in a file beside a video: JSON, a line each or one list, or CSV.
//!
//! JSON: `{"at_ms": 5000, "scte35": "/DA..."}`. CSV: `5.0,/DA...`; a first line of names is passed over.

use serde::Deserialize;

use crate::cues::{CUES_MAX, Cue};
use crate::scte35::{SpliceError, read, text};

/// The longest file, bytes.
pub const FILE_MAX: usize = 1 << 20;
/// The latest media time, milliseconds: more than any title lasts.
const LATEST_MS: u64 = 1 << 40;

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SidecarError {
    /// It is longer than is read.
    #[error("it is longer than 1 MiB")]
    TooLong,
    /// It is no text.
    #[error("it is not UTF-8")]
    NotText,
    /// It has more messages than are read.
    #[error("it has more than 10,000 messages")]
    TooMany,
    /// It has none.
    #[error("it has no message")]
    Empty,
    /// A line is neither JSON nor CSV.
    #[error("line {line}: {why}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A message is none.
    #[error("message {index}: {error}")]
    Message {
        /// Which, from 1.
        index: usize,
        /// What is wrong.
        error: SpliceError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    at_ms: u64,
    scte35: String,
}

/// Reads a file.
///
/// # Errors
/// [`SidecarError`], naming the line or message.
pub fn cues(bytes: &[u8]) -> Result<Vec<Cue>, SidecarError> {
    if bytes.len() > FILE_MAX {
        return Err(SidecarError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SidecarError::NotText)?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let entries = match text.as_bytes().first() {
        None => return Err(SidecarError::Empty),
        Some(b'[') => serde_json::from_str(text).map_err(|error| SidecarError::Line {
            line: error.line(),
            why: error.to_string(),
        })?,
        Some(b'{') => lines(text, json)?,
        Some(_) => lines(text, csv)?,
    };
    if entries.len() > CUES_MAX {
        return Err(SidecarError::TooMany);
    }
    if entries.is_empty() {
        return Err(SidecarError::Empty);
    }
    let cue = |(index, entry): (usize, Entry)| {
        let wrong = |error| SidecarError::Message { index, error };
        let message = text::bytes(&entry.scte35).map_err(wrong)?;
        Ok(Cue {
            at_ms: entry.at_ms.min(LATEST_MS),
            info: read(&message).map_err(wrong)?,
        })
    };
    (1..).zip(entries).map(cue).collect()
}

type Parser = fn(usize, &str) -> Result<Option<Entry>, String>;

fn lines(text: &str, parse: Parser) -> Result<Vec<Entry>, SidecarError> {
    let mut entries = Vec::new();
    for (line, text) in (1..).zip(text.lines().map(str::trim)) {
        if text.is_empty() {
            continue;
        }
        let entry = parse(line, text).map_err(|why| SidecarError::Line { line, why })?;
        entries.extend(entry);
    }
    Ok(entries)
}

fn json(_: usize, line: &str) -> Result<Option<Entry>, String> {
    serde_json::from_str(line)
        .map(Some)
        .map_err(|e| e.to_string())
}

fn csv(line: usize, text: &str) -> Result<Option<Entry>, String> {
    let (seconds, message) = text
        .split_once([',', ';', '\t'])
        .ok_or("give seconds, a comma and the message")?;
    let (seconds, message) = (
        seconds.trim().trim_matches('"'),
        message.trim().trim_matches('"'),
    );
    match at_ms(seconds) {
        Some(at_ms) => Ok(Some(Entry {
            at_ms,
            scte35: message.to_owned(),
        })),
        // A first line of names has no digit.
        None if line == 1 && !seconds.bytes().any(|b| b.is_ascii_digit()) => Ok(None),
        None => Err(format!("{:?} is no number of seconds", cut(seconds))),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

fn at_ms(seconds: &str) -> Option<u64> {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
        return None;
    }
    let millis: String = part.chars().chain("000".chars()).take(3).collect();
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(1000)?.checked_add(millis.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NULL: &str = "/DARAAAAAAAAAP/wAAAAAHpPv/8=";

    #[test]
    fn three_spellings_say_the_same() {
        let object = format!(r#"{{"at_ms":1500,"scte35":"{NULL}"}}"#);
        let files = [
            format!("[{object},{object}]"),
            format!("{object}\n\n{object}\n"),
            format!("seconds,message\n1.5,{NULL}\n\"1.500\",{NULL}\r\n"),
        ];
        for file in files {
            let read = cues(file.as_bytes()).expect(&file);
            assert_eq!(read.len(), 2);
            assert!(read.iter().all(|cue| cue.at_ms == 1500), "{file}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (file, wrong) in [
            (format!("1.0,{NULL}\n1,5,{NULL}"), "message 2"),
            (format!("1.0,{NULL}\nx,{NULL}"), "line 2"),
            ("{\"at_ms\":1}".to_owned(), "line 1"),
            ("[".to_owned(), "line 1"),
            (
                "1.0,AAAA".to_owned(),
                "message 1: it begins with table id 0x00",
            ),
            (String::new(), "no message"),
            ("a,b".to_owned(), "no message"),
        ] {
            let error = cues(file.as_bytes()).expect_err(&file).to_string();
            assert!(error.contains(wrong), "{file}: {error}");
        }
    }
}
