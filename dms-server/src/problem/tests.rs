//! The catalogue has every code that the sources can answer, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::Value;

use super::catalogue;
use crate::testing::{Server, json, refusal};

/// What makes a problem with a code of its own.
const MAKERS: [&str; 4] = [
    "Problem::new(",
    "Problem::invalid(",
    "Problem::conflict(",
    "Problem::not_found(",
];

/// How far behind a maker its code stands, bytes.
const NEAR: usize = 160;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && name != "tests" && name != "testing" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// The text of every source that is not a test.
fn texts() -> Vec<String> {
    let mut found = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    assert!(found.len() > 100);
    let read = |path: &PathBuf| fs::read_to_string(path).expect("UTF-8");
    found.iter().map(read).collect()
}

/// The literal that follows a maker, before its call ends.
fn code_after(rest: &str) -> Option<&str> {
    let near = rest.get(..rest.len().min(NEAR)).unwrap_or(rest);
    let (before, from) = near.split_once('"')?;
    let (code, _) = from.split_once('"')?;
    let is_code = code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !code.is_empty();
    (is_code && !before.contains(';') && !before.contains('}')).then_some(code)
}

fn used(texts: &[String]) -> BTreeSet<&str> {
    let mut codes = BTreeSet::new();
    for text in texts {
        for maker in MAKERS {
            codes.extend(text.split(maker).skip(1).filter_map(code_after));
        }
    }
    codes
}

#[test]
fn every_code_of_the_sources_is_in_the_catalogue() {
    let texts = texts();
    let used = used(&texts);
    assert!(used.len() > 100, "the makers are found: {}", used.len());
    let missing: Vec<_> = used
        .iter()
        .filter(|code| catalogue::find(code).is_none())
        .collect();
    assert!(
        missing.is_empty(),
        "write them into catalogue.toml: {missing:?}"
    );
}

#[test]
fn no_code_of_the_catalogue_is_forgotten() {
    let texts = texts();
    let nobodys: Vec<_> = catalogue::all()
        .iter()
        .filter(|entry| {
            let literal = format!("\"{}\"", entry.code);
            !texts.iter().any(|text| text.contains(&literal))
        })
        .map(|entry| &entry.code)
        .collect();
    assert!(nobodys.is_empty(), "no source answers them: {nobodys:?}");
}

#[test]
fn each_entry_says_what_it_means_and_what_to_do() {
    for entry in catalogue::all() {
        assert!(!entry.status.is_empty(), "{}", entry.code);
        assert!(
            entry
                .status
                .iter()
                .all(|status| (400..600).contains(status)),
            "{}",
            entry.code
        );
        for text in [&entry.means, &entry.fix] {
            assert!(
                text.len() > 3 && !text.contains(['|', '\n']),
                "{}: {text}",
                entry.code
            );
            assert_eq!(text.matches('`').count() % 2, 0, "{}: {text}", entry.code);
        }
    }
}

#[test]
fn the_document_is_what_the_catalogue_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ERRORS.md");
    let written = fs::read_to_string(path).expect("docs/ERRORS.md");
    assert!(
        written == catalogue::markdown(),
        "run: dms explain --all > docs/ERRORS.md"
    );
}

#[test]
fn what_was_meant_is_guessed() {
    assert!(catalogue::find("subnet_overlap").is_some());
    assert!(catalogue::find("Subnet_overlap").is_none());
    assert_eq!(catalogue::alike("overlap").first(), Some(&"subnet_overlap"));
    assert!(catalogue::alike("title-missing").contains(&"title_not_found"));
    assert!(catalogue::alike("zzz").is_empty());
    assert!(catalogue::alike("").is_empty());
}

#[tokio::test]
async fn a_problem_leads_to_its_entry() {
    let server = Server::start().await;
    let (_, problem) = refusal(server.anonymous(Method::GET, "/nowhere")).await;
    assert_eq!(problem.r#type, "/problems#no_such_path");
    let listed = json(server.anonymous(Method::GET, "/api/v1/problems")).await;
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), catalogue::all().len());
    assert!(
        listed
            .iter()
            .all(|entry| matches!(entry["fix"], Value::String(_)))
    );
    let page = server
        .anonymous(Method::GET, "/problems")
        .send()
        .await
        .expect("a page");
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    let page = page.text().await.expect("text");
    assert!(page.contains("id=\"no_such_path\"") && page.contains("<code>dms titles</code>"));
    server.stop().await;
}
