//! Growing pauses between attempts.

use core::time::Duration;

use crate::crypto::{SecureRandom, random};
use crate::policy;
use crate::rpc::DisconnectReason;

/// The number of consecutive failures, and the pause that follows from it.
///
/// | event | failures | pause before the next attempt |
/// |---|---|---|
/// | [`record_failure`](Self::record_failure) | one more | twice as long, up to [`policy::BACKOFF_MAX`] |
/// | [`restart`](Self::restart): what failed had worked for a while | 1 | the shortest |
/// | [`reset`](Self::reset): it works, or another attempt is wanted at once | 0 | none |
///
/// Up to half of a pause is random, so that clients that lost the same server do not reconnect together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Returns the number of consecutive failures.
    pub(super) const fn failures(self) -> u32 {
        self.failures
    }

    pub(super) const fn record_failure(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    pub(super) const fn restart(&mut self) {
        self.failures = 1;
    }

    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Returns the pause before the next attempt. `reason`: the end of the last one.
    pub(super) fn pause(self, reason: &DisconnectReason, random: &mut dyn SecureRandom) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(10);
        let full = (policy::BACKOFF_FIRST * 2_u32.pow(doublings)).min(policy::BACKOFF_MAX);
        let [chance] = random::array(random);
        let pause = full / 2 + full / 2 * u32::from(chance) / 255;
        if matches!(reason, DisconnectReason::TransportError(-429)) {
            pause.max(policy::BACKOFF_AFTER_429)
        } else {
            pause
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills with one byte: 255 makes the longest pauses, 0 the shortest.
    struct Chance(u8);

    impl SecureRandom for Chance {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn pauses(chance: u8, reason: &DisconnectReason) -> [Duration; 12] {
        let mut backoff = Backoff::default();
        core::array::from_fn(|_| {
            backoff.record_failure();
            backoff.pause(reason, &mut Chance(chance))
        })
    }

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let longest = pauses(255, &DisconnectReason::ClosedByUs).map(|pause| pause.as_millis());
        assert_eq!(longest, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000]);
    }

    #[test]
    fn chance_takes_at_most_half_of_a_pause() {
        let shortest = pauses(0, &DisconnectReason::ClosedByUs);
        let longest = pauses(255, &DisconnectReason::ClosedByUs);
        assert!(shortest.iter().zip(&longest).all(|(shortest, longest)| *shortest * 2 == *longest));
    }

    #[test]
    fn a_server_that_asks_for_fewer_connections_has_five_seconds() {
        let pauses = pauses(0, &DisconnectReason::TransportError(-429));
        assert!(pauses.iter().all(|pause| *pause >= policy::BACKOFF_AFTER_429));
        assert_eq!(pauses[11], Duration::from_secs(15), "longer ones stay");
    }

    #[test]
    fn a_stable_connection_restarts_the_backoff() {
        let mut backoff = Backoff::default();
        (0..5).for_each(|_| backoff.record_failure());
        backoff.restart();
        assert_eq!(
            (backoff.failures(), backoff.pause(&DisconnectReason::ClosedByUs, &mut Chance(255))),
            (1, policy::BACKOFF_FIRST)
        );
        backoff.reset();
        assert_eq!(backoff.failures(), 0);
    }
}
