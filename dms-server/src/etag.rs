//! `If-Match`: a change is made to what its maker has seen, or not at all.

use http::{HeaderMap, StatusCode, header};

use crate::problem::{Problem, Result};

/// The `ETag` of a thing whose editions are counted.
#[must_use]
pub fn of(edition: i64) -> String {
    format!("\"{edition}\"")
}

/// Refuses a change that was made for another edition. Without `If-Match` every change fits.
///
/// # Errors
/// 412.
pub fn require_match(headers: &HeaderMap, edition: i64) -> Result<()> {
    let current = of(edition);
    let mut asked = headers.get_all(header::IF_MATCH).iter().peekable();
    let fits = asked.peek().is_none()
        || asked
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current);
    if fits { Ok(()) } else { Err(changed()) }
}

/// 412: somebody changed it meanwhile.
#[must_use]
pub fn changed() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "version_changed",
        "This was changed meanwhile. Read it again.",
    )
}
