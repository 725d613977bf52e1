//! The messages of one user, and the events that clients may have missed.

use std::collections::{BTreeMap, BTreeSet};

/// What a message says.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) document: Option<i64>,
    /// The layer of the keyboard and the entities.
    pub(super) layer: i32,
    /// A boxed `ReplyMarkup`.
    pub(super) markup: Option<Vec<u8>>,
    /// Boxed `MessageEntity`s.
    pub(super) entities: Vec<Vec<u8>>,
}

/// A message in a mailbox.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: i32,
    /// The other user, or the owner of the mailbox.
    pub(super) peer: i64,
    pub(super) from: i64,
    /// Whether the owner sent it to another user.
    pub(super) is_out: bool,
    pub(super) date: i32,
    pub(super) reply_to: Option<i32>,
    pub(super) content: Content,
    /// The same message in the other user's mailbox.
    pub(super) twin: Option<(i64, i32)>,
}

/// A change of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    New(i32),
    Deleted(Vec<i32>),
}

/// The mailbox of a user.
#[derive(Clone, Debug)]
pub(in crate::accounts) struct Mailbox {
    /// The counter of events; 1 without any.
    pub(in crate::accounts) pts: i32,
    /// The identifier of the last message.
    pub(in crate::accounts) last_id: i32,
    pub(super) messages: BTreeMap<i32, Message>,
    /// Each with the counter after it.
    events: Vec<(i32, Event)>,
    /// The last message that was read, by peer: of the peer's, and of the owner's by the peer.
    pub(super) read_inbox: BTreeMap<i64, i32>,
    pub(super) read_outbox: BTreeMap<i64, i32>,
    random_ids: BTreeSet<i64>,
}

/// The mailbox of a user for whom there was nothing yet.
pub(super) static EMPTY: Mailbox = Mailbox {
    pts: 1,
    last_id: 0,
    messages: BTreeMap::new(),
    events: Vec::new(),
    read_inbox: BTreeMap::new(),
    read_outbox: BTreeMap::new(),
    random_ids: BTreeSet::new(),
};

impl Default for Mailbox {
    fn default() -> Self {
        EMPTY.clone()
    }
}

impl Mailbox {
    /// Returns whether the identifier of a request is new.
    pub(super) fn is_first(&mut self, random_id: i64) -> bool {
        self.random_ids.insert(random_id)
    }

    /// Adds a message under the next identifier.
    pub(super) fn add(&mut self, message: Message) -> i32 {
        self.last_id += 1;
        self.pts += 1;
        self.events.push((self.pts, Event::New(self.last_id)));
        self.messages.insert(self.last_id, Message { id: self.last_id, ..message });
        self.last_id
    }

    /// Deletes messages. Returns those that existed.
    pub(super) fn delete(&mut self, ids: &[i32]) -> Vec<Message> {
        let gone: Vec<Message> = ids.iter().filter_map(|id| self.messages.remove(id)).collect();
        if !gone.is_empty() {
            self.pts = self.pts.saturating_add(i32::try_from(gone.len()).unwrap_or(i32::MAX));
            self.events.push((self.pts, Event::Deleted(gone.iter().map(|message| message.id).collect())));
        }
        gone
    }

    /// Returns the events after a counter, each with the counter after it.
    pub(super) fn events_after(&self, pts: i32) -> impl Iterator<Item = &(i32, Event)> {
        self.events.iter().filter(move |(after, _)| *after > pts)
    }

    /// Returns the messages with a peer, newest first.
    pub(super) fn with_peer(&self, peer: i64) -> impl Iterator<Item = &Message> {
        self.messages.values().rev().filter(move |message| message.peer == peer)
    }

    /// Returns the newest message of each peer, newest first.
    pub(super) fn newest_by_peer(&self) -> Vec<&Message> {
        let mut seen = BTreeSet::new();
        self.messages.values().rev().filter(|message| seen.insert(message.peer)).collect()
    }

    /// Returns how many messages of a peer the owner has not read.
    pub(super) fn unread_from(&self, peer: i64) -> i32 {
        let read = self.read_inbox.get(&peer).copied().unwrap_or_default();
        let unread = self
            .messages
            .range(read.saturating_add(1)..)
            .filter(|(_, message)| message.peer == peer && message.from == peer && message.twin.is_some());
        i32::try_from(unread.count()).unwrap_or(i32::MAX)
    }

    pub(super) fn unread(&self) -> i32 {
        let peers: BTreeSet<i64> = self.messages.values().map(|message| message.peer).collect();
        peers.into_iter().map(|peer| self.unread_from(peer)).sum()
    }
}
