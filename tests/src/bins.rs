//! Where the programs under test are.

use std::path::PathBuf;

use anyhow::{Context, bail};

/// The program `name`, built beside this one.
///
/// # Errors
/// When it was not built.
pub fn bin(name: &str) -> anyhow::Result<PathBuf> {
    let me = std::env::current_exe().context("the running program has a path")?;
    // A test lies in target/debug/deps, a program in target/debug.
    for folder in me.ancestors().skip(1).take(2) {
        let candidate = folder.join(name);
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("{name} is not built; run `cargo build --workspace --bins`")
}
