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
const TELLS_STOPS: bool = cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));
#[derive(Clone)]
pub(crate) struct Clock {
    origin: Instant,
    /// What was slept before.
    slept: Duration,
    monotonic: Arc<dyn Fn() -> Instant + Send + Sync>,
    pulse: Arc<Mutex<Pulse>>,
}

/// What the machine's clock is ahead of the runtime's, and behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shift {
    /// How much of the time since the beginning the computer slept.
    slept: Duration,
    /// How much of it the process was stopped.
    stopped: Duration,
}

/// Notices that the process was stopped: a timer was due, and the clock is read much later.
///
/// A stop is told by nothing else: `SIGSTOP` can be neither caught nor asked for, and no clock stands still meanwhile.
#[derive(Debug, Default)]
struct Pulse {
    /// When the clock is read at the latest, since the origin.
    due: Option<Duration>,
    stopped: Duration,
}

impl Pulse {
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
        Self { origin, slept: suspend::slept(), monotonic, pulse: Arc::default() }
    }

    pub(crate) fn now(&self) -> Now {
        self.read().0
    }

    /// Now, and how the machine's clock differs from the runtime's.
    pub(crate) fn read(&self) -> (Now, Shift) {
        // A wall clock before 1970 is as wrong as any other; the machine survives both.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let slept = suspend::slept().saturating_sub(self.slept);
        // Read under the lock, so that no reader is ahead of a stop that another one notices.
        let mut pulse = self.pulse.lock().unwrap_or_else(PoisonError::into_inner);
        let awake = (self.monotonic)().saturating_duration_since(self.origin);
        let stopped = pulse.stopped(awake);
        drop(pulse);
        let now = (awake + slept).saturating_sub(stopped);
        (Now::new(Timestamp::from_origin(now), unix), Shift { slept, stopped })
    }

    /// Says that the clock will be read by this instant, by which a timer is set; `None` if there is no timer.
    pub(crate) fn expect(&self, at: Option<Instant>) {
        let due = at.filter(|_| TELLS_STOPS).map(|at| at.saturating_duration_since(self.origin));
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner).due = due;
    }

    /// When to wake up for `at`, on the runtime's clock, with the shift that was read with `now`. What lies beyond a day
    /// is cut to a day: an early tick does no harm, and no timer has to cope with the end of time.
    ///
    /// A timer stands still while the computer sleeps, so after that it is late by as much, unless something else wakes
    /// the driver before: it finds the deadline passed, or sets the timer anew.
    pub(crate) fn instant(&self, at: Timestamp, now: Timestamp, shift: Shift) -> Instant {
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
        let mut pulse = Pulse::default();
        assert_eq!(pulse.stopped(at(100)), at(0), "nothing was due");
        pulse.due = Some(at(101));
        assert_eq!(pulse.stopped(at(102)), at(0), "a little late");
        assert_eq!(pulse.stopped(at(196)), at(95));
        assert_eq!(pulse.stopped(at(196)), at(95), "once");
        pulse.due = Some(at(200));
        assert_eq!(pulse.stopped(at(199)), at(95));
        assert_eq!(pulse.stopped(at(210)), at(105), "all stops together");
        pulse.due = None;
        assert_eq!(pulse.stopped(at(1000)), at(105));
    }
}
