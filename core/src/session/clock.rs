//! The server's clock, derived from verified messages (`mtproto/description`, "Time Synchronization").

use core::time::Duration;

use crate::policy;
use crate::time::Now;

/// The server's time: the monotonic clock plus an offset.
///
/// The clock is *trusted* once a handshake or a verified message has set it. While it is not, messages of any age are
/// accepted, and the next verified message sets it.
#[derive(Clone, Debug)]
pub struct ServerClock {
    /// Server time minus monotonic time, in nanoseconds.
    offset: i64,
    /// Wall clock minus monotonic time at the last call, in nanoseconds. A change reveals a suspend.
    wall_offset: i64,
    trusted: bool,
}

/// A message's msg_id is outside of the window of -300 s to +30 s around the server's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutsideTimeWindow {
    /// The message is more than 300 s old.
    #[error("a message is more than 300 s old by the server's own clock")]
    Past,
    /// The message is more than 30 s ahead.
    #[error("a message is more than 30 s ahead of the server's own clock")]
    Future,
}

impl ServerClock {
    /// Creates a clock that is not trusted yet: the wall clock plus the [offset](Self::offset_from_wall) of an earlier
    /// run, in seconds.
    #[must_use]
    pub fn from_wall(now: Now, offset_seconds: i64) -> Self {
        let wall_offset = wall_offset(now);
        Self {
            offset: wall_offset.saturating_add(offset_seconds.saturating_mul(1_000_000_000)),
            wall_offset,
            trusted: false,
        }
    }

    /// Sets the clock to the `server_time` of a handshake that has just finished, a Unix time in seconds.
    pub fn set_from_handshake(&mut self, now: Now, server_time: i32) {
        let since_1970 = i64::from(server_time.cast_unsigned()).saturating_mul(1_000_000_000);
        self.offset = since_1970.saturating_sub(monotonic_nanos(now));
        self.trusted = true;
    }

    /// Returns the server's Unix time.
    #[must_use]
    pub fn server_time(&self, now: Now) -> Duration {
        let since_1970 = monotonic_nanos(now).saturating_add(self.offset);
        Duration::from_nanos(u64::try_from(since_1970).unwrap_or(0))
    }

    /// Returns the server's time minus the wall clock, in seconds, to be stored for a later run.
    #[must_use]
    pub fn offset_from_wall(&self, now: Now) -> i64 {
        self.offset.saturating_sub(wall_offset(now)) / 1_000_000_000
    }

    /// Returns whether a handshake or a verified message has set the clock.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Stops trusting the clock, for instance after a reconnect.
    pub fn distrust(&mut self) {
        self.trusted = false;
    }

    /// Compares the local clocks with those of the last call. If the wall clock has moved against the monotonic one by
    /// more than 5 s, the computer may have been suspended: the clock is no longer trusted.
    pub fn detect_clock_jump(&mut self, now: Now) {
        let wall_offset = wall_offset(now);
        if wall_offset.saturating_sub(self.wall_offset).saturating_abs() > policy::SUSPEND_NANOS {
            self.trusted = false;
        }
        self.wall_offset = wall_offset;
    }

    /// Checks the age of a message that the server created at the Unix time `sent`. Any age passes while the clock is
    /// not trusted.
    ///
    /// # Errors
    /// Returns [`OutsideTimeWindow`] if the message is more than 300 s old or more than 30 s ahead.
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

    /// Adjusts the clock to a verified new message that the server created at the Unix time `sent`.
    ///
    /// A message can only be late, never early, so a trusted clock only moves forward.
    pub fn observe_message(&mut self, now: Now, sent: Duration) {
        let offset = nanos(sent).saturating_sub(monotonic_nanos(now));
        if !self.trusted || offset > self.offset {
            self.offset = offset;
            self.trusted = true;
        }
    }

    /// Sets the clock to the time of a notification that the client's clock is wrong (`bad_msg_notification` 16 or 17).
    pub fn correct(&mut self, now: Now, sent: Duration) {
        self.trusted = false;
        self.observe_message(now, sent);
    }
}

fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

fn monotonic_nanos(now: Now) -> i64 {
    i64::try_from(now.monotonic.nanos_since_origin()).unwrap_or(i64::MAX)
}

fn wall_offset(now: Now) -> i64 {
    nanos(now.unix).saturating_sub(monotonic_nanos(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn at(monotonic: u64, unix: u64) -> Now {
        Now::new(Timestamp::from_origin(Duration::from_secs(monotonic)), Duration::from_secs(unix))
    }

    /// A clock that a handshake has set, with both local clocks right.
    fn trusted() -> ServerClock {
        let mut clock = ServerClock::from_wall(at(0, 1_000), 0);
        clock.set_from_handshake(at(0, 1_000), 1_000);
        clock
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
        let mut clock = trusted();
        clock.observe_message(at(10, 1_010), Duration::from_secs(1_001));
        assert_eq!(clock.server_time(at(10, 1_010)), Duration::from_secs(1_010));
    }

    #[test]
    fn a_trusted_clock_follows_a_message_ahead_of_it() {
        let mut clock = trusted();
        clock.observe_message(at(10, 1_010), Duration::from_secs(1_030));
        assert_eq!(clock.server_time(at(10, 1_010)), Duration::from_secs(1_030));
    }

    #[test]
    fn a_correction_moves_a_trusted_clock_back() {
        let mut clock = trusted();
        clock.correct(at(10, 1_010), Duration::from_secs(500));
        assert_eq!(clock.server_time(at(10, 1_010)), Duration::from_secs(500));
    }

    #[test]
    fn more_than_5_seconds_between_the_clocks_are_a_suspend() {
        for (wall, is_trusted) in [(1_006, true), (1_007, false), (996, true), (995, false)] {
            let mut clock = trusted();
            clock.detect_clock_jump(at(1, wall));
            assert_eq!(clock.is_trusted(), is_trusted, "{wall}");
        }
    }

    #[test]
    fn a_suspend_that_stops_the_monotonic_clock_is_survived() {
        let mut clock = trusted();
        clock.detect_clock_jump(at(1, 8_001));
        let after = Duration::from_secs(8_001);
        assert_eq!(clock.check(at(1, 8_001), after), Ok(()));
        clock.observe_message(at(1, 8_001), after);
        assert_eq!(clock.server_time(at(1, 8_001)), after);
    }
}
