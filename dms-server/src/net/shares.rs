//! How much of a listener one far end may take.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts what each key holds.
#[derive(Debug)]
pub(super) struct Shares<K>(Arc<Mutex<HashMap<K, usize>>>);

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// One share; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Share<K: Eq + Hash> {
    key: K,
    /// Held for a look-up.
    held: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Copy + Eq + Hash> Shares<K> {
    /// One more for the key, unless it holds `most` already.
    pub(super) fn take(&self, key: K, most: usize) -> Option<Share<K>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(key).or_default();
        if *count >= most {
            // An entry that was only made to look is not left behind.
            if *count == 0 {
                held.remove(&key);
            }
            return None;
        }
        *count += 1;
        let held = Arc::clone(&self.0);
        Some(Share { key, held })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.key);
            }
        }
    }
}

/// How many connections one address may hold when `used` of `slots` are taken. An office behind one
/// address, or a proxy, may take all there is while nobody else wants it, and never the last quarter.
pub(super) fn most_of_one_address(used: usize, slots: usize) -> usize {
    let last_quarter = slots - slots / 4;
    if used < last_quarter {
        slots
    } else {
        slots / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_takes_its_share_and_no_more_and_leaves_nothing_behind() {
        let shares = Shares::default();
        let mine: Vec<_> = (0..2).map(|_| shares.take(1, 2)).collect();
        assert!(mine.iter().all(Option::is_some));
        assert!(shares.take(1, 2).is_none());
        assert!(shares.take(2, 0).is_none());
        let other = shares.take(2, 2);
        assert!(other.is_some());
        drop(mine);
        assert!(shares.take(1, 2).is_some());
        drop(other);
        assert!(shares.0.lock().expect("no panic").is_empty());
    }

    #[test]
    fn one_address_never_takes_the_last_quarter() {
        for (used, slots, most) in [(0, 8, 8), (5, 8, 8), (6, 8, 4), (7, 8, 4), (0, 1, 1)] {
            assert_eq!(most_of_one_address(used, slots), most, "{used} of {slots}");
        }
    }
}
