//! The requests to a DC. Each is in one of four places: queued or sent in the session of the main connection, parked
//! until it may be sent, awaited by the draining session, or orphaned: sent under a key that is gone.

use alloc::vec::Vec;

use super::authorization::TransferState;
use super::draining::DrainingSession;
use super::{Datacenter, Role};
use crate::client::connection::connection_session::ConnectionSession;
use crate::client::context::Context;
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

    /// Queues a request that has come back without having been executed: the server's answer was an error.
    pub(crate) fn queue_again(&mut self, tag: RequestTag, requests: &RequestTable, now: Timestamp) {
        self.last_used = now;
        if self.has_queued_pending() {
            self.queue_or_park_pending(tag, requests);
        }
    }

    /// Returns whether the pending requests have been queued in the session: new ones are queued at once then.
    pub(super) fn has_queued_pending(&self) -> bool {
        self.main.session().is_some_and(|session| session.has_queued_pending)
    }

    /// Returns whether a request may be sent in the current session. Those that must be executed after another one are
    /// held when they are packed, see [`transmit_main`](Self::transmit_main).
    fn may_be_sent(&self, constraints: RequestConstraints) -> bool {
        let passes = self.transfer_state == TransferState::NotNeeded
            || matches!(constraints.requester, Requester::Transfer(_));
        passes && !constraints.is_waiting && !self.rotation.holds_requests()
    }

    /// Queues a request in the session, or parks it. Returns whether it is queued.
    fn queue_or_park(&mut self, tag: RequestTag, constraints: RequestConstraints) -> bool {
        let may_be_sent = self.may_be_sent(constraints);
        match self.main.session_mut() {
            Some(session) if may_be_sent => {
                session.session.queue(tag);
                true
            }
            _ => {
                self.parked.insert(tag, None);
                false
            }
        }
    }

    /// Queues a request, and with it those that waited for it, or parks it, unless it has ended.
    fn queue_or_park_pending(&mut self, tag: RequestTag, requests: &RequestTable) {
        self.parked.remove(tag);
        if let Some(constraints) = requests.constraints(tag.into())
            && self.queue_or_park(tag, constraints)
        {
            self.release_followers(tag, requests);
        }
    }

    /// Queues the parked requests that waited for a request, which is queued or has ended, and those that waited for
    /// them. Returns whether there were any. The cost is that of these requests, not of all.
    fn release_followers(&mut self, tag: RequestTag, requests: &RequestTable) -> bool {
        let (mut is_queued, mut released) = (false, Vec::new());
        let mut earlier = (!self.parked.is_empty()).then_some(tag);
        while let Some(tag) = earlier {
            while let Some(follower) = self.parked.take_follower(tag) {
                let constraints = requests.constraints(follower.into());
                if constraints.is_none_or(|constraints| self.queue_or_park(follower, constraints)) {
                    is_queued = true;
                    released.push(follower);
                }
            }
            earlier = released.pop();
        }
        is_queued
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
        // Requests whose answers the draining session awaits stay there.
        let waiting: Vec<RequestId> =
            requests.pending(self.dc).filter(|id| !self.is_awaited_by_draining(id.tag())).collect();
        for id in waiting {
            self.queue_or_park_pending(id.tag(), requests);
        }
        waited
    }

    /// Parks a request that the session has taken.
    pub(crate) fn park(&mut self, tag: RequestTag) {
        if self.has_queued_pending() {
            self.parked.insert(tag, None);
        }
    }

    /// Returns the next bytes to transmit on the main connection. Parks the requests that must be executed after one that
    /// is parked, or whose answer the draining session awaits: msg_ids of one session mean nothing in another.
    ///
    /// That is decided now, for whatever reason a request is sent or sent again: without the earlier one in the session it
    /// would be sent as if that had ended.
    pub(super) fn transmit_main(
        &mut self,
        requests: &RequestTable,
        cx: &mut Context<'_>,
    ) -> Option<(ConnId, Vec<u8>)> {
        let (parked, draining) = (&self.parked, self.draining.as_deref());
        let is_held = |tag| parked.contains(tag) || draining.is_some_and(|draining| draining.carries(tag));
        let bytes = self.main.transmit(&self.query_prefix, requests, &is_held, cx);
        let held = self.main.session_mut().map(|session| session.session.take_held());
        for (tag, earlier) in held.into_iter().flatten() {
            self.parked.insert(tag, Some(earlier));
        }
        Some((self.main.conn()?, bytes?))
    }

    /// Queues the parked requests that may be sent now.
    pub(crate) fn unpark(&mut self, requests: &RequestTable) {
        for tag in self.parked.take() {
            self.queue_or_park_pending(tag, requests);
        }
    }

    /// Queues a parked request that has waited long enough.
    pub(crate) fn on_wait_over(&mut self, tag: RequestTag, requests: &RequestTable) {
        if self.parked.contains(tag) {
            self.queue_or_park_pending(tag, requests);
        }
    }

    /// Forgets the requests that this session need not send any more: those that are parked or queued. How far they came
    /// is remembered. The next session takes them from the pending requests.
    pub(super) fn forget_unsent(&mut self) {
        let parked = self.parked.take();
        let Some(session) = self.main.session_mut() else { return };
        for tag in parked {
            self.orphaned.remember(tag, session.session.delivery(tag));
            session.session.drop_request(tag);
        }
        for (tag, delivery) in session.session.take_queued() {
            self.orphaned.remember(tag, delivery);
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
    pub(crate) fn drop_request(&mut self, tag: RequestTag, requests: &RequestTable) {
        // The caller may have no time, and may not transmit.
        self.is_tick_due |= self.on_request_ended(tag, requests);
        self.sessions_mut().for_each(|session| session.session.drop_request(tag));
    }

    /// Returns whether [`on_request_ended`](Self::on_request_ended) has an effect.
    pub(crate) fn awaits_ends(&self) -> bool {
        !self.parked.is_empty() || !self.orphaned.is_empty()
    }

    /// Handles that a request has ended. Returns whether others, which waited for it, are queued now.
    pub(crate) fn on_request_ended(&mut self, tag: RequestTag, requests: &RequestTable) -> bool {
        self.orphaned.forget(tag);
        self.parked.remove(tag);
        self.release_followers(tag, requests)
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
    pub(crate) fn send_again(&mut self, tag: RequestTag, requests: &RequestTable) {
        if let Some(draining) = &mut self.draining {
            draining.drop_request(tag);
        }
        if self.has_queued_pending() {
            self.queue_or_park_pending(tag, requests);
        }
    }

    /// Moves the requests that the server never got from the draining session to the current one. Returns the
    /// connection to close if the draining has ended.
    pub(super) fn tick_draining(&mut self, requests: &RequestTable, now: Now) -> Option<ConnId> {
        let draining = self.draining.as_deref_mut()?;
        draining.connection_mut().tick(now.monotonic);
        let lost = draining.take_unsent();
        let is_over = draining.is_over(now.monotonic);
        for (tag, delivery) in lost {
            self.orphaned.remember(tag, delivery);
            // A session that takes no requests yet gets it later, with all others.
            if self.has_queued_pending() {
                self.queue_or_park_pending(tag, requests);
            }
        }
        if is_over { self.drop_draining(requests) } else { None }
    }

    /// Drops the draining session: the outcome of the requests whose answers it awaits is unknown. Returns its
    /// connection, to be closed.
    pub(super) fn drop_draining(&mut self, requests: &RequestTable) -> Option<ConnId> {
        let draining = self.draining.take()?;
        self.orphaned.add(draining.connection(), requests.pending(self.dc));
        // Some wait for requests that it awaited.
        self.unpark(requests);
        draining.connection().conn()
    }

    /// Gives up the answers of both sessions: the outcome of their requests is unknown. Returns the draining session's
    /// connection, to be closed.
    pub(crate) fn abandon_answers(&mut self, requests: &RequestTable) -> Option<ConnId> {
        self.orphaned.add(&self.main, requests.pending(self.dc));
        self.drop_draining(requests)
    }
}
