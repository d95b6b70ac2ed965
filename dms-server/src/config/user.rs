//! Folders of the person who runs a command, and the machine that it runs on.

use std::path::PathBuf;

/// Where programs keep what they could do without: `$XDG_CACHE_HOME/dms`, or `~/.cache/dms`.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", ".cache")
}

/// Where programs keep what they are told: `$XDG_CONFIG_HOME/dms`, or `~/.config/dms`.
#[must_use]
pub fn config_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

fn folder(variable: &str, in_home: &str) -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(in_home)))
        .map(|folder| folder.join("dms"))
}

/// What this machine calls itself; printable, and short enough to be shown.
#[must_use]
pub fn machine() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.chars()
        .filter(|c| !c.is_control())
        .take(MACHINE_MAX)
        .collect()
}

/// The longest name of a machine that is used, characters.
const MACHINE_MAX: usize = 64;
