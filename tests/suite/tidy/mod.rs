//! The style is a test: what a reviewer would otherwise have to say again and again.

mod edges;
mod findings;
mod functions;
mod text;

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .to_path_buf()
}

/// Folders that hold nothing written by hand.
const SKIPPED: [&str; 6] = [
    "target",
    "node_modules",
    "dist",
    ".git",
    ".demo",
    "dms-data",
];

/// Every file of the project with one of these extensions, as (path from the root, text).
pub fn sources(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let root = root();
    let mut found = Vec::new();
    let walk = walkdir::WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| !SKIPPED.iter().any(|s| e.file_name() == *s));
    for entry in walk {
        let entry = entry.expect("the project's folders are readable");
        let wanted = entry
            .path()
            .extension()
            .is_some_and(|x| extensions.iter().any(|e| x == *e));
        if entry.file_type().is_file() && wanted {
            let text = std::fs::read_to_string(entry.path()).expect("sources are UTF-8");
            let path = entry
                .path()
                .strip_prefix(&root)
                .expect("below the root")
                .to_path_buf();
            found.push((path, text));
        }
    }
    assert!(
        !found.is_empty(),
        "no files with {extensions:?}: the walk is broken"
    );
    found
}

/// Fails with every finding at once.
pub fn assert_none(rule: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
