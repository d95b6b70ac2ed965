//! Takes out of texts what names somebody or opens something.
//!
//! Two ways: what is known to be a name is replaced wherever it stands; and what looks like an id, a key, a token or
//! a mail address is replaced whether it is known or not.

use std::collections::HashMap;

use serde_json::Value;

/// Runs of letters and digits of this length are ids or secrets, unless they are plain words.
const LONG: usize = 20;
/// Shorter names are replaced where they stand alone only: "it" is in many words.
const SHORT: usize = 4;

/// See the module.
pub struct Scrubber {
    known: Vec<(String, &'static str)>,
    kept: String,
    /// Ids met, by the number they are shown with.
    ids: HashMap<String, usize>,
}

impl Scrubber {
    /// Knows nobody yet, and leaves this one id as it is.
    #[must_use]
    pub fn keeping(id: String) -> Self {
        Self {
            known: Vec::new(),
            kept: id,
            ids: HashMap::new(),
        }
    }

    /// Replaces this name from now on.
    pub fn know(&mut self, name: &str, shown: &'static str) {
        let name = name.trim().to_lowercase();
        if name.is_empty() || name == "/" {
            return;
        }
        self.known.push((name, shown));
        // A name may be part of another: the longer one first.
        self.known
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    }

    /// A value with every text in it scrubbed, and the keys of objects too.
    pub fn value(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                fields
                    .map(|(key, item)| (self.text(&key), self.value(item)))
                    .collect()
            }
            other => other,
        }
    }

    /// A text, scrubbed.
    pub fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, shown) in &self.known {
            text = replace(&text, name, shown);
        }
        self.without_ids(&text)
    }

    fn without_ids(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(is_word) {
            let (before, word) = rest.split_at(start);
            out.push_str(before);
            let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            match self.judge(word) {
                Some(shown) => out.push_str(&shown),
                None => out.push_str(word),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// What is shown in place of a word; none: the word.
    fn judge(&mut self, word: &str) -> Option<String> {
        if word == self.kept {
            return None;
        }
        if word.trim_matches('@').contains('@') {
            return Some("<mail>".into());
        }
        let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
        let digit = has(char::is_ascii_digit);
        let mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
        let plain = word.split(['-', '_', '.']).all(|part| part.len() < 8);
        let hidden = word.len() >= LONG && (digit || mixed) && !(plain && word.contains('.'));
        hidden.then(|| {
            let next = self.ids.len() + 1;
            let number = *self.ids.entry(word.to_owned()).or_insert(next);
            format!("<id {number}>")
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '@' | '.' | '+')
}

/// Every place where `name`, in lower case, stands in any case.
fn replace(text: &str, name: &str, shown: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        match length_of(rest, name) {
            Some(len) if stands_alone(name, before, rest.get(len..)) => {
                out.push_str(shown);
                before = rest.get(..len).and_then(|found| found.chars().last());
                rest = rest.get(len..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                before = Some(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// The length of `name` at the beginning of `text`, if it stands there in any case.
fn length_of(text: &str, name: &str) -> Option<usize> {
    let mut wanted = name.chars();
    let mut len = 0;
    for c in text.chars() {
        if wanted.as_str().is_empty() {
            break;
        }
        for lower in c.to_lowercase() {
            if wanted.next() != Some(lower) {
                return None;
            }
        }
        len += c.len_utf8();
    }
    wanted.as_str().is_empty().then_some(len)
}

fn stands_alone(name: &str, before: Option<char>, after: Option<&str>) -> bool {
    let after = after.and_then(|rest| rest.chars().next());
    let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    name.chars().count() >= SHORT || (free(before) && free(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn scrubber() -> Scrubber {
        let mut scrubber = Scrubber::keeping("11111111-1111-1111-1111-111111111111".into());
        scrubber.know("Zoé's Laptop", "<this PC>");
        scrubber.know("Acme", "<company>");
        scrubber.know("Acme Lyon", "<site>");
        scrubber.know("it", "<person>");
        scrubber
    }

    #[test]
    fn names_go_in_any_case_and_words_stay() {
        for (text, scrubbed) in [
            ("ZOÉ'S laptop at acme lyon", "<this PC> at <site>"),
            ("acmeish, ACME", "<company>ish, <company>"),
            ("it sits; /home/it/x", "<person> sits; /home/<person>/x"),
            (
                "edge_certificate_expiry_timestamp_seconds 5",
                "edge_certificate_expiry_timestamp_seconds 5",
            ),
            (
                "2026-11-23T11:26:02.123456Z INFO edge_peer::agent: 127.0.0.1:7747",
                "2026-11-23T11:26:02.123456Z INFO edge_peer::agent: 127.0.0.1:7747",
            ),
            (
                "device 11111111-1111-1111-1111-111111111111",
                "device 11111111-1111-1111-1111-111111111111",
            ),
            ("a.b@example.com wrote", "<mail> wrote"),
        ] {
            assert_eq!(scrubber().text(text), scrubbed);
        }
    }

    #[test]
    fn ids_and_secrets_go_and_the_same_one_is_the_same() {
        let id = "2b0c1d2e-0000-4000-8000-00000000beef";
        let token = "bXktc2VjcmV0LXRva2VuLW9mLXRoZS1hcGk_-a";
        let mut scrubber = scrubber();
        let text = scrubber.text(&format!("title={id} bearer {token} again {id}/3"));
        assert_eq!(text, "title=<id 1> bearer <id 2> again <id 1>/3");
        let value = scrubber.value(json!({ token: [id, 5, null, { "name": "ACME" }] }));
        assert_eq!(
            value,
            json!({ "<id 2>": ["<id 1>", 5, null, { "name": "<company>" }] })
        );
    }

    proptest! {
        #[test]
        fn no_text_keeps_a_name_or_makes_it_panic(before in ".{0,40}", after in ".{0,40}") {
            let text = scrubber().text(&format!("{before}Zoé's Laptop{after}")).to_lowercase();
            prop_assert!(!text.contains("zoé's laptop"), "{text}");
        }
    }
}
