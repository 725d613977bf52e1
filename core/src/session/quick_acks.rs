//! Quick acknowledgements (`mtproto/mtproto-transports`, "Quick ack"): the server says of a packet, outside of all
//! messages, that it could decrypt it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::outgoing::RequestTag;
use crate::crypto::message::QuickAckToken;
use crate::policy;

/// The packets that wait for a quick acknowledgement, and whose requests they carry.
#[derive(Debug, Default)]
pub(super) struct QuickAcks {
    waiting: VecDeque<(QuickAckToken, Vec<RequestTag>)>,
}

impl QuickAcks {
    /// Notes a packet that asked for one.
    pub(super) fn asked(&mut self, token: QuickAckToken, tags: Vec<RequestTag>) {
        if self.waiting.len() == policy::MAX_QUICK_ACKS {
            self.waiting.pop_front();
        }
        self.waiting.push_back((token, tags));
    }

    /// The requests of the packet that `token` names, once; none if it is unknown.
    pub(super) fn take(&mut self, token: u32) -> Vec<RequestTag> {
        let position = self.waiting.iter().position(|(waiting, _)| waiting.0 == token);
        position.and_then(|at| self.waiting.remove(at)).map(|(_, tags)| tags).unwrap_or_default()
    }

    /// The connection is gone, and what it had to say.
    pub(super) fn clear(&mut self) {
        self.waiting = VecDeque::new();
    }

    /// Gives back what memory is kept for reuse, as far as nothing is in it.
    pub(super) fn trim(&mut self) {
        self.waiting.shrink_to_fit();
    }
}
