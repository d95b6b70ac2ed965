//! What is saved, and the watch over it.

use drm::lease::Lease;
use swarm::content::DeviceId;

use super::*;
use timekeeper::Place;

const DEVICE: DeviceId = DeviceId([3; 16]);

fn lease(id: u8, until_ms: u64) -> Lease {
    let now_ms = crate::license::now_ms();
    Lease {
        license_id: [id; 16],
        issued_ms: now_ms,
        not_before_ms: now_ms - 60_000,
        not_after_ms: until_ms,
        offline_until_ms: until_ms,
    }
}

#[test]
fn one_player_at_a_time_uses_the_watch() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::new(folder.path());
    let held = Place::lock(&shelf, DEVICE).expect("free");
    let second = Place::lock(&shelf, DEVICE).map(|_| ());
    assert_eq!(second, Err(PlayError::SavedInUse));
    drop(held);
    assert!(Place::lock(&shelf, DEVICE).is_ok());
}

#[test]
fn what_is_spent_stays_spent_over_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::new(folder.path());
    let title = TitleId([4; 16]);
    let lease = lease(1, crate::license::now_ms() + 3_600_000);
    let place = Place::lock(&shelf, DEVICE).expect("free").stored();
    let place = place.expect("readable").err().expect("there is none yet");
    let keeper = place.begin(lease.issued_ms).expect("a new one");
    keeper.admit(title, &lease, 10_000).expect("room");
    let stored = keeper.contact().counter;
    for _ in 0..3 {
        keeper.spend(title, &lease, 2_000).expect("enough is left");
    }
    assert_eq!(keeper.contact().counter, stored + 3, "each slice is stored");
    drop(keeper);
    let again = || {
        let place = Place::lock(&shelf, DEVICE).expect("free").stored();
        place.expect("readable").ok().expect("the one of before")
    };
    let keeper = again();
    assert_eq!(keeper.left_ms(lease.license_id), 4_000);
    assert_eq!(keeper.check(title, &lease), Ok(()));
    let spent = keeper
        .spend(title, &lease, 5_000)
        .map_err(|error| error.code());
    assert_eq!(spent, Err("not_offline"));
    drop(keeper);
    assert_eq!(
        again().left_ms(lease.license_id),
        0,
        "also what was too much is gone"
    );
    // Another device's watch is no watch.
    let other = Place::lock(&shelf, DeviceId([4; 16])).expect("free");
    assert!(other.stored().expect("readable").is_err());
}

#[test]
fn a_title_is_forgotten_key_first_and_damage_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::new(folder.path());
    let title = TitleId([4; 16]);
    assert!(shelf.get(title).expect("readable").is_none());
    let pieces = Pieces {
        saved: Saved {
            schema: 1,
            title,
            version: 2,
            license: "00".repeat(16),
            tracks: vec![1, 2],
            bytes: 7,
            saved_ms: 1,
            until_ms: 2,
        },
        manifest: b"manifest".to_vec(),
        license: b"licence".to_vec(),
        recipient: RecipientKeyPair::generate(&mut rand::rng()),
    };
    shelf.put(&pieces).expect("written");
    let got = shelf.get(title).expect("readable").expect("saved");
    assert_eq!(got.saved, pieces.saved);
    assert_eq!(got.recipient.public(), pieces.recipient.public());
    assert_eq!(
        shelf.list().expect("readable").as_slice(),
        std::slice::from_ref(&pieces.saved)
    );
    fs::remove_file(shelf.file(title, "license")).expect("removed");
    let damaged = shelf
        .get(title)
        .map(|_| ())
        .map_err(|error| error.to_string());
    assert!(damaged.is_err_and(|text| text.contains("save the title again")));
    assert_eq!(shelf.remove(title), Ok(true));
    assert_eq!(shelf.remove(title), Ok(false));
    assert!(shelf.list().expect("readable").is_empty());
}
