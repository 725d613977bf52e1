//! The history of attempts to reach a DC, which decides about the next attempt.

use alloc::boxed::Box;
use core::time::Duration;

use crate::client::backoff::Backoff;
use crate::client::connection::ConnectionProgress;
use crate::crypto::SecureRandom;
use crate::rpc::{DisconnectReason, IoFailure};

/// The attempts to reach a DC so far.
#[derive(Debug, Default)]
pub(crate) struct AttemptHistory {
    /// Counts consecutive failures: attempts that failed, and connections that did not last.
    backoff: Backoff,
    /// Number of all failed attempts. It selects the addresses, stream mode and framing of the next one, and is never
    /// reset, so that a route that succeeded is used again.
    total_failures: usize,
    /// Number of connections whose tunnel did not open. It selects the first message of the next one, and is never
    /// reset, so that a message that was accepted is used again.
    tunnel_failures: u32,
    /// Whether a connection was ever ready.
    was_ready: bool,
    /// Whether a key exchange failed since a connection was ready.
    failed_in_key_exchange: bool,
    /// The end of the last connection, unless a request was answered since.
    last_failure: Option<Box<DisconnectReason>>,
}

impl AttemptHistory {
    pub(crate) const fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    pub(crate) const fn total_failures(&self) -> usize {
        self.total_failures
    }

    pub(crate) const fn tunnel_failures(&self) -> u32 {
        self.tunnel_failures
    }

    pub(crate) const fn failed_in_key_exchange(&self) -> bool {
        self.failed_in_key_exchange
    }

    pub(crate) fn last_failure(&self) -> Option<&DisconnectReason> {
        self.last_failure.as_deref()
    }

    /// Records that a connection is ready.
    pub(crate) const fn on_ready(&mut self) {
        self.was_ready = true;
        self.failed_in_key_exchange = false;
    }

    /// Records that a request succeeded. The connection then counts as a success, however soon it ends.
    pub(crate) fn on_success(&mut self) {
        self.backoff.reset();
        self.last_failure = None;
    }

    /// Lets the next attempt begin without a pause.
    pub(crate) const fn forget_failures(&mut self) {
        self.backoff.reset();
    }

    /// Records that a connection ended.
    pub(crate) fn on_disconnect(&mut self, reason: &DisconnectReason, ended: ConnectionProgress) {
        if !ended.was_ready {
            self.total_failures = self.total_failures.wrapping_add(1);
        }
        // A server that refuses everything keeps its connections open: that is not a success.
        if ended.was_stable && !reason.is_refusal() {
            self.backoff.restart();
        } else {
            self.backoff.record_failure();
        }
        self.failed_in_key_exchange |= ended.in_key_exchange;
        if ended.was_opening_tunnel {
            self.tunnel_failures = self.tunnel_failures.wrapping_add(1);
        }
        if !matches!(reason, DisconnectReason::ClosedByUs) {
            self.last_failure = Some(Box::new(reason.clone()));
        }
    }

    /// Returns whether no further attempt is made: `limit` attempts failed (0: no limit), or the proxy needs
    /// credentials. A DC that was reached once is never given up; requests have their own deadlines.
    pub(crate) fn is_given_up(&self, reason: &DisconnectReason, limit: u32) -> bool {
        let needs_person =
            matches!(reason, DisconnectReason::Network(IoFailure::Proxy(fault)) if fault.needs_credentials());
        !self.was_ready && (needs_person || (limit > 0 && self.failures() >= limit))
    }

    /// Returns the pause before the next attempt.
    pub(crate) fn pause(&self, reason: &DisconnectReason, random: &mut dyn SecureRandom) -> Duration {
        self.backoff.pause(reason, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: DisconnectReason = DisconnectReason::ReadTimeout;

    #[test]
    fn a_dc_that_was_never_reached_is_given_up() {
        let mut history = AttemptHistory::default();
        for failures in 1..=4 {
            history.on_disconnect(&LOST, ConnectionProgress::default());
            assert_eq!((history.failures(), history.total_failures()), (failures, failures as usize));
            assert!(!history.is_given_up(&LOST, 5));
        }
        history.on_disconnect(&LOST, ConnectionProgress::default());
        assert!(history.is_given_up(&LOST, 5));
        assert!(!history.is_given_up(&LOST, 0), "0 means no limit");
        history.on_ready();
        assert!(!history.is_given_up(&LOST, 5), "it was reached");
    }

    #[test]
    fn a_connection_that_was_ready_keeps_its_route() {
        let mut history = AttemptHistory::default();
        history.on_disconnect(&LOST, ConnectionProgress { was_ready: true, ..ConnectionProgress::default() });
        assert_eq!((history.total_failures(), history.failures()), (0, 1));
        history.on_disconnect(&LOST, ConnectionProgress { was_ready: true, ..ConnectionProgress::default() });
        assert_eq!(history.failures(), 2);
        history.on_disconnect(
            &LOST,
            ConnectionProgress { was_ready: true, was_stable: true, ..ConnectionProgress::default() },
        );
        assert_eq!(history.failures(), 1, "it lasted for a while");
    }

    #[test]
    fn trouble_lasts_until_an_answer() {
        let mut history = AttemptHistory::default();
        history.on_disconnect(&LOST, ConnectionProgress::default());
        history.on_disconnect(&DisconnectReason::ClosedByUs, ConnectionProgress::default());
        history.on_ready();
        assert_eq!(history.last_failure(), Some(&LOST));
        history.on_success();
        assert_eq!((history.last_failure(), history.failures()), (None, 0));
    }

    #[test]
    fn failed_tunnels_and_key_exchanges_are_counted() {
        let mut history = AttemptHistory::default();
        history.on_disconnect(
            &LOST,
            ConnectionProgress { was_opening_tunnel: true, ..ConnectionProgress::default() },
        );
        history.on_disconnect(
            &LOST,
            ConnectionProgress { in_key_exchange: true, ..ConnectionProgress::default() },
        );
        assert_eq!((history.tunnel_failures(), history.failed_in_key_exchange()), (1, true));
        history.on_ready();
        assert_eq!((history.tunnel_failures(), history.failed_in_key_exchange()), (1, false));
    }
}
