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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn a_token_is_taken_once_and_the_oldest_of_too_many_is_forgotten() {
        let mut quick_acks = QuickAcks::default();
        for token in 0..=policy::MAX_QUICK_ACKS as u32 {
            quick_acks.on_requested(QuickAckToken(token), vec![RequestTag(token.into())]);
        }
        assert_eq!(quick_acks.take(0), []);
        for token in (1..=policy::MAX_QUICK_ACKS as u32).rev() {
            assert_eq!(quick_acks.take(token), [RequestTag(token.into())]);
            assert_eq!(quick_acks.take(token), []);
        }
    }

    #[test]
    fn another_connection_delivers_none() {
        let mut quick_acks = QuickAcks::default();
        quick_acks.on_requested(QuickAckToken(1), vec![RequestTag(1)]);
        quick_acks.clear();
        assert_eq!(quick_acks.take(1), []);
    }
}
