//! The choice by examples, and by what holds of any.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn campaign(id: u128, seconds: u64) -> Candidate {
    Candidate {
        id: Uuid::from_u128(id),
        title: Uuid::from_u128(1_000 + id),
        duration_ms: seconds * 1_000,
        ..Candidate::default()
    }
}

fn slot(session: u128, seconds: Option<u64>) -> Slot {
    Slot {
        title: Uuid::from_u128(7),
        collection: Some(Uuid::from_u128(70)),
        length_ms: seconds.map(|seconds| seconds * 1_000),
        seed: Slot::seed(Uuid::from_u128(session), Uuid::from_u128(7), 1),
    }
}

fn chosen(candidates: &[Candidate], slot: &Slot) -> Vec<u128> {
    let places = fill(candidates, &Viewer::default(), slot);
    places
        .iter()
        .map(|place| candidates[*place].id.as_u128())
        .collect()
}

#[test]
fn an_audience_is_every_kind_that_it_names() {
    let set = |id: u128| BTreeSet::from([Uuid::from_u128(id)]);
    let viewer = Viewer {
        site: Some(Uuid::from_u128(1)),
        groups: set(2),
    };
    let fills = |change: fn(&mut Candidate)| {
        let mut one = campaign(1, 10);
        change(&mut one);
        !fill(&[one], &viewer, &slot(1, None)).is_empty()
    };
    assert!(fills(|_| {}));
    assert!(fills(|c| c.sites = BTreeSet::from([Uuid::from_u128(1)])));
    assert!(!fills(|c| c.sites = BTreeSet::from([Uuid::from_u128(3)])));
    assert!(fills(
        |c| c.groups = BTreeSet::from([Uuid::from_u128(9), Uuid::from_u128(2)])
    ));
    assert!(!fills(|c| c.groups = BTreeSet::from([Uuid::from_u128(9)])));
    assert!(fills(|c| c.titles = BTreeSet::from([Uuid::from_u128(7)])));
    assert!(!fills(|c| c.titles = BTreeSet::from([Uuid::from_u128(8)])));
    assert!(fills(
        |c| c.collections = BTreeSet::from([Uuid::from_u128(70)])
    ));
    // Titles and collections are one kind: either will do.
    assert!(fills(|c| {
        c.titles = BTreeSet::from([Uuid::from_u128(8)]);
        c.collections = BTreeSet::from([Uuid::from_u128(70)]);
    }));
    assert!(!fills(|c| {
        c.sites = BTreeSet::from([Uuid::from_u128(1)]);
        c.groups = BTreeSet::from([Uuid::from_u128(9)]);
    }));
    assert!(!fills(|c| c.left = Some(0)));
    assert!(fills(|c| c.left = Some(1)));
    assert!(
        !fills(|c| c.title = Uuid::from_u128(7)),
        "a title does not interrupt itself"
    );
    assert!(!fills(|c| c.emergency = true), "asked for by itself");
}

#[test]
fn the_greater_priority_goes_first() {
    let urgent = Candidate {
        priority: 60,
        ..campaign(1, 20)
    };
    let usual = Candidate {
        priority: 50,
        ..campaign(2, 10)
    };
    let both = [usual.clone(), urgent.clone()];
    for session in 0..20 {
        assert_eq!(chosen(&both, &slot(session, Some(30))), [1, 2]);
        assert_eq!(chosen(&both, &slot(session, Some(20))), [1]);
        assert_eq!(
            chosen(&both, &slot(session, Some(15))),
            [2],
            "the urgent one is too long"
        );
        assert_eq!(
            chosen(&both, &slot(session, None)),
            [1],
            "a break without a length takes one"
        );
    }
}

#[test]
fn equals_take_turns() {
    let all: Vec<Candidate> = (1..=4).map(|id| campaign(id, 15)).collect();
    let mut first: BTreeMap<u128, u32> = BTreeMap::new();
    for session in 0..400 {
        let slot = slot(session, Some(15));
        let one = chosen(&all, &slot);
        assert_eq!(one.len(), 1);
        assert_eq!(one, chosen(&all, &slot), "asked again, it is the same");
        *first.entry(one[0]).or_default() += 1;
    }
    assert_eq!(first.len(), 4);
    assert!(
        first.values().all(|count| (60..=140).contains(count)),
        "{first:?}"
    );
}

#[test]
fn a_break_is_filled_well() {
    // 20 alone would leave a third of it empty.
    let all = [campaign(1, 20), campaign(2, 15), campaign(3, 15)];
    for session in 0..20 {
        let mut got = chosen(&all, &slot(session, Some(30)));
        got.sort_unstable();
        assert_eq!(got, [2, 3]);
    }
    // 28 s of 30 are fair, so that the one of 28 s has its turn.
    let all = [campaign(1, 28), campaign(2, 15), campaign(3, 15)];
    let long = (0..60)
        .filter(|session| chosen(&all, &slot(*session, Some(30))) == [1])
        .count();
    assert!((5..=45).contains(&long), "{long}");
}

#[test]
fn one_creative_is_shown_once_a_break() {
    let mut all = [campaign(1, 10), campaign(2, 10)];
    all[1].title = all[0].title;
    assert_eq!(chosen(&all, &slot(1, Some(60))).len(), 1);
}

#[test]
fn emergencies_come_once_a_playback_in_their_order() {
    let mut all = [campaign(1, 10), campaign(2, 500), campaign(3, 10)];
    (all[0].emergency, all[1].emergency, all[1].priority) = (true, true, 90);
    let slot = slot(1, Some(5));
    let found = |had: &[u128]| {
        let had = had.iter().map(|id| Uuid::from_u128(*id)).collect();
        emergencies(&all, &Viewer::default(), &slot, &had)
    };
    assert_eq!(found(&[]), [1, 0], "whatever their length");
    assert_eq!(found(&[2]), [0]);
    assert!(found(&[1, 2]).is_empty());
}

proptest! {
    #[test]
    fn ads_have_room_and_are_different(
        lengths in proptest::collection::vec((1_u64..90_000, 0_i64..3), 0..30),
        length in 0_u64..200_000,
        session in 0_u128..1_000,
    ) {
        let all: Vec<Candidate> = lengths.iter().enumerate().map(|(id, (ms, priority))| Candidate {
            duration_ms: *ms,
            priority: *priority,
            ..campaign(id as u128, 0)
        }).collect();
        let slot = Slot { length_ms: Some(length), ..slot(session, None) };
        let got = fill(&all, &Viewer::default(), &slot);
        let total: u64 = got.iter().map(|place| all[*place].duration_ms).sum();
        prop_assert!(total <= length + SLACK_MS);
        prop_assert!(got.len() <= ADS_MAX);
        let different: BTreeSet<_> = got.iter().collect();
        prop_assert_eq!(different.len(), got.len());
        prop_assert!(got.windows(2).all(|w| all[w[0]].priority >= all[w[1]].priority));
        // Empty only where nothing fits.
        prop_assert!(!got.is_empty() || all.iter().all(|c| c.duration_ms.div_ceil(STEP_MS) > (length + SLACK_MS) / STEP_MS));
    }
}
