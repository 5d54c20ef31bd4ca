//! A table of bounded size whose waiting entries are never evicted.

use std::{collections::HashMap, hash::Hash};

/// An entry of a [`BoundedTable`]. Times are milliseconds.
pub trait TableEntry {
    /// Whether its wait has not ended. Such an entry is never evicted.
    fn is_waiting(&self, now: i64) -> bool;
    /// Whether it has the same meaning as a missing entry, so that it can be removed.
    fn is_idle(&self, now: i64) -> bool;
    /// When it was changed last. Of the entries that do not wait the oldest are evicted first.
    fn changed_at(&self) -> i64;
}

/// Time between two searches for room in a table in which every entry waits, in milliseconds.
const SEARCH_INTERVAL_MS: i64 = 1000;

/// A table with at most `max` entries.
#[derive(Debug)]
pub struct BoundedTable<K, V> {
    entries: HashMap<K, V>,
    max: usize,
    next_search: i64,
}

impl<K: Hash + Eq + Clone, V: TableEntry + Default> BoundedTable<K, V> {
    /// An empty table.
    pub fn new(max: usize) -> Self {
        Self { entries: HashMap::new(), max, next_search: 0 }
    }

    /// The entry of a key, if there is one.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// The entry of a key, which is made when there is none. `None` when every entry of a full table waits: then the
    /// caller limits all such keys together.
    pub fn entry(&mut self, key: K, now: i64) -> Option<&mut V> {
        if !self.entries.contains_key(&key) && self.entries.len() >= self.max && !self.make_room(now) {
            return None;
        }
        Some(self.entries.entry(key).or_default())
    }

    /// Removes an entry.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Removes idle entries, then the oldest that do not wait until a quarter is free, so that the search is rare.
    fn make_room(&mut self, now: i64) -> bool {
        // A time that is further away is from before the clock was set back.
        if (now + 1..=now + SEARCH_INTERVAL_MS).contains(&self.next_search) {
            return false;
        }
        self.entries.retain(|_, entry| !entry.is_idle(now));
        let excess = self.entries.len().saturating_sub(self.max / 4 * 3);
        if excess > 0 {
            let mut evictable: Vec<(i64, K)> = self
                .entries
                .iter()
                .filter(|(_, entry)| !entry.is_waiting(now))
                .map(|(key, entry)| (entry.changed_at(), key.clone()))
                .collect();
            evictable.sort_by_key(|(changed, _)| *changed);
            for (_, key) in evictable.into_iter().take(excess) {
                self.entries.remove(&key);
            }
        }
        let room = self.entries.len() < self.max;
        self.next_search = if room { 0 } else { now + SEARCH_INTERVAL_MS };
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Entry {
        until: i64,
        changed: i64,
    }

    impl TableEntry for Entry {
        fn is_waiting(&self, now: i64) -> bool {
            self.until > now
        }
        fn is_idle(&self, now: i64) -> bool {
            now - self.changed > 1_000_000
        }
        fn changed_at(&self) -> i64 {
            self.changed
        }
    }

    fn put(table: &mut BoundedTable<u32, Entry>, key: u32, until: i64, now: i64) -> bool {
        table.entry(key, now).map(|entry| *entry = Entry { until, changed: now }).is_some()
    }

    /// FINDINGS A9: new keys cannot make a full table forget who waits.
    #[test]
    fn a_full_table_evicts_the_oldest_entries_and_none_that_waits() {
        let mut table = BoundedTable::new(8);
        for key in 0..4 {
            assert!(put(&mut table, key, 9_000_000, 1));
        }
        for key in 4..1000 {
            assert!(put(&mut table, key, 0, i64::from(key)));
            assert!(table.len() <= 8);
        }
        assert!((0..4).all(|key| table.get_mut(&key).is_some()), "a waiting entry was evicted");
        assert!(table.get_mut(&999).is_some() && table.get_mut(&4).is_none());
    }

    #[test]
    fn a_table_in_which_every_entry_waits_accepts_no_new_key() {
        let mut table = BoundedTable::new(4);
        for key in 0..4 {
            assert!(put(&mut table, key, 50_000, 1));
        }
        assert!(!put(&mut table, 4, 0, 2) && !put(&mut table, 5, 0, 500));
        assert!(put(&mut table, 3, 50_000, 3), "an entry that exists is found");
        assert!(put(&mut table, 6, 0, 60_000), "room as soon as waits have ended");
    }
}
