//! Where the requests to a DC are: in its session, parked until they may leave, owed by the draining session, or left under
//! a key that is gone.

use alloc::vec::Vec;

use super::authorization::AuthState;
use super::draining::DrainingSession;
use super::{Datacenter, Role};
use crate::client::connection::bound_session::BoundSession;
use crate::client::io::ConnId;
use crate::rpc::{PendingRequests, RequestId, RequestOrdering, Requester};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

impl Datacenter {
    /// A new request. Without a session that may carry it, it waits in the table.
    pub(crate) fn queue(&mut self, tag: RequestTag, place: RequestOrdering, now: Timestamp) {
        self.last_used = now;
        if self.takes_requests() {
            self.route_request(tag, place);
        }
    }

    /// Whether the session was given the requests that waited for it.
    pub(super) fn takes_requests(&self) -> bool {
        self.main.bound().is_some_and(|bound| bound.takes_requests)
    }

    /// Whether a request may leave in the present session. What is to be executed after something that the draining
    /// session owes must wait: msg_ids of one session mean nothing in another.
    fn may_leave(&self, place: RequestOrdering) -> bool {
        let passes = self.auth == AuthState::Open || matches!(place.owner, Requester::Transfer(_));
        let waits = place.after.is_some_and(|after| self.parked.contains(&after) || self.is_owed(after));
        passes && !waits && !self.rotation.holds_requests()
    }

    /// Queues a request, or parks it.
    fn route_request(&mut self, tag: RequestTag, place: RequestOrdering) {
        let may_leave = self.may_leave(place);
        match self.main.bound_mut() {
            Some(bound) if may_leave => bound.session.queue(tag),
            _ => _ = self.parked.insert(tag),
        }
    }

    /// Gives the session the requests that waited for it, if it has become fit for them. Returns whether all had to wait
    /// until now for want of a key.
    pub(crate) fn fill(&mut self, table: &PendingRequests) -> bool {
        let waited = self.key_exchange_due().is_some();
        let Some(bound) = self.main.bound_mut() else { return false };
        if !bound.is_ready() {
            bound.bind();
            return false;
        }
        if bound.takes_requests {
            return false;
        }
        bound.takes_requests = true;
        self.denials.key_accepted();
        self.parked.clear();
        // What the draining session may still have answers to stays there.
        let waiting: Vec<RequestId> = table.waiting(self.dc).filter(|id| !self.is_owed(id.tag())).collect();
        for id in waiting {
            self.route_waiting(id.tag(), table);
        }
        waited
    }

    /// Parks an answered request until the account's login is known at the DC.
    pub(crate) fn park(&mut self, tag: RequestTag) {
        self.parked.insert(tag);
    }

    /// Queues what was parked, if it may leave now.
    pub(crate) fn unpark(&mut self, table: &PendingRequests) {
        if !self.rotation.holds_requests() {
            self.main.stop_draining();
        }
        for tag in core::mem::take(&mut self.parked) {
            self.route_waiting(tag, table);
        }
    }

    pub(super) fn unpark_if_owed_less(&mut self, table: &PendingRequests) {
        if core::mem::take(&mut self.owes_less) && !self.parked.is_empty() && self.takes_requests() {
            self.unpark(table);
        }
    }

    /// Queues a request, or parks it, unless its result is no longer wanted.
    fn route_waiting(&mut self, tag: RequestTag, table: &PendingRequests) {
        if let Some(place) = table.place(tag.into()) {
            self.route_request(tag, place);
        }
    }

    /// The sessions that may have a request: the present one and the draining one.
    fn sessions(&self) -> impl Iterator<Item = &BoundSession> {
        [Role::Main, Role::Draining].into_iter().filter_map(|role| self.connection(role)?.bound())
    }

    fn sessions_mut(&mut self) -> impl Iterator<Item = &mut BoundSession> {
        let draining = self.draining.as_deref_mut().map(DrainingSession::connection_mut);
        [Some(&mut self.main), draining].into_iter().flatten().filter_map(|connection| connection.bound_mut())
    }

    /// The result of a request is no longer wanted.
    pub(crate) fn drop_request(&mut self, tag: RequestTag) {
        self.answered(tag);
        self.parked.remove(&tag);
        self.sessions_mut().for_each(|bound| bound.session.drop_request(tag));
    }

    /// A request has ended.
    pub(crate) fn answered(&mut self, tag: RequestTag) {
        self.unconfirmed.forget(tag);
        self.owes_less |= self.draining.is_some();
    }

    /// How far a request has come.
    pub(crate) fn delivery(&self, tag: RequestTag) -> Delivery {
        let known = self.sessions().map(|bound| bound.session.delivery(tag));
        known.chain(self.unconfirmed.delivery(tag)).max().unwrap_or(Delivery::Queued)
    }

    /// Whether the draining session may still bring the answer to a request.
    fn is_owed(&self, tag: RequestTag) -> bool {
        self.draining.as_deref().is_some_and(|draining| draining.carries(tag))
    }

    /// Takes the requests whose outcome is unknown, oldest first.
    pub(crate) fn take_unknown_outcomes(&mut self) -> Vec<RequestTag> {
        let mut unknown = self.unconfirmed.take_undecided();
        self.sessions_mut().for_each(|bound| unknown.append(&mut bound.session.take_unsure()));
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// Sends such a request again: in this session, or in the next, which takes all that is owed by no other.
    pub(crate) fn send_again(&mut self, tag: RequestTag, place: RequestOrdering) {
        if let Some(draining) = &mut self.draining {
            draining.drop_request(tag);
            self.owes_less = true;
        }
        if !self.takes_requests() {
            return;
        }
        let may_leave = self.may_leave(place);
        match self.main.bound_mut() {
            // What is to be executed after it may wait there already.
            Some(bound) if may_leave => bound.session.queue_again(tag),
            _ => _ = self.parked.insert(tag),
        }
    }

    /// What the server never got of the draining session leaves in the present one. Returns the connection to close if
    /// nothing drains any more.
    pub(super) fn tick_draining(&mut self, table: &PendingRequests, now: Now) -> Option<ConnId> {
        let draining = self.draining.as_deref_mut()?;
        draining.connection_mut().tick(now.monotonic);
        let lost = draining.take_lost();
        let is_over = draining.is_over(now.monotonic);
        // A session that takes no requests yet will get them with all others.
        if self.takes_requests() {
            for tag in lost {
                self.route_waiting(tag, table);
            }
        }
        if is_over { self.drop_draining(table) } else { None }
    }

    /// Forgets the draining session: the outcome of what it owes is unknown from now on. Returns its connection.
    pub(super) fn drop_draining(&mut self, table: &PendingRequests) -> Option<ConnId> {
        let draining = self.draining.take()?;
        self.owes_less = true;
        self.unconfirmed.add(draining.connection(), table.waiting(self.dc));
        draining.connection().conn()
    }

    /// Neither session brings further answers: remembers what left under both. Returns the draining one's connection.
    pub(crate) fn abandon_answers(&mut self, table: &PendingRequests) -> Option<ConnId> {
        self.unconfirmed.add(&self.main, table.waiting(self.dc));
        self.drop_draining(table)
    }
}
