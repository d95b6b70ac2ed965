//! Folders of the person who runs a command.

use std::path::PathBuf;

/// Where programs keep what they could do without: `$XDG_CACHE_HOME/dms`, or `~/.cache/dms`.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|folder| folder.join("dms"))
}
