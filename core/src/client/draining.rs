//! What is left of a session whose temporary key was replaced: it waits for the answers to what left under it, and asks
//! the server for them. A new key means new identifiers, so what the server has of the old session must not be sent again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::connection::Connection;
use super::machine::Client;
use super::stream::Phase;
use crate::rpc::{DisconnectReason, InvokeError, OnUnknownOutcome, RequestId};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

/// How long answers are waited for: the server needs the key no longer than that for what it executes already.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session that carries no new requests, with its connection.
#[derive(Debug)]
pub(super) struct DrainingSession {
    pub(super) lane: Connection,
    pub(super) until: Timestamp,
    /// Connections that were lost.
    pub(super) failures: u32,
}

impl DrainingSession {
    /// Whether `lane` owes an answer.
    pub(super) fn is_needed(lane: &Connection) -> bool {
        lane.keyed.as_ref().is_some_and(|keyed| keyed.session.has_requests())
    }

    /// What is left of `lane`.
    pub(super) fn new(mut lane: Connection, now: Now) -> Self {
        if let Some(keyed) = &mut lane.keyed {
            keyed.session.start_draining(now);
        }
        if !matches!(lane.phase, Phase::Open(_)) {
            lane.phase = Phase::Waiting(now.monotonic);
        }
        Self { lane, until: now.monotonic + PATIENCE, failures: 0 }
    }

    /// The requests that the server never got, so that they may leave under another key.
    pub(super) fn take_lost(&mut self) -> Vec<RequestTag> {
        self.lane.keyed.as_mut().map(|keyed| keyed.session.take_queued()).unwrap_or_default()
    }

    /// Whether an answer may come through here.
    pub(super) fn carries(&self, tag: RequestTag) -> bool {
        self.lane.keyed.as_ref().is_some_and(|keyed| keyed.session.delivery(tag) >= Delivery::Packed)
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until || !Self::is_needed(&self.lane)
    }

    /// The connection is gone; the next begins after `pause`, unless the server has forgotten the key.
    pub(super) fn lost(&mut self, reason: &DisconnectReason, now: Timestamp, pause: Duration) {
        self.failures = self.failures.saturating_add(1);
        let is_forgotten =
            matches!(reason, DisconnectReason::TransportError(-404) | DisconnectReason::Binding(_));
        self.until = if is_forgotten { now } else { self.until };
        self.lane.phase = Phase::Waiting(now + pause);
    }
}

/// Requests that left under a key which is gone: nobody can ask what became of them.
#[derive(Debug, Default)]
pub(super) struct UnconfirmedRequests {
    /// How far they had come.
    known: BTreeMap<RequestTag, Delivery>,
    /// Those of which it was not decided yet whether they are sent again.
    undecided: Vec<RequestTag>,
}

impl UnconfirmedRequests {
    /// Notes what `lane` carries and will have no answer to.
    pub(super) fn add(&mut self, lane: &Connection, waiting: impl Iterator<Item = RequestId>) {
        let Some(keyed) = &lane.keyed else { return };
        for tag in waiting.map(RequestId::tag) {
            let delivery = keyed.session.delivery(tag);
            if delivery >= Delivery::Packed {
                self.known.insert(tag, delivery.max(Delivery::Sent));
                self.undecided.push(tag);
            }
        }
    }

    pub(super) fn delivery(&self, tag: RequestTag) -> Option<Delivery> {
        self.known.get(&tag).copied()
    }

    pub(super) fn forget(&mut self, tag: RequestTag) {
        if !self.known.is_empty() {
            self.known.remove(&tag);
        }
    }

    /// Takes those that must be decided upon.
    pub(super) fn take_undecided(&mut self) -> Vec<RequestTag> {
        core::mem::take(&mut self.undecided)
    }
}

impl Client {
    /// Ends the requests that may have been executed and must not be twice; the others are sent again.
    pub(super) fn decide_exposed(&mut self) {
        let mut reported: Vec<RequestId> = Vec::new();
        // Each goes before all that waits, so the oldest comes last.
        for link in self.links.values_mut() {
            for id in link.take_undecided().into_iter().rev().map(RequestId::from) {
                match (self.table.on_unknown_outcome(id), self.table.place(id)) {
                    (Some(OnUnknownOutcome::Retry), Some(place)) => link.repeat(id.tag(), place),
                    (Some(OnUnknownOutcome::Fail), _) => reported.push(id),
                    _ => {}
                }
            }
        }
        for id in reported.into_iter().rev() {
            let delivery = self.delivery(id).unwrap_or(Delivery::Sent).max(Delivery::Sent);
            self.drop_request(id);
            self.fail(id, InvokeError::OutcomeUnknown { delivery });
        }
    }
}
