//! What others' auditors found in a system like this one, and what the code must never have because of it.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;

/// How many findings the table is about.
const FINDINGS: usize = 19;

/// The words of a row that stand in backticks.
fn quoted(row: &str) -> impl Iterator<Item = &str> {
    row.split('`').skip(1).step_by(2)
}

#[test]
fn every_finding_of_the_audit_has_a_test_that_exists() {
    let text = std::fs::read_to_string(super::root().join("docs/AUDIT-FINDINGS.md"));
    let text = text.expect("docs/AUDIT-FINDINGS.md");
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let Some(Ok(number)) = row
            .split('|')
            .nth(1)
            .map(|cell| cell.trim().parse::<usize>())
        else {
            continue;
        };
        seen.insert(number);
        let mut file = String::new();
        let mut tests = 0;
        for word in quoted(row) {
            if word.contains('/') {
                file = std::fs::read_to_string(super::root().join(word)).unwrap_or_default();
            } else if word.contains('_')
                && word.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
            {
                tests += 1;
                let defined = file.contains(&format!("fn {word}("))
                    && (file.contains("#[test]") || file.contains("#[tokio::test"));
                if !defined {
                    findings.push(format!(
                        "{number}: there is no test {word} in the file before it"
                    ));
                }
            }
        }
        // Of a log line nothing but a reader can say whether it is true.
        if tests == 0 && !(number == 18 && row.contains("no test: ")) {
            findings.push(format!("{number} names no test"));
        }
    }
    assert_eq!(seen, (1..=FINDINGS).collect(), "a row for each finding");
    super::assert_none("findings of the audit", findings);
}

/// Every line of Rust outside tests with one of the words.
fn lines_with(words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in super::sources(&["rs"]) {
        let name = path.to_string_lossy();
        if name.contains("/tests") || name.starts_with("tests/") || name.contains("/examples/") {
            continue;
        }
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let is_code = !line.trim_start().starts_with("//");
            if is_code && words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn nobody_switches_the_checking_of_certificates_off() {
    let switches = [
        "danger_accept_invalid",
        ".dangerous()",
        "with_custom_certificate_verifier",
        "set_certificate_verifier",
    ];
    super::assert_none("certificates unchecked", lines_with(&switches));
}

#[test]
fn a_prefix_is_taken_off_once() {
    // `trim_start_matches("ab")` takes every "ab" off; `strip_prefix` takes one, and says whether there was one.
    let found = lines_with(&["trim_start_matches(\"", "trim_left_matches("]);
    super::assert_none("prefixes taken off more than once", found);
}

#[test]
fn no_weak_hash_vouches_for_content() {
    let words = ["md5", "Md5", "crc32", "Crc32", "sha1::", "Sha1"];
    // What a publisher's program sums its pieces up with is a check against accidents; tus names SHA-1. One-time codes are
    // an HMAC, for which SHA-1 is what authenticator apps know. A ZIP file has no other sum than its own.
    let known = [
        "dms-server/src/publish/upload/checksum.rs:",
        "dms-server/src/people/codes",
        "edge-peer/src/bundle/zip.rs:",
    ];
    let found = lines_with(&words);
    let found = found
        .into_iter()
        .filter(|line| !known.iter().any(|known| line.starts_with(known)));
    super::assert_none("weak hashes", found.collect());
}

/// Finds the fields of what is written to the wire whose width is the machine's.
#[derive(Default)]
struct Widths {
    checked: usize,
    found: Vec<String>,
}

impl Widths {
    fn check(
        &mut self,
        name: &syn::Ident,
        attributes: &[syn::Attribute],
        fields: Vec<&syn::Fields>,
    ) {
        let derived = attributes.iter().filter(|a| a.path().is_ident("derive"));
        let coded = |a: &syn::Attribute| {
            let syn::Meta::List(list) = &a.meta else {
                return false;
            };
            let list = list.tokens.to_string();
            let list: BTreeSet<&str> = list.split(',').map(str::trim).collect();
            ["Encode", "Decode"].iter().any(|one| list.contains(one))
        };
        if !derived.into_iter().any(coded) {
            return;
        }
        self.checked += 1;
        for field in fields.into_iter().flatten() {
            let mut words = Words::default();
            words.visit_type(&field.ty);
            if words
                .0
                .iter()
                .any(|word| word == "usize" || word == "isize")
            {
                self.found.push(name.to_string());
            }
        }
    }
}

#[derive(Default)]
struct Words(Vec<String>);

impl<'ast> Visit<'ast> for Words {
    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.0.push(ident.to_string());
    }
}

impl<'ast> Visit<'ast> for Widths {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.check(&item.ident, &item.attrs, vec![&item.fields]);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let fields = item.variants.iter().map(|v| &v.fields).collect();
        self.check(&item.ident, &item.attrs, fields);
    }
}

#[test]
fn nothing_on_the_wire_is_as_wide_as_the_machine() {
    let mut widths = BTreeMap::new();
    let mut checked = 0;
    for (path, text) in super::sources(&["rs"]) {
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut found = Widths::default();
        found.visit_file(&file);
        checked += found.checked;
        if !found.found.is_empty() {
            widths.insert(path.display().to_string(), found.found);
        }
    }
    assert!(checked > 40, "only {checked} types of the wire were seen");
    let found = widths
        .into_iter()
        .map(|(path, names)| format!("{path}: {}", names.join(", ")));
    super::assert_none("types of the wire with usize", found.collect());
}
