//! Time as an argument: the core never reads a clock. With the feature `std`, `Clock` does so for an embedder.

#[cfg(feature = "std")]
mod clock;

use core::fmt;
use core::num::NonZeroU64;
use core::ops::{Add, Sub};
use core::time::Duration;

#[cfg(feature = "std")]
pub use clock::Clock;

/// A point on a monotonic clock, relative to an origin that the caller chooses once, such as the start of the process,
/// to the nanosecond. The latest one is 584 years after the origin.
///
/// It must never go back, and should advance during suspend. All timers use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Nanoseconds since the origin plus 1, so that an `Option` of it takes no more memory. Many timers are kept.
    nanos: NonZeroU64,
}

impl Timestamp {
    /// The origin.
    pub const ZERO: Self = Self { nanos: NonZeroU64::MIN };

    /// Creates the point `since_origin` after the origin.
    #[must_use]
    pub const fn from_origin(since_origin: Duration) -> Self {
        Self { nanos: NonZeroU64::MIN.saturating_add(nanos(since_origin)) }
    }

    /// Returns the time since the origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_nanos(self.nanos_since_origin())
    }

    /// Returns the time since the origin in nanoseconds.
    pub(crate) const fn nanos_since_origin(self) -> u64 {
        self.nanos.get() - 1
    }

    /// Returns the time from `earlier` to `self`, or zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos.get().saturating_sub(earlier.nanos.get()))
    }
}

/// Returns a duration in nanoseconds, at most `u64::MAX`.
const fn nanos(span: Duration) -> u64 {
    span.as_secs().saturating_mul(1_000_000_000).saturating_add(span.subsec_nanos() as u64)
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::ZERO
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.since_origin()).finish()
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self { nanos: self.nanos.saturating_add(nanos(span)) }
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
    fn timestamps_keep_nanoseconds_and_end_after_584_years() {
        let span = Duration::new(5, 7);
        let at = Timestamp::from_origin(span);
        assert_eq!(
            (at.since_origin(), at - Timestamp::ZERO, Timestamp::ZERO - at),
            (span, span, Duration::ZERO)
        );
        assert_eq!(at + Duration::new(1, 1), Timestamp::from_origin(Duration::new(6, 8)));
        assert_eq!(Timestamp::default(), Timestamp::from_origin(Duration::ZERO));
        let last = Timestamp::from_origin(Duration::MAX);
        assert_eq!((at + Duration::MAX, last + span), (last, last));
        assert_eq!(last.since_origin().as_secs() / (365 * 86_400), 584);
        assert_eq!(size_of::<Option<Timestamp>>(), 8);
    }

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
