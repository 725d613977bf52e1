//! A map for keys that are inserted in rising order and mostly removed in that order: requests, message identifiers,
//! deadlines. Unlike a tree, its usual operations cost the same for thousands of entries as for ten.

use alloc::collections::{BTreeMap, VecDeque};

/// A key of a [`SequenceMap`].
pub(crate) trait SequenceKey: Copy + Ord {
    /// Estimates how many entries there are between an earlier key and this one.
    fn distance(self, earlier: Self) -> u64;
}

/// An ordered map. Insertion of a new greatest key, and look-ups near the oldest key or in a sequence without gaps,
/// take constant time; other operations are logarithmic in the number of entries.
#[derive(Debug)]
pub(crate) struct SequenceMap<K, V> {
    /// Entries in rising order of their keys. A removed entry is `None`; the first and the last entry are never removed
    /// ones.
    ring: VecDeque<(K, Option<V>)>,
    /// Number of entries in the ring that are not removed.
    live: usize,
    /// Entries inserted out of order, and those left alone after all entries around them were removed.
    rest: BTreeMap<K, V>,
}

/// Minimum number of removed entries in the ring before the remaining ones between them are moved.
const SLACK: usize = 64;

impl<K, V> Default for SequenceMap<K, V> {
    fn default() -> Self {
        Self { ring: VecDeque::new(), live: 0, rest: BTreeMap::new() }
    }
}

impl<K: SequenceKey, V> SequenceMap<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.live + self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if !self.rest.is_empty()
            && let Some(place) = self.rest.get_mut(&key)
        {
            *place = value;
            return;
        }
        if self.ring.back().is_none_or(|(last, _)| *last < key) {
            self.live += 1;
            return self.ring.push_back((key, Some(value)));
        }
        match self.position(key).and_then(|at| self.ring.get_mut(at)) {
            Some((_, place)) => {
                self.live += usize::from(place.is_none());
                *place = Some(value);
            }
            None => {
                self.rest.insert(key, value);
            }
        }
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        match self.position(key) {
            Some(at) => self.ring.get(at)?.1.as_ref(),
            None => self.rest.get(&key),
        }
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        match self.position(key) {
            Some(at) => self.ring.get_mut(at)?.1.as_mut(),
            None => self.rest.get_mut(&key),
        }
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let Some(at) = self.position(key) else { return self.rest.remove(&key) };
        let removed = self.ring.get_mut(at)?.1.take()?;
        self.on_removed(at);
        Some(removed)
    }

    /// Removes an entry if `take` takes something out of it, and returns that. The entry itself is not moved.
    pub(crate) fn take<R>(&mut self, key: K, take: impl FnOnce(&mut V) -> Option<R>) -> Option<R> {
        let Some(at) = self.position(key) else {
            let taken = take(self.rest.get_mut(&key)?)?;
            self.rest.remove(&key);
            return Some(taken);
        };
        let (_, place) = self.ring.get_mut(at)?;
        let taken = take(place.as_mut()?)?;
        *place = None;
        self.on_removed(at);
        Some(taken)
    }

    /// Frees the place of the entry at this index of the ring, which was just removed.
    fn on_removed(&mut self, at: usize) {
        self.live -= 1;
        if at == 0 || at + 1 == self.ring.len() {
            self.close_gaps();
        }
        // A long-lived entry must not keep the memory of all later ones.
        while self.ring.len() > 2 * self.live + SLACK {
            if let Some((key, Some(value))) = self.ring.pop_front() {
                self.live -= 1;
                self.rest.insert(key, value);
            }
            self.close_gaps();
        }
    }

    /// Returns the values from the key `first` on, the newest first, of those that were inserted in rising order.
    pub(crate) fn newest_mut(&mut self, first: K) -> impl Iterator<Item = &mut V> + '_ {
        let newest = self.ring.iter_mut().rev().take_while(move |(key, _)| *key >= first);
        newest.filter_map(|(_, value)| value.as_mut())
    }

    /// Returns all entries in rising order of their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, &V)> + '_ {
        let ring = self.ring.iter().inspect(|_| steps::count());
        let mut ring = ring.filter_map(|(key, value)| Some((*key, value.as_ref()?))).peekable();
        let mut rest = self.rest.iter().map(|(key, value)| (*key, value)).peekable();
        core::iter::from_fn(move || match (ring.peek(), rest.peek()) {
            (Some((in_ring, _)), Some((in_rest, _))) if in_rest < in_ring => rest.next(),
            (Some(_), _) => ring.next(),
            (None, _) => rest.next(),
        })
    }

    /// Returns the entries whose keys are less than `end`, in falling order. Finding the first one is at worst
    /// logarithmic in the number of entries.
    pub(crate) fn below(&self, end: K) -> impl Iterator<Item = (K, &V)> + '_ {
        let within = self.ring.partition_point(|(key, _)| *key < end);
        let ring = self.ring.range(..within).rev().inspect(|_| steps::count());
        let mut ring = ring.filter_map(|(key, value)| Some((*key, value.as_ref()?))).peekable();
        let mut rest = self.rest.range(..end).rev().map(|(key, value)| (*key, value)).peekable();
        core::iter::from_fn(move || match (ring.peek(), rest.peek()) {
            (Some((in_ring, _)), Some((in_rest, _))) if in_rest > in_ring => rest.next(),
            (Some(_), _) => ring.next(),
            (None, _) => rest.next(),
        })
    }

    pub(crate) fn first_key(&self) -> Option<K> {
        let in_ring = self.ring.front().map(|(key, _)| *key);
        let in_rest = self.rest.first_key_value().map(|(key, _)| *key);
        in_ring.into_iter().chain(in_rest).min()
    }

    pub(crate) fn last_key(&self) -> Option<K> {
        let in_ring = self.ring.back().map(|(key, _)| *key);
        let in_rest = self.rest.last_key_value().map(|(key, _)| *key);
        in_ring.into_iter().chain(in_rest).max()
    }

    /// Frees the memory kept for reuse.
    pub(crate) fn trim(&mut self) {
        self.ring.shrink_to_fit();
        // An empty `BTreeMap` may still own a node.
        if self.rest.is_empty() {
            self.rest = BTreeMap::new();
        }
    }

    /// Returns the index of the key in the ring, even if its entry is removed.
    #[inline]
    fn position(&self, key: K) -> Option<usize> {
        let (first, _) = self.ring.front()?;
        if key < *first {
            return None;
        }
        let guess = usize::try_from(key.distance(*first)).unwrap_or(usize::MAX);
        if self.ring.get(guess).is_some_and(|(there, _)| *there == key) {
            return Some(guess);
        }
        self.ring.binary_search_by(|(there, _)| there.cmp(&key)).ok()
    }

    fn close_gaps(&mut self) {
        while let Some((_, None)) = self.ring.front() {
            self.ring.pop_front();
        }
        while let Some((_, None)) = self.ring.back() {
            self.ring.pop_back();
        }
    }
}

/// Counts visited entries, so that tests can distinguish a look-up from a search.
pub(crate) mod steps {
    #[cfg(test)]
    std::thread_local! {
        static STEPS: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
    }

    pub(super) fn count() {
        #[cfg(test)]
        STEPS.with(|steps| steps.set(steps.get() + 1));
    }

    #[cfg(test)]
    pub(crate) fn so_far() -> u64 {
        STEPS.with(core::cell::Cell::get)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use quickcheck::quickcheck;

    use super::*;

    impl SequenceKey for u8 {
        fn distance(self, earlier: Self) -> u64 {
            (self - earlier).into()
        }
    }

    quickcheck! {
        fn it_is_an_ordered_map(steps: Vec<(u8, bool)>) -> bool {
            let mut map = SequenceMap::default();
            let mut model = BTreeMap::new();
            steps.into_iter().enumerate().all(|(number, (key, adds))| {
                if adds {
                    map.insert(key, number);
                    model.insert(key, number);
                } else {
                    // Some are removed by what is taken out of them, and some are left since nothing is.
                    let removed = match key % 3 {
                        0 => map.remove(key),
                        1 => map.take(key, |number| Some(*number)),
                        _ => {
                            let kept = map.take(key, |_| None::<usize>);
                            if kept.is_some() || map.get(key) != model.get(&key) {
                                return false;
                            }
                            map.remove(key)
                        }
                    };
                    if removed != model.remove(&key) {
                        return false;
                    }
                }
                map.iter().eq(model.iter().map(|(key, value)| (*key, value)))
                    && map.len() == model.len()
                    && map.is_empty() == model.is_empty()
                    && map.first_key() == model.first_key_value().map(|(key, _)| *key)
                    && map.last_key() == model.last_key_value().map(|(key, _)| *key)
                    && (0..=255).all(|key| map.get(key) == model.get(&key))
                    && (0..=255).all(|key| map.get_mut(key) == model.get_mut(&key))
                    && (0..=255).step_by(17).all(|end| {
                        let model = model.range(..end).rev().map(|(key, value)| (*key, value));
                        map.below(end).eq(model)
                    })
            })
        }
    }

    impl SequenceKey for u64 {
        fn distance(self, earlier: Self) -> u64 {
            self - earlier
        }
    }

    #[test]
    fn a_long_lived_entry_does_not_keep_the_memory_of_others() {
        let mut map = SequenceMap::default();
        for key in 0..100_000_u64 {
            map.insert(key, key);
            if key % 1000 > 0 {
                assert_eq!(map.remove(key), Some(key));
            }
            assert!(map.ring.len() <= 2 * map.live + SLACK);
        }
        assert_eq!(map.len(), 100);
        assert!((0..100).all(|key| map.get(key * 1000) == Some(&(key * 1000))));
    }
}
