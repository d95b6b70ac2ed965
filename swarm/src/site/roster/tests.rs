//! Snapshots, changes and gaps.

use proptest::prelude::*;

use super::*;

fn peer(n: u8, weight: u32) -> RosterPeer {
    RosterPeer {
        device: DeviceId([n; 16]),
        addr: format!("10.0.0.{n}:7745"),
        weight,
    }
}

fn view_of(roster: &Roster) -> RosterView {
    let mut view = RosterView::default();
    assert_eq!(view.snapshot(roster.snapshot()), Applied::Yes);
    view
}

fn same(view: &RosterView, roster: &Roster) -> bool {
    view.version() == Some(roster.version()) && view.peers().eq(roster.peers())
}

#[test]
fn changes_carry_a_view_along() {
    let mut roster = Roster::new(1000, 2);
    let mut view = view_of(&roster);
    let changes = [
        roster.join(peer(1, 100)).unwrap(),
        roster.join(peer(2, 50)).unwrap(),
        roster.set_weight(DeviceId([1; 16]), 0),
        roster.leave(DeviceId([2; 16])),
    ];
    for change in changes {
        assert_eq!(view.change(change.unwrap()), Applied::Yes);
    }
    assert!(same(&view, &roster));
    assert_eq!(view.version(), Some(1004));
    assert_eq!(view.homes(), 2);
    assert_eq!(view.peer(DeviceId([1; 16])).unwrap().weight, 0);
}

#[test]
fn nothing_new_is_no_change() {
    let mut roster = Roster::new(0, 2);
    assert!(roster.join(peer(1, 100)).unwrap().is_some());
    assert_eq!(roster.join(peer(1, 100)), Ok(None));
    assert_eq!(roster.set_weight(DeviceId([1; 16]), 100), None);
    assert_eq!(roster.leave(DeviceId([9; 16])), None);
    assert_eq!(roster.version(), 1);
}

#[test]
fn a_gap_is_asked_about_once() {
    let mut roster = Roster::new(0, 2);
    let mut view = view_of(&roster);
    let _lost = roster.join(peer(1, 1)).unwrap();
    let second = roster.join(peer(2, 1)).unwrap().unwrap();
    let third = roster.join(peer(3, 1)).unwrap().unwrap();
    assert_eq!(view.change(second.clone()), Applied::Gap);
    assert_eq!(view.change(third), Applied::Waiting);
    assert_eq!(view.snapshot(roster.snapshot()), Applied::Yes);
    assert_eq!(view.change(second), Applied::Old);
    assert!(same(&view, &roster));
}

#[test]
fn a_change_before_any_snapshot_is_a_gap_and_a_reconnect_asks_again() {
    let mut roster = Roster::new(0, 2);
    let change = roster.join(peer(1, 1)).unwrap().unwrap();
    let mut view = RosterView::default();
    assert_eq!(view.change(change.clone()), Applied::Gap);
    assert_eq!(view.change(change.clone()), Applied::Waiting);
    view.disconnected();
    assert_eq!(view.change(change), Applied::Gap);
}

#[test]
fn a_snapshot_of_a_restarted_dms_counts_though_its_version_is_lower() {
    let mut view = view_of(&Roster::new(5000, 2));
    let fresh = Roster::new(10, 3);
    assert_eq!(view.snapshot(fresh.snapshot()), Applied::Yes);
    assert_eq!((view.version(), view.homes()), (Some(10), 3));
}

#[test]
fn limits_hold() {
    let mut roster = Roster::new(0, 200);
    assert_eq!(roster.snapshot().homes, MAX_HOMES);
    let nowhere = RosterPeer {
        addr: "lyon".into(),
        ..peer(1, 1)
    };
    assert_eq!(
        roster.join(nowhere),
        Err(RosterError::Address("lyon".into()))
    );
    for n in 0..MAX_ROSTER as u64 {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        roster
            .join(RosterPeer {
                device: DeviceId(id),
                ..peer(1, 1)
            })
            .unwrap();
    }
    assert_eq!(roster.join(peer(255, 1)), Err(RosterError::Full));
    let mut view = view_of(&roster);
    let one_more = RosterChange {
        from: roster.version(),
        to: roster.version() + 1,
        upsert: vec![peer(255, 1)],
        remove: vec![],
    };
    assert_eq!(view.change(one_more), Applied::Refused);
    assert!(same(&view, &roster));
}

#[test]
fn only_a_peer_that_shares_has_weight() {
    assert_eq!(weigh(80, Sharing::On), 80);
    assert_eq!(weigh(u32::MAX, Sharing::On), MAX_WEIGHT);
    for sharing in [
        Sharing::Paused,
        Sharing::Battery,
        Sharing::Metered,
        Sharing::Vpn,
        Sharing::Leaving,
    ] {
        assert_eq!(weigh(80, sharing), 0);
    }
}

proptest! {
    /// Whatever is lost, doubled or late: once a view has asked and got a snapshot, it is right.
    #[test]
    fn views_converge_under_loss(
        steps in proptest::collection::vec((0u8..12, 0u32..4, 0u8..10), 1..200),
    ) {
        let mut roster = Roster::new(7, 2);
        let mut view = view_of(&roster);
        let mut late: Vec<RosterChange> = Vec::new();
        for (who, weight, fate) in steps {
            let change = match weight {
                0 => roster.leave(DeviceId([who; 16])),
                _ => roster.join(peer(who, weight)).unwrap(),
            };
            let Some(change) = change else { continue };
            match fate {
                0 => {}
                1 => late.push(change),
                2 => { view.change(change.clone()); view.change(change); }
                _ => { view.change(change); }
            }
            if fate == 9 {
                late.drain(..).for_each(|c| { view.change(c); });
            }
            // At any moment the view is one true version of the roster, or asks.
            if view.version() == Some(roster.version()) {
                prop_assert!(view.peers().eq(roster.peers()));
            }
        }
        // The next change that arrives shows the gap, if there is one, and the snapshot heals it.
        let last = roster.join(peer(200, 9)).unwrap().unwrap();
        if view.change(last) != Applied::Yes {
            view.snapshot(roster.snapshot());
        }
        prop_assert!(same(&view, &roster));
    }
}
