//! Acknowledgements that we owe the server (`mtproto/service_messages_about_messages`, "Acknowledgment of Receipt").

use alloc::vec::Vec;
use core::time::Duration;

use super::ids::MsgId;
use crate::time::Timestamp;

/// The most identifiers that one `msgs_ack` may carry.
const MAX_PER_MESSAGE: usize = 8192;
/// From this many on they are sent at once; TDLib uses 100.
const URGENT: usize = 64;
/// The longest that an acknowledgement waits for a packet to travel with.
const DELAY: Duration = Duration::from_secs(30);

/// What is not acknowledged yet.
#[derive(Debug, Default)]
pub(super) struct Acks {
    waiting: Vec<MsgId>,
    due: Option<Timestamp>,
}

impl Acks {
    /// Notes that a message wants an acknowledgement. Costs a constant; the peer pays 16 bytes or more for each.
    pub(super) fn push(&mut self, id: MsgId, now: Timestamp) {
        self.waiting.push(id);
        self.due.get_or_insert(now + DELAY);
        if self.waiting.len() >= URGENT {
            self.due = Some(now);
        }
    }

    /// Gives back what memory is kept for reuse.
    pub(super) fn trim(&mut self) {
        self.waiting.shrink_to_fit();
    }

    /// When they must leave, whether or not anything else does.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// How many identifiers the next `msgs_ack` carries.
    pub(super) fn next_len(&self) -> usize {
        self.waiting.len().min(MAX_PER_MESSAGE)
    }

    /// Takes the identifiers of the next `msgs_ack`, oldest first.
    pub(super) fn take(&mut self) -> impl ExactSizeIterator<Item = MsgId> + '_ {
        let count = self.next_len();
        // What one message could not hold leaves with the next packet, at once.
        self.due = (self.waiting.len() > count).then_some(Timestamp::ZERO);
        self.waiting.drain(..count)
    }
}
