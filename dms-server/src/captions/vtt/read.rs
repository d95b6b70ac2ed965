//! The reader: lines to cues, with every fault's line, character and cue.

use super::text::plain;
use super::time::timestamp;
use super::{CUES_MAX, Cue, FILE_MAX, Fault, TEXT_MAX, TOLD_MAX, Track};

/// Reads a WebVTT or SubRip file; which of them, its first line says.
///
/// # Errors
/// What is wrong, in the order of the file, at most [`TOLD_MAX`].
pub fn read(bytes: &[u8]) -> Result<Track, Vec<Fault>> {
    if bytes.len() > FILE_MAX {
        let fix =
            format!("The file is longer than {FILE_MAX} bytes. Split it, or leave styles out.");
        return Err(vec![fault("too_long", 1, 1, 0, fix)]);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let line = good.matches('\n').count() + 1;
        let column = good
            .rsplit('\n')
            .next()
            .map_or(0, |last| last.chars().count())
            + 1;
        let fix = "This is not UTF-8. Save the file again with the encoding UTF-8.";
        vec![fault("not_utf8", count(line), count(column), 0, fix)]
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let first = lines.first().copied().unwrap_or_default();
    let is_webvtt =
        first == "WEBVTT" || first.starts_with("WEBVTT ") || first.starts_with("WEBVTT\t");
    let mut reader = Reader {
        lines: &lines,
        at: 0,
        comma: !is_webvtt,
        cue: 0,
        cues: Vec::new(),
        faults: Vec::new(),
    };
    if is_webvtt {
        reader.skip_block();
    }
    reader.blocks();
    reader.finish()
}

struct Reader<'a> {
    lines: &'a [&'a str],
    /// The next line, from 0.
    at: usize,
    /// Whether it is SubRip.
    comma: bool,
    /// The cue that is read, from 1.
    cue: u32,
    cues: Vec<Cue>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.lines.get(self.at).copied()
    }

    fn blocks(&mut self) {
        while let Some(line) = self.peek() {
            if line.trim().is_empty() {
                self.at += 1;
            } else if !self.comma && is_note(line) {
                self.skip_block();
            } else if self.faults.len() >= TOLD_MAX {
                return;
            } else if self.cues.len() >= CUES_MAX {
                let fix = format!("A file has at most {CUES_MAX} cues.");
                self.wrong("too_many_cues", 1, fix);
                return;
            } else {
                self.cue += 1;
                self.block();
            }
        }
    }

    fn skip_block(&mut self) {
        while self.peek().is_some_and(|line| !line.trim().is_empty()) {
            self.at += 1;
        }
    }

    /// One cue: perhaps its name, its times, its text.
    fn block(&mut self) {
        if !self.peek().is_some_and(|line| line.contains("-->")) {
            self.at += 1;
            if !self.peek().is_some_and(|line| line.contains("-->")) {
                self.at -= 1;
                let fix = if self.cue == 1 && self.comma {
                    "The file begins neither with WEBVTT nor with a cue. Give a WebVTT or an SRT file."
                } else {
                    "Times such as 00:01.000 --> 00:04.000 are missing. Add them, or put NOTE before a remark."
                };
                self.wrong("no_times", 1, fix);
                self.skip_block();
                return;
            }
        }
        let line = count(self.at + 1);
        let Some((start_ms, end_ms, settings)) = self.times() else {
            self.skip_block();
            return;
        };
        self.at += 1;
        let Some(text) = self.text() else { return };
        let cue = Cue {
            line,
            start_ms,
            end_ms,
            settings,
            text,
        };
        // A cue without words shows nothing.
        if !cue.text.is_empty() {
            self.cues.push(cue);
        }
    }

    fn times(&mut self) -> Option<(u64, u64, String)> {
        let line = self.peek()?.to_owned();
        let (from, rest) = line.split_once("-->")?;
        let (until, settings) = match rest.trim_start().split_once([' ', '\t']) {
            Some((until, settings)) => (until, settings),
            None => (rest.trim(), ""),
        };
        let after = column_of(&line, line.len() - rest.trim_start().len());
        let indent = from.len() - from.trim_start().len();
        let start = self.time(from.trim(), column_of(&line, indent));
        let end = self.time(until.trim(), after);
        let (start, end) = (start?, end?);
        if end <= start {
            let fix = format!(
                "It ends at {} and begins at {}. Give an end after the beginning.",
                until.trim(),
                from.trim()
            );
            self.wrong("ends_before_it_begins", after, fix);
            return None;
        }
        let column = column_of(&line, line.len() - settings.len());
        let settings = if self.comma { "" } else { settings };
        let settings = self.settings(settings, column)?;
        Some((start, end, settings))
    }

    fn time(&mut self, text: &str, column: u32) -> Option<u64> {
        let read = timestamp(text, self.comma);
        if read.is_none() {
            let form = if self.comma {
                "00:00:01,000"
            } else {
                "00:00:01.000"
            };
            let shown: String = text.chars().take(20).collect();
            let fix = format!("\u{201c}{shown}\u{201d} is no time. Write it as {form}.");
            self.wrong("invalid_time", column, fix);
        }
        read
    }

    /// Where on the picture: what players know is kept, what they ignore is not.
    fn settings(&mut self, text: &str, column: u32) -> Option<String> {
        let mut kept: Vec<&str> = Vec::new();
        for setting in text.split_whitespace() {
            let (name, value) = setting.split_once(':').unwrap_or((setting, ""));
            let fits = match name {
                "align" => matches!(
                    value,
                    "start" | "center" | "middle" | "end" | "left" | "right"
                ),
                "vertical" => matches!(value, "rl" | "lr"),
                "line" | "position" | "size" => {
                    !value.is_empty()
                        && value.len() <= 24
                        && value
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"%.,-".contains(&b))
                }
                _ => continue,
            };
            if !fits {
                let shown: String = setting.chars().take(30).collect();
                let fix =
                    format!("\u{201c}{shown}\u{201d} is no setting. Correct it, or leave it out.");
                self.wrong("invalid_setting", column, fix);
                return None;
            }
            kept.push(setting);
        }
        Some(kept.join(" "))
    }

    fn text(&mut self) -> Option<String> {
        let begins = self.at;
        let mut text = String::new();
        while let Some(line) = self
            .lines
            .get(self.at)
            .filter(|line| !line.trim().is_empty())
        {
            if line.contains("-->") {
                let fix =
                    "There are times in the middle of a text. Put an empty line before this cue.";
                self.wrong("no_empty_line", 1, fix);
                self.skip_block();
                return None;
            }
            text.push_str(line);
            text.push('\n');
            self.at += 1;
        }
        let text = plain(&text, self.comma);
        if text.chars().count() > TEXT_MAX {
            let after = std::mem::replace(&mut self.at, begins);
            let fix =
                format!("The text is longer than {TEXT_MAX} characters. Make several cues of it.");
            self.wrong("text_too_long", 1, fix);
            self.at = after;
            return None;
        }
        Some(text)
    }

    fn wrong(&mut self, code: &'static str, column: u32, fix: impl Into<String>) {
        let line = count(self.at + 1);
        self.faults.push(fault(code, line, column, self.cue, fix));
    }

    fn finish(mut self) -> Result<Track, Vec<Fault>> {
        if self.faults.is_empty() && self.cues.is_empty() {
            self.at = 0;
            let fix = "There is no cue with a text in this file. Give a WebVTT or an SRT file that has one.";
            self.wrong("no_cues", 1, fix);
        }
        self.faults.truncate(TOLD_MAX);
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let mut warnings = Vec::new();
        let mut latest: Option<(usize, u64, u64)> = None;
        for (index, cue) in self.cues.iter().enumerate() {
            let mut warn = |code, fix: String| {
                if warnings.len() < TOLD_MAX {
                    warnings.push(fault(code, cue.line, 1, count(index + 1), fix));
                }
            };
            if let Some((before, started, ended)) = latest {
                if cue.start_ms < started {
                    warn(
                        "out_of_order",
                        format!("It begins before cue {before}; it was put in order."),
                    );
                } else if cue.start_ms < ended {
                    warn(
                        "overlap",
                        format!("It begins before cue {before} ends: both are shown at once."),
                    );
                }
            }
            if latest.is_none_or(|(_, _, ended)| cue.end_ms > ended) {
                latest = Some((index + 1, cue.start_ms, cue.end_ms));
            }
        }
        let mut cues = self.cues;
        cues.sort_by_key(|cue| (cue.start_ms, cue.end_ms));
        Ok(Track { cues, warnings })
    }
}

fn is_note(line: &str) -> bool {
    ["NOTE", "STYLE", "REGION"].iter().any(|word| {
        line.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    })
}

fn fault(code: &'static str, line: u32, column: u32, cue: u32, fix: impl Into<String>) -> Fault {
    Fault {
        code,
        line,
        column,
        cue,
        fix: fix.into(),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The character, from 1, that begins at a byte.
fn column_of(line: &str, byte: usize) -> u32 {
    count(line.get(..byte).map_or(0, |before| before.chars().count()) + 1)
}
