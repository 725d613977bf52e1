//! The two clocks of the machine, read from the runtime's monotonic clock and the system's wall clock. Time that the
//! computer sleeps counts, where the system tells of it.

mod suspend;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sansgram_core::time::{Now, Timestamp};

use crate::Runtime;

#[derive(Clone)]
pub(crate) struct Clock {
    origin: Instant,
    /// What was slept before.
    slept: Duration,
    monotonic: Arc<dyn Fn() -> Instant + Send + Sync>,
}

impl Clock {
    pub(crate) fn of<R: Runtime>(runtime: &Arc<R>) -> Self {
        let runtime = runtime.clone();
        let origin = runtime.now();
        Self { origin, slept: suspend::slept(), monotonic: Arc::new(move || runtime.now()) }
    }

    pub(crate) fn now(&self) -> Now {
        self.read().0
    }

    /// Now, and how much of the time since the beginning the computer slept.
    pub(crate) fn read(&self) -> (Now, Duration) {
        // A wall clock before 1970 is as wrong as any other; the machine survives both.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let awake = (self.monotonic)().saturating_duration_since(self.origin);
        let slept = suspend::slept().saturating_sub(self.slept);
        (Now::new(Timestamp::from_origin(awake + slept), unix), slept)
    }

    /// When to wake up for `at`, on the runtime's clock, after so much sleep. What lies beyond a day is cut to a day: an early tick does no
    /// harm, and no timer has to cope with the end of time.
    ///
    /// A timer stands still while the computer sleeps, so after that it is late by as much, unless something else wakes
    /// the driver before: it finds the deadline passed, or sets the timer anew.
    pub(crate) fn instant(&self, at: Timestamp, now: Timestamp, slept: Duration) -> Instant {
        const LONGEST: Duration = Duration::from_secs(86_400);
        let from_now = at.saturating_since(now).min(LONGEST);
        self.origin + now.since_origin().saturating_sub(slept) + from_now
    }
}
