//! What is left of a session whose temporary key was replaced: it waits for the answers to what left under it, and asks
//! the server for them. A new key means new identifiers, so what the server has of the old session must not be sent again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::client::backoff::Backoff;
use crate::client::connection::Connection;
use crate::crypto::SecureRandom;
use crate::policy;
use crate::rpc::{DisconnectReason, RequestId};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

/// A session that carries no new requests, with its connection. It lives until it owes no answer, or for
/// [`policy::DRAINING_TIMEOUT`].
#[derive(Debug)]
pub(crate) struct DrainingSession {
    connection: Connection,
    until: Timestamp,
    backoff: Backoff,
}

impl DrainingSession {
    /// What is left of `connection`.
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

    /// When it is forgotten at the latest.
    pub(crate) const fn until(&self) -> Timestamp {
        self.until
    }

    /// Takes the requests that were never sent, or that the server never got: they may leave under another key.
    pub(crate) fn take_unsent(&mut self) -> Vec<RequestTag> {
        self.connection.carried_mut().map(|carried| carried.session.take_queued()).unwrap_or_default()
    }

    /// The answer to a request is no longer waited for.
    pub(crate) fn drop_request(&mut self, tag: RequestTag) {
        if let Some(carried) = self.connection.carried_mut() {
            carried.session.drop_request(tag);
        }
    }

    /// Whether an answer may come through here.
    pub(crate) fn carries(&self, tag: RequestTag) -> bool {
        self.connection.carried().is_some_and(|carried| carried.session.delivery(tag) >= Delivery::Packed)
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until || !self.connection.has_requests()
    }

    /// The connection ended; the next one begins after a pause, unless the server has forgotten the key.
    pub(crate) fn on_disconnect(
        &mut self,
        reason: &DisconnectReason,
        random: &mut dyn SecureRandom,
        now: Timestamp,
    ) {
        self.backoff.record_failure();
        if matches!(reason, DisconnectReason::TransportError(-404) | DisconnectReason::BindRefused(_)) {
            self.until = now;
        }
        self.connection.back_off(now + self.backoff.pause(reason, random));
    }
}

/// Requests that left under a key which is gone: the server cannot be asked for their outcome.
#[derive(Debug, Default)]
pub(crate) struct OrphanedRequests {
    /// How far they had come.
    known: BTreeMap<RequestTag, Delivery>,
    /// Requests that are still to be failed or sent again.
    undecided: Vec<RequestTag>,
}

impl OrphanedRequests {
    /// Notes what `connection` carries and will have no answer to.
    pub(crate) fn add(&mut self, connection: &Connection, waiting: impl Iterator<Item = RequestId>) {
        let Some(carried) = connection.carried() else { return };
        for tag in waiting.map(RequestId::tag) {
            let delivery = carried.session.delivery(tag);
            if delivery >= Delivery::Packed {
                self.known.insert(tag, delivery.max(Delivery::Sent));
                self.undecided.push(tag);
            }
        }
    }

    pub(crate) fn delivery(&self, tag: RequestTag) -> Option<Delivery> {
        self.known.get(&tag).copied()
    }

    pub(crate) fn forget(&mut self, tag: RequestTag) {
        if !self.known.is_empty() {
            self.known.remove(&tag);
        }
    }

    /// Takes the requests that must be failed or sent again.
    pub(crate) fn take_undecided(&mut self) -> Vec<RequestTag> {
        core::mem::take(&mut self.undecided)
    }
}
