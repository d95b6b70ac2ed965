//! Landlock: no path can be opened, and no TCP port reached.

use std::path::Path;

use anyhow::Context;
use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};

/// The newest version of Landlock that this code knows; older kernels enforce what they can.
const NEWEST: ABI = ABI::V6;

/// Takes away the file system, TCP, and signals to others; a folder may be left for writing.
/// Returns what could not be taken away.
pub fn restrict(folder: Option<&Path>) -> anyhow::Result<Option<String>> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()
        .context("Landlock cannot be set up")?;
    if let Some(folder) = folder {
        let opened = PathFd::new(folder).context("the folder cannot be opened")?;
        let writing =
            AccessFs::MakeReg | AccessFs::MakeDir | AccessFs::WriteFile | AccessFs::Truncate;
        rules = rules.add_rule(PathBeneath::new(opened, writing))?;
    }
    let status = rules
        .restrict_self()
        .context("Landlock cannot be entered")?;
    // A kernel that knows files but not TCP is good enough: seccomp takes sockets away.
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => None,
        RulesetStatus::NotEnforced => Some(String::from("the kernel has no Landlock")),
    })
}
