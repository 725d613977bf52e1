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

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::from_origin(Duration::from_millis(milliseconds))
    }

    /// A connection that began at 0, whose first ping was answered at 1 s.
    fn answered() -> KeepAlive {
        let mut keep_alive = KeepAlive::new(at(0));
        keep_alive.on_ping_sent(at(0));
        keep_alive.on_received(at(1_000));
        keep_alive
    }

    #[test]
    fn a_server_closes_a_connection_after_75_seconds_without_a_sign_of_life() {
        let mut keep_alive = KeepAlive::new(at(0));
        assert!(!keep_alive.has_recent_activity(at(0)));
        keep_alive.on_activity(at(10_000));
        assert!(keep_alive.has_recent_activity(at(84_999)));
        assert!(!keep_alive.has_recent_activity(at(85_000)));
    }

    #[test]
    fn a_ping_is_due_each_minute_and_any_message_answers_it_within_15_seconds() {
        let mut keep_alive = KeepAlive::new(at(5_000));
        assert!(!keep_alive.is_ping_due(at(4_999)) && keep_alive.is_ping_due(at(5_000)));
        assert_eq!(keep_alive.timeout(), at(5_000));
        keep_alive.on_ping_sent(at(5_000));
        assert!(!keep_alive.is_ping_due(at(65_000)), "it awaits its answer");
        assert_eq!((keep_alive.timeout(), keep_alive.answer_due()), (at(20_000), Some(at(20_000))));
        assert!(!keep_alive.is_silent(at(19_999)) && keep_alive.is_silent(at(20_000)));
        keep_alive.on_activity(at(6_000));
        assert!(keep_alive.is_silent(at(20_000)), "only a verified packet is an answer");
        keep_alive.on_received(at(6_000));
        assert!(!keep_alive.is_silent(at(20_000)));
        assert!(!keep_alive.is_ping_due(at(64_999)) && keep_alive.is_ping_due(at(65_000)));
        assert_eq!(keep_alive.timeout(), at(65_000));
    }

    #[test]
    fn silence_of_10_seconds_makes_a_ping_due_if_answers_are_awaited() {
        let mut keep_alive = answered();
        keep_alive.on_requests_sent(at(500));
        keep_alive.on_requests_sent(at(2_000));
        assert_eq!(keep_alive.timeout(), at(10_500), "the first request sets the time");
        keep_alive.check_silence(at(10_499), true);
        assert_eq!(keep_alive.timeout(), at(10_500), "nothing happens before it");
        keep_alive.check_silence(at(10_500), true);
        assert!(!keep_alive.is_ping_due(at(10_500)), "9.5 s have passed since the last message");
        assert_eq!(keep_alive.timeout(), at(11_500), "checks are at least 1 s apart");
        keep_alive.check_silence(at(11_500), true);
        assert!(keep_alive.is_ping_due(at(11_500)));

        let mut keep_alive = answered();
        keep_alive.on_requests_sent(at(1_000));
        keep_alive.check_silence(at(11_000), true);
        assert!(keep_alive.is_ping_due(at(11_000)), "exactly 10 s have passed");
    }

    #[test]
    fn the_next_check_is_10_seconds_after_the_last_message() {
        let mut keep_alive = answered();
        keep_alive.on_requests_sent(at(1_000));
        keep_alive.on_received(at(8_000));
        keep_alive.check_silence(at(11_000), true);
        assert!(!keep_alive.is_ping_due(at(11_000)));
        assert_eq!(keep_alive.timeout(), at(18_000));
    }

    #[test]
    fn silence_is_not_checked_while_a_ping_or_nothing_is_awaited() {
        let mut keep_alive = answered();
        keep_alive.on_requests_sent(at(1_000));
        keep_alive.check_silence(at(30_000), false);
        assert!(!keep_alive.is_ping_due(at(30_000)));
        assert_eq!(keep_alive.timeout(), at(60_000), "no check follows");

        let mut keep_alive = answered();
        keep_alive.on_requests_sent(at(1_000));
        keep_alive.on_ping_sent(at(60_000));
        keep_alive.check_silence(at(61_000), true);
        keep_alive.on_received(at(62_000));
        assert!(!keep_alive.is_ping_due(at(62_000)));
        assert_eq!(keep_alive.timeout(), at(71_000));
    }

    #[test]
    fn an_urgent_ping_is_due_1_second_after_the_last_one_and_a_refused_one_at_once() {
        let mut keep_alive = KeepAlive::new(at(0));
        keep_alive.ping_soon();
        assert!(keep_alive.is_ping_due(at(0)), "the first one is not delayed");
        let mut keep_alive = answered();
        keep_alive.ping_soon();
        assert!(!keep_alive.is_ping_due(at(999)) && keep_alive.is_ping_due(at(1_000)));
        keep_alive.on_ping_sent(at(2_000));
        keep_alive.ping_again(at(2_500));
        assert!(keep_alive.is_ping_due(at(2_500)) && !keep_alive.is_silent(at(17_000)));
    }
}
