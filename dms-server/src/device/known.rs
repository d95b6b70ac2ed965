//! Devices that were found enrolled a moment ago.
//!
//! A device that fetches a film asks for hundreds of chunks a minute; looking it up in the database for
//! each would cost a tenth of the sending.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use swarm::content::DeviceId;

/// How long a look-up counts. A revocation by this server ends it at once; one by another server of the
/// same database is noticed this much later.
const TRUSTED: Duration = Duration::from_secs(2);

/// Devices kept; beyond them all are forgotten, which costs a look-up each.
const DEVICES_MAX: usize = 16_384;

/// See the module.
#[derive(Debug, Default)]
pub struct Known {
    /// Names, and when they were looked up. Held for a look-up, never over an await.
    devices: Mutex<HashMap<DeviceId, (Arc<str>, Instant)>>,
}

impl Known {
    /// The device's name, if it was looked up lately.
    #[must_use]
    pub fn get(&self, device: DeviceId, now: Instant) -> Option<Arc<str>> {
        let devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, since) = devices.get(&device)?;
        (now.saturating_duration_since(*since) < TRUSTED).then(|| Arc::clone(name))
    }

    /// The device was found enrolled and not revoked.
    pub fn put(&self, device: DeviceId, name: Arc<str>, now: Instant) {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= DEVICES_MAX && !devices.contains_key(&device) {
            devices.clear();
        }
        devices.insert(device, (name, now));
    }

    /// The device was revoked.
    pub fn forget(&self, device: DeviceId) {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.remove(&device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> DeviceId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        DeviceId(id)
    }

    #[test]
    fn a_look_up_counts_for_a_moment_and_until_the_revocation() {
        let (known, now) = (Known::default(), Instant::now());
        assert_eq!(known.get(id(1), now), None);
        known.put(id(1), "pc".into(), now);
        let just = TRUSTED - Duration::from_nanos(1);
        assert_eq!(known.get(id(1), now + just).as_deref(), Some("pc"));
        assert_eq!(known.get(id(1), now + TRUSTED), None);
        known.forget(id(1));
        assert_eq!(known.get(id(1), now), None);
    }

    #[test]
    fn so_many_are_kept_and_no_more() {
        let (known, now) = (Known::default(), Instant::now());
        for n in 0..3 * DEVICES_MAX {
            known.put(id(n), "pc".into(), now);
        }
        assert!(known.devices.lock().expect("no panic").len() <= DEVICES_MAX);
    }
}
