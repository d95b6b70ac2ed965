//! The employee's pause: kept over restarts, ends by itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::state::{Access, StateError, StateFolder, names};

/// The longest pause with an end; a longer wish is a pause without one.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Whether giving is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// It is not.
    #[default]
    No,
    /// Until the employee resumes.
    UntilResumed,
    /// Until this moment, ms since 1970.
    Until(u64),
}

impl Pause {
    /// A pause of this length from `now`; none: until resumed.
    #[must_use]
    pub fn starting(now: SystemTime, length: Option<Duration>) -> Self {
        match length {
            Some(length) if length <= LONGEST => Self::Until(epoch_ms(now + length)),
            _ => Self::UntilResumed,
        }
    }

    /// Whether giving is paused at `now`.
    #[must_use]
    pub fn holds(self, now: SystemTime) -> bool {
        match self {
            Self::No => false,
            Self::UntilResumed => true,
            Self::Until(end) => epoch_ms(now) < end,
        }
    }

    /// The pause the last run left; a damaged file is a pause, because the employee's wish cannot
    /// be known and giving against it would be worse.
    #[must_use]
    pub fn load(state: &StateFolder) -> Self {
        match state.read(names::PAUSE) {
            Err(_) => Self::No,
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or(Self::UntilResumed),
        }
    }

    /// Keeps it for the next run.
    ///
    /// # Errors
    /// [`StateError::Io`].
    pub fn save(self, state: &StateFolder) -> Result<(), StateError> {
        let json = serde_json::to_vec(&self).unwrap_or_default();
        state.write(names::PAUSE, &json, Access::Public)
    }
}

/// Milliseconds since 1970; 0 before.
#[must_use]
pub fn epoch_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_by_itself_and_outlives_the_agent() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::at(dir.path());
        assert_eq!(Pause::load(&state), Pause::No);
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let hour = Pause::starting(now, Some(Duration::from_secs(3_600)));
        hour.save(&state).unwrap();
        let loaded = Pause::load(&state);
        assert_eq!(loaded, hour);
        assert!(loaded.holds(now + Duration::from_secs(3_599)));
        assert!(!loaded.holds(now + Duration::from_secs(3_600)));
        assert!(Pause::starting(now, None).holds(now + LONGEST * 2));
        assert_eq!(
            Pause::starting(now, Some(Duration::MAX)),
            Pause::UntilResumed
        );
        state.write(names::PAUSE, b"?", Access::Public).unwrap();
        assert_eq!(Pause::load(&state), Pause::UntilResumed);
    }
}
