//! How often somebody may guess: a bucket for each name that is guessed at, and for each address that guesses.
//!
//! A bucket holds ten tries and gets one back every six seconds. Right answers cost nothing, so that nobody who
//! knows the password is kept out by their own work; who is being guessed at waits with the guesser.
//! Kept in memory: each node of several counts for itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Tries that a full bucket holds.
const TRIES: u32 = 10;
/// How long one try takes to come back.
const EACH: Duration = Duration::from_secs(6);
/// Buckets that are kept; when there are more, those that are full again are dropped, and if that is not
/// enough, all.
const BUCKETS_MAX: usize = 50_000;

/// See the module.
#[derive(Debug)]
pub struct Throttle<K> {
    /// When the bucket would be full again. Held for a look-up, never over an await.
    full_at: Mutex<HashMap<K, Instant>>,
}

impl<K> Default for Throttle<K> {
    fn default() -> Self {
        Self {
            full_at: Mutex::default(),
        }
    }
}

impl<K: Hash + Eq> Throttle<K> {
    /// Takes one try.
    ///
    /// # Errors
    /// How long until the next one when there is none.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&key) {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= BUCKETS_MAX {
                buckets.clear();
            }
        }
        let full_at = buckets.entry(key).or_insert(now);
        let after = (*full_at).max(now) + EACH;
        let latest = now + EACH * TRIES;
        if after > latest {
            return Err(after - latest);
        }
        *full_at = after;
        Ok(())
    }

    /// Gives the try back: the answer was right.
    pub fn give_back(&self, key: &K) {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(key) {
            *full_at = full_at.checked_sub(EACH).unwrap_or(*full_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_and_then_one_every_six_seconds() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for _ in 0..TRIES {
            assert_eq!(throttle.take("ana", start), Ok(()));
        }
        assert_eq!(throttle.take("ana", start), Err(EACH));
        assert_eq!(throttle.take("ben", start), Ok(()), "another bucket");
        let later = start + EACH;
        assert_eq!(throttle.take("ana", later), Ok(()));
        assert!(throttle.take("ana", later).is_err());
        throttle.give_back(&"ana");
        assert_eq!(throttle.take("ana", later), Ok(()));
        let rested = later + EACH * 20;
        let tries = (0..100).filter(|_| throttle.take("ana", rested).is_ok());
        assert_eq!(tries.count(), 10, "a bucket holds no more");
    }

    #[test]
    fn a_hundred_thousand_guesses_in_an_hour_are_six_hundred_and_ten() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let let_in = (0..100_000u32).filter(|n| {
            let at = start + Duration::from_millis(36) * *n;
            throttle.take("ana", at).is_ok()
        });
        let let_in = let_in.count();
        assert!((600..=610).contains(&let_in), "{let_in}");
    }

    #[test]
    fn so_many_are_kept_and_no_more() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        (0..3 * BUCKETS_MAX).for_each(|n| assert!(throttle.take(n, now).is_ok()));
        assert!(throttle.full_at.lock().expect("no panic").len() <= BUCKETS_MAX);
    }
}
