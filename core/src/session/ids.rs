//! msg_ids and seq_nos (`mtproto/description`, "Message Identifier" and "Message Sequence Number").

use core::fmt;
use core::time::Duration;

use crate::sequence::SequenceKey;

/// The identifier of a message: a Unix time times 2^32, so that its upper half is the seconds.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MsgId(pub u64);

impl MsgId {
    /// Creates a msg_id from a `long` on the wire.
    #[must_use]
    pub const fn from_wire(value: i64) -> Self {
        Self(value.cast_unsigned())
    }

    /// Returns the msg_id as a `long` on the wire.
    #[must_use]
    pub const fn to_wire(self) -> i64 {
        self.0.cast_signed()
    }

    /// Returns the Unix time in the msg_id.
    #[must_use]
    pub fn time(self) -> Duration {
        let nanos = ((self.0 & 0xffff_ffff) * 1_000_000_000) >> 32;
        Duration::from_secs(self.0 >> 32) + Duration::from_nanos(nanos)
    }

    /// Returns whether the message is one of a server: those have odd msg_ids.
    #[must_use]
    pub const fn is_from_server(self) -> bool {
        self.0 & 1 == 1
    }
}

impl SequenceKey for MsgId {
    /// The msg_ids in one packet differ by 4.
    fn distance(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 4
    }
}

impl fmt::Debug for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MsgId({:#x})", self.0)
    }
}

/// Generates the client's msg_ids: divisible by 4, strictly increasing, with the fraction of a second in the lower
/// half.
#[derive(Clone, Debug, Default)]
pub struct MsgIdGenerator {
    last: u64,
}

impl MsgIdGenerator {
    /// Returns the next msg_id, for a message created at the Unix time `server_time` of the server's clock.
    ///
    /// It is greater than the last one even if the clock goes back.
    pub fn next(&mut self, server_time: Duration) -> MsgId {
        let fraction = (u64::from(server_time.subsec_nanos()) << 32) / 1_000_000_000;
        let by_clock = ((server_time.as_secs() << 32) | fraction) & !3;
        // Servers refuse a lower half of zeros.
        let by_clock = if by_clock.trailing_zeros() >= 32 { by_clock | 4 } else { by_clock };
        self.last = by_clock.max(self.last.saturating_add(4));
        self.last()
    }

    /// Returns the last msg_id, or 0 before the first.
    pub(super) const fn last(&self) -> MsgId {
        MsgId(self.last)
    }
}

/// Counts content-related messages, which determine the seq_nos.
#[derive(Clone, Debug, Default)]
pub struct SeqNoCounter {
    content_related: u32,
}

impl SeqNoCounter {
    /// Returns the seq_no of the next content-related message (one that must be acknowledged): odd.
    pub fn content(&mut self) -> i32 {
        let seq_no = self.content_related.wrapping_mul(2).wrapping_add(1);
        self.content_related = self.content_related.wrapping_add(1);
        seq_no.cast_signed()
    }

    /// Returns the seq_no of a message that is not content-related: even. The message is not counted.
    #[must_use]
    pub fn service(&self) -> i32 {
        self.content_related.wrapping_mul(2).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn msg_ids_contain_the_time_and_only_rise() {
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
    fn seq_nos_continue_after_their_last_bit() {
        let mut seq_nos = SeqNoCounter { content_related: u32::MAX / 2 };
        assert_eq!([seq_nos.content(), seq_nos.content(), seq_nos.service()], [-1, 1, 2]);
        let mut seq_nos = SeqNoCounter { content_related: u32::MAX };
        assert_eq!([seq_nos.content(), seq_nos.content(), seq_nos.service()], [-1, 1, 2]);
    }

    #[test]
    fn seq_nos_count_content_related_messages() {
        let mut counter = SeqNoCounter::default();
        let numbers = [counter.content(), counter.service(), counter.content(), counter.service()];
        assert_eq!(numbers, [1, 2, 3, 4]);
    }
}
