//! Devices that are asked for nothing and given nothing.

use std::collections::BTreeSet;

use super::bounded::Bounded;
use crate::content::DeviceId;

/// The most devices avoided on this peer's own experience; the oldest is forgotten first.
const MAX_CAUGHT: usize = 1024;
/// The most devices avoided on the DMS's word.
const MAX_NAMED: usize = crate::wire::MAX_ROSTER;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Bans {
    caught: Bounded<DeviceId, ()>,
    named: BTreeSet<DeviceId>,
}

impl Bans {
    pub(super) fn new() -> Self {
        Self {
            caught: Bounded::new(MAX_CAUGHT),
            named: BTreeSet::new(),
        }
    }

    /// This peer got wrong bytes from the device.
    pub(super) fn caught(&mut self, device: DeviceId) {
        self.caught.insert(device, ());
    }

    /// What the device sent is forgiven.
    pub(super) fn pardon(&mut self, device: DeviceId) {
        self.caught.remove(&device);
    }

    /// The DMS named devices to avoid.
    pub(super) fn named(&mut self, devices: &[DeviceId]) {
        let room = MAX_NAMED.saturating_sub(self.named.len());
        self.named.extend(devices.iter().take(room));
    }

    pub(super) fn contains(&self, device: DeviceId) -> bool {
        self.caught.contains(&device) || self.named.contains(&device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u32) -> DeviceId {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        DeviceId(id)
    }

    #[test]
    fn bans_hold_and_are_bounded() {
        let mut bans = Bans::new();
        bans.caught(device(1));
        bans.named(&[device(2)]);
        assert!(bans.contains(device(1)) && bans.contains(device(2)) && !bans.contains(device(3)));
        bans.pardon(device(1));
        bans.pardon(device(2));
        assert!(!bans.contains(device(1)));
        assert!(bans.contains(device(2)), "what the DMS said stands");
        for n in 10..10 + 2 * MAX_CAUGHT as u32 {
            bans.caught(device(n));
        }
        bans.named(&(0..30_000).map(device).collect::<Vec<_>>());
        assert_eq!(
            (bans.caught.len(), bans.named.len() <= MAX_NAMED),
            (MAX_CAUGHT, true)
        );
    }
}
