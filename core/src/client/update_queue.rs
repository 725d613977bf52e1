//! The queue of received updates.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::policy;

/// The state of an account's updates (`updates.state`). `updates.getDifference` takes an earlier state and returns the
/// updates since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdatesState {
    /// Number of events in the account's common message box.
    pub pts: i32,
    /// Number of events in its secondary message box: secret chats, and certain updates for bots.
    pub qts: i32,
    /// The server's time, in seconds since 1970.
    pub date: i32,
    /// Number of the last container of updates.
    pub seq: i32,
    /// Number of unread messages.
    pub unread_count: i32,
}

/// Received updates that the application has not taken, oldest first. Its limits are
/// [`policy::MAX_QUEUED_UPDATES`] and [`policy::MAX_QUEUED_UPDATE_BYTES`].
#[derive(Default)]
pub(super) struct UpdateQueue {
    updates: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl UpdateQueue {
    /// Adds an update. Returns `false` if older updates were dropped to stay within the limits.
    pub(super) fn push(&mut self, update: &[u8]) -> bool {
        self.updates.push_back(update.to_vec());
        self.bytes += update.len();
        let mut is_complete = true;
        while self.updates.len() > policy::MAX_QUEUED_UPDATES
            || (self.bytes > policy::MAX_QUEUED_UPDATE_BYTES && self.updates.len() > 1)
        {
            self.take();
            is_complete = false;
        }
        is_complete
    }

    /// Takes the oldest update.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let oldest = self.updates.pop_front()?;
        self.bytes -= oldest.len();
        Some(oldest)
    }

    /// Returns the number of updates.
    pub(super) fn len(&self) -> usize {
        self.updates.len()
    }
}
