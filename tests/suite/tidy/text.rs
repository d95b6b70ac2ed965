//! Rules that need no parser: lengths, headers, and words in the wrong place.

use std::path::Path;

/// The longest source file, lines, tests included.
const MAX_LINES: usize = 600;

/// Crates whose folder must exist, and where `lib.rs` or `main.rs` begin.
fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|x| x == "rs")
}

/// Whether the text speaks of SQL or of the environment only because it is this folder.
fn is_tidy(path: &Path) -> bool {
    path.starts_with("tests/suite/tidy")
}

/// Written by a program, and read by no person.
const GENERATED: &str = "dms-server/console/src/api/schema.ts";

#[test]
fn no_file_is_longer_than_six_hundred_lines() {
    let mut findings = Vec::new();
    for (path, text) in super::sources(&["rs", "ts", "mjs", "py", "sh", "css"]) {
        let lines = text.lines().count();
        if lines > MAX_LINES && !path.ends_with(GENERATED) {
            findings.push(format!("{} has {lines} lines", path.display()));
        }
    }
    super::assert_none("files that are too long", findings);
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut findings = Vec::new();
    for (path, text) in super::sources(&["rs"]) {
        if is_module(&path) && !text.starts_with("//!") {
            findings.push(path.display().to_string());
        }
    }
    super::assert_none("modules that do not begin with //! docs", findings);
}

#[test]
fn sql_stands_only_in_db_files() {
    let mut findings = Vec::new();
    for (path, text) in super::sources(&["rs"]) {
        let owns_sql = path.file_name().is_some_and(|n| n == "db.rs")
            || path.components().any(|c| c.as_os_str() == "db");
        if owns_sql || is_tidy(&path) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if line.contains("sqlx::query")
                || line.contains("query_as(")
                || line.contains("QueryBuilder")
            {
                findings.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    super::assert_none("SQL outside db.rs", findings);
}

#[test]
fn the_environment_is_read_only_in_config() {
    let mut findings = Vec::new();
    for (path, text) in super::sources(&["rs"]) {
        let owns_environment = path.components().any(|c| c.as_os_str() == "config")
            || path
                .file_stem()
                .is_some_and(|n| n == "config" || n == "build")
            || path.starts_with("tests");
        if owns_environment {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if line.contains("env::var") {
                findings.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    super::assert_none("the environment read outside config", findings);
}

#[test]
fn unsafe_is_forbidden_in_every_crate() {
    let mut findings = Vec::new();
    for (path, text) in super::sources(&["toml"]) {
        if !path.ends_with("Cargo.toml") || path.components().count() == 1 {
            continue;
        }
        let manifest: toml::Table = text.parse().expect("a manifest is TOML");
        let inherits = manifest
            .get("lints")
            .and_then(|l| l.get("workspace"))
            .and_then(toml::Value::as_bool);
        if inherits != Some(true) {
            findings.push(format!(
                "{} does not inherit the workspace's lints",
                path.display()
            ));
        }
    }
    let root: toml::Table = std::fs::read_to_string(super::root().join("Cargo.toml"))
        .expect("readable")
        .parse()
        .expect("TOML");
    let level = root["workspace"]["lints"]["rust"]["unsafe_code"].as_str();
    assert_eq!(level, Some("forbid"), "the workspace forbids unsafe code");
    super::assert_none("crates without the workspace's lints", findings);
}

#[test]
fn no_unfinished_work_and_no_machine_in_the_text() {
    let words = [
        "todo!(",
        "unimplemented!(",
        "FIXME",
        "/work/",
        "/root/.cargo",
        "#[ignore",
    ];
    let mut findings = Vec::new();
    for (path, text) in
        super::sources(&["rs", "ts", "mjs", "md", "sql", "toml", "sh", "html", "css"])
    {
        if is_tidy(&path) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|w| line.contains(*w)) {
                findings.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    super::assert_none("words that must not be in the project", findings);
}

#[test]
fn every_file_that_the_documents_name_exists() {
    let prefixes = [
        "swarm/",
        "drm/",
        "dms-server/",
        "edge-peer/",
        "player/",
        "tests/",
        "migrations/",
        "scripts/",
        "docs/",
        "dashboards/",
    ];
    let mut findings = Vec::new();
    let mut named = 0;
    for (path, text) in super::sources(&["md"]) {
        if !(path.starts_with("docs") || path.components().count() == 1) {
            continue;
        }
        for word in text.split('`').skip(1).step_by(2) {
            let word = word.split([':', '#']).next().unwrap_or(word);
            let is_path = prefixes.iter().any(|p| word.starts_with(p))
                && word
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
                && !word.contains("dist");
            if is_path {
                named += 1;
                if !super::root().join(word).exists() {
                    findings.push(format!("{} names {word}", path.display()));
                }
            }
        }
    }
    assert!(named > 10, "only {named} paths were seen in the documents");
    super::assert_none("paths in documents that do not exist", findings);
}
