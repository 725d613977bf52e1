//! The two clocks of the machine, read from the runtime's monotonic clock and the system's wall clock. Time that the
//! computer sleeps counts, if the system tells of it; time that the process is stopped (Ctrl-Z) does not.

mod suspend;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sansgram_core::time::{Now, Timestamp};

use crate::Runtime;
use crate::policy::{LATE, MAX_TIMER};

/// Whether a process that is woken too late was stopped. Elsewhere `Instant` goes on while the computer sleeps, which
/// is to count.
const DETECTS_STOPS: bool = cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));
#[derive(Clone)]
pub(crate) struct Clock {
    origin: Instant,
    /// What was slept before.
    slept: Duration,
    monotonic: Arc<dyn Fn() -> Instant + Send + Sync>,
    stop_detector: Arc<Mutex<StopDetector>>,
}

/// How the machine's clock differs from the runtime's: ahead by what the computer slept, behind by what the process was
/// stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClockShift {
    /// How much of the time since the beginning the computer slept.
    slept: Duration,
    /// How much of it the process was stopped.
    stopped: Duration,
}

/// Notices that the process was stopped: a timer was due, and the clock is read much later.
///
/// A stop is told by nothing else: `SIGSTOP` can be neither caught nor asked for, and no clock stands still meanwhile.
#[derive(Debug, Default)]
struct StopDetector {
    /// When the clock is read at the latest, since the origin.
    due: Option<Duration>,
    stopped: Duration,
}

impl StopDetector {
    /// All time stopped until `now`, since the origin.
    fn stopped(&mut self, now: Duration) -> Duration {
        if let Some(due) = self.due.filter(|due| now > *due + LATE) {
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
        Self { origin, slept: suspend::slept(), monotonic, stop_detector: Arc::default() }
    }

    pub(crate) fn now(&self) -> Now {
        self.read().0
    }

    /// Now, and how the machine's clock differs from the runtime's.
    pub(crate) fn read(&self) -> (Now, ClockShift) {
        // A wall clock before 1970 is as wrong as any other; the machine survives both.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let slept = suspend::slept().saturating_sub(self.slept);
        // Read under the lock, so that no reader is ahead of a stop that another one notices.
        let mut stop_detector = self.stop_detector.lock().unwrap_or_else(PoisonError::into_inner);
        let awake = (self.monotonic)().saturating_duration_since(self.origin);
        let stopped = stop_detector.stopped(awake);
        drop(stop_detector);
        let now = (awake + slept).saturating_sub(stopped);
        (Now::new(Timestamp::from_origin(now), unix), ClockShift { slept, stopped })
    }

    /// Says that the clock will be read by this instant, by which a timer is set; `None` if there is no timer.
    pub(crate) fn expect(&self, at: Option<Instant>) {
        let due = at.filter(|_| DETECTS_STOPS).map(|at| at.saturating_duration_since(self.origin));
        self.stop_detector.lock().unwrap_or_else(PoisonError::into_inner).due = due;
    }

    /// When to wake up for `at`, on the runtime's clock, with the shift that was read with `now`. What lies beyond a day
    /// is cut to a day: an early tick does no harm, and no timer has to cope with the end of time.
    ///
    /// A timer stands still while the computer sleeps, so after that it is late by as much, unless something else wakes
    /// the driver before: it finds the deadline passed, or sets the timer anew.
    pub(crate) fn instant(&self, at: Timestamp, now: Timestamp, shift: ClockShift) -> Instant {
        let from_now = at.saturating_since(now).min(MAX_TIMER);
        self.origin + (now.since_origin() + shift.stopped).saturating_sub(shift.slept) + from_now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f10_a_stop_counts_up_to_where_the_timer_was_due() {
        let at = Duration::from_secs;
        let mut stop_detector = StopDetector::default();
        assert_eq!(stop_detector.stopped(at(100)), at(0), "nothing was due");
        stop_detector.due = Some(at(101));
        assert_eq!(stop_detector.stopped(at(102)), at(0), "a little late");
        assert_eq!(stop_detector.stopped(at(196)), at(95));
        assert_eq!(stop_detector.stopped(at(196)), at(95), "once");
        stop_detector.due = Some(at(200));
        assert_eq!(stop_detector.stopped(at(199)), at(95));
        assert_eq!(stop_detector.stopped(at(210)), at(105), "all stops together");
        stop_detector.due = None;
        assert_eq!(stop_detector.stopped(at(1000)), at(105));
    }
}
