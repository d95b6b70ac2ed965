//! Breaks from documents of others: VMAP, or splice messages beside a video.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dms_ads::cues::{self, CueBreak};
use dms_ads::vmap::{self, VmapBreak};
use dms_ads::{scte35, sidecar};
use serde::{Deserialize, Serialize};
use swarm::content::manifest::{MAX_BREAK_MS, MAX_SCTE35_LEN};
use utoipa::ToSchema;

use super::view::{BreakList, BreakView, Origin};
use crate::problem::{Problem, Result};

/// The most warnings that are told.
const WARNINGS_MAX: usize = 100;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// VMAP 1.0.
    Vmap,
    /// SCTE-35 messages with their times, as JSON or CSV.
    Scte35,
}

impl Format {
    /// What a document is by its first character.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'<') => Self::Vmap,
            _ => Self::Scte35,
        }
    }

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.origin().name()
    }

    const fn origin(self) -> Origin {
        match self {
            Self::Vmap => Origin::Vmap,
            Self::Scte35 => Origin::Scte35,
        }
    }
}

/// What became of a document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// All breaks of the title, with those of the document.
    pub breaks: Vec<BreakView>,
    /// What the document says that was not taken, or not as it stands there; at most 100.
    pub warnings: Vec<String>,
    /// Whether it is kept; a dry run keeps nothing.
    pub kept: bool,
}

/// What is known of the title.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Where its segments begin, milliseconds.
    pub starts_ms: Vec<u64>,
    /// Its playing time, milliseconds; none before it is published.
    pub duration_ms: Option<u64>,
    /// The stream's clock at its first picture.
    pub first_pts: Option<u64>,
}

/// The breaks of a document, and what was odd about it.
///
/// # Errors
/// 400 with the place.
pub fn read(
    bytes: &[u8],
    format: Format,
    content: &Content,
) -> Result<(Vec<BreakView>, Vec<String>)> {
    let (found, mut warnings) = match format {
        Format::Vmap => of_vmap(bytes, content)?,
        Format::Scte35 => of_cues(bytes, content)?,
    };
    warnings.truncate(WARNINGS_MAX);
    Ok((found, warnings))
}

fn unreadable(why: &impl ToString, fix: &str) -> Problem {
    let detail = "The document cannot be read.";
    Problem::invalid("unreadable_breaks", detail).at("", why.to_string(), fix)
}

fn of_vmap(bytes: &[u8], content: &Content) -> Result<(Vec<BreakView>, Vec<String>)> {
    let fix = "Give a VMAP 1.0 document, without a DTD.";
    let vmap = vmap::read(bytes).map_err(|error| unreadable(&error, fix))?;
    let mut warnings = vmap.warnings;
    let mut found = Vec::new();
    for (index, one) in (1..).zip(vmap.breaks).filter(|(_, one)| one.linear) {
        let Some(at_ms) = one.position.ms(content.duration_ms) else {
            let why = format!(
                "break {index}: the playing time is not known before the title is published"
            );
            return Err(unreadable(
                &why,
                "Import it again when the title is complete, or give times.",
            ));
        };
        if one.source.is_some() {
            warnings.push(asks(index, &one));
        }
        found.push(BreakView {
            at_ms,
            origin: Origin::Vmap,
            ..BreakView::default()
        });
    }
    Ok((found, warnings))
}

/// What fills breaks is the organisation's to say, not a document's.
fn asks(index: usize, one: &VmapBreak) -> String {
    let what = match one.source {
        Some(vmap::Source::AdTag(_)) => "AdTagURI",
        _ => "inline VAST",
    };
    format!(
        "break {index}: its {what} is not asked; a decision server of the organisation fills it"
    )
}

fn of_cues(bytes: &[u8], content: &Content) -> Result<(Vec<BreakView>, Vec<String>)> {
    let fix = "Give {\"at_ms\":..,\"scte35\":\"base64\"} a line or as a list, or CSV of seconds and base64.";
    let cues = sidecar::cues(bytes).map_err(|error| unreadable(&error, fix))?;
    let known = cues::Content {
        starts_ms: &content.starts_ms,
        duration_ms: content.duration_ms,
        first_pts: content.first_pts,
    };
    let (found, odd) = cues::breaks(&cues, &known);
    let warnings = odd.iter().map(ToString::to_string).collect();
    Ok((found.into_iter().map(view).collect(), warnings))
}

fn view(found: CueBreak) -> BreakView {
    let length_ms = found.length_ms.filter(|ms| *ms <= MAX_BREAK_MS);
    // Two messages that are too long together are left to the first.
    let messages = match found.messages.len() {
        len if len <= MAX_SCTE35_LEN => found.messages.as_slice(),
        _ => first(&found.messages),
    };
    BreakView {
        id: None,
        at_ms: found.at_ms,
        length_ms,
        // What was broadcast in the break is what is to be replaced.
        resume_ms: length_ms.unwrap_or(0),
        hold: false,
        origin: Origin::Scte35,
        scte35: (!messages.is_empty()).then(|| STANDARD.encode(messages)),
    }
}

fn first(bytes: &[u8]) -> &[u8] {
    let len = match bytes {
        [_, high, low, ..] => 3 + (usize::from(high & 0x0f) << 8 | usize::from(*low)),
        _ => 0,
    };
    let message = bytes.get(..len).unwrap_or_default();
    scte35::read(message).map_or(&[], |_| message)
}

/// The title's breaks with those of a document in place of what an earlier one of its kind brought. One that is
/// where it was keeps its name, so that whoever counts it goes on.
#[must_use]
pub fn merged(known: &BreakList, found: Vec<BreakView>, format: Format) -> BreakList {
    let of_kind = |view: &&BreakView| view.origin == format.origin();
    let others = known.breaks.iter().filter(|view| !of_kind(view)).cloned();
    let mut breaks: Vec<BreakView> = others.collect();
    let mut before: Vec<&BreakView> = known.breaks.iter().filter(of_kind).collect();
    for mut new in found {
        let place = before.iter().position(|old| old.at_ms == new.at_ms);
        if let Some(old) = place.map(|place| before.swap_remove(place)) {
            new.id = old.id;
            new.hold = old.hold;
        }
        breaks.push(new);
    }
    BreakList { breaks }
}
