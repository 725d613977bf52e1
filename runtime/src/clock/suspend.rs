//! The time that the computer slept while this process ran.
//!
//! The runtimes' timers use the clock of `Instant`, which pauses meanwhile on Linux, Android and Apple's systems. These
//! have a second clock that does not pause, which is also that of leases; the difference between the two is the time slept.
//! On other systems there is none: `Instant` itself counts that time, or there is no other clock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Lease;
use crate::policy::MIN_SUSPEND;

/// Returns how long the computer slept since the first call in this process. The value never decreases.
pub(super) fn slept() -> Duration {
    static SLEEP: OnceLock<Sleep> = OnceLock::new();
    SLEEP.get_or_init(|| Sleep::new(Instant::now(), Lease::clock())).slept(Instant::now(), Lease::clock())
}

/// The readings of both clocks at the first call.
struct Sleep {
    /// The clock that pauses.
    pausing: Instant,
    /// The clock that does not pause.
    continuous: Duration,
    /// The time slept so far, in nanoseconds.
    known: AtomicU64,
}

impl Sleep {
    const fn new(pausing: Instant, continuous: Duration) -> Self {
        Self { pausing, continuous, known: AtomicU64::new(0) }
    }

    fn slept(&self, pausing: Instant, continuous: Duration) -> Duration {
        let awake = pausing.saturating_duration_since(self.pausing);
        let ahead = continuous.saturating_sub(self.continuous).saturating_sub(awake);
        let known = Duration::from_nanos(self.known.load(Ordering::Relaxed));
        // A thread may be interrupted between its two readings, so only a longer difference counts as sleep.
        if ahead < known + MIN_SUSPEND {
            return known;
        }
        let nanos = u64::try_from(ahead.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.known.fetch_max(nanos, Ordering::Relaxed).max(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn sleep_counts_once_and_interruptions_do_not() {
        let begin = Instant::now();
        let sleep = Sleep::new(begin, 100 * SECOND);
        assert_eq!(sleep.slept(begin + SECOND, 101 * SECOND), Duration::ZERO);
        // Another thread ran for a while between the two readings, in either order.
        let moment = Duration::from_millis(300);
        assert_eq!(sleep.slept(begin + 2 * SECOND, 102 * SECOND + moment), Duration::ZERO);
        assert_eq!(sleep.slept(begin + 2 * SECOND + moment, 102 * SECOND), Duration::ZERO);
        // An hour of sleep.
        assert_eq!(sleep.slept(begin + 3 * SECOND, 3703 * SECOND), 3600 * SECOND);
        assert_eq!(sleep.slept(begin + 4 * SECOND, 3704 * SECOND), 3600 * SECOND);
        assert_eq!(sleep.slept(begin + 4 * SECOND + moment, 3704 * SECOND), 3600 * SECOND);
        assert_eq!(sleep.slept(begin + 5 * SECOND, 3765 * SECOND), 3660 * SECOND);
    }

    #[test]
    fn a_running_computer_does_not_sleep() {
        // The scheduler may interrupt the thread between the two readings, but hardly each time.
        let stands_still = || {
            let before = slept();
            std::thread::sleep(Duration::from_millis(20));
            slept() == before
        };
        assert!((0..5).any(|_| stands_still()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_boot_clock_advances() {
        let before = Lease::clock();
        std::thread::sleep(Duration::from_millis(20));
        assert!(Lease::clock() - before >= Duration::from_millis(20));
    }
}
