//! What must never happen, whoever decides and whatever goes wrong. Checked at every step.

use std::fmt;

/// Counts of what must never happen, and the first of each in words.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Violations {
    /// More was taken from the WAN budget than there is.
    pub ledger: u64,
    /// Wrong bytes were stored or opened.
    pub bad_bytes: u64,
    /// A chunk was served or delivered that is not there.
    pub not_held: u64,
    /// A request was passed on more often than the wire allows.
    pub hops: u64,
    /// A device was asked again after it sent wrong bytes.
    pub banned_asked: u64,
    /// The driving contract was broken: a fault of the simulator.
    pub misused: u64,
    /// The first of them, in words.
    pub first: Option<String>,
}

/// One kind of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Never {
    Ledger,
    BadBytes,
    NotHeld,
    Hops,
    BannedAsked,
}

impl Violations {
    pub(super) fn note(&mut self, what: Never, words: impl FnOnce() -> String) {
        let count = match what {
            Never::Ledger => &mut self.ledger,
            Never::BadBytes => &mut self.bad_bytes,
            Never::NotHeld => &mut self.not_held,
            Never::Hops => &mut self.hops,
            Never::BannedAsked => &mut self.banned_asked,
        };
        *count += 1;
        self.first.get_or_insert_with(words);
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self {
            ledger,
            bad_bytes,
            not_held,
            hops,
            banned_asked,
            misused,
            first: _,
        } = self;
        ledger + bad_bytes + not_held + hops + banned_asked + misused
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.ledger += other.ledger;
        self.bad_bytes += other.bad_bytes;
        self.not_held += other.not_held;
        self.hops += other.hops;
        self.banned_asked += other.banned_asked;
        self.misused += other.misused;
        if self.first.is_none() {
            self.first.clone_from(&other.first);
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ledger {}, bad bytes {}, not held {}, hops {}, banned asked {}, misused {}",
            self.ledger, self.bad_bytes, self.not_held, self.hops, self.banned_asked, self.misused
        )?;
        match &self.first {
            Some(first) => write!(f, "; first: {first}"),
            None => Ok(()),
        }
    }
}
