//! Acknowledgements that we owe the server (`mtproto/service_messages_about_messages`, "Acknowledgment of Receipt").

use core::time::Duration;

use super::ids::MsgId;
use crate::sequence::SequenceMap;
use crate::time::Timestamp;

/// The most identifiers that one `msgs_ack` may carry.
const MAX_PER_MESSAGE: usize = 8192;
/// How many wait at most. What is not acknowledged comes again, and is acknowledged then.
const MAX_WAITING: usize = 2 * MAX_PER_MESSAGE;
/// From this many on they are sent at once; TDLib uses 100.
const URGENT: usize = 64;
/// The longest that an acknowledgement waits for a packet to travel with.
const DELAY: Duration = Duration::from_secs(30);

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
        if self.waiting.len() >= MAX_WAITING {
            return;
        }
        self.waiting.insert(id, ());
        self.due.get_or_insert(now + DELAY);
        if self.waiting.len() >= URGENT {
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
        self.waiting.len().min(MAX_PER_MESSAGE)
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
