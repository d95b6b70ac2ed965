//! Tells Cargo what the embedded files are, and makes a placeholder for a watch page that was not built.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
    let dist = Path::new("../player/web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let index = dist.join("index.html");
    if !index.exists() {
        let page = "<!doctype html><meta charset=\"utf-8\"><title>DMS</title>\
                    <p>The watch page was not built. Run <code>npm ci &amp;&amp; npm run build</code> in \
                    <code>player/web</code>, then build this program again.\n";
        // A read-only source tree has no page; the rest of the server works without it.
        let _ = std::fs::create_dir_all(dist).and_then(|()| std::fs::write(&index, page));
    }
}
