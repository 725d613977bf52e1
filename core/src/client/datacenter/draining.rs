//! The session of a temporary key that was replaced. It still awaits answers, and requests them. Under a
//! new key msg_ids begin again, so requests that the server has received in the old session must not be sent again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::client::backoff::Backoff;
use crate::client::connection::Connection;
use crate::crypto::SecureRandom;
use crate::policy;
use crate::rpc::{DisconnectReason, RequestId};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

/// A session that carries no new requests, with its connection. It lives until it awaits no answer, or for
/// [`policy::DRAINING_TIMEOUT`].
#[derive(Debug)]
pub(crate) struct DrainingSession {
    connection: Connection,
    until: Timestamp,
    backoff: Backoff,
}

impl DrainingSession {
    /// Starts draining the session of `connection`.
    pub(crate) fn new(mut connection: Connection, now: Now) -> Self {
        connection.start_draining(now);
        if connection.conn().is_none() {
            connection.back_off(now.monotonic);
        }
        Self { connection, until: now.monotonic + policy::DRAINING_TIMEOUT, backoff: Backoff::default() }
    }

    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Returns the time limit of the draining.
    pub(crate) const fn until(&self) -> Timestamp {
        self.until
    }

    /// Takes the requests that the server has not received, each with how far it came: they may be sent under another key.
    pub(crate) fn take_unsent(&mut self) -> Vec<(RequestTag, Delivery)> {
        self.connection.session_mut().map(|session| session.session.take_queued()).unwrap_or_default()
    }

    /// Forgets a request.
    pub(crate) fn drop_request(&mut self, tag: RequestTag) {
        if let Some(session) = self.connection.session_mut() {
            session.session.drop_request(tag);
        }
    }

    /// Returns whether the answer to a request may arrive in this session.
    pub(crate) fn carries(&self, tag: RequestTag) -> bool {
        self.connection.session().is_some_and(|session| session.session.delivery(tag) >= Delivery::Packed)
    }

    /// Returns whether the draining is over: no answer is awaited, or the time is up.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until || !self.connection.has_requests()
    }

    /// Handles the end of the connection. The next attempt begins after a backoff, unless the server has forgotten the
    /// key.
    pub(crate) fn on_disconnect(
        &mut self,
        reason: &DisconnectReason,
        random: &mut dyn SecureRandom,
        now: Timestamp,
    ) {
        self.backoff.record_failure();
        if matches!(reason, DisconnectReason::TransportError(-404) | DisconnectReason::TemporaryKeyRefused(_))
        {
            self.until = now;
        }
        self.connection.back_off(now + self.backoff.pause(reason, random));
    }
}

/// Requests that were sent under a key that is gone or replaced.
#[derive(Debug, Default)]
pub(crate) struct OrphanedRequests {
    /// Their progress.
    known: BTreeMap<RequestTag, Delivery>,
    /// Those that are still to be failed or sent again: the server cannot be asked for their outcome.
    undecided: Vec<RequestTag>,
}

impl OrphanedRequests {
    /// Adds the sent requests of the session that `connection` carries.
    pub(crate) fn add(&mut self, connection: &Connection, waiting: impl Iterator<Item = RequestId>) {
        let Some(session) = connection.session() else { return };
        for tag in waiting.map(RequestId::tag) {
            let delivery = session.session.delivery(tag);
            if delivery >= Delivery::Packed {
                self.known.insert(tag, delivery.max(Delivery::Sent));
                self.undecided.push(tag);
            }
        }
    }

    /// Adds the progress of a request that is sent again under another key.
    pub(crate) fn remember(&mut self, tag: RequestTag, delivery: Delivery) {
        if delivery > Delivery::Queued {
            let known = self.known.entry(tag).or_insert(delivery);
            *known = delivery.max(*known);
        }
    }

    /// Returns the progress of a request, or `None` if it is not orphaned.
    pub(crate) fn delivery(&self, tag: RequestTag) -> Option<Delivery> {
        self.known.get(&tag).copied()
    }

    /// Returns whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Forgets a request that has ended.
    pub(crate) fn forget(&mut self, tag: RequestTag) {
        if !self.known.is_empty() {
            self.known.remove(&tag);
        }
    }

    /// Returns whether requests must be failed or sent again.
    pub(crate) const fn has_undecided(&self) -> bool {
        !self.undecided.is_empty()
    }

    /// Takes the requests that must be failed or sent again, oldest first.
    pub(crate) fn take_undecided(&mut self) -> Vec<RequestTag> {
        core::mem::take(&mut self.undecided)
    }
}
