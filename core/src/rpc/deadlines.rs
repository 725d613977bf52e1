//! The deadlines of requests, counted: many requests that are made together have the same one.

use crate::sequence::{SequenceKey, SequenceMap};
use crate::time::Timestamp;

/// How many requests have which deadline.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    counts: SequenceMap<Timestamp, usize>,
}

impl SequenceKey for Timestamp {
    /// Nothing is known about the others: the first one is tried, then they are searched.
    fn distance(self, _: Self) -> u64 {
        0
    }
}

impl Deadlines {
    /// Adds the deadline of a request.
    pub(super) fn add(&mut self, at: Timestamp) {
        match self.counts.get_mut(at) {
            Some(count) => *count += 1,
            None => self.counts.insert(at, 1),
        }
    }

    /// Removes the deadline of one request.
    pub(super) fn remove(&mut self, at: Timestamp) {
        _ = self.counts.take(at, |count| {
            *count = count.saturating_sub(1);
            (*count == 0).then_some(())
        });
    }

    /// Returns the earliest deadline.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.counts.first_key()
    }

    /// Frees the memory kept for reuse.
    pub(super) fn trim(&mut self) {
        self.counts.trim();
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_stays_until_each_request_with_it_is_removed() {
        let at = |seconds| Timestamp::from_origin(Duration::from_secs(seconds));
        let mut deadlines = Deadlines::default();
        for seconds in [60, 60, 70, 50] {
            deadlines.add(at(seconds));
        }
        for (removed, first) in [(60, Some(50)), (50, Some(60)), (50, Some(60)), (60, Some(70)), (70, None)] {
            deadlines.remove(at(removed));
            assert_eq!(deadlines.first(), first.map(at), "{removed}");
        }
    }
}
