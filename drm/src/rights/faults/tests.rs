//! A policy's contradictions are named, each alone and all at once.

use std::collections::BTreeSet;

use super::*;

const ID: [u8; 16] = [1; 16];

fn named(groups: &[[u8; 16]], people: &[[u8; 16]]) -> Audience {
    Audience::Named {
        groups: groups.iter().copied().collect(),
        people: people.iter().copied().collect(),
    }
}

fn within(sites: &[[u8; 16]], vpn: bool) -> Places {
    Places::Within {
        sites: sites.iter().copied().collect(),
        vpn,
    }
}

/// As narrow as a policy can be without contradicting itself.
fn narrowest() -> Policy {
    Policy {
        audience: named(&[ID], &[]),
        places: within(&[], true),
        from_ms: Some(10),
        until_ms: Some(11),
        embargo_ms: Some(10),
        offline_days: 365,
        streams: Some(1),
        plan: Plan::Rental { seconds: 1 },
        ..Policy::default()
    }
}

#[test]
fn what_can_be_is_no_fault() {
    let fine: [fn(&mut Policy); 7] = [
        |_| (),
        |p| p.audience = named(&[], &[ID]),
        |p| p.places = within(&[ID], false),
        |p| p.until_ms = None,
        |p| p.streams = None,
        |p| p.plan = Plan::Free,
        |p| (p.from_ms, p.embargo_ms) = (None, None),
    ];
    for change in fine {
        let mut policy = narrowest();
        change(&mut policy);
        assert_eq!(policy.check(), []);
    }
}

#[test]
fn each_contradiction_is_named() {
    let audience = ("empty_audience", "audience");
    let places = ("no_place", "places");
    let until = ("ends_before_start", "until_ms");
    let embargo = ("embargo_after_end", "embargo_ms");
    let offline = ("offline_too_long", "offline_days");
    let streams = ("no_streams", "streams");
    let height = ("no_height", "max_height");
    let plan = ("empty_rental", "plan");
    type Change = fn(&mut Policy);
    let cases: [(Change, _); 12] = [
        (|p| p.audience = named(&[], &[]), audience),
        (|p| p.places = within(&[], false), places),
        (|p| p.from_ms = p.until_ms, until),
        (|p| p.from_ms = Some(u64::MAX), until),
        (|p| (p.until_ms, p.embargo_ms) = (Some(0), None), until),
        (|p| p.embargo_ms = p.until_ms, embargo),
        (|p| p.embargo_ms = Some(u64::MAX), embargo),
        (|p| p.offline_days = 366, offline),
        (|p| p.offline_days = u16::MAX, offline),
        (|p| p.streams = Some(0), streams),
        (|p| p.max_height = Some(0), height),
        (|p| p.plan = Plan::Rental { seconds: 0 }, plan),
    ];
    for (change, expected) in cases {
        let mut policy = narrowest();
        change(&mut policy);
        let faults = policy.check();
        let named: Vec<_> = faults.iter().map(|f| (f.code(), f.field())).collect();
        assert_eq!(named, [expected], "{faults:?}");
    }
}

#[test]
fn all_contradictions_are_named_at_once() {
    let policy = Policy {
        audience: named(&[], &[]),
        places: within(&[], false),
        from_ms: Some(2),
        until_ms: Some(1),
        embargo_ms: Some(2),
        offline_days: 400,
        streams: Some(0),
        plan: Plan::Rental { seconds: 0 },
        ..Policy::default()
    };
    let faults = policy.check();
    assert!(faults.is_sorted());
    let codes: BTreeSet<&str> = faults.iter().map(Fault::code).collect();
    let sentences: BTreeSet<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!((codes.len(), sentences.len()), (7, 7));
}
