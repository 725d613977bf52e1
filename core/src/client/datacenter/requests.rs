//! The requests to a DC: in its session, parked until they may leave, owed by the draining session, or sent under a key
//! that is gone.

use alloc::vec::Vec;

use super::authorization::TransferState;
use super::draining::DrainingSession;
use super::{Datacenter, Role};
use crate::client::connection::carried_session::CarriedSession;
use crate::client::io::ConnId;
use crate::rpc::{PendingRequests, RequestConstraints, RequestId, Requester};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

impl Datacenter {
    /// Queues a new request. Without a session that may carry it, it stays among the pending requests until there is one.
    pub(crate) fn queue(&mut self, tag: RequestTag, constraints: RequestConstraints, now: Timestamp) {
        self.last_used = now;
        if self.takes_requests() {
            self.route_request(tag, constraints);
        }
    }

    /// Whether the session was given the requests that waited for it.
    pub(super) fn takes_requests(&self) -> bool {
        self.main.carried().is_some_and(|carried| carried.takes_requests)
    }

    /// Whether a request may leave in the present session. What is to be executed after something that the draining
    /// session owes must wait: msg_ids of one session mean nothing in another.
    fn may_leave(&self, constraints: RequestConstraints) -> bool {
        let passes = self.transfer_state == TransferState::Unrestricted
            || matches!(constraints.requester, Requester::Transfer(_));
        let waits =
            constraints.after.is_some_and(|after| self.parked.contains(&after) || self.is_owed(after));
        passes && !waits && !self.rotation.holds_requests()
    }

    /// Queues a request, or parks it.
    fn route_request(&mut self, tag: RequestTag, constraints: RequestConstraints) {
        let may_leave = self.may_leave(constraints);
        match self.main.carried_mut() {
            Some(carried) if may_leave => carried.session.queue(tag),
            _ => _ = self.parked.insert(tag),
        }
    }

    /// Gives the session the requests that waited for it, once its key is usable. Returns whether they waited for a key
    /// exchange.
    pub(crate) fn queue_waiting(&mut self, requests: &PendingRequests) -> bool {
        let waited = self.key_exchange_deadline().is_some();
        let Some(carried) = self.main.carried_mut() else { return false };
        if !carried.is_key_usable() {
            carried.bind();
            return false;
        }
        if carried.takes_requests {
            return false;
        }
        carried.takes_requests = true;
        self.key_refusals.on_key_usable();
        self.parked.clear();
        // What the draining session may still have answers to stays there.
        let waiting: Vec<RequestId> =
            requests.unanswered(self.dc).filter(|id| !self.is_owed(id.tag())).collect();
        for id in waiting {
            self.route_waiting(id.tag(), requests);
        }
        waited
    }

    /// Parks an answered request until the account's login is known at the DC.
    pub(crate) fn park(&mut self, tag: RequestTag) {
        self.parked.insert(tag);
    }

    /// Queues what was parked, if it may leave now.
    pub(crate) fn unpark(&mut self, requests: &PendingRequests) {
        for tag in core::mem::take(&mut self.parked) {
            self.route_waiting(tag, requests);
        }
    }

    pub(super) fn unpark_if_needed(&mut self, requests: &PendingRequests) {
        if core::mem::take(&mut self.needs_unpark) && !self.parked.is_empty() && self.takes_requests() {
            self.unpark(requests);
        }
    }

    /// Queues a request, or parks it, unless its result is no longer wanted.
    fn route_waiting(&mut self, tag: RequestTag, requests: &PendingRequests) {
        if let Some(constraints) = requests.constraints(tag.into()) {
            self.route_request(tag, constraints);
        }
    }

    /// The sessions that may have a request: the present one and the draining one.
    fn sessions(&self) -> impl Iterator<Item = &CarriedSession> {
        [Role::Main, Role::Draining].into_iter().filter_map(|role| self.connection(role)?.carried())
    }

    fn sessions_mut(&mut self) -> impl Iterator<Item = &mut CarriedSession> {
        let draining = self.draining.as_deref_mut().map(DrainingSession::connection_mut);
        [Some(&mut self.main), draining]
            .into_iter()
            .flatten()
            .filter_map(|connection| connection.carried_mut())
    }

    /// The result of a request is no longer wanted.
    pub(crate) fn drop_request(&mut self, tag: RequestTag) {
        self.on_request_ended(tag);
        self.parked.remove(&tag);
        self.sessions_mut().for_each(|carried| carried.session.drop_request(tag));
    }

    /// A request has ended.
    pub(crate) fn on_request_ended(&mut self, tag: RequestTag) {
        self.orphaned.forget(tag);
        self.needs_unpark |= self.draining.is_some();
    }

    /// How far a request has come.
    pub(crate) fn delivery(&self, tag: RequestTag) -> Delivery {
        let known = self.sessions().map(|carried| carried.session.delivery(tag));
        known.chain(self.orphaned.delivery(tag)).max().unwrap_or(Delivery::Queued)
    }

    /// Whether the draining session may still bring the answer to a request.
    fn is_owed(&self, tag: RequestTag) -> bool {
        self.draining.as_deref().is_some_and(|draining| draining.carries(tag))
    }

    /// Takes the requests whose outcome is unknown, oldest first.
    pub(crate) fn take_unknown_outcomes(&mut self) -> Vec<RequestTag> {
        let mut unknown = self.orphaned.take_undecided();
        self.sessions_mut().for_each(|carried| unknown.append(&mut carried.session.take_unknown_outcomes()));
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// Sends a request of unknown outcome again: in this session, or in the next, which takes every request that the
    /// draining session does not owe.
    pub(crate) fn send_again(&mut self, tag: RequestTag, constraints: RequestConstraints) {
        if let Some(draining) = &mut self.draining {
            draining.drop_request(tag);
            self.needs_unpark = true;
        }
        if !self.takes_requests() {
            return;
        }
        let may_leave = self.may_leave(constraints);
        match self.main.carried_mut() {
            // What is to be executed after it may wait there already.
            Some(carried) if may_leave => carried.session.requeue(tag),
            _ => _ = self.parked.insert(tag),
        }
    }

    /// Moves the requests that the server never got from the draining session to the present one. Returns the connection
    /// to close if the draining has ended.
    pub(super) fn tick_draining(&mut self, requests: &PendingRequests, now: Now) -> Option<ConnId> {
        let draining = self.draining.as_deref_mut()?;
        draining.connection_mut().tick(now.monotonic);
        let lost = draining.take_unsent();
        let is_over = draining.is_over(now.monotonic);
        // A session that takes no requests yet will get them with all others.
        if self.takes_requests() {
            for tag in lost {
                self.route_waiting(tag, requests);
            }
        }
        if is_over { self.drop_draining(requests) } else { None }
    }

    /// Forgets the draining session: the outcome of what it owes is unknown from now on. Returns its connection.
    pub(super) fn drop_draining(&mut self, requests: &PendingRequests) -> Option<ConnId> {
        let draining = self.draining.take()?;
        self.needs_unpark = true;
        self.orphaned.add(draining.connection(), requests.unanswered(self.dc));
        draining.connection().conn()
    }

    /// Gives up the answers of both sessions: the outcome of their requests is unknown. Returns the connection of the
    /// draining one.
    pub(crate) fn abandon_answers(&mut self, requests: &PendingRequests) -> Option<ConnId> {
        self.orphaned.add(&self.main, requests.unanswered(self.dc));
        self.drop_draining(requests)
    }
}
