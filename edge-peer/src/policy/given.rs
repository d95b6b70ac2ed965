//! Bytes given today, for the employee to see.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::pause::epoch_ms;
use crate::state::{Access, StateError, StateFolder, names};

const DAY_MS: u64 = 86_400_000;

/// Bytes given to peers on one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Given {
    day: u64,
    bytes: u64,
}

impl Given {
    /// Counts bytes given now.
    pub fn add(&mut self, bytes: u64, now: SystemTime) {
        self.bytes = self.today(now).saturating_add(bytes);
        self.day = epoch_ms(now) / DAY_MS;
    }

    /// Bytes given on the day of `now`.
    #[must_use]
    pub fn today(&self, now: SystemTime) -> u64 {
        if self.day == epoch_ms(now) / DAY_MS {
            self.bytes
        } else {
            0
        }
    }

    /// What the last run left.
    #[must_use]
    pub fn load(state: &StateFolder) -> Self {
        let bytes = state.read(names::GIVEN).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps it for the next run.
    ///
    /// # Errors
    /// [`StateError::Io`].
    pub fn save(&self, state: &StateFolder) -> Result<(), StateError> {
        let json = serde_json::to_vec(self).unwrap_or_default();
        state.write(names::GIVEN, &json, Access::Public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_count_begins_anew_each_day() {
        let day = |n: u64| UNIX_EPOCH + Duration::from_secs(n * 86_400);
        let mut given = Given::default();
        given.add(5, day(10));
        given.add(7, day(10) + Duration::from_secs(86_399));
        assert_eq!(given.today(day(10)), 12);
        assert_eq!(given.today(day(11)), 0);
        given.add(1, day(11));
        assert_eq!(given.today(day(11)), 1);
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::at(dir.path());
        given.save(&state).unwrap();
        assert_eq!(Given::load(&state), given);
    }
}
