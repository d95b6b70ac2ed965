//! Licences used without contact: time that does not go back, and a budget of playing.
//!
//! A [`Watch`] is what one device remembers of time. Its *mark* is the latest time it has reason
//! to believe, and no licence is used at an earlier one. The mark rises with the wall clock, with
//! the time the program runs, and with every time the DMS has signed. Only a fresh answer of the
//! DMS lowers it, to heal a wall clock that ran ahead.
//!
//! **Invariant:** the wall clock can end a licence but never begin or prolong one. A licence
//! begins by a time the DMS signed.
//!
//! The caller's part, for each short slice of playing:
//! 1. [`Watch::ran`] with what a monotonic clock says has passed since the last slice;
//! 2. [`Watch::check`] with the wall clock and the licence;
//! 3. [`Watch::play`] with the slice that is about to be played, so that a crash gives nothing back;
//! 4. store what [`Watch::to_sealed`] makes, durably, then play.
//!
//! A [`Contact`] goes to the DMS after a state was stored, one at a time; the DMS calls [`judge`].
//!
//! # What it cannot keep
//! As long as the program measures time, a clock that is set back wins nothing. There are three
//! ways around it, all of which need control of the machine:
//! - **A held clock.** While the program does not run, or the machine is suspended, nobody measures
//!   time. Whoever sets the wall clock back for just as long plays later than the licence says, but
//!   never for longer than its budget, nor for longer than was left when the clock was first held.
//! - **A snapshot.** Whoever restores an older disk image, and the clock with it, gets the budget
//!   of that moment back, once for each time it is restored. No program can tell offline. At the
//!   next contact the counter has gone back and the DMS finds out, unless the restored copy was
//!   saved more often than the one it replaced or the image was taken after the last contact.
//! - **A late answer.** Whoever holds a fresh answer back wins at most [`MAX_ANSWER_WAIT_MS`] of a
//!   clock that counts while the machine is suspended.
//!
//! And whoever can read the [`SealKey`] can write any state: it belongs into the device's key store.
//!
//! ```
//! use drm::lease::{Lease, SealKey, Watch};
//! # use rand::{SeedableRng, rngs::StdRng};
//! # let mut rng = StdRng::seed_from_u64(1);
//! let key = SealKey::generate(&mut rng);
//! let lease = Lease {
//!     license_id: [1; 16],
//!     issued_ms: 1_000_000,
//!     not_before_ms: 900_000,
//!     not_after_ms: 9_000_000,
//!     offline_until_ms: 9_000_000,
//! };
//! let mut watch = Watch::new(lease.issued_ms);
//! watch.admit(&lease, 3_600_000)?;
//!
//! assert_eq!(watch.check(2_000_000, &lease), Ok(2_000_000));
//! watch.play(lease.license_id, 10_000)?;
//! let stored = watch.to_sealed(&key, [7; 16], &mut rng)?;
//!
//! let mut watch = Watch::from_sealed(&stored, &key, [7; 16])?;
//! assert!(watch.check(1_000_000, &lease).is_err(), "the clock went back");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod contact;
mod sealed;
mod watch;

#[cfg(test)]
mod scripts;
#[cfg(test)]
mod tests;

pub use contact::{Contact, Verdict, judge};
pub use sealed::{MAX_SEALED_LEN, SealKey, SealedError};
pub use watch::{
    BudgetSpent, CLOCK_TOLERANCE_MS, ClockBack, LateAnswer, Lease, LeaseError, MAX_ANSWER_WAIT_MS,
    MAX_LEASES, TooManyLeases, Watch,
};
