//! The states of the client's own queries, which it sends to the home DC: `updates.getState` and `help.getConfig`.

use crate::policy;
use crate::rpc::RequestId;
use crate::time::Timestamp;

/// The states of the client's own queries. There is at most one of each kind at a time.
#[derive(Debug, Default)]
pub(super) struct OwnQueryStates {
    updates: UpdatesQuery,
    /// `updates.getState` is not sent before this time.
    updates_not_before: Timestamp,
    server_config: ServerConfigQuery,
}

/// The state of `updates.getState`, after which the server pushes updates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum UpdatesQuery {
    /// It is not needed: no user is logged in, or the server's session has answered it.
    #[default]
    Idle,
    /// It is sent from this time on, once the home DC is connected.
    Due(Timestamp),
    /// It is pending as this request.
    Sent(RequestId),
}

/// The state of `help.getConfig`, which returns the addresses of all DCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServerConfigQuery {
    /// It may be sent from this time on, once the last answer has expired.
    Idle(Timestamp),
    /// It is pending as this request.
    Sent(RequestId),
}

impl Default for ServerConfigQuery {
    fn default() -> Self {
        Self::Idle(Timestamp::ZERO)
    }
}

impl OwnQueryStates {
    /// Schedules `updates.getState`. One that is pending is executed in a new session of the server too.
    pub(super) fn schedule_updates_state(&mut self) {
        if self.updates == UpdatesQuery::Idle {
            self.updates = UpdatesQuery::Due(self.updates_not_before);
        }
    }

    /// Returns when `updates.getState` is due, or `None` if it is pending or not needed.
    pub(super) const fn updates_state_due(&self) -> Option<Timestamp> {
        match self.updates {
            UpdatesQuery::Due(at) => Some(at),
            UpdatesQuery::Idle | UpdatesQuery::Sent(_) => None,
        }
    }

    /// Returns whether `id` is the pending `updates.getState`.
    pub(super) fn is_updates_state(&self, id: RequestId) -> bool {
        self.updates == UpdatesQuery::Sent(id)
    }

    /// Records that `updates.getState` was sent as `id`.
    pub(super) const fn on_updates_state_sent(&mut self, id: RequestId) {
        self.updates = UpdatesQuery::Sent(id);
    }

    /// Records the answer to `updates.getState`.
    pub(super) fn on_updates_state_answer(&mut self, now: Timestamp) {
        self.updates = UpdatesQuery::Idle;
        self.updates_not_before = now + policy::UPDATES_STATE_INTERVAL;
    }

    /// Schedules `updates.getState` again after it failed.
    pub(super) const fn retry_updates_state(&mut self, at: Timestamp) {
        self.updates = UpdatesQuery::Due(at);
    }

    /// Schedules `updates.getState` again if it is pending. Returns the request to drop.
    pub(super) const fn restart_updates_state(&mut self) -> Option<RequestId> {
        let UpdatesQuery::Sent(id) = self.updates else { return None };
        self.updates = UpdatesQuery::Due(Timestamp::ZERO);
        Some(id)
    }

    /// Cancels `updates.getState`. Returns the request to drop, if it is pending.
    pub(super) const fn cancel_updates_state(&mut self) -> Option<RequestId> {
        match core::mem::replace(&mut self.updates, UpdatesQuery::Idle) {
            UpdatesQuery::Sent(id) => Some(id),
            UpdatesQuery::Idle | UpdatesQuery::Due(_) => None,
        }
    }

    /// Returns whether `help.getConfig` may be sent now.
    pub(super) fn may_send_server_config(&self, now: Timestamp) -> bool {
        matches!(self.server_config, ServerConfigQuery::Idle(from) if from <= now)
    }

    /// Returns whether `help.getConfig` is pending.
    pub(super) const fn is_server_config_pending(&self) -> bool {
        matches!(self.server_config, ServerConfigQuery::Sent(_))
    }

    /// Returns whether `id` is the pending `help.getConfig`.
    pub(super) fn is_server_config(&self, id: RequestId) -> bool {
        self.server_config == ServerConfigQuery::Sent(id)
    }

    /// Records that `help.getConfig` was sent as `id`.
    pub(super) const fn on_server_config_sent(&mut self, id: RequestId) {
        self.server_config = ServerConfigQuery::Sent(id);
    }

    /// Records that `help.getConfig` was answered, or failed. It may be sent again from `at` on.
    pub(super) const fn on_server_config_answer(&mut self, at: Timestamp) {
        self.server_config = ServerConfigQuery::Idle(at);
    }

    /// Lets `help.getConfig` be sent at once, over another connection. Returns the request to drop, if it is pending.
    pub(super) const fn restart_server_config(&mut self) -> Option<RequestId> {
        match core::mem::replace(&mut self.server_config, ServerConfigQuery::Idle(Timestamp::ZERO)) {
            ServerConfigQuery::Sent(id) => Some(id),
            ServerConfigQuery::Idle(_) => None,
        }
    }
}
