//! Message identifiers and sequence numbers of what we send (`mtproto/description`, "Message Identifier").

use core::fmt;
use core::time::Duration;

/// The identifier of one message: unix time times 2^32, so that its high half is whole seconds.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MsgId(pub u64);

impl MsgId {
    /// The identifier that the wire's `long` stands for.
    #[must_use]
    pub const fn from_wire(value: i64) -> Self {
        Self(value.cast_unsigned())
    }

    /// The wire's `long`.
    #[must_use]
    pub const fn to_wire(self) -> i64 {
        self.0.cast_signed()
    }

    /// The unix time that the identifier carries.
    #[must_use]
    pub fn time(self) -> Duration {
        let nanos = ((self.0 & 0xffff_ffff) * 1_000_000_000) >> 32;
        Duration::from_secs(self.0 >> 32) + Duration::from_nanos(nanos)
    }

    /// Whether only a server may have made it: servers use odd identifiers.
    #[must_use]
    pub const fn is_from_server(self) -> bool {
        self.0 & 1 == 1
    }
}

impl fmt::Debug for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MsgId({:#x})", self.0)
    }
}

/// Makes identifiers: divisible by 4, strictly increasing, with real fractional bits in the low half.
#[derive(Clone, Debug, Default)]
pub struct MsgIdGenerator {
    last: u64,
}

impl MsgIdGenerator {
    /// The next identifier for a message made at `server_time` (since 1970, by the server's clock).
    ///
    /// Identifiers never go down, also when the clock does.
    pub fn next(&mut self, server_time: Duration) -> MsgId {
        let fraction = (u64::from(server_time.subsec_nanos()) << 32) / 1_000_000_000;
        let by_clock = ((server_time.as_secs() << 32) | fraction) & !3;
        // An empty low half is refused by servers.
        let by_clock = if by_clock.trailing_zeros() >= 32 { by_clock | 4 } else { by_clock };
        self.last = by_clock.max(self.last.saturating_add(4));
        self.last()
    }

    /// The newest identifier, 0 before the first.
    pub(super) const fn last(&self) -> MsgId {
        MsgId(self.last)
    }
}

/// Counts content-related messages, from which sequence numbers follow.
#[derive(Clone, Debug, Default)]
pub struct SeqNoCounter {
    content_related: u32,
}

impl SeqNoCounter {
    /// The number of the next content-related message (one that must be acknowledged): odd.
    pub fn content(&mut self) -> i32 {
        let seq_no = self.content_related.wrapping_mul(2).wrapping_add(1);
        self.content_related = self.content_related.wrapping_add(1);
        seq_no.cast_signed()
    }

    /// The number of a message that is not content-related: even, and not counted.
    #[must_use]
    pub fn service(&self) -> i32 {
        self.content_related.wrapping_mul(2).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_carry_the_time_and_only_rise() {
        let mut ids = MsgIdGenerator::default();
        let half_past = Duration::from_millis(1_700_000_000_500);
        let first = ids.next(half_past);
        assert_eq!(first.0, 7_301_444_405_347_483_648);
        assert_eq!(first.time(), half_past);
        let second = ids.next(half_past);
        let after_a_jump_back = ids.next(Duration::from_secs(5));
        assert!(first < second && second < after_a_jump_back);
        assert_eq!([first.0 % 4, second.0 % 4, after_a_jump_back.0 % 4], [0; 3]);
    }

    #[test]
    fn the_low_half_is_never_empty() {
        let id = MsgIdGenerator::default().next(Duration::from_secs(1_700_000_000));
        assert_ne!(id.0 & 0xffff_ffff, 0);
        assert_eq!(id.0 % 4, 0);
    }

    #[test]
    fn sequence_numbers_follow_the_content_related_messages() {
        let mut counter = SeqNoCounter::default();
        let numbers = [counter.content(), counter.service(), counter.content(), counter.service()];
        assert_eq!(numbers, [1, 2, 3, 4]);
    }
}
