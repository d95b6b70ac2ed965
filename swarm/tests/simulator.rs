//! The simulator's promises: scenario files mean something, runs repeat, sites do not disturb one
//! another, and the gate's checks catch what they are for.

// Tests read the scenario files; the library reads nothing.
#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;

use swarm::{
    sim::{self, Baseline, Fleet, Measures, Planted, Policy, Report, Scenario},
    time::Micros,
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn named(name: &str) -> Scenario {
    let path = folder().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(path).expect("the file is there");
    Scenario::parse(name, &text).expect("it is a scenario")
}

fn all() -> Vec<Scenario> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names.iter().map(|name| named(name)).collect()
}

fn baseline() -> Baseline {
    let text = std::fs::read_to_string(folder().join("baseline.json")).expect("the file is there");
    Baseline::parse(&text).expect("it is a baseline")
}

/// What the gate says of a run, when this is what was reached before.
fn said(scenario: &Scenario, seed: u64, before: &Baseline) -> Vec<String> {
    let report = sim::run(scenario, seed);
    let mut said = sim::judge(scenario, &report);
    said.extend(before.regressions(&scenario.name, &Measures::of(&report)));
    said
}

#[test]
fn every_scenario_file_is_a_scenario_with_a_baseline() {
    let (all, baseline) = (all(), baseline());
    assert!(all.len() >= 30);
    for scenario in &all {
        assert!(
            !scenario.about.is_empty() && scenario.name.len() <= 18,
            "{}",
            scenario.name
        );
        let known = baseline.scenarios.contains_key(&scenario.name);
        assert_eq!(
            known,
            scenario.seeds > 0,
            "{}: run `sim gate --bless`",
            scenario.name
        );
    }
    let left = baseline
        .scenarios
        .keys()
        .find(|name| all.iter().all(|s| s.name != **name));
    assert_eq!(left, None, "a baseline of a scenario that is gone");
}

#[test]
fn one_seed_is_one_run() {
    for scenario in all().iter().filter(|s| s.peers() <= 100) {
        let first = sim::run(scenario, 7);
        assert_eq!(first, sim::run(scenario, 7));
        assert_ne!(
            first.trace,
            sim::run(scenario, 8).trace,
            "{}",
            scenario.name
        );
    }
}

#[test]
fn sites_do_not_disturb_one_another() {
    let one = named("file-crowd");
    let many = Scenario {
        sites: vec![one.sites[0].clone(); 5],
        ..one.clone()
    };
    let (few, many_at_once) = (sim::run(&one, 3), sim::run(&many, 3));
    assert_eq!(few.sites[..], many_at_once.sites[..2]);

    // All sites alive at once, a slice of time each, in two groups: the same run.
    let mut fleets = [Fleet::new(&many, 3, 0..2), Fleet::new(&many, 3, 2..5)];
    let mut to = Micros::from_millis(700);
    while fleets
        .iter_mut()
        .fold(false, |more, fleet| fleet.advance(to) | more)
    {
        to = to + Micros::from_millis(700);
    }
    assert_eq!(Fleet::report(&many, 3, &fleets), many_at_once);
}

#[test]
fn the_baselines_cost_what_they_cost() {
    let crowd = |policy| -> Report {
        let scenario = Scenario {
            policy,
            ..named("file-crowd")
        };
        sim::run(&scenario, 1)
    };
    let copies = |report: &Report| {
        report
            .sites
            .iter()
            .map(|s| s.copies())
            .max()
            .expect("a site")
    };
    assert_eq!(
        copies(&crowd(Policy::Plain)),
        10_000,
        "everybody takes it over the WAN"
    );
    assert_eq!(copies(&crowd(Policy::Box)), 1000);
    let (mesh, ours) = (crowd(Policy::Mesh), crowd(Policy::Swarm));
    assert!(
        copies(&mesh) > 2000,
        "neighbours at other sites are as good as any to a mesh"
    );
    assert!(copies(&ours) <= 1020);
    for report in [mesh, ours] {
        assert!(report.sites.iter().all(|s| s.finished == 10));
        assert_eq!(report.violations.total(), 0);
    }
}

#[test]
fn plain_http_cannot_play_what_the_swarm_plays() {
    let plain = Scenario {
        policy: Policy::Plain,
        ..named("vod")
    };
    let stalls = |scenario: &Scenario| sim::run(scenario, 1).sites[0].stalls;
    assert!(stalls(&plain) >= 50);
    assert!(stalls(&named("vod")) * 3 < stalls(&plain));
}

/// Each bug passes no gate: the scenario is sound without it and fails with it.
fn is_caught(name: &str, bug: Planted, by: &str) {
    let sound = named(name);
    let planted = Scenario {
        planted: Some(bug),
        ..sound.clone()
    };
    let reached = Measures::of(&sim::run(&sound, 1));
    let before = Baseline {
        scenarios: [(name.to_owned(), reached)].into(),
        ..baseline()
    };
    assert_eq!(said(&sound, 1, &before), Vec::<String>::new());
    let said = said(&planted, 1, &before);
    assert!(
        said.iter().any(|s| s.contains(by)),
        "{bug:?} in {name}: {said:?}"
    );
}

#[test]
fn a_skipped_hash_check_is_caught() {
    is_caught("poison-10", Planted::SkipHashCheck, "wrong bytes");
}

#[test]
fn a_ledger_that_is_off_by_one_is_caught() {
    is_caught("capped-crowd", Planted::LedgerOffByOne, "others hold until");
}

#[test]
fn a_home_that_forgets_holders_is_caught() {
    is_caught("flash-video", Planted::ForgetHolders, "unfairness");
}

#[test]
fn hedges_that_never_fire_are_caught() {
    is_caught("home-vanishes", Planted::NoHedge, "");
}

#[test]
fn a_referral_loop_is_caught() {
    is_caught("evil-lie", Planted::ReferralLoop, "asks for chunk");
}
