//! The operations of a PATCH (RFC 7644, section 3.5.2), as Entra ID and Okta spell them.

use serde_json::{Map, Value};

use super::filter::{self, Target};
use super::{OPERATIONS_MAX, wrong};
use crate::problem::{Problem, Result};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Adds a value, or sets an attribute that has one value only.
    Add,
    /// Sets.
    Replace,
    /// Takes away.
    Remove,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What it does.
    pub kind: Kind,
    /// To what; none: the value is an object that names the attributes.
    pub target: Option<Target>,
    /// With which value; null when there was none.
    pub value: Value,
    /// Its path as it was told, for refusals.
    pub at: String,
}

/// Reads the operations of a PATCH.
///
/// # Errors
/// 400 when they are none, 413 when they are too many.
pub fn operations(body: &Map<String, Value>) -> Result<Vec<Operation>> {
    let list = body.get("operations").and_then(Value::as_array);
    let list = list.filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| wrong("Operations", "Give a list of operations."))?;
    if list.len() > OPERATIONS_MAX {
        return Err(Problem::new(
            http::StatusCode::PAYLOAD_TOO_LARGE,
            "too_many_operations",
            "Send at most 1,000 operations in a request.",
        ));
    }
    list.iter().map(operation).collect()
}

fn operation(value: &Value) -> Result<Operation> {
    let named = value.get("op").and_then(Value::as_str).unwrap_or_default();
    let kinds = [
        ("add", Kind::Add),
        ("replace", Kind::Replace),
        ("remove", Kind::Remove),
    ];
    let kind = kinds
        .iter()
        .find(|(name, _)| named.eq_ignore_ascii_case(name));
    let (_, kind) = *kind.ok_or_else(|| wrong("Operations.op", "Give add, replace or remove."))?;
    let at = match value.get("path") {
        None | Some(Value::Null) => "",
        Some(Value::String(path)) => path.trim(),
        Some(_) => return Err(wrong("Operations.path", "Give a text.")),
    };
    let target = if at.is_empty() {
        None
    } else {
        Some(filter::path(at)?)
    };
    let value = value.get("value").cloned().unwrap_or_default();
    if target.is_none() && kind == Kind::Remove {
        return Err(Problem::invalid("no_target", "remove needs a path."));
    }
    if target.is_none() && !value.is_object() {
        let fix = "Without a path, give an object that names the attributes.";
        return Err(wrong("Operations.value", fix));
    }
    let at = at.to_owned();
    Ok(Operation {
        kind,
        target,
        value,
        at,
    })
}
