//! The simulator: the production [`crate::peer`] and [`crate::site`] machines on a network, a clock and
//! viewers that exist only in memory.
//!
//! A scenario and a seed are everything: the same two give the same run, event for event, on every machine
//! ([`Report::trace`] proves it). Links are fluid: the flows on a link share it max-min fairly. Chunks have
//! ids and lengths but no bytes; whoever hashes in the real shell is told here whether the sender was
//! honest.
//!
//! Sites share nothing but the origin. Where the origin is no bottleneck each site is therefore a world of
//! its own ([`World`]), with its own network and its own random numbers, and the cost grows
//! with the number of sites, not with its square. Where it is one, or where peers of different sites meet
//! (the mesh baseline), all sites are one world.

mod cache;
mod check;
mod director;
mod dms;
mod effects;
mod gate;
mod ledger;
mod lives;
mod net;
mod report;
mod rng;
mod scenario;
mod shell;
mod title;
mod transfer;
mod viewer;
mod world;

use std::{ops::Range, sync::Arc};

pub use check::Violations;
pub use gate::{Baseline, Measures, Tolerance, judge};
pub use report::{Report, SiteReport, Spread, decimal};
pub use scenario::{
    Arrivals, Churn, Evil, Expect, Fault, Going, Link, Nic, Planted, Policy, Scenario,
    ScenarioError, SiteSpec, TitleSpec, Wan,
};
use world::World;

use crate::time::{Instant, Micros};

/// Some sites of a scenario, all of their peers in memory at once.
pub struct Fleet<'a> {
    worlds: Vec<World<'a>>,
}

impl<'a> Fleet<'a> {
    /// The sites of these numbers before anything happened. A coupled scenario has all its sites in one
    /// world: give the whole range.
    #[must_use]
    pub fn new(scenario: &'a Scenario, seed: u64, sites: Range<usize>) -> Self {
        let title = Arc::new(title::Title::cut(&scenario.title));
        let world = |numbers| World::new(scenario, Arc::clone(&title), numbers, seed);
        let worlds = if scenario.is_coupled() {
            vec![world(sites)]
        } else {
            sites.map(|n| world(n..n + 1)).collect()
        };
        Self { worlds }
    }

    /// Keeps what happens, for [`Fleet::take_log`].
    pub fn keep_log(&mut self) {
        self.worlds
            .iter_mut()
            .for_each(|world| world.log = Some(Vec::new()));
    }

    /// Lets everything happen up to this time after the start. Answers whether there is more to come.
    pub fn advance(&mut self, to: Micros) -> bool {
        let mut more = false;
        for world in &mut self.worlds {
            more |= world.advance(Instant(0) + to);
        }
        more
    }

    /// What happened since the last call, one line each: the site's number and the line.
    pub fn take_log(&mut self) -> Vec<(usize, String)> {
        let mut lines = Vec::new();
        for world in &mut self.worlds {
            let number = world.sites.first().map_or(0, |s| s.number);
            let log = world.log.as_mut().map(std::mem::take);
            lines.extend(log.into_iter().flatten().map(|line| (number, line)));
        }
        lines
    }

    /// What came of it, of several fleets that share the sites of one scenario.
    #[must_use]
    pub fn report(scenario: &Scenario, seed: u64, fleets: &[Self]) -> Report {
        let worlds = fleets.iter().flat_map(|fleet| &fleet.worlds);
        Report::merge(scenario, seed, worlds.map(report::Part::of).collect())
    }
}

/// Runs a scenario to its end, one world after another.
#[must_use]
pub fn run(scenario: &Scenario, seed: u64) -> Report {
    let title = Arc::new(title::Title::cut(&scenario.title));
    let sites = scenario.sites.len();
    let step = if scenario.is_coupled() { sites } else { 1 };
    let mut parts = Vec::new();
    for first in (0..sites).step_by(step.max(1)) {
        let mut world = World::new(scenario, Arc::clone(&title), first..first + step, seed);
        world.advance(Instant(u64::MAX));
        parts.push(report::Part::of(&world));
    }
    Report::merge(scenario, seed, parts)
}
