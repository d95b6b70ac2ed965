//! One scenario, one seed, in full.

use swarm::{
    sim::{self, Fleet},
    time::Micros,
};

use super::{Arguments, load};

/// How much virtual time passes between two looks at the log.
const SLICE: Micros = Micros::from_millis(100);

/// Runs it and prints everything. Answers whether the scenario's bars hold.
pub fn run(name: &str, seed: u64, arguments: &Arguments) -> Result<bool, String> {
    let scenario = arguments.apply(load(name)?);
    let report = if arguments.trace {
        let mut fleets = [Fleet::new(&scenario, seed, 0..scenario.sites.len())];
        fleets[0].keep_log();
        let mut to = SLICE;
        loop {
            let more = fleets[0].advance(to);
            for (site, line) in fleets[0].take_log() {
                println!("s{site} {line}");
            }
            if !more {
                break;
            }
            to = to + SLICE;
        }
        Fleet::report(&scenario, seed, &fleets)
    } else {
        sim::run(&scenario, seed)
    };
    if arguments.json {
        println!("{}", report.json());
    } else {
        print!("{report}");
    }
    // What another policy or a planted bug reaches is for looking at.
    let ours = arguments.policy.is_none() && arguments.planted.is_none();
    let failures = sim::judge(&scenario, &report);
    for failure in &failures {
        println!("  {} {failure}", if ours { "FAIL" } else { "note" });
    }
    Ok(failures.is_empty() || !ours)
}
