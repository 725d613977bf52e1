//! The queue of requests to be sent.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use super::request::RequestTag;

/// The requests to be sent, in the order of their tags: that in which they were made.
///
/// So a request that is sent again, or that had to wait, leaves before those made after it, which may have to be executed
/// after it. The requests of several refused packets keep their order, whichever packet is refused first.
#[derive(Debug, Default)]
pub(super) struct RequestQueue {
    /// Those that were queued in order: new ones. Their tags rise.
    tags: VecDeque<RequestTag>,
    /// The others.
    again: BTreeSet<RequestTag>,
    /// Requests that are removed, but still in `tags`.
    removed: BTreeSet<RequestTag>,
}

impl RequestQueue {
    /// Returns `true` if nothing is to be sent. Removed requests may still count as queued.
    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.again.is_empty()
    }

    /// Queues a request, unless it is queued. Takes constant time if its tag is above all others and none is queued
    /// again, else logarithmic time.
    pub(super) fn push(&mut self, tag: RequestTag) {
        // Those behind it may have been removed since it was queued again.
        if self.tags.back().is_none_or(|last| *last < tag) && !self.again.contains(&tag) {
            self.tags.push_back(tag);
        } else if self.tags.binary_search(&tag).is_ok() {
            self.removed.remove(&tag);
        } else {
            self.again.insert(tag);
        }
    }

    /// Returns whether a request is queued.
    pub(super) fn contains(&self, tag: RequestTag) -> bool {
        let is_new = self.tags.binary_search(&tag).is_ok() && !self.removed.contains(&tag);
        is_new || self.again.contains(&tag)
    }

    /// Returns the first request.
    pub(super) fn front(&mut self) -> Option<RequestTag> {
        while !self.removed.is_empty()
            && let Some(tag) = self.tags.front()
            && self.removed.remove(tag)
        {
            self.tags.pop_front();
        }
        match (self.again.first(), self.tags.front()) {
            (Some(again), Some(tag)) => Some(*again.min(tag)),
            (again, tag) => again.or(tag).copied(),
        }
    }

    /// Takes the request `first` that [`front`](Self::front) has returned.
    pub(super) fn pop_front(&mut self, first: RequestTag) {
        if self.tags.front() == Some(&first) {
            self.tags.pop_front();
        } else {
            self.again.remove(&first);
        }
    }

    /// Removes a request if it is queued.
    pub(super) fn remove(&mut self, tag: RequestTag) {
        if !self.again.remove(&tag) && self.tags.binary_search(&tag).is_ok() {
            self.removed.insert(tag);
            if 2 * self.removed.len() > self.tags.len() {
                let removed = core::mem::take(&mut self.removed);
                self.tags.retain(|tag| !removed.contains(tag));
            }
        }
    }

    /// Takes all requests, in order.
    pub(super) fn take(&mut self) -> Vec<RequestTag> {
        core::iter::from_fn(|| {
            let first = self.front()?;
            self.pop_front(first);
            Some(first)
        })
        .collect()
    }

    /// Frees the memory kept for reuse.
    pub(super) fn trim(&mut self) {
        self.tags.shrink_to_fit();
        if self.again.is_empty() {
            // An emptied set keeps a node.
            self.again = BTreeSet::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_waits_again_is_queued_once_if_those_behind_it_are_removed() {
        let mut queue = RequestQueue::default();
        queue.push(RequestTag(2));
        queue.push(RequestTag(1));
        queue.remove(RequestTag(2));
        queue.push(RequestTag(1));
        assert_eq!(queue.take(), [RequestTag(1)]);
    }

    #[test]
    fn requests_leave_once_and_in_the_order_of_their_tags() {
        fn property(steps: Vec<(u8, bool)>) -> bool {
            let (mut queue, mut model) = (RequestQueue::default(), BTreeSet::new());
            let all_match = steps.into_iter().all(|(number, adds)| {
                let tag = RequestTag(number.into());
                if adds {
                    queue.push(tag);
                    model.insert(tag);
                } else if number % 2 == 0 {
                    queue.remove(tag);
                    model.remove(&tag);
                } else {
                    let first = queue.front();
                    if first != model.pop_first() {
                        return false;
                    }
                    first.into_iter().for_each(|first| queue.pop_front(first));
                }
                queue.front() == model.first().copied()
            });
            all_match && queue.take().into_iter().eq(model) && queue.is_empty()
        }
        // Few cases push a request twice.
        quickcheck::QuickCheck::new().tests(10_000).quickcheck(property as fn(Vec<(u8, bool)>) -> bool);
    }
}
