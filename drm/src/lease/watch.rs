//! The state machine: the mark, the newest signed time, the budgets.

use std::collections::BTreeMap;

use crate::license::Grant;

/// How far the wall clock may lie behind the mark before nothing is played, milliseconds: clocks
/// are corrected by seconds, set by hand to the minute.
pub const CLOCK_TOLERANCE_MS: u64 = 5 * 60 * 1000;
/// How long after its nonce was drawn an answer of the DMS may still lower the mark, milliseconds.
pub const MAX_ANSWER_WAIT_MS: u64 = 60 * 1000;
/// The most licences whose budgets are kept.
pub const MAX_LEASES: usize = 1024;

/// What a licence says about time, taken from one that was verified. Milliseconds since the Unix
/// epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The licence.
    pub license_id: [u8; 16],
    /// When the DMS signed it.
    pub issued_ms: u64,
    /// First moment of validity.
    pub not_before_ms: u64,
    /// First moment after validity.
    pub not_after_ms: u64,
    /// First moment from which it needs contact to the DMS.
    pub offline_until_ms: u64,
}

impl From<&Grant> for Lease {
    fn from(grant: &Grant) -> Self {
        Self {
            license_id: grant.license_id,
            issued_ms: grant.issued_ms,
            not_before_ms: grant.not_before_ms,
            not_after_ms: grant.not_after_ms,
            offline_until_ms: grant.offline_until_ms,
        }
    }
}

/// The wall clock lies too far behind a time seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the clock is {} min behind; set it right or connect to the DMS once",
    behind_ms.div_ceil(60_000)
)]
pub struct ClockBack {
    /// How far behind the mark, milliseconds.
    pub behind_ms: u64,
}

/// An answer of the DMS came too late to lower the mark; ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the DMS's answer took {} s, too long to set the time by; ask again", waited_ms / 1000)]
pub struct LateAnswer {
    /// How long it was waited for, milliseconds.
    pub waited_ms: u64,
}

/// Nothing is left of what a licence allows to play without contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the licence's offline playing time is used up; connect to the DMS once")]
pub struct BudgetSpent;

/// No further licence can be kept for offline use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_LEASES} licences are kept for offline use already; wait until some are over")]
pub struct TooManyLeases;

/// Why a licence may not be used without contact now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// The wall clock cannot be believed.
    #[error(transparent)]
    ClockBack(#[from] ClockBack),
    /// No time that the DMS signed shows that it has begun.
    #[error("the licence is not known to have begun; connect to the DMS once")]
    NotYetValid {
        /// When it begins, milliseconds since the Unix epoch.
        not_before_ms: u64,
    },
    /// Its time is over.
    #[error("the licence has expired; ask the DMS for a new one")]
    Expired {
        /// When it ended, milliseconds since the Unix epoch.
        not_after_ms: u64,
    },
    /// It may no longer be used without contact to the DMS.
    #[error("the licence may no longer be used offline; connect to the DMS once")]
    OfflineExpired {
        /// When offline use ended, milliseconds since the Unix epoch.
        offline_until_ms: u64,
    },
    /// Its budget is used up, or it was never admitted.
    #[error(transparent)]
    BudgetSpent(#[from] BudgetSpent),
}

/// What is left of one licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) left_ms: u64,
    /// When the licence can no longer be used offline anyway.
    pub(super) until_ms: u64,
}

/// What one device remembers of time. All times are milliseconds since the Unix epoch.
///
/// It is neither `Clone` nor `Copy`: a copy would be a second budget.
#[derive(Debug, PartialEq, Eq)]
pub struct Watch {
    /// Never before `server_ms`.
    pub(super) mark_ms: u64,
    pub(super) server_ms: u64,
    pub(super) counter: u64,
    /// By licence; at most [`MAX_LEASES`].
    pub(super) budgets: BTreeMap<[u8; 16], Budget>,
}

impl Watch {
    /// A watch that was never saved, set by a fresh answer of the DMS. A device that makes a second
    /// one has lost or thrown away the first: its [`Contact`](super::Contact) tells the DMS.
    #[must_use]
    pub fn new(server_time_ms: u64) -> Self {
        Self {
            mark_ms: server_time_ms,
            server_ms: server_time_ms,
            counter: 0,
            budgets: BTreeMap::new(),
        }
    }

    /// Looks at the wall clock and returns the time to go by: the mark, which rises to the wall
    /// clock. A wall clock a little behind is tolerated; the mark stays, so nothing is won by it.
    ///
    /// # Errors
    /// [`ClockBack`] if it is more than [`CLOCK_TOLERANCE_MS`] behind the mark.
    pub fn seen(&mut self, now_wall_ms: u64) -> Result<u64, ClockBack> {
        let behind_ms = self.mark_ms.saturating_sub(now_wall_ms);
        if behind_ms > CLOCK_TOLERANCE_MS {
            return Err(ClockBack { behind_ms });
        }
        self.mark_ms = self.mark_ms.max(now_wall_ms);
        Ok(self.mark_ms)
    }

    /// The program ran for `elapsed_ms` since this was last called, milliseconds of a monotonic
    /// clock, whatever became of the wall clock.
    ///
    /// Without it a wall clock set back by four minutes every four minutes would hold the mark for
    /// ever. Call it before [`Watch::seen`], or the mark runs ahead by one slice.
    pub fn ran(&mut self, elapsed_ms: u64) {
        self.mark_ms = self.mark_ms.saturating_add(elapsed_ms);
    }

    /// Takes the time of anything the DMS signed: a licence, a manifest. It may be as old as it
    /// likes, so it only ever raises the mark.
    pub fn server_says(&mut self, time_ms: u64) {
        self.server_ms = self.server_ms.max(time_ms);
        self.mark_ms = self.mark_ms.max(self.server_ms);
    }

    /// Takes the time of an answer that the DMS signed over a nonce this process drew `waited_ms`
    /// ago. The mark falls back to it, if only the wall clock or the time run had raised it
    /// further, though never behind another time the DMS signed.
    ///
    /// An older answer would wind time back: therefore the nonce, used once and never stored. An
    /// answer held back would, too: therefore `waited_ms`, on a clock that counts while the machine
    /// is suspended, if there is one.
    ///
    /// # Errors
    /// [`LateAnswer`] after more than [`MAX_ANSWER_WAIT_MS`]; it was taken as by
    /// [`Watch::server_says`].
    pub fn server_answers(&mut self, time_ms: u64, waited_ms: u64) -> Result<(), LateAnswer> {
        self.server_says(time_ms);
        if waited_ms > MAX_ANSWER_WAIT_MS {
            return Err(LateAnswer { waited_ms });
        }
        self.mark_ms = self.server_ms;
        Ok(())
    }

    /// Keeps a verified licence for offline use, with at most `budget_ms` of playing. One that is
    /// known already keeps what is left of its budget.
    ///
    /// # Errors
    /// [`TooManyLeases`] if [`MAX_LEASES`] are kept that are not over.
    pub fn admit(&mut self, lease: &Lease, budget_ms: u64) -> Result<(), TooManyLeases> {
        self.server_says(lease.issued_ms);
        if self.budgets.contains_key(&lease.license_id) {
            return Ok(());
        }
        if self.budgets.len() >= MAX_LEASES {
            // By signed time alone: the mark may be wrong and fall back, and then a licence
            // forgotten too early would come in again with its whole budget.
            let server_ms = self.server_ms;
            self.budgets.retain(|_, budget| server_ms < budget.until_ms);
        }
        if self.budgets.len() >= MAX_LEASES {
            return Err(TooManyLeases);
        }
        let budget = Budget {
            left_ms: budget_ms,
            until_ms: lease.offline_until_ms.min(lease.not_after_ms),
        };
        self.budgets.insert(lease.license_id, budget);
        Ok(())
    }

    /// What is left to play of a licence, milliseconds; 0 for one that was not admitted.
    #[must_use]
    pub fn left_ms(&self, license_id: [u8; 16]) -> u64 {
        self.budgets.get(&license_id).map_or(0, |b| b.left_ms)
    }

    /// Takes what is about to be played from a licence's budget, milliseconds.
    ///
    /// # Errors
    /// [`BudgetSpent`] if less was left. What was left is gone then.
    pub fn play(&mut self, license_id: [u8; 16], played_ms: u64) -> Result<(), BudgetSpent> {
        let budget = self.budgets.get_mut(&license_id).ok_or(BudgetSpent)?;
        let left_ms = budget.left_ms.checked_sub(played_ms);
        budget.left_ms = left_ms.unwrap_or(0);
        left_ms.map(|_| ()).ok_or(BudgetSpent)
    }

    /// Whether a licence may be used without contact now; returns the time to go by, as
    /// [`Watch::seen`] does.
    ///
    /// # Errors
    /// See [`LeaseError`], in the order of its variants.
    pub fn check(&mut self, now_wall_ms: u64, lease: &Lease) -> Result<u64, LeaseError> {
        self.server_says(lease.issued_ms);
        let now_ms = self.seen(now_wall_ms)?;
        let Lease {
            not_before_ms,
            not_after_ms,
            offline_until_ms,
            ..
        } = *lease;
        if self.server_ms < not_before_ms {
            return Err(LeaseError::NotYetValid { not_before_ms });
        }
        if now_ms >= not_after_ms {
            return Err(LeaseError::Expired { not_after_ms });
        }
        if now_ms >= offline_until_ms {
            return Err(LeaseError::OfflineExpired { offline_until_ms });
        }
        if self.left_ms(lease.license_id) == 0 {
            return Err(BudgetSpent.into());
        }
        Ok(now_ms)
    }

    /// How often this state was saved.
    #[must_use]
    pub fn counter(&self) -> u64 {
        self.counter
    }
}
