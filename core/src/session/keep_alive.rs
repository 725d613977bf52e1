//! Detects a dead connection: `ping_delay_disconnect`, and a deadline for any message after it.

use crate::policy;
use crate::time::Timestamp;

/// The times of pings and signs of life on one connection.
#[derive(Debug)]
pub(super) struct KeepAlive {
    next_ping: Timestamp,
    /// The deadline for any message after the last ping.
    answer_due: Option<Timestamp>,
    last_ping: Option<Timestamp>,
    /// The time of the last sign of life.
    last_activity: Option<Timestamp>,
    /// The time of the next [check](Self::check_silence). Messages do not move it, so that they set no timer.
    next_silence_check: Option<Timestamp>,
}

impl KeepAlive {
    /// Creates the state of a connection that begins at `now`. A ping is due at once: its answer proves key and salt.
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            next_ping: now,
            answer_due: None,
            last_ping: None,
            last_activity: None,
            next_silence_check: None,
        }
    }

    /// Records that a verified packet arrived.
    pub(super) const fn on_received(&mut self, now: Timestamp) {
        self.answer_due = None;
        self.on_activity(now);
    }

    /// Records a sign of life. It does not replace the answer to a ping.
    pub(super) const fn on_activity(&mut self, now: Timestamp) {
        self.last_activity = Some(now);
    }

    /// Returns whether the last sign of life is so recent that the server has not closed the connection since.
    pub(super) fn has_recent_activity(&self, now: Timestamp) -> bool {
        self.last_activity.is_some_and(|at| now - at < policy::SERVER_IDLE_CLOSE)
    }

    /// Returns whether a ping is due.
    pub(super) fn is_ping_due(&self, now: Timestamp) -> bool {
        self.answer_due.is_none() && now >= self.next_ping
    }

    /// Records that a ping is sent.
    pub(super) fn on_ping_sent(&mut self, now: Timestamp) {
        self.answer_due = Some(now + policy::PING_TIMEOUT);
        self.next_ping = now + policy::PING_EVERY;
        self.last_ping = Some(now);
    }

    /// Records that requests are sent.
    pub(super) fn on_requests_sent(&mut self, now: Timestamp) {
        self.next_silence_check.get_or_insert(now + policy::PING_IN_SILENCE_AFTER);
    }

    /// Makes a ping due if answers are awaited and nothing has arrived for 10 s. Does nothing before its time.
    pub(super) fn check_silence(&mut self, now: Timestamp, awaits_answers: bool) {
        if self.next_silence_check.take_if(|at| *at <= now).is_none() || !awaits_answers {
            return;
        }
        // While a ping awaits its answer, that is due soon.
        let quiet_since = self.last_activity.filter(|_| self.answer_due.is_none()).unwrap_or(now);
        if now - quiet_since >= policy::PING_IN_SILENCE_AFTER {
            self.next_ping = now;
        }
        self.next_silence_check =
            Some((quiet_since + policy::PING_IN_SILENCE_AFTER).max(now + policy::URGENT_PING_EVERY));
    }

    /// Makes another ping due now: the packet with the last one was refused.
    pub(super) fn ping_again(&mut self, now: Timestamp) {
        self.next_ping = now;
        self.answer_due = None;
    }

    /// Makes the next ping due 1 s after the last one.
    pub(super) fn ping_soon(&mut self) {
        if let Some(last) = self.last_ping {
            self.next_ping = self.next_ping.min(last + policy::URGENT_PING_EVERY);
        }
    }

    /// Returns whether nothing has arrived within 15 s of a ping.
    pub(super) fn is_silent(&self, now: Timestamp) -> bool {
        self.answer_due.is_some_and(|due| now >= due)
    }

    /// Returns when the connection counts as dead, if a ping awaits its answer.
    pub(super) const fn answer_due(&self) -> Option<Timestamp> {
        self.answer_due
    }

    /// Returns the next deadline: of the answer to a ping, or of the next ping or [check](Self::check_silence).
    pub(super) fn timeout(&self) -> Timestamp {
        let next = self.next_silence_check.map_or(self.next_ping, |at| at.min(self.next_ping));
        self.answer_due.unwrap_or(next)
    }
}
