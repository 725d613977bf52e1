//! The two clocks of the state machine, read from the runtime's monotonic clock and the system's wall clock. Time
//! during which the computer sleeps counts if the system reports it; time during which the process is stopped (Ctrl-Z)
//! does not.

mod suspend;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sansgram_core::time::{Now, Timestamp};

use crate::Runtime;
use crate::policy::{LATE_WAKE_UP, MAX_TIMER};

/// True if a late wake-up means that the process was stopped (SIGSTOP, Ctrl-Z). On other systems, it may also mean that
/// the computer slept, since `Instant` counts that time there.
const DETECTS_SIGSTOP: bool = cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));

/// The clocks of one client, counted from its start.
#[derive(Clone)]
pub(crate) struct Clock {
    origin: Instant,
    /// How long the computer had slept at the origin.
    slept: Duration,
    monotonic: Arc<dyn Fn() -> Instant + Send + Sync>,
    sigstop_detector: Arc<Mutex<SigstopDetector>>,
}

/// The difference between the machine's clock and the runtime's: the machine's is ahead by the time that the computer
/// slept, and behind by the time that the process was stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClockShift {
    /// How long the computer slept since the origin.
    slept: Duration,
    /// How long the process was stopped since the origin.
    stopped: Duration,
}

/// Detects that the process was stopped: the clock is read long after the timer was due.
///
/// There is no other way to detect it: a process cannot catch `SIGSTOP`, and no clock pauses meanwhile.
#[derive(Debug, Default)]
struct SigstopDetector {
    /// The latest time of the next read, since the origin.
    due: Option<Duration>,
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
        let monotonic = Arc::new(move || runtime.now());
        Self { origin, slept: suspend::slept(), monotonic, sigstop_detector: Arc::default() }
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> Now {
        self.read().0
    }

    /// Returns the current time, and how the machine's clock differs from the runtime's.
    pub(crate) fn read(&self) -> (Now, ClockShift) {
        // The machine tolerates a wrong wall clock, also one before 1970.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let slept = suspend::slept().saturating_sub(self.slept);
        // The clock is read under the lock, so that no reader misses a stop that another one detects.
        let mut sigstop_detector = self.sigstop_detector.lock().unwrap_or_else(PoisonError::into_inner);
        let awake = (self.monotonic)().saturating_duration_since(self.origin);
        let stopped = sigstop_detector.update(awake);
        drop(sigstop_detector);
        let now = (awake + slept).saturating_sub(stopped);
        (Now::new(Timestamp::from_origin(now), unix), ClockShift { slept, stopped })
    }

    /// Sets the latest instant of the next [`read`](Self::read): when the timer expires, or `None` if there is no timer. A
    /// later read means that the process was stopped.
    pub(crate) fn set_next_read(&self, at: Option<Instant>) {
        let due = at.filter(|_| DETECTS_SIGSTOP).map(|at| at.saturating_duration_since(self.origin));
        self.sigstop_detector.lock().unwrap_or_else(PoisonError::into_inner).due = due;
    }

    /// Converts `at` to the runtime's clock, with the shift that was read together with `now`. The result is at most a
    /// day ahead: an early tick does no harm, and runtimes do not accept every instant.
    ///
    /// A timer pauses while the computer sleeps and is late afterwards, unless another event wakes the driver first.
    /// The driver then finds that the deadline has passed, or resets the timer.
    pub(crate) fn instant(&self, at: Timestamp, now: Timestamp, shift: ClockShift) -> Instant {
        let from_now = at.saturating_since(now).min(MAX_TIMER);
        self.origin + (now.since_origin() + shift.stopped).saturating_sub(shift.slept) + from_now
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
