//! Time as an argument: the machine never reads a clock.

use core::ops::{Add, Sub};
use core::time::Duration;

/// A point on a monotonic clock, counted from an origin that the embedder chooses once (process start will do).
///
/// It must never go back and should go on while the machine sleeps; every timer of the machine runs on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// The origin itself.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The point `since_origin` after the origin.
    #[must_use]
    pub const fn from_origin(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// How long after the origin this point lies.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to `self`; zero where `earlier` is later.
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

/// The two clocks that every call of the machine is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock, on which all timers run.
    pub monotonic: Timestamp,
    /// The wall clock, as the time since 1970-01-01 00:00 UTC. It may be wrong and may jump: it only makes the
    /// first message identifier, until the server's own time is known.
    pub unix: Duration,
}

impl Now {
    /// Both clocks at once.
    #[must_use]
    pub const fn new(monotonic: Timestamp, unix: Duration) -> Self {
        Self { monotonic, unix }
    }
}
