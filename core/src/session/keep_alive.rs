//! Notices a dead connection: `ping_delay_disconnect` and a deadline for any sign of life.

use core::time::Duration;

use crate::time::Timestamp;

/// The time between two pings.
const PING_EVERY: Duration = Duration::from_secs(60);
/// The server closes the connection by itself this many seconds after the last ping, so pings leave at a fixed
/// pace also while other messages flow.
pub(super) const DISCONNECT_DELAY: i32 = 75;
/// How long after a ping anything at all must arrive.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// The shortest time between two pings that ask whether requests may leave, however a server answers them.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// A connection over which nothing came for so long was closed by the server.
const CLOSED_AFTER: Duration = Duration::from_secs(DISCONNECT_DELAY.cast_unsigned() as u64);

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
    pub(super) fn is_heard(&self, now: Timestamp) -> bool {
        self.heard.is_some_and(|at| now - at < CLOSED_AFTER)
    }

    /// Whether a ping is due.
    pub(super) fn wants_ping(&self, now: Timestamp) -> bool {
        self.answer_due.is_none() && now >= self.next_ping
    }

    /// A ping leaves.
    pub(super) fn pinged(&mut self, now: Timestamp) {
        self.answer_due = Some(now + ANSWER_WITHIN);
        self.next_ping = now + PING_EVERY;
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
            self.next_ping = self.next_ping.min(pinged + ASK_EVERY);
        }
    }

    /// Judges the silence.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), SilentPeer> {
        if self.answer_due.is_some_and(|due| now >= due) { Err(SilentPeer) } else { Ok(()) }
    }

    /// When silence ends the connection, where a ping waits for its answer.
    pub(super) const fn answer_due(&self) -> Option<Timestamp> {
        self.answer_due
    }

    /// When to look again.
    pub(super) fn timeout(&self) -> Timestamp {
        self.answer_due.unwrap_or(self.next_ping)
    }
}
