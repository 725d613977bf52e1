//! Acks to be sent (`mtproto/service_messages_about_messages`, "Acknowledgment of Receipt").

use alloc::vec::{Drain, Vec};
use core::time::Duration;

use super::ids::MsgId;
use crate::policy;
use crate::time::Timestamp;

/// The received messages that are to be acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acks {
    /// In the order of their arrival, which is mostly rising. An id may be repeated until [`take`](Self::take) sorts them.
    waiting: Vec<MsgId>,
    due: Option<Timestamp>,
}

impl Acks {
    /// Adds a message to acknowledge.
    pub(super) fn push(&mut self, id: MsgId, now: Timestamp) {
        if self.waiting.len() >= policy::MAX_WAITING_ACKS {
            return;
        }
        self.waiting.push(id);
        let due = now
            + match self.waiting.len() {
                policy::ACK_URGENT_COUNT.. => Duration::ZERO,
                policy::ACK_FLUSH_COUNT.. => policy::ACK_FLUSH_DELAY,
                _ => policy::ACK_DELAY,
            };
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// Frees the memory kept for reuse.
    pub(super) fn trim(&mut self) {
        self.waiting.shrink_to_fit();
    }

    /// Returns when the acks must be sent at the latest, if there are any.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Returns whether there are any.
    pub(super) const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the msg_ids of the next `msgs_ack`, each once, oldest first.
    pub(super) fn take(&mut self) -> Drain<'_, MsgId> {
        if !self.waiting.is_sorted() {
            self.waiting.sort_unstable();
        }
        self.waiting.dedup();
        let count = self.waiting.len().min(policy::MAX_IDS_PER_MESSAGE);
        // Those beyond the limit of one message are sent with the next packet, at once.
        self.due = (self.waiting.len() > count).then_some(Timestamp::ZERO);
        self.waiting.drain(..count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_is_acknowledged_once_in_rising_order() {
        let mut acks = Acks::default();
        for id in [5, 9, 7, 7, 5] {
            acks.push(MsgId(id), Timestamp::ZERO);
        }
        assert!(!acks.is_empty());
        assert_eq!(acks.take().collect::<Vec<_>>(), [5, 7, 9].map(MsgId));
        assert!(acks.is_empty() && acks.due().is_none());
    }

    #[test]
    fn what_one_message_cannot_hold_follows_at_once() {
        let mut acks = Acks::default();
        (0..2 * policy::MAX_WAITING_ACKS as u64).for_each(|id| acks.push(MsgId(id), Timestamp::ZERO));
        assert_eq!(acks.take().len(), policy::MAX_IDS_PER_MESSAGE);
        assert_eq!(acks.due(), Some(Timestamp::ZERO));
        assert_eq!(acks.take().next(), Some(MsgId(policy::MAX_IDS_PER_MESSAGE as u64)));
        assert!(acks.is_empty() && acks.due().is_none());
    }

    #[test]
    fn many_acks_wait_less_and_later_ones_extend_no_wait() {
        let at = |milliseconds| Timestamp::from_origin(Duration::from_millis(milliseconds));
        let mut acks = Acks::default();
        let mut push = |count: usize, now: u64| {
            (0..count).for_each(|_| acks.push(MsgId(1), at(now)));
            acks.due()
        };
        assert_eq!(push(1, 0), Some(at(30_000)));
        assert_eq!(push(62, 1_000), Some(at(30_000)));
        assert_eq!(push(1, 2_000), Some(at(2_020)), "64 wait for 20 ms");
        assert_eq!(push(1_024 - 65, 2_005), Some(at(2_020)));
        assert_eq!(push(1, 2_010), Some(at(2_010)), "1024 are sent at once");
    }

    #[test]
    fn acks_beyond_the_limit_are_dropped() {
        let mut acks = Acks::default();
        (0..=policy::MAX_WAITING_ACKS as u64).for_each(|id| acks.push(MsgId(id), Timestamp::ZERO));
        acks.take();
        assert_eq!(acks.take().next_back(), Some(MsgId(policy::MAX_WAITING_ACKS as u64 - 1)));
        assert!(acks.is_empty());
    }
}
