//! The packet under construction.

use alloc::vec::Vec;

use super::ids::MsgId;
use super::outgoing::RequestTag;

/// One message of the packet under construction.
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
    /// The session wrote it; it begins at this position of the scratch buffer.
    Written {
        start: usize,
    },
}

/// The packet under construction: its messages, and the bytes of those that the session writes itself.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) items: Vec<Item>,
    pub(super) scratch: Vec<u8>,
}

impl Draft {
    /// Adds the message that was written to the scratch buffer, from `start` to its end.
    pub(super) fn add_written(&mut self, msg_id: MsgId, seq_no: i32, start: usize) {
        let kind = ItemKind::Written { start };
        self.items.push(Item { msg_id, seq_no, len: self.scratch.len() - start, kind });
    }
}

impl Item {
    /// Returns the request, if it wants a quick acknowledgement.
    pub(super) const fn asks_quick_ack(&self) -> Option<RequestTag> {
        match self.kind {
            ItemKind::Request { tag, quick_ack: true, .. } => Some(tag),
            _ => None,
        }
    }
}

/// Whether any of the messages wants a quick acknowledgement.
pub(super) fn wants_quick_ack(items: &[Item]) -> bool {
    items.iter().any(|item| item.asks_quick_ack().is_some())
}
