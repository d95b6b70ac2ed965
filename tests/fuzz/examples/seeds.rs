//! Writes the first inputs of each target into a folder: `cargo run -p fuzz-targets --example seeds -- tests/fuzz/corpus`.

use std::{fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let to: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or(io::ErrorKind::InvalidInput)?
        .into();
    for (target, inputs) in fuzz_targets::seeds::all() {
        let folder = to.join(target);
        fs::create_dir_all(&folder)?;
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), input)?;
        }
    }
    Ok(())
}
