//! The server's clock, as far as verified messages tell it (protocol documentation, "Time Synchronization").

use core::time::Duration;

use crate::policy;
use crate::time::Now;

/// The server's time: the monotonic clock plus an offset.
///
/// It is *trusted* once a handshake or a verified message has set it. While it is not, no message is judged by its
/// age, and the next verified message sets it.
#[derive(Clone, Debug)]
pub struct ServerClock {
    /// Server time minus monotonic time, nanoseconds.
    offset: i64,
    /// Wall clock minus monotonic time when last seen, nanoseconds: it shows a suspend.
    wall: i64,
    trusted: bool,
}

/// A message whose identifier lies outside the window of -300 s to +30 s around the server's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutsideTimeWindow {
    /// It is more than 300 s old.
    #[error("a message is more than 300 s old by the server's own clock")]
    Past,
    /// It lies more than 30 s ahead.
    #[error("a message is dated more than 30 s into the future of the server's own clock")]
    Future,
}

impl ServerClock {
    /// Creates a clock that is not trusted yet: the wall clock plus the offset that an earlier run found, in seconds.
    #[must_use]
    pub fn from_wall(now: Now, offset_seconds: i64) -> Self {
        let wall = wall_offset(now);
        Self {
            offset: wall.saturating_add(offset_seconds.saturating_mul(1_000_000_000)),
            wall,
            trusted: false,
        }
    }

    /// Takes over the `server_time` of a finished handshake, seconds since 1970.
    pub fn set_from_handshake(&mut self, now: Now, server_time: i32) {
        let since_1970 = i64::from(server_time.cast_unsigned()).saturating_mul(1_000_000_000);
        self.offset = since_1970.saturating_sub(nanos(now.monotonic.since_origin()));
        self.trusted = true;
    }

    /// The server's time since 1970.
    #[must_use]
    pub fn server_time(&self, now: Now) -> Duration {
        let since_1970 = nanos(now.monotonic.since_origin()).saturating_add(self.offset);
        Duration::from_nanos(u64::try_from(since_1970).unwrap_or(0))
    }

    /// Server time minus wall clock, in seconds: what a later run may begin with.
    #[must_use]
    pub fn offset_from_wall(&self, now: Now) -> i64 {
        self.offset.saturating_sub(wall_offset(now)) / 1_000_000_000
    }

    /// Whether a handshake or a verified message has set the clock.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Stops trusting the clock: after a reconnect, or if a correction is due.
    pub fn distrust(&mut self) {
        self.trusted = false;
    }

    /// Notes both clocks: if the wall clock jumped against the monotonic one, the machine may have slept, and the
    /// clock is trusted no more.
    pub fn observe_local(&mut self, now: Now) {
        let wall = wall_offset(now);
        if wall.saturating_sub(self.wall).saturating_abs() > policy::SUSPEND_NANOS {
            self.trusted = false;
        }
        self.wall = wall;
    }

    /// Checks the age of a server message made at `sent` (since 1970); always fine while the clock is not trusted.
    ///
    /// # Errors
    /// [`OutsideTimeWindow`] if it is older than 300 s or more than 30 s ahead.
    pub fn check(&self, now: Now, sent: Duration) -> Result<(), OutsideTimeWindow> {
        let age = nanos(self.server_time(now)).saturating_sub(nanos(sent));
        if !self.trusted || (-policy::MAX_MESSAGE_LEAD_NANOS..=policy::MAX_MESSAGE_AGE_NANOS).contains(&age) {
            Ok(())
        } else if age < 0 {
            Err(OutsideTimeWindow::Future)
        } else {
            Err(OutsideTimeWindow::Past)
        }
    }

    /// Learns from a verified message that was never seen before, made by the server at `sent` (since 1970).
    ///
    /// A message can only be late, never early, so a trusted clock only moves forward.
    pub fn observe_message(&mut self, now: Now, sent: Duration) {
        let offset = nanos(sent).saturating_sub(nanos(now.monotonic.since_origin()));
        if !self.trusted || offset > self.offset {
            self.offset = offset;
            self.trusted = true;
        }
    }

    /// Sets the clock from a notification that our own is wrong (`bad_msg_notification` 16 or 17).
    pub fn correct(&mut self, now: Now, sent: Duration) {
        self.trusted = false;
        self.observe_message(now, sent);
    }
}

fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

fn wall_offset(now: Now) -> i64 {
    nanos(now.unix).saturating_sub(nanos(now.monotonic.since_origin()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn at(monotonic: u64, unix: u64) -> Now {
        Now::new(Timestamp::from_origin(Duration::from_secs(monotonic)), Duration::from_secs(unix))
    }

    #[test]
    fn a_clock_wrong_by_years_is_set_by_the_first_verified_message() {
        let mut clock = ServerClock::from_wall(at(5, 1_000), 0);
        let sent = Duration::from_secs(1_700_000_000);
        assert_eq!(clock.check(at(5, 1_000), sent), Ok(()));
        clock.observe_message(at(5, 1_000), sent);
        assert_eq!(clock.server_time(at(15, 1_010)), Duration::from_secs(1_700_000_010));
        assert_eq!(clock.offset_from_wall(at(15, 1_010)), 1_699_999_000);
    }

    #[test]
    fn the_window_is_300_seconds_back_and_30_ahead() {
        let mut clock = ServerClock::from_wall(at(0, 0), 0);
        clock.set_from_handshake(at(0, 1_000), 1_000);
        let check = |sent| clock.check(at(0, 1_000), Duration::from_secs(sent)).is_ok();
        assert_eq!([check(699), check(700), check(1_030), check(1_031)], [false, true, true, false]);
    }

    #[test]
    fn a_late_message_does_not_move_a_trusted_clock_back() {
        let mut clock = ServerClock::from_wall(at(0, 1_000), 0);
        clock.set_from_handshake(at(0, 1_000), 1_000);
        clock.observe_message(at(10, 1_010), Duration::from_secs(1_001));
        assert_eq!(clock.server_time(at(10, 1_010)), Duration::from_secs(1_010));
    }

    #[test]
    fn a_suspend_that_stops_the_monotonic_clock_is_survived() {
        let mut clock = ServerClock::from_wall(at(0, 1_000), 0);
        clock.set_from_handshake(at(0, 1_000), 1_000);
        clock.observe_local(at(1, 8_001));
        let after = Duration::from_secs(8_001);
        assert_eq!(clock.check(at(1, 8_001), after), Ok(()));
        clock.observe_message(at(1, 8_001), after);
        assert_eq!(clock.server_time(at(1, 8_001)), after);
    }
}
