//! Quick acks (`mtproto/mtproto-transports`, "Quick ack"): the server reports, outside of all messages, that it has
//! decrypted a packet.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::request::RequestTag;
use crate::crypto::message::QuickAckToken;
use crate::policy;

/// The packets that await a quick ack, with their requests.
#[derive(Debug, Default)]
pub(super) struct QuickAcks {
    waiting: VecDeque<(QuickAckToken, Vec<RequestTag>)>,
}

impl QuickAcks {
    /// Records that a packet asks for a quick ack.
    pub(super) fn on_requested(&mut self, token: QuickAckToken, tags: Vec<RequestTag>) {
        if self.waiting.len() == policy::MAX_QUICK_ACKS {
            self.waiting.pop_front();
        }
        self.waiting.push_back((token, tags));
    }

    /// Takes the requests of the packet with this token. Returns none if it is unknown.
    pub(super) fn take(&mut self, token: u32) -> Vec<RequestTag> {
        let position = self.waiting.iter().position(|(waiting, _)| waiting.0 == token);
        position.and_then(|at| self.waiting.remove(at)).map(|(_, tags)| tags).unwrap_or_default()
    }

    /// Forgets all packets: a lost connection delivers no more quick acks.
    pub(super) fn clear(&mut self) {
        self.waiting = VecDeque::new();
    }

    /// Frees the memory kept for reuse.
    pub(super) fn trim(&mut self) {
        self.waiting.shrink_to_fit();
    }
}
