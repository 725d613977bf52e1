//! The queue of requests to be sent.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use super::request::RequestTag;

/// The requests to be sent, in order. Removal is lazy, so that it does not cost a search each time.
#[derive(Debug, Default)]
pub(super) struct RequestQueue {
    tags: VecDeque<RequestTag>,
    /// Tags that [`pop_front`](Self::pop_front) skips: their requests are removed, but may still be in `tags`.
    removed: BTreeSet<RequestTag>,
}

impl RequestQueue {
    /// Returns `true` if nothing is to be sent. Removed requests may still count as queued.
    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    pub(super) fn push_back(&mut self, tag: RequestTag) {
        self.purge_removed(tag);
        self.tags.push_back(tag);
    }

    pub(super) fn push_front(&mut self, tag: RequestTag) {
        self.purge_removed(tag);
        self.tags.push_front(tag);
    }

    /// Takes the first request.
    pub(super) fn pop_front(&mut self) -> Option<RequestTag> {
        loop {
            let Some(tag) = self.tags.pop_front() else {
                self.removed.clear();
                return None;
            };
            if self.removed.is_empty() || !self.removed.remove(&tag) {
                return Some(tag);
            }
        }
    }

    /// Undoes [`pop_front`](Self::pop_front).
    pub(super) fn put_back(&mut self, tag: RequestTag) {
        self.tags.push_front(tag);
    }

    /// Removes a request if it is queued.
    pub(super) fn remove(&mut self, tag: RequestTag) {
        if !self.tags.is_empty() {
            self.removed.insert(tag);
            if 2 * self.removed.len() > self.tags.len() {
                self.compact();
            }
        }
    }

    /// Takes all requests, in order.
    pub(super) fn take(&mut self) -> Vec<RequestTag> {
        self.compact();
        core::mem::take(&mut self.tags).into()
    }

    /// Frees the memory kept for reuse.
    pub(super) fn trim(&mut self) {
        self.tags.shrink_to_fit();
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
