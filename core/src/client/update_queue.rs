//! Updates that wait to be taken, and where they stand.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::policy;
use crate::rpc::RequestId;
use crate::time::Timestamp;

/// Where the updates of an account stand (`updates.state`). With an earlier state, `updates.getDifference` returns what lies
/// between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdatesState {
    /// How many events the account's common message box has seen.
    pub pts: i32,
    /// The same of secret chats and of what bots are sent.
    pub qts: i32,
    /// The server's time, in seconds since 1970.
    pub date: i32,
    /// The number of the last container of updates.
    pub seq: i32,
    /// How many messages are unread.
    pub unread_count: i32,
}

/// The state of `updates.getState`, after which the server pushes updates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum UpdatesQuery {
    /// It is not needed: no user is logged in, or the server's session has answered it.
    #[default]
    Idle,
    /// It is sent from this time on, once the home DC is connected.
    Due(Timestamp),
    /// It is under way as this request.
    Asked(RequestId),
}

/// Updates that wait to be taken, oldest first.
#[derive(Default)]
pub(super) struct UpdateQueue {
    updates: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl UpdateQueue {
    /// Adds an update. Returns `false` if older ones were dropped for it.
    pub(super) fn push(&mut self, update: &[u8]) -> bool {
        self.updates.push_back(update.to_vec());
        self.bytes += update.len();
        let mut all_kept = true;
        while self.updates.len() > policy::MAX_QUEUED_UPDATES
            || (self.bytes > policy::MAX_QUEUED_UPDATE_BYTES && self.updates.len() > 1)
        {
            self.take();
            all_kept = false;
        }
        all_kept
    }

    /// Takes the oldest.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let oldest = self.updates.pop_front()?;
        self.bytes -= oldest.len();
        Some(oldest)
    }

    pub(super) fn len(&self) -> usize {
        self.updates.len()
    }
}
