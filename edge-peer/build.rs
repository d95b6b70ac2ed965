//! Tells Cargo what the embedded page is, and makes a placeholder for one that was not built.

use std::path::Path;

fn main() {
    let dist = Path::new("../dms-server/console/dist-agent");
    println!("cargo::rerun-if-changed={}", dist.display());
    let page = dist.join("agent.html");
    if !page.exists() {
        let text = "<!doctype html><meta charset=\"utf-8\"><title>DMS</title>\
                    <p>The agent's page was not built. Run <code>npm ci &amp;&amp; npm run build</code> in \
                    <code>dms-server/console</code>, then build this program again.\n";
        // A read-only source tree has no page; the rest of the agent works without it.
        let _ = std::fs::create_dir_all(dist).and_then(|()| std::fs::write(&page, text));
    }
}
