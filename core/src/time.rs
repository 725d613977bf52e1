//! Time as an argument: the core never reads a clock.

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A point on a monotonic clock, relative to an origin that the caller chooses once, such as the start of the process.
///
/// It must never go back, and should advance during suspend. All timers use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// The origin.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// Creates the point `since_origin` after the origin.
    #[must_use]
    pub const fn from_origin(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// Returns the time since the origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// Returns the time from `earlier` to `self`, or zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

impl Sub<Timestamp> for Timestamp {
    type Output = Duration;

    fn sub(self, earlier: Timestamp) -> Duration {
        self.saturating_since(earlier)
    }
}

/// Displays a duration in a natural unit, rounded up: `1 second`, `90 seconds`, `5 minutes`, `1 day`.
///
/// ```
/// use core::time::Duration;
/// use sansgram_core::time::HumanDuration;
///
/// assert_eq!(HumanDuration(Duration::from_secs(86_400)).to_string(), "1 day");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HumanDuration(pub Duration);

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
        let seconds = self.0.as_secs().saturating_add((self.0.subsec_nanos() > 0).into());
        // The longest unit that is exact, or of which there are more than two.
        let fits = |unit: &(u64, &str)| seconds > 2 * unit.0 || seconds >= unit.0 && seconds % unit.0 == 0;
        let (length, name) = UNITS.into_iter().find(fits).unwrap_or((1, "second"));
        let count = seconds.div_ceil(length);
        write!(f, "{count} {name}{}", if count == 1 { "" } else { "s" })
    }
}

/// The current time on two clocks, an argument of most calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock, for all timers.
    pub monotonic: Timestamp,
    /// The wall clock as a Unix time. It may be wrong and may jump. It serves as an estimate of the server's time until
    /// that is known, as the reference of the clock offset that is stored between runs, and to detect that the computer
    /// was suspended.
    pub unix: Duration,
}

impl Now {
    /// Combines both clocks.
    #[must_use]
    pub const fn new(monotonic: Timestamp, unix: Duration) -> Self {
        Self { monotonic, unix }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn durations_use_natural_units() {
        for (seconds, said) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (90, "90 seconds"),
            (120, "2 minutes"),
            (121, "3 minutes"),
            (300, "5 minutes"),
            (3600, "1 hour"),
            (3601, "61 minutes"),
            (7201, "3 hours"),
            (86_400, "1 day"),
            (86_401, "25 hours"),
            (14 * 86_400, "14 days"),
            (14 * 86_400 + 1, "15 days"),
        ] {
            assert_eq!(HumanDuration(Duration::from_secs(seconds)).to_string(), said);
        }
        assert_eq!(HumanDuration(Duration::from_millis(1)).to_string(), "1 second");
        assert!(HumanDuration(Duration::MAX).to_string().ends_with(" days"));
    }
}
