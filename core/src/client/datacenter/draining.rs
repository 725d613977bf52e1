//! What is left of a session whose temporary key was replaced: it waits for the answers to what left under it, and asks
//! the server for them. A new key means new identifiers, so what the server has of the old session must not be sent again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::client::connection::Connection;
use crate::client::connection::stream::Phase;
use crate::policy;
use crate::rpc::{DisconnectReason, RequestId};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

/// A session that carries no new requests, with its connection.
#[derive(Debug)]
pub(crate) struct DrainingSession {
    pub(crate) connection: Connection,
    pub(crate) until: Timestamp,
    /// Connections that were lost.
    pub(crate) failures: u32,
}

impl DrainingSession {
    /// Whether `connection` owes an answer.
    pub(crate) fn is_needed(connection: &Connection) -> bool {
        connection.bound.as_ref().is_some_and(|bound| bound.session.has_requests())
    }

    /// What is left of `connection`.
    pub(crate) fn new(mut connection: Connection, now: Now) -> Self {
        if let Some(bound) = &mut connection.bound {
            bound.session.start_draining(now);
        }
        if !matches!(connection.phase, Phase::Open(_)) {
            connection.phase = Phase::Waiting(now.monotonic);
        }
        Self { connection, until: now.monotonic + policy::DRAINING_TIMEOUT, failures: 0 }
    }

    /// The requests that the server never got, so that they may leave under another key.
    pub(crate) fn take_lost(&mut self) -> Vec<RequestTag> {
        self.connection.bound.as_mut().map(|bound| bound.session.take_queued()).unwrap_or_default()
    }

    /// Whether an answer may come through here.
    pub(crate) fn carries(&self, tag: RequestTag) -> bool {
        self.connection.bound.as_ref().is_some_and(|bound| bound.session.delivery(tag) >= Delivery::Packed)
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until || !Self::is_needed(&self.connection)
    }

    /// The connection is gone; the next begins after `pause`, unless the server has forgotten the key.
    pub(crate) fn lost(&mut self, reason: &DisconnectReason, now: Timestamp, pause: Duration) {
        self.failures = self.failures.saturating_add(1);
        let is_forgotten =
            matches!(reason, DisconnectReason::TransportError(-404) | DisconnectReason::Binding(_));
        self.until = if is_forgotten { now } else { self.until };
        self.connection.phase = Phase::Waiting(now + pause);
    }
}

/// Requests that left under a key which is gone: nobody can ask what became of them.
#[derive(Debug, Default)]
pub(crate) struct UnconfirmedRequests {
    /// How far they had come.
    known: BTreeMap<RequestTag, Delivery>,
    /// Those of which it was not decided yet whether they are sent again.
    undecided: Vec<RequestTag>,
}

impl UnconfirmedRequests {
    /// Notes what `connection` carries and will have no answer to.
    pub(crate) fn add(&mut self, connection: &Connection, waiting: impl Iterator<Item = RequestId>) {
        let Some(bound) = &connection.bound else { return };
        for tag in waiting.map(RequestId::tag) {
            let delivery = bound.session.delivery(tag);
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

    /// Takes those that must be decided upon.
    pub(crate) fn take_undecided(&mut self) -> Vec<RequestTag> {
        core::mem::take(&mut self.undecided)
    }
}
