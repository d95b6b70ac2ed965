//! SCIM 2.0 (RFC 7643, RFC 7644): the company's directory makes, changes and closes accounts and groups by itself.
//!
//! A directory sees and changes only what it made: people and groups with the source `scim`. An account or a group
//! that was made otherwise is never taken over, whatever it is called; making another one like it is a conflict.
//! Attributes that are not kept here are accepted and ignored, as directories send many.

pub mod body;
pub mod db;
pub mod error;
pub mod filter;
pub mod groups;
pub mod patch;
pub mod routes;
mod schema;
#[cfg(test)]
mod tests;
pub mod users;
mod view;

use serde_json::Value;

use crate::problem::{Problem, Result};

/// Where the paths of SCIM begin.
pub const PREFIX: &str = "/scim/v2";

/// The source of people and groups that a directory made.
const SOURCE: &str = "scim";

/// The schema of people.
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of what companies add to people.
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema of groups.
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Resources in one answer.
const COUNT_MAX: i64 = 200;
/// Members that one request may name.
const MEMBERS_MAX: usize = 1_000;
/// Members in one answer.
const SHOWN_MAX: i64 = 10_000;
/// Operations of one PATCH.
const OPERATIONS_MAX: usize = 1_000;
/// The longest text of an attribute, characters.
const TEXT_MAX: usize = 200;
/// How often a change is tried again that met another one.
const TRIES_MAX: usize = 3;

/// What the directory calls something, as the database has it: apart from what other sources call theirs.
fn stored(external_id: &str) -> String {
    format!("{SOURCE}:{external_id}")
}

/// The reverse of [`stored`].
fn told(external_id: Option<&str>) -> Option<&str> {
    external_id.and_then(|id| id.strip_prefix(SOURCE)?.strip_prefix(':'))
}

/// 400: the attribute at this path cannot have this value.
fn wrong(at: &str, fix: &str) -> Problem {
    let at: String = at.chars().take(TEXT_MAX).collect();
    Problem::invalid("invalid_value", format!("{at}: {fix}"))
}

/// A text of an attribute; nothing for null and for an empty one.
fn text(value: &Value, at: &str) -> Result<Option<String>> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim(),
        _ => return Err(wrong(at, "Give a text.")),
    };
    if text.chars().count() > TEXT_MAX || text.chars().any(char::is_control) {
        return Err(wrong(at, "Give at most 200 printable characters."));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A yes or no; directories also send it as a text.
fn flag(value: &Value, at: &str) -> Result<bool> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(wrong(at, "Give true or false.")),
    }
}
