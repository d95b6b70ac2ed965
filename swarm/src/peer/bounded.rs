//! A map that forgets what was used least recently when it is full.

use std::collections::BTreeMap;

/// At most `max` entries; every use of an entry makes it the youngest.
#[derive(Clone, Debug)]
pub(super) struct Bounded<K, V> {
    max: usize,
    clock: u64,
    entries: BTreeMap<K, (u64, V)>,
    by_use: BTreeMap<u64, K>,
}

impl<K: Ord + Copy, V> Bounded<K, V> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            clock: 0,
            entries: BTreeMap::new(),
            by_use: BTreeMap::new(),
        }
    }

    /// Looks without counting as a use.
    pub(super) fn peek(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// The entry of a key, made when there is none.
    pub(super) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.clock += 1;
        let clock = self.clock;
        if let Some((used, _)) = self.entries.get_mut(&key) {
            self.by_use.remove(used);
            *used = clock;
        } else if self.entries.len() >= self.max
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.by_use.insert(clock, key);
        &mut self.entries.entry(key).or_insert_with(|| (clock, make())).1
    }

    /// Changes an entry without counting as a use.
    pub(super) fn peek_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        self.entry(key, || value);
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (used, value) = self.entries.remove(key)?;
        self.by_use.remove(&used);
        Some(value)
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut map = Bounded::new(2);
        map.insert(1, 'a');
        map.insert(2, 'b');
        *map.entry(1, || 'x') = 'c';
        map.insert(3, 'd');
        assert_eq!(map.peek(&1), Some(&'c'));
        assert_eq!(
            (map.contains(&2), map.contains(&3), map.len()),
            (false, true, 2)
        );
        assert_eq!(map.remove(&1), Some('c'));
        assert_eq!(map.remove(&1), None);
        assert_eq!((map.len(), map.by_use.len()), (1, 1));
    }

    #[test]
    fn the_two_tables_stay_equal() {
        let mut map = Bounded::new(5);
        for n in 0..1000u32 {
            let key = n.wrapping_mul(2_654_435_761) >> 28;
            if n % 3 == 0 {
                map.remove(&key);
            } else {
                map.insert(key, n)
            }
            assert!(map.len() <= 5);
            assert_eq!(map.entries.len(), map.by_use.len());
        }
    }
}
