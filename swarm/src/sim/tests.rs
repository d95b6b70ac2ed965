//! The bars every scenario is held to, over several seeds.

use super::*;

const SEEDS: std::ops::Range<u64> = 1..9;

fn named(name: &str) -> Scenario {
    builtin()
        .into_iter()
        .find(|s| s.name == name)
        .expect("it is a built-in scenario")
}

/// Runs a scenario with every seed and checks what holds for all of them: everybody who stayed saw
/// everything, and nothing wrong was ever delivered.
fn each(name: &str, check: impl Fn(&SiteReport)) {
    let scenario = named(name);
    for seed in SEEDS {
        let report = run(&scenario, seed);
        for site in &report.sites {
            assert_eq!(site.finished, site.viewers, "seed {seed}\n{report}");
            assert_eq!((site.failed, site.misused), (0, 0), "seed {seed}\n{report}");
            let chunks = site.viewers * scenario.title.segments;
            assert!(site.delivered >= chunks, "seed {seed}\n{report}");
            eprintln!("seed {seed}\n{report}");
            check(site);
        }
    }
}

fn smooth(site: &SiteReport) {
    assert_eq!((site.stalls, site.late), (0, 0));
}

#[test]
fn two_sites_pay_for_each_chunk_once() {
    each("two-sites", |site| {
        smooth(site);
        assert!(site.wan_copies_milli() <= 1020);
        assert_eq!(site.hedges, 0);
        assert_eq!(site.delivered, 3 * 45);
    });
}

#[test]
fn one_seed_is_one_run() {
    for scenario in builtin() {
        let (first, second) = (run(&scenario, 7), run(&scenario, 7));
        assert_eq!(first, second);
        assert_ne!(first.trace, run(&scenario, 8).trace, "{}", scenario.name);
    }
}

#[test]
fn a_home_that_crashes_costs_little_and_nobody_notices() {
    each("home-crashes", |site| {
        smooth(site);
        assert_eq!(site.viewers, 5, "one was lost");
        assert!(site.wan_copies_milli() <= 1050);
    });
}

#[test]
fn a_home_that_is_cut_off_costs_little_and_nobody_notices() {
    each("home-vanishes", |site| {
        smooth(site);
        assert_eq!(site.viewers, 5, "one was lost");
        assert!(site.hedges > 0, "somebody asked elsewhere in time");
        assert!(site.wan_copies_milli() <= 1100);
    });
}

#[test]
fn a_flash_crowd_spreads_as_a_tree() {
    each("flash-crowd", |site| {
        smooth(site);
        assert!(site.wan_copies_milli() <= 1020);
        assert!(
            site.referred > 100,
            "the homes alone could not serve a hundred"
        );
        assert!(site.start_up.worst < crate::time::Micros::from_secs(2));
    });
}

#[test]
fn a_slow_peer_slows_nobody_else() {
    each("slow-peer", |site| {
        assert!(site.stalled_viewers <= 1, "only its own viewer may notice");
        assert!(site.start_up.median <= crate::time::Micros::from_secs(3));
        assert!(site.wan_copies_milli() <= 2000);
    });
}

#[test]
fn a_poisoner_is_caught_once_by_each_at_most() {
    each("poisoner", |site| {
        smooth(site);
        assert!((1..=7).contains(&site.bad), "{}", site.bad);
        // The poisoner, which nobody gives to any more, pays for its own copies.
        assert!(site.wan_copies_milli() <= 2050);
    });
}

#[test]
fn without_a_control_connection_everybody_plays_from_the_origin() {
    each("no-control", |site| {
        smooth(site);
        assert_eq!((site.peer_bytes, site.wan_copies_milli()), (0, 4000));
    });
}

#[test]
fn newcomers_find_what_the_site_has() {
    each("late-joiners", |site| {
        smooth(site);
        assert!(site.wan_copies_milli() <= 1020);
    });
}

#[test]
fn lost_roster_changes_cost_bytes_and_not_playback() {
    each("lossy-roster", |site| {
        smooth(site);
        assert!(site.wan_copies_milli() <= 1300);
    });
}
