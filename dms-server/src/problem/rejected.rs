//! What could not be read of a request, in words for people: where it is wrong, and what to write there instead.
//!
//! Readers speak of Rust's types ("expected u32"); whoever calls the API does not know them.

use std::error::Error;

use serde_path_to_error::Segment;

use super::Problem;

/// The most of a reader's own words that are told, characters: they repeat what was sent.
const WORDS_MAX: usize = 300;

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    code: &'static str,
    fix: String,
    /// A field that the place itself does not name: one that is missing or repeated.
    field: Option<String>,
}

/// A body that is JSON, but not the JSON that is expected; or no JSON at all.
#[must_use]
pub fn json(
    problem: Problem,
    error: &serde_json::Error,
    path: Option<&serde_path_to_error::Path>,
) -> Problem {
    let text = error.to_string();
    let message = text
        .rfind(" at line ")
        .and_then(|at| text.get(..at))
        .unwrap_or(&text);
    if error.is_data() {
        let wrong = explain(message);
        let place = pointer(path, wrong.field.as_deref());
        return problem.at(place, wrong.code, wrong.fix);
    }
    let place = format!("{}:{}", error.line(), error.column());
    let fix = format!(
        "Send JSON in UTF-8. Here it goes wrong: {}.",
        syntax(message)
    );
    problem.at(place, "no_json", fix)
}

/// What is wrong by the error that an extractor of axum wraps; `pointer` makes a place of a path.
#[must_use]
pub fn wrapped(problem: Problem, rejection: &(dyn Error + 'static)) -> Problem {
    type OfJson = serde_path_to_error::Error<serde_json::Error>;
    type OfForm = serde_path_to_error::Error<serde::de::value::Error>;
    let mut cause: Option<&(dyn Error + 'static)> = Some(rejection);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<OfJson>() {
            return json(problem, error.inner(), Some(error.path()));
        }
        if let Some(error) = error.downcast_ref::<OfForm>() {
            let wrong = explain(&error.inner().to_string());
            let name = wrong.field.unwrap_or_else(|| error.path().to_string());
            return problem.at(name, wrong.code, wrong.fix);
        }
        if let Some(error) = error.downcast_ref::<serde_json::Error>() {
            return json(problem, error, None);
        }
        cause = error.source();
    }
    problem
}

/// A path as JSON pointer (RFC 6901), with a field that it does not name itself.
fn pointer(path: Option<&serde_path_to_error::Path>, field: Option<&str>) -> String {
    let segments = path.into_iter().flat_map(serde_path_to_error::Path::iter);
    let mut names: Vec<String> = segments
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    if let Some(field) = field.filter(|field| names.last().is_none_or(|last| last != field)) {
        names.push(field.to_owned());
    }
    let escaped = |name: &String| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    names.iter().map(escaped).collect()
}

/// The messages of serde, which are the same in every reader, as code and fix.
fn explain(message: &str) -> Wrong {
    let message: String = message.chars().take(WORDS_MAX).collect();
    let wrong = of_field(&message).or_else(|| of_value(&message));
    wrong.unwrap_or_else(|| of_text(&message))
}

/// A field that should be there, or should not.
fn of_field(message: &str) -> Option<Wrong> {
    let quoted = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?.strip_prefix('`')?;
        let (name, rest) = rest.split_once('`')?;
        Some((name.to_owned(), rest))
    };
    let named = |code, fix, field| Wrong {
        code,
        fix,
        field: Some(field),
    };
    if let Some((field, _)) = quoted("missing field ") {
        return Some(named("missing_field", format!("Give {field}."), field));
    }
    if let Some((field, _)) = quoted("duplicate field ") {
        return Some(named(
            "repeated_field",
            format!("Give {field} once."),
            field,
        ));
    }
    if let Some((_, rest)) = quoted("unknown variant ") {
        let names = choice(rest).unwrap_or_default();
        return Some(wrong("unknown_value", format!("Choose one of: {names}.")));
    }
    let (field, rest) = quoted("unknown field ")?;
    let fix = choice(rest).map_or_else(
        || "Leave it out: nothing is expected here.".to_owned(),
        |names| format!("Leave it out, or write one of: {names}."),
    );
    Some(named("unknown_field", fix, field))
}

/// A value of another kind than the expected one.
fn of_value(message: &str) -> Option<Wrong> {
    let kinds = [
        ("invalid type: ", "wrong_type"),
        ("invalid value: ", "out_of_range"),
        ("invalid length ", "wrong_length"),
    ];
    kinds.into_iter().find_map(|(kind, code)| {
        let (found, expected) = message.strip_prefix(kind)?.rsplit_once(", expected ")?;
        let wanted = wanted(expected);
        Some(match code {
            "wrong_length" => wrong(code, format!("Give {wanted}.")),
            _ => wrong(code, format!("Give {wanted} instead of {found}.")),
        })
    })
}

/// What the readers of single words say.
fn of_text(message: &str) -> Wrong {
    let (code, fix) = match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            ("not_a_number", "Give a whole number.")
        }
        "number too large to fit in target type" | "number too small to fit in target type" => {
            ("out_of_range", "Give a number that is not as far from 0.")
        }
        "provided string was not `true` or `false`" => ("wrong_type", "Give true or false."),
        text if text.starts_with("UUID parsing failed") => (
            "not_an_id",
            "Give an id of 36 characters, as lists show it.",
        ),
        text => return wrong("not_readable", format!("Write it differently: {text}.")),
    };
    wrong(code, fix.to_owned())
}

fn wrong(code: &'static str, fix: String) -> Wrong {
    Wrong {
        code,
        fix,
        field: None,
    }
}

/// The names in ", expected `a` or `b`".
fn choice(rest: &str) -> Option<String> {
    let names: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What Rust calls the expected thing, as people do.
fn wanted(expected: &str) -> String {
    let whole = |most: &str| format!("a whole number from 0 to {most}");
    match expected {
        "u8" => whole("255"),
        "u16" => whole("65535"),
        "u32" => whole("4294967295"),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "string" | "str" | "a UUID string" => "a text in quotation marks".to_owned(),
        "a sequence" => "a list in square brackets".to_owned(),
        "a map" | "map" => "an object in braces".to_owned(),
        other if other.starts_with("struct ") || other.starts_with("internally tagged enum ") => {
            "an object in braces".to_owned()
        }
        other => other.to_owned(),
    }
}

/// What a reader of JSON says of JSON that is none.
fn syntax(message: &str) -> &str {
    match message {
        "expected ident" | "expected value" => "this is no value of JSON",
        m if m.starts_with("EOF") => "it ends too early",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (String, String, String) {
        #[derive(serde::Deserialize, Debug)]
        #[serde(rename_all = "snake_case")]
        enum Mode {
            On,
            Off,
        }
        #[derive(serde::Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Inner {
            count: u32,
            modes: Vec<Mode>,
        }
        #[derive(serde::Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Outer {
            list: Vec<Inner>,
        }
        let reader = &mut serde_json::Deserializer::from_str(text);
        let error = serde_path_to_error::deserialize::<_, Outer>(reader).expect_err("it is wrong");
        let problem = Problem::invalid("invalid_body", "");
        let problem = wrapped(problem, &error);
        let field = problem.errors.into_iter().next().expect("a place");
        (field.pointer, field.code, field.fix)
    }

    #[test]
    fn each_fault_of_a_body_has_its_place_and_fix() {
        for (text, pointer, code, fix) in [
            (
                r#"{"list":[{"count":-1,"modes":[]}]}"#,
                "/list/0/count",
                "out_of_range",
                "0 to 4294967295",
            ),
            (
                r#"{"list":[{"count":"x","modes":[]}]}"#,
                "/list/0/count",
                "wrong_type",
                "whole number",
            ),
            (
                r#"{"list":[{"count":1}]}"#,
                "/list/0/modes",
                "missing_field",
                "Give modes.",
            ),
            (
                r#"{"list":[{"count":1,"modes":["on","up"]}]}"#,
                "/list/0/modes/1",
                "unknown_value",
                "on, off",
            ),
            (
                r#"{"list":[{"colour":1}]}"#,
                "/list/0/colour",
                "unknown_field",
                "count, modes",
            ),
            (
                r#"{"list":[],"list":[]}"#,
                "/list",
                "repeated_field",
                "once",
            ),
            (
                r#"{"list":{}}"#,
                "/list",
                "wrong_type",
                "a list in square brackets",
            ),
            (r#"{"list":[4]}"#, "/list/0", "wrong_type", "an object"),
            (r#"{"list":"#, "1:8", "no_json", "too early"),
            ("list=1", "1:1", "no_json", "no value of JSON"),
        ] {
            let (place, named, said) = told(text);
            assert_eq!(
                (place.as_str(), named.as_str()),
                (pointer, code),
                "{text}: {said}"
            );
            assert!(said.contains(fix), "{text}: {said}");
        }
    }

    #[test]
    fn what_was_sent_is_not_told_at_length() {
        let (_, _, said) = told(&format!(r#"{{"list":"{}"}}"#, "x".repeat(10_000)));
        assert!(said.len() < 500, "{}", said.len());
    }
}
