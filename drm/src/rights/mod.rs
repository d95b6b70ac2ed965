//! Rights: who may watch what, from where, when, and for how long.
//!
//! A [`Policy`] says what a title's author allows, a [`Viewing`] what is known of one try, and
//! [`decide()`] answers with the [`Terms`] of a licence or the one reason why there is none.
//! [`Policy::check`] tells an author which wishes contradict one another.
//!
//! **Invariant:** nothing here looks anything up. The caller states the groups, the place, the
//! time, the purchases; the same question always gets the same answer.
//!
//! ```
//! use drm::rights::{Denied, Place, Policy, Track, Viewing, decide};
//! let policy = Policy { until_ms: Some(5_000), max_height: Some(720), ..Policy::default() };
//! let mut viewing = Viewing {
//!     place: Place::Elsewhere,
//!     now_ms: 1_000,
//!     tracks: vec![
//!         Track { number: 1, height: Some(1080) },
//!         Track { number: 2, height: Some(720) },
//!         Track { number: 3, height: None },
//!     ],
//!     ..Viewing::default()
//! };
//! let terms = decide(&policy, &viewing, 60_000)?;
//! assert_eq!((terms.tracks, terms.not_after_ms), (vec![2, 3], 5_000));
//!
//! viewing.now_ms = 5_000;
//! assert_eq!(decide(&policy, &viewing, 60_000), Err(Denied::Over));
//! # Ok::<(), Denied>(())
//! ```

mod decide;
mod faults;
mod policy;
mod viewing;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use decide::{Denied, Terms, decide};
pub use faults::Fault;
pub use policy::{Audience, Places, Plan, Policy};
pub use viewing::{Place, Rental, Subscription, Track, Viewer, Viewing};

/// Names a person, a group, a site or a collection.
pub type Id = [u8; 16];

/// The most days a licence may be used without contact to the DMS.
pub const MAX_OFFLINE_DAYS: u16 = 365;
