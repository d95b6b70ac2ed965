//! Filters of lists and paths of changes: the part of RFC 7644, section 3.4.2.2, that directories use.
//!
//! ```text
//! filter = term *( "and" term )
//! term   = "(" filter ")" / attribute "eq" value / attribute "[" filter "]" [ "." name "eq" value ]
//! path   = attribute / attribute "[" filter "]" [ "." name ]
//! ```
//!
//! Everything else is refused: who asked for less than everything must not get everything.

use serde_json::Value;

use super::{ENTERPRISE, GROUP, USER};
use crate::problem::{Problem, Result};

/// The longest filter, bytes.
const LENGTH_MAX: usize = 4_096;
/// Brackets within brackets.
const DEPTH_MAX: usize = 8;
/// Conditions of one filter.
const CONDITIONS_MAX: usize = 16;

/// An attribute that has to have a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The attribute's one spelling, see [`attribute`].
    pub path: String,
    /// The value.
    pub value: Value,
}

/// What an operation changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The attribute's one spelling, see [`attribute`].
    pub path: String,
    /// Which of its values; empty: all.
    pub of: Vec<Condition>,
}

/// The one spelling of an attribute: lower case, without the URN of people or groups; `enterprise.` before what
/// companies add to people. A URN with nothing behind its colon is no attribute.
fn attribute(word: &str) -> Result<String, Why> {
    let word = word.to_ascii_lowercase();
    let urns = [(USER, ""), (GROUP, ""), (ENTERPRISE, "enterprise.")];
    for (urn, before) in urns {
        let rest = word.strip_prefix(&urn.to_ascii_lowercase());
        match rest.and_then(|rest| rest.strip_prefix(':')) {
            Some("") => return Err(NO_NAME),
            Some(name) => return Ok(format!("{before}{name}")),
            None => {}
        }
    }
    if word == ENTERPRISE.to_ascii_lowercase() {
        return Ok("enterprise".to_owned());
    }
    Ok(word)
}

/// Reads a filter: all conditions that have to hold.
///
/// # Errors
/// 400 `invalidFilter`.
pub fn parse(text: &str) -> Result<Vec<Condition>> {
    let refuse = |why: &str| Problem::invalid("invalid_filter", format!("The filter: {why}."));
    if text.len() > LENGTH_MAX {
        return Err(refuse("it is longer than 4096 bytes"));
    }
    let mut parser = Parser::new(text);
    parser.filter(0, "").map_err(refuse)?;
    if !parser.at_end() {
        return Err(refuse("only eq, joined by and, is supported"));
    }
    Ok(parser.found)
}

/// Reads the path of an operation, or the name of an attribute in an object, which may be such a path, too.
///
/// # Errors
/// 400 `invalidPath`.
pub fn path(text: &str) -> Result<Target> {
    let refuse = |why: &str| Problem::invalid("invalid_path", format!("The path: {why}."));
    if text.len() > LENGTH_MAX {
        return Err(refuse("it is longer than 4096 bytes"));
    }
    let mut parser = Parser::new(text);
    let mut path = parser.word().and_then(attribute).map_err(refuse)?;
    if parser.eat('[') {
        parser.filter(1, "").map_err(refuse)?;
        parser.expect(']').map_err(refuse)?;
        if parser.eat('.') {
            let name = parser.word().map_err(refuse)?;
            path = format!("{path}.{}", name.to_ascii_lowercase());
        }
    }
    if !parser.at_end() {
        return Err(refuse("there is more than an attribute"));
    }
    let of = parser.found;
    Ok(Target { path, of })
}

/// Why a text is no filter.
type Why = &'static str;

const NO_NAME: Why = "a name of an attribute or an operator is missing";

struct Parser<'a> {
    rest: &'a str,
    found: Vec<Condition>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            found: Vec::new(),
        }
    }

    fn at_end(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.is_empty()
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), Why> {
        let bracket =
            "a bracket is not closed where it can be; only eq, joined by and, is supported";
        if self.eat(wanted) {
            Ok(())
        } else {
            Err(bracket)
        }
    }

    fn word(&mut self) -> Result<&'a str, Why> {
        self.rest = self.rest.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_$:.".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(NO_NAME);
        }
        self.rest = rest;
        Ok(word)
    }

    /// Whether `and` comes next; it is taken.
    fn and(&mut self) -> bool {
        let before = self.rest;
        if self
            .word()
            .is_ok_and(|word| word.eq_ignore_ascii_case("and"))
        {
            return true;
        }
        self.rest = before;
        false
    }

    fn filter(&mut self, depth: usize, within: &str) -> Result<(), Why> {
        if depth > DEPTH_MAX {
            return Err("too many brackets stand within one another");
        }
        loop {
            self.term(depth, within)?;
            if !self.and() {
                return Ok(());
            }
        }
    }

    fn term(&mut self, depth: usize, within: &str) -> Result<(), Why> {
        if self.eat('(') {
            self.filter(depth + 1, within)?;
            return self.expect(')');
        }
        let mut path = attribute(self.word()?)?;
        if !within.is_empty() {
            path = format!("{within}.{path}");
        }
        if self.eat('[') {
            if !within.is_empty() {
                return Err("an attribute in square brackets has none itself");
            }
            self.filter(depth + 1, &path)?;
            self.expect(']')?;
            if !self.eat('.') {
                return Ok(());
            }
            path = format!("{path}.{}", self.word()?.to_ascii_lowercase());
        }
        if !self.word()?.eq_ignore_ascii_case("eq") {
            return Err("only eq, joined by and, is supported");
        }
        let value = self.value()?;
        if self.found.len() >= CONDITIONS_MAX {
            return Err("it has more than 16 conditions");
        }
        self.found.push(Condition { path, value });
        Ok(())
    }

    /// A text in quotes, a number, true, false or null: as in JSON.
    fn value(&mut self) -> Result<Value, Why> {
        let wrong = "a value is neither a text in quotes, a number, true, false nor null";
        self.rest = self.rest.trim_start();
        let end = match self.rest.strip_prefix('"') {
            Some(inner) => {
                let mut escaped = false;
                let close = inner.find(|c| {
                    let closes = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    closes
                });
                close.ok_or("a quote is not closed")? + 2
            }
            None => {
                let ends = |c: char| c.is_whitespace() || "()[]".contains(c);
                self.rest.find(ends).unwrap_or(self.rest.len())
            }
        };
        let (literal, rest) = self.rest.split_at_checked(end).ok_or(wrong)?;
        let value: Value = serde_json::from_str(literal).map_err(|_| wrong)?;
        // No text of ours has control characters, and PostgreSQL takes none with a zero in it.
        let is_text = |text: &str| !text.chars().any(char::is_control);
        if value.is_array() || value.is_object() || !value.as_str().is_none_or(is_text) {
            return Err(wrong);
        }
        self.rest = rest;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn conditions(text: &str) -> Vec<(String, Value)> {
        let found = parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        found.into_iter().map(|c| (c.path, c.value)).collect()
    }

    #[test]
    fn what_directories_ask_is_understood() {
        let ana = |path: &str| vec![(path.to_owned(), json!("ana"))];
        assert_eq!(conditions("userName eq \"ana\""), ana("username"));
        assert_eq!(conditions("  USERNAME  EQ \"ana\" "), ana("username"));
        assert_eq!(conditions("((id eq \"ana\"))"), ana("id"));
        let urn = "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"ana\"";
        assert_eq!(conditions(urn), ana("username"));
        let urn = format!("{ENTERPRISE}:department eq \"ana\"");
        assert_eq!(conditions(&urn), ana("enterprise.department"));
        let both = vec![
            ("emails.type".to_owned(), json!("work")),
            ("emails.value".to_owned(), json!("a\"b\\")),
        ];
        let texts = [
            r#"emails[type eq "work"].value eq "a\"b\\""#,
            r#"emails[type eq "work" and value eq "a\"b\\"]"#,
            r#"(emails.type eq "work") AND emails.value eq "a\"b\\""#,
        ];
        for text in texts {
            assert_eq!(conditions(text), both, "{text}");
        }
        assert_eq!(
            conditions("active eq true and x eq 1.5 and y eq null")[0].1,
            json!(true)
        );
    }

    #[test]
    fn everything_else_is_refused() {
        let deep = format!("{}id eq \"x\"{}", "(".repeat(100), ")".repeat(100));
        let long = format!("id eq \"{}\"", "x".repeat(LENGTH_MAX));
        let many = vec!["id eq 1"; 17].join(" and ");
        for text in [
            "",
            " ",
            "id",
            "id eq",
            "id eq x",
            "id eq \"x",
            "id eq \"\\\"",
            "id ne \"x\"",
            "id pr",
            "id eq \"x\" or id eq \"y\"",
            "not (id eq \"x\")",
            "(id eq \"x\"",
            "id eq \"x\")",
            "id eq \"x\" id",
            "id eq {}",
            "id eq [1]",
            "id eq \"x\" and",
            "and",
            "emails[",
            "emails[type eq \"work\"",
            "emails[type eq \"work\"].",
            "a[b[c eq 1]]",
            "\u{e9} eq 1",
            "id eq 'x'",
            "userName sw \"a\"",
            "urn:ietf:params:scim:schemas:core:2.0:User: eq 1",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: eq 1",
            &deep,
            &long,
            &many,
        ] {
            let problem = parse(text).expect_err(text);
            assert_eq!(problem.code, "invalid_filter", "{text}");
        }
    }

    #[test]
    fn paths_name_attributes_and_values() {
        let target = path("emails[type eq \"work\"].value").expect("a path");
        assert_eq!(target.path, "emails.value");
        assert_eq!(target.of[0].path, "type");
        assert_eq!(
            path("Name.givenName").expect("a path").path,
            "name.givenname"
        );
        let member = path("members[value eq \"x\"]").expect("a path");
        assert_eq!((member.path.as_str(), member.of.len()), ("members", 1));
        let department = path(&format!("{ENTERPRISE}:department")).expect("a path");
        assert_eq!(department.path, "enterprise.department");
        let urn = format!("{GROUP}:");
        for text in ["", "a b", "a[", "a[b eq 1", "a[b eq 1].", "a]", "a[]", &urn] {
            assert_eq!(path(text).expect_err(text).code, "invalid_path");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,200}", mixed in r#"[a-z"\\ \[\]().eqand]{0,80}"#) {
            for text in [text, mixed] {
                let _ = (parse(&text), path(&text));
            }
        }
    }
}
