//! The two clocks of the state machine, read from the runtime's monotonic clock and the system's wall clock. Time
//! during which the computer sleeps counts if the system reports it; time during which the process is stopped (Ctrl-Z)
//! does not.

mod suspend;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sansgram_core::time::{self, Now, Timestamp};

use crate::Runtime;
use crate::policy::{LATE_WAKE_UP, MAX_TIMER, SLEEP_CHECK_INTERVAL};

/// True if a late wake-up means that the process was stopped (SIGSTOP, Ctrl-Z). On other systems, it may also mean that
/// the computer slept, since `Instant` counts that time there.
const DETECTS_SIGSTOP: bool = cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));

/// The clocks of one client, counted from its start.
pub(crate) struct Clock {
    origin: Instant,
    monotonic: Box<dyn Fn() -> Instant + Send>,
    sleep: SleepDetector,
    sigstop: SigstopDetector,
}

/// Detects that the computer slept.
#[derive(Debug)]
struct SleepDetector {
    /// How long the computer had slept at the origin.
    before: Duration,
    /// How long it slept since the origin.
    slept: Duration,
    /// The wall clock at the last check.
    checked_at: Option<Duration>,
}

impl SleepDetector {
    /// Returns how long the computer slept since the origin. The wall clock goes on meanwhile, so nothing is checked
    /// before it has moved.
    fn update(&mut self, unix: Duration) -> Duration {
        if self.checked_at.is_none_or(|at| unix.abs_diff(at) >= SLEEP_CHECK_INTERVAL) {
            self.slept = suspend::slept().saturating_sub(self.before);
            self.checked_at = Some(unix);
        }
        self.slept
    }
}

/// Detects that the process was stopped: the clock is read long after the timer was due.
///
/// There is no other way to detect it: a process cannot catch `SIGSTOP`, and no clock pauses meanwhile.
#[derive(Debug, Default)]
struct SigstopDetector {
    /// The latest time of the next read, since the origin.
    due: Option<Duration>,
    /// How long the process was stopped since the origin.
    stopped: Duration,
}

impl SigstopDetector {
    /// Records that the clock is read at `now`. Returns how long the process was stopped since the origin.
    fn update(&mut self, now: Duration) -> Duration {
        if let Some(due) = self.due.filter(|due| now > *due + LATE_WAKE_UP) {
            self.stopped += now.saturating_sub(due);
            self.due = Some(now);
        }
        self.stopped
    }
}

impl Clock {
    pub(crate) fn of<R: Runtime>(runtime: &Arc<R>) -> Self {
        let runtime = runtime.clone();
        let origin = runtime.now();
        Self {
            origin,
            monotonic: Box::new(move || runtime.now()),
            sleep: SleepDetector { before: suspend::slept(), slept: Duration::ZERO, checked_at: None },
            sigstop: SigstopDetector::default(),
        }
    }

    /// Returns the current time.
    pub(crate) fn read(&mut self) -> Now {
        let Now { monotonic, unix, .. } = time::Clock::from_origin(self.origin).at((self.monotonic)());
        let slept = self.sleep.update(unix);
        let awake = monotonic.since_origin();
        let stopped = self.sigstop.update(awake);
        Now::new(Timestamp::from_origin((awake + slept).saturating_sub(stopped)), unix)
    }

    /// Sets the latest instant of the next [`read`](Self::read): when the timer expires, or `None` if there is no timer. A
    /// later read means that the process was stopped.
    pub(crate) fn set_next_read(&mut self, at: Option<Instant>) {
        self.sigstop.due = at.filter(|_| DETECTS_SIGSTOP).map(|at| at.saturating_duration_since(self.origin));
    }

    /// Converts `at` to the runtime's clock, for `now` of the last [`read`](Self::read). The result is at most a day
    /// ahead: an early tick does no harm, and runtimes do not accept every instant.
    ///
    /// The machine's clock is ahead of the runtime's by the time that the computer slept, and behind by the time that
    /// the process was stopped. A timer pauses while the computer sleeps and is late afterwards, unless another event
    /// wakes the driver first. The driver then finds that the deadline has passed, or resets the timer.
    pub(crate) fn instant(&self, at: Timestamp, now: Timestamp) -> Instant {
        let from_now = at.saturating_since(now).min(MAX_TIMER);
        self.origin + (now.since_origin() + self.sigstop.stopped).saturating_sub(self.sleep.slept) + from_now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_counts_from_the_time_that_the_timer_was_due() {
        let at = Duration::from_secs;
        let mut sigstop_detector = SigstopDetector::default();
        assert_eq!(sigstop_detector.update(at(100)), at(0), "nothing was due");
        sigstop_detector.due = Some(at(101));
        assert_eq!(sigstop_detector.update(at(102)), at(0), "a little late");
        assert_eq!(sigstop_detector.update(at(196)), at(95));
        assert_eq!(sigstop_detector.update(at(196)), at(95), "once");
        sigstop_detector.due = Some(at(200));
        assert_eq!(sigstop_detector.update(at(199)), at(95));
        assert_eq!(sigstop_detector.update(at(210)), at(105), "all stops together");
        sigstop_detector.due = None;
        assert_eq!(sigstop_detector.update(at(1000)), at(105));
    }
}
