//! Acknowledgements that we owe the server (`mtproto/service_messages_about_messages`, "Acknowledgment of Receipt").

use super::ids::MsgId;
use crate::policy;
use crate::sequence::SequenceMap;
use crate::time::Timestamp;

/// What is not acknowledged yet.
#[derive(Debug, Default)]
pub(super) struct Acks {
    waiting: SequenceMap<MsgId, ()>,
    due: Option<Timestamp>,
}

impl Acks {
    /// Notes that a message wants an acknowledgement, once however often it comes. Costs a constant for identifiers that
    /// rise, the logarithm of what waits for others.
    pub(super) fn push(&mut self, id: MsgId, now: Timestamp) {
        if self.waiting.len() >= policy::MAX_WAITING_ACKS {
            return;
        }
        self.waiting.insert(id, ());
        self.due.get_or_insert(now + policy::ACK_DELAY);
        if self.waiting.len() >= policy::URGENT_ACKS {
            self.due = Some(now);
        }
    }

    /// Gives back what memory is kept for reuse.
    pub(super) fn trim(&mut self) {
        self.waiting.trim();
    }

    /// When they must leave, whether or not anything else does.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// How many identifiers the next `msgs_ack` carries.
    pub(super) fn next_len(&self) -> usize {
        self.waiting.len().min(policy::MAX_IDS_PER_MESSAGE)
    }

    /// Takes the identifiers of the next `msgs_ack`, oldest first.
    pub(super) fn take(&mut self) -> impl ExactSizeIterator<Item = MsgId> + '_ {
        let count = self.next_len();
        // What one message could not hold leaves with the next packet, at once.
        self.due = (self.waiting.len() > count).then_some(Timestamp::ZERO);
        let waiting = &mut self.waiting;
        (0..count).map(move |_| {
            let first = waiting.first_key().unwrap_or_default();
            waiting.remove(first);
            first
        })
    }
}
