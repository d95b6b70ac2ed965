//! The simulator: the production [`crate::peer`] and [`crate::site`] machines on a network, a clock and
//! viewers that exist only in memory.
//!
//! A scenario and a seed are everything: the same two give the same run, event for event, on every machine
//! ([`Report::trace`] proves it). Links are fluid: the flows on a link share it evenly. Chunks have
//! ids and lengths but no bytes; whoever hashes in the real shell is told here whether the sender was
//! honest.

mod dms;
mod effects;
mod net;
mod report;
mod scenario;
mod shell;
mod viewer;
mod world;

pub use report::{Report, SiteReport, StartUp};
pub use scenario::{Arrivals, Fault, Link, Scenario, SiteSpec, TitleSpec, builtin};

/// Runs a scenario to its end.
#[must_use]
pub fn run(scenario: &Scenario, seed: u64) -> Report {
    world::World::new(scenario, seed).run()
}

#[cfg(test)]
mod tests;
