//! Caps: how fast this PC gives and how much disk its cache takes. The company's configuration says the most of
//! each; within that the person at the PC chooses, unless the configuration locks it.

use serde::{Deserialize, Serialize};

use crate::state::{Access, StateError, StateFolder, names};

/// The least upload rate, bytes a second: with less, each of eight uploads would take longer than its asker waits.
/// Who wants to give less pauses.
pub const LEAST_UPLOAD: u64 = 250_000;
/// The least disk, bytes: a title's first minutes, so that playing stays smooth.
pub const LEAST_DISK: u64 = 256 << 20;

/// What can be capped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Capped {
    /// Bytes a second given to peers.
    Upload,
    /// Bytes of chunks on disk.
    Disk,
}

/// What the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes a second; none: as fast as the network.
    pub upload: Option<u64>,
    /// The most bytes on disk.
    pub disk: u64,
    /// What the person at this PC cannot change.
    pub locked: Vec<Capped>,
}

/// What the person at this PC chose; none: the company's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// Bytes a second given to peers.
    pub upload: Option<u64>,
    /// Bytes of chunks on disk.
    pub disk: Option<u64>,
}

/// Why a cap is not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Snapped {
    /// The company allows less.
    AboveLimit,
    /// Less would not work.
    BelowLeast,
    /// The company set it.
    Locked,
}

/// One cap as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// What holds now; none: no cap.
    pub value: Option<u64>,
    /// The company's limit; none: it has none.
    pub limit: Option<u64>,
    /// The least that can be chosen.
    pub least: u64,
    /// Whether the company set it.
    pub locked: bool,
    /// Why the value is not what was asked for, if it is not.
    pub snapped: Option<Snapped>,
}

/// Both caps as they are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// Bytes a second given to peers.
    pub upload: Cap,
    /// Bytes of chunks on disk.
    pub disk: Cap,
}

impl Limits {
    /// What holds when this is asked for. The company's limit always wins: it may have been lowered since.
    #[must_use]
    pub fn over(&self, asked: Caps) -> InForce {
        let locked = |what| self.locked.contains(&what);
        InForce {
            upload: snap(
                asked.upload,
                self.upload,
                LEAST_UPLOAD,
                locked(Capped::Upload),
            ),
            disk: snap(
                asked.disk,
                Some(self.disk),
                LEAST_DISK,
                locked(Capped::Disk),
            ),
        }
    }
}

impl InForce {
    /// What is worth remembering: what was asked for, as far as it is in force.
    #[must_use]
    pub fn chosen(&self, asked: Caps) -> Caps {
        let keep = |asked: Option<u64>, cap: &Cap| {
            asked
                .and(cap.value)
                .filter(|_| !cap.locked && cap.value != cap.limit)
        };
        Caps {
            upload: keep(asked.upload, &self.upload),
            disk: keep(asked.disk, &self.disk),
        }
    }
}

fn snap(asked: Option<u64>, limit: Option<u64>, least: u64, locked: bool) -> Cap {
    // A company whose limit is lower than the least knows what it does.
    let least = limit.map_or(least, |limit| least.min(limit));
    let (value, snapped) = match asked {
        None => (limit, None),
        Some(asked) if locked => (limit, (Some(asked) != limit).then_some(Snapped::Locked)),
        Some(asked) if limit.is_some_and(|limit| asked > limit) => {
            (limit, Some(Snapped::AboveLimit))
        }
        Some(asked) if asked < least => (Some(least), Some(Snapped::BelowLeast)),
        Some(asked) => (Some(asked), None),
    };
    Cap {
        value,
        limit,
        least,
        locked,
        snapped,
    }
}

impl Caps {
    /// What the last run left; a damaged file is no choice: the company's limits hold.
    #[must_use]
    pub fn load(state: &StateFolder) -> Self {
        let bytes = state.read(names::CAPS).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps it for the next run.
    ///
    /// # Errors
    /// [`StateError::Io`].
    pub fn save(self, state: &StateFolder) -> Result<(), StateError> {
        let json = serde_json::to_vec(&self).unwrap_or_default();
        state.write(names::CAPS, &json, Access::Public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn limits(locked: &[Capped]) -> Limits {
        Limits {
            upload: Some(5_000_000),
            disk: 1_024 * MIB,
            locked: locked.to_vec(),
        }
    }

    #[test]
    fn a_cap_stays_between_the_least_and_the_companys_limit() {
        // Asked, in force, why.
        for (asked, value, snapped) in [
            (None, 5_000_000, None),
            (Some(5_000_000), 5_000_000, None),
            (Some(1_000_000), 1_000_000, None),
            (Some(5_000_001), 5_000_000, Some(Snapped::AboveLimit)),
            (Some(u64::MAX), 5_000_000, Some(Snapped::AboveLimit)),
            (Some(0), LEAST_UPLOAD, Some(Snapped::BelowLeast)),
        ] {
            let upload = asked;
            let cap = limits(&[]).over(Caps { upload, disk: None }).upload;
            assert_eq!(
                (cap.value, cap.snapped),
                (Some(value), snapped),
                "{asked:?}"
            );
        }
        let unlimited = Limits {
            upload: None,
            ..limits(&[])
        };
        let asked = Caps {
            upload: Some(u64::MAX),
            disk: Some(1),
        };
        let found = unlimited.over(asked);
        assert_eq!(found.upload.value, Some(u64::MAX));
        assert_eq!(found.disk.value, Some(LEAST_DISK));
        assert_eq!(unlimited.over(Caps::default()).upload.value, None);
    }

    #[test]
    fn what_the_company_locked_stays_and_says_so() {
        let asked = Caps {
            upload: Some(1_000_000),
            disk: Some(512 * MIB),
        };
        let found = limits(&[Capped::Upload]).over(asked);
        assert_eq!(found.upload.value, Some(5_000_000));
        assert_eq!(found.upload.snapped, Some(Snapped::Locked));
        assert_eq!(found.disk.value, Some(512 * MIB));
        let chosen = found.chosen(asked);
        assert_eq!((chosen.upload, chosen.disk), (None, Some(512 * MIB)));
    }

    #[test]
    fn a_limit_below_the_least_and_a_limit_lowered_since_hold() {
        let tight = Limits {
            upload: Some(1_000),
            disk: MIB,
            locked: Vec::new(),
        };
        let found = tight.over(Caps {
            upload: Some(4_000_000),
            disk: Some(512 * MIB),
        });
        assert_eq!(
            (found.upload.value, found.upload.least),
            (Some(1_000), 1_000)
        );
        assert_eq!((found.disk.value, found.disk.least), (Some(MIB), MIB));
    }

    #[test]
    fn a_choice_outlives_the_agent_and_a_damaged_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::at(dir.path());
        let caps = Caps {
            upload: Some(1_000_000),
            disk: None,
        };
        caps.save(&state).unwrap();
        assert_eq!(Caps::load(&state), caps);
        for damaged in ["?", "{\"upload\":-1}", "{\"other\":1}", ""] {
            let access = Access::Public;
            state
                .write(names::CAPS, damaged.as_bytes(), access)
                .unwrap();
            assert_eq!(Caps::load(&state), Caps::default(), "{damaged}");
        }
    }
}
