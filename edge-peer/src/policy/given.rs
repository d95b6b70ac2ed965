//! Bytes that left and came today, class by class, for the employee to see.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::pause::epoch_ms;
use crate::state::{Access, StateError, StateFolder, names};

const DAY_MS: u64 = 86_400_000;

/// Bytes by class. What is sent is counted where it leaves for the network, with what TLS and HTTP add, apart from
/// `video` and `outside`, which are parts of `peers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Moved {
    /// Encrypted video given to peers: part of `peers`.
    #[serde(rename = "bytes")]
    pub video: u64,
    /// That part of `video` that went to addresses of the internet.
    pub outside: u64,
    /// Everything sent to PCs of the site that ask this one.
    pub peers: u64,
    /// What this PC asks other PCs of the site.
    pub peer_requests: u64,
    /// Which chunks this PC asks of the DMS.
    pub origin_requests: u64,
    /// The control connection: what this PC holds and gives, and its players' licence requests.
    pub control: u64,
    /// Renewals of the certificate, licence requests and reports of use beside the control connection: bodies only.
    pub reports: u64,
    /// Came from peers.
    pub from_peers: u64,
    /// Came from the DMS.
    pub from_origin: u64,
    /// Given to players of this PC; it does not leave it.
    pub players: u64,
}

impl Moved {
    fn each(self, other: Self, sum: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            video: sum(self.video, other.video),
            outside: sum(self.outside, other.outside),
            peers: sum(self.peers, other.peers),
            peer_requests: sum(self.peer_requests, other.peer_requests),
            origin_requests: sum(self.origin_requests, other.origin_requests),
            control: sum(self.control, other.control),
            reports: sum(self.reports, other.reports),
            from_peers: sum(self.from_peers, other.from_peers),
            from_origin: sum(self.from_origin, other.from_origin),
            players: sum(self.players, other.players),
        }
    }

    /// What moved since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        self.each(before, u64::saturating_sub)
    }
}

/// Bytes of one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Given {
    day: u64,
    #[serde(flatten)]
    moved: Moved,
}

impl Given {
    /// Counts bytes that moved now.
    pub fn add(&mut self, more: Moved, now: SystemTime) {
        self.moved = self.today(now).each(more, u64::saturating_add);
        self.day = epoch_ms(now) / DAY_MS;
    }

    /// Bytes of the day of `now`.
    #[must_use]
    pub fn today(&self, now: SystemTime) -> Moved {
        if self.day == epoch_ms(now) / DAY_MS {
            self.moved
        } else {
            Moved::default()
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
        let more = |video, control| Moved {
            video,
            control,
            ..Moved::default()
        };
        let mut given = Given::default();
        given.add(more(5, 1), day(10));
        given.add(more(7, 2), day(10) + Duration::from_secs(86_399));
        assert_eq!(given.today(day(10)), more(12, 3));
        assert_eq!(given.today(day(11)), Moved::default());
        given.add(more(1, 0), day(11));
        assert_eq!(given.today(day(11)), more(1, 0));
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::at(dir.path());
        given.save(&state).unwrap();
        assert_eq!(Given::load(&state), given);
        // As agents wrote it that counted nothing else.
        let old = br#"{"day":11,"bytes":9}"#;
        state.write(names::GIVEN, old, Access::Public).unwrap();
        assert_eq!(Given::load(&state).today(day(11)), more(9, 0));
    }

    #[test]
    fn a_count_that_went_back_is_no_negative_one() {
        let counted = |peers| Moved {
            peers,
            ..Moved::default()
        };
        assert_eq!(counted(9).since(counted(4)), counted(5));
        assert_eq!(counted(4).since(counted(9)), counted(0));
    }
}
