//! The catalogue of problems: one file, from which the API, the page `/problems`, the command line and
//! docs/ERRORS.md take what a code means and what to do about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What stands in the file of one code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    status: Vec<u16>,
    means: String,
    fix: String,
}

/// A code of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KnownProblem {
    /// Stable, as in `code` of a problem.
    pub code: String,
    /// The HTTP statuses it comes with.
    pub status: Vec<u16>,
    /// What happened.
    pub means: String,
    /// What to do about it.
    pub fix: String,
}

/// Every code, in the order of the alphabet. Empty only if the file is damaged, which a test excludes.
static ENTRIES: LazyLock<Vec<KnownProblem>> = LazyLock::new(|| {
    let written: BTreeMap<String, Written> =
        toml::from_str(include_str!("catalogue.toml")).unwrap_or_default();
    let entry = |(code, Written { status, means, fix })| KnownProblem {
        code,
        status,
        means,
        fix,
    };
    written.into_iter().map(entry).collect()
});

/// Every code, in the order of the alphabet.
#[must_use]
pub fn all() -> &'static [KnownProblem] {
    &ENTRIES
}

/// What there is about a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static KnownProblem> {
    let at = ENTRIES.binary_search_by(|entry| entry.code.as_str().cmp(code));
    at.ok().and_then(|at| ENTRIES.get(at))
}

/// Codes that may have been meant: those that share the longest word with what was asked, at most five.
#[must_use]
pub fn alike(asked: &str) -> Vec<&'static str> {
    let words: Vec<&str> = asked
        .split(['_', '-', ' '])
        .filter(|w| w.len() > 2)
        .collect();
    let shared = |entry: &KnownProblem| {
        let longest = words.iter().filter(|word| entry.code.contains(**word));
        longest.map(|word| word.len()).max().unwrap_or(0)
    };
    let mut found: Vec<_> = ENTRIES.iter().map(|entry| (shared(entry), entry)).collect();
    found.retain(|(shared, _)| *shared > 0);
    found.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    found.truncate(5);
    found
        .into_iter()
        .map(|(_, entry)| entry.code.as_str())
        .collect()
}

/// The catalogue as docs/ERRORS.md.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# Problems\n\nEvery `code` that a problem of the API can have. A running server shows them at `/problems`, and \
         answers them at\n`GET /api/v1/problems`; `dms explain CODE` prints one. This file is written by \
         `dms explain --all > docs/ERRORS.md`.\n\n| code | status | means | do |\n|---|---|---|---|\n",
    );
    for entry in all() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            entry.code,
            statuses(entry),
            entry.means,
            entry.fix
        );
    }
    text
}

/// The statuses in one line.
#[must_use]
pub fn statuses(entry: &KnownProblem) -> String {
    let statuses: Vec<String> = entry.status.iter().map(u16::to_string).collect();
    statuses.join(", ")
}
