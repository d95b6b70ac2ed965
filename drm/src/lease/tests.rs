//! Each rule of the watch on its own: clocks, signed times, budgets, storing, contacts.

use rand::{SeedableRng, rngs::StdRng};

use super::{sealed::Entry, sealed::State, *};
use crate::{cbor, floe, license::Grant};

const NOW: u64 = 1_800_000_000_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;
const DEVICE: [u8; 16] = [7; 16];
const ID: [u8; 16] = [1; 16];

fn lease() -> Lease {
    Lease {
        license_id: ID,
        issued_ms: NOW,
        not_before_ms: NOW - MINUTE,
        not_after_ms: NOW + 3 * DAY,
        offline_until_ms: NOW + 2 * DAY,
    }
}

/// A watch set now that has seen one licence with an hour to play.
fn watch() -> Watch {
    let mut watch = Watch::new(NOW);
    watch.admit(&lease(), HOUR).unwrap();
    watch
}

fn behind(behind_ms: u64) -> ClockBack {
    ClockBack { behind_ms }
}

#[test]
fn the_mark_never_falls_with_the_wall_clock() {
    let back = |by| Err(behind(by));
    // The wall clock and what is gone by, one after the other.
    let mut watch = Watch::new(NOW);
    for (what, wall_ms, expected) in [
        ("right", NOW + 1, Ok(NOW + 1)),
        ("the same again", NOW + 1, Ok(NOW + 1)),
        ("a leap second", NOW - 999, Ok(NOW + 1)),
        ("on", NOW + 1000, Ok(NOW + 1000)),
        ("four minutes back", NOW - 4 * MINUTE, Ok(NOW + 1000)),
        ("five", NOW + 1000 - 5 * MINUTE, Ok(NOW + 1000)),
        (
            "a moment more",
            NOW + 999 - 5 * MINUTE,
            back(5 * MINUTE + 1),
        ),
        ("summer ends", NOW + 1000 - HOUR, back(HOUR)),
        ("ten years", NOW + 1000 - 10 * YEAR, back(10 * YEAR)),
        ("1970", 0, back(NOW + 1000)),
        ("put right", NOW + 2000, Ok(NOW + 2000)),
        ("summer begins", NOW + HOUR, Ok(NOW + HOUR)),
        ("the end of time", u64::MAX, Ok(u64::MAX)),
        ("and back", NOW, back(u64::MAX - NOW)),
    ] {
        assert_eq!(watch.seen(wall_ms), expected, "{what}");
    }
}

#[test]
fn time_that_runs_counts_whatever_the_wall_clock_does() {
    let mut watch = Watch::new(NOW);
    let mut wall_ms = NOW;
    let mut refused_after = None;
    // The wall clock is set back by a minute each minute: it stands still.
    for minute in 1..=20 {
        watch.ran(MINUTE);
        let seen = watch.seen(wall_ms);
        if minute <= 5 {
            assert_eq!(seen, Ok(NOW + minute * MINUTE));
        } else {
            refused_after.get_or_insert(minute);
            assert_eq!(seen, Err(behind(minute * MINUTE)));
        }
    }
    assert_eq!(refused_after, Some(6));
    wall_ms += 20 * MINUTE;
    assert_eq!(watch.seen(wall_ms), Ok(wall_ms));
    watch.ran(u64::MAX);
    assert_eq!(watch.seen(u64::MAX), Ok(u64::MAX));
}

#[test]
fn only_a_fresh_answer_lowers_the_mark() {
    let ahead = || {
        let mut watch = watch();
        assert_eq!(watch.seen(NOW + YEAR), Ok(NOW + YEAR));
        assert_eq!(watch.seen(NOW + HOUR), Err(behind(YEAR - HOUR)));
        watch
    };
    let mut says = ahead();
    for time_ms in [0, NOW, NOW + HOUR, NOW + YEAR] {
        says.server_says(time_ms);
        assert_eq!(says.contact().mark_ms, NOW + YEAR, "{time_ms}");
    }
    // A signed time raised the mark as far as the wall clock did; then it stays there.
    assert_eq!(says.server_answers(NOW + HOUR, 0), Ok(()));
    assert_eq!(says.contact().mark_ms, NOW + YEAR);
    says.server_says(NOW + 2 * YEAR);
    assert_eq!(says.contact().mark_ms, NOW + 2 * YEAR);

    let mut late = ahead();
    let waited_ms = MAX_ANSWER_WAIT_MS + 1;
    let refused = Err(LateAnswer { waited_ms });
    assert_eq!(late.server_answers(NOW + HOUR, waited_ms), refused);
    assert_eq!(late.contact().mark_ms, NOW + YEAR);

    let mut fresh = ahead();
    assert_eq!(fresh.server_answers(NOW + HOUR, MAX_ANSWER_WAIT_MS), Ok(()));
    assert_eq!(fresh.contact().mark_ms, NOW + HOUR);
    assert_eq!(fresh.check(NOW + HOUR, &lease()), Ok(NOW + HOUR));
    // One that was signed earlier, by a node whose clock is slow, does not wind it back further.
    assert_eq!(fresh.server_answers(NOW, 0), Ok(()));
    assert_eq!(fresh.contact().mark_ms, NOW + HOUR);
}

#[test]
fn a_licence_is_used_in_its_time() {
    let early = LeaseError::NotYetValid {
        not_before_ms: NOW + DAY,
    };
    let expired = LeaseError::Expired {
        not_after_ms: NOW + 9,
    };
    let offline = LeaseError::OfflineExpired {
        offline_until_ms: NOW + 7,
    };
    let clock = LeaseError::ClockBack(behind(HOUR));
    // Not before, not after, offline until, wall clock.
    for (begin, end, offline_until, wall, expected) in [
        (0, NOW + 9, NOW + 9, NOW, Ok(NOW)),
        (NOW, NOW + 9, NOW + 7, NOW + 6, Ok(NOW + 6)),
        (NOW, NOW + 9, NOW + 7, NOW + 7, Err(offline)),
        (NOW, NOW + 9, NOW + 7, NOW + 9, Err(expired)),
        (NOW, NOW + 9, NOW + 10, NOW + 9, Err(expired)),
        (NOW, NOW + 9, NOW + 7, NOW - HOUR, Err(clock)),
        (NOW, NOW + 9, NOW + 7, NOW - MINUTE, Ok(NOW)),
        (NOW + DAY, NOW + YEAR, NOW + YEAR, NOW, Err(early)),
        // The wall clock begins nothing.
        (NOW + DAY, NOW + YEAR, NOW + YEAR, NOW + DAY, Err(early)),
    ] {
        let lease = Lease {
            license_id: ID,
            issued_ms: NOW,
            not_before_ms: begin,
            not_after_ms: end,
            offline_until_ms: offline_until,
        };
        assert_eq!(watch().check(wall, &lease), expected, "{lease:?} {wall}");
    }
}

#[test]
fn a_signed_time_begins_a_licence() {
    let mut watch = watch();
    let later = Lease {
        not_before_ms: NOW + HOUR,
        ..lease()
    };
    assert!(watch.check(NOW + HOUR, &later).is_err());
    watch.server_says(NOW + HOUR);
    assert_eq!(watch.check(NOW + HOUR, &later), Ok(NOW + HOUR));
    // The licence's own date is one, too.
    let mut old = Watch::new(NOW - YEAR);
    assert!(old.check(NOW - YEAR, &lease()).is_err());
    assert_eq!(old.contact().mark_ms, NOW);
    old.admit(&lease(), HOUR).unwrap();
    assert_eq!(old.check(NOW, &lease()), Ok(NOW));
}

#[test]
fn a_budget_is_spent_once() {
    let mut watch = watch();
    assert_eq!(watch.play(ID, HOUR - 1), Ok(()));
    assert_eq!(watch.left_ms(ID), 1);
    // Coming in again, with whatever is asked for, refills nothing.
    watch.admit(&lease(), YEAR).unwrap();
    assert_eq!(watch.left_ms(ID), 1);
    assert_eq!(watch.check(NOW, &lease()), Ok(NOW));
    assert_eq!(watch.play(ID, 2), Err(BudgetSpent));
    assert_eq!(watch.left_ms(ID), 0);
    assert_eq!(watch.play(ID, 1), Err(BudgetSpent));
    let spent = Err(LeaseError::BudgetSpent(BudgetSpent));
    assert_eq!(watch.check(NOW, &lease()), spent);

    let stranger = Lease {
        license_id: [2; 16],
        ..lease()
    };
    assert_eq!(watch.play([2; 16], 1), Err(BudgetSpent));
    assert_eq!(watch.check(NOW, &stranger), spent);
    watch.admit(&stranger, u64::MAX).unwrap();
    assert_eq!(watch.play([2; 16], u64::MAX), Ok(()));
    assert_eq!(watch.play([2; 16], u64::MAX), Err(BudgetSpent));
}

fn numbered(number: usize) -> Lease {
    let mut license_id = [0; 16];
    license_id[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Lease {
        license_id,
        ..lease()
    }
}

#[test]
fn licences_are_forgotten_when_the_dms_says_they_are_over() {
    let mut watch = Watch::new(NOW);
    let short = Lease {
        offline_until_ms: NOW + HOUR,
        ..numbered(0)
    };
    watch.admit(&short, HOUR).unwrap();
    for number in 1..MAX_LEASES {
        watch.admit(&numbered(number), HOUR).unwrap();
    }
    let further = numbered(MAX_LEASES);
    assert_eq!(watch.admit(&further, HOUR), Err(TooManyLeases));
    // The wall clock alone makes nothing forgotten: it may be wrong.
    watch.seen(NOW + YEAR).unwrap();
    assert_eq!(watch.admit(&further, HOUR), Err(TooManyLeases));
    watch.server_says(NOW + HOUR - 1);
    assert_eq!(watch.admit(&further, HOUR), Err(TooManyLeases));
    watch.server_says(NOW + HOUR);
    assert_eq!(watch.admit(&further, HOUR), Ok(()));
    assert_eq!(watch.left_ms(short.license_id), 0);
    assert_eq!(watch.left_ms(numbered(1).license_id), HOUR);
    // One that is known needs no place.
    assert_eq!(watch.admit(&numbered(5), HOUR), Ok(()));
    assert_eq!(watch.admit(&short, HOUR), Err(TooManyLeases));
}

#[test]
fn a_grant_gives_its_times() {
    let grant = Grant {
        license_id: ID,
        tenant: "acme".into(),
        title: [2; 16],
        version: 3,
        device: DEVICE,
        subject: "ada@acme.example".into(),
        issued_ms: NOW,
        not_before_ms: NOW - MINUTE,
        not_after_ms: NOW + 3 * DAY,
        offline_until_ms: NOW + 2 * DAY,
        third_party_players: false,
    };
    assert_eq!(Lease::from(&grant), lease());
}

#[test]
fn what_is_stored_comes_back_and_counts() {
    let mut rng = StdRng::seed_from_u64(1);
    let key = SealKey::generate(&mut rng);
    let mut watch = watch();
    watch.play(ID, MINUTE).unwrap();
    watch.seen(NOW + DAY).unwrap();
    let mut before = None;
    for counter in 1..=5 {
        let sealed = watch.to_sealed(&key, DEVICE, &mut rng).unwrap();
        assert_eq!(watch.counter(), counter);
        assert_ne!(before.replace(sealed.clone()), Some(sealed.clone()));
        let stored = SealKey::from_bytes(*key.to_bytes());
        let opened = Watch::from_sealed(&sealed, &stored, DEVICE).unwrap();
        assert_eq!(opened, watch);
        watch = opened;
    }
    assert_eq!(watch.left_ms(ID), HOUR - MINUTE);
    assert!(!format!("{key:?}").contains(&hex::encode(&key.to_bytes()[..2])));
}

#[test]
fn the_largest_watch_can_be_stored() {
    let mut rng = StdRng::seed_from_u64(2);
    let key = SealKey::generate(&mut rng);
    let mut watch = Watch::new(u64::MAX);
    for number in 0..MAX_LEASES {
        let lease = Lease {
            not_after_ms: u64::MAX,
            offline_until_ms: u64::MAX,
            ..numbered(number)
        };
        watch.admit(&lease, u64::MAX).unwrap();
    }
    watch.counter = u64::MAX;
    let sealed = watch.to_sealed(&key, DEVICE, &mut rng).unwrap();
    assert!(sealed.len() <= MAX_SEALED_LEN, "{}", sealed.len());
    assert_eq!(Watch::from_sealed(&sealed, &key, DEVICE), Ok(watch));
}

#[test]
fn changed_and_foreign_states_are_refused() {
    let mut rng = StdRng::seed_from_u64(3);
    let key = SealKey::generate(&mut rng);
    let sealed = watch().to_sealed(&key, DEVICE, &mut rng).unwrap();
    let open = |sealed: &[u8]| Watch::from_sealed(sealed, &key, DEVICE);
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&changed).is_err(), "bit {bit}");
    }
    for len in 0..sealed.len() {
        assert!(open(&sealed[..len]).is_err(), "{len} bytes");
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    assert_eq!(open(&longer), Err(SealedError::Refused));
    // Too long to be one at all: nothing of it is looked at.
    let mut endless = sealed.clone();
    endless.resize(MAX_SEALED_LEN + 1, 0);
    assert_eq!(open(&endless), Err(SealedError::Malformed));

    let other = SealKey::generate(&mut rng);
    let refused = Err(SealedError::Refused);
    assert_eq!(Watch::from_sealed(&sealed, &other, DEVICE), refused);
    for byte in 0..16 {
        let mut device = DEVICE;
        device[byte] ^= 1;
        assert_eq!(Watch::from_sealed(&sealed, &key, device), refused);
    }
    // The same key and associated data in another form of FLOE.
    let params = floe::Params::new(4096).unwrap();
    let floe_key = floe::Key::from_bytes(*key.to_bytes());
    let message = floe::seal(params, &floe_key, b"", b"", &mut rng).unwrap();
    assert_eq!(open(&message), Err(SealedError::Malformed));
}

#[test]
fn states_that_cannot_be_are_refused() {
    let mut rng = StdRng::seed_from_u64(4);
    let key = SealKey::generate(&mut rng);
    let entry = |number: usize| Entry {
        license_id: numbered(number).license_id,
        left_ms: 1,
        until_ms: 2,
    };
    type Change = fn(&mut State);
    let state = |change: Change| {
        let mut state = State {
            format: 1,
            mark_ms: NOW,
            server_ms: NOW,
            counter: 1,
            budgets: vec![entry(1), entry(2)],
        };
        change(&mut state);
        state
    };
    let cases: [(Change, bool); 6] = [
        (|_| (), true),
        (|s| s.budgets.clear(), true),
        (|s| s.format = 2, false),
        (|s| s.server_ms += 1, false),
        (|s| s.budgets.reverse(), false),
        (|s| s.budgets[1] = s.budgets[0].clone(), false),
    ];
    for (change, fine) in cases {
        let sealed = state(change).seal(&key, DEVICE, &mut rng).unwrap();
        let opened = Watch::from_sealed(&sealed, &key, DEVICE);
        assert_eq!(opened.is_ok(), fine, "{opened:?}");
    }
    let mut many = state(|_| ());
    many.budgets = (0..=MAX_LEASES).map(entry).collect();
    let sealed = many.seal(&key, DEVICE, &mut rng).unwrap();
    let opened = Watch::from_sealed(&sealed, &key, DEVICE);
    assert_eq!(opened, Err(SealedError::Malformed));
    let spelled = cbor::to_vec(&state(|_| ()));
    assert!(cbor::from_slice::<State>(&spelled).is_some());
    let longer = [spelled, vec![0]].concat();
    assert!(cbor::from_slice::<State>(&longer).is_none());
}

#[test]
fn a_watch_that_went_back_is_found() {
    use Verdict::{Fine, WentBack};
    let contact = |counter, mark_ms| Contact { counter, mark_ms };
    let last = Some(contact(10, NOW));
    for (what, last_seen, now, expected) in [
        ("first", None, contact(0, 0), Fine),
        ("sent again", last, contact(10, NOW), Fine),
        ("one save on", last, contact(11, NOW), Fine),
        ("later", last, contact(99, NOW + DAY), Fine),
        ("one save back", last, contact(9, NOW + DAY), WentBack),
        ("a new watch", last, contact(0, NOW + DAY), WentBack),
        ("healed", last, contact(11, NOW - 5 * MINUTE), Fine),
        ("outrun", last, contact(11, NOW - 5 * MINUTE - 1), WentBack),
        ("outrun in time", last, contact(11, NOW + 1), Fine),
        ("both", last, contact(3, NOW - DAY), WentBack),
        ("at the end", last, contact(u64::MAX, u64::MAX), Fine),
    ] {
        assert_eq!(judge(last_seen, now), expected, "{what}");
    }
    assert_eq!(contact(4, NOW + YEAR).kept(NOW), contact(4, NOW));
    assert_eq!(contact(4, NOW - 1).kept(NOW), contact(4, NOW - 1));
}
