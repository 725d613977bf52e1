//! The clocks of the standard library, for embedders without clocks of their own.
#![allow(clippy::disallowed_methods, reason = "the machine never calls this; an event loop does")]

use core::time::Duration;
use std::time::{Instant, SystemTime};

use super::{Now, Timestamp};

/// The monotonic clock and the wall clock of the standard library, counted from the creation of this value.
///
/// ```
/// use sansgram_core::time::Clock;
///
/// let clock = Clock::new();
/// // For `Client::handle(now, …)`.
/// let now = clock.now();
/// // For `Output::Timeout(until)`: how long to wait for a socket.
/// let wait = clock.wait(Some(now.monotonic + core::time::Duration::from_secs(5)));
/// assert!(wait.is_some_and(|wait| wait.as_secs() < 6));
/// ```
///
/// [`Instant`] pauses while the computer sleeps on Linux, Android and Apple's systems. The client then notices the sleep
/// by the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// Creates a clock whose monotonic time is zero now.
    #[must_use]
    pub fn new() -> Self {
        Self::from_origin(Instant::now())
    }

    /// Creates a clock whose monotonic time is zero at `origin`.
    #[must_use]
    pub const fn from_origin(origin: Instant) -> Self {
        Self { origin }
    }

    /// Reads both clocks. A wall clock before 1970 is read as 1970.
    #[must_use]
    pub fn now(&self) -> Now {
        self.at(Instant::now())
    }

    /// Reads the wall clock, and takes `instant` as the monotonic time: for runtimes whose monotonic clock is their own.
    /// An `instant` before the origin counts as the origin.
    #[must_use]
    pub fn at(&self, instant: Instant) -> Now {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now::new(Timestamp::from_origin(instant.saturating_duration_since(self.origin)), unix)
    }

    /// Returns the time from now to the deadline of an [`Output::Timeout`](crate::client::Output::Timeout): zero if it
    /// has passed, `None` if there is none. It is rounded up to a millisecond, so that a wait of this length, in the
    /// unit of `poll` and `epoll`, does not end before the deadline.
    #[must_use]
    pub fn wait(&self, until: Option<Timestamp>) -> Option<Duration> {
        let remaining = until? - self.now().monotonic;
        let millis = remaining.as_nanos().div_ceil(1_000_000);
        Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_are_read() {
        let origin = Instant::now();
        let clock = Clock::from_origin(origin);
        let second = Duration::from_secs(1);
        assert_eq!(clock.at(origin + second).monotonic, Timestamp::from_origin(second));
        assert_eq!(clock.at(origin).monotonic, Timestamp::ZERO);
        let later = Clock::from_origin(origin + second);
        assert_eq!(later.at(origin).monotonic, Timestamp::ZERO, "before the origin");
        let (first, then) = (clock.now(), clock.now());
        assert!(first.monotonic <= then.monotonic);
        // 2020: the wall clock is not the monotonic one.
        assert!(first.unix > Duration::from_secs(1_577_836_800));
    }

    #[test]
    fn waits_end_at_the_deadline_or_up_to_a_millisecond_later() {
        let clock = Clock::new();
        assert_eq!(clock.wait(None), None);
        assert_eq!(clock.wait(Some(Timestamp::ZERO)), Some(Duration::ZERO), "it has passed");
        let until = clock.now().monotonic + Duration::from_secs(60);
        let wait = clock.wait(Some(until)).unwrap();
        let after = until - clock.now().monotonic;
        assert!(wait >= after && wait <= Duration::from_secs(60), "{wait:?}, {after:?}");
        assert_eq!(wait.subsec_nanos() % 1_000_000, 0);
    }
}
