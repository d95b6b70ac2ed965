//! The decision against a slow model that was written another way, and what no policy may do.
//!
//! The model collects every rule that is broken and gives the one that comes first; it finds the
//! ends of the terms by trying moments.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*};

use super::*;

const DAY: u128 = 86_400_000;

/// Every rule that is broken, in no order, with its rank.
fn broken(policy: &Policy, viewing: &Viewing) -> Vec<(u8, Denied)> {
    let now = viewing.now_ms;
    let mut found = Vec::new();
    let mut rule = |rank, is_broken: bool, reason| {
        if is_broken {
            found.push((rank, reason));
        }
    };
    let nobody = viewing.person.is_none();
    let someone = viewing.person.clone().unwrap_or_default();

    let videos: Vec<u32> = viewing.tracks.iter().flat_map(|t| t.height).collect();
    let lowest = videos.iter().min().copied().unwrap_or(0);
    rule(
        12,
        policy.max_height.unwrap_or(!0) < lowest,
        Denied::QualityNone,
    );
    if let Some(most) = policy.streams {
        let after = u32::from(viewing.active_streams) + u32::from(!viewing.renewal);
        let full = after.max(1) > u32::from(most);
        rule(13, full, Denied::TooManyStreams { most });
    }
    let no_days = policy.offline_days < 1;
    rule(
        11,
        viewing.offline_wanted && no_days,
        Denied::OfflineNotAllowed,
    );

    if let Some(from_ms) = policy.from_ms {
        rule(
            7,
            from_ms > now && !someone.previews,
            Denied::NotYet { from_ms },
        );
    }
    if let Some(until_ms) = policy.embargo_ms {
        rule(6, until_ms > now, Denied::Embargo { until_ms });
    }
    let open = policy.until_ms.iter().all(|until_ms| now < *until_ms);
    rule(5, !open, Denied::Over);
    if let Places::Within { sites, vpn } = &policy.places {
        let inside = (*vpn && viewing.place == Place::Vpn)
            || sites.iter().any(|site| viewing.place == Place::Site(*site));
        rule(4, !inside, Denied::NotHere);
    }
    if let Audience::Named { groups, people } = &policy.audience {
        let by_group = groups
            .iter()
            .any(|g| someone.groups.iter().any(|of| of == g));
        let by_name = people.iter().any(|p| *p == someone.id);
        rule(3, !nobody && !by_group && !by_name, Denied::NotInAudience);
        rule(2, nobody, Denied::SignInNeeded);
    }
    rule(2, nobody && policy.plan != Plan::Free, Denied::SignInNeeded);
    rule(1, someone.suspended, Denied::Suspended);
    found.extend(broken_plan(policy, viewing));
    found
}

fn broken_plan(policy: &Policy, viewing: &Viewing) -> Option<(u8, Denied)> {
    let paid = paid_moments(policy, viewing)(viewing.now_ms);
    match policy.plan {
        Plan::Subscription { .. } if !paid => Some((8, Denied::NeedsSubscription)),
        Plan::Rental { .. } if viewing.rental.is_none() => Some((9, Denied::NeedsRental)),
        Plan::Rental { .. } if !paid => Some((10, Denied::RentalOver)),
        _ => None,
    }
}

/// Whether a moment from now on is paid for, as far as is known now.
fn paid_moments<'a>(policy: &'a Policy, viewing: &'a Viewing) -> impl Fn(u64) -> bool + 'a {
    move |moment| match policy.plan {
        Plan::Free => true,
        Plan::Subscription { collection } => viewing.subscriptions.iter().any(|s| {
            let runs = s.from_ms..s.until_ms;
            s.collection == collection && runs.contains(&viewing.now_ms) && runs.contains(&moment)
        }),
        Plan::Rental { seconds } => viewing.rental.is_some_and(|rental| {
            let begun = match rental.first_play_ms {
                Some(first) if first >= rental.bought_ms => first,
                _ => viewing.now_ms,
            };
            let end = u128::from(begun) + u128::from(seconds) * 1000;
            u128::from(moment) < end.min(u64::MAX.into())
        }),
    }
}

fn model(policy: &Policy, viewing: &Viewing, lease_ms: u64) -> Result<Terms, Denied> {
    let broken = broken(policy, viewing);
    if let Some((_, reason)) = broken.iter().min_by_key(|(rank, _)| rank) {
        return Err(*reason);
    }
    let now = viewing.now_ms;
    let lasts = if viewing.offline_wanted {
        u128::from(policy.offline_days) * DAY
    } else {
        u128::from(lease_ms)
    };
    let paid = paid_moments(policy, viewing);
    // A licence may end at a moment if the one before it may still be played.
    let may_end = |end: u64| {
        let last = end.saturating_sub(1);
        u128::from(end) <= u128::from(now) + lasts
            && (end <= now || (paid(last) && policy.until_ms.is_none_or(|until| last < until)))
    };
    let heights_fit = |track: &&Track| match (track.height, policy.max_height) {
        (Some(height), Some(most)) => height <= most,
        _ => true,
    };
    // The last moment that may, by halving; every earlier one from now on may too.
    let (mut sure, mut beyond) = (now, u128::from(u64::MAX) + 1);
    while beyond - u128::from(sure) > 1 {
        let middle = u64::try_from((u128::from(sure) + beyond) / 2).unwrap();
        if may_end(middle) {
            sure = middle;
        } else {
            beyond = middle.into();
        }
    }
    Ok(Terms {
        tracks: viewing
            .tracks
            .iter()
            .filter(heights_fit)
            .map(|t| t.number)
            .collect(),
        not_after_ms: sure,
        offline_until_ms: if viewing.offline_wanted { sure } else { now },
        third_party_players: policy.third_party_players,
        starts_rental: matches!(policy.plan, Plan::Rental { .. })
            && viewing
                .rental
                .is_some_and(|rental| rental.first_play_ms < Some(rental.bought_ms)),
    })
}

fn id() -> impl Strategy<Value = Id> {
    (0_u8..4).prop_map(|n| [n; 16])
}

fn ids() -> impl Strategy<Value = BTreeSet<Id>> {
    (0_u8..16).prop_map(|bits| {
        (0..4)
            .filter(|n| bits >> n & 1 == 1)
            .map(|n| [n; 16])
            .collect()
    })
}

/// Moments close to one another, some of them a day or an age apart.
fn moment() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 4_990_u64..5_010,
        4 => 0_u64..10_000,
        3 => 86_404_990_u64..86_405_010,
        1 => Just(0),
        2 => (u64::MAX - 3)..=u64::MAX,
    ]
}

prop_compose! {
    fn policies()(
        audience in prop_oneof![
            2 => Just(Audience::Everyone),
            1 => (ids(), ids()).prop_map(|(groups, people)| Audience::Named { groups, people }),
        ],
        places in prop_oneof![
            2 => Just(Places::Anywhere),
            1 => (ids(), any::<bool>()).prop_map(|(sites, vpn)| Places::Within { sites, vpn }),
        ],
        from_ms in option::weighted(0.3, moment()),
        until_ms in option::weighted(0.3, moment()),
        embargo_ms in option::weighted(0.2, moment()),
        max_height in option::of(0_u32..5),
        offline_days in prop_oneof![Just(0_u16), Just(1), Just(2), Just(u16::MAX)],
        third_party_players in any::<bool>(),
        streams in option::weighted(0.3, 0_u16..4),
        plan in prop_oneof![
            2 => Just(Plan::Free),
            1 => id().prop_map(|collection| Plan::Subscription { collection }),
            1 => prop_oneof![0_u64..6, Just(u64::MAX)].prop_map(|seconds| Plan::Rental { seconds }),
        ],
    ) -> Policy {
        Policy {
            audience, places, from_ms, until_ms, embargo_ms, max_height, offline_days,
            third_party_players, streams, plan,
        }
    }
}

prop_compose! {
    fn viewers()(
        id in id(),
        groups in ids(),
        previews in any::<bool>(),
        suspended in prop::bool::weighted(0.1),
    ) -> Viewer {
        Viewer { id, groups, previews, suspended }
    }
}

prop_compose! {
    fn viewings()(
        person in option::weighted(0.8, viewers()),
        place in prop_oneof![id().prop_map(Place::Site), Just(Place::Vpn), Just(Place::Elsewhere)],
        now_ms in prop_oneof![6 => 4_995_u64..5_005, 1 => moment()],
        heights in vec(option::of(0_u32..5), 0..5),
        active_streams in prop_oneof![4 => 0_u16..4, 1 => Just(u16::MAX)],
        subscriptions in vec((id(), moment(), moment()), 0..6),
        rental in option::weighted(0.7, (
            option::of(moment()), prop_oneof![Just(0), moment()],
        )),
        offline_wanted in any::<bool>(),
        renewal in any::<bool>(),
    ) -> Viewing {
        Viewing {
            person, place, now_ms, active_streams, offline_wanted, renewal,
            tracks: (1..).zip(heights).map(|(number, height)| Track { number, height }).collect(),
            subscriptions: subscriptions
                .into_iter()
                .map(|(collection, from_ms, until_ms)| Subscription { collection, from_ms, until_ms })
                .collect(),
            rental: rental.map(|(first_play_ms, bought_ms)| Rental { first_play_ms, bought_ms }),
        }
    }
}

fn leases() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..20, Just(100_000_000), Just(u64::MAX)]
}

/// The moment of the try, and all at which something begins or ends, with their neighbours.
fn moments_of(policy: &Policy, viewing: &Viewing) -> BTreeSet<u64> {
    let ends = [policy.from_ms, policy.until_ms, policy.embargo_ms];
    let periods = viewing.subscriptions.iter();
    let rental = viewing.rental.iter();
    let begun = rental.flat_map(|rental| [rental.first_play_ms, Some(rental.bought_ms)]);
    let length_ms = match policy.plan {
        Plan::Rental { seconds } => seconds.saturating_mul(1000),
        _ => 0,
    };
    ends.into_iter()
        .chain(begun)
        .flatten()
        .chain(periods.flat_map(|s| [s.from_ms, s.until_ms]))
        .flat_map(|at| [at, at.saturating_add(length_ms)])
        .flat_map(|at| [at.saturating_sub(1), at, at.saturating_add(1)])
        .chain([viewing.now_ms])
        .collect()
}

/// The stricter of two limits of which either may be missing.
fn stricter<T>(a: Option<T>, b: Option<T>, choose: fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(choose(a, b)),
        (a, b) => a.or(b),
    }
}

/// A policy that allows only what both allow, as far as one policy can say it.
fn narrowed(wide: &Policy, other: &Policy) -> Policy {
    Policy {
        audience: match (&wide.audience, &other.audience) {
            (Audience::Everyone, any) | (any, Audience::Everyone) => any.clone(),
            (
                Audience::Named { groups, people },
                Audience::Named {
                    groups: more_groups,
                    people: more_people,
                },
            ) => Audience::Named {
                groups: groups & more_groups,
                people: people & more_people,
            },
        },
        places: match (&wide.places, &other.places) {
            (Places::Anywhere, any) | (any, Places::Anywhere) => any.clone(),
            (
                Places::Within { sites, vpn },
                Places::Within {
                    sites: more_sites,
                    vpn: more_vpn,
                },
            ) => Places::Within {
                sites: sites & more_sites,
                vpn: vpn & more_vpn,
            },
        },
        from_ms: stricter(wide.from_ms, other.from_ms, u64::max),
        until_ms: stricter(wide.until_ms, other.until_ms, u64::min),
        embargo_ms: stricter(wide.embargo_ms, other.embargo_ms, u64::max),
        max_height: stricter(wide.max_height, other.max_height, u32::min),
        offline_days: wide.offline_days.min(other.offline_days),
        third_party_players: wide.third_party_players && other.third_party_players,
        streams: stricter(wide.streams, other.streams, u16::min),
        plan: match (wide.plan, other.plan) {
            (Plan::Free, any) => any,
            (Plan::Rental { seconds }, Plan::Rental { seconds: fewer }) => Plan::Rental {
                seconds: seconds.min(fewer),
            },
            (paid, _) => paid,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25_000))]

    #[test]
    fn the_model_decides_the_same(
        policy in policies(), viewing in viewings(), lease_ms in leases(),
    ) {
        for now_ms in moments_of(&policy, &viewing) {
            let viewing = Viewing { now_ms, ..viewing.clone() };
            prop_assert_eq!(
                decide(&policy, &viewing, lease_ms),
                model(&policy, &viewing, lease_ms),
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn terms_outlive_nothing_that_ends(
        policy in policies(), viewing in viewings(), lease_ms in leases(),
    ) {
        if let Ok(terms) = decide(&policy, &viewing, lease_ms) {
            let now_ms = viewing.now_ms;
            prop_assert!(now_ms <= terms.not_after_ms);
            prop_assert!(terms.offline_until_ms <= terms.not_after_ms);
            prop_assert!(policy.until_ms.is_none_or(|until_ms| terms.not_after_ms <= until_ms));
            prop_assert!(policy.embargo_ms.is_none_or(|until_ms| now_ms >= until_ms));
            if let Plan::Subscription { collection } = policy.plan {
                let mut mine = viewing.subscriptions.iter().filter(|s| s.collection == collection);
                prop_assert!(mine.any(|s| terms.not_after_ms <= s.until_ms && s.from_ms <= now_ms));
            }
            if !viewing.offline_wanted {
                prop_assert_eq!(terms.offline_until_ms, now_ms);
                prop_assert!(terms.not_after_ms - now_ms <= lease_ms);
            }
        }
    }

    #[test]
    fn a_narrower_policy_never_gives_more(
        wide in policies(), other in policies(), viewing in viewings(), lease_ms in leases(),
    ) {
        let narrow = narrowed(&wide, &other);
        if let Ok(less) = decide(&narrow, &viewing, lease_ms) {
            let more = decide(&wide, &viewing, lease_ms);
            prop_assert!(more.is_ok(), "{more:?} but narrowed {less:?}");
            let more = more.unwrap();
            prop_assert!(less.tracks.iter().all(|track| more.tracks.contains(track)));
            prop_assert!(less.not_after_ms <= more.not_after_ms);
            prop_assert!(less.offline_until_ms <= more.offline_until_ms);
            prop_assert!(less.third_party_players <= more.third_party_players);
        }
    }
}
