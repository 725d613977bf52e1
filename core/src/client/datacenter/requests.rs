//! The requests to a DC. Each is in one of four places: queued or sent in the session of the main connection, parked
//! until it may be sent, awaited by the draining session, or orphaned: sent under a key that is gone.

use alloc::vec::Vec;

use super::authorization::TransferState;
use super::draining::DrainingSession;
use super::{Datacenter, Role};
use crate::client::connection::connection_session::ConnectionSession;
use crate::client::io::ConnId;
use crate::rpc::{RequestConstraints, RequestId, RequestTable, Requester};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

impl Datacenter {
    /// Queues a new request. If there is no session for it yet, the next session takes it from the pending requests.
    pub(crate) fn queue(&mut self, tag: RequestTag, constraints: RequestConstraints, now: Timestamp) {
        self.last_used = now;
        if self.has_queued_pending() {
            self.queue_or_park(tag, constraints);
        }
    }

    /// Queues a request that has come back without having been executed: the server's answer was an error. It leaves
    /// before those that have not been sent, since they may have to be executed after it.
    pub(crate) fn queue_again(&mut self, tag: RequestTag, requests: &RequestTable, now: Timestamp) {
        self.last_used = now;
        if let Some(constraints) = requests.constraints(tag.into())
            && self.has_queued_pending()
        {
            self.requeue_or_park(tag, constraints, requests);
        }
    }

    /// Returns whether the pending requests have been queued in the session: new ones are queued at once then.
    pub(super) fn has_queued_pending(&self) -> bool {
        self.main.session().is_some_and(|session| session.has_queued_pending)
    }

    /// Returns whether a request may be sent in the current session. One that must be executed after a parked request
    /// must wait for that; and so must one after a request whose answer the draining session awaits: msg_ids of one
    /// session mean nothing in another.
    fn may_be_sent(&self, constraints: RequestConstraints) -> bool {
        let passes = self.transfer_state == TransferState::NotNeeded
            || matches!(constraints.requester, Requester::Transfer(_));
        let waits = constraints
            .after
            .is_some_and(|after| self.parked.contains(&after) || self.is_awaited_by_draining(after));
        passes && !waits && !constraints.is_waiting && !self.rotation.holds_requests()
    }

    /// Queues a request in the session, or parks it.
    fn queue_or_park(&mut self, tag: RequestTag, constraints: RequestConstraints) {
        let may_be_sent = self.may_be_sent(constraints);
        match self.main.session_mut() {
            Some(session) if may_be_sent => session.session.queue(tag),
            _ => _ = self.parked.insert(tag),
        }
    }

    /// Queues a request in front of those that were not sent, or parks it with those that must be executed after it.
    fn requeue_or_park(&mut self, tag: RequestTag, constraints: RequestConstraints, requests: &RequestTable) {
        let may_be_sent = self.may_be_sent(constraints);
        match self.main.session_mut() {
            Some(session) if may_be_sent => session.session.requeue(tag),
            _ => self.park(tag, requests),
        }
    }

    /// Queues the pending requests in the session, once its key is usable; a key that must be bound is bound first.
    /// Returns whether requests are queued now that had to wait for a key exchange.
    pub(crate) fn bind_or_queue_waiting(&mut self, requests: &RequestTable) -> bool {
        let waited = self.ready_deadline_in_key_exchange().is_some();
        let Some(session) = self.main.session_mut() else { return false };
        if !session.is_key_usable() {
            session.bind();
            return false;
        }
        if session.has_queued_pending {
            return false;
        }
        session.has_queued_pending = true;
        self.key_refusals.on_key_usable();
        self.parked.clear();
        // Requests whose answers the draining session awaits stay there.
        let waiting: Vec<RequestId> =
            requests.pending(self.dc).filter(|id| !self.is_awaited_by_draining(id.tag())).collect();
        for id in waiting {
            self.queue_or_park_waiting(id.tag(), requests);
        }
        waited
    }

    /// Parks a request that the session has taken already, and the queued ones that must be executed after it: without it
    /// in the session they would be sent as if it had ended.
    pub(crate) fn park(&mut self, tag: RequestTag, requests: &RequestTable) {
        self.parked.insert(tag);
        let Some(session) = self.main.session_mut() else { return };
        loop {
            let before = self.parked.len();
            session.session.take_queued_if(|tag| {
                let after = requests.constraints(tag.into()).and_then(|constraints| constraints.after);
                let is_parked = after.is_some_and(|after| self.parked.contains(&after));
                is_parked && self.parked.insert(tag)
            });
            if self.parked.len() == before {
                return;
            }
        }
    }

    /// Queues the parked requests that may be sent now.
    pub(crate) fn unpark(&mut self, requests: &RequestTable) {
        for tag in core::mem::take(&mut self.parked) {
            self.queue_or_park_waiting(tag, requests);
        }
    }

    /// Lets the parked requests that may be sent then be queued in the next [`tick`](Self::tick): one has waited long
    /// enough.
    pub(crate) fn unpark_later(&mut self) {
        self.needs_unpark = true;
    }

    pub(super) fn unpark_if_needed(&mut self, requests: &RequestTable) {
        if core::mem::take(&mut self.needs_unpark) && !self.parked.is_empty() && self.has_queued_pending() {
            self.unpark(requests);
        }
    }

    /// Queues a request, or parks it, unless it has ended.
    fn queue_or_park_waiting(&mut self, tag: RequestTag, requests: &RequestTable) {
        if let Some(constraints) = requests.constraints(tag.into()) {
            self.queue_or_park(tag, constraints);
        }
    }

    /// Returns the sessions that may have a request: the current one and the draining one.
    fn sessions(&self) -> impl Iterator<Item = &ConnectionSession> {
        [Role::Main, Role::Draining].into_iter().filter_map(|role| self.connection(role)?.session())
    }

    fn sessions_mut(&mut self) -> impl Iterator<Item = &mut ConnectionSession> {
        let draining = self.draining.as_deref_mut().map(DrainingSession::connection_mut);
        [Some(&mut self.main), draining]
            .into_iter()
            .flatten()
            .filter_map(|connection| connection.session_mut())
    }

    /// Forgets a request whose result is no longer wanted.
    pub(crate) fn drop_request(&mut self, tag: RequestTag) {
        self.on_request_ended(tag);
        // Those to be executed after it may be parked too.
        self.needs_unpark |= self.parked.remove(&tag);
        self.sessions_mut().for_each(|session| session.session.drop_request(tag));
    }

    /// Returns whether [`on_request_ended`](Self::on_request_ended) has an effect.
    pub(crate) fn awaits_ends(&self) -> bool {
        self.draining.is_some() || !self.orphaned.is_empty()
    }

    /// Records that a request has ended.
    pub(crate) fn on_request_ended(&mut self, tag: RequestTag) {
        self.orphaned.forget(tag);
        self.needs_unpark |= self.draining.is_some();
    }

    /// Returns the progress of a request.
    pub(crate) fn delivery(&self, tag: RequestTag) -> Delivery {
        let known = self.sessions().map(|session| session.session.delivery(tag));
        known.chain(self.orphaned.delivery(tag)).max().unwrap_or(Delivery::Queued)
    }

    /// Returns whether the answer to a request may still arrive in the draining session.
    fn is_awaited_by_draining(&self, tag: RequestTag) -> bool {
        self.draining.as_deref().is_some_and(|draining| draining.carries(tag))
    }

    /// Takes the requests whose outcome is unknown, oldest first.
    pub(crate) fn take_unknown_outcomes(&mut self) -> Vec<RequestTag> {
        let mut unknown = self.orphaned.take_undecided();
        self.sessions_mut().for_each(|session| unknown.append(&mut session.session.take_unknown_outcomes()));
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// Sends a request of unknown outcome again: in this session, or in the next, which takes every request whose
    /// answer the draining session does not await.
    pub(crate) fn send_again(
        &mut self,
        tag: RequestTag,
        constraints: RequestConstraints,
        requests: &RequestTable,
    ) {
        if let Some(draining) = &mut self.draining {
            draining.drop_request(tag);
            self.needs_unpark = true;
        }
        if self.has_queued_pending() {
            self.requeue_or_park(tag, constraints, requests);
        }
    }

    /// Moves the requests that the server never got from the draining session to the current one. Returns the
    /// connection to close if the draining has ended.
    pub(super) fn tick_draining(&mut self, requests: &RequestTable, now: Now) -> Option<ConnId> {
        let draining = self.draining.as_deref_mut()?;
        draining.connection_mut().tick(now.monotonic);
        let lost = draining.take_unsent();
        let is_over = draining.is_over(now.monotonic);
        // A session that takes no requests yet gets them later, with all others.
        if self.has_queued_pending() {
            for tag in lost {
                self.queue_or_park_waiting(tag, requests);
            }
        }
        if is_over { self.drop_draining(requests) } else { None }
    }

    /// Drops the draining session: the outcome of the requests whose answers it awaits is unknown. Returns its
    /// connection, to be closed.
    pub(super) fn drop_draining(&mut self, requests: &RequestTable) -> Option<ConnId> {
        let draining = self.draining.take()?;
        self.needs_unpark = true;
        self.orphaned.add(draining.connection(), requests.pending(self.dc));
        draining.connection().conn()
    }

    /// Gives up the answers of both sessions: the outcome of their requests is unknown. Returns the draining session's
    /// connection, to be closed.
    pub(crate) fn abandon_answers(&mut self, requests: &RequestTable) -> Option<ConnId> {
        self.orphaned.add(&self.main, requests.pending(self.dc));
        self.drop_draining(requests)
    }
}
