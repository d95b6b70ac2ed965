//! Every rule on its own, the order between them, and the terms at the ends of time.

use std::collections::BTreeSet;

use super::*;

const NOW: u64 = 1_800_000_000_000;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const ADA: Id = [1; 16];
const BOB: Id = [2; 16];
const STAFF: Id = [11; 16];
const BOARD: Id = [12; 16];
const LYON: Id = [21; 16];
const COURSES: Id = [31; 16];

fn set(ids: &[Id]) -> BTreeSet<Id> {
    ids.iter().copied().collect()
}

fn named(groups: &[Id], people: &[Id]) -> Audience {
    Audience::Named {
        groups: set(groups),
        people: set(people),
    }
}

fn within(sites: &[Id], vpn: bool) -> Places {
    Places::Within {
        sites: set(sites),
        vpn,
    }
}

fn track(number: u16, height: Option<u32>) -> Track {
    Track { number, height }
}

fn ada() -> Viewer {
    Viewer {
        id: ADA,
        groups: set(&[STAFF]),
        previews: false,
        suspended: false,
    }
}

/// Ada of the staff in Lyon, with a title of two pictures and a sound.
fn viewing() -> Viewing {
    Viewing {
        person: Some(ada()),
        place: Place::Site(LYON),
        now_ms: NOW,
        tracks: vec![track(1, Some(1080)), track(2, Some(480)), track(9, None)],
        ..Viewing::default()
    }
}

fn subscription(from_ms: u64, until_ms: u64) -> Subscription {
    Subscription {
        collection: COURSES,
        from_ms,
        until_ms,
    }
}

fn subscribed() -> Policy {
    Policy {
        plan: Plan::Subscription {
            collection: COURSES,
        },
        ..Policy::default()
    }
}

fn rented(seconds: u64) -> Policy {
    Policy {
        plan: Plan::Rental { seconds },
        ..Policy::default()
    }
}

fn rental(first_play_ms: Option<u64>, bought_ms: u64) -> Option<Rental> {
    Some(Rental {
        first_play_ms,
        bought_ms,
    })
}

#[test]
fn the_default_allows_everything_but_offline_use() {
    let whole = Terms {
        tracks: vec![1, 2, 9],
        not_after_ms: NOW + HOUR,
        offline_until_ms: NOW,
        third_party_players: true,
        starts_rental: false,
    };
    let mut stranger = viewing();
    (stranger.person, stranger.place) = (None, Place::Elsewhere);
    stranger.active_streams = u16::MAX;
    for viewing in [&viewing(), &stranger] {
        assert_eq!(decide(&Policy::default(), viewing, HOUR), Ok(whole.clone()));
    }
    stranger.offline_wanted = true;
    assert_eq!(
        decide(&Policy::default(), &stranger, HOUR),
        Err(Denied::OfflineNotAllowed)
    );
    assert_eq!(Policy::default().check(), []);
}

#[test]
fn who() {
    let someone = |id, groups: &[Id]| {
        Some(Viewer {
            id,
            groups: set(groups),
            ..Viewer::default()
        })
    };
    let mut suspended = ada();
    suspended.suspended = true;
    let (ada, bob) = (|groups| someone(ADA, groups), someone(BOB, &[]));
    let all = Audience::Everyone;
    const OPEN: Option<Denied> = None;
    const OUTSIDE: Option<Denied> = Some(Denied::NotInAudience);
    const SIGN_IN: Option<Denied> = Some(Denied::SignInNeeded);
    const SUSPENDED: Option<Denied> = Some(Denied::Suspended);
    for (audience, person, expected) in [
        (all.clone(), None, OPEN),
        (all.clone(), ada(&[]), OPEN),
        (named(&[STAFF], &[]), None, SIGN_IN),
        (named(&[STAFF], &[]), ada(&[BOARD, STAFF]), OPEN),
        (named(&[BOARD], &[]), ada(&[STAFF]), OUTSIDE),
        (named(&[BOARD], &[]), ada(&[]), OUTSIDE),
        (named(&[], &[BOB]), None, SIGN_IN),
        (named(&[], &[BOB]), bob.clone(), OPEN),
        (named(&[], &[BOB]), ada(&[]), OUTSIDE),
        (named(&[BOARD], &[ADA]), ada(&[STAFF]), OPEN),
        (named(&[BOARD], &[ADA]), bob, OUTSIDE),
        // A group is no person, and a person no group.
        (named(&[], &[STAFF]), ada(&[STAFF]), OUTSIDE),
        (named(&[ADA], &[]), ada(&[]), OUTSIDE),
        (named(&[], &[]), ada(&[STAFF]), OUTSIDE),
        (named(&[], &[]), None, SIGN_IN),
        (all, Some(suspended.clone()), SUSPENDED),
        (named(&[], &[BOB]), Some(suspended), SUSPENDED),
    ] {
        let what = format!("{audience:?} {person:?}");
        let policy = Policy {
            audience,
            ..Policy::default()
        };
        let viewing = Viewing {
            person,
            ..viewing()
        };
        assert_eq!(decide(&policy, &viewing, HOUR).err(), expected, "{what}");
    }
}

#[test]
fn nobody_buys() {
    let mut viewing = viewing();
    viewing.person = None;
    viewing.subscriptions = vec![subscription(0, u64::MAX)];
    viewing.rental = rental(None, 0);
    for policy in [subscribed(), rented(60)] {
        let decided = decide(&policy, &viewing, HOUR);
        assert_eq!(decided, Err(Denied::SignInNeeded));
    }
}

#[test]
fn from_where() {
    let lyon = Place::Site(LYON);
    let home = Place::Elsewhere;
    for (places, place, open) in [
        (Places::Anywhere, home, true),
        (within(&[LYON], false), lyon, true),
        (within(&[LYON], false), Place::Site([22; 16]), false),
        (within(&[LYON], false), home, false),
        (within(&[LYON], false), Place::Vpn, false),
        (within(&[LYON], true), Place::Vpn, true),
        (within(&[LYON], true), home, false),
        (within(&[], true), lyon, false),
        (within(&[], true), Place::Vpn, true),
        (within(&[], false), lyon, false),
    ] {
        let what = format!("{places:?} {place:?}");
        let policy = Policy {
            places,
            ..Policy::default()
        };
        let viewing = Viewing { place, ..viewing() };
        let expected = (!open).then_some(Denied::NotHere);
        assert_eq!(decide(&policy, &viewing, HOUR).err(), expected, "{what}");
    }
}

#[test]
fn when() {
    const OPEN: Option<Denied> = None;
    const OVER: Option<Denied> = Some(Denied::Over);
    let (before, now, after) = (Some(NOW - 1), Some(NOW), Some(NOW + 1));
    let embargo = Some(Denied::Embargo { until_ms: NOW + 1 });
    let not_yet = Some(Denied::NotYet { from_ms: NOW + 1 });
    // From, until, embargo; what most people get; what those with previews get.
    for (from_ms, until_ms, embargo_ms, plain, previews) in [
        (None, None, None, OPEN, OPEN),
        (now, None, None, OPEN, OPEN),
        (after, None, None, not_yet, OPEN),
        (None, after, None, OPEN, OPEN),
        (None, now, None, OVER, OVER),
        (None, before, None, OVER, OVER),
        (None, None, now, OPEN, OPEN),
        (None, None, after, embargo, embargo),
        (after, None, after, embargo, embargo),
        (after, None, before, not_yet, OPEN),
        (after, now, None, OVER, OVER),
        (None, now, after, OVER, OVER),
    ] {
        let policy = Policy {
            from_ms,
            until_ms,
            embargo_ms,
            ..Policy::default()
        };
        let mut viewing = viewing();
        assert_eq!(decide(&policy, &viewing, HOUR).err(), plain);
        viewing.person = None;
        assert_eq!(decide(&policy, &viewing, HOUR).err(), plain);
        viewing.person = Some(Viewer {
            previews: true,
            ..ada()
        });
        assert_eq!(decide(&policy, &viewing, HOUR).err(), previews);
    }
}

#[test]
fn which_tracks() {
    let none = Err(Denied::QualityNone);
    let all = viewing().tracks;
    let sound = vec![track(9, None)];
    let unknown = vec![track(1, Some(u32::MAX))];
    for (max_height, tracks, expected) in [
        (None, &all, Ok(vec![1, 2, 9])),
        (Some(1080), &all, Ok(vec![1, 2, 9])),
        (Some(1079), &all, Ok(vec![2, 9])),
        (Some(480), &all, Ok(vec![2, 9])),
        (Some(479), &all, none.clone()),
        (Some(0), &all, none.clone()),
        (Some(0), &sound, Ok(vec![9])),
        (Some(480), &vec![], Ok(vec![])),
        (Some(4320), &unknown, none),
        (None, &unknown, Ok(vec![1])),
    ] {
        let policy = Policy {
            max_height,
            ..Policy::default()
        };
        let tracks = tracks.clone();
        let what = format!("{max_height:?} {tracks:?}");
        let viewing = Viewing {
            tracks,
            ..viewing()
        };
        let decided = decide(&policy, &viewing, HOUR).map(|terms| terms.tracks);
        assert_eq!(decided, expected, "{what}");
    }
}

#[test]
fn subscriptions() {
    let other = Subscription {
        collection: [32; 16],
        ..subscription(0, u64::MAX)
    };
    let s = subscription;
    let needed = Err(Denied::NeedsSubscription);
    for (subscriptions, expected) in [
        (vec![], needed),
        (vec![other], needed),
        (vec![s(0, NOW)], needed),
        (vec![s(NOW + 1, NOW + DAY)], needed),
        (vec![s(NOW, NOW + DAY)], Ok(NOW + HOUR)),
        (vec![other, s(0, NOW + 7)], Ok(NOW + 7)),
        (vec![s(0, NOW + 9), s(0, NOW + 7)], Ok(NOW + 9)),
        // The one that follows counts when the licence is renewed in it.
        (vec![s(0, NOW + 7), s(NOW + 7, NOW + DAY)], Ok(NOW + 7)),
    ] {
        let what = format!("{subscriptions:?}");
        let viewing = Viewing {
            subscriptions,
            ..viewing()
        };
        let decided = decide(&subscribed(), &viewing, HOUR).map(|terms| terms.not_after_ms);
        assert_eq!(decided, expected, "{what}");
    }
}

#[test]
fn rentals() {
    let day = DAY / 1000;
    let over = Err(Denied::RentalOver);
    let soon = NOW + HOUR;
    for (what, seconds, rental, expected) in [
        ("none", day, None, Err(Denied::NeedsRental)),
        ("new", day, rental(None, 0), Ok((soon, true))),
        ("short", 60, rental(None, NOW), Ok((NOW + 60_000, true))),
        ("begun", day, rental(Some(NOW - 9), 0), Ok((soon, false))),
        (
            "last",
            day,
            rental(Some(NOW + 1 - DAY), 0),
            Ok((NOW + 1, false)),
        ),
        ("over", day, rental(Some(NOW - DAY), 0), over),
        ("again", day, rental(Some(7), 8), Ok((soon, true))),
        ("of no length", 0, rental(None, 0), over),
        ("no end", u64::MAX, rental(Some(NOW), 0), Ok((soon, false))),
    ] {
        let viewing = Viewing {
            rental,
            ..viewing()
        };
        let decided = decide(&rented(seconds), &viewing, HOUR)
            .map(|terms| (terms.not_after_ms, terms.starts_rental));
        assert_eq!(decided, expected, "{what}");
    }
}

#[test]
fn how_many_streams() {
    for (streams, active_streams, renewal, open) in [
        (None, u16::MAX, false, true),
        (Some(1), 0, false, true),
        (Some(1), 1, false, false),
        (Some(1), 1, true, true),
        (Some(1), 2, true, false),
        (Some(1), 0, true, true),
        (Some(3), 2, false, true),
        (Some(3), 3, false, false),
        (Some(3), 3, true, true),
        (Some(3), 4, true, false),
        (Some(0), 0, false, false),
        (Some(0), 1, true, false),
        (Some(u16::MAX), u16::MAX, false, false),
        (Some(u16::MAX), u16::MAX, true, true),
    ] {
        let policy = Policy {
            streams,
            ..Policy::default()
        };
        let viewing = Viewing {
            active_streams,
            renewal,
            ..viewing()
        };
        let expected = streams
            .filter(|_| !open)
            .map(|most| Denied::TooManyStreams { most });
        let what = (streams, active_streams, renewal);
        assert_eq!(decide(&policy, &viewing, HOUR).err(), expected, "{what:?}");
    }
}

#[test]
fn offline_use_ends_with_whatever_ends_first() {
    let policy = |offline_days, until_ms, plan| Policy {
        offline_days,
        until_ms,
        plan,
        ..Policy::default()
    };
    let mut viewing = viewing();
    viewing.subscriptions = vec![subscription(0, NOW + 5 * DAY)];
    viewing.rental = rental(None, 0);
    let rental = Plan::Rental { seconds: 7200 };
    let later = Some(NOW + 9 * DAY);
    for (what, policy, offline_ms) in [
        ("the days", policy(3, later, Plan::Free), 3 * DAY),
        ("the title", policy(30, later, Plan::Free), 9 * DAY),
        (
            "the subscription",
            policy(30, later, subscribed().plan),
            5 * DAY,
        ),
        ("the rental", policy(30, later, rental), 2 * HOUR),
    ] {
        viewing.offline_wanted = true;
        let terms = decide(&policy, &viewing, HOUR).unwrap();
        let ends = (terms.offline_until_ms, terms.not_after_ms);
        assert_eq!(ends, (NOW + offline_ms, NOW + offline_ms), "{what}");
        viewing.offline_wanted = false;
        let terms = decide(&policy, &viewing, HOUR).unwrap();
        let ends = (terms.offline_until_ms, terms.not_after_ms);
        assert_eq!(ends, (NOW, NOW + HOUR), "{what}, not wanted");
    }
}

#[test]
fn time_does_not_overflow() {
    let policy = Policy {
        offline_days: u16::MAX,
        ..rented(u64::MAX)
    };
    let mut viewing = viewing();
    viewing.rental = rental(Some(1), 0);
    for (now_ms, lease_ms, expected) in [
        (0, 0, 0),
        (0, u64::MAX, u64::MAX),
        (u64::MAX - 1, 1, u64::MAX),
        (u64::MAX - 1, u64::MAX, u64::MAX),
    ] {
        viewing.now_ms = now_ms;
        let terms = decide(&policy, &viewing, lease_ms).unwrap();
        assert_eq!(
            (terms.not_after_ms, terms.offline_until_ms),
            (expected, now_ms)
        );
    }
    viewing.offline_wanted = true;
    let terms = decide(&policy, &viewing, 0).unwrap();
    assert_eq!(terms.offline_until_ms, u64::MAX);
    // No moment follows the last one, so a rental cannot reach beyond it.
    viewing.now_ms = u64::MAX;
    assert_eq!(decide(&policy, &viewing, 1), Err(Denied::RentalOver));
}

#[test]
fn the_first_reason_in_order_is_given() {
    let policy = Policy {
        audience: named(&[BOARD], &[]),
        places: within(&[], true),
        from_ms: Some(NOW + DAY),
        until_ms: Some(NOW),
        embargo_ms: Some(NOW + DAY),
        max_height: Some(1),
        offline_days: 0,
        third_party_players: false,
        streams: Some(2),
        plan: subscribed().plan,
    };
    let mut viewing = viewing();
    viewing.person = Some(Viewer {
        suspended: true,
        ..ada()
    });
    viewing.offline_wanted = true;
    viewing.active_streams = 2;
    // Everything is wrong at first; each step puts right what was just complained of.
    type Step = fn(&mut Policy, &mut Viewing);
    let steps: [(&str, Step); 11] = [
        ("suspended", |_, v| v.person = None),
        ("sign_in_needed", |_, v| v.person = Some(ada())),
        ("not_in_audience", |p, _| p.audience = named(&[STAFF], &[])),
        ("not_here", |_, v| v.place = Place::Vpn),
        ("over", |p, _| p.until_ms = None),
        ("embargo", |p, _| p.embargo_ms = None),
        ("not_yet", |p, _| p.from_ms = None),
        ("needs_subscription", |p, _| p.plan = rented(60).plan),
        ("needs_rental", |_, v| {
            v.rental = rental(Some(0), 0);
        }),
        ("rental_over", |p, _| p.plan = Plan::Free),
        ("offline_not_allowed", |p, _| p.offline_days = 1),
    ];
    let (mut policy, mut seen) = (policy, BTreeSet::new());
    for (code, step) in steps {
        let denied = decide(&policy, &viewing, HOUR).unwrap_err();
        assert_eq!(denied.code(), code);
        assert!(seen.insert(denied.to_string()), "{denied}");
        step(&mut policy, &mut viewing);
    }
    let denied = decide(&policy, &viewing, HOUR).unwrap_err();
    assert_eq!(denied.code(), "quality_none");
    policy.max_height = None;
    let denied = decide(&policy, &viewing, HOUR).unwrap_err();
    assert_eq!(denied.code(), "too_many_streams");
    assert!(denied.to_string().contains("2 streams"), "{denied}");
    policy.streams = Some(3);
    let terms = decide(&policy, &viewing, HOUR).unwrap();
    assert!(!terms.third_party_players);
}
