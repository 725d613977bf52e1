//! Notices a dead connection: `ping_delay_disconnect` and a deadline for any sign of life.

use crate::policy;
use crate::time::Timestamp;

/// When to ping, and when to give up.
#[derive(Debug)]
pub(super) struct KeepAlive {
    next_ping: Timestamp,
    answer_due: Option<Timestamp>,
    /// When the last ping left.
    pinged: Option<Timestamp>,
    /// When a packet arrived last.
    heard: Option<Timestamp>,
}

/// Nothing arrived within 15 s of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SilentPeer;

impl KeepAlive {
    /// For a connection that is new at `now`: it is pinged at once, which proves the key and the salt.
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { next_ping: now, answer_due: None, pinged: None, heard: None }
    }

    /// A verified packet arrived.
    pub(super) const fn received(&mut self, now: Timestamp) {
        self.answer_due = None;
        self.heard(now);
    }

    /// The server is there.
    pub(super) const fn heard(&mut self, now: Timestamp) {
        self.heard = Some(now);
    }

    /// Whether a packet arrived so lately that the server has not closed the connection since.
    pub(super) fn is_heard_recently(&self, now: Timestamp) -> bool {
        self.heard.is_some_and(|at| now - at < policy::CLOSED_AFTER)
    }

    /// Whether a ping is due.
    pub(super) fn wants_ping(&self, now: Timestamp) -> bool {
        self.answer_due.is_none() && now >= self.next_ping
    }

    /// A ping leaves.
    pub(super) fn pinged(&mut self, now: Timestamp) {
        self.answer_due = Some(now + policy::PING_TIMEOUT);
        self.next_ping = now + policy::PING_EVERY;
        self.pinged = Some(now);
    }

    /// The last ping was refused with the packet that carried it.
    pub(super) fn ping_again(&mut self, now: Timestamp) {
        self.next_ping = now;
        self.answer_due = None;
    }

    /// It must be known soon whether requests may leave.
    pub(super) fn ping_soon(&mut self) {
        if let Some(pinged) = self.pinged {
            self.next_ping = self.next_ping.min(pinged + policy::URGENT_PING_EVERY);
        }
    }

    /// Judges the silence.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), SilentPeer> {
        if self.answer_due.is_some_and(|due| now >= due) { Err(SilentPeer) } else { Ok(()) }
    }

    /// When silence ends the connection, if a ping waits for its answer.
    pub(super) const fn answer_due(&self) -> Option<Timestamp> {
        self.answer_due
    }

    /// When to look again.
    pub(super) fn timeout(&self) -> Timestamp {
        self.answer_due.unwrap_or(self.next_ping)
    }
}
