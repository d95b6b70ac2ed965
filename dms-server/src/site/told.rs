//! A site's roster, and how much of it the site's peers were told.
//!
//! Every connected peer of a site knows the same version, the one it was told last. A change goes out at
//! once when the site was quiet; the ones that follow within a [`window`] wait for its end and go as one.
//! So the morning of an office of n peers costs about n frames a window and not n * n, and each frame is
//! encoded once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use swarm::content::DeviceId;
use swarm::site::{Roster, RosterError};
use swarm::wire::{RosterChange, RosterPeer, ToPeer};

/// Roster changes sent a second to all peers of all sites together, at most: about a third of one
/// core.
const FRAMES_PER_S: u32 = 20_000;

/// The longest a peer waits to be told of a change.
const WINDOW_MAX: Duration = Duration::from_secs(2);

/// How long a site that was told of a change is left alone, with this many peers connected to the server:
/// 1 ms with 20 peers, half a second with 10,000.
#[must_use]
pub fn window(connected: usize) -> Duration {
    let connected = u32::try_from(connected).unwrap_or(u32::MAX);
    (Duration::from_secs(1) / FRAMES_PER_S)
        .saturating_mul(connected)
        .min(WINDOW_MAX)
}

/// Changes that were not told yet, as one: of each peer only its last state counts.
#[derive(Debug)]
struct Pending {
    from: u64,
    to: u64,
    /// None: it left.
    peers: BTreeMap<DeviceId, Option<RosterPeer>>,
}

impl Pending {
    fn add(&mut self, change: RosterChange) {
        self.to = change.to;
        let gone = change.remove.into_iter().map(|device| (device, None));
        let here = change.upsert.into_iter().map(|p| (p.device, Some(p)));
        self.peers.extend(gone.chain(here));
    }

    fn into_change(self) -> RosterChange {
        let (mut upsert, mut remove) = (Vec::new(), Vec::new());
        for (device, peer) in self.peers {
            match peer {
                Some(peer) => upsert.push(peer),
                None => remove.push(device),
            }
        }
        RosterChange {
            from: self.from,
            to: self.to,
            upsert,
            remove,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Told {
    roster: Roster,
    pending: Option<Pending>,
    /// Until then the site is left alone.
    quiet_until: Instant,
    /// The whole roster at the version that was told last, encoded, while somebody may want it.
    whole: Option<Bytes>,
    /// The connected peers that follow the roster.
    members: BTreeSet<DeviceId>,
}

impl Told {
    /// Nobody is here yet; see [`Roster::new`].
    #[must_use]
    pub fn new(first_version: u64, homes: u8, now: Instant) -> Self {
        Self {
            roster: Roster::new(first_version, homes),
            pending: None,
            quiet_until: now,
            whole: None,
            members: BTreeSet::new(),
        }
    }

    /// The connected peers that follow the roster, ascending.
    #[must_use]
    pub fn members(&self) -> &BTreeSet<DeviceId> {
        &self.members
    }

    /// A peer follows the roster from now on; [`Told::whole`] tells it where to begin.
    pub fn follow(&mut self, device: DeviceId) {
        self.members.insert(device);
    }

    /// A peer does not follow it any more.
    pub fn unfollow(&mut self, device: DeviceId) {
        self.members.remove(&device);
    }

    /// Adds a peer to the roster or replaces what is known of it. See [`Roster::join`].
    ///
    /// # Errors
    /// [`RosterError`] when the roster is full or the address is none.
    pub fn join(&mut self, peer: RosterPeer, now: Instant) -> Result<(), RosterError> {
        self.keep_whole(now);
        let change = self.roster.join(peer)?;
        self.note(change);
        Ok(())
    }

    /// Removes a peer from the roster.
    pub fn leave(&mut self, device: DeviceId, now: Instant) {
        self.keep_whole(now);
        let change = self.roster.leave(device);
        self.note(change);
    }

    /// Changes the weight of a peer.
    pub fn set_weight(&mut self, device: DeviceId, weight: u32, now: Instant) {
        self.keep_whole(now);
        let change = self.roster.set_weight(device, weight);
        self.note(change);
    }

    /// When what is not told yet must be; none when everything is.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.pending.as_ref().map(|_| self.quiet_until)
    }

    /// The frame for all members if it is time to tell them; then they are left alone for `window`.
    pub fn tell(&mut self, now: Instant, window: Duration) -> Option<Bytes> {
        if self.due()? > now {
            return None;
        }
        self.tell_now(now, window)
    }

    /// The frame for all members of what they were not told yet, however new it is.
    pub fn tell_now(&mut self, now: Instant, window: Duration) -> Option<Bytes> {
        let change = self.pending.take()?.into_change();
        self.whole = None;
        self.quiet_until = now + window;
        Some(ToPeer::Change(change).encode().into())
    }

    /// The whole roster as the members know it, encoded once for all who ask.
    pub fn whole(&mut self) -> Bytes {
        let roster = &self.roster;
        self.whole
            .get_or_insert_with(|| ToPeer::Roster(roster.snapshot()).encode().into())
            .clone()
    }

    /// Before a change that must wait: what a peer that comes meanwhile begins with.
    fn keep_whole(&mut self, now: Instant) {
        if self.pending.is_none() && now < self.quiet_until {
            self.whole();
        }
    }

    fn note(&mut self, change: Option<RosterChange>) {
        let Some(change) = change else { return };
        let pending = self.pending.get_or_insert_with(|| Pending {
            from: change.from,
            to: change.to,
            peers: BTreeMap::new(),
        });
        pending.add(change);
    }
}

#[cfg(test)]
mod tests {
    use swarm::site::{Applied, RosterView};

    use super::*;

    const WINDOW: Duration = Duration::from_millis(100);

    fn device(n: u8) -> DeviceId {
        DeviceId([n; 16])
    }

    fn peer(n: u8) -> RosterPeer {
        RosterPeer {
            device: device(n),
            addr: format!("10.0.0.{n}:7745"),
            weight: 100,
        }
    }

    /// A member: takes frames as a real peer does, and never sees a gap.
    #[derive(Default)]
    struct Member(RosterView);

    impl Member {
        fn take(&mut self, frame: &Bytes) {
            let applied = match ToPeer::decode(frame).expect("a message") {
                ToPeer::Roster(whole) => self.0.snapshot(whole),
                ToPeer::Change(change) => self.0.change(change),
                other => panic!("{other:?}"),
            };
            assert_eq!(applied, Applied::Yes);
        }

        fn knows(&self) -> Vec<DeviceId> {
            self.0.peers().map(|peer| peer.device).collect()
        }
    }

    #[test]
    fn the_window_grows_with_the_peers_up_to_its_maximum() {
        for (connected, millis) in [(0, 0), (20, 1), (1_000, 50), (10_000, 500)] {
            assert_eq!(window(connected), Duration::from_millis(millis));
        }
        assert_eq!(window(1 << 40), WINDOW_MAX);
    }

    #[test]
    fn a_quiet_site_is_told_at_once_and_a_busy_one_at_the_end_of_the_window() {
        let start = Instant::now();
        let mut told = Told::new(7, 2, start);
        assert_eq!(told.due(), None);
        told.join(peer(1), start).expect("room");
        assert!(told.tell(start, WINDOW).is_some(), "it was quiet");
        let mut first = Member::default();
        first.take(&told.whole());
        assert_eq!(first.knows(), [device(1)]);

        let soon = start + WINDOW / 2;
        told.join(peer(2), soon).expect("room");
        assert!(told.tell(soon, WINDOW).is_none(), "not within the window");
        // Who comes meanwhile begins where the others are.
        let mut second = Member::default();
        second.take(&told.whole());
        assert_eq!(second.knows(), [device(1)]);
        told.join(peer(3), soon).expect("room");
        told.leave(device(2), soon);
        told.set_weight(device(3), 5, soon);
        assert_eq!(told.due(), Some(start + WINDOW));
        let frame = told.tell(start + WINDOW, WINDOW).expect("its end");
        for member in [&mut first, &mut second] {
            member.take(&frame);
            assert_eq!(member.knows(), [device(1), device(3)]);
            assert_eq!(member.0.peer(device(3)).expect("there").weight, 5);
        }
        assert!(
            told.tell(start + 9 * WINDOW, WINDOW).is_none(),
            "all is told"
        );
        let mut third = Member::default();
        third.take(&told.whole());
        assert_eq!(third.0.version(), first.0.version());
    }

    #[test]
    fn a_thousand_that_come_within_a_window_are_one_change() {
        let start = Instant::now();
        let mut told = Told::new(1, 2, start);
        told.join(peer(1), start).expect("room");
        told.tell(start, WINDOW).expect("quiet");
        let mut member = Member::default();
        member.take(&told.whole());
        for n in 0..1_000_u16 {
            let [a, b] = n.to_be_bytes();
            let mut id = [9; 16];
            (id[0], id[1]) = (a, b);
            let peer = RosterPeer {
                device: DeviceId(id),
                addr: "10.0.0.1:1".into(),
                weight: 1,
            };
            told.join(peer, start).expect("room");
            assert!(told.tell(start, WINDOW).is_none());
        }
        member.take(&told.tell_now(start, WINDOW).expect("untold"));
        assert_eq!(member.knows().len(), 1_001);
    }
}
