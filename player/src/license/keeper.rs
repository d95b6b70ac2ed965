//! The licence in use, renewed ahead of its end: a title longer than its licence plays on.
//!
//! A licence that is ending is renewed beside the playing, and what goes wrong there is tried
//! again later. Only when it is over does a segment wait for the next one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use swarm::content::Manifest;

use super::{Answer, License, VerifyingKey, ask, now_ms};
use crate::{
    error::PlayError,
    source::{Source, Wants},
};

/// The last part of a licence's life in which it is renewed: a third.
const LAST_PART: u64 = 3;
/// A licence this close to its end counts as over, ms: what it opens should not race its end.
const MARGIN_MS: u64 = 500;
/// The pause after a renewal that failed while the old licence was still good.
const PAUSE: Duration = Duration::from_secs(5);
/// How often a licence is asked for when there is none to go on with.
const MAX_ATTEMPTS: u32 = 5;
/// The pause after the first of these; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// See the module.
pub struct Keeper {
    /// The keys that may sign a licence.
    trusted: Vec<VerifyingKey>,
    /// Locked for a clone or a store only.
    current: Mutex<Arc<License>>,
    /// Held by the one that asks; inside, until when nobody should ask again.
    asking: tokio::sync::Mutex<Option<Instant>>,
}

/// Where a licence is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It opens segments.
    Good,
    /// It does, but not for much longer.
    Ending,
    /// It opens nothing more.
    Over,
}

impl Standing {
    /// The standing at `now_ms` of a licence that came at `from_ms` and ends at `until_ms`.
    #[must_use]
    pub fn at(now_ms: u64, from_ms: u64, until_ms: u64) -> Self {
        let left = until_ms.saturating_sub(now_ms);
        let life = until_ms.saturating_sub(from_ms);
        if left <= MARGIN_MS {
            Self::Over
        } else if left <= life / LAST_PART {
            Self::Ending
        } else {
            Self::Good
        }
    }
}

impl Keeper {
    /// Keeps `license`; its successors must be signed by one of the keys `trusted`.
    #[must_use]
    pub fn new(license: License, trusted: Vec<VerifyingKey>) -> Self {
        Self {
            trusted,
            current: Mutex::new(Arc::new(license)),
            asking: tokio::sync::Mutex::new(None),
        }
    }

    /// The licence in use, which may be over.
    #[must_use]
    pub fn current(&self) -> Arc<License> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Its standing now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let license = self.current();
        Standing::at(now_ms(), license.came_ms, license.lease.not_after_ms)
    }

    /// Renews a licence that is ending, unless that is under way or failed a moment ago.
    pub async fn renew_ahead(&self, source: &Source, manifest: &Manifest) {
        let Ok(mut not_before) = self.asking.try_lock() else {
            return;
        };
        let waits = not_before.is_some_and(|at| Instant::now() < at);
        if waits || self.standing() == Standing::Good {
            return;
        }
        *not_before = match self.renew_once(source, manifest).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "the licence could not be renewed yet");
                Some(Instant::now() + PAUSE)
            }
        };
    }

    /// A successor of a licence that is over. Waits a while for a DMS that does not answer.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn renew(&self, source: &Source, manifest: &Manifest) -> Result<(), PlayError> {
        let mut not_before = self.asking.lock().await;
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        while self.standing() == Standing::Over {
            match self.renew_once(source, manifest).await {
                Ok(()) => break,
                Err(error) if attempt >= MAX_ATTEMPTS || !may_pass(&error) => return Err(error),
                Err(error) => tracing::warn!(%error, attempt, "the licence could not be renewed"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
        *not_before = None;
        Ok(())
    }

    /// Asks each path from the one in use on, until one answers.
    async fn renew_once(&self, source: &Source, manifest: &Manifest) -> Result<(), PlayError> {
        let mut failure = PlayError::LicenseExpired(manifest.title);
        let wants = Wants {
            renews: Some(self.current().id()),
            ..Wants::default()
        };
        for endpoint in source.endpoints() {
            let answer = match ask(endpoint, manifest.title, wants).await {
                Ok(offer) => offer.accept(manifest, &self.trusted)?,
                Err(error) if may_pass(&error) => {
                    failure = error;
                    continue;
                }
                Err(error) => return Err(error),
            };
            return match answer {
                Answer::Granted(license) => {
                    let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
                    *current = Arc::new(license);
                    Ok(())
                }
                // The title was published anew: its old version is not licensed any more.
                Answer::OtherVersion => Err(PlayError::LicenseExpired(manifest.title)),
            };
        }
        Err(failure)
    }
}

/// Whether another path, or the same one later, may answer otherwise.
fn may_pass(error: &PlayError) -> bool {
    matches!(
        error,
        PlayError::Unreachable { .. } | PlayError::Unexpected { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_renewed_in_the_last_third_of_its_life() {
        let (from, until) = (1_000_000, 1_090_000);
        let table = [
            (1_000_000, Standing::Good),
            (1_059_999, Standing::Good),
            (1_060_000, Standing::Ending),
            (1_089_499, Standing::Ending),
            (1_089_500, Standing::Over),
            (1_090_000, Standing::Over),
            (9_000_000, Standing::Over),
            // A clock that was set back changes nothing.
            (0, Standing::Good),
        ];
        for (now, standing) in table {
            assert_eq!(Standing::at(now, from, until), standing, "at {now}");
        }
        assert_eq!(Standing::at(5, 0, 400), Standing::Over, "too short to use");
    }
}
