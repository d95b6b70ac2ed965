//! Tells Cargo what the embedded pages are, and makes placeholders for those that were not built.

use std::path::Path;

fn main() {
    embedded(
        "../dms-server/console/dist-agent/agent.html",
        "dms-server/console",
    );
    embedded("../player/web/dist-agent/watch.html", "player/web");
}

/// Watches the folder of a built page, and puts one there that says how to build it when it is not.
fn embedded(page: &str, folder: &str) {
    let page = Path::new(page);
    let Some(dist) = page.parent() else { return };
    println!("cargo::rerun-if-changed={}", dist.display());
    if !page.exists() {
        let text = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>DMS</title>\
             <p>This page was not built. Run <code>npm ci &amp;&amp; npm run build</code> in \
             <code>{folder}</code>, then build this program again.\n"
        );
        // A read-only source tree has no page; the rest of the agent works without it.
        let _ = std::fs::create_dir_all(dist).and_then(|()| std::fs::write(page, text));
    }
}
