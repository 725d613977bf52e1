//! The packet in progress.

use alloc::vec::Vec;

use super::ids::MsgId;
use super::request::RequestTag;

/// One message of the packet in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) msg_id: MsgId,
    pub(super) seq_no: i32,
    pub(super) len: usize,
    pub(super) kind: ItemKind,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ItemKind {
    Request {
        tag: RequestTag,
        after: Option<MsgId>,
        quick_ack: bool,
    },
    /// A message that the session has serialized into the scratch buffer, from this offset.
    Prebuilt {
        start: usize,
    },
}

/// The packet in progress: its messages, and the bytes of those that the session serializes itself.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) items: Vec<Item>,
    pub(super) scratch: Vec<u8>,
}

impl Draft {
    /// Adds the message in the scratch buffer from `start` to its end.
    pub(super) fn add_prebuilt(&mut self, msg_id: MsgId, seq_no: i32, start: usize) {
        let kind = ItemKind::Prebuilt { start };
        self.items.push(Item { msg_id, seq_no, len: self.scratch.len() - start, kind });
    }
}

impl Item {
    /// Returns the request, if it asks for a quick ack.
    pub(super) const fn quick_ack_request(&self) -> Option<RequestTag> {
        match self.kind {
            ItemKind::Request { tag, quick_ack: true, .. } => Some(tag),
            _ => None,
        }
    }
}

/// Returns whether any of the messages asks for a quick ack.
pub(super) fn wants_quick_ack(items: &[Item]) -> bool {
    items.iter().any(|item| item.quick_ack_request().is_some())
}
