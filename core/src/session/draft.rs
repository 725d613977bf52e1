//! The packets in progress.

use alloc::vec::Vec;
use core::ops::Range;

use super::ids::MsgId;
use super::request::RequestTag;

/// One message of a packet in progress.
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

/// One packet in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct DraftPacket {
    /// The index of its first item.
    pub(super) start: usize,
    /// The index after its last item.
    pub(super) end: usize,
    /// Those of its only item, or of the container.
    pub(super) msg_id: MsgId,
    pub(super) seq_no: i32,
    /// Length in bytes of the message.
    pub(super) body_len: usize,
    /// Whether there are several items, in a container.
    pub(super) is_container: bool,
}

impl DraftPacket {
    /// Returns its messages, of those of all packets.
    pub(super) fn items<'a>(&self, all: &'a [Item]) -> &'a [Item] {
        all.get(self.start..self.end).unwrap_or_default()
    }
}

/// The packets in progress: their messages, and the bytes of those that the session serializes itself.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) items: Vec<Item>,
    pub(super) packets: Vec<DraftPacket>,
    /// The places in the output buffer of the packets that are written and not sealed.
    pub(super) places: Vec<Range<usize>>,
    pub(super) scratch: Vec<u8>,
    /// Length in bytes of all requests with their headers.
    pub(super) requests_len: usize,
    /// Requests that are left out, in rising order, each with the one that it must be executed after.
    pub(super) held: Vec<(RequestTag, RequestTag)>,
}

impl Draft {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.packets.clear();
        self.places.clear();
        self.scratch.clear();
        self.requests_len = 0;
    }

    /// Returns whether a request is left out.
    pub(super) fn is_held(&self, tag: RequestTag) -> bool {
        self.held.binary_search_by_key(&tag, |(held, _)| *held).is_ok()
    }

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
