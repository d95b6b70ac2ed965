//! Giving up every right that decoding does not need, before the source is touched.
//!
//! Three layers, each of which would do on its own against most of what a taken-over decoder
//! could try: resource limits; Landlock, which takes away the file system and TCP; and seccomp,
//! which leaves a short list of system calls, none of which opens, connects or starts anything.

mod files;
mod limits;
pub mod selftest;
mod syscalls;

use std::path::Path;

use dms_transcoder_protocol::Limits;

/// How far the process is confined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Confined {
    /// All three layers hold.
    Fully,
    /// Something is missing, named in the text.
    Partly(String),
}

/// Confines this thread and all it starts. Must run while there is no other thread.
///
/// With a folder, files may be created in it; nothing else changes.
///
/// # Errors
/// A limit or a filter that this kernel knows cannot be set.
pub fn enter(limits: &Limits, folder: Option<&Path>) -> anyhow::Result<Confined> {
    limits::set(limits, folder.is_some())?;
    let files = files::restrict(folder)?;
    let syscalls = syscalls::restrict(folder.is_some());
    let missing: Vec<String> = [files, syscalls.err()].into_iter().flatten().collect();
    Ok(if missing.is_empty() {
        Confined::Fully
    } else {
        Confined::Partly(missing.join("; "))
    })
}
