//! Messages and dialogs as TL objects of a layer.

use std::collections::BTreeSet;

use super::super::forms;
use super::super::state::Accounts;
use super::super::wire::Writer;
use super::ids;
use super::mailbox::{Mailbox, Message};

impl Message {
    /// The users that the message names.
    pub(super) const fn users(&self) -> [i64; 2] {
        [self.peer, self.from]
    }
}

impl Accounts {
    /// A boxed `message`, in the form that a client of this layer can read.
    pub(super) fn message(&self, message: &Message, layer: i32) -> Vec<u8> {
        let content = &message.content;
        let document = content.document.and_then(|id| self.files.document(id));
        // Other layers may have other forms of these.
        let is_of_layer = content.layer == layer;
        let markup = content.markup.as_deref().filter(|_| is_of_layer);
        let entities = if is_of_layer { &content.entities[..] } else { &[] };
        let mut flags = 0;
        for (bit, set) in [
            (1, message.is_out),
            (3, message.reply_to.is_some()),
            (6, markup.is_some()),
            (7, !entities.is_empty()),
            (8, true),
            (9, document.is_some()),
        ] {
            flags |= u32::from(set) << bit;
        }
        let mut object = Writer::boxed(forms::of(forms::MESSAGE, layer)).u32(flags);
        if layer >= forms::FLAGS2_OF_MESSAGE {
            object = object.u32(0);
        }
        object = object.i32(message.id).u32(ids::PEER_USER).i64(message.from);
        object = object.u32(ids::PEER_USER).i64(message.peer);
        if let Some(reply_to) = message.reply_to {
            let has_id = if layer < forms::OPTIONAL_ID_OF_REPLY { 0 } else { 1 << 4 };
            object = object.u32(forms::of(forms::MESSAGE_REPLY_HEADER, layer)).u32(has_id).i32(reply_to);
        }
        object = object.i32(message.date).string(&content.text);
        if let Some(document) = document {
            let has_document = 1;
            object = object.u32(forms::of(forms::MESSAGE_MEDIA_DOCUMENT, layer)).u32(has_document);
            object = object.object(&document.to_document(layer));
        }
        if let Some(markup) = markup {
            object = object.object(markup);
        }
        if !entities.is_empty() {
            object = object.objects(entities);
        }
        object.finish()
    }

    /// Boxed `user`s, in the form that a client of this layer can read.
    pub(super) fn users(
        &self,
        users: impl IntoIterator<Item = i64>,
        caller: i64,
        layer: i32,
    ) -> Vec<Vec<u8>> {
        let users: BTreeSet<i64> = users.into_iter().collect();
        let accounts = users.into_iter().filter_map(|user| self.directory.account(user));
        accounts.map(|account| account.to_user(layer, account.id == caller)).collect()
    }
}

/// A boxed `messages.messages`.
pub(in crate::accounts) fn all_messages(messages: &[Vec<u8>], users: &[Vec<u8>], layer: i32) -> Vec<u8> {
    with_messages(Writer::boxed(forms::of(forms::MESSAGES, layer)), messages, users, layer)
}

/// A boxed `messages.messagesSlice`: a part of `count` messages.
pub(super) fn part_of_messages(count: usize, messages: &[Vec<u8>], users: &[Vec<u8>], layer: i32) -> Vec<u8> {
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    let object = Writer::boxed(forms::of(forms::MESSAGES_SLICE, layer)).u32(0).i32(count);
    with_messages(object, messages, users, layer)
}

fn with_messages(object: Writer, messages: &[Vec<u8>], users: &[Vec<u8>], layer: i32) -> Vec<u8> {
    let object = object.objects(messages);
    let object = if layer >= forms::TOPICS_OF_MESSAGES { object.objects(&[]) } else { object };
    object.objects(&[]).objects(users).finish()
}

/// A boxed `dialog` with a peer.
pub(super) fn dialog(mailbox: &Mailbox, peer: i64, layer: i32) -> Vec<u8> {
    let top_message = mailbox.with_peer(peer).next().map_or(0, |message| message.id);
    let read =
        |by_peer: &std::collections::BTreeMap<i64, i32>| by_peer.get(&peer).copied().unwrap_or_default();
    let dialog = Writer::boxed(forms::of(forms::DIALOG, layer)).u32(0).u32(ids::PEER_USER).i64(peer);
    let dialog = dialog.i32(top_message).i32(read(&mailbox.read_inbox)).i32(read(&mailbox.read_outbox));
    let [unread_mentions, unread_reactions, unread_poll_votes] = [0, 0, 0];
    let mut dialog = dialog.i32(mailbox.unread_from(peer)).i32(unread_mentions).i32(unread_reactions);
    if layer >= forms::POLL_VOTES_OF_DIALOG {
        dialog = dialog.i32(unread_poll_votes);
    }
    dialog.u32(forms::of(forms::PEER_NOTIFY_SETTINGS, layer)).u32(0).finish()
}
