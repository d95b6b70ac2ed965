//! Tells Cargo what the embedded files are, and makes placeholders for pages that were not built.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
    embedded("../player/web/dist", "The watch page", "player/web");
    embedded("console/dist", "The console", "dms-server/console");
}

/// Watches `dist`, and gives it a page that says how to build what is not there.
fn embedded(dist: &str, what: &str, folder: &str) {
    let dist = Path::new(dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    let index = dist.join("index.html");
    if !index.exists() {
        let page = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>DMS</title>\
             <p>{what} was not built. Run <code>npm ci &amp;&amp; npm run build</code> in \
             <code>{folder}</code>, then build this program again.\n"
        );
        // A read-only source tree has no page; the rest of the server works without it.
        let _ = std::fs::create_dir_all(dist).and_then(|()| std::fs::write(&index, page));
    }
}
