//! The timer of the driver, which is set again as rarely as possible.

use std::task::{Context, Poll};
use std::time::Instant;

use sansgram_core::time::Timestamp;

use crate::clock::Clock;
use crate::{Runtime, Timer};

/// A timer that expires at a deadline or before. It is left as it is if the deadline is later than the one before:
/// almost every round of the driver has a later deadline, and setting a timer may take system calls.
pub(crate) struct Alarm<T> {
    timer: Option<T>,
    /// When the timer expires.
    at: Option<Instant>,
    /// True if the timer is not set to `at` yet.
    is_stale: bool,
}

impl<T: Timer> Alarm<T> {
    pub(crate) const fn new() -> Self {
        Self { timer: None, at: None, is_stale: false }
    }

    /// Chooses when the timer expires, `deadline` at the latest.
    pub(crate) fn set(&mut self, deadline: Option<Timestamp>, now: Timestamp, clock: &mut Clock) {
        let Some(deadline) = deadline else {
            self.at = None;
            return clock.set_next_read(None);
        };
        let (latest, passed) = (clock.instant(deadline, now), clock.instant(now, now));
        if self.at.is_none_or(|at| at > latest || at <= passed) {
            (self.at, self.is_stale) = (Some(latest), true);
        }
        clock.set_next_read(self.at);
    }

    /// Returns `Ready` once the timer has expired, which may be before the deadline. It is then set again.
    pub(crate) fn poll<R: Runtime<Timer = T>>(&mut self, runtime: &R, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        let timer = match &mut self.timer {
            Some(timer) => {
                if self.is_stale {
                    timer.reset(at);
                }
                timer
            }
            empty => empty.insert(runtime.timer(at)),
        };
        self.is_stale = false;
        let expired = timer.poll_expired(cx);
        if expired.is_ready() {
            self.at = None;
        }
        expired
    }
}
