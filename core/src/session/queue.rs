//! The queue of requests to be sent.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use super::request::RequestTag;

/// The requests to be sent: first those that are sent again, in the order in which they were made, then the others, in
/// the order in which they were queued.
///
/// So the requests of several refused packets keep their order, whichever packet is refused first.
#[derive(Debug, Default)]
pub(super) struct RequestQueue {
    again: BTreeSet<RequestTag>,
    tags: VecDeque<RequestTag>,
    /// Requests that are removed, but may still be in `tags`: looking for each there would be a search.
    removed: BTreeSet<RequestTag>,
}

impl RequestQueue {
    /// Returns `true` if nothing is to be sent. Removed requests may still count as queued.
    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.again.is_empty()
    }

    /// Queues a request behind all others.
    pub(super) fn push_back(&mut self, tag: RequestTag) {
        self.purge_removed(tag);
        self.tags.push_back(tag);
    }

    /// Queues a request that is sent again, before all that are not.
    pub(super) fn push_again(&mut self, tag: RequestTag) {
        self.purge_removed(tag);
        self.again.insert(tag);
    }

    /// Returns the first request.
    pub(super) fn front(&mut self) -> Option<RequestTag> {
        if let Some(tag) = self.again.first() {
            return Some(*tag);
        }
        while !self.removed.is_empty()
            && let Some(tag) = self.tags.front()
            && self.removed.remove(tag)
        {
            self.tags.pop_front();
        }
        if self.tags.is_empty() {
            self.removed.clear();
        }
        self.tags.front().copied()
    }

    /// Takes the request that [`front`](Self::front) has returned.
    pub(super) fn pop_front(&mut self) {
        if self.again.pop_first().is_none() {
            self.tags.pop_front();
        }
    }

    /// Removes a request if it is queued.
    pub(super) fn remove(&mut self, tag: RequestTag) {
        if !self.again.remove(&tag) && !self.tags.is_empty() {
            self.removed.insert(tag);
            if 2 * self.removed.len() > self.tags.len() {
                self.compact();
            }
        }
    }

    /// Takes the requests for which `is_taken` returns `true`; it is asked in order. The cost is linear in the length of
    /// the queue.
    pub(super) fn take_if(&mut self, is_taken: &mut dyn FnMut(RequestTag) -> bool) {
        self.compact();
        self.again.retain(|tag| !is_taken(*tag));
        self.tags.retain(|tag| !is_taken(*tag));
    }

    /// Takes all requests, in order.
    pub(super) fn take(&mut self) -> Vec<RequestTag> {
        self.compact();
        let again = core::mem::take(&mut self.again);
        again.into_iter().chain(core::mem::take(&mut self.tags)).collect()
    }

    /// Frees the memory kept for reuse.
    pub(super) fn trim(&mut self) {
        self.tags.shrink_to_fit();
        if self.again.is_empty() {
            // An emptied set keeps a node.
            self.again = BTreeSet::new();
        }
    }

    /// Drops the entry of a removed request whose tag is about to be queued again.
    fn purge_removed(&mut self, tag: RequestTag) {
        if self.removed.contains(&tag) {
            self.compact();
        }
    }

    /// Drops all removed entries. The cost is linear in the length of the queue.
    fn compact(&mut self) {
        let removed = core::mem::take(&mut self.removed);
        self.tags.retain(|tag| !removed.contains(tag));
    }
}
