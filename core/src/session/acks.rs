//! Acks to be sent (`mtproto/service_messages_about_messages`, "Acknowledgment of Receipt").

use super::ids::MsgId;
use crate::policy;
use crate::sequence::SequenceMap;
use crate::time::Timestamp;

/// The received messages that are to be acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acks {
    waiting: SequenceMap<MsgId, ()>,
    due: Option<Timestamp>,
}

impl Acks {
    /// Adds a message to acknowledge, unless it is already there. Takes constant time for rising msg_ids, and time
    /// logarithmic in their number for others.
    pub(super) fn push(&mut self, id: MsgId, now: Timestamp) {
        if self.waiting.len() >= policy::MAX_WAITING_ACKS {
            return;
        }
        self.waiting.insert(id, ());
        self.due.get_or_insert(now + policy::ACK_DELAY);
        if self.waiting.len() >= policy::ACK_FLUSH_COUNT {
            self.due = Some(now);
        }
    }

    /// Frees the memory kept for reuse.
    pub(super) fn trim(&mut self) {
        self.waiting.trim();
    }

    /// Returns when the acks must be sent at the latest, if there are any.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Returns the number of msg_ids in the next `msgs_ack`.
    pub(super) fn next_len(&self) -> usize {
        self.waiting.len().min(policy::MAX_IDS_PER_MESSAGE)
    }

    /// Takes the msg_ids of the next `msgs_ack`, oldest first.
    pub(super) fn take(&mut self) -> impl ExactSizeIterator<Item = MsgId> + '_ {
        let count = self.next_len();
        // Those beyond the limit of one message are sent with the next packet, at once.
        self.due = (self.waiting.len() > count).then_some(Timestamp::ZERO);
        let waiting = &mut self.waiting;
        (0..count).map(move |_| {
            let first = waiting.first_key().unwrap_or_default();
            waiting.remove(first);
            first
        })
    }
}
